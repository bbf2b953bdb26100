"""What R2 really answers, byte for byte, where no local system can give that answer."""

import socket
import ssl

import pytest
import trustme

from academy_ops.diagnosis.records import Unavailable
from checks import access, r2
from tests.checks.on_the_wire import EMPTY_BUCKET, R2_KEYS, S3_ERROR, asked_r2, empty_case, target
from tests.wire import respond, server


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        (403, "InvalidAccessKeyId", "r2-credentials-rejected"),
        (403, "SignatureDoesNotMatch", "r2-credentials-rejected"),
        (401, "Unauthorized", "r2-credentials-rejected"),
        (400, "InvalidArgument", "r2-credentials-rejected"),
        (403, "AccessDenied", "r2-access-denied"),
        (404, "NoSuchBucket", "r2-bucket-missing"),
        (500, "InternalError", "r2-server-error"),
        (502, "BadGateway", "r2-server-error"),
    ],
)
def test_what_r2_refuses_is_told_apart(status: int, code: str, cause: str) -> None:
    body = S3_ERROR.format(code, "no").encode()
    with server(lambda handler: respond(handler, status, body, **{"Content-Type": "application/xml"})) as (url, _):
        finding = asked_r2(url)
    assert (finding.status, finding.cause) == ("fail", cause)


def test_a_404_that_is_not_r2s_own_says_nothing_of_the_bucket() -> None:
    with server(lambda handler: respond(handler, 404, b"<html>not found</html>")) as (url, _):
        assert asked_r2(url).cause == "r2-endpoint-unreachable"


def test_an_r2_that_asks_to_slow_down_is_no_fault() -> None:
    body = S3_ERROR.format("SlowDown", "Reduce your rate").encode()
    with server(lambda handler: respond(handler, 503, body)) as (url, _):
        assert asked_r2(url).status == "unknown"


@pytest.mark.parametrize(
    ("endpoint", "reason"), [("http://no-such-host.invalid", "dns"), ("http://127.0.0.1:9", "refused")]
)
def test_why_r2_can_not_be_reached_is_in_the_evidence(endpoint: str, reason: str) -> None:
    finding = asked_r2(endpoint)
    assert (finding.cause, finding.evidence["error_code"]) == ("r2-endpoint-unreachable", reason)


def test_a_certificate_of_another_name_is_told_as_tls() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    with server(lambda handler: respond(handler, 200), tls=context) as (url, _):
        finding = asked_r2(url)
    assert (finding.cause, finding.evidence["error_code"]) == ("r2-endpoint-unreachable", "tls")


def test_an_r2_that_never_answers_is_told_as_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listening:
        finding = asked_r2(f"http://127.0.0.1:{listening.getsockname()[1]}")
    assert (finding.cause, finding.evidence["error_code"]) == ("r2-endpoint-unreachable", "timeout")


def test_a_profile_that_does_not_exist_is_a_fault_of_the_access_and_not_of_r2() -> None:
    with (
        server(lambda handler: respond(handler, 200, EMPTY_BUCKET)) as (url, _),
        target(AWS_PROFILE="no-such-profile", R2_ENDPOINT=url, **R2_KEYS) as this,
    ):
        result = access.observe(this, empty_case()), r2.observe(this, empty_case())
    assert isinstance(result[0].account, Unavailable)
    assert result[0].account.reason == "credentials-missing"
    assert result[1].reach is True
