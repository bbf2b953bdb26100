"""Answers of edge and API that look like another fault, and settings that must neither mislead nor show themselves."""

import json
from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.codec import decode, encode
from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.clients import Answer, Connections, Target
from academy_ops.settings import load
from checks import endpoint, job, queue, r2
from checks.facts import Case, JobDocument, QueueFacts
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import R2_KEYS, empty_case, json_error, target
from tests.checks.scenarios import way
from tests.wire import Handler, respond, server

DJANGO = "<!doctype html><html><head><title>{0}</title></head><body>\n  <h1>{0}</h1><p>{1}</p>\n</body></html>"
CLOUDFLARE = "<center><h1>403 Forbidden</h1></center><hr><center>cloudflare</center>"
NO_PAGE = DJANGO.format("Not Found", "The requested resource was not found on this server.")
NO_UUID = {"detail": [{"type": "uuid_parsing", "loc": ["path", "job_id"], "msg": "Input should be a valid UUID"}]}
SIGN_IN = "https://academy.cloudflareaccess.com/cdn-cgi/access/login/api.example?kid=x"


@pytest.mark.parametrize(
    ("body", "cause"), [(DJANGO.format("403 Forbidden", ""), "api-auth-rejected"), (CLOUDFLARE, "edge-blocked")]
)
def test_a_403_of_django_that_passes_the_edge_is_told_from_the_edges_own(body: str, cause: str) -> None:
    assert h.verdict(h.case(**way(h.answer(403, body, server="cloudflare")))).cause == cause


def test_a_redirect_to_the_edges_sign_in_is_a_page_of_the_edge() -> None:
    answer = replace(h.answer(302, "", server="cloudflare", location=SIGN_IN), redirects=(SIGN_IN,))
    assert h.verdict(h.case(**way(answer))).cause == "edge-blocked"


@pytest.mark.parametrize("answer", [h.answer(404, NO_PAGE), h.answer(422, NO_UUID)], ids=["Django", "FastAPI"])
def test_an_id_that_was_not_copied_whole_is_a_job_that_is_not_there(answer: Answer) -> None:
    verdict = h.verdict(h.case(job_id="6f3c1b1e-6a55-4f0b", **way(answer)))
    assert (verdict.status, verdict.cause) == ("faulty", "job-not-found")


def test_a_page_that_is_not_there_for_a_whole_id_is_another_address() -> None:
    assert h.verdict(h.case(**way(h.answer(404, NO_PAGE)))).cause == "api-not-json"


def pending(handler: Handler) -> None:
    if handler.path.startswith("/api/"):
        body = {
            "job_id": h.JOB_ID,
            "status": "PENDING",
            "created_at": h.ago(200).isoformat(),
            "file_key": "excel/academy/a.xlsx",
        }
        respond(handler, 200, json.dumps(body).encode())
    else:
        respond(handler, 200 if handler.path.endswith("/excel/academy/a.xlsx") else 404, b"")


def test_a_file_whose_key_holds_a_password_is_not_said_to_be_missing() -> None:
    database = "postgresql://academy:academy@db/academy"
    with (
        server(pending) as (url, _),
        target(ACADEMY_API_URL=url, R2_ENDPOINT=url, DATABASE_URL=database, **R2_KEYS) as anyone,
    ):
        this = replace(anyone, job_id=h.JOB_ID)
        case = replace(empty_case(), job_id=h.JOB_ID)
        case = replace(case, endpoint=endpoint.observe(this, case))
        assert job.observe(this, case).object_there is None


def asked_with(url: str, token: str) -> Answer | Unavailable:
    settings = load(environ={"ACADEMY_API_URL": url, "ACADEMY_API_TOKEN": token}, default_env_file=None)
    return endpoint.observe(Target(settings, h.JOB_ID, Connections(settings), ends_at=1e12), empty_case()).main


def test_a_token_in_korean_is_sent_for_the_api_to_judge() -> None:
    with server(lambda handler: respond(handler, 401)) as (url, _):
        result = asked_with(url, "여기에-토큰")
    assert isinstance(result, Answer)
    assert result.status == 401


def test_a_token_that_can_not_be_sent_is_no_fault_of_the_endpoint_and_is_not_shown() -> None:
    with server(lambda handler: respond(handler, 200)) as (url, _):
        result = asked_with(url, "firstsecret\nsecondsecret")
    assert isinstance(result, Unavailable)
    assert "secret" not in str(result)
    assert h.verdict(h.case(**way(result))).status == "undetermined"


def test_an_r2_key_that_can_not_be_sent_is_malformed_and_is_not_shown() -> None:
    with target(R2_ENDPOINT="http://127.0.0.1:9", R2_ACCESS_KEY="first\nsecond", R2_SECRET_KEY="b" * 64) as this:
        facts = r2.observe(this, empty_case())
    result = list(r2.judge(replace(h.case(), r2=facts)))
    assert result[0].cause == "r2-env-malformed"
    assert "second" not in str([finding.evidence for finding in result])


def test_a_template_in_korean_is_a_placeholder() -> None:
    with target(R2_ENDPOINT="http://127.0.0.1:9", R2_ACCESS_KEY="여기에_키_입력", R2_SECRET_KEY="b" * 64) as this:
        facts = r2.observe(this, empty_case())
    assert facts.settings["R2_ACCESS_KEY"] == "placeholder"


