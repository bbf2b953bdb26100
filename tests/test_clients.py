"""The outside is asked within bounds, and its errors get their meaning here."""

import time
from functools import partial

import pytest
from botocore.exceptions import ClientError

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.clients import MAX_REDIRECTS, Answer, Connections
from academy_ops.outside.failures import AWS_ERRORS, aws_reason
from academy_ops.outside.time_limits import gather
from academy_ops.settings import load
from tests.wire import dripping, pouring, respond, server

TOKEN = "token-of-the-operator"


@pytest.fixture
def connect() -> Connections:
    return Connections(load(environ={"ACADEMY_API_TOKEN": TOKEN}, default_env_file=None))


def test_the_token_is_sent_to_the_api_only_where_it_is_wanted(connect: Connections) -> None:
    with server(lambda handler: respond(handler, 200)) as (url, seen):
        connect.get(url)
        connect.get(url, authorised=False)
    assert [headers.get("authorization") for headers in seen] == [f"Bearer {TOKEN}", None]


def test_a_redirect_to_another_host_is_told_and_not_followed(connect: Connections) -> None:
    with server(lambda handler: respond(handler, 200)) as (elsewhere, seen):
        there = elsewhere.replace("127.0.0.1", "localhost")
        with server(lambda handler: respond(handler, 302, Location=there)) as (url, _):
            answer = connect.get(url)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.redirects) == (302, (there,))
    assert seen == []


def test_a_circle_of_redirects_ends(connect: Connections) -> None:
    with server(lambda handler: respond(handler, 301, Location="/again")) as (url, _):
        answer = connect.get(url)
    assert isinstance(answer, Answer)
    assert len(answer.redirects) == MAX_REDIRECTS


def test_a_body_without_end_is_cut(connect: Connections) -> None:
    with server(pouring(b"x" * 65536)) as (url, _):
        answer = connect.get(url)
    assert isinstance(answer, Unavailable)
    assert answer.reason == "too-long"


def test_an_answer_that_drips_is_a_time_out_whatever_part_of_it_drips(connect: Connections) -> None:
    with (
        server(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" ")) as (body, _),
        server(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x")) as (header, _),
        server(dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")) as (hints, _),
    ):
        calls = [(url, partial(connect.get, url, seconds=2)) for url in (body, header, hints)]
        answers = gather(calls, time.monotonic() + 20)
    assert [one.reason if isinstance(one, Unavailable) else one for one in answers] == ["timeout"] * 3


@pytest.mark.parametrize(
    "place",
    ["http://[", "javascript:alert(1)", "//\x7f\xff", "http://user:pass@127.0.0.1:1/", "file:///etc/passwd", "\t"],
)
def test_a_redirect_to_no_place_ends_there(connect: Connections, place: str) -> None:
    with server(lambda handler: respond(handler, 302, Location=place)) as (url, _):
        answer = connect.get(url)
    assert isinstance(answer, Unavailable) or answer.status == 302


def test_a_secret_that_the_other_side_echoes_does_not_come_in(connect: Connections) -> None:
    with server(lambda handler: respond(handler, 200, f'{{"echo": "{TOKEN}"}}'.encode())) as (url, _):
        answer = connect.get(url)
    assert isinstance(answer, Answer)
    assert TOKEN not in answer.body


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/", "refused"),
        ("http://no-such-host.invalid/", "dns"),
        ("ftp://127.0.0.1/", "not-configured"),
        ("not a url", "not-configured"),
    ],
)
def test_why_there_was_no_answer_is_told_apart(connect: Connections, url: str, reason: str) -> None:
    answer = connect.get(url)
    assert isinstance(answer, Unavailable)
    assert answer.reason == reason


def test_a_server_without_tls_behind_an_https_address_is_a_tls_fault(connect: Connections) -> None:
    with server(lambda handler: respond(handler, 200)) as (url, _):
        answer = connect.get(url.replace("http:", "https:"))
    assert isinstance(answer, Unavailable)
    assert answer.reason == "tls"


@pytest.mark.parametrize(
    ("code", "status", "message", "reason"),
    [
        ("AccessDenied", 403, "User is not authorized", "denied"),
        ("UnauthorizedOperation", 403, "You are not authorized", "denied"),
        ("InvalidClientTokenId", 403, "The security token is invalid", "credentials-invalid"),
        ("ExpiredToken", 400, "The security token has expired", "credentials-invalid"),
        ("SignatureDoesNotMatch", 403, "The request signature we calculated does not match", "credentials-invalid"),
        ("SignatureDoesNotMatch", 403, "Signature expired: 20260101 is now earlier than", "clock-skew"),
        ("RequestTimeTooSkewed", 403, "The difference is too large", "clock-skew"),
        ("Throttling", 400, "Rate exceeded", "throttled"),
        ("InternalFailure", 500, "", "server-error"),
        # Each protocol of AWS writes the same code in its own way.
        ("KMS.AccessDeniedException", 400, "", "denied"),
        ("Client.UnauthorizedOperation", 403, "", "denied"),
        ("NotAuthorizedException", 401, "You do not have permission", "denied"),
        ("MissingAuthenticationTokenException", 403, "", "credentials-missing"),
        ("IncompleteSignatureException", 400, "", "credentials-invalid"),
        ("TokenRefreshRequired", 400, "The provided token must be refreshed.", "credentials-invalid"),
        ("Blocked", 403, "This account is currently blocked", "credentials-invalid"),
        ("InvalidSignatureException", 400, "Signature not yet current: x", "clock-skew"),
        ("SignatureDoesNotMatch", 403, "Date in Credential scope does not match YYYYMMDD", "clock-skew"),
        ("PriorRequestNotComplete", 400, "", "throttled"),
        ("ProvisionedThroughputExceededException", 400, "", "throttled"),
        ("LimitExceededException", 400, "", "unexpected-answer"),
        ("SomethingNew", 400, "", "unexpected-answer"),
    ],
)
def test_an_aws_error_gets_its_meaning_from_its_code(code: str, status: int, message: str, reason: str) -> None:
    error = ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item] # the rest of the metadata plays no part
        "Operation",
    )
    assert aws_reason(error) == reason


@pytest.mark.parametrize("bug", [AttributeError, TypeError, LookupError, ValueError])
def test_a_bug_of_our_own_is_not_taken_for_an_error_of_aws(bug: type[Exception]) -> None:
    assert not issubclass(bug, AWS_ERRORS)
