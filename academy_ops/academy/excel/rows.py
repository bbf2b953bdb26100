"""The rows below a header: students, rejected ones, and those that are neither."""

import re
from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from academy_ops.academy.excel import junk, values
from academy_ops.academy.excel.cells import LEFT, MOST_LISTED, OPTIONAL_FIELDS, Columns, Notes, Row
from academy_ops.academy.excel.columns import Ahead, UnclearError, grouped, settled
from academy_ops.academy.excel.header import Header, header_of, is_of_others
from academy_ops.academy.excel.headings import said
from academy_ops.academy.excel.names import is_amount, is_masked, is_name, is_of_family, is_something_else
from academy_ops.academy.excel.records import Rejected, Skipped, Student, Why, WorkbookError
from academy_ops.academy.excel.text import Again, Struck, shown, text
from academy_ops.academy.excel.values import LONGEST
from academy_ops.academy.excel.vocabulary import DITTO, LEFT_ALONE, NOBODY, NOBODY_IS_CALLED, ONE_PARENT, PARENT

MAX_STUDENTS: Final = 100_000
_LOOKED_AT: Final = 20
"""In so many rows below the header, columns without a heading are looked for."""

_ENDS_OF_SCHOOLS: Final = ("초", "중", "고")
"""Foreign names end like this, too."""
_ENDS_OF_CLASSES: Final = ("반", "생")
_MOST_MOVED: Final = 50
"""In so many columns a phone is looked for that has moved."""
_TEN: Final = 10
_A_PHONE: Final = r"(?<!\d)010\D{0,2}\d{4}\D{0,2}\d{4}(?!\d)"
_NOBODYS_PHONE: Final = "01000000000"
_LONGEST_USUAL_PHONE: Final = 13

NO_NAME: Final = "이름이 비어 있습니다."
NO_LETTERS: Final = "이름에 글자가 없습니다."
TWO_NAMES: Final = "이름 칸에 여러 명이 있습니다. 한 행에 한 명씩 적어 주세요."
OF_FAMILY: Final = "이름 칸에 학생의 가족으로 보이는 사람이 있습니다. 학생의 이름을 적어 주세요."
NO_RESULT: Final = (
    "이름이나 학부모 전화번호에 수식만 있고 결과가 저장되어 있지 않습니다. "
    "엑셀에서 파일을 열어 저장한 뒤 다시 올려 주세요."
)
STRUCK: Final = (
    "이름이나 학부모 전화번호에 취소선이 그어져 있습니다. 등록할 학생이면 취소선을 지우고, 아니면 행을 지워 주세요."
)
HIDDEN: Final = "숨겨진 행입니다. 등록할 학생이면 필터나 숨기기를 풀고, 아니면 행을 지워 주세요."
NO_NAME_THERE: Final = "이름 칸에 이름이 아닌 것이 있습니다. 학생의 이름만 적어 주세요."
MASKED: Final = "이름의 일부가 가려져 있습니다. 학생의 이름을 모두 적어 주세요."
NAME_TOO_LONG: Final = f"이름이 너무 깁니다 ({LONGEST['name']}자까지)."
NO_PHONE: Final = "학부모 전화번호가 비어 있습니다."
UNCLEAR_PHONE: Final = (
    "학부모 전화번호가 분명하지 않습니다. 010으로 시작하는 학부모의 휴대전화 번호 하나만 적어 주세요."
)
WRONG_PHONE: Final = "학부모 전화번호는 010으로 시작하는 11자리여야 합니다."
TEN_DIGITS: Final = "학부모 전화번호가 10자리입니다. 010으로 시작하는 11자리여야 합니다."

_OF_A_SECTION: Final[dict[junk.Section, Why | None]] = {"": None, "students": None, "staff": "note", "left": "left"}
_BLANK: Final = ("", None)
_MARKS: Final = DITTO | LEFT_ALONE
_NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})


