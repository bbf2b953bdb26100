"""Reads a workbook through the bounded child process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from academy_ops.academy import excel_child
from academy_ops.academy.excel import Cell, Content, WorkbookError, understand

WALL_SECONDS: Final = 90.0
_MOST_ROWS: Final = 300_000
_NOT_XLSX: Final = "엑셀 파일을 열 수 없습니다 (File is not a zip file). 암호 없는 .xlsx 파일로 저장해 주세요."
_TOO_LARGE: Final = "엑셀 파일이 너무 커서 읽을 수 없습니다. 빈 셀 서식과 먼 셀을 지우고 학생 행만 남겨 주세요."


def read(path: Path) -> Content:
    """Read the workbook at ``path``.

    Args:
        path: The file; its name does not matter.

    Returns:
        Its students and rejected rows.

    Raises:
        WorkbookError: It can't be read or used; the message is for the school.
    """
    with path.open("rb") as start:
        if start.read(4) != b"PK\x03\x04":
            raise WorkbookError("unreadable", _NOT_XLSX)
    command = [sys.executable, "-m", "academy_ops.academy.excel_child", str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    ) as child:
        alarm = threading.Timer(WALL_SECONDS, child.kill)
        alarm.start()
        try:
            return understand(_sheets(child.stdout or iter(())))
        except _CutOffError:
            unreadable = child.wait() == excel_child.EXIT_UNREADABLE
        finally:
            alarm.cancel()
            child.kill()
    if unreadable:
        raise WorkbookError("unreadable", _NOT_XLSX)
    # Ended by one of its bounds, or by the allocator: the workbook asks for more than a workbook needs.
    raise WorkbookError("too-large", _TOO_LARGE)


class _CutOffError(Exception):
    """The child ended before it had told everything."""


def _sheets(lines: Iterable[bytes]) -> Iterator[tuple[str, Iterator[Sequence[Cell]]]]:
    """Take the child's output apart, within the bounds on it."""
    values = _values(lines)
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


def _values(lines: Iterable[bytes]) -> Iterator[Any]:
    for number, line in enumerate(lines):
        if number > _MOST_ROWS:
            raise _CutOffError
        yield json.loads(line)
