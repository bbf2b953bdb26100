"""What a workbook was found to hold, and what of it the job's result says."""

from typing import Any, Literal, NamedTuple

from academy_ops.contract import ROWS_IN_RESULT

Problem = Literal["unreadable", "too-large", "header-missing", "phone-column-missing", "ambiguous", "no-students"]
Stricter = Literal["lost-zero", "grade", "several-sheets", "strict", "dimension"]
Why = Literal["example", "heading", "note", "total", "no-name", "left", "same"]


class WorkbookError(Exception):
    """The workbook as a whole can't be used; ``str()`` is the sentence for the school.

    Attributes:
        problem: What is wrong, for programs.
    """

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(message)
        self.problem = problem


class Student(NamedTuple):
    """A row that can be created."""

    sheet: str
    row: int
    name: str
    parent_phone: str
    phone: str | None = None
    gender: str | None = None
    school_type: str | None = None
    school: str | None = None
    grade: str | None = None
    class_name: str | None = None
    track: str | None = None
    memo: str | None = None

    def columns(self) -> dict[str, object]:
        """Return the student's columns in the database."""
        return dict(zip(self._fields[2:], self[2:], strict=True))


class Rejected(NamedTuple):
    """A row that can't be created, and why.

    Attributes:
        sheet: Its sheet.
        row: Its number, as Excel shows it.
        name: The student's name, as far as there is one.
        error: Why, for the school.
        value: What stands in the cell that is wrong; masked where it is a phone.
    """

    sheet: str
    row: int
    name: str
    error: str
    value: str = ""


class Skipped(NamedTuple):
    """A row that holds no student, and what it is."""

    sheet: str
    row: int
    why: Why


class Sheet(NamedTuple):
    """A sheet that was read, and how many rows of each kind it holds."""

    name: str
    students: int
    rejected: int
    skipped: int


class LeftOutSheet(NamedTuple):
    """A sheet that was not read, and why, for the school."""

    name: str
    reason: str


class IgnoredColumn(NamedTuple):
    """A column whose heading is not understood, or that another column makes superfluous."""

    sheet: str
    heading: str


class LeftOutValue(NamedTuple):
    """A value that a student was created without; masked where it is a phone."""

    sheet: str
    row: int
    column: str
    value: str


class Content(NamedTuple):
    """What a workbook holds.

    Attributes:
        students: The rows to create, sheet by sheet, in order.
        rejected: The rows that can't be, likewise.
        skipped: The rows that hold no student; of very many the first ones, `sheets` counts them all.
        sheets: The sheets that were read.
        sheets_left_out: The sheets that were not.
        ignored_columns: The columns of the sheets that were read of which nothing, or not all, was used.
        left_out_values: Values that students were created without; of very many the first ones.
        stricter: What the production parser of August 2026 does not take.
    """

    students: tuple[Student, ...]
    rejected: tuple[Rejected, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    sheets_left_out: tuple[LeftOutSheet, ...] = ()
    ignored_columns: tuple[IgnoredColumn, ...] = ()
    left_out_values: tuple[LeftOutValue, ...] = ()
    stricter: tuple[Stricter, ...] = ()

    def failed(self) -> list[dict[str, Any]]:
        """Return every rejected row, as the job's result lists the first of them."""
        return [
            {"row": row.row, "name": row.name, "error": row.error, "sheet": row.sheet, "value": row.value}
            for row in self.rejected
        ]

    def details(self) -> dict[str, Any]:
        """Return what the job's result says beside the numbers that only the database knows.

        ``students`` of each sheet becomes its ``created`` and ``duplicates`` there.
        """
        return {
            "skipped": sum(sheet.skipped for sheet in self.sheets),
            "sheets": [sheet._asdict() for sheet in self.sheets],
            "sheets_left_out": [sheet._asdict() for sheet in self.sheets_left_out[:ROWS_IN_RESULT]],
            "ignored_columns": [column._asdict() for column in self.ignored_columns[:ROWS_IN_RESULT]],
            "left_out_values": [value._asdict() for value in self.left_out_values[:ROWS_IN_RESULT]],
        }
