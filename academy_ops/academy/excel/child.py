"""Reads a workbook in a process of its own, so that a hostile one can't hurt the worker.

``python -m academy_ops.academy.excel.child FILE`` prints one JSON value a line: ``{"sheet": name}`` before each sheet's
rows, each row as a list of cells, ``"end of sheet"`` behind each sheet and ``"end"`` behind the last. It bounds its own
memory and CPU time where the platform can; its parent bounds the time and the output. python-calamine lays a sheet out
densely, so one cell at XFD1048576 asks for 512 GB and ends this process.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Final

from academy_ops.contract import SHEET_NAME

MEMORY_BYTES: Final = 1 << 30
CPU_SECONDS: Final = 60
EXIT_UNREADABLE: Final = 65
EXIT_TOO_LARGE: Final = 66
END: Final = "end"
END_OF_SHEET: Final = "end of sheet"

Cell = str | int | float | bool | None

_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


def main(path: str) -> int:
    """Print the workbook's rows.

    Args:
        path: The workbook.

    Returns:
        0, `EXIT_UNREADABLE` or `EXIT_TOO_LARGE`.
    """
    _bound()
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - only under the bounds

    try:
        workbook = CalamineWorkbook.from_path(path)
        names = sorted(workbook.sheet_names, key=lambda name: name.strip() != SHEET_NAME)
        for name in names:
            _print({"sheet": name})
            for row in workbook.get_sheet_by_name(name).iter_rows():
                _print([_plain(cell) for cell in row])
            _print(END_OF_SHEET)
        _print(END)
    except MemoryError:
        return EXIT_TOO_LARGE
    except (CalamineError, OSError, ValueError):
        return EXIT_UNREADABLE
    return 0


def _print(value: object) -> None:
    sys.stdout.write(_encode(value) + "\n")


def _plain(cell: object) -> Cell:
    """Return a cell as JSON can hold it."""
    if isinstance(cell, (str, bool, int)):  # a tuple is looked through faster than a union, and this is every cell
        return cell
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else cell
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else None


def _bound() -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on every platform

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    # An abort is an expected end here; it leaves no core file behind.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a real stream, as a program of its own
    raise SystemExit(main(sys.argv[1]))
