"""One worker container: a real process, kept alive as ``docker run --restart unless-stopped`` would.

Its folder holds what the ``docker`` shim answers from: ``inspect`` (what a template may ask for, and its value),
``log`` and ``log.times`` (when each line was written: seconds, and as Docker shows it).
"""

import hashlib
import json
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
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
_NOT_FOUND: Final = 127
_REPOSITORY: Final = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/academy-ai-worker"
_LOG_OPTIONS: Final = ("awslogs-group", "awslogs-region", "awslogs-stream", "cache-disabled")


@dataclass(frozen=True, slots=True)
class Image:
    """What a container runs.

    Attributes:
        command: Program and arguments.
        env: Variables that the image itself sets.
        memory_lasts: Seconds after which the kernel kills it for lack of memory; None when there is enough.
        of_child: The kernel kills a child of it, and it goes on.
        silent: It writes no log.
        age: By so many seconds its start and its log lines are shown to be older.
        memory_limit: Its own limit in bytes; 0 for none.
        of_host: The host's memory runs out, not the container's: the kernel says so, and Docker does not.
        digest: Its digest in the registry.
        health: What its health check says; empty without one.
        log_driver: Docker's driver of its log.
        log_options: That driver's options.
        of_unit: A unit of systemd runs it, and Docker forgets it at the end of each run.
        restarts: Whether it is started again when it ends.
        name: The container's name, where that is not the workers' own.
    """

    command: tuple[str, ...] = WORKER
    env: Mapping[str, str] = field(default_factory=dict)
    memory_lasts: float | None = None
    silent: bool = False
    age: int = 0
    of_host: bool = False
    digest: str = "sha256:" + "1" * 64
    health: str = ""
    log_driver: str = "json-file"
    log_options: Mapping[str, str] = field(default_factory=dict)
    of_unit: bool = False
    restarts: bool = True
    name: str = ""
    of_child: bool = False
    memory_limit: int = 0


class Container:
    """A container with one process."""

    def __init__(
        self,
        folder: Path,
        name: str,
        image: Image,
        env: Mapping[str, str],
        host_env: Mapping[str, str],
        *,
        ship: Callable[[str, float], None] = lambda _line, _at: None,
    ) -> None:
        """Create it; it does not run yet.

        ``docker inspect`` shows ``env``, but not what the host adds: addresses and the instance profile's credentials.
        ``ship`` takes each line of the log, and when it was written, to where the log driver sends it.
        """
        self._folder = folder
        self._ship = ship
        self._image = image
        self._env = {**host_env, **image.env, **env}
        self._stopping = threading.Event()
        self._process: processes.Process | None = None
        self.restarts = 0
        self.out_of_memory = False
        self._started_at = self._finished_at = _NEVER
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        self._made = description(image.name or name, image, env)
        for empty in ("log", "log.times", "oom-kills"):
            (folder / empty).touch()
        if image.of_unit:
            (folder / "unit").touch()
        self._write_state("created", pid=0, code=0)
        self._thread = threading.Thread(target=self._run, name=f"container {folder.parent.name}", daemon=True)

    def start(self) -> None:
        """Run it until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End the process, with everything it started, and do not restart it."""
        self._stopping.set()
        if (frozen := self._process) is not None:
            frozen.send_signal(signal.SIGCONT)
        # The process may be replaced while we look; the thread ends only when none is left.
        while self._thread.is_alive():
            if (process := self._process) is not None:
                processes.stop(process)
            self._thread.join(0.1)

    def pause(self) -> None:
        """Freeze its process; `stop` ends it all the same."""
        if (process := self._process) is not None:
            process.send_signal(signal.SIGSTOP)
            self._write_state("paused", pid=process.pid, code=0)

    def refuse(self, status: str, error: str = "") -> None:
        """Show it as one that Docker could not start, or not remove."""
        self._write_state(status, pid=0, code=_NOT_FOUND if error else 0, error=error)

    def remove(self) -> None:
        """Stop it, and forget it."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        """The process's id, or None when none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def has_ended(self) -> bool:
        """Whether its process has ended, of itself or not, at least once."""
        return self._finished_at != _NEVER

    def _run(self) -> None:
        delay = _FIRST_DELAY
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = self._run_once()
            if time.monotonic() - begun > _GOOD_RUN_SECONDS:
                delay = _FIRST_DELAY
            self._finished_at = _shown()
            ends = self._stopping.is_set() or not self._image.restarts
            self._write_state("exited" if ends else "restarting", pid=0, code=code)
            if self._image.of_unit and not self._stopping.is_set():
                with (self._folder / "unit").open("a", encoding="utf-8") as journal:
                    how = f"code=exited, status={code}/n/a"
                    journal.write(f"{self._finished_at} lab systemd[1]: worker.service: Main process exited, {how}\n")
            if ends:
                return
            if self._stopping.wait(delay):
                self._write_state("exited", pid=0, code=code)
                return
            self.restarts += 1
            delay = min(_LONGEST_DELAY, delay * 2)

    def _run_once(self) -> int:
        self.out_of_memory = False
        self._started_at = _shown(self._image.age)
        process = processes.spawn(self._image.command, self._env, subprocess.PIPE, self._folder)
        self._process = process
        self._write_state("running", pid=process.pid, code=0)
        log = threading.Thread(target=self._keep_log, args=(process,), name="log", daemon=True)
        log.start()
        try:
            process.wait(self._image.memory_lasts)
        except subprocess.TimeoutExpired:
            self.out_of_memory = not self._image.of_host
            kept = "kernel-kills" if self._image.of_host else "oom-kills"
            with (self._folder / kept).open("a", encoding="utf-8") as kills:
                kills.write(f"{time.time():.0f}\n")
            if self._image.of_child:
                self._write_state("running", pid=process.pid, code=0)
            else:
                process.send_signal(signal.SIGKILL)
        code = process.wait()
        processes.kill_group(process)
        log.join()
        return code if code >= 0 else _KILLED - code

    def _keep_log(self, process: processes.Process) -> None:
        if process.stdout is None:
            return
        with (self._folder / "log").open("ab", 0) as log, (self._folder / "log.times").open("ab", 0) as times:
            for line in process.stdout if not self._image.silent else ():
                age = self._image.age
                times.write(f"{time.time() - age:.0f} {_shown(age)}\n".encode())
                log.write(line if line.endswith(b"\n") else line + b"\n")
                self._ship(line.decode("utf-8", "replace").rstrip("\n"), time.time() - age)

    def _write_state(self, status: str, *, pid: int, code: int, error: str = "") -> None:
        state = {
            "Status": status,
            "Running": status in {"running", "restarting", "paused"},
            "Paused": status == "paused",
            "Restarting": status == "restarting",
            "OOMKilled": self.out_of_memory,
            "Dead": status == "dead",
            "Pid": pid,
            "ExitCode": code,
            "Error": error,
            "StartedAt": self._started_at,
            "FinishedAt": self._finished_at,
        }
        write_inspect(self._folder, self._made, state, 0 if self._image.of_unit else self.restarts)


