"""The outside is asked within bounds, and its errors get their meaning here."""

import time

import pytest
from botocore.exceptions import ClientError

from academy_ops.clients import Answer, Connections
from academy_ops.diagnosis.records import Unseen
from academy_ops.failures import aws_reason
from academy_ops.settings import load
from tests.wire import Handler, respond, server

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
    assert len(answer.redirects) == 5


def test_a_body_without_end_is_cut(connect: Connections) -> None:
    def pour(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            return

    with server(pour) as (url, _):
        answer = connect.get(url)
    assert isinstance(answer, Answer)
    assert len(answer.body) == 4 * 1024 * 1024


def test_an_answer_that_drips_is_a_time_out(connect: Connections) -> None:
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(300):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.1)
        except OSError:
            return

    with server(drip) as (url, _):
        answer = connect.get(url)
    assert isinstance(answer, Unseen)
    assert answer.reason == "timeout"


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
    assert isinstance(answer, Unseen)
    assert answer.reason == reason


def test_a_server_without_tls_behind_an_https_address_is_a_tls_fault(connect: Connections) -> None:
    with server(lambda handler: respond(handler, 200)) as (url, _):
        answer = connect.get(url.replace("http:", "https:"))
    assert isinstance(answer, Unseen)
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
        ("SomethingNew", 400, "", "unexpected-answer"),
    ],
)
def test_an_aws_error_gets_its_meaning_from_its_code(code: str, status: int, message: str, reason: str) -> None:
    error = ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item] # the rest of the metadata plays no part
        "Operation",
    )
    assert aws_reason(error) == reason
