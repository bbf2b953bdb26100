"""What a command does with the lab: up, down, status, env, upload, break, heal. Nothing here prints.

Where no lab runs, or it refuses, each raises `LabError`. ``on_event`` receives each step of the start, for people.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from academy_ops.lab import LabError, control, parts, processes, state
from academy_ops.lab.faults import ALIASES, FAULTS, find
from academy_ops.lab.state import Keys, LabState
from academy_ops.lab.supervisor import ATTACHED
from academy_ops.messages import Text, os_reason, say

_PASSED_ON: Final = ("ACADEMY_LAB_", "ACADEMY_WORKER_STEP_DELAY")
_DOWN_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class LabInfo:
    """A running lab; ``folder`` has every part's log."""

    pid: int
    since: str
    folder: Path
    api_url: str
    aws_url: str
    r2_url: str


@dataclass(frozen=True, slots=True)
class Status:
    """How the running lab is.

    Attributes:
        info: The lab.
        parts: For each part the id of its process, or None where it does not run.
        workers: For each instance the worker's process id, or None where none runs; one that is ending is there yet.
        broken: The faults that were put in and not healed.
    """

    info: LabInfo
    parts: Mapping[str, int | None]
    workers: Mapping[str, int | None]
    broken: Sequence[str]


def up(on_event: Callable[[Text], None] = lambda _text: None) -> LabInfo:
    """Start the lab, which runs until `down`; return once its API answers and a worker polls."""
    process, info = _start(on_event, attached=False)
    # The supervisor outlives this process; there is nothing to wait for, and no pipe to keep.
    process.returncode = 0
    return info


@contextmanager
def running(on_event: Callable[[Text], None] = lambda _text: None) -> Iterator[tuple[LabInfo, Callable[[], int]]]:
    """Start the lab and end it with the ``with`` block, or with this process, however that ends.

    Yields:
        The running lab, and a function that waits until someone ends it.
    """
    process, info = _start(on_event, attached=True)
    try:
        yield info, process.wait
    finally:
        if process.stdin is not None:
            process.stdin.close()
        _wait(process)


def down() -> bool:
    """End the running lab and remove its folder; return whether there was one."""
    place = state.folder()
    current = state.read(place)
    if current is None:
        if state.is_running(place):
            raise state.already_running(place)
        return state.remove_leftovers(place)
    with suppress(ProcessLookupError):
        os.kill(current.pid, signal.SIGTERM)
    if not processes.until(lambda: not state.is_running(place), _DOWN_SECONDS):
        raise LabError(say("The lab (pid {pid}) did not stop. Kill it: kill -9 {pid}", pid=current.pid))
    return True


def status() -> Status | None:
    """Return how the lab is; None when none runs."""
    current = state.read(state.folder())
    if current is None:
        return None
    answer = control.ask(current, "status")
    return Status(_info(current), answer["parts"], answer["workers"], answer["broken"])


def env() -> str:
    """Return a dotenv text that makes every other command talk to the lab."""
    return "".join(f"{name}={value}\n" for name, value in settings().items())


def settings() -> dict[str, str]:
    """Return what `env` writes, as names and values."""
    # A proxy of the user's must not be asked for 127.0.0.1.
    return {**_current().env(), "NO_PROXY": "127.0.0.1,localhost"}


def upload(path: Path | None = None) -> str:
    """Upload a workbook, by default one of five new students, through the API; return its job's id."""
    current = _current()
    if path is None:
        return parts.upload_students(current)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LabError(say("Can't read {path}: {reason}.", path=str(path), reason=os_reason(error))) from error
    return parts.upload(current, path.name, content)


def break_fault(name: str) -> str | None:
    """Put in a fault, named as `find` takes it; return the id of the job that shows it, if any."""
    if (fault := find(name)) is None:
        known = ", ".join(sorted([*FAULTS, *ALIASES]))
        raise LabError(say("No such fault: {name}. Choose from: {known}", name=repr(name), known=known))
    job_id: str | None = control.ask(_current(), "break", fault=fault.name)["job_id"]
    return job_id


def heal() -> Sequence[str]:
    """Undo every fault; return the names of those that were put in."""
    healed: Sequence[str] = control.ask(_current(), "heal")["healed"]
    return healed


def keys_for(policy: Mapping[str, object]) -> Keys:
    """Make a key pair with an IAM policy of its own, in the running lab's AWS."""
    answer = control.ask(_current(), "keys", policy=json.dumps(policy))
    return Keys(answer["key_id"], answer["secret"])


def _start(on_event: Callable[[Text], None], *, attached: bool) -> tuple[subprocess.Popen[bytes], LabInfo]:
    place = state.folder()
    passed = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
    process = subprocess.Popen(
        [sys.executable, "-m", "academy_ops.lab.supervisor", *([ATTACHED] if attached else [])],
        env=processes.clean_env(place, {**passed, state.FOLDER_VARIABLE: str(place)}),
        stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _follow(process, on_event)
    except BaseException:
        # Also Ctrl-C: a lab that nobody waits for must not stay.
        process.terminate()
        _wait(process)
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()
    current = state.read(place)
    if current is None:
        raise LabError(say("The lab exited right after it started."))
    return process, _info(current)


def _follow(process: subprocess.Popen[bytes], on_event: Callable[[Text], None]) -> None:
    for line in process.stdout or ():
        message = json.loads(line)
        if "ready" in message:
            return
        if "error" in message:
            raise LabError(control.from_json(message["error"]))
        on_event(control.from_json(message["event"]))
    raise LabError(say("The lab's supervisor exited with code {code}.", code=process.wait()))


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_DOWN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # its watchdog ends the rest
        process.wait()


def _current() -> LabState:
    current = state.read(state.folder())
    if current is None:
        raise LabError(say("No lab is running. Start one: academy-ops lab up"))
    return current


def _info(current: LabState) -> LabInfo:
    return LabInfo(current.pid, current.since, state.folder(), current.api_url, current.cloud_url, current.r2_endpoint)
