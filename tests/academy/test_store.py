"""What the database promises, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from academy_ops.academy.database import DATABASE_ERRORS, engine
from academy_ops.academy.store import Job, Store, SupersededError
from academy_ops.contract import PROCESSED_BY, JobStatus
from academy_ops.lab import processes
from tests.academy.conftest import new_postgres_database

TENANT = "hakwon"
FAILED_ROW = {"row": 9, "name": "김두리", "error": "전화번호"}


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    one = Store(database_url)
    yield one
    one.close()


def rows(*numbers: int) -> list[dict[str, object]]:
    return [{"name": f"학생{number}", "parent_phone": f"010{number:08d}"} for number in numbers]


def new_job(store: Store, tenant: str = TENANT) -> Job:
    return store.add_job(tenant, "excel/hakwon/a.xlsx", "$argon2id$…")


def claimed(store: Store, job: Job) -> Job:
    taken = store.claim(job.id)
    assert taken is not None
    return taken


def finish(store: Store, job: Job, *numbers: int) -> dict[str, Any]:
    return store.finish(claimed(store, job), rows(*numbers), [], PROCESSED_BY)


def current(store: Store, job: Job) -> Job:
    found = store.job(job.id)
    assert found is not None
    return found


def names(store: Store, tenant: str = TENANT) -> list[str]:
    return [student["name"] for student in store.students(tenant)]


def test_a_job_begins_pending_and_unsent(store: Store) -> None:
    job = new_job(store)
    assert current(store, job) == job
    assert (job.status, job.attempt, job.sent_at, job.created_at.tzinfo) == (JobStatus.PENDING, 0, None, UTC)


def test_an_unknown_job_is_none(store: Store) -> None:
    assert store.job("no-such-job") is None
    assert store.claim("no-such-job") is None


def test_times_come_back_in_utc(store: Store) -> None:
    job = new_job(store)
    store.mark_sent(job.id)
    found = current(store, job)
    assert found.sent_at is not None
    assert {time.utcoffset() for time in (found.created_at, found.updated_at, found.sent_at)} == {timedelta(0)}


def test_a_token_speaks_for_its_tenant_only(store: Store) -> None:
    store.add_token("one", "hakwon")
    store.add_token("two", "other")
    assert [store.tenant_of(token) for token in ("one", "two", "three", "")] == ["hakwon", "other", None, None]


def test_a_token_may_be_given_to_another_tenant(store: Store) -> None:
    store.add_token("one", "hakwon")
    store.add_token("one", "other")
    assert store.tenant_of("one") == "other"


def test_opening_the_same_database_twice_keeps_what_is_in_it(store: Store, database_url: str) -> None:
    job = new_job(store)
    again = Store(database_url)
    try:
        assert again.job(job.id) == job
    finally:
        again.close()


def test_several_processes_may_open_a_new_database_at_once(database_url: str) -> None:
    together = Barrier(4)

    def open_it(_number: int) -> None:
        together.wait(20)
        Store(database_url).close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(open_it, range(4)))


def test_finishing_creates_the_students_and_ends_the_job(store: Store) -> None:
    job = claimed(store, new_job(store))
    result = store.finish(job, rows(1, 2), [FAILED_ROW], PROCESSED_BY)
    expected = {"created": 2, "failed": [FAILED_ROW], "total": 3, "processed_by": "worker", "duplicates": 0}
    expected |= {"rejected": 1, "skipped": 0, "sheets": []}
    found = current(store, job)
    assert result == found.result == expected
    assert (found.status, found.error_message) == (JobStatus.DONE, None)
    assert names(store) == ["학생1", "학생2"]


def test_a_student_who_exists_is_a_duplicate(store: Store) -> None:
    finish(store, new_job(store), 1, 2)
    result = finish(store, new_job(store), 2, 3)
    assert (result["created"], result["duplicates"], result["failed"]) == (1, 1, [])
    assert names(store) == ["학생1", "학생2", "학생3"]


def test_a_student_twice_in_one_file_is_a_duplicate(store: Store) -> None:
    result = finish(store, new_job(store), 1, 1)
    assert (result["created"], result["duplicates"], result["total"]) == (1, 1, 2)


def test_each_sheet_has_its_numbers_and_of_many_rejected_rows_the_first_hundred_are_listed(store: Store) -> None:
    """A student who is on two sheets counts as created on the first."""
    finish(store, new_job(store), 3)
    sheets = [{"name": name, "students": 2, "rejected": 150, "skipped": 1} for name in ("중1", "중2")]
    job = claimed(store, new_job(store))
    result = store.finish(job, rows(1, 2, 2, 3), [FAILED_ROW] * 300, PROCESSED_BY, {"skipped": 2, "sheets": sheets})
    assert [(one["name"], one["created"], one["duplicates"]) for one in result["sheets"]] == [
        ("중1", 2, 0),
        ("중2", 0, 2),
    ]
    assert [result[name] for name in ("created", "duplicates", "rejected", "skipped", "total")] == [2, 2, 300, 2, 304]
    assert len(result["failed"]) == 100


def test_brothers_share_a_phone_and_namesakes_a_name(store: Store) -> None:
    students: list[dict[str, object]] = [
        {"name": name, "parent_phone": phone}
        for name, phone in (("하나", "01000000001"), ("두리", "01000000001"), ("하나", "01000000002"))
    ]
    assert store.finish(claimed(store, new_job(store)), students, [], PROCESSED_BY)["created"] == 3


def test_tenants_are_apart(store: Store) -> None:
    finish(store, new_job(store), 1)
    assert finish(store, new_job(store, "other"), 1)["created"] == 1
    assert len(names(store)) == len(names(store, "other")) == 1


def test_a_job_with_rejected_rows_only_creates_nobody(store: Store) -> None:
    result = store.finish(claimed(store, new_job(store)), [], [FAILED_ROW], PROCESSED_BY)
    assert (result["created"], result["total"]) == (0, 1)


def test_a_claim_starts_the_next_attempt(store: Store) -> None:
    job = new_job(store)
    assert [claimed(store, job).attempt for _ in range(2)] == [1, 2]
    assert current(store, job).status == JobStatus.RUNNING


@pytest.mark.parametrize("end", ["done", "failed"])
def test_an_ended_job_cant_be_claimed(store: Store, end: str) -> None:
    job = claimed(store, new_job(store))
    if end == "done":
        store.finish(job, rows(1), [], PROCESSED_BY)
    else:
        store.fail(job, "because")
    assert store.claim(job.id) is None


def test_who_was_superseded_stores_nothing(store: Store) -> None:
    """Two workers were given the same message; the second took over."""
    first = claimed(store, new_job(store))
    second = claimed(store, first)
    with pytest.raises(SupersededError):
        store.progress(first, {"percent": 50})
    with pytest.raises(SupersededError):
        store.retry(first)
    with pytest.raises(SupersededError):
        store.fail(first, "late")
    with pytest.raises(SupersededError):
        store.finish(first, rows(1), [], PROCESSED_BY)
    assert names(store) == []
    assert current(store, first) == second


def test_who_finishes_after_the_end_is_superseded(store: Store) -> None:
    first = claimed(store, new_job(store))
    second = claimed(store, first)
    store.finish(second, rows(1, 2), [], PROCESSED_BY)
    with pytest.raises(SupersededError):
        store.finish(first, rows(1, 2), [], PROCESSED_BY)
    assert names(store) == ["학생1", "학생2"]


def test_a_finish_that_breaks_off_leaves_nothing(store: Store) -> None:
    """The students and the job's end are one transaction."""
    job = claimed(store, new_job(store))
    with pytest.raises(Exception, match="parent_phone"):
        store.finish(job, [*rows(1), {"name": "학생2", "parent_phone": None}], [], PROCESSED_BY)
    assert names(store) == []
    assert current(store, job).status == JobStatus.RUNNING


