"""What a workbook means: which rows are students, which are rejected and why."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from academy_ops.academy.excel.records import Cell, Content, Rejected, Sheet, Skipped, Student, WorkbookError
from academy_ops.contract import SHEET_NAME

MAX_STUDENTS: Final = 100_000
_HEADER_WITHIN_ROWS: Final = 50
_EXAMPLE: Final = "예시"
_PHONE: Final = re.compile(r"010\d{8}")
_BETWEEN_DIGITS: Final = re.compile(r"[-\s]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Unicode's category Cc."""
_SCHOOL_WITH_GRADE: Final = re.compile(r"(.+?)\s*\(\s*(\d+)\s*(?:학년)?\s*\)")
_LONGEST_NAME: Final = 100

_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": ("구분",),
    "name": ("이름", "성명", "학생명", "성함"),
    "parent_phone": ("학부모전화번호", "부모핸드폰", "보호자전화", "보호자연락처"),
    "phone": ("학생전화번호", "학생핸드폰", "학생연락처"),
    "gender": ("성별",),
    "school_type": ("학교유형",),
    "school": ("학교",),
    "school_and_grade": ("학교(학년)",),
    "grade": ("학년",),
    "class_name": ("반",),
    "track": ("계열",),
    "memo": ("메모",),
}
_COLUMNS: Final = {heading: field for field, headings in _HEADINGS.items() for heading in headings}
"""Heading, without blanks and asterisks, to field."""


def understand(sheets: Iterable[tuple[str, Iterable[Sequence[Cell]]]]) -> Content:
    """Find the header row in the first sheet that has one, and read the rows below it.

    Args:
        sheets: Name and rows of each sheet; `SHEET_NAME` first where there is one.

    Returns:
        The content; at least one row of it is a student or rejected.

    Raises:
        WorkbookError: No header row, no column of parents' phones, no student rows, or too many.
    """
    nearly = False
    for name, rows in sheets:
        numbered = enumerate(rows, start=1)
        columns = _find_header(numbered)
        if columns is None:
            if name.strip() == SHEET_NAME:
                break
            continue
        nearly = True
        if "parent_phone" not in columns.values():
            break
        return _read(name, numbered, columns)
    if nearly:
        raise WorkbookError(
            "phone-column-missing", "학부모전화번호 열이 없습니다. 머리글 행에 '학부모전화번호' 열을 추가해 주세요."
        )
    raise WorkbookError(
        "header-missing", "헤더 행을 찾지 못했습니다. '이름'과 '학부모전화번호' 열이 있는 머리글 행이 필요합니다."
    )


def _find_header(rows: Iterator[tuple[int, Sequence[Cell]]]) -> dict[int, str] | None:
    """Read up to the header row; return its columns by position, or None where there is none."""
    for number, row in rows:
        columns = _columns(row)
        if "name" in columns.values() and len(columns) > 1:
            return columns
        if number >= _HEADER_WITHIN_ROWS:
            return None
    return None


def _columns(row: Sequence[Cell]) -> dict[int, str]:
    columns: dict[int, str] = {}
    for position, cell in enumerate(row):
        heading = re.sub(r"[\s*]", "", unicodedata.normalize("NFKC", cell)) if isinstance(cell, str) else ""
        # A note in brackets, as in 학부모전화번호(필수), is not part of the name.
        field = _COLUMNS.get(heading) or _COLUMNS.get(heading.partition("(")[0])
        if field is not None and field not in columns.values():
            columns[position] = field
    return columns


def _read(sheet: str, rows: Iterable[tuple[int, Sequence[Cell]]], columns: Mapping[int, str]) -> Content:
    students: list[Student] = []
    rejected: list[Rejected] = []
    examples: list[Skipped] = []
    readers = [(position, field, _phone_text if "phone" in field else _text) for position, field in columns.items()]
    for number, row in rows:
        values = {field: read(row[position]) for position, field, read in readers if position < len(row)}
        if _EXAMPLE in values.get("kind", ""):
            examples.append(Skipped(sheet, number, "example"))
        elif any(value for field, value in values.items() if field != "kind"):
            one = _student(sheet, number, values)
            if isinstance(one, Student):
                students.append(one)
            else:
                rejected.append(one)
        if len(students) + len(rejected) > MAX_STUDENTS:
            raise WorkbookError(
                "too-large", f"학생 행이 너무 많습니다. 한 파일에 {MAX_STUDENTS:,}명까지 등록할 수 있습니다."
            )
    if not students and not rejected:
        raise WorkbookError("no-students", "등록할 학생 행이 없습니다. 열 이름 아래에 학생을 입력해 주세요.")
    told = Sheet(sheet, len(students), len(rejected), len(examples))
    return Content(tuple(students), tuple(rejected), tuple(examples), (told,))


def _student(sheet: str, number: int, values: Mapping[str, str]) -> Student | Rejected:
    name = values.get("name", "")
    if not name:
        return Rejected(sheet, number, "", "이름이 비어 있습니다.")
    if len(name) > _LONGEST_NAME:
        return Rejected(sheet, number, name[:_LONGEST_NAME], f"이름이 너무 깁니다 ({_LONGEST_NAME}자까지).")
    parent_phone = _phone(values.get("parent_phone", ""))
    if parent_phone is None:
        return Rejected(sheet, number, name, "학부모 전화번호는 010으로 시작하는 11자리여야 합니다.")
    phone = values.get("phone", "")
    if phone and _phone(phone) is None:
        # Created without it, the student could not be corrected by uploading again: that would be a duplicate.
        return Rejected(sheet, number, name, "학생 전화번호는 010으로 시작하는 11자리여야 합니다.")
    school, grade = values.get("school", ""), values.get("grade", "")
    combined = _SCHOOL_WITH_GRADE.fullmatch(values.get("school_and_grade", ""))
    if combined:
        school, grade = combined.groups()
    return Student(
        sheet,
        number,
        name,
        parent_phone,
        phone=_phone(phone),
        school=school or values.get("school_and_grade") or None,
        grade=grade or None,
        **{field: values.get(field) or None for field in ("gender", "school_type", "class_name", "track", "memo")},
    )


def _phone(text: str) -> str | None:
    """Return a phone number as 11 digits, or None when it is none."""
    digits = _BETWEEN_DIGITS.sub("", text)
    return digits if _PHONE.fullmatch(digits) else None


def _phone_text(cell: Cell) -> str:
    """Return a cell that holds a phone as text; a numeric one has lost its leading 0."""
    text = _text(cell)
    return f"0{text}" if not isinstance(cell, str) and re.fullmatch(r"10\d{8}", text) else text


def _text(cell: Cell) -> str:
    """Return a cell as text, in the composed form of its letters, without control characters."""
    if isinstance(cell, str):
        text = unicodedata.normalize("NFC", cell)
    elif cell is None or isinstance(cell, bool):
        text = ""
    else:
        text = str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)
    return (text if text.isprintable() else _CONTROL.sub(" ", text)).strip()
