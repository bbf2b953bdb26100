"""One fault, and what faults do to the lab's past: some causes show only after minutes, and nobody waits for them.

What the lab's parts have recorded of the past is moved back, and nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from academy_ops.contract import QUEUE_NAME
from academy_ops.lab import processes
from academy_ops.messages import Text

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

LONG_AGO_SECONDS: Final = 660
_LOCK_SECONDS: Final = 10.0
_IDLE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that can be broken.

    Attributes:
        name: The code of the cause that it produces; another route to it has a word of its own behind a slash.
        description: What is done.
        inject: Does it; returns the job's id where it made one.
        needs_worker: Whether it concerns a worker that must be there; the autoscaler may just have ended the last, and
            ends none from then on.
    """

    name: str
    description: Text
    inject: Callable[[Lab], str | None]
    needs_worker: bool = False


def fault(
    name: str, description: Text | str, inject: Callable[[Lab], str | None], *, needs_worker: bool = False
) -> Fault:
    """Return a fault; a plain description is a sentence to be translated, too."""
    return Fault(name, Text(description) if isinstance(description, str) else description, inject, needs_worker)


worker_fault: Final = partial(fault, needs_worker=True)


def hosts(**changed: object) -> Callable[[Lab], None]:
    """Return what changes the condition of every instance."""
    return lambda lab: lab.fleet.change(**changed)


def age_job(lab: Lab, job_id: str, seconds: int = LONG_AGO_SECONDS) -> str:
    """Make a job, and every message in the queue, older; return the job's id."""
    back = f"-{seconds} seconds"
    times = ", ".join(f"{name} = strftime('%Y-%m-%d %H:%M:%f', {name}, ?)" for name in ("created_at", "updated_at"))
    execute(lab, f"UPDATE job SET {times} WHERE id = ?", back, back, job_id)  # noqa: S608 - of fixed names
    lab.cloud.queues.age(QUEUE_NAME, seconds)
    return job_id


def await_idle(lab: Lab) -> None:
    """Wait until no message is left, not even in flight; where another fault keeps some, not for long."""
    processes.until(lambda: not lab.cloud.queues.bodies(QUEUE_NAME), _IDLE_SECONDS, 0.1)


@contextmanager
def nobody_writing(lab: Lab) -> Iterator[None]:
    """Keep every other process from writing to the academy's database; one that is frozen here holds no lock of it."""
    with closing(_connect(lab)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def execute(lab: Lab, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run one SQL statement on the academy's database, in a transaction of its own; return its rows."""
    with closing(_connect(lab)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def _connect(lab: Lab) -> sqlite3.Connection:
    return sqlite3.connect(lab.state.database_url.removeprefix("sqlite:///"), timeout=_LOCK_SECONDS)
