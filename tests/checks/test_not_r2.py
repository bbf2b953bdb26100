"""Only S3's XML is R2's word: whatever else answers at R2_ENDPOINT is told with its author, and blames no key."""

from collections.abc import Callable

import pytest

from tests.checks.scenarios import AWS, BARE, NGINX
from tests.checks.test_on_the_wire import EMPTY_BUCKET, S3_ERROR, asked_r2
from tests.checks.test_whose_page import EDGE, SQUID
from tests.wire import respond, server

BOT_FILTER = b'{"cloudflare_error": true, "error_code": 1010, "title": "Error 1010: Access denied"}'
SITE = b"<!DOCTYPE html><html><title>Academy</title></html>"


def page(status: int, body: str | bytes, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    return status, body if isinstance(body, bytes) else body.encode(), headers


PAGES = {
    "squid": page(403, SQUID, **{"X-Squid-Error": "ERR_ACCESS_DENIED 0"}),
    "nginx": page(401, NGINX.format("401 Authorization Required")),
    "Cloudflare": page(403, BARE.format("403 Forbidden"), **EDGE),
    "AWS load balancer": page(503, AWS.format("503 Service Temporarily Unavailable")),
    "API": page(403, b'{"detail": "Forbidden"}'),
    "unknown": page(403, b""),
}


@pytest.mark.parametrize("author", PAGES)
def test_a_refusal_that_is_not_s3s_blames_no_key_and_names_its_author(author: str) -> None:
    status, body, headers = PAGES[author]
    with server(lambda handler: respond(handler, status, body, **headers)) as (url, _):
        told = asked_r2(url)
    assert (told.status, told.cause) == ("unknown", None)
    assert (told.evidence["author"], told.evidence["status"]) == (author, status)


def test_the_number_of_cloudflares_page_is_in_the_evidence() -> None:
    with server(lambda handler: respond(handler, 403, BOT_FILTER, **EDGE)) as (url, _):
        told = asked_r2(url)
    assert told.status == "unknown"
    assert (told.evidence["author"], told.evidence["code"]) == ("Cloudflare", 1010)


ELSEWHERE = {
    "a page that is not there": page(404, "<title>404: This page could not be found</title>"),
    "nginx": page(404, NGINX.format("404 Not Found")),
    "another API": page(404, b'{"detail": "Not Found"}'),
    "a public bucket": page(404, "<title>Not Found</title><h1>Object not found</h1>", **EDGE),
    "a redirect": page(301, NGINX.format("301 Moved Permanently"), Location="https://academy.example/"),
    "S3 of AWS": page(301, S3_ERROR.format("PermanentRedirect", "use another endpoint")),
    "no S3": page(405, b"Method Not Allowed"),
}


@pytest.mark.parametrize("answer", ELSEWHERE)
def test_what_only_a_server_of_something_else_answers_is_not_r2(answer: str) -> None:
    status, body, headers = ELSEWHERE[answer]
    with server(lambda handler: respond(handler, status, body, **headers)) as (url, _):
        told = asked_r2(url)
    assert (told.status, told.cause, told.reason) == ("fail", "r2-endpoint-unreachable", "not-s3")


@pytest.mark.parametrize("body", [SITE, b"", b"<html><body>well formed</body></html>", b"ok", b'{"status": "ok"}'])
def test_a_web_site_that_answers_well_is_not_r2(body: bytes) -> None:
    with server(lambda handler: respond(handler, 200, body)) as (url, _):
        told = asked_r2(url)
    assert (told.status, told.cause, told.reason) == ("fail", "r2-endpoint-unreachable", "not-s3")


def test_s3s_own_list_is_r2(compared: Callable[[int], None]) -> None:
    lists = (EMPTY_BUCKET, b"<?xml version='1.0'?><ListBucketResult><Name>academy-excel</Name></ListBucketResult>")
    for body in lists:
        with server(lambda handler, body=body: respond(handler, 200, body)) as (url, _):  # type: ignore[misc] # a loop's value
            assert asked_r2(url).status == "ok"
    compared(len(lists))
