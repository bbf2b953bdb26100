"""The worker in trouble: killed, stopped, without its queue, its database or R2, and beside a second one."""

import json
import signal
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from academy_ops.academy import sample_workbooks
from academy_ops.academy.store import Job, Store
from academy_ops.academy.worker import MOST_MESSAGES
from academy_ops.contract import DLQ_SUFFIX, ENDED, MAX_RECEIVES, JobStatus
from academy_ops.lab import processes
from tests.academy.conftest import SECONDS, TENANT, Academy
from tests.words import code_of_message

SLOW = {"ACADEMY_WORKER_STEP_DELAY": "1"}


@pytest.fixture
def store(academy: Academy) -> Iterator[Store]:
    one = Store(academy.env["DATABASE_URL"])
    yield one
    one.close()


@pytest.fixture
def postgres_store(academy_on_postgres: Academy) -> Iterator[Store]:
    one = Store(academy_on_postgres.env["DATABASE_URL"])
    yield one
    one.close()


def accepted(academy: Academy, store: Store, content: bytes) -> Job:
    """Do what the API does for an upload, but for the message."""
    key = f"excel/{TENANT}/{uuid.uuid4().hex}.xlsx"
    academy.r2.put_object(Bucket=academy.bucket, Key=key, Body=content)
    return store.add_job(TENANT, key, "$argon2id$…")


def order(academy: Academy, job: Job, *, receives: int = 0, attempt: int = 1) -> None:
    """Send the job's message; it has been received so often already without success."""
    payload = {"file_key": job.file_key, "bucket": academy.bucket}
    body = {"job_id": job.id, "job_type": "excel_parsing", "tier": "basic", "payload": payload, "attempt": attempt}
    academy.send(body)
    url = academy.sqs.get_queue_url(QueueName=academy.queue)["QueueUrl"]
    for _ in range(receives):
        assert academy.sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]


def given(academy: Academy, store: Store, content: bytes) -> Job:
    job = accepted(academy, store, content)
    order(academy, job)
    return job


def current(store: Store, job: Job) -> Job:
    found = store.job(job.id)
    assert found is not None
    return found


def becomes(store: Store, job: Job, *statuses: str) -> bool:
    return processes.until(lambda: current(store, job).status in statuses, SECONDS)


def ended(academy: Academy, store: Store, job: Job) -> Job:
    """Wait for the end of a job, whose message is delivered again as soon as nobody holds it."""

    def is_so() -> bool:
        academy.deliver_again()
        return current(store, job).status in ENDED

    assert processes.until(is_so, SECONDS, 0.2), academy.log()
    return current(store, job)


def drained(academy: Academy, dead: int = 0) -> bool:
    """Wait until no message is left but ``dead`` ones, each delivered again as soon as nobody holds it."""

    def is_so() -> bool:
        academy.deliver_again()
        return (academy.depth(), academy.depth(academy.queue + DLQ_SUFFIX)) == (0, dead)

    return processes.until(is_so, SECONDS, 0.2)


def at_step(store: Store, job: Job, step: str) -> bool:
    return processes.until(lambda: (current(store, job).progress or {}).get("step") == step, SECONDS)


@pytest.mark.parametrize("step", ["download", "create"])
def test_a_killed_worker_s_job_is_ended_by_another_with_every_student_once(
    academy_on_postgres: Academy, postgres_store: Store, step: str
) -> None:
    academy, store = academy_on_postgres, postgres_store
    academy.make_queue()
    first = academy.start("worker", **SLOW)
    job = given(academy, store, sample_workbooks.students(50))
    assert at_step(store, job, step), academy.log()
    assert current(store, job).status == JobStatus.RUNNING
    first.kill()
    assert first.wait(SECONDS) == -signal.SIGKILL
    assert store.students(TENANT) == []
    academy.start("worker")
    done = ended(academy, store, job)
    assert (done.status, done.attempt) == (JobStatus.DONE, 2)
    assert done.result is not None
    assert (done.result["created"], done.result["duplicates"]) == (50, 0)
    names = [student["name"] for student in store.students(TENANT)]
    assert len(names) == len(set(names)) == 50
    assert processes.until(lambda: academy.depth() == 0, SECONDS)