def test_a_password_in_the_address_of_r2_is_not_shown() -> None:
    with target(R2_ENDPOINT="http://me:hunter22@127.0.0.1:9", **R2_KEYS) as this:
        facts = r2.observe(this, empty_case())
    assert "hunter22" not in str(facts)


def test_an_action_that_sqs_writes_in_small_letters_is_named_as_iam_writes_it() -> None:
    words = "User: arn:aws:iam::1:user/x is not authorized to perform: sqs:getqueueurl on resource: arn:aws:sqs:x"
    with server(json_error(403, "AccessDeniedException", words)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        facts = queue.observe(this, empty_case(), queue.look(this))
    assert missing(replace(empty_case(), queue=facts)) == ["sqs:GetQueueUrl"]


def missing(case: Case) -> list[str | None]:
    assert isinstance(case.queue, QueueFacts)
    return [finding.missing_permission for finding in queue.judge(case) if finding.status == "unknown"]


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (502, "<html>", None),
        (521, "<html>", None),
        (500, "<html>", None),
        (503, "<center>nginx</center>", None),
        (500, DJANGO.format("Server Error (500)", ""), "api-database-down"),
        (503, {"database": "down"}, "api-database-down"),
        (504, "<html>", "api-database-down"),
    ],
)
def test_a_health_that_did_not_reach_the_api_says_nothing_of_its_database(
    status: int, body: object, cause: str | None
) -> None:
    way = h.endpoint(h.answer(200, {"job_id": h.JOB_ID, "status": "DONE"}), health=h.answer(status, body))
    assert h.verdict(h.case(endpoint=way)).cause == cause


@pytest.mark.parametrize(
    "fields",
    [{"created_at": "9999-12-31T23:59:59Z"}, {"result": {"created": 10**30, "total": 1e300, "failed": []}}],
    ids=["a time without end", "a count without end"],
)
def test_a_job_of_endless_numbers_can_be_saved_as_evidence(fields: dict[str, Any]) -> None:
    document = h.job("DONE", age=None, **fields)
    assert decode(encode(document), JobDocument, "$") == document


@pytest.mark.parametrize("nothing", ["None", "null", "undefined", "[]", "{}", "''", "-", " \n", {}, [], False, 0])
def test_a_message_that_says_that_there_is_none_is_none(nothing: object) -> None:
    well = {"created": 3, "total": 3, "failed": []}
    done = h.job("DONE", error_message=nothing, result=well)
    assert h.verdict(h.case(document=done)).status == "healthy"
    assert h.verdict(h.case(document=h.job("FAILED", error_message=nothing))).cause == "job-failed"
    assert h.verdict(h.case(document=h.job("DONE", error_message="Nonexistent", result=well))).cause == "job-failed"


ROWS = [{"row": 2, "error": "전화번호 형식 오류"}]


@pytest.mark.parametrize(
    ("result", "cause"),
    [
        (json.dumps({"created": 0, "total": 1, "failed": ROWS}), "excel-phone-invalid"),
        ({"created": 0, "total": 5, "failed": 5}, "job-failed"),
        ({"created": 3, "total": 3, "failed": 0}, None),
        (json.dumps({"created": 3, "total": 3, "failed": []}), None),
        ("{not JSON", None),
        ("[" * 100_000, None),
    ],
)
def test_a_result_counts_in_whatever_form_it_was_stored(result: object, cause: str | None) -> None:
    assert h.verdict(h.case(document=h.job("DONE", result=result))).cause == cause


@pytest.mark.parametrize(
    ("failed", "rejected"),
    [
        ({"error": None}, 0),
        ({"error": "", "rows": []}, 0),
        ({}, 0),
        ({"error": "boom"}, 1),
        ({"2": "boom", "3": "boom"}, 2),
        ({"count": 3}, 3),
        ({"count": 3, "rows": []}, 3),
        ({"reason": "boom"}, None),
    ],
)
def test_an_object_counts_as_many_rejected_rows_as_it_tells(failed: object, rejected: int | None) -> None:
    result = h.job("DONE", result={"created": 20, "total": 20, "failed": failed}).result
    assert result is not None
    assert (result.rejected, result.rejected_count) == (rejected, rejected or 0)


def test_no_form_of_a_result_brings_students_names_along() -> None:
    rows = [{"row": 2, "name": "김철수", "error": "x"}, "3행: 오류"]
    document = {"job_id": h.JOB_ID, "status": "DONE", "result": {"failed": rows}}
    packed = {**document, "result": json.dumps(document["result"])}
    answers = iter((document, packed))

    def answer(handler: Handler) -> None:
        respond(handler, 200, json.dumps(next(answers) if "/jobs/" in handler.path else {}).encode())

    for _ in range(2):
        with server(answer) as (url, _seen), target(ACADEMY_API_URL=url) as this:
            facts = endpoint.observe(replace(this, job_id=h.JOB_ID), empty_case())
        assert isinstance(facts.main, Answer)
        assert ("김철수" in facts.main.body, "3행" in facts.main.body) == (False, True)
