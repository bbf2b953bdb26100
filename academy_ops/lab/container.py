"""One worker container: a real process, kept alive as ``docker run --restart unless-stopped`` would.

Its folder holds what the ``docker`` shim answers from: ``name``, ``state.json``, ``restarts``, ``env``, ``log`` and
``log.times`` (when each line was written: seconds, and as Docker shows it).
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from academy_ops.lab import processes

WORKER: Final = (sys.executable, "-m", "academy_ops", "serve", "worker")
_NEVER: Final = "0001-01-01T00:00:00Z"
# Docker's own numbers: the delay doubles from 100 ms up to a minute, and starts anew after 10 s of good run.
_FIRST_DELAY: Final = 0.1
_LONGEST_DELAY: Final = 60.0
_GOOD_RUN_SECONDS: Final = 10.0
_KILLED: Final = 128


@dataclass(frozen=True, slots=True)
class Image:
    """What a container runs.

    Attributes:
        command: Program and arguments.
        env: Variables that the image itself sets.
        memory_lasts: Seconds after which the kernel kills it for lack of memory; None when there is enough.
        silent: It writes no log.
        age: By so many seconds its start and its log lines are shown to be older.
        of_host: The host's memory runs out, not the container's: the kernel says so, and Docker does not.
    """

    command: tuple[str, ...] = WORKER
    env: Mapping[str, str] = field(default_factory=dict)
    memory_lasts: float | None = None
    silent: bool = False
    age: int = 0
    of_host: bool = False


class Container:
    """A container with one process."""

    def __init__(
        self, folder: Path, name: str, image: Image, env: Mapping[str, str], host_env: Mapping[str, str]
    ) -> None:
        """Create it; it does not run yet.

        Args:
            folder: Its folder, made here.
            name: Its name.
            image: What it runs.
            env: Its environment, as ``docker inspect`` shows it.
            host_env: What the host adds unseen: addresses, and the instance profile's credentials.
        """
        self._folder = folder
        self._image = image
        self._env = {**host_env, **image.env, **env}
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self._out_of_memory = False
        self._started_at = _NEVER
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        (folder / "name").write_text(f"{name}\n", encoding="utf-8")
        (folder / "env").write_text("".join(f"{key}={value}\n" for key, value in env.items()), encoding="utf-8")
        for empty in ("log", "log.times", "oom-kills"):
            (folder / empty).touch()
        self._write_state("created", pid=0, code=0, finished_at=_NEVER)
        self._thread = threading.Thread(target=self._run, name=f"container {folder.parent.name}", daemon=True)

    def start(self) -> None:
        """Run it until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End the process, with everything it started, and do not restart it."""
        self._stopping.set()
        # The process may be replaced while we look; the thread ends only when none is left.
        while self._thread.is_alive():
            if (process := self._process) is not None:
                processes.stop(process)
            self._thread.join(0.1)

    def remove(self) -> None:
        """Stop it, and forget it."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        """The process's id, or None when none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def _run(self) -> None:
        delay = _FIRST_DELAY
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = self._run_once()
            if time.monotonic() - begun > _GOOD_RUN_SECONDS:
                delay = _FIRST_DELAY
            finished_at = _shown()
            if self._stopping.is_set():
                self._write_state("exited", pid=0, code=code, finished_at=finished_at)
                return
            self._write_state("restarting", pid=0, code=code, finished_at=finished_at)
            if self._stopping.wait(delay):
                self._write_state("exited", pid=0, code=code, finished_at=finished_at)
                return
            self.restarts += 1
            delay = min(_LONGEST_DELAY, delay * 2)

    def _run_once(self) -> int:
        self._out_of_memory = False
        self._started_at = _shown(self._image.age)
        process = processes.spawn(self._image.command, self._env, subprocess.PIPE, self._folder)
        self._process = process
        self._write_state("running", pid=process.pid, code=0, finished_at=_NEVER)
        log = threading.Thread(target=self._keep_log, args=(process,), name="log", daemon=True)
        log.start()
        try:
            process.wait(self._image.memory_lasts)
        except subprocess.TimeoutExpired:
            self._out_of_memory = not self._image.of_host
            kept = "kernel-kills" if self._image.of_host else "oom-kills"
            with (self._folder / kept).open("a", encoding="utf-8") as kills:
                kills.write(f"{time.time():.0f}\n")
            process.send_signal(signal.SIGKILL)
            process.wait()
        processes.kill_group(process)
        log.join()
        return process.returncode if process.returncode >= 0 else _KILLED - process.returncode

    def _keep_log(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with (self._folder / "log").open("ab", 0) as log, (self._folder / "log.times").open("ab", 0) as times:
            for line in process.stdout if not self._image.silent else ():
                age = self._image.age
                times.write(f"{time.time() - age:.0f} {_shown(age)}\n".encode())
                log.write(line if line.endswith(b"\n") else line + b"\n")

    def _write_state(self, status: str, *, pid: int, code: int, finished_at: str) -> None:
        state = {
            "Status": status,
            "Running": status in {"running", "restarting"},
            "Paused": False,
            "Restarting": status == "restarting",
            "OOMKilled": self._out_of_memory,
            "Dead": False,
            "Pid": pid,
            "ExitCode": code,
            "Error": "",
            "StartedAt": self._started_at,
            "FinishedAt": finished_at,
        }
        _replace(self._folder / "restarts", f"{self.restarts}\n")
        _replace(self._folder / "state.json", json.dumps(state, separators=(",", ":")) + "\n")


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _shown(age: int = 0) -> str:
    return (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
