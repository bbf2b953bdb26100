"""Reads a workbook through the bounded child process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from academy_ops.academy.excel import child as excel_child
from academy_ops.academy.excel.records import Cell, Content, WorkbookError
from academy_ops.academy.excel.understanding import understand
from academy_ops.contract import XLSX_START

WALL_SECONDS: Final = 90.0
_MOST_ROWS: Final = 300_000
_LONGEST_LINE: Final = 8 * 1024 * 1024
_KEPT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""What the child gets of the environment: none of the worker's secrets."""
_NOT_XLSX: Final = "엑셀 파일을 열 수 없습니다 (File is not a zip file). 암호 없는 .xlsx 파일로 저장해 주세요."
_TOO_LARGE: Final = "엑셀 파일이 너무 커서 읽을 수 없습니다. 빈 셀 서식과 먼 셀을 지우고 학생 행만 남겨 주세요."


class ReaderError(Exception):
    """The reader itself is broken, whatever the workbook; ``str()`` is its last line."""


def read(path: Path) -> Content:
    """Read the workbook at ``path``.

    Args:
        path: The file; its name does not matter.

    Returns:
        Its students and rejected rows.

    Raises:
        WorkbookError: It can't be read or used; the message is for the school.
        ReaderError: The child can't read any workbook, as when a package is missing.
        InterruptedError: Someone interrupted the child; another try may succeed.
    """
    with path.open("rb") as start:
        if start.read(len(XLSX_START)) != XLSX_START:
            raise WorkbookError("unreadable", _NOT_XLSX)
    command = [sys.executable, "-m", "academy_ops.academy.excel.child", str(path.resolve())]
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints, env=env
        ) as child,
    ):
        alarm = threading.Timer(WALL_SECONDS, child.kill)
        alarm.start()
        try:
            return understand(_sheets(_lines(child.stdout)))
        except _CutOffError:
            raise _reason(child.wait(), complaints) from None
        finally:
            alarm.cancel()
            child.kill()


class _CutOffError(Exception):
    """The child ended before its output was complete."""


def _reason(code: int, complaints: IO[bytes]) -> Exception:
    """Return why the child ended early."""
    if code == excel_child.EXIT_UNREADABLE:
        return WorkbookError("unreadable", _NOT_XLSX)
    if code in {-signal.SIGINT, -signal.SIGTERM}:
        return InterruptedError("the workbook's reader was interrupted")
    if code < 0 or code == excel_child.EXIT_TOO_LARGE:
        # Ended by one of its bounds, or by the allocator: the workbook asks for more than a workbook needs.
        return WorkbookError("too-large", _TOO_LARGE)
    complaints.seek(0)
    last = complaints.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
    return ReaderError(f"엑셀을 읽는 프로그램의 오류입니다: {last[:500]}")


def _sheets(lines: Iterable[bytes]) -> Iterator[tuple[str, Iterator[Sequence[Cell]]]]:
    """Take the child's output apart."""
    values = map(json.loads, map(bytes.decode, lines))
    for value in values:
        if value == excel_child.END:
            return
        if isinstance(value, dict):
            yield value["sheet"], _rows(values)
    raise _CutOffError


def _rows(values: Iterator[Any]) -> Iterator[Sequence[Cell]]:
    for value in values:
        if value == excel_child.END_OF_SHEET:
            return
        yield value
    raise _CutOffError


def _lines(output: IO[bytes] | None) -> Iterator[bytes]:
    """Read whole lines, within the bounds on them; the last one of a child that died may be cut off."""
    if output is None:
        raise _CutOffError
    for number, line in enumerate(iter(partial(output.readline, _LONGEST_LINE), b"")):
        if number > _MOST_ROWS or len(line) >= _LONGEST_LINE:
            raise WorkbookError("too-large", _TOO_LARGE)
        if not line.endswith(b"\n"):
            raise _CutOffError
        yield line
