"""This machine is a suspect: a proxy of its own that fails, or answers in the API's place, blames nobody else."""

import json
from dataclasses import replace

import pytest
import trustme
from botocore.exceptions import ProxyConnectionError, ReadTimeoutError

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.failures import ThroughProxyError, outcome_unknown
from academy_ops.outside.proxies import proxy_for
from checks import access, endpoint, r2
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import R2_KEYS, empty_case, target
from tests.checks.test_whose_page import SQUID
from tests.checks.this_machine import CLOSED, JOB, KNOWN, answering, around, asked, tls
from tests.wire import Handler, respond, server


def refuse_tunnel(handler: Handler) -> None:
    respond(handler, 407, SQUID.encode(), **{"Proxy-Authenticate": "Basic"})


@pytest.mark.parametrize(
    ("url", "variables", "named"),
    [
        ("https://api.invalid", {"HTTPS_PROXY": CLOSED}, "HTTPS_PROXY"),
        ("http://api.invalid", {"HTTP_PROXY": CLOSED}, "HTTP_PROXY"),
        ("https://api.invalid", {"all_proxy": "http://no-such-proxy.invalid:3128"}, "all_proxy"),
        ("https://api.invalid", {"ALL_PROXY": "socks://127.0.0.1:1080"}, "ALL_PROXY"),
        ("https://api.invalid", {"HTTPS_PROXY": "127.0.0.1:9"}, "HTTPS_PROXY"),
        ("https://api.invalid", {"https_proxy": "http://[::1:9"}, "https_proxy"),
    ],
)
def test_a_proxy_of_this_machine_that_does_not_work_is_named(url: str, variables: dict[str, str], named: str) -> None:
    with around(**variables):
        result = asked(url)
    assert (result.status, result.evidence["reason"], result.evidence["tried"]) == ("unknown", "proxy", named)


@pytest.mark.parametrize("url", ["http://api.invalid", "https://api.invalid"])
@pytest.mark.parametrize("status", [407, 403])
def test_a_proxy_that_refuses_is_this_machines(url: str, status: int) -> None:
    refusing = server(lambda handler: respond(handler, status, SQUID.encode()))
    with refusing as (proxy, _), around(HTTP_PROXY=proxy, HTTPS_PROXY=proxy):
        result = asked(url)
    assert (result.status, result.evidence["reason"]) == ("unknown", "proxy")
    assert result.evidence["tried"] == f"{url.partition(':')[0].upper()}_PROXY"


def test_no_password_of_a_proxy_is_shown() -> None:
    for address in ("socks://me:hunter22@127.0.0.1:1080", "http://me:hunter22@127.0.0.1:9"):
        with around(ALL_PROXY=address):
            assert "hunter22" not in str(asked("https://api.invalid"))


def test_a_proxy_that_works_is_passed_and_its_own_signature_blames_nobody() -> None:
    passing = server(lambda handler: respond(handler, 200, json.dumps(JOB).encode(), Via="1.1 squid"))
    with passing as (proxy, seen), around(HTTP_PROXY=proxy):
        result = asked("http://api.invalid")
    assert result.status == "ok"
    assert {one["host"] for one in seen} == {"api.invalid"}


@pytest.mark.parametrize("excepted", ["127.0.0.0/8", "127.0.0.1", "*", "10.0.0.0/8,127.0.0.1/32"])
def test_what_no_proxy_excepts_is_asked_directly(excepted: str) -> None:
    well = server(lambda handler: respond(handler, 200, json.dumps(JOB).encode()))
    with well as (url, _), around(HTTP_PROXY=CLOSED, NO_PROXY=excepted):
        assert asked(url).status == "ok"


