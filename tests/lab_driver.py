"""A running lab, driven by the commands that a user has."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from academy_ops.lab import control, operate, state
from academy_ops.lab.aws.resources import client, empty_queue
from academy_ops.lab.processes import until
from academy_ops.lab.state import Keys
from tests.commands import Done, academy_ops

ADDRESSES = ("AWS_ENDPOINT_URL", "R2_ENDPOINT", "ACADEMY_API_URL", "ACADEMY_ORIGIN_URL", "ACADEMY_APP_URL")
"""The settings that name a server of the lab."""


@dataclass(frozen=True)
class Lab:
    """A running lab, and the commands to use it."""

    folder: Path
    known: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str, **environ: str | None) -> Done:
        """Run ``academy-ops`` in the lab's environment, changed by ``environ`` (None leaves a variable out)."""
        lab = {
            "ACADEMY_LAB_DIR": str(self.folder / "lab"),
            # The autoscaler must not scale in between what a test does and what it asserts.
            "ACADEMY_LAB_AUTOSCALE_SECONDS": "3600",
            "ACADEMY_LAB_BOOT_SECONDS": "0.3",
            "LANG": "C.UTF-8",
            **environ,
        }
        mine = {name: value for name, value in lab.items() if value is not None}
        return academy_ops(*arguments, cwd=self.folder, **mine)

    def do(self, *arguments: str) -> str:
        """Run a command that must succeed; return the last word it printed."""
        done = self.command(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1] if done.stdout.split() else ""

    @property
    def evidence(self) -> Path:
        """Where a test saves what was observed."""
        return self.folder / "evidence.json"

    def settings(self) -> dict[str, str]:
        """Return the lab's settings; they stay the same while it runs."""
        if not self.known:
            lines = self.command("lab", "env").stdout.splitlines()
            self.known.update({name: value for name, _, value in (line.partition("=") for line in lines)})
        return self.known

    def diagnose(self, *arguments: str, **environ: str | None) -> "Told":
        """Diagnose with the lab's settings, changed by ``environ``."""
        done = self.tool("diagnose", *arguments, "-o", "json", **environ)
        assert done.stdout, done.stderr
        result = Told(done.returncode, json.loads(done.stdout))
        for finding in result.document["findings"]:
            print(finding["check"], finding["status"], finding["evidence"])  # noqa: T201 - pytest shows it of a failed test
        return result

    def tool(self, *arguments: str, **environ: str | None) -> Done:
        """Run a command with the lab's settings, changed by ``environ``."""
        return self.command(*arguments, **{**self.settings(), **environ})

    def ended(self, job_id: str) -> str:
        """Wait until a job has ended; return its id."""
        self.tool("watch", job_id, "--timeout", "60")
        return job_id

    def secrets(self) -> set[str]:
        """Return every secret value in play: what the tool is given, and what the lab's parts have among themselves."""
        state = json.loads((self.folder / "lab" / "state.json").read_text("utf-8"))
        inner = {value for part in state.values() if isinstance(part, dict) for value in part.values()}
        tokens = {value for name, value in state.items() if name.endswith("_token")}
        given = {value for name, value in self.settings().items() if re.search("KEY|SECRET|TOKEN", name)}
        return inner | tokens | given | {"lab-1234"}

    def leaks(self) -> list[str]:
        """Return the names of the logs of the lab's parts that hold a secret."""
        logs = [path for path in (self.folder / "lab").rglob("*") if path.is_file() and path.name.endswith("log")]
        texts = {str(path): path.read_text("utf-8", "replace") for path in logs}
        secrets = self.secrets()
        return [name for name, text in texts.items() if any(secret in text for secret in secrets)]

    def ended_job(self) -> str:
        """Return a job that is done, always the same; the lab must be well when it is asked for first."""
        if "ended" not in self.jobs:
            self.jobs["ended"] = self.ended(self.upload())
        return self.jobs["ended"]

    def keys_without(self, *denied: str) -> dict[str, str]:
        """Return AWS keys that may do everything but ``denied``."""
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        statements = [everything, {**everything, "Effect": "Deny", "Action": denied}]
        with self.operated():
            keys = operate.keys_for({"Version": "2012-10-17", "Statement": statements})
        return {"AWS_ACCESS_KEY_ID": keys.key_id, "AWS_SECRET_ACCESS_KEY": keys.secret}

    @contextmanager
    def operated(self) -> Iterator[None]:
        """Let `academy_ops.lab.operate` find this lab: what its commands do, without a process for each."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("ACADEMY_LAB_DIR", str(self.folder / "lab"))
            yield

    def break_fault(self, name: str) -> str | None:
        """Put a fault in; return the job that shows it, where it made one."""
        with self.operated():
            return operate.break_fault(name)

    def upload(self) -> str:
        """Upload a workbook; return the job's id."""
        with self.operated():
            return operate.upload()

    def wait_for_worker(self) -> None:
        """Wait until the group has one instance, whose worker runs: every test starts from the same state."""
        with self.operated():
            assert until(lambda: None not in (workers := _workers()) and len(workers) == 1, 60), "no worker came back"

    def start_afresh(self) -> None:
        """Undo every fault and empty the queues: no test leaves a message to the next."""
        with self.operated():
            operate.heal()
            self.wait_for_worker()
            if not until(self._emptied, 5):  # a message that is delayed, or in flight to nobody
                operate.break_fault("queue-missing")
                operate.heal()

    def _emptied(self) -> bool:
        """Remove what waits; return whether nothing is left."""
        found = state.read(state.folder())
        assert found is not None
        waiting = [name for name, messages in control.ask(found, "messages").items() if messages]
        for name in waiting:
            empty_queue(self.client, name)
        return not waiting

    def client(self, service: str) -> Any:
        """Return a client that may do everything in the lab's AWS."""
        return client(self.settings()["AWS_ENDPOINT_URL"], self._keys, service)

    @cached_property
    def _keys(self) -> Keys:
        with self.operated():
            return operate.keys_for(
                {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
            )


def _workers() -> list[int | None]:
    """Return the process ids of the lab's workers."""
    status = operate.status()
    return list(status.workers.values()) if status else []


@dataclass(frozen=True)
class Told:
    """What a diagnosis said."""

    exit_code: int
    document: dict[str, Any]

    @property
    def verdict(self) -> dict[str, Any]:
        """The verdict."""
        verdict: dict[str, Any] = self.document["verdict"]
        return verdict

    @property
    def short(self) -> tuple[int, str, str | None]:
        """Exit code, status and cause."""
        return self.exit_code, self.verdict["status"], self.verdict["cause"]

    def findings(self, check: str) -> list[dict[str, Any]]:
        """Return the findings of one check."""
        return [finding for finding in self.document["findings"] if finding["check"] == check]
