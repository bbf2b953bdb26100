"""Only S3's XML is R2's word: whatever else answers at R2_ENDPOINT is told with its author, and blames no key."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from academy_ops.diagnosis.records import Finding, Unavailable
from checks import endpoint, job, r2
from checks.own_network import redirects_all
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import EMPTY_BUCKET, R2_KEYS, S3_ERROR, asked_r2, empty_case, target
from tests.checks.scenarios import AWS, BARE, NGINX
from tests.checks.test_whose_page import EDGE, SQUID
from tests.checks.this_machine import KNOWN, around
from tests.wire import Handler, respond, server

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
        result = asked_r2(url)
    assert (result.status, result.cause) == ("unknown", None)
    assert (result.evidence["author"], result.evidence["status"]) == (author, status)


def test_the_number_of_cloudflares_page_is_in_the_evidence() -> None:
    with server(lambda handler: respond(handler, 403, BOT_FILTER, **EDGE)) as (url, _):
        result = asked_r2(url)
    assert result.status == "unknown"
    assert (result.evidence["author"], result.evidence["code"]) == ("Cloudflare", 1010)


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
        result = asked_r2(url)
    assert (result.status, result.cause, result.reason) == ("fail", "r2-endpoint-unreachable", "not-s3")


@pytest.mark.parametrize("body", [SITE, b"", b"<html><body>well formed</body></html>", b"ok", b'{"status": "ok"}'])
def test_a_web_site_that_answers_well_is_not_r2(body: bytes) -> None:
    with server(lambda handler: respond(handler, 200, body)) as (url, _):
        result = asked_r2(url)
    assert (result.status, result.cause, result.reason) == ("fail", "r2-endpoint-unreachable", "not-s3")


def test_s3s_own_list_is_r2(compared: Callable[[int], None]) -> None:
    lists = (EMPTY_BUCKET, b"<?xml version='1.0'?><ListBucketResult><Name>academy-excel</Name></ListBucketResult>")
    for body in lists:
        with server(lambda handler, body=body: respond(handler, 200, body)) as (url, _):  # type: ignore[misc] # a loop's value
            assert asked_r2(url).status == "ok"
    compared(len(lists))


def test_what_this_machine_has_for_s3_of_aws_is_not_for_r2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\ns3 =\n  use_accelerate_endpoint = true\n  addressing_style = virtual\n", "utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with server(lambda handler: respond(handler, 200, EMPTY_BUCKET)) as (url, _):
        assert asked_r2(url).status == "ok"


Answered = tuple[int, bytes, dict[str, str]]


def there(*answers: Answered) -> list[Finding]:
    """Ask after jobs that wait, each of whose files' addresses answers so; all at once, for each is looked at twice."""
    jobs = {h.JOB_ID[:-1] + str(number): answer for number, answer in enumerate(answers)}

    def answer(handler: Handler) -> None:
        job_id = next(job_id for job_id in jobs if job_id in handler.path)
        status, body, headers = jobs[job_id]
        if "/api/" in handler.path:
            respond(handler, 200, json.dumps(waiting(job_id)).encode())
        else:
            respond(handler, status, b"" if handler.command == "HEAD" else body, **headers)

    with (
        server(answer) as (url, _),
        target(R2_ENDPOINT=url, ACADEMY_API_URL=url, **R2_KEYS) as this,
        ThreadPoolExecutor(len(jobs)) as threads,
    ):

        def found(job_id: str) -> Finding:
            case = replace(empty_case(), job_id=job_id, endpoint=h.endpoint(h.answer(200, waiting(job_id))))
            return next(iter(job.judge(replace(case, job=job.observe(replace(this, job_id=job_id), case)))))

        return list(threads.map(found, jobs))


def waiting(job_id: str) -> dict[str, str]:
    return {"job_id": job_id, "status": "PENDING", "file_key": f"excel/t/{job_id}.xlsx"}


def test_a_404_that_is_not_s3s_does_not_show_that_a_file_is_gone() -> None:
    answers = [
        (404, NGINX.format("404 Not Found").encode(), {}),
        (404, b"<title>Not Found</title><h1>Object not found</h1>", EDGE),
        (404, b'{"detail": "Not Found"}', {}),
        (404, b"", {}),
        (403, S3_ERROR.format("AccessDenied", "no").encode(), {}),
    ]
    assert [(result.status, result.cause) for result in there(*answers)] == [("unknown", None)] * 5