class Roster:
    """What was read below the headers of one sheet.

    Attributes:
        columns: Those of the header in force, or None before the first one.
        students: The rows to create.
        rejected: The rows that can't be created.
        skipped: The first of the rows that are neither.
        skipped_count: How many those are.
        notes: What is to be said beside them.
    """

    def __init__(self, sheet: str, hidden: Container[int] = ()) -> None:
        self.sheet = sheet
        self._hidden = hidden
        self.columns: Columns | None = None
        self.students: list[Student] = []
        self.rejected: list[Rejected] = []
        self.skipped: list[Skipped] = []
        self.skipped_count = 0
        self.notes = Notes(sheet)
        self._to_look_at = 0
        self._section: Why | None = None
        """What the rows are that follow a banner, as ``[퇴원생]`` is one; None where they are students."""
        self._section_begins = False
        self._ahead = Ahead(())
        self._in_order = True
        self._since = (0, 0)
        """How many students and rejected rows there were when the header came into force."""

    def _begin(self, header: Header) -> None:
        """Read the following rows by ``header``."""
        former = self.columns
        students, rejected = self._since
        if former is not None and len(self.students) == students and header.worth > former.header.worth:
            # What came before was a form to fill in, with words of a header.
            self.skipped_count += len(self.rejected) - rejected
            self.skipped.extend(Skipped(row.sheet, row.row, "note") for row in self.rejected[rejected:][:MOST_LISTED])
            del self.rejected[rejected:]
            if not self.students:
                self.notes.ignored.clear()
        self.columns = Columns(header, self.notes, grouped(header, self._ahead) if self._in_order else None)
        self._since = (len(self.students), len(self.rejected))
        self._to_look_at = _LOOKED_AT
        if not self._section_begins:
            self._section = None

    def read(self, header: Header, numbered: Iterable[tuple[int, Row]]) -> None:
        """Read the rows below a header.

        Raises:
            UnclearError: A further header leaves open which phones are the parents'.
            WorkbookError: There are too many students.
        """
        # Those of tables side by side come by turns.
        self._in_order = isinstance(numbered, Ahead)
        self._ahead = numbered if isinstance(numbered, Ahead) else Ahead(numbered)
        self._begin(header)
        above: Row = ()
        for number, written in self._ahead:
            if not any(written) or (columns := self.columns) is None:
                continue
            is_marked = not _MARKS.isdisjoint(written)
            row = columns.whole_row(written, above, ditto=is_marked)
            name, cell = row[columns.name], row[columns.phone]
            phone = values.phone(cell)
            if (
                phone is None
                or type(name) is not str
                or not junk.is_usual(name)
                or (columns.kind is not None and row[columns.kind] not in _BLANK)
                or self._section
                or columns.unusual
                or number in self._hidden
                or is_marked
                or phone == _NOBODYS_PHONE
                or (self._to_look_at and junk.is_marked(row, columns.name, columns.numbers))
                or (type(cell) is str and len(cell) > _LONGEST_USUAL_PHONE)
            ):
                self._unusual(columns, number, row, above)
            else:
                self._create(columns, number, row, name, phone)
            if self._to_look_at and self.columns:
                self._to_look_at -= 1
                self.columns.note_bare(row)
            above = row
            if len(self.students) + len(self.rejected) > MAX_STUDENTS:
                raise WorkbookError(
                    "too-large", f"학생 행이 너무 많습니다. 한 파일에 {MAX_STUDENTS:,}명까지 등록할 수 있습니다."
                )

    def _unusual(self, columns: Columns, number: int, row: Row, above: Row) -> None:
        """Read a row that needs a closer look."""
        name, (phone, wrong) = text(row[columns.name]), columns.parent_phone(row)
        if phone is None and self._is_heading(number, row, above):
            return
        is_usual = phone not in {None, _NOBODYS_PHONE} and bool(junk.is_usual(name))
        why = self._no_student(columns, number, row, name, phone, wrong, is_usual=is_usual)
        self._section_begins = False
        if why in {"note", "left", "no-name"} and (section := junk.section(row)):
            self._section, self._section_begins = _OF_A_SECTION[section], True
        if why:
            self._skip(number, why)
            return
        written, beside = name, dict[str, str]()
        if not is_usual and len(name) <= LONGEST["name"]:
            name, beside = columns.alone(junk.bare(name))
            if junk.is_of_staff(name):
                self._skip(number, "note")
                return
        fault = "" if is_usual else _fault(name, row[columns.name], phone, wrong, written)
        if isinstance(row[columns.name], Struck) or (phone is None and columns.has_struck_phone(row)):
            fault = STRUCK
        if number in self._hidden:
            fault = HIDDEN
        if fault:
            said = "" if fault is NO_NAME else written[: LONGEST["name"]]
            self.rejected.append(Rejected(self.sheet, number, said, fault, _wrong_value(fault, written, phone, wrong)))
        elif phone:
            self._create(columns, number, row, name, phone, beside)

    def _is_heading(self, number: int, row: Row, above: Row) -> bool:
        """Read on by another header where the row is one; by none where it is that of other people's table."""
        header = header_of(row, above)
        if header is not None and header.complete:
            self._begin_again(header, number)
        elif is_of_others(row) or (header is not None and header.of_staff and "name" in header.columns):
            self._section, self._section_begins = "note", False
            self._skip(number, "heading")
        else:
            return False
        return True

    def _no_student(  # noqa: PLR0917 - what is known of the row
        self, columns: Columns, number: int, row: Row, name: str, phone: str | None, wrong: str, *, is_usual: bool
    ) -> Why | None:
        """Return what a row is that holds no student, or None."""
        kind = columns.kind_of(row)
        marked = self._to_look_at and junk.is_marked(row, columns.name, columns.numbers)
        if marked or junk.is_example_mark(kind):
            return "example"
        if kind and (other := _somebody_else(kind, columns.header)):
            return other
        if isinstance(row[columns.name], Again) and not self._goes_on(number, phone):
            return "same"
        if not is_usual and junk.says_left(name):
            return "left"
        why: Why | None = None
        if not is_usual:
            why = "example" if junk.is_example(name, phone, wrong) else junk.what(row, name, phone, wrong)
        if why == "no-name" and _has_phone(row):
            # Perhaps its cells have moved: somebody's row in any case.
            why = None
        section = self._section if phone is not None or wrong or _has_phone(row) else None
        return why or section or ("left" if columns.has_left(row) else None)

    def _goes_on(self, number: int, phone: str | None) -> bool:
        """Return whether a row of the student above has the phone that was missing there."""
        if phone is None or not self.rejected or self.rejected[-1].row != number - 1:
            return False
        self.rejected.pop()
        self._skip(number - 1, "same")
        return True

    def _begin_again(self, header: Header, number: int) -> None:
        """Read on by a header that stands among the rows, as over each class of a sheet; a form to fill in is none."""
        if header.rows > 1 and self.rejected and self.rejected[-1].row == number - 1:
            self.rejected.pop()
            self._skip(number - 1, "heading")
        self._skip(number, "heading")
        if self._section and self._section_begins:
            self._section_begins = False
        elif header.is_roster or self.columns is None or header.worth >= self.columns.header.worth:
            self._begin(settled(header, self._ahead.look()))

    def _create(  # noqa: PLR0917 - what is known of the student
        self, columns: Columns, number: int, row: Row, name: str, phone: str, beside: Mapping[str, str] = _NO_FIELDS
    ) -> None:
        written = row[columns.phone]
        if not isinstance(written, str) or written[:1] == "1":
            self.notes.stricter.add("lost-zero")
        fields = columns.fields(number, row, beside)
        if LEFT in fields:
            self._skip(number, "left")
            return
        self.students.append(Student(self.sheet, number, name, phone, *map(fields.get, OPTIONAL_FIELDS)))
        if len(columns.phones) > 1:
            columns.note_other_phones(number, row, phone)

    def _skip(self, number: int, why: Why) -> None:
        self.skipped_count += 1
        if len(self.skipped) < MOST_LISTED:
            self.skipped.append(Skipped(self.sheet, number, why))