def test_progress_is_shown(store: Store) -> None:
    job = claimed(store, new_job(store))
    store.progress(job, {"percent": 33, "step": "parse"})
    found = current(store, job)
    assert found.progress == {"percent": 33, "step": "parse"}
    assert found.updated_at >= job.updated_at


def test_progress_ends_at_a_hundred(store: Store) -> None:
    job = claimed(store, new_job(store))
    store.progress(job, {"percent": 67, "step": "create", "step_index": 3})
    store.finish(job, rows(1), [], PROCESSED_BY)
    assert current(store, job).progress == {"percent": 100, "step": "create", "step_index": 3}


def test_a_retried_job_waits_for_the_next_attempt(store: Store) -> None:
    job = claimed(store, new_job(store))
    store.retry(job)
    assert current(store, job).status == JobStatus.RETRYING
    assert claimed(store, job).attempt == 2


def test_a_failed_job_says_why(store: Store) -> None:
    job = claimed(store, new_job(store))
    store.fail(job, "파일이 없습니다")
    found = current(store, job)
    assert (found.status, found.error_message, found.result) == (JobStatus.FAILED, "파일이 없습니다", None)


def test_unsent_jobs_come_oldest_first_and_no_more_than_asked(store: Store) -> None:
    jobs = [new_job(store) for _ in range(4)]
    store.mark_sent(jobs[0].id)
    store.fail(jobs[1], "given up")
    soon = datetime.now(UTC) + timedelta(seconds=1)
    assert [job.id for job in store.unsent(soon, 10)] == [jobs[2].id, jobs[3].id]
    assert [job.id for job in store.unsent(soon, 1)] == [jobs[2].id]