def test_a_worker_that_is_told_to_stop_finishes_its_job_first(academy: Academy, store: Store) -> None:
    academy.make_queue()
    worker = academy.start("worker", **SLOW)
    job, next_job = (given(academy, store, sample_workbooks.students(2, first)) for first in (1, 101))
    assert processes.until(
        lambda: JobStatus.RUNNING in {current(store, one).status for one in (job, next_job)}, SECONDS
    )
    worker.terminate()
    assert worker.wait(SECONDS) == 0
    statuses = sorted(current(store, one).status for one in (job, next_job))
    assert statuses == [JobStatus.DONE, JobStatus.PENDING]
    assert academy.log().splitlines()[-1] == "worker stopped"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_that_a_worker_has_started_outlives_it(academy: Academy, store: Store, number: signal.Signals) -> None:
    academy.make_queue()
    worker = academy.start("worker")
    assert ended(academy, store, given(academy, store, sample_workbooks.students(1))).status == JobStatus.DONE
    kept = psutil.Process(worker.pid).children(recursive=True)
    assert len(kept) == 1, "the process that its readers are forked from"
    worker.send_signal(number)
    assert not psutil.wait_procs(kept, timeout=SECONDS)[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_waits_for_messages_stops_at_once(academy: Academy, number: signal.Signals) -> None:
    academy.make_queue()
    worker = academy.start("worker")
    assert academy.logged("worker started")
    worker.send_signal(number)
    assert worker.wait(15) == 0, "the long poll is 20 s"
    assert "Traceback" not in academy.log()


def test_a_worker_names_its_queue_and_bucket_and_no_secret_when_it_starts(academy: Academy) -> None:
    academy.make_queue()
    academy.start("worker")
    assert academy.logged(f"queue={academy.queue} | bucket={academy.bucket}")
    assert academy.env["R2_SECRET_KEY"] not in academy.log()


def test_a_worker_without_its_queue_says_so_and_begins_when_it_is_there(academy: Academy, store: Store) -> None:
    academy.start("worker")
    assert academy.logged("NonExistentQueue"), academy.log()
    academy.make_queue()
    job = given(academy, store, sample_workbooks.students(1))
    assert becomes(store, job, JobStatus.DONE), academy.log()
    assert "Traceback" not in academy.log()


@pytest.mark.parametrize(
    ("environ", "code", "says"),
    [
        ({"R2_ACCESS_KEY": "", "R2_SECRET_KEY": " "}, "worker-env-missing", "R2_ACCESS_KEY, R2_SECRET_KEY"),
        ({"R2_SECRET_KEY": "0" * 64}, "r2-credentials-rejected", "SignatureDoesNotMatch"),
        ({"R2_EXCEL_BUCKET": "no-such-bucket"}, "r2-bucket-missing", "no-such-bucket"),
    ],
    ids=["not set", "wrong key", "no bucket"],
)
def test_a_worker_with_wrong_r2_settings_fails_its_job_and_says_which(
    academy: Academy, store: Store, environ: dict[str, str], code: str, says: str
) -> None:
    academy.make_queue()
    academy.start("worker", **environ)
    job = given(academy, store, sample_workbooks.students(1))
    assert becomes(store, job, JobStatus.FAILED), academy.log()
    message = current(store, job).error_message
    assert message is not None
    assert says in message
    assert code_of_message(message) == code
    assert processes.until(lambda: academy.depth() == 0, SECONDS)


def test_where_r2_stays_down_a_job_fails_with_its_last_message_which_is_kept_apart(
    academy: Academy, store: Store
) -> None:
    academy.make_queue()
    academy.start("worker", R2_ENDPOINT=f"http://127.0.0.1:{processes.free_ports(1)[0]}")
    job = accepted(academy, store, sample_workbooks.students(1))
    order(academy, job, attempt=MOST_MESSAGES)
    assert becomes(store, job, JobStatus.RETRYING), academy.log()
    failed = ended(academy, store, job)
    assert (failed.status, failed.attempt) == (JobStatus.FAILED, 3)
    assert "EndpointConnectionError" in (failed.error_message or "")
    assert drained(academy, dead=1)


@pytest.mark.parametrize(
    "content", [sample_workbooks.students(3), sample_workbooks.faulty("excel-header-missing")], ids=["good", "bad"]
)
def test_a_worker_whose_job_was_taken_over_leaves_the_message_to_the_other(
    academy: Academy, store: Store, content: bytes
) -> None:
    academy.make_queue()
    job = given(academy, store, content)
    academy.start("worker", **SLOW)
    assert at_step(store, job, "parse"), academy.log()
    other = store.claim(job.id)
    assert academy.logged(f"AI_JOB_IDEMPOTENT_SKIP | job_id={job.id}"), academy.log()
    assert (academy.depth(), current(store, job)) == (1, other)


@pytest.mark.parametrize("before", [JobStatus.PENDING, JobStatus.RUNNING, JobStatus.RETRYING])
def test_a_job_without_a_result_gets_a_new_message_before_its_own_is_a_dead_letter(
    academy: Academy, store: Store, before: JobStatus
) -> None:
    academy.make_queue()
    job = accepted(academy, store, sample_workbooks.students(3))
    if before != JobStatus.PENDING:
        begun = store.claim(job.id)
        assert begun is not None
        if before == JobStatus.RETRYING:
            store.retry(begun)
    order(academy, job, receives=MAX_RECEIVES - 1)
    academy.start("worker")
    assert academy.logged(f"message sent anew, job_id={job.id}"), academy.log()
    assert ended(academy, store, job).status == JobStatus.DONE
    assert drained(academy)


def test_a_message_received_for_the_last_time_is_no_dead_letter_where_another_worker_has_the_job(
    academy: Academy, store: Store
) -> None:
    academy.make_queue()
    job = accepted(academy, store, sample_workbooks.students(3))
    troubled = store.claim(job.id)
    assert troubled is not None
    store.retry(troubled)
    order(academy, job, receives=MAX_RECEIVES - 1, attempt=MOST_MESSAGES)
    academy.start("worker", **SLOW)
    assert at_step(store, job, "parse"), academy.log()
    store.claim(job.id)
    assert academy.logged(f"AI_JOB_IDEMPOTENT_SKIP | job_id={job.id}"), academy.log()
    assert processes.until(lambda: academy.depth() == 0, SECONDS)


def test_a_worker_that_dies_in_the_last_try_leaves_a_message_for_its_job(academy: Academy, store: Store) -> None:
    academy.make_queue()
    job = accepted(academy, store, sample_workbooks.students(3))
    troubled = store.claim(job.id)
    assert troubled is not None
    store.retry(troubled)
    order(academy, job, receives=MAX_RECEIVES - 1, attempt=MOST_MESSAGES)
    last = academy.start("worker", **SLOW)
    assert at_step(store, job, "parse"), academy.log()
    last.kill()
    last.wait(SECONDS)
    name: Any = "ApproximateNumberOfMessagesDelayed"
    url = academy.sqs.get_queue_url(QueueName=academy.queue)["QueueUrl"]
    depth: Any = academy.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    assert depth == {name: "1"}


def test_a_job_whose_workers_keep_dying_fails_at_last(academy: Academy, store: Store) -> None:
    academy.make_queue()
    job = accepted(academy, store, sample_workbooks.students(3))
    assert store.claim(job.id) is not None, "as by a worker that died with it"
    order(academy, job, receives=MAX_RECEIVES - 1, attempt=MOST_MESSAGES)
    academy.start("worker")
    failed = ended(academy, store, job)
    assert (failed.status, store.students(TENANT)) == (JobStatus.FAILED, [])
    assert "끊겨" in (failed.error_message or "")
    assert drained(academy)


def test_a_job_is_not_given_up_while_nobody_can_be_told_of_its_end(academy: Academy, store: Store) -> None:
    academy.make_queue()
    job = accepted(academy, store, sample_workbooks.faulty("excel-header-missing"))
    order(academy, job, receives=MAX_RECEIVES - 1)
    worker = academy.start("worker", **SLOW)
    assert at_step(store, job, "parse"), academy.log()
    path = academy.env["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert academy.logged(f"message sent anew, job_id={job.id}"), academy.log()
    assert ended(academy, store, job).status == JobStatus.FAILED
    assert worker.poll() is None, academy.log()
    assert drained(academy)


class CutOff(BaseHTTPRequestHandler):
    """R2 that dies in the middle of an answer."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "6000")
        self.end_headers()
        self.wfile.write(b"PK\x03\x04" + bytes(3000))

    def log_message(self, *_: object) -> None:
        pass


def test_a_download_that_is_cut_off_is_tried_again_and_not_taken_for_a_bad_workbook(
    academy: Academy, store: Store
) -> None:
    academy.make_queue()
    with ThreadingHTTPServer(("127.0.0.1", 0), CutOff) as r2:
        threading.Thread(target=r2.serve_forever, daemon=True).start()
        academy.start("worker", R2_ENDPOINT=f"http://127.0.0.1:{r2.server_port}")
        job = given(academy, store, sample_workbooks.students(1))
        assert academy.logged(f"job_id={job.id} will be tried again"), academy.log()
        assert becomes(store, job, JobStatus.RETRYING)
        r2.shutdown()


def test_a_job_outlives_a_database_that_goes_away_and_comes_back(
    academy_on_postgres: Academy, postgres_store: Store, postgres: str
) -> None:
    academy, store = academy_on_postgres, postgres_store
    academy.make_queue()
    job = accepted(academy, store, sample_workbooks.students(3))
    academy.start("worker")
    assert academy.logged("worker started")
    name = sa.make_url(academy.env["DATABASE_URL"]).database
    server = sa.create_engine(sa.make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
        order(academy, job)
        assert academy.logged(f"job_id={job.id} will be tried again"), academy.log()
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    server.dispose()
    assert ended(academy, store, job).status == JobStatus.DONE
    assert len(store.students(TENANT)) == 3


def test_a_worker_whose_database_can_t_be_opened_ends_and_says_so(academy: Academy) -> None:
    port = processes.free_ports(1)[0]
    worker = academy.start("worker", DATABASE_URL=f"postgresql://me:secret-word@127.0.0.1:{port}/academy")
    assert worker.wait(SECONDS) == 1
    assert code_of_message(academy.log()) == "worker-database-down"
    assert "secret-word" not in academy.log()


def test_two_workers_end_overlapping_jobs_with_every_student_once(
    academy_on_postgres: Academy, postgres_store: Store
) -> None:
    academy, store = academy_on_postgres, postgres_store
    academy.make_queue()
    jobs = [given(academy, store, sample_workbooks.students(40, first)) for first in (1, 21, 41, 61)]
    for job in jobs:
        order(academy, job)
    for _ in range(2):
        academy.start("worker")
    results: list[dict[str, Any]] = []
    for job in jobs:
        assert becomes(store, job, JobStatus.DONE), academy.log()
        results.append(current(store, job).result or {})
    names = [student["name"] for student in store.students(TENANT)]
    assert len(names) == len(set(names)) == 100 == sum(one["created"] for one in results)
    assert all(one["total"] == 40 == one["created"] + one["duplicates"] for one in results), json.dumps(results)
    assert drained(academy), academy.log()
