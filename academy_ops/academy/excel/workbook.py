"""Reads a workbook through the bounded child process."""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Protocol

from academy_ops.academy.excel import child, kinds
from academy_ops.academy.excel.records import (
    Content,
    IgnoredColumn,
    LeftOutSheet,
    LeftOutValue,
    Rejected,
    Sheet,
    Skipped,
    Student,
    WorkbookError,
)
from academy_ops.contract import MAX_UPLOAD_BYTES

WALL_SECONDS: Final = 90.0
KEPT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""What the child gets of the environment: none of the worker's secrets."""
_TOO_LARGE: Final = "엑셀 파일이 너무 커서 읽을 수 없습니다. 빈 셀 서식과 먼 셀을 지우고 학생 행만 남겨 주세요."
_RECORDS: Final[tuple[Any, ...]] = (Student, Rejected, Skipped, Sheet, LeftOutSheet, IgnoredColumn, LeftOutValue)
"""What the lists of `Content` hold, in its order; the last one holds words."""
_COMPLAINTS: Final = 1 << 16


class ReaderError(Exception):
    """The reader itself is broken, whatever the workbook; ``str()`` is its last line."""


class LateError(WorkbookError):
    """Time is up; a file that a school really sends takes a few seconds at most."""

    def __init__(self) -> None:
        super().__init__("too-large", _TOO_LARGE)


class _DiedError(Exception):
    """The child was ended by one of its bounds, or by the allocator."""


class Process(Protocol):
    """A child that was started; `subprocess.Popen` is one."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """What it says."""

    def wait(self) -> int:
        """Return its exit code once it has ended."""

    def kill(self) -> None:
        """End it."""


Start = Callable[[Sequence[str], Mapping[str, str], IO[bytes]], Process]
"""Starts a command with its whole environment, its stdout to a pipe and its stderr to a file."""


def new_process(command: Sequence[str], env: Mapping[str, str], errors: IO[bytes]) -> Process:
    """Start a child in a new interpreter."""
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=env)


def read(path: Path, seconds: float = WALL_SECONDS, *, production: bool = False, start: Start = new_process) -> Content:
    """Read the workbook at ``path``; for ``production``, look, too, for what the production parser does not take.

    Raises:
        WorkbookError: It can't be read or used; the message is for the school.
        LateError: It takes too long.
        ReaderError: The child can't read any workbook, as when a package is missing.
        InterruptedError: Someone interrupted the child; another try may succeed.
    """
    if path.stat().st_size > MAX_UPLOAD_BYTES:
        raise WorkbookError("too-large", kinds.TOO_LARGE)
    with path.open("rb") as file:
        if why := kinds.refusal(file):
            raise WorkbookError("unreadable", why)
    deadline, options = time.monotonic() + seconds, [child.PRODUCTION] if production else []
    try:
        return _read(start, path, deadline, *options)
    except _DiedError:
        # Perhaps of a stray cell far away, which the other reader does not mind.
        try:
            return _read(start, path, deadline, child.FRUGAL, *options)
        except _DiedError:
            raise WorkbookError("too-large", _TOO_LARGE) from None


def _read(start: Start, path: Path, deadline: float, *options: str) -> Content:
    command = [sys.executable, "-m", child.__name__, str(path.resolve()), *options]
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    late = threading.Event()
    with tempfile.TemporaryFile() as complaints:
        process = start(command, env, complaints)

        def end() -> None:
            late.set()
            process.kill()

        alarm = threading.Timer(max(0.0, deadline - time.monotonic()), end)
        alarm.start()
        try:
            with process.stdout or io.BytesIO() as stdout:
                said = stdout.read(child.MOST_OUTPUT + 1)
            if len(said) > child.MOST_OUTPUT:
                raise WorkbookError("too-large", _TOO_LARGE)
            code = process.wait()
        finally:
            alarm.cancel()
            process.kill()
            process.wait()
        if code == 0:
            return _content(said)
        if late.is_set():
            raise LateError
        raise _reason(code, complaints)


def _content(said: bytes) -> Content:
    """Read what the child has said.

    Raises:
        WorkbookError: That it can't use the workbook.
        ReaderError: Something else.
    """
    try:
        answer: Any = json.loads(said)
        if isinstance(answer, dict):
            raise WorkbookError(answer["problem"], answer["message"])
        *lists, stricter = answer
        parts = [tuple(map(kind._make, part)) for kind, part in zip(_RECORDS, lists, strict=True)]
        return Content._make([*parts, tuple(stricter)])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ReaderError(f"엑셀을 읽는 프로그램의 오류입니다: {type(error).__name__}") from error


def _reason(code: int, complaints: IO[bytes]) -> Exception:
    """Return why the child ended early."""
    if code in {-signal.SIGINT, -signal.SIGTERM}:
        return InterruptedError("the workbook's reader was interrupted")
    if code < 0 or code == child.EXIT_TOO_LARGE:
        return _DiedError()
    complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - _COMPLAINTS))
    last = complaints.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
    return ReaderError(f"엑셀을 읽는 프로그램의 오류입니다: {last[:500]}")
