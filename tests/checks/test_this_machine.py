"""This machine is a suspect: its proxies, its certificates, its network; and unlike failures are told as unlike."""

import gzip
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import certifi
import pytest
import trustme
from botocore.exceptions import ProxyConnectionError, ReadTimeoutError

from academy_ops.diagnosis.records import Finding, Unavailable
from academy_ops.outside.clients import Answer, Connections, Target
from academy_ops.outside.failures import AWS_ERRORS, ThroughProxyError, outcome_unknown
from academy_ops.outside.proxies import proxy_for
from academy_ops.settings import load
from checks import access, endpoint, r2
from checks.facts import AccessFacts
from tests.checks import facts_factory as h
from tests.checks.scenarios import NGINX
from tests.checks.test_on_the_wire import EMPTY_BUCKET, R2_KEYS, empty_case, target
from tests.checks.test_whose_page import SQUID
from tests.wire import Handler, respond, server

CLOSED = "http://127.0.0.1:9"
PROXIES = [name for scheme in ("http", "https", "all", "no") for name in (f"{scheme}_proxy", f"{scheme}_PROXY".upper())]
JOB = {"job_id": h.JOB_ID, "status": "DONE"}
KNOWN = AccessFacts("123456789012", "", None, key_is_r2_key=False)


@contextmanager
def around(**variables: str) -> Iterator[None]:
    """Have these variables, and no others that name a proxy or certificates."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*PROXIES, "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"):
            patch.delenv(name, raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def asked(url: str, **environ: str) -> Finding:
    """Ask an API, while AWS has answered."""
    settings = load(environ={"ACADEMY_API_URL": url, "ACADEMY_API_TOKEN": "t", **environ}, default_env_file=None)
    case = replace(empty_case(), job_id=h.JOB_ID, access=KNOWN)
    facts = endpoint.observe(Target(settings, h.JOB_ID, Connections(settings), ends_at=1e12), case)
    return next(iter(endpoint.judge(replace(case, endpoint=facts))))


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


def test_certificates_that_are_gone_are_named_and_blame_nobody(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.pem")
    for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        with around(**{variable: gone}), target(R2_ENDPOINT="https://127.0.0.1:9", **R2_KEYS) as this:
            result = r2.observe(this, empty_case()).reach
        assert isinstance(result, Unavailable)
        assert (result.reason, result.tried) == ("trust-store", variable)


def authorities(folder: Path) -> dict[str, str]:
    """Return what a variable may name in place of certificates, by what is wrong with that."""
    (folder / "empty").mkdir()
    (folder / "words.pem").write_text("-----BEGIN CERTIFICATE-----\nno such thing\n", "utf-8")
    names = ("gone", "empty", "words.pem")
    return {name: str(folder / name) for name in names}


def test_where_certificates_are_named_that_are_none_an_untrusted_one_is_this_machines(
    tmp_path: Path, compared: Callable[[int], None]
) -> None:
    with server(lambda handler: respond(handler, 200), tls=tls(trustme.CA())) as (url, _):
        for wrong in (named := authorities(tmp_path)).values():
            for variable in ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"):
                with around(**{variable: wrong}), target(R2_ENDPOINT=url, **R2_KEYS) as this:
                    of_api, of_r2 = asked(url), r2.observe(this, empty_case()).reach
                assert (of_api.status, of_api.evidence["reason"], of_api.evidence["tried"]) == (
                    "unknown",
                    "trust-store",
                    variable,
                )
                assert wrong in str(of_api.evidence["detail"])
                assert isinstance(of_r2, Unavailable)
                assert (of_r2.reason, of_r2.tried) == ("trust-store", variable)
    compared(2 * 3 * len(named))


def test_a_folder_of_certificates_that_is_gone_matters_only_where_a_certificate_is_refused(tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    gone = str(tmp_path / "gone")

    def answer(handler: Handler) -> None:
        respond(handler, 200, EMPTY_BUCKET if "list-type" in handler.path else json.dumps(JOB).encode())

    with (
        server(answer, tls=tls(authority)) as (url, _),
        around(SSL_CERT_DIR=gone),
        target(R2_ENDPOINT=url, SSL_CERT_FILE=str(bundle), **R2_KEYS) as this,
    ):
        assert asked(url, SSL_CERT_FILE=str(bundle)).status == "ok"
        assert r2.observe(this, empty_case()).reach is True
    with (
        around(SSL_CERT_DIR=gone),
        server(lambda handler: respond(handler, 200), tls=tls(authority, "x.example")) as (
            url,
            _,
        ),
    ):
        result = asked(url, SSL_CERT_FILE=str(bundle))
        assert (result.cause, result.reason) == ("endpoint-tls", "name")


def test_certificates_that_are_gone_matter_to_nobody_who_asks_by_http(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.pem")
    with (
        server(lambda handler: respond(handler, 200, EMPTY_BUCKET)) as (url, _),
        around(AWS_CA_BUNDLE=gone, REQUESTS_CA_BUNDLE=gone),
        target(R2_ENDPOINT=url, **R2_KEYS) as this,
    ):
        assert r2.observe(this, empty_case()).reach is True


def test_a_bundle_that_stands_in_for_the_usual_authorities_is_named_where_it_lacks_the_one(tmp_path: Path) -> None:
    other, bundle = trustme.CA(), tmp_path / "corporate.pem"
    other.cert_pem.write_to_path(str(bundle))
    with (
        server(lambda handler: respond(handler, 200), tls=tls(trustme.CA())) as (url, _),
        around(AWS_CA_BUNDLE=str(bundle)),
        target(R2_ENDPOINT=url, AWS_ENDPOINT_URL=url, **R2_KEYS) as this,
    ):
        for result in (r2.observe(this, empty_case()).reach, access.observe(this, empty_case()).account):
            assert isinstance(result, Unavailable)
            assert (result.reason, result.tried) == ("trust-store", "AWS_CA_BUNDLE")


def tls(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_r2_trusts_what_ssl_cert_file_names_as_the_api_does(tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with (
        server(lambda handler: respond(handler, 200, EMPTY_BUCKET), tls=tls(authority)) as (url, _),
        around(),
        target(R2_ENDPOINT=url, SSL_CERT_FILE=str(bundle), **R2_KEYS) as this,
    ):
        assert r2.observe(this, empty_case()).reach is True


@pytest.mark.parametrize("variable", ["SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"])
def test_whatever_names_certificates_counts_for_the_api_and_r2_alike(variable: str, tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    (tmp_path / "README").write_text("no certificate", "utf-8")
    named = {variable: str(tmp_path if variable == "SSL_CERT_DIR" else bundle)}

    def answer(handler: Handler) -> None:
        respond(handler, 200, EMPTY_BUCKET if "list-type" in handler.path else json.dumps(JOB).encode())

    with server(answer, tls=tls(authority)) as (url, _), around(**named), target(R2_ENDPOINT=url, **R2_KEYS) as this:
        assert asked(url).status == "ok"
        assert r2.observe(this, empty_case()).reach is True


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl here, which names certificates by their subject"
)
def test_of_a_folder_that_openssl_finds_certificates_in_none_is_read_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    named = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(bundle)]
    subject = subprocess.run(named, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    (tmp_path / f"{subject}.0").symlink_to(bundle.name)
    read = noted(monkeypatch)
    with (
        server(lambda handler: respond(handler, 200, json.dumps(JOB).encode()), tls=tls(authority)) as (url, _),
        around(SSL_CERT_DIR=str(tmp_path)),
    ):
        assert asked(url).status == "ok"
    assert read == [str(Path(one).resolve()) for one in (certifi.where(), tmp_path)]


def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note from now on what certificates are loaded from."""
    read, load_as_ever = list[str](), ssl.SSLContext.load_verify_locations

    def load_and_note(
        context: ssl.SSLContext, cafile: str | None = None, capath: str | None = None, *more: Any
    ) -> None:
        read.append(str(cafile or capath))
        load_as_ever(context, cafile, capath, *more)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load_and_note)
    return read