def test_s3s_word_shows_that_a_file_is_gone() -> None:
    bodies = [S3_ERROR.format(code, "no").encode() for code in ("NoSuchKey", "NoSuchBucket")]
    assert [result.cause for result in there(*((404, body, {}) for body in bodies))] == ["upload-object-missing"] * 2


def test_a_file_that_is_there_is_well_though_it_is_empty() -> None:
    refused = S3_ERROR.format("InvalidRange", "no").encode()
    assert [result.status for result in there((206, b"P", {}), (200, b"PK", {}), (416, refused, {}))] == ["ok"] * 3


def test_s3s_own_redirect_is_its_word_through_a_proxy_too_and_anybody_elses_is_not() -> None:
    of_s3 = S3_ERROR.format("PermanentRedirect", "use another endpoint").encode()
    bodies = {of_s3: ("fail", "r2-endpoint-unreachable"), b"": ("unknown", None)}
    for body, expected in bodies.items():
        away = {"Location": "https://login.example/"} if not body else {}
        with (
            server(lambda handler, body=body, away=away: respond(handler, 301, body, **away)) as (proxy, _),  # type: ignore[misc] # a loop's values
            around(HTTP_PROXY=proxy),
        ):
            result = asked_r2("http://r2.invalid")
        assert (result.status, result.cause) == expected


def test_a_network_that_sends_everybody_to_one_place_is_this_machines() -> None:
    portal = {"Location": "http://portal.example/login"}
    with around(), server(lambda handler: respond(handler, 302, b"", **portal)) as (url, _):
        with target(R2_ENDPOINT=url, **R2_KEYS) as this:
            facts = r2.observe(this, empty_case())
        main = replace(h.answer(302, None, location=portal["Location"]), url="http://api.example/api/v1/jobs/x/")
    case = replace(empty_case(), r2=facts, endpoint=h.endpoint(main), access=KNOWN)
    for result in (next(iter(r2.judge(case))), next(iter(endpoint.judge(case)))):
        assert (result.status, result.evidence["reason"], result.evidence["tried"]) == (
            "unknown",
            "signed-out",
            portal["Location"],
        )
    elsewhere = replace(main, headers={"location": "https://www.academy.example/"})
    apart = replace(case, endpoint=h.endpoint(elsewhere))
    assert [next(iter(check.judge(apart))).cause for check in (r2, endpoint)] == [
        "r2-endpoint-unreachable",
        "api-not-json",
    ]


def test_a_web_site_that_sends_to_its_own_other_name_is_no_network_that_does() -> None:
    own = {"location": "https://www.academy.example/"}
    main = replace(h.answer(301, None, **own), url="https://academy.example/api/v1/jobs/x/")
    of_r2 = replace(main, url="https://files.academy.example/")
    case = h.case(endpoint=h.endpoint(main), r2=h.r2(reach=Unavailable("unexpected-answer", of_r2.url), foreign=of_r2))
    assert [next(iter(check.judge(case))).cause for check in (r2, endpoint)] == [
        "r2-endpoint-unreachable",
        "api-not-json",
    ]


@pytest.mark.parametrize(
    ("asked", "sent_to", "of_network"),
    [
        ("api.hakwon.co.kr", "login.wifi.co.kr", True),
        ("api.hakwon.go.kr", "portal.sen.go.kr", True),
        ("api.hakwon.co.kr", "www.hakwon.co.kr", False),
        ("api.hakwon.kr", "www.hakwon.kr", False),
        ("api.co.com", "www.co.com", False),
    ],
)
def test_names_of_one_owner_are_told_from_those_of_one_country(asked: str, sent_to: str, *, of_network: bool) -> None:
    main = replace(h.answer(302, None, location=f"https://{sent_to}/"), url=f"https://{asked}/api/v1/jobs/x/")
    of_r2 = replace(main, url=f"https://r2.{asked.partition('.')[2]}/")
    case = h.case(endpoint=h.endpoint(main), r2=h.r2(reach=Unavailable("unexpected-answer", of_r2.url), foreign=of_r2))
    assert redirects_all(case, main) is of_network


def test_a_certificate_of_somebody_else_from_all_is_this_machines_network() -> None:
    other = Unavailable("tls", "https://api.example", "hostname mismatch", "name")
    refused = Unavailable("tls", "sts:GetCallerIdentity")
    case = h.case(endpoint=h.endpoint(other), r2=h.r2(reach=refused), access=replace(KNOWN, account=refused))
    assert {next(iter(check.judge(case))).status for check in (r2, endpoint)} == {"unknown"}
    (alone,) = endpoint.judge(h.case(endpoint=h.endpoint(other)))
    assert (alone.cause, alone.reason) == ("endpoint-tls", "name")
