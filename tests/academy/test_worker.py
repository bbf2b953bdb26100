"""The worker as a process, beside an API: what becomes of a job, and what the log says of it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from academy_ops.academy import sample_workbooks
from academy_ops.academy.job_queue import read_body
from academy_ops.academy.store import Job, Store
from academy_ops.contract import DLQ_SUFFIX, JobStatus
from academy_ops.lab import processes
from academy_ops.lab.storage import Storage
from tests.academy.conftest import SECONDS, TENANT, Academy, new_academy
from tests.hostile.messages import GOOD, MALFORMED
from tests.words import code_of_message

pytestmark = pytest.mark.xdist_group("worker")  # one worker for all of them


@pytest.fixture(scope="module")
def work(aws: str, storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """An academy whose API and worker run."""
    folder = tmp_path_factory.mktemp("work")
    for academy in new_academy(aws, storage, folder, f"sqlite:///{folder / 'academy.sqlite3'}"):
        academy.make_queue()
        academy.start("worker")
        academy.start_api()
        yield academy


@pytest.fixture(scope="module")
def store(work: Academy) -> Iterator[Store]:
    one = Store(work.env["DATABASE_URL"])
    yield one
    one.close()


def body(job: Job) -> dict[str, Any]:
    return {**GOOD, "job_id": job.id, "payload": {"file_key": job.file_key, "bucket": "academy-excel"}}


def lines(academy: Academy, job_id: str) -> list[str]:
    """Return what the worker has said of a job."""
    said = academy.logs[0].read_text("utf-8")
    return [line for line in said.splitlines() if job_id in line]


def empty(academy: Academy) -> bool:
    """Wait until the queue is."""
    return processes.until(lambda: academy.depth() == 0, SECONDS)


def test_a_good_job_says_three_lines_in_order(work: Academy) -> None:
    job_id = work.upload(sample_workbooks.students(2, first=100))
    work.ended(job_id)
    assert work.logged(f"SQS_JOB_COMPLETED | job_id={job_id}")
    received, parsing, completed = lines(work, job_id)
    assert received == f"SQS_MESSAGE_RECEIVED | job_id={job_id} | tier=basic"
    assert re.match(rf"EXCEL_PARSING processed_by=worker job_id={job_id}( |$)", parsing)
    assert completed == f"SQS_JOB_COMPLETED | job_id={job_id}"


def test_a_good_job_ends_with_its_students_and_its_message_is_gone(work: Academy) -> None:
    job = work.ended(work.upload(sample_workbooks.students(3, first=200)))
    assert (job["status"], job["error_message"]) == (JobStatus.DONE, None)
    assert job["result"] == {
        "created": 3,
        "duplicates": 0,
        "rejected": 0,
        "skipped": 0,
        "total": 3,
        "failed": [],
        "processed_by": "worker",
        "sheets": [{"name": "학생목록", "created": 3, "duplicates": 0, "rejected": 0, "skipped": 0}],
        "sheets_left_out": [],
        "ignored_columns": [],
        "left_out_values": [],
    }
    mine = [student for student in work.students() if student["job_id"] == job["job_id"]]
    assert [student["name"] for student in mine] == ["학생0200", "학생0201", "학생0202"]
    assert {student["school"] for student in mine} == {"휘문고"}
    assert empty(work)


def test_an_ended_job_s_progress_is_complete(work: Academy) -> None:
    progress = work.ended(work.upload(sample_workbooks.students(1, first=300)))["progress"]
    assert set(progress) == {"step", "percent", "step_index", "step_total", "step_name"}
    assert (progress["percent"], progress["step_index"]) == (100, progress["step_total"])


def test_one_bad_row_fails_that_row_and_not_the_file(work: Academy) -> None:
    job = work.ended(work.upload(sample_workbooks.faulty("job-partial")))
    assert (job["status"], job["error_message"]) == (JobStatus.DONE, None)
    assert (job["result"]["created"], job["result"]["total"]) == (3, 4)
    (row,) = job["result"]["failed"]
    assert (row["row"], row["name"]) == (4, "김두리")
    assert code_of_message(row["error"]) == "excel-phone-invalid"


def test_the_same_file_again_creates_nobody(work: Academy) -> None:
    content = sample_workbooks.students(4, first=400)
    results = [work.ended(work.upload(content))["result"] for _ in range(2)]
    assert [(one["created"], one["duplicates"], one["failed"]) for one in results] == [(4, 0, []), (0, 4, [])]


@pytest.mark.parametrize(
    "code",
    [
        "excel-unreadable",
        "excel-header-missing",
        "excel-phone-column-missing",
        "excel-no-students",
        "excel-ambiguous",
        "excel-too-large",
    ],
)
def test_a_file_that_can_t_be_used_fails_its_job_and_takes_its_message_away(work: Academy, code: str) -> None:
    job = work.ended(work.upload(sample_workbooks.faulty(code)))
    message = job["error_message"]
    assert (job["status"], job["result"], code_of_message(message)) == (JobStatus.FAILED, None, code)
    assert work.logged(f"SQS_JOB_FAILED | job_id={job['job_id']}")
    received, parsing, parsing_failed, failed = lines(work, job["job_id"])
    assert received.startswith("SQS_MESSAGE_RECEIVED | ")
    assert parsing.startswith("EXCEL_PARSING processed_by=worker ")
    assert parsing_failed.startswith(f"EXCEL_PARSING failed job_id={job['job_id']} ")
    assert parsing_failed.endswith(f": {message}")
    assert failed == f"SQS_JOB_FAILED | job_id={job['job_id']} | error={message}"
    assert empty(work)


def test_a_file_whose_rows_are_all_bad_is_done_with_every_row_told(work: Academy) -> None:
    job = work.ended(work.upload(sample_workbooks.faulty("excel-phone-invalid")))
    assert (job["status"], job["result"]["created"]) == (JobStatus.DONE, 0)
    assert [row["row"] for row in job["result"]["failed"]] == [2, 3]


def test_a_file_that_is_gone_fails_with_r2_s_own_word(work: Academy, store: Store) -> None:
    job = store.add_job(TENANT, "excel/hakwon/gone.xlsx", "$argon2id$…")
    work.send(body(job))
    message = work.ended(job.id)["error_message"]
    assert "NoSuchKey" in message
    assert code_of_message(message) == "excel-object-missing"


def test_a_second_message_for_an_ended_job_is_skipped(work: Academy, store: Store) -> None:
    job_id = work.upload(sample_workbooks.students(2, first=500))
    before = work.ended(job_id)
    job = store.job(job_id)
    assert job is not None
    work.send(body(job))
    assert work.logged(f"AI_JOB_IDEMPOTENT_SKIP | job_id={job_id}")
    assert empty(work)
    assert work.job(job_id).json() == before


def test_file_and_school_come_from_the_job_s_row_whatever_a_message_says(work: Academy, store: Store) -> None:
    others = work.upload(sample_workbooks.students(1, first=700))
    work.ended(others)
    key = f"excel/{TENANT}/own.xlsx"
    work.r2.put_object(Bucket=work.bucket, Key=key, Body=sample_workbooks.students(1, first=710))
    job = store.add_job(TENANT, key, "$argon2id$…")
    forged = {"file_key": work.job(others).json()["file_key"], "bucket": "another-bucket"}
    work.send({**GOOD, "job_id": job.id, "tenant_id": "another-school", "payload": forged})
    assert work.ended(job.id)["result"]["created"] == 1
    assert work.students()[-1]["name"] == "학생0710"
    assert work.logged(f"processed_by=worker job_id={job.id} file_key={key}\n")


def test_what_the_worker_can_t_take_goes_to_the_dead_letter_queue(work: Academy) -> None:
    """Malformed messages and jobs it does not know; a good job between them is done."""
    work.send("not json")
    work.send({**GOOD, "job_type": "other"})
    for poison in ('"attempt": 1e999', '"attempt": ' + "[" * 100_000, '"tier": "x\\nSQS_JOB_COMPLETED | job_id=j"'):
        work.send(json.dumps(GOOD)[:-1] + f", {poison}}}")
    work.send({**GOOD, "job_id": "00000000-0000-4000-8000-000000000000"})
    job_id = work.upload(sample_workbooks.students(1, first=600))
    assert work.ended(job_id)["status"] == JobStatus.DONE
    dead = work.queue + DLQ_SUFFIX

    def all_there() -> bool:
        work.deliver_again()
        return work.depth(dead) == 6

    assert processes.until(all_there, SECONDS, 0.2), work.log()
    assert work.log().count("malformed message") == 5 * 3
    assert work.log().count("unknown job_id=00000000-0000-4000-8000-000000000000") == 3
    assert work.depth() == 0


def test_a_well_formed_message_is_read() -> None:
    order = read_body({"Body": json.dumps(GOOD)})
    assert order is not None
    assert (order.job_id, order.tier, order.attempt) == ("j", "basic", 1)
    assert order.next_attempt() == {**GOOD, "tenant_id": "", "created_at": "", "attempt": 2}


def test_a_message_without_a_tier_is_basic() -> None:
    order = read_body({"Body": json.dumps({name: value for name, value in GOOD.items() if name != "tier"})})
    assert order is not None
    assert order.tier == "basic"


@pytest.mark.parametrize("text", MALFORMED)
def test_any_other_message_is_malformed(text: str) -> None:
    assert read_body({"Body": text}) is None
