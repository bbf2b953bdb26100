"""What goes wrong in a chaos run, and what systemd and Docker do about it."""

import json
import os
import random
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import boto3
import psutil
from sqlalchemy.exc import SQLAlchemyError

from academy_ops import contract
from academy_ops.contract import LOG_PARSING, LOG_RECEIVED
from academy_ops.lab import LabError, control
from academy_ops.lab.state import LabState
from tests.chaos import database
from tests.chaos.plan import Disturbance

BUSY_SECONDS: Final = 10.0
"""How long to wait for a worker in mid-job."""
FULL_BYTES: Final = 4096
"""Where the disk is full, no process may write further into a file than this."""
RESTART_SECONDS: Final = 1.0
MOST_COPIES: Final = 4


class Trouble:
    """Carries out the disturbances, each in a thread of its own, and starts again what was killed.

    Attributes:
        done: How often each kind was carried out.
        failed: Those that could not be, and why.
        bodies: Every message body that was seen in a queue.
        arguments: Every command line that was seen.
    """

    def __init__(self, lab: LabState, folder: Path, plan: Sequence[Disturbance], dice: random.Random) -> None:
        self.done: Counter[str] = Counter()
        self.failed: list[str] = []
        self.bodies: set[str] = set()
        self.arguments: set[str] = set()
        self._lab = lab
        self._folder = folder
        self._dice = dice
        self._over = threading.Event()
        self._started = time.monotonic()
        self._threads = [threading.Thread(target=self._one, args=(each,), daemon=True) for each in plan]
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._kinds: Mapping[str, Callable[[float], None]] = {
            "kill a worker in mid-job": self._kill_worker,
            "stop a worker": self._stop_worker,
            "kill the API": lambda _seconds: self._kill("api"),
            "kill nginx": lambda _seconds: self._kill("nginx"),
            "kill R2": lambda _seconds: self._kill("rclone"),
            "deliver again, in another order": lambda _seconds: self.deliver_again(),
            "send messages twice": self._send_twice,
            "pause the database": lambda seconds: database.pause(lab.database_url, lambda: self._over.wait(seconds)),
            "fill the disk": self._fill_disk,
        }

    def start(self) -> None:
        """Begin."""
        for thread in (self._keeper, *self._threads):
            thread.start()

    def end(self) -> None:
        """Make no more trouble; what lasts is undone, and what was killed is started again."""
        self._over.set()
        for thread in (*self._threads, self._keeper):
            thread.join()

    def going_on(self) -> bool:
        """Return whether more is to come."""
        return any(thread.is_alive() for thread in self._threads)

    def deliver_again(self) -> None:
        """Let the visibility of every message in flight run out."""
        control.ask(self._lab, "deliver-again")

    def waiting(self) -> dict[str, list[str]]:
        """Return the bodies of the messages in the queue and in the dead-letter queue."""
        found: dict[str, list[str]] = control.ask(self._lab, "messages")
        self.bodies.update(body for bodies in found.values() for body in bodies)
        return found

    def busy_workers(self) -> list[int]:
        """Return the process ids of the workers that are in mid-job, as their logs tell."""
        pids = control.ask(self._lab, "status")["workers"]
        return [pid for name, pid in pids.items() if pid and _in_hand(self._folder / "instances" / name)]

    def look_at_processes(self) -> None:
        """Note every command line of the lab."""
        children = psutil.Process(self._lab.pid).children(recursive=True)
        self.arguments.update(_command(child) for child in children)

    def _one(self, each: Disturbance) -> None:
        if self._over.wait(max(0.0, self._started + each.at - time.monotonic())):
            return
        try:
            self._kinds[each.kind](each.seconds)
        except (LabError, OSError, LookupError, psutil.Error, SQLAlchemyError) as error:
            self.failed.append(f"{each.kind}: {error}")
        else:
            self.done[each.kind] += 1

    def _keep(self) -> None:
        """Start again what was killed, some moments later."""
        while not self._over.wait(RESTART_SECONDS):
            self._tidy()
        self._tidy()

    def _tidy(self) -> None:
        with suppress(LabError, psutil.Error):
            self.look_at_processes()
            self.waiting()
            parts = control.ask(self._lab, "status")["parts"]
            if not all(parts.values()):
                self._over.wait(self._dice.uniform(0, 3 * RESTART_SECONDS))
                control.ask(self._lab, "restart")

    def _kill_worker(self, _seconds: float) -> None:
        ends_at = time.monotonic() + BUSY_SECONDS
        while not (busy := self.busy_workers()) and time.monotonic() < ends_at:
            if self._over.wait(0.1):
                break
        if not busy:
            raise LookupError("no worker was in mid-job")
        os.killpg(self._dice.choice(busy), signal.SIGKILL)

    def _stop_worker(self, _seconds: float) -> None:
        os.kill(self._dice.choice(self._workers()), signal.SIGTERM)

    def _kill(self, part: str) -> None:
        """Kill a service with all that it has started."""
        pid = self._part(part)
        if pid is None:
            raise LookupError("it did not run")
        os.killpg(pid, signal.SIGKILL)

    def _send_twice(self, _seconds: float) -> None:
        """Send what waits, and some of what was there before, once more and in any order."""
        self.waiting()
        sqs = boto3.client(
            "sqs",
            endpoint_url=self._lab.cloud_url,
            region_name=contract.REGION,
            aws_access_key_id=self._lab.operator.key_id,
            aws_secret_access_key=self._lab.operator.secret,
        )
        url = sqs.get_queue_url(QueueName=contract.QUEUE_NAME)["QueueUrl"]
        bodies = sorted(self.bodies, key=lambda body: str(json.loads(body)["job_id"]))
        for body in self._dice.sample(bodies, min(MOST_COPIES, len(bodies))):
            sqs.send_message(QueueUrl=url, MessageBody=body)

    def _fill_disk(self, seconds: float) -> None:
        """Let the API and the workers write no file further than a page: no root is needed for a limit on a process."""
        if sys.platform != "linux":
            raise LookupError("only Linux limits a running process")
        pids = [*filter(None, [self._part("api")]), *self._workers()]
        try:
            for pid in pids:
                _limit(pid, FULL_BYTES)
            self._over.wait(seconds)
        finally:
            for pid in pids:
                _limit(pid, resource.RLIM_INFINITY)

    def _part(self, name: str) -> int | None:
        pid: int | None = control.ask(self._lab, "status")["parts"][name]
        return pid

    def _workers(self) -> list[int]:
        return [pid for pid in control.ask(self._lab, "status")["workers"].values() if pid]


def _command(process: psutil.Process) -> str:
    """Return a process's command line; nothing where it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _in_hand(instance: Path) -> bool:
    try:
        lines = (instance / "container" / "log").read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    last = lines[-1] if lines else ""
    return last.startswith((LOG_RECEIVED, f"{LOG_PARSING} processed_by"))


def _limit(pid: int, size: int) -> None:
    prlimit: Any = getattr(resource, "prlimit", None)
    with suppress(ProcessLookupError):
        prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
