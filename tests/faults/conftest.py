"""One lab for all faults of a test process, driven by the commands that a user has."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOREIGN = ("AWS_", "ACADEMY_", "R2_", "AI_", "EXCEL_", "WORKER_", "DATABASE_")


@dataclass(frozen=True)
class Lab:
    """A running lab, and the commands to use it."""

    folder: Path

    def command(self, *arguments: str, **environ: str | None) -> subprocess.CompletedProcess[str]:
        """Run ``academy-ops`` in the lab's environment, changed by ``environ`` (None leaves a variable out)."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        changed = {**mine, "ACADEMY_LAB_DIR": str(self.folder / "lab"), "LANG": "C.UTF-8", **environ}
        return subprocess.run(
            [sys.executable, "-m", "academy_ops", *arguments],
            cwd=self.folder,
            env={name: value for name, value in changed.items() if value is not None},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )

    def do(self, *arguments: str) -> str:
        """Run a command that must succeed; return the last word it printed."""
        done = self.command(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1] if done.stdout.split() else ""

    def settings(self) -> dict[str, str]:
        """Return the lab's settings."""
        text = self.command("lab", "env").stdout
        return dict(line.split("=", 1) for line in text.splitlines())

    def diagnose(self, *arguments: str, **environ: str | None) -> "Told":
        """Diagnose with the lab's settings, changed by ``environ``."""
        settings: dict[str, str | None] = {**self.settings(), "AWS_EC2_METADATA_DISABLED": "true"}
        done = self.command("diagnose", *arguments, "-o", "json", **{**settings, **environ})
        assert done.stdout, done.stderr
        return Told(done.returncode, json.loads(done.stdout))

    def ended(self, job_id: str) -> str:
        """Wait until a job has ended; return its id."""
        self.command("--env-file", str(self.env_file()), "watch", job_id, "--timeout", "60")
        return job_id

    def env_file(self) -> Path:
        """Return an env file of the lab."""
        path = self.folder / "lab.env"
        path.write_text(self.command("lab", "env").stdout, encoding="utf-8")
        return path


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


@pytest.fixture(scope="session")
def running_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("faults"))
    lab.do("lab", "up", "--detach")
    yield lab
    lab.do("lab", "down")


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    """The lab, healthy at the start of each test."""
    yield running_lab
    healed = running_lab.command("lab", "heal")
    assert healed.returncode == 0, healed.stderr
    _wait_for_worker(running_lab)


def _wait_for_worker(lab: Lab) -> None:
    """Wait until the group's worker is back, so that the next test starts from the same state."""
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        if "worker process" in lab.command("lab", "status").stdout:
            return
        time.sleep(0.5)
    pytest.fail("no worker came back after healing")
