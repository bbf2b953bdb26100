"""Writes a case's sheets with the libraries that write .xlsx files, and as others write them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from contextlib import suppress

import openpyxl
import pyexcelerate
import xlsxwriter
from openpyxl.utils.exceptions import IllegalCharacterError

from tests.excel.corpus.case import Case


def by_xlsxwriter(case: Case) -> bytes:
    """Write with xlsxwriter: shared strings."""
    return _xlsxwriter(case)


def as_polars(case: Case) -> bytes:
    """Write as polars does: xlsxwriter, each cell with a format of its type, and frozen panes."""
    return _xlsxwriter(case, polars=True)


def as_pandas(case: Case) -> bytes:
    """Write as pandas does: xlsxwriter in constant memory, strings in the cells, and a bold heading."""
    return _xlsxwriter(case, constant=True)


def _xlsxwriter(case: Case, *, polars: bool = False, constant: bool = False) -> bytes:
    content = io.BytesIO()
    options = {
        "in_memory": True,
        "default_date_format": "yyyy-mm-dd",
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(content, options | ({"constant_memory": True} if constant else {})) as book:
        number = book.add_format({"num_format": "#,##0;[Red]-#,##0"}) if polars else None
        bold = book.add_format({"bold": True, "border": 1}) if constant else None
        for name, rows in case.sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if cell != "":
                        is_number = isinstance(cell, int | float)
                        sheet.write(row, column, cell, number if is_number else bold if row == 0 else None)
            if name in case.hidden:
                sheet.hide()
            for ref in case.merged.get(name, ()):
                # The cells are there already: xlsxwriter's own call would write them again.
                sheet.merge.append(_area(ref))
            if polars:
                sheet.freeze_panes(1, 0)
        if case.hidden:
            next(sheet for sheet in book.worksheets() if sheet.name not in case.hidden).activate()
    return content.getvalue()


def by_openpyxl(case: Case) -> bytes:
    """Write with openpyxl: shared strings behind the sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in case.sheets.items():
        sheet = book.create_sheet(name)
        for row, cells in enumerate(rows, 1):
            for column, cell in enumerate(cells, 1):
                if cell != "":
                    with suppress(IllegalCharacterError):
                        sheet.cell(row, column, cell)
        sheet.sheet_state = "hidden" if name in case.hidden else "visible"
        for ref in case.merged.get(name, ()):
            sheet.merge_cells(ref)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def by_pyexcelerate(case: Case) -> bytes:
    """Write with pyexcelerate: strings in the cells, no dimension."""
    book = pyexcelerate.Workbook()
    for name, rows in case.sheets.items():
        sheet = book.new_sheet(name)
        for row, cells in enumerate(rows, 1):
            for column, cell in enumerate(cells, 1):
                if cell != "":
                    sheet.set_cell_value(row, column, cell)
    content = io.BytesIO()
    book._save(content)  # noqa: SLF001 - the public one wants a path
    return content.getvalue()


WRITERS: dict[str, Callable[[Case], bytes]] = {
    "xlsxwriter": by_xlsxwriter,
    "openpyxl": by_openpyxl,
    "pyexcelerate": by_pyexcelerate,
    "as pandas": as_pandas,
    "as polars": as_polars,
}


def writers(case: Case) -> Iterable[tuple[str, Callable[[Case], bytes]]]:
    """Yield the writers that can write a case; pyexcelerate hides and merges nothing."""
    for name, writer in WRITERS.items():
        if case.package is not None and name != "xlsxwriter":
            # What is done to the package is done to one whose parts are known.
            continue
        if name == "pyexcelerate" and (case.hidden or case.merged):
            continue
        yield name, writer


def _area(ref: str) -> list[int]:
    first, last = (openpyxl.utils.cell.coordinate_from_string(corner) for corner in ref.split(":"))
    column = openpyxl.utils.column_index_from_string
    return [first[1] - 1, column(first[0]) - 1, last[1] - 1, column(last[0]) - 1]
