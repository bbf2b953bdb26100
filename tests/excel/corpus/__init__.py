"""Workbooks as schools send them, each as a short script, with the students that must come out."""

from __future__ import annotations

from tests.excel.corpus import columns, exports, headers, packages, people, rows, sheets, spellings, tables, values
from tests.excel.corpus.case import Case

CASES: tuple[Case, ...] = (
    *sheets.CASES,
    *headers.CASES,
    *columns.CASES,
    *values.CASES,
    *rows.CASES,
    *people.CASES,
    *tables.CASES,
    *exports.CASES,
    *spellings.CASES,
    *packages.CASES,
)
