"""Workbooks to upload: good ones, and one for each way in which people get it wrong."""

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


def faulty(code: str) -> bytes:
    """Make what somebody uploads whose job then ends as ``code``, a key of `FAULTY`."""
    made = FAULTY[code]
    return made if isinstance(made, bytes) else _sheets(made)


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


def _only(*rows: Sequence[str]) -> Mapping[str, Sequence[Sequence[str]]]:
    return {SHEET_NAME: rows}


FAULTY: Final[Mapping[str, bytes | Mapping[str, Sequence[Sequence[str]]]]] = {
    "excel-header-missing": _only(_student(1), _student(2)),
    "excel-phone-column-missing": _only(("구분", "이름*", "학년"), ("", "김하나", "3")),
    "excel-phone-invalid": _only(HEADER, ("", "김하나", "010-123"), ("", "김두리", "전화 없음")),
    "excel-no-students": _only(HEADER, ("예시", "홍길동", "010-0000-0000")),
    # What people get who rename an .xls or a CSV file: bytes that begin as a zip file and are none.
    "excel-unreadable": XLSX_START + "이름,학부모전화번호\n김하나,010-1234-5678\n".encode(),
    "excel-too-large": {f"{number}반": [HEADER] for number in range(1, 202)},
    "excel-ambiguous": {"2025 명단": [HEADER, _student(9201)], "2026 명단": [HEADER, _student(9202)]},
    "excel-names-invalid": _only(HEADER, ("", "", "010-0000-9101"), ("", "김" * 101, "010-0000-9102")),
    "excel-phone-invalid/mixed": _only(
        HEADER, ("", "김하나", "010-123"), ("", "김두리", "전화 없음"), ("", "", "010-0000-9103")
    ),
    "excel-names-invalid/mixed": _only(
        HEADER, ("", "", "010-0000-9111"), ("", "", "010-0000-9112"), ("", "김하나", "010-123")
    ),
    "job-partial": _only(HEADER, _student(9001), _student(9002), ("", "김두리", "010-123"), _student(9003)),
}
"""By the cause that each shows; of a second one for the same cause, a word more."""