def _has_phone(row: Row) -> bool:
    return any(map(values.phone, row[:_MOST_MOVED]))


def _somebody_else(kind: str, header: Header) -> Why | None:
    """Return what a row is of which 구분 says that it holds a teacher or a parent.

    Raises:
        UnclearError: It is a parent's, and so the students' rows have phones of their own, perhaps.
    """
    persons = said(kind)
    if persons and persons <= {PARENT, ONE_PARENT}:
        if not header.has_parent_phone:
            raise UnclearError
        return "note"
    return "note" if junk.section((kind,)) == "staff" else None


def _fault(name: str, cell: object, phone: str | None, wrong: str, written: str) -> str:
    """Return why a row can't be created, for the school, or an empty text."""
    if len(name) > LONGEST["name"] and name[0] != "=":
        return NAME_TOO_LONG
    faults = (
        (NO_RESULT, name.startswith("=") or (phone is None and wrong.startswith("="))),
        (NO_NAME, not name or name.casefold().replace(" ", "") in NOBODY),
        (TWO_NAMES, junk.holds_two_names(cell if isinstance(cell, str) and name == written else name, name)),
        (MASKED, is_masked(written)),
        (OF_FAMILY, is_of_family(name)),
        (
            NO_NAME_THERE,
            not isinstance(cell, str) or is_something_else(name) or is_amount(written) or _is_a_field(name, written),
        ),
        (NO_PHONE, phone is None and not wrong),
        (UNCLEAR_PHONE, phone is None and bool(re.search(_A_PHONE, wrong))),
        (TEN_DIGITS, phone is None and values.digits_in(wrong) == _TEN),
        (WRONG_PHONE, phone is None),
        (NO_LETTERS, not any(letter.isalpha() for letter in name)),
    )
    return next((fault for fault, is_there in faults if is_there), "")


def _is_a_field(name: str, written: str) -> bool:
    """Return whether a student's grade or the like stands in place of the name."""
    if name in NOBODY_IS_CALLED or written in DITTO or "name" in (said(name) or ()):
        return True
    if values.is_remark(name) and (name != written or name.endswith(_ENDS_OF_CLASSES)):
        return True
    if is_name(name):
        return False
    # A school's name whose grade was taken for what stands beside a name.
    field = values.beside_a_name(written if name.endswith(_ENDS_OF_SCHOOLS) else name)
    return field is not None and (written != name or not name.endswith(_ENDS_OF_SCHOOLS))


def _wrong_value(fault: str, name: str, phone: str | None, wrong: str) -> str:
    if fault is NO_NAME:
        return ""
    of_phone = fault in {NO_PHONE, UNCLEAR_PHONE, WRONG_PHONE, TEN_DIGITS} or (
        fault in {NO_RESULT, STRUCK} and phone is None and wrong
    )
    return shown(wrong if of_phone else name)
