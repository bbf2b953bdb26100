"""Time that has passed in the lab without anybody waiting for it.

Some causes are told only after minutes: a message that nobody takes, a job that does not move. What the lab's parts
have written down of the past is moved back, and nothing else.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from academy_ops.lab import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from academy_ops.lab.parts import Lab

_LOCK_SECONDS: Final = 10.0


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


def age_job(lab: Lab, job_id: str, seconds: int) -> None:
    """Let a job, and every message in the queue, be so much older."""
    back = f"-{seconds} seconds"
    times = ", ".join(f"{name} = strftime('%Y-%m-%d %H:%M:%f', {name}, ?)" for name in ("created_at", "updated_at"))
    execute(lab, f"UPDATE job SET {times} WHERE id = ?", back, back, job_id)  # noqa: S608 - of fixed names
    for message in lab.cloud.messages(names.QUEUE):
        message.sent_timestamp -= seconds * 1000


def age_instances(lab: Lab, seconds: int) -> None:
    """Let every instance of the group be so much older."""
    group = lab.cloud.scaling.backend.autoscaling_groups.get(names.GROUP)
    for state in list(group.instance_states) if group else ():
        state.instance.launch_time -= timedelta(seconds=seconds)