def test_young_jobs_are_not_yet_unsent(store: Store) -> None:
    job = new_job(store)
    assert store.unsent(job.created_at, 10) == []


def test_of_two_jobs_with_the_same_students_at_once_each_student_is_created_once(store: Store) -> None:
    jobs = [claimed(store, new_job(store)) for _ in range(4)]
    together = Barrier(len(jobs))

    def end(job: Job) -> int:
        together.wait(20)
        # Each in an order of its own.
        shift = jobs.index(job) * 100
        numbers = [(number + shift) % 400 for number in range(400)]
        created: int = store.finish(job, rows(*numbers), [], PROCESSED_BY)["created"]
        return created

    with ThreadPoolExecutor(len(jobs)) as pool:
        created = list(pool.map(end, jobs))
    assert sum(created) == len(names(store)) == 400


def test_of_two_workers_with_one_message_one_ends_the_job(store: Store) -> None:
    job = new_job(store)
    together = Barrier(4)

    def work(_number: int) -> int:
        together.wait(20)
        try:
            return int(finish(store, job, *range(50))["created"])
        except (SupersededError, AssertionError):
            return 0

    with ThreadPoolExecutor(4) as pool:
        created = list(pool.map(work, range(4)))
    assert sorted(created) == [0, 0, 0, 50]
    assert len(names(store)) == 50


def test_many_students_are_stored_at_once(store: Store) -> None:
    assert finish(store, new_job(store), *range(10_000))["created"] == 10_000


def test_a_database_that_does_not_answer_is_told_as_that() -> None:
    port = processes.free_ports(1)[0]
    with pytest.raises(DATABASE_ERRORS):
        Store(f"postgresql://nobody@127.0.0.1:{port}/academy")


@pytest.mark.xdist_group("postgresql")
def test_a_database_that_goes_away_among_the_students_is_told_as_that(postgres: str) -> None:
    url = new_postgres_database(postgres)
    store, other = Store(url), engine(url)
    job = claimed(store, new_job(store))

    def end_every_other(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "TEMPORARY" in statement:
            with other.connect() as connection:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                connection.exec_driver_sql(f"{others} AND datname = current_database()")

    sa.event.listen(store._engine, "after_cursor_execute", end_every_other)  # noqa: SLF001 - to be there in its midst
    with pytest.raises(DATABASE_ERRORS):
        finish(store, job, *range(10))
    store.close()
    other.dispose()
    again = Store(url)
    assert (names(again), current(again, job).status) == ([], "RUNNING")
    again.close()
