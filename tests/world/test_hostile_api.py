"""An API, or whoever stands in its place, that means harm: a finding or a clear line, in time, and the token stays."""

import gzip
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from tests.checks import facts_factory as h
from tests.checks.scenarios import way
from tests.checks.test_what_the_api_answers import asked_with
from tests.wire import Handler, dripping, pouring, respond, server
from tests.world.stage import TOKEN, api, asked, job, tool

LONG = 100 * 1024 * 1024
MANY_ROWS = job(
    "DONE", result={"created": 0, "failed": [{"row": row, "error": "전화번호" * 10} for row in range(40_000)]}
)


def half(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(job()[:20])
    handler.close_connection = True


def zipped(handler: Handler) -> None:
    respond(handler, 200, gzip.compress(b" " * LONG, 1), **{"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(half, id="half an answer"),
        pytest.param(lambda handler: respond(handler, 200, b"x", **{"Content-Encoding": "gzip"}), id="no zip"),
    ],
)
def test_what_is_no_job_is_told_as_that(answer: Callable[[Handler], None], tmp_path: Path) -> None:
    with server(api(answer)) as (url, _):
        found = asked(tmp_path, url, "endpoint", "job")
    assert (found[0], found[1]["verdict"]["cause"]) == (1, "api-not-json")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(pouring(b"x" * 65536), id="a body without end"),
        pytest.param(pouring(b'{"a":1},' * 8192, LONG // 65536), id="100 MB of JSON"),
        pytest.param(zipped, id="100 MB in a small zip"),
        pytest.param(lambda handler: respond(handler, 200, MANY_ROWS), id="40,000 rejected rows"),
    ],
)
def test_what_is_longer_than_is_read_is_not_judged(answer: Callable[[Handler], None], tmp_path: Path) -> None:
    with server(api(answer)) as (url, _):
        found = asked(tmp_path, url, "endpoint", "job")
        watched = tool("watch", h.JOB_ID, "--timeout", "60", cwd=tmp_path, api=url)
    assert (found[0], found[1]["verdict"]["status"], found[1]["verdict"]["cause"]) == (3, "undetermined", None)
    assert "the response is too large: the body is longer than" in found[1]["findings"][0]["because"]
    assert watched.returncode == 3
    assert "the response is too large" in watched.stdout


def test_the_rows_that_a_job_counts_are_told_though_it_lists_the_first_hundred(tmp_path: Path) -> None:
    rows = [{"row": row, "error": "전화번호 형식이 올바르지 않습니다"} for row in range(100)]
    result = {"created": 0, "rejected": 40_000, "failed": rows, "total": 40_000}
    with server(api(lambda handler: respond(handler, 200, job("DONE", result=result)))) as (url, _):
        found = asked(tmp_path, url, "job")
        watched = tool("watch", h.JOB_ID, cwd=tmp_path, api=url)
    assert (found[0], found[1]["verdict"]["cause"]) == (1, "excel-phone-invalid")
    assert found[1]["findings"][-1]["evidence"]["failed_rows"] == 40_000
    assert "rejected rows 40000" in watched.stdout


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 1_000_000, id="a million floors"),
        pytest.param(b'{"status": 1' + b"0" * 9999 + b"}", id="endless digits"),
        pytest.param(b'{"status": {"PENDING": [1]}}', id="a status of no type"),
        pytest.param(b"\xff\xfe\x00" * 999, id="no text"),
    ],
)
def test_json_that_is_no_job_is_no_job(body: bytes) -> None:
    with server(lambda handler: respond(handler, 200, body)) as (url, _):
        answer = asked_with(url, TOKEN)
    assert h.verdict(h.case(**way(answer))).cause == "api-not-json"


def test_watching_ends_at_its_deadline_though_the_api_drips(tmp_path: Path) -> None:
    with server(dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x")) as (url, _):
        done = tool("watch", h.JOB_ID, "--timeout", "1", cwd=tmp_path, api=url)
    assert done.returncode == 3
    assert "Time ran out before the job ended." in done.stdout


def test_a_message_made_to_keep_a_pattern_busy_is_judged_in_time(tmp_path: Path) -> None:
    words = ("phone" * 4000, "1 " * 9000, "R2_a " * 4000, "OperationalError" * 1200, "전화번호" * 5000)
    rows = [{"row": row, "error": words[row % len(words)]} for row in range(100)]
    answer = job("FAILED", error_message="".join(words), result={"created": 0, "failed": rows})
    with server(api(lambda handler: respond(handler, 200, answer))) as (url, _):
        found = asked(tmp_path, url, "endpoint", "job")
    assert (found[0], found[1]["verdict"]["status"]) == (1, "faulty")


@pytest.mark.parametrize("status", [302, 307])
def test_the_token_does_not_follow_a_redirect_to_another_place(status: int, tmp_path: Path) -> None:
    with server(lambda handler: respond(handler, 200, job())) as (elsewhere, seen):
        place = elsewhere.replace("127.0.0.1", "localhost") + "/api/"
        with server(lambda handler: respond(handler, status, Location=place)) as (url, _):
            found = asked(tmp_path, url, "endpoint")
    assert seen == []
    edge = found[1]["findings"][0]["evidence"]["edge"]
    assert (found[0], edge["status"], edge["redirects"]) == (1, status, 1)
    assert found[1]["verdict"]["reason"] == "elsewhere"


def test_no_token_is_sent_to_who_shows_the_certificate_of_another_name(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    with (
        server(lambda handler: respond(handler, 200, job()), tls=context) as (url, seen),
        server(lambda handler: respond(handler, 500)) as (sick, _),
    ):
        found = asked(tmp_path, url, "endpoint", SSL_CERT_FILE=str(trusted), AWS_ENDPOINT_URL=sick)
    assert seen == []
    assert (found[0], found[1]["verdict"]["cause"]) == (1, "endpoint-tls")
    assert "certificate is not valid for '127.0.0.1'" in found[1]["findings"][0]["evidence"]["edge"]["detail"]


@pytest.mark.parametrize("job_id", ["../../admin", "a?b", "a\nb", "$(id)"])
def test_what_would_break_a_url_or_a_shell_is_no_job_id_and_nothing_is_asked(job_id: str, tmp_path: Path) -> None:
    with server(lambda handler: respond(handler, 200)) as (url, seen):
        done = tool("diagnose", "--", job_id, cwd=tmp_path, api=url)
    assert (done.returncode, done.stdout, seen) == (2, "", [])
    assert done.stderr.count("\n") == 1
