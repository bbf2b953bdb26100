"""Reads a workbook in a process of its own, so that a hostile one can't hurt the worker.

``python -m academy_ops.academy.excel.child FILE`` prints one JSON document: the content, or ``{"problem", "message"}``
where the workbook can't be used. It bounds its own memory and CPU time where the platform can, and its output; its
parent bounds the time. Nothing of one workbook reaches the next: each has a process, new or forked (`readers`) from
one that reads none. With ``--frugal`` it does not use python-calamine, which lays a sheet out densely: one cell at
XFD1048576 asks for 512 GB and ends this process. With ``--production`` it looks, too, for what only the production
parser minds.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from academy_ops.academy.excel.kinds import NO_WORKBOOK
from academy_ops.academy.excel.records import Content, Stricter, WorkbookError

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

    from academy_ops.academy.excel.sheets import Area, Row

MEMORY_BYTES: Final = 1 << 30
CPU_SECONDS: Final = 60
MOST_OUTPUT: Final = 64 << 20
EXIT_TOO_LARGE: Final = 66
FRUGAL: Final = "--frugal"
PRODUCTION: Final = "--production"
_MOST_CELLS: Final = 20_000_000


class _GaveUpError(Exception):
    """The first reader can't read a workbook; its cause is what python-calamine says."""


def main(path: str, options: Container[str]) -> int:
    """Print the workbook's content, as `FRUGAL` and `PRODUCTION` have it; return 0 or `EXIT_TOO_LARGE`."""
    _bound()
    try:
        found = content(path, frugal=FRUGAL in options)
        said = _encoded(_with_production(path, found) if PRODUCTION in options else found)
    except WorkbookError as error:
        said = _encoded({"problem": error.problem, "message": str(error)})
    except MemoryError:
        return EXIT_TOO_LARGE
    if len(said) > MOST_OUTPUT:
        return EXIT_TOO_LARGE
    sys.stdout.buffer.write(said)
    sys.stdout.buffer.flush()
    return 0


def content(path: str, *, frugal: bool = False) -> Content:
    """Return what a workbook holds; ``frugal`` reads it cell by cell.

    Raises:
        WorkbookError: It can't be used.
    """
    from academy_ops.academy.excel.sheets import understand  # noqa: PLC0415 - only under the bounds

    first: _GaveUpError | None = None
    if not frugal:
        try:
            if (found := _calamine(path)) is not None:
                return found
        except _GaveUpError as error:
            first = error
    from academy_ops.academy.excel.frugal import tables  # noqa: PLC0415 - rarely needed
    from academy_ops.academy.excel.package import BrokenError, Package  # noqa: PLC0415 - as above

    try:
        return understand(tables(Package(path)))
    except (BrokenError, OverflowError, RecursionError) as error:
        raise WorkbookError("unreadable", NO_WORKBOOK) from first or error


def _calamine(path: str) -> Content | None:
    """Return the content as python-calamine reads it, or None where it may have overlooked something.

    Raises:
        WorkbookError: The workbook can't be used.
        _GaveUpError: It can't be read so.
    """
    from academy_ops.academy.excel.package import has_what_is_dropped  # noqa: PLC0415 - as above
    from academy_ops.academy.excel.sheets import understand  # noqa: PLC0415 - only under the bounds

    if has_what_is_dropped(path):
        return None
    refusal: WorkbookError | None = None
    content: Content | None = None
    tables: list[_Table] = []
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes longer to import than many a workbook to read
            with _theirs():
                tables = _tables(file)
            content = understand(tables)
    except WorkbookError as error:
        refusal = error
    if any(table.empty for table in tables) and not _usual(path):
        return None
    if refusal:
        raise refusal
    return content


@contextmanager
def _theirs() -> Iterator[None]:
    """Tell an error of python-calamine, which becomes `_GaveUpError`, from one of ours."""
    try:
        yield
    except (MemoryError, ImportError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # its panics are no Exception
        raise _GaveUpError from error


def _with_production(path: str, found: Content) -> Content:
    """Add what the production parser does not take of the package itself."""
    from academy_ops.academy.excel.package import BrokenError, Package  # noqa: PLC0415 - rarely needed

    try:
        package = Package(path)
    except BrokenError:
        return found
    more: list[Stricter] = ["strict"] if package.strict else []
    if package.says_one_cell({sheet.name for sheet in found.sheets}):
        more.append("dimension")
    return found._replace(stricter=(*found.stricter, *more))


def _usual(path: str) -> bool:
    """Return whether a sheet on which python-calamine sees nothing has nothing on it."""
    from academy_ops.academy.excel.package import BrokenError, Package  # noqa: PLC0415 - rarely needed

    try:
        return Package(path).usual
    except BrokenError:
        return True


class _Table:
    """A sheet as python-calamine reads it."""

    def __init__(self, workbook: CalamineWorkbook, name: str, *, visible: bool) -> None:
        self._workbook = workbook
        self.name = name
        self.visible = visible
        self.empty = False

    def rows(self) -> tuple[Iterable[Row], Sequence[Area], Container[int]]:
        """Return the sheet's rows and merged cells; those with hidden rows are read otherwise.

        Raises:
            _GaveUpError: It can't be read, or laid out, it would be too large.
        """
        with _theirs():
            sheet = self._workbook.get_sheet_by_name(self.name)
            merged = sheet.merged_cell_ranges or ()
        self.empty = not sheet.total_height
        if sheet.total_height * sheet.total_width > _MOST_CELLS:
            raise _GaveUpError("too many cells")
        return self._rows(sheet), merged, ()

    @staticmethod
    def _rows(sheet: CalamineSheet) -> Iterator[Row]:
        with _theirs():
            yield from sheet.iter_rows()


def _tables(file: IO[bytes]) -> list[_Table]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415 - only under the bounds

    workbook = CalamineWorkbook.from_filelike(file)
    return [
        _Table(workbook, sheet.name, visible=sheet.visible == SheetVisibleEnum.Visible)
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    ]


def _encoded(value: object) -> bytes:
    # A lone surrogate, which a damaged part can hold, is no character.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _bound() -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on every platform

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    # An abort is an expected end here; it leaves no core file behind.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    # To tidy up takes longer than to read a small workbook.
    os._exit(main(sys.argv[1], sys.argv[2:]))