def test_what_no_proxy_does_not_except_is_not() -> None:
    with around(HTTP_PROXY=CLOSED, NO_PROXY="10.0.0.0/8,.school.example,nonsense/99,::1"):
        assert proxy_for("http://127.0.0.1:8000/") is not None
        assert proxy_for("http://api.school.example/") is None
        assert proxy_for("http://10.2.3.4/") is None


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_aws_and_r2_are_not_blamed_for_this_machines_proxy(variable: str) -> None:
    elsewhere = {"AWS_ENDPOINT_URL": "http://aws.invalid", "R2_ENDPOINT": "http://r2.invalid", **R2_KEYS}
    with around(**{variable: CLOSED}), target(**elsewhere) as this:
        result = access.observe(this, empty_case()).account, r2.observe(this, empty_case()).reach
    for unseen in result:
        assert isinstance(unseen, Unavailable)
        assert (unseen.reason, unseen.tried) == ("proxy", variable)


def test_r2_behind_a_proxy_that_wants_a_password_blames_no_key() -> None:
    r2_settings = target(R2_ENDPOINT="http://r2.invalid", **R2_KEYS)
    with server(refuse_tunnel) as (proxy, _), around(HTTP_PROXY=proxy), r2_settings as this:
        facts = r2.observe(this, empty_case())
    (result,) = r2.judge(replace(empty_case(), access=KNOWN, r2=facts))
    assert (result.status, result.evidence["tried"]) == ("unknown", "HTTP_PROXY")


@pytest.mark.parametrize("first", [b"", b"\x15\x03\x01\x00\x02\x02\x46"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_a_proxy_answers_in_place_of_http_is_not_the_apis(scheme: str, first: bytes) -> None:
    with answering(first) as proxy, around(HTTP_PROXY=proxy, HTTPS_PROXY=proxy):
        result = asked(f"{scheme}://api.invalid")
    assert (result.status, result.evidence["reason"]) == ("unknown", "proxy")


def test_silence_through_a_proxy_is_the_apis_where_healthz_comes_through() -> None:
    late = Unavailable("proxy", "HTTPS_PROXY", "TimeoutError: > 8 s", "timeout")
    (result,) = endpoint.judge(h.case(endpoint=h.endpoint(late)))
    assert (result.cause, result.reason) == ("endpoint-timeout", "one-path")
    (nobody,) = endpoint.judge(h.case(endpoint=h.endpoint(late, health=late, healthz=late)))
    assert (nobody.status, nobody.evidence["tried"]) == ("unknown", "HTTPS_PROXY")


def test_a_change_that_was_lost_behind_a_proxy_may_have_been_made() -> None:
    late = ReadTimeoutError(endpoint_url="https://sqs.example", error="late")
    assert outcome_unknown(ThroughProxyError("HTTPS_PROXY", late))
    never = ProxyConnectionError(proxy_url="http://proxy.example", error="refused")
    assert not outcome_unknown(ThroughProxyError("HTTPS_PROXY", never))
    assert not outcome_unknown(ThroughProxyError("HTTPS_PROXY", OSError("HTTP 407")))


def open_tunnel(handler: Handler) -> None:
    """Answer CONNECT as a proxy does that opens TLS with a certificate of its own."""
    handler.send_response(200)
    handler.end_headers()
    with tls(trustme.CA(), "api.invalid").wrap_socket(handler.connection, server_side=True):
        handler.close_connection = True


def test_a_proxy_that_opens_tls_is_named_and_not_the_apis_certificate() -> None:
    with server(open_tunnel) as (proxy, _), around(HTTPS_PROXY=proxy):
        result = asked("https://api.invalid")
    assert (result.status, result.evidence["tried"]) == ("unknown", "HTTPS_PROXY")
    assert "certificate" in str(result.evidence["detail"])


def test_where_a_proxy_sends_on_to_sign_in_the_api_was_not_asked() -> None:
    gateway = "https://gateway.zscloud.net/auD"
    with server(lambda handler: respond(handler, 307, b"", Location=gateway)) as (proxy, _), around(HTTP_PROXY=proxy):
        result = asked("http://api.invalid")
    assert (result.status, result.evidence["tried"]) == ("unknown", "HTTP_PROXY")
