"""The outbox: no accepted upload is forgotten."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from academy_ops.academy import sample_workbooks
from academy_ops.academy.job_queue import JobQueue, Outbox
from academy_ops.academy.store import Job, Store
from academy_ops.contract import JobStatus
from academy_ops.lab import processes
from tests.academy.conftest import SECONDS, TENANT, Academy
from tests.words import code_of_message


@pytest.fixture
def store(academy: Academy) -> Iterator[Store]:
    one = Store(academy.env["DATABASE_URL"])
    yield one
    one.close()


@pytest.fixture
def outbox(academy: Academy, store: Store) -> Outbox:
    return Outbox(store, JobQueue(academy.sqs, academy.queue), academy.bucket)


def aged(academy: Academy, store: Store, age: timedelta) -> Job:
    """Add a job that was accepted ``age`` ago and has not been sent."""
    job = store.add_job(TENANT, "excel/hakwon/a.xlsx", "$argon2id$…")
    engine = sa.create_engine(academy.env["DATABASE_URL"])
    table = sa.Table("job", sa.MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        born = (datetime.now(UTC) - age).replace(tzinfo=None)
        connection.execute(table.update().where(table.c.id == job.id).values(created_at=born))
    engine.dispose()
    return current(store, job)


def current(store: Store, job: Job) -> Job:
    found = store.job(job.id)
    assert found is not None
    return found


def test_an_upload_without_a_queue_is_accepted_and_goes_through_when_the_queue_is_there(academy: Academy) -> None:
    academy.start_api()
    answer = academy.post(sample_workbooks.students(1))
    assert (answer.status_code, answer.json()["status"]) == (httpx.codes.ACCEPTED, "PENDING")
    assert academy.status(answer.json()["job_id"]) == JobStatus.PENDING
    academy.make_queue()
    assert processes.until(lambda: academy.depth() == 1, SECONDS), academy.log()
    assert academy.status(answer.json()["job_id"]) == JobStatus.PENDING


def test_what_waits_is_sent_once(academy: Academy, store: Store, outbox: Outbox) -> None:
    academy.make_queue()
    job = aged(academy, store, timedelta(seconds=10))
    outbox.send_waiting()
    outbox.send_waiting()
    assert academy.depth() == 1
    assert current(store, job).sent_at is not None


def test_a_request_that_is_still_under_way_is_not_overtaken(academy: Academy, store: Store, outbox: Outbox) -> None:
    academy.make_queue()
    aged(academy, store, timedelta(0))
    outbox.send_waiting()
    assert academy.depth() == 0


@pytest.mark.parametrize(
    ("age", "status"),
    [(timedelta(minutes=14), JobStatus.PENDING), (timedelta(minutes=16), JobStatus.FAILED)],
    ids=["young", "old"],
)
def test_after_fifteen_minutes_without_a_queue_a_job_fails(
    academy: Academy, store: Store, outbox: Outbox, age: timedelta, status: JobStatus
) -> None:
    job = aged(academy, store, age)
    outbox.send_waiting()
    assert current(store, job).status == status


def test_a_job_that_was_given_up_says_what_sqs_said(academy: Academy, store: Store, outbox: Outbox) -> None:
    job = aged(academy, store, timedelta(hours=1))
    outbox.send_waiting()
    message = current(store, job).error_message
    assert message is not None
    assert "NonExistentQueue" in message
    assert code_of_message(message) == "queue-missing"


def test_an_old_job_is_sent_rather_than_given_up(academy: Academy, store: Store, outbox: Outbox) -> None:
    """The API itself may have been down for longer than fifteen minutes."""
    academy.make_queue()
    job = aged(academy, store, timedelta(hours=1))
    outbox.send_waiting()
    assert (current(store, job).status, academy.depth()) == (JobStatus.PENDING, 1)


def test_more_jobs_than_a_batch_holds_are_all_sent(academy: Academy, store: Store, outbox: Outbox) -> None:
    academy.make_queue()
    for number in range(55):
        aged(academy, store, timedelta(seconds=10 + number))
    outbox.send_waiting()
    outbox.send_waiting()
    assert academy.depth() == 55


def test_a_job_whose_end_is_known_is_not_sent(academy: Academy, store: Store, outbox: Outbox) -> None:
    academy.make_queue()
    store.fail(aged(academy, store, timedelta(minutes=1)), "because")
    outbox.send_waiting()
    assert academy.depth() == 0


def test_a_message_that_was_sent_is_no_failure_where_that_can_t_be_noted(
    academy: Academy, store: Store, outbox: Outbox
) -> None:
    academy.make_queue()
    job = aged(academy, store, timedelta(seconds=10))
    path = academy.env["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert outbox.send(job) is None
    outbox.send_waiting()
    assert academy.depth() == 2, "a second message is harmless"


def test_a_damaged_database_does_not_end_the_outbox(
    tmp_path: Path, academy: Academy, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "damaged.sqlite3"
    store = Store(f"sqlite:///{file}")
    store.close()
    file.write_bytes(b"no database, and long enough to be looked at" * 100)
    Outbox(store, JobQueue(academy.sqs, academy.queue), academy.bucket).send_waiting()
    store.close()
    assert "the outbox can't be read: DatabaseError" in caplog.text
