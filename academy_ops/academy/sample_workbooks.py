"""Workbooks to upload: a good one, and one for each way in which people get it wrong."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Final

import xlsxwriter

from academy_ops.contract import SHEET_NAME, XLSX_START

HEADER: Final = ("구분", "이름*", "학부모전화번호*", "학생전화번호", "성별", "학교유형", "학교", "학년", "반")
"""The columns of a good workbook."""
_GUIDANCE: Final = ("별표(*) 표시 열은 필수입니다.",)


def students(count: int, first: int = 1) -> bytes:
    """Make a workbook of ``count`` students, numbered from ``first``."""
    return workbook([_GUIDANCE, HEADER, *(_student(number) for number in range(first, first + count))])


def without_header() -> bytes:
    """Make a workbook whose header row is missing."""
    return workbook([_student(1), _student(2)])


def without_phone_column() -> bytes:
    """Make a workbook without the column of the parents' phones."""
    return workbook([("구분", "이름*", "학년"), ("", "김하나", "3")])


def with_bad_phones() -> bytes:
    """Make a workbook in which no parent's phone is one."""
    return workbook([HEADER, ("", "김하나", "010-123"), ("", "김두리", "전화 없음")])


def without_students() -> bytes:
    """Make a workbook with a header and an example row only."""
    return workbook([HEADER, ("예시", "홍길동", "010-0000-0000")])


def partly_bad() -> bytes:
    """Make a workbook with three good rows and one bad one."""
    return workbook([HEADER, _student(9001), _student(9002), ("", "김두리", "010-123"), _student(9003)])


def without_names() -> bytes:
    """Make a workbook in which one name is empty and one too long."""
    return workbook([HEADER, ("", "", "010-0000-9101"), ("", "김" * 101, "010-0000-9102")])


def with_several_faults() -> bytes:
    """Make a workbook in which each row has a fault of its own."""
    return workbook([HEADER, ("", "김하나", "010-123"), ("", "김두리", "전화 없음"), ("", "", "010-0000-9103")])


def mostly_without_names() -> bytes:
    """Make a workbook in which most rows lack a name, and one a phone."""
    return workbook([HEADER, ("", "", "010-0000-9111"), ("", "", "010-0000-9112"), ("", "김하나", "010-123")])


def of_two_years() -> bytes:
    """Make a workbook with a roster of each of two years."""
    return _sheets({f"{year} 명단": [HEADER, _student(9201 + place)] for place, year in enumerate((2025, 2026))})


def with_too_many_sheets() -> bytes:
    """Make a workbook with more sheets than are read."""
    return _sheets({f"{number}반": [HEADER] for number in range(1, 202)})


def not_a_workbook() -> bytes:
    """Make what people get who rename an .xls or a CSV file: bytes that begin as a zip file and are none."""
    return XLSX_START + "이름,학부모전화번호\n김하나,010-1234-5678\n".encode()


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """Make a workbook of these rows, on the sheet where the students belong."""
    return _sheets({SHEET_NAME: rows})


def _sheets(sheets: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        # As text: a number that somebody types over it would lose the 0 that a phone begins with.
        text = workbook.add_format({"num_format": "@"})
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            sheet.set_column(0, max(map(len, rows)) - 1, 16, text)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return content.getvalue()


def _student(number: int) -> tuple[str, ...]:
    phone = f"010-{number // 10000:04d}-{number % 10000:04d}"
    return ("", f"학생{number:04d}", phone, "", "여" if number % 2 else "남", "고등", "휘문고", "2", "3")
