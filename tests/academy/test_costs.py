"""What a job and an upload cost, without a clock: processes, connections, statements, requests, hashes."""

import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from types import FrameType
from typing import Any, Final

import psutil
import pytest
import sqlalchemy as sa
from starlette.datastructures import UploadFile

from academy_ops.academy import sample_workbooks
from academy_ops.academy.api import Api
from academy_ops.academy.config import read
from academy_ops.academy.upload_form import Upload
from academy_ops.academy.worker import Worker
from academy_ops.contract import JobStatus
from academy_ops.lab import processes
from tests.academy.conftest import SECONDS, TENANT, Academy

JOBS: Final = 3
OF_A_JOB: Final = {"UPDATE": 6, "INSERT": 1, "SELECT": 2}
"""Claimed, three steps, kept while its students are created, ended; its students; how many of them are new, and how far
the job had come."""
TRANSACTIONS: Final = 5


@pytest.fixture(autouse=True)
def of_the_test(academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process find the same AWS as those that a test starts."""
    for name, value in academy.env.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


@contextmanager
def heard(target: Any, event: str) -> Iterator[list[Any]]:
    """Collect the arguments of an event."""
    seen: list[Any] = []

    def note(*arguments: Any) -> None:
        seen.append(arguments)

    sa.event.listen(target, event, note)
    try:
        yield seen
    finally:
        sa.event.remove(target, event, note)


def words(statements: list[Any]) -> Counter[str]:
    return Counter(one[2].split()[0] for one in statements)


def calls(what: Callable[[], object]) -> Counter[str]:
    """Return how often this thread called each Python function, by its name.

    From Python 3.12 on cProfile counts the calls of all threads.
    """
    called = Counter[str]()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            called[frame.f_code.co_name] += 1

    sys.setprofile(note)
    try:
        what()
    finally:
        sys.setprofile(None)
    return called


def accepted(api: Api, number: int) -> str:
    content = io.BytesIO(sample_workbooks.students(30, first=1 + 100 * number))
    return api.accept(TENANT, Upload(UploadFile(content, filename="a.xlsx"), "1234")).id


def worked(academy: Academy, api: Api) -> tuple[Counter[str], int, int]:
    """Let a worker of this process end a few jobs.

    Returns:
        Its statements by their first word, its connections to the database, and the processes that it has started and
        keeps.
    """
    jobs = [accepted(api, number) for number in range(JOBS)]
    before = set(psutil.Process().children(recursive=True))
    kept: set[psutil.Process] = set()
    with heard(sa.pool.Pool, "connect") as connections:
        store = academy.open_store()
        worker = Worker(read(academy.env), store)

        def stop() -> None:
            try:
                processes.until(lambda: academy.depth() == 0, SECONDS)
                kept.update(set(psutil.Process().children(recursive=True)) - before)
            finally:
                worker.stopping.set()
                academy.send("ends the long poll")

        stopper = Thread(target=stop)
        stopper.start()
        with heard(sa.Engine, "before_cursor_execute") as statements:
            worker.run()
        stopper.join()
    worker.close()
    assert {found.status for job in jobs if (found := store.job(job))} == {JobStatus.DONE}
    return words(statements), len(connections), len(kept)


@pytest.mark.parametrize(
    ("database", "more"), [("academy", {"BEGIN": TRANSACTIONS}), ("academy_on_postgres", {"CREATE": 1})]
)
def test_a_job_starts_no_interpreter_and_asks_the_database_no_more_than_it_must(
    database: str, more: Mapping[str, int], request: pytest.FixtureRequest
) -> None:
    academy: Academy = request.getfixturevalue(database)
    academy.make_queue()
    api = Api(read(academy.env), "", "", 60)
    statements, connections, started = worked(academy, api)
    api.close()
    assert statements == {word: JOBS * count for word, count in {**OF_A_JOB, **more}.items()}
    assert (connections, started) == (1, 1)


def test_an_upload_costs_one_hash_one_put_one_message_and_two_statements(academy: Academy) -> None:
    academy.make_queue()
    api = Api(read(academy.env), "", "", 60)
    accepted(api, 0)  # opens the database and finds the queue
    with heard(sa.Engine, "before_cursor_execute") as statements, heard(sa.pool.Pool, "connect") as connections:
        called = calls(lambda: accepted(api, 1))
    api.close()
    assert (called["hash_secret"], called["_make_api_call"]) == (1, 2)
    assert words(statements) == {"BEGIN": 2, "INSERT": 1, "UPDATE": 1}
    assert not connections