@contextmanager
def answering(first: bytes, *, reset: bool = False) -> Iterator[str]:
    """A port that answers so, whatever it is asked, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    if reset:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                        continue
                    connection.recv(65536)
                    connection.sendall(first)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


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


@pytest.mark.parametrize("url", ["http://a..b", f"http://{'a' * 64}.example", "http://xn--"])
def test_a_name_that_dns_can_not_write_is_no_error_of_ours(url: str) -> None:
    with around():
        result = asked(url)
    assert (result.status, result.evidence["reason"]) == ("unknown", "not-configured")


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


def test_healthz_that_answers_shows_that_this_machine_has_a_network() -> None:
    unasked = {"access": replace(KNOWN, account=Unavailable("credentials-missing", "sts:GetCallerIdentity"))}
    unasked |= {"r2": h.r2(reach=Unavailable("not-configured", "R2_ENDPOINT"))}  # type: ignore[dict-item] # another check's
    (result,) = endpoint.judge(h.case(**unasked, endpoint=h.endpoint(Unavailable("timeout", "https://api.example"))))
    assert (result.cause, result.reason) == ("endpoint-timeout", "one-path")


def test_a_change_that_was_lost_behind_a_proxy_may_have_been_made() -> None:
    late = ReadTimeoutError(endpoint_url="https://sqs.example", error="late")
    assert outcome_unknown(ThroughProxyError("HTTPS_PROXY", late))
    never = ProxyConnectionError(proxy_url="http://proxy.example", error="refused")
    assert not outcome_unknown(ThroughProxyError("HTTPS_PROXY", never))
    assert not outcome_unknown(ThroughProxyError("HTTPS_PROXY", OSError("HTTP 407")))


def test_a_connection_that_is_reset_is_not_one_that_nobody_takes() -> None:
    with around(), answering(b"", reset=True) as url:
        result = asked(url)
    assert (result.cause, result.reason) in {("endpoint-refused", "reset"), ("api-not-json", "closed")}
    with around():
        assert asked(CLOSED).reason is None


def test_no_route_is_this_machines_network() -> None:
    no_route = Unavailable("unreachable", "https://[2001:db8::1]", "[Errno 101]", "no-route")
    assert next(iter(endpoint.judge(h.case(endpoint=h.endpoint(no_route))))).status == "unknown"


@pytest.mark.parametrize(("name", "trusted", "reason"), [("x.example", True, "name"), ("127.0.0.1", False, "issuer")])
def test_certificates_that_fail_are_told_apart(name: str, trusted: bool, reason: str, tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    environ = {"SSL_CERT_FILE": str(bundle)} if trusted else {}
    with around(), server(lambda handler: respond(handler, 200), tls=tls(authority, name)) as (url, _):
        result = asked(url, **environ)
    assert (result.cause, result.reason) == ("endpoint-tls", reason)


def test_where_no_certificate_is_trusted_this_machines_own_are_in_doubt() -> None:
    untrusted = Unavailable("tls", "https://api.example", "unable to get local issuer certificate", "issuer")
    tls_of_r2 = h.r2(reach=Unavailable("tls", "https://account.r2.example"))
    known = {"endpoint": h.endpoint(untrusted), "r2": tls_of_r2}
    nobody = h.case(**known, access=replace(KNOWN, account=Unavailable("tls", "sts:GetCallerIdentity")))
    (result,) = endpoint.judge(nobody)
    assert (result.status, result.evidence["tried"]) == ("unknown", "SSL_CERT_FILE")
    assert {finding.status for finding in r2.judge(nobody)} == {"unknown"}
    (alone,) = endpoint.judge(h.case(endpoint=h.endpoint(untrusted)))
    assert (alone.cause, alone.reason) == ("endpoint-tls", "issuer")


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


def test_a_port_without_tls_is_told() -> None:
    with around(), server(lambda handler: respond(handler, 200)) as (url, _):
        result = asked(url.replace("http", "https"))
    assert (result.cause, result.reason) == ("endpoint-tls", "no-tls")


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


def test_where_a_proxy_sends_on_to_sign_in_the_api_was_not_asked() -> None:
    gateway = "https://gateway.zscloud.net/auD"
    with server(lambda handler: respond(handler, 307, b"", Location=gateway)) as (proxy, _), around(HTTP_PROXY=proxy):
        result = asked("http://api.invalid")
    assert (result.status, result.evidence["tried"]) == ("unknown", "HTTP_PROXY")


@pytest.mark.parametrize("why", ["expired", "not-yet"])
def test_a_certificate_that_this_machines_clock_makes_invalid_is_not_the_apis_fault(why: str) -> None:
    way = h.endpoint(Unavailable("tls", "https://api.example", "certificate verify failed", why))
    (result,) = endpoint.judge(h.case(endpoint=way, access=replace(KNOWN, clock_ahead_seconds=-86400)))
    assert (result.status, result.evidence["reason"]) == ("unknown", "clock-skew")
    (right,) = endpoint.judge(h.case(endpoint=way))
    assert (right.cause, right.reason) == ("endpoint-tls", why)


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


def test_a_run_reads_each_file_of_certificates_once_whatever_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with (
        server(lambda handler: respond(handler, 200, EMPTY_BUCKET), tls=tls(authority)) as (url, seen),
        around(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_ENDPOINT_URL=url),
    ):
        settings = load(environ={"R2_ENDPOINT": url, **R2_KEYS}, default_env_file=None)
        read = noted(monkeypatch)
        connect = Connections(replace(settings, certificates=(str(bundle),)))
        calls: list[Callable[[], object]] = [
            lambda: connect.get(url),
            lambda: connect.r2().list_objects_v2(Bucket="academy-excel"),
            lambda: connect.aws("lambda").get_function_configuration(FunctionName="f"),
            lambda: connect.aws("scheduler").get_schedule(Name="s"),
        ]
        with ThreadPoolExecutor() as pool, suppress(*AWS_ERRORS):
            list(pool.map(lambda call: call(), calls))
    assert len(seen) >= 4
    assert sorted(read) == sorted([certifi.where(), str(bundle)])
