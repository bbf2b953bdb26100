"""What a workbook of the corpus is, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

Row = Sequence[object]
HEADER = ("이름", "학부모 전화번호", "학교", "학년")
A, B, C, D = (
    ("김하나", "010-1111-0001"),
    ("이두리", "010-1111-0002"),
    ("박세찬", "010-1111-0003"),
    ("최네온", "010-1111-0004"),
)
"""Four students."""


@dataclass(frozen=True)
class Case:
    """A workbook, and what must come of it.

    Attributes:
        name: What is special about it.
        sheets: The rows of each sheet.
        students: Name and parent's phone of each student that must come out, in order.
        fields: What else must be known of a student, by name.
        rejected: The numbers of the rows that must be rejected.
        skipped: How many rows hold no student.
        problem: Why it must be refused as a whole.
        says: What the refusal must mention.
        left_out: The sheets that must be named as left out.
        ignored: The headings that must be named as ignored.
        values: The values that must be named as left out.
        hidden: The sheets that are hidden.
        merged: Merged cells, by sheet.
        package: What is done to the file that a library has written.
    """

    name: str
    sheets: Mapping[str, Sequence[Row]]
    students: Sequence[tuple[str, str]] = ()
    fields: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    rejected: Sequence[int] = ()
    skipped: int = 0
    problem: str | None = None
    says: Sequence[str] = ()
    left_out: Collection[str] = ()
    ignored: Collection[str] = ()
    values: Sequence[str] = ()
    hidden: Collection[str] = ()
    merged: Mapping[str, Sequence[str]] = field(default_factory=dict)
    package: Callable[[bytes], bytes] | None = None


def one(name: str, *rows: Row, **expected: object) -> Case:
    """Return a workbook of one sheet; one student comes out, unless something else is said."""
    if not {"students", "problem"} & expected.keys():
        expected["students"] = [A]
    return Case(name, {"Sheet1": rows}, **expected)  # type: ignore[arg-type] # the fields of a case


def written(name: str, cell: object, stored: str | None = None) -> Case:
    """Return a workbook whose student has the parent's phone that is written as ``cell``."""
    return one(f"phone {name}", HEADER, ("김하나", cell), students=[("김하나", stored or "010-1111-0001")])


def grade(name: str, heading: str, cell: object, **fields: str | None) -> Case:
    """Return a workbook with one more column."""
    return one(f"{heading} {name}", ("이름", "학부모 연락처", heading), (*A, cell), fields={"김하나": fields})
