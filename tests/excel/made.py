"""Sheets made by tests, read in this process: what a reader gives, without a file."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from academy_ops.academy.excel.records import Content, Student
from academy_ops.academy.excel.sheets import Area, Row, understand

HEADER = ("구분", "이름*", "학부모전화번호*", "학생전화번호", "성별", "학교유형", "학교", "학년", "반", "계열", "메모")
PHONE = "010-1234-5678"
NAMES = ("김하나", "이두리", "박세찬", "최네온", "정다섯", "강여름", "조일곱", "윤여덟", "장아홉", "임열매")
"""Ten students; `phone` gives each a phone."""


@dataclass(frozen=True)
class Made:
    """A sheet."""

    name: str
    content: Sequence[Row]
    visible: bool = True
    merged: Sequence[Area] = ()
    hidden: Container[int] = ()

    def rows(self) -> tuple[Iterable[Row], Sequence[Area], Container[int]]:
        """Return its rows, merged cells, and the numbers of hidden rows."""
        return self.content, self.merged, self.hidden


def sheets(*made: Made) -> Content:
    """Read a workbook of several sheets."""
    return understand(made)


def sheet(*rows: Row, name: str = "학생목록") -> Content:
    """Read a workbook of one sheet."""
    return sheets(Made(name, rows))


def only(content: Content) -> Student:
    """Return the only student."""
    assert not content.rejected, content.rejected
    (student,) = content.students
    return student


def phone(number: int) -> str:
    """Return a phone that no other number has."""
    return f"0107{number:07d}"


def names(content: Content) -> list[str]:
    """Return the students' names."""
    return [student.name for student in content.students]
