"""What a smoke check says of what it has seen, and of what has stayed behind."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from academy_ops.diagnosis.command import command, fill
from academy_ops.diagnosis.records import Diagnosis, Finding, Reason, Remedy, Unavailable, Verdict
from academy_ops.messages import say
from academy_ops.outside.clients import Answer
from academy_ops.report.content import next_steps
from academy_ops.smoke.judgement import accepted_job, deleted, judge, left, left_over, without_its_job
from academy_ops.smoke.records import Seen
from checks.job_document import read_answer

ROWS = 3


def answer(status: int, body: object = None) -> Answer:
    return Answer("https://api.example.com/", status, {}, json.dumps(body), 1)


def seen(status: str, *, taken_back: Answer | Unavailable | None = None, **fields: Any) -> Seen:
    job = read_answer(answer(200, {"job_id": "j", "status": status, **fields}))
    return Seen(answer(202, {"job_id": "j"}), "j", job, taken_back)


def done(created: int | None, duplicates: int | None = 0, failed: int = 0, **fields: Any) -> Seen:
    rows = [{"row": number, "error": "전화번호"} for number in range(failed)]
    result = {"created": created, "duplicates": duplicates, "failed": rows, "total": ROWS}
    return seen("DONE", result=result, **fields)


@pytest.mark.parametrize(
    ("what", "result"),
    [
        (done(3), "passed"),
        (done(1, duplicates=2), "passed"),
        (done(0, duplicates=3), "passed"),
        (done(0, duplicates=None), "passed"),
        (done(2), "failed"),
        (done(4), "failed"),
        (done(4, duplicates=None), "failed"),
        (done(3, failed=1), "failed"),
        (done(2, duplicates=None, failed=1), "failed"),
        (done(None), "undetermined"),
        (seen("DONE"), "undetermined"),
        (done(3, error_message="no student rows"), "failed"),
        (seen("FAILED", error_message="NoSuchKey"), "failed"),
        (seen("REJECTED_BAD_INPUT"), "failed"),
        (seen("REVIEW_REQUIRED"), "failed"),
        (seen("PENDING"), "undetermined"),
        (seen("RUNNING"), "undetermined"),
        (seen("A_NEW_STATUS"), "undetermined"),
        (Seen(answer(202, {"job_id": "j"}), "j", Unavailable("timeout", "job")), "undetermined"),
        (Seen(answer(202, {"job_id": "j"}), "j", None), "failed"),
        (Seen(answer(202, {"status": "PENDING"})), "failed"),
        (Seen(answer(400, {"detail": {"file": ["no"]}})), "failed"),
        (Seen(Unavailable("dns", "https://api.example.com")), "undetermined"),
    ],
)
def test_it_passes_only_where_all_students_are_there(what: Seen, result: str) -> None:
    assert judge(what, ROWS)[0] == result


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        ("<hr><center>nginx/1.24.0</center>", {}, "413 from nginx, whose client_max_body_size"),
        ("<hr><center>cloudflare</center>", {"server": "cloudflare"}, "413 from Cloudflare, whose plan"),
        ("<html><h2>Too large</h2></html>", {}, "413 from unknown, which is in front of the API"),
        ("<html>", {"server": "awselb/2.0"}, "413 from AWS load balancer, which is in front of the API"),
        ('{"detail": "at most 10 MiB"}', {"server": "cloudflare"}, "413, at most 10 MiB"),
    ],
)
def test_a_file_that_is_too_large_is_told_with_who_says_so(body: str, headers: dict[str, str], said: str) -> None:
    result, found = judge(Seen(Answer("https://api.example.com/", 413, headers, body, 1)), ROWS)
    assert result == "failed"
    assert said in str(found)


def test_who_refuses_an_upload_on_the_way_is_named() -> None:
    page = "<title>403 Forbidden</title><hr><center>nginx</center>"
    found = judge(Seen(Answer("https://api.example.com/", 403, {}, page, 1)), ROWS)[1]
    assert "HTTP 403 from nginx (403 Forbidden)" in str(found)


@pytest.mark.parametrize("job_id", ["", "a b", "../etc", "$(id)", "x" * 65, 7, None])
def test_what_is_no_job_id_is_not_used_as_one(job_id: object) -> None:
    assert accepted_job(answer(202, {"job_id": job_id})) is None


def test_an_upload_is_accepted_by_202_alone() -> None:
    assert accepted_job(answer(200, {"job_id": "j"})) is None
    assert accepted_job(answer(202, {"job_id": "j"})) == "j"


@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_api_that_cant_take_students_back_is_said_to_keep_them(status: int) -> None:
    assert "They stay" in str(left(done(3, taken_back=answer(status))))
    assert "may still be created" in str(left(seen("PENDING", taken_back=answer(status))))


@pytest.mark.parametrize("gone", [answer(500), Unavailable("timeout", "x"), answer(403), None])
def test_students_that_were_not_taken_back_are_told(gone: Answer | Unavailable | None) -> None:
    assert "could not be deleted" in str(left(done(3, taken_back=gone)))
    assert "could not be deleted" in str(left(seen("PENDING", taken_back=gone)))


@pytest.mark.parametrize("what", [done(0, duplicates=3), seen("FAILED")])
def test_where_none_was_created_none_is_left(what: Seen) -> None:
    assert left(what) is None


@pytest.mark.parametrize("status", [200, 204])
def test_where_they_were_taken_back_none_is_left(status: int) -> None:
    assert left(done(3, taken_back=answer(status))) is None


@pytest.mark.parametrize("upload", [answer(400), answer(401), answer(500), *map(answer, (301, 413))])
def test_an_upload_that_was_turned_away_leaves_nothing(upload: Answer) -> None:
    assert left(Seen(upload)) is None


@pytest.mark.parametrize("upload", [answer(202), answer(502), answer(504), answer(524), None])
def test_an_upload_of_unknown_end_may_have_arrived(upload: Answer | None) -> None:
    assert "may have arrived" in str(left(Seen(upload)))


@pytest.mark.parametrize(("reason", "unsure"), [("dns", False), ("refused", False), ("timeout", True)])
def test_an_upload_without_an_answer_may_have_arrived_once_it_was_sent(reason: Reason, unsure: bool) -> None:
    assert (left(Seen(Unavailable(reason, "x"))) is not None) == unsure


def test_only_the_marked_students_are_taken_for_what_an_earlier_run_left() -> None:
    students = [("스모크점검1", "010-0000-0001"), ("스모크점검2", "010-0000-0002")]
    rows = [
        {"name": "스모크점검1", "parent_phone": "01000000001", "job_id": "ours"},
        {"name": "스모크점검2", "parent_phone": "010-0000-0002", "job_id": "ours-too"},
        {"name": "스모크점검2", "parent_phone": "01000000001", "job_id": "another-phone"},
        {"name": "김하나", "parent_phone": "01000000001", "job_id": "another-name"},
        {"name": "스모크점검1", "parent_phone": "01000000001", "job_id": "../other"},
        {"name": "스모크점검1", "parent_phone": "01000000001"},
        "no row",
    ]
    assert left_over(answer(200, {"results": rows}), students) == {"ours", "ours-too"}


@pytest.mark.parametrize(
    "listed", [answer(404), answer(200, []), answer(200, {"results": 3}), Unavailable("timeout", "x")]
)
def test_where_no_students_are_listed_none_was_left(listed: Answer | Unavailable) -> None:
    assert left_over(listed, [("스모크점검1", "010-0000-0001")]) == frozenset()


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (answer(200, {"deleted": 3}), 3),
        (answer(204), None),
        (answer(200, {"deleted": True}), None),
        (answer(404), None),
    ],
)
def test_how_many_were_deleted_is_what_the_api_says(said: Answer, number: int | None) -> None:
    assert deleted(said) == number


def test_no_command_is_about_a_job_that_is_taken_back() -> None:
    commands = {
        "<ops> diagnose <job>": "academy-ops smoke",
        "<ops> watch <job>": "academy-ops smoke",
        "<ops> check job <job_id>": "academy-ops smoke",
        "<ops> check excel --job <job_id>": "academy-ops smoke",
        "curl <api>/jobs/<job_id>/": "academy-ops smoke",
        "<ops> check queue <job>": "academy-ops check queue",
        "<ops> --verbose check logs <job>": "academy-ops --verbose check logs",
        "<ops> scale-worker --desired 1": "academy-ops scale-worker --desired 1",
        "docker logs worker": "docker logs worker",
    }
    filled = [fill(command(words), {"job_id": "j1", "api": "https://api"}) for words in commands]
    remedies = tuple(Remedy(say("Look."), steps, check=steps) for steps in filled)
    verdict = Verdict("in-progress", say("The job is in progress."), remedies=remedies)
    finding = Finding("queue", "3-3", "ok", say("Queue exists."), remedies=remedies)
    diagnosis = Diagnosis("j1", datetime.now(UTC), 1, verdict, (finding,))
    found = without_its_job(diagnosis, "academy-ops")
    for shown in (found.verdict.remedies, found.findings[0].remedies):
        assert [(one.command, one.verify) for one in shown] == [(text, text) for text in commands.values()]
        assert {one.command for one in shown if one.risk == "change"} == {"academy-ops smoke"}
    assert "watch j1" in str(next_steps(diagnosis, "academy-ops")[-1].command)
    assert next_steps(found, "academy-ops")[-1].command == "academy-ops --timeout 300 smoke"
