"""What a job has created can be taken back, and a job that has not ended never creates anything after that."""

from collections.abc import Iterator

import pytest

from academy_ops.academy.store import Store, SupersededError
from academy_ops.contract import PROCESSED_BY, JobStatus
from tests.academy.test_store import claimed, current, finish, names, new_job, rows


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    one = Store(database_url)
    yield one
    one.close()


def test_the_students_of_this_job_go_and_no_others(store: Store) -> None:
    other, mine = new_job(store), new_job(store)
    finish(store, other, 1, 2)
    finish(store, mine, 2, 3)
    assert store.withdraw(mine, "취소") == 1
    assert names(store) == ["학생1", "학생2"]


def test_a_job_that_is_done_stays_done(store: Store) -> None:
    job = new_job(store)
    finish(store, job, 1)
    store.withdraw(job, "취소")
    assert current(store, job).status == JobStatus.DONE


def test_a_waiting_job_is_cancelled_and_no_worker_takes_it(store: Store) -> None:
    job = new_job(store)
    assert store.withdraw(job, "취소") == 0
    assert (current(store, job).status, current(store, job).error_message) == (JobStatus.FAILED, "취소")
    assert store.claim(job.id) is None


def test_a_running_job_can_store_nothing_any_more(store: Store) -> None:
    job = claimed(store, new_job(store))
    store.withdraw(job, "취소")
    with pytest.raises(SupersededError):
        store.finish(job, rows(1), [], PROCESSED_BY)
    assert names(store) == []