def image_name(image: Image) -> str:
    """Return an image's name in the registry, by its digest."""
    return f"{_REPOSITORY}@{image.digest}"


def description(name: str, image: Image, env: Mapping[str, str]) -> dict[str, object]:
    """Return what does not change of what ``docker inspect`` tells."""
    variables = {f".Config.Env.{n}": f"{key}={value}" for n, (key, value) in enumerate(env.items(), 1)}
    options = {f".HostConfig.LogConfig.Config {key}": image.log_options.get(key, "") for key in _LOG_OPTIONS}
    return {
        ".ID": secrets.token_hex(32),
        ".Name": f"/{name}",
        ".Names": name,
        ".Created": _shown(image.age),
        ".Path": image.command[0],
        ".Args": f"[{' '.join(image.command[1:])}]",
        ".Image": "sha256:" + hashlib.sha256(image.digest.encode()).hexdigest(),
        ".Config.Image": image_name(image),
        ".Config.Env": len(env),
        **variables,
        "join .RepoDigests  ": image_name(image),
        ".HostConfig.RestartPolicy.Name": "no" if image.of_unit or not image.restarts else "unless-stopped",
        ".HostConfig.NetworkMode": "default",
        ".HostConfig.Memory": image.memory_limit,
        ".HostConfig.LogConfig.Type": image.log_driver,
        **options,
        ".State.Health": image.health,
        ".State.Health.Status": image.health,
        ".State.Health.Log": int(bool(image.health)),
        ".State.Health.Log.1.Output": "the queue has not been polled for 60 s\n",
    }


def write_inspect(folder: Path, made: Mapping[str, object], state: Mapping[str, object], restarts: int) -> None:
    """Write what ``docker inspect`` tells: the `description`, and the ``State`` as Docker writes it."""
    fields = {
        **made,
        ".State": json.dumps(state, separators=(",", ":")),
        **{f".State.{key}": str(value).lower() if isinstance(value, bool) else value for key, value in state.items()},
        ".RestartCount": restarts,
    }
    escaped = {key: str(value).replace("\\", "\\\\").replace("\n", "\\n") for key, value in fields.items()}
    draft = folder / "inspect.new"
    draft.write_text("".join(f"{key}\t{value}\n" for key, value in escaped.items()), encoding="utf-8")
    draft.replace(folder / "inspect")


def _shown(age: int = 0) -> str:
    return (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
