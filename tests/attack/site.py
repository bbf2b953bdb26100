"""The lab under attack: its two schools, its processes' memory, and what it has to answer for."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from functools import cached_property
from itertools import cycle
from pathlib import Path
from typing import Any, Final, TypeVar

import boto3
import psutil

from academy_ops import contract
from academy_ops.academy.excel.child import MEMORY_BYTES
from academy_ops.academy.forks import Forks
from academy_ops.academy.store import Store
from academy_ops.lab import LabError, control
from academy_ops.lab.state import TENANT, LabState
from tests.chaos import audit, database
from tests.commands import IMPORTED, SHELL

T = TypeVar("T")
MIB: Final = 1024 * 1024
BOUNDS: Final = {
    "API": 384 * MIB,
    "worker": 384 * MIB,
    "its reader": MEMORY_BYTES + 64 * MIB,
    "tool": 512 * MIB,
}
"""Resident memory that a process may take, however it is attacked; SECURITY.md states them."""
OTHERS_TOKEN: Final = "token-of-the-other-school"
MARK: Final = "비밀학생"
"""What the names of the other school's students begin with."""
SAMPLE_SECONDS: Final = 0.2
PATIENCE: Final = 4
"""By so much may everything take longer on a machine that has more to do."""


class Site:
    """What the attackers share; threads append.

    Attributes:
        once: Whether everything is sent once, for as long as that takes.
        patience: By how much everything may take longer than it should.
        sent: How many of each kind were sent.
        lost: What was accepted and did not come out as it must.
        leaked: What somebody saw who must not.
        frozen: Who waited too long.
        wrong: Answers, ends and verdicts that must not be.
        largest: The most memory that each part took.
        answers: The texts of all answers.
        tools: What each run of the tool is forked from.
    """

    def __init__(self, lab: LabState, folder: Path, over: threading.Event, *, once: bool) -> None:
        self.lab = lab
        self.once = once
        self.patience = PATIENCE if once else 1
        self.folder = folder
        self.over = over
        self.sent: Counter[str] = Counter()
        self.lost: list[str] = []
        self.leaked: list[str] = []
        self.frozen: list[str] = []
        self.wrong: list[str] = []
        self.largest: Counter[str] = Counter()
        self.answers: list[str] = []
        self.tools = Forks(IMPORTED, SHELL)
        self.their_key = ""

    def rounds(self, ones: Iterable[T]) -> Iterator[T]:
        """Yield what is to be sent, once or without end."""
        return iter(ones) if self.once else cycle(ones)

    def open_other_school(self) -> str:
        """Let another school in, with a job and a workbook of its own; return the job's id."""
        with closing(Store(self.lab.database_url)) as store:
            store.add_token(OTHERS_TOKEN, "other")
            job = store.add_job("other", "excel/other/theirs.xlsx", "hash")
            store.mark_sent(job.id)
            taken = store.claim(job.id)
            if taken is not None:
                row = {"row": 2, "name": MARK, "error": "x"}
                store.finish(taken, [_student()], [row] * 150, "worker")
        self.their_key = job.file_key
        return job.id

    def seen(self, text: str) -> None:
        """Keep an answer to the attackers' own school."""
        if MARK in text:
            self.leaked.append("another school's student in an answer")
        self.answers.append(text[:2000])

    def send(self, body: str) -> None:
        """Put a message in the queue, as SQS would take it."""
        sqs, url = self._queue
        sqs.send_message(QueueUrl=url, MessageBody=body)

    @cached_property
    def _queue(self) -> tuple[Any, str]:
        """A client, and the queue's address."""
        sqs = boto3.client(
            "sqs",
            endpoint_url=self.lab.cloud_url,
            region_name=contract.REGION,
            aws_access_key_id=self.lab.operator.key_id,
            aws_secret_access_key=self.lab.operator.secret,
        )
        return sqs, sqs.get_queue_url(QueueName=contract.QUEUE_NAME)["QueueUrl"]

    def kill_a_worker(self) -> None:
        """Kill one, as a kernel without memory would, and let its message come back."""
        with suppress(LabError, ProcessLookupError):
            pids = [pid for pid in control.ask(self.lab, "status")["workers"].values() if pid]
            if pids:
                os.killpg(pids[0], signal.SIGKILL)
                self.sent["kills"] += 1
            control.ask(self.lab, "deliver-again")

    def watch_memory(self) -> None:
        """Note the memory of every part until it is over."""
        while not self.over.wait(SAMPLE_SECONDS):
            with suppress(LabError):
                result = control.ask(self.lab, "status")
                self._measure("API", result["parts"]["api"])
                for worker in result["workers"].values():
                    self._measure("worker", worker, "its reader")
            self._measure("", self.tools.pid, "tool")

    def _measure(self, part: str, pid: int | None, below: str = "") -> None:
        """Note what a process has taken, and what those that it has started have."""
        with suppress(psutil.Error):
            if pid and part:
                self.largest[part] = max(self.largest[part], _taken(pid))
            for child in psutil.Process(pid).children(recursive=below != "tool") if pid and below else ():
                self.largest[below] = max(self.largest[below], _taken(child.pid))

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Return the rows of all jobs."""
        return {str(row["id"]): row for row in database.rows(self.lab.database_url, "job")}

    def account(self) -> None:
        """Look for what is left, out of place or told to whom it must not be."""
        for job in self.jobs().values():
            if job["status"] not in contract.ENDED:
                self.lost.append(f"job {job['id']} is {job['status']}")
        students = database.rows(self.lab.database_url, "student")
        self.leaked += [
            f"{one['name']} in {TENANT}" for one in students if MARK in one["name"] and one["tenant"] == TENANT
        ]
        self.wrong += [f"a student twice: {count}" for one, count in _counted(students) if count > 1]
        self.wrong += self._objects_without_a_job()
        self.wrong += [
            f"a traceback in {path.name}" for path in self._logs() if "Traceback" in path.read_text("utf-8", "replace")
        ]
        secrets = audit.secrets_of(self.lab, self.folder, ()) | {OTHERS_TOKEN: "another school's token"}
        self.leaked += audit.leaks(secrets, self.folder, {"an answer": self.answers})
        self.wrong += [
            f"{part} took {self.largest[part] // MIB} MiB" for part, most in BOUNDS.items() if self.largest[part] > most
        ]

    def _objects_without_a_job(self) -> Iterator[str]:
        r2 = boto3.client(
            "s3",
            endpoint_url=self.lab.r2_endpoint,
            region_name=contract.R2_REGION,
            aws_access_key_id=self.lab.r2.key_id,
            aws_secret_access_key=self.lab.r2.secret,
        )
        keys = {str(job["file_key"]) for job in self.jobs().values()}
        for page in r2.get_paginator("list_objects_v2").paginate(Bucket=contract.BUCKET_NAME, Prefix="excel/"):
            yield from (f"{one['Key']} has no job" for one in page.get("Contents", ()) if one["Key"] not in keys)

    def _logs(self) -> Iterator[Path]:
        yield from (path for path in self.folder.rglob("*") if path.is_file() and path.name.endswith("log"))


def _taken(pid: int) -> int:
    """Return the most memory that a process has taken so far, where the system says that; else what it has now."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)
    except OSError:
        taken: int = psutil.Process(pid).memory_info().rss
        return taken


def _student() -> dict[str, object]:
    columns = ("phone", "gender", "school_type", "school", "grade", "class_name", "track", "memo")
    return {"name": f"{MARK}하나", "parent_phone": "01099998888", **dict.fromkeys(columns)}


def _counted(students: list[dict[str, Any]]) -> list[tuple[str, int]]:
    keys = (json.dumps([one["tenant"], one["name"], one["parent_phone"]]) for one in students)
    return list(Counter(keys).items())
