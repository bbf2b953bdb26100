"""What answers otherwise than HTTP with a job's JSON, or not at all, is told as what it is."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from academy_ops.diagnosis.records import Finding, Unavailable
from academy_ops.outside.clients import Answer
from academy_ops.outside.failures import http_reason
from checks import endpoint
from tests.checks import facts_factory as h
from tests.checks.scenarios import NGINX
from tests.checks.this_machine import CLOSED, JOB, KNOWN, answering, around, asked
from tests.wire import Handler, respond, server

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


ON_THE_SOCKET = {
    "closed": b"",
    "not-http": b"\x15\x03\x01\x00\x02\x02\x46",
    "cut-off": HEAD + b'Content-Length: 1000\r\n\r\n{"job',
    "encoding": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "https-wanted": b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
}


@pytest.mark.parametrize("reason", ON_THE_SOCKET)
def test_what_answers_otherwise_is_told_apart(reason: str) -> None:
    with around(), answering(ON_THE_SOCKET[reason]) as url:
        result = asked(url)
    assert (result.cause, result.reason) == ("api-not-json", reason)


BANNERS = {
    b"SSH-2.0-OpenSSH_9.6\r\n": "SSH-2.0-OpenSSH_9.6",
    b"220 mail.academy.example ESMTP\r\n": "220 mail.academy.example ESMTP",
    b"-ERR unknown command\r\n": "-ERR unknown command",
    b"RFB 003.008\n": "RFB 003.008",
    b"\x4a\0\0\0\x0a8.0.36\0": "",
    b"<html>an answer of HTTP 0.9</html>": "<html>",
}


def test_a_banner_of_something_else_is_shown(compared: Callable[[int], None]) -> None:
    for banner, shown in BANNERS.items():
        with around(), answering(banner) as url:
            result = asked(url)
        assert (result.cause, result.reason) == ("api-not-json", "not-http"), banner
        assert shown in str(result.evidence)
    with around(), answering(HEAD) as url:
        result = asked(url)
    assert result.reason == "cut-off"
    assert "HTTP/1.1 200 OK" in str(result.evidence)
    # What is shown ends within the token.
    with around(), answering(b"220 " + b"x" * 190 + b" a-long-token\r\n") as url:
        assert "a-lo" not in str(asked(url, ACADEMY_API_TOKEN="a-long-token").evidence)
    compared(len(BANNERS))


@pytest.mark.parametrize(
    ("heard", "error", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", httpx.ReadTimeout("late"), ("unexpected-answer", "not-http")),
        (b"220 mail", httpx.ReadError("reset"), ("unexpected-answer", "not-http")),
        (b"", httpx.ReadTimeout("late"), ("timeout", "")),
        (b"HT", httpx.ReadTimeout("late"), ("timeout", "")),
        (b"HTTP/1.1 200 OK", httpx.ReadTimeout("late"), ("timeout", "")),
    ],
)
def test_what_was_heard_counts_more_than_how_it_ended(heard: bytes, error: Exception, why: tuple[str, str]) -> None:
    assert http_reason(error, heard) == why


@pytest.mark.parametrize("url", ["http://a..b", f"http://{'a' * 64}.example", "http://xn--"])
def test_a_name_that_dns_can_not_write_is_no_error_of_ours(url: str) -> None:
    with around():
        result = asked(url)
    assert (result.status, result.evidence["reason"]) == ("unknown", "not-configured")


def test_healthz_that_answers_shows_that_this_machine_has_a_network() -> None:
    unasked = {"access": replace(KNOWN, account=Unavailable("credentials-missing", "sts:GetCallerIdentity"))}
    unasked |= {"r2": h.r2(reach=Unavailable("not-configured", "R2_ENDPOINT"))}  # type: ignore[dict-item] # another check's
    (result,) = endpoint.judge(h.case(**unasked, endpoint=h.endpoint(Unavailable("timeout", "https://api.example"))))
    assert (result.cause, result.reason) == ("endpoint-timeout", "one-path")


def test_a_connection_that_is_reset_is_not_one_that_nobody_takes() -> None:
    with around(), answering(b"", reset=True) as url:
        result = asked(url)
    assert (result.cause, result.reason) in {("endpoint-refused", "reset"), ("api-not-json", "closed")}
    with around():
        assert asked(CLOSED).reason is None


def test_no_route_is_this_machines_network() -> None:
    no_route = Unavailable("unreachable", "https://[2001:db8::1]", "[Errno 101]", "no-route")
    assert next(iter(endpoint.judge(h.case(endpoint=h.endpoint(no_route))))).status == "unknown"


def hopping(hops: int) -> Callable[[Handler], None]:
    """Redirect so often to another address, then answer."""

    def answer(handler: Handler) -> None:
        if not handler.path.startswith("/api"):
            respond(handler, 200)
            return
        number = int(handler.path.rpartition("?")[2] or 0) if "?" in handler.path else 0
        if number < hops:
            respond(handler, 302, b"", Location=f"{handler.path.partition('?')[0]}?{number + 1}")
        else:
            respond(handler, 200, json.dumps(JOB).encode())

    return answer


@pytest.mark.parametrize("hops", [1, 5, 6, 12])
def test_redirects_that_end_are_well(hops: int) -> None:
    with around(), server(hopping(hops)) as (url, _):
        assert asked(url).status == "ok"


def test_a_slash_that_two_layers_disagree_on_is_told() -> None:
    def answer(handler: Handler) -> None:
        path = handler.path
        respond(handler, 301, b"", Location=path.rstrip("/") if path.endswith("/") else f"{path}/")

    with around(), server(answer) as (url, _):
        result = asked(url)
    assert (result.cause, result.reason) == ("redirect-loop", "slash")


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://127.0.0.1/api/", "https-wanted"),
        ("https://login.example/signin?next=/api/", "elsewhere"),
        ("https://www.academy.example/", "elsewhere"),
        ("http://[bad", "elsewhere"),
    ],
)
@pytest.mark.parametrize("page", ["", NGINX.format("301 Moved Permanently")])
def test_a_redirect_that_is_not_followed_is_told_as_one(location: str, reason: str, page: str) -> None:
    with around(), server(lambda handler: respond(handler, 301, page.encode(), Location=location)) as (url, _):
        result = asked(url)
    assert (result.cause, result.reason) == ("api-not-json", reason)
    assert location in str(result.evidence["edge"])


def body_is(body: bytes) -> Answer | Finding:
    with around(), server(lambda handler: respond(handler, 200, body)) as (url, _):
        return asked(url)


@pytest.mark.parametrize(
    ("field", "place"), [(b"NaN", "line 1 column"), (b"-Infinity", "line 1 column"), (b'"cut', "Unterminated string")]
)
def test_json_that_no_browser_reads_is_told_with_its_place(field: bytes, place: str) -> None:
    result = body_is(b'{"job_id": "NaN", "status": "DONE", "result": {"score": ' + field)
    assert isinstance(result, Finding)
    assert (result.cause, result.reason) == ("api-not-json", "broken")
    assert place in str(result.evidence["edge"])


def test_a_nan_in_a_text_a_mark_of_byte_order_and_a_packed_body_are_well() -> None:
    whole = json.dumps({**JOB, "error_message": None, "note": 'a "NaN" in a text'}).encode()
    endless = whole.replace(b"{", b'{"score": [1e999, -1e999, ' + b"9" * 5000 + b"], ", 1)
    for body in (b"\xef\xbb\xbf" + whole, endless):
        result = body_is(body)
        assert isinstance(result, Finding)
        assert result.status == "ok"
    with (
        around(),
        server(lambda handler: respond(handler, 200, gzip.compress(whole), **{"Content-Encoding": "gzip"})) as (url, _),
    ):
        assert asked(url).status == "ok"
