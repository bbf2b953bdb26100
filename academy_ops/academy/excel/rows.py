"""The rows below a header: students, rejected ones, and those that are neither."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from academy_ops.academy.excel import junk, values
from academy_ops.academy.excel.columns import Ahead, UnclearError, joined, settled
from academy_ops.academy.excel.header import Header, header_of, is_of_others
from academy_ops.academy.excel.headings import beside_the_name, letters, said
from academy_ops.academy.excel.names import apart, is_masked, is_of_family, whole, without_title
from academy_ops.academy.excel.records import (
    IgnoredColumn,
    LeftOutValue,
    Rejected,
    Skipped,
    Stricter,
    Student,
    Why,
    WorkbookError,
)
from academy_ops.academy.excel.text import Again, shown, text
from academy_ops.academy.excel.values import LONGEST
from academy_ops.academy.excel.vocabulary import (
    DITTO,
    IS_STUDENT_IF_YES,
    NOBODY,
    ONE_PARENT,
    PARENT,
    RELATIONS,
    STUDENT,
)

MAX_STUDENTS: Final = 100_000
MOST_TOLD: Final = 1000
"""So many skipped rows and values that were left out are told of a sheet; all skipped rows are counted."""
_MOST_KNOWN: Final = 4096
_LOOKED_AT: Final = 20
"""In so many rows below the header, columns without a heading are looked for."""

_TEN: Final = 10
_NOBODYS_PHONE: Final = "01000000000"
_LONGEST_USUAL_PHONE: Final = 13

NO_NAME: Final = "이름이 비어 있습니다."
NO_LETTERS: Final = "이름에 글자가 없습니다."
TWO_NAMES: Final = "이름 칸에 여러 명이 있습니다. 한 행에 한 명씩 적어 주세요."
OF_FAMILY: Final = "이름 칸에 학생의 가족으로 보이는 사람이 있습니다. 학생의 이름을 적어 주세요."
MASKED: Final = "이름의 일부가 가려져 있습니다. 학생의 이름을 모두 적어 주세요."
NAME_TOO_LONG: Final = f"이름이 너무 깁니다 ({LONGEST['name']}자까지)."
WRONG_PHONE: Final = "학부모 전화번호는 010으로 시작하는 11자리여야 합니다."
TEN_DIGITS: Final = "학부모 전화번호가 10자리입니다. 010으로 시작하는 11자리여야 합니다."

_OF_A_SECTION: Final[dict[junk.Section, Why | None]] = {"": None, "students": None, "staff": "note", "left": "left"}
_Said = tuple[dict[str, str], bool]
"""What an optional cell says, by field; and whether it was left out."""
_BLANK: Final[tuple[list[object], ...]] = ([""], [], [None])
_NOTHING_SAID: Final = frozenset({"등록", "학생", "재원", "재원생", "아니오", "-", "Student"})
"""What 구분 says of every student."""
_Read = Callable[[str], dict[str, str]]
_NOTHING: Final[_Said] = ({}, False)
_NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})


class Roster:
    """What was read below the headers of one sheet.

    Attributes:
        header: The header in force, or None before the first one.
        students: The rows to create.
        rejected: The rows that can't be created.
        skipped: The first of the rows that are neither.
        skipped_count: How many those are.
        left_out: The first of the values that students are created without.
        stricter: What the production parser does not take.
    """

    def __init__(self, sheet: str) -> None:
        self.sheet = sheet
        self.header: Header | None = None
        self.students: list[Student] = []
        self.rejected: list[Rejected] = []
        self.skipped: list[Skipped] = []
        self.skipped_count = 0
        self.left_out: list[LeftOutValue] = []
        self.stricter: set[Stricter] = set()
        self._ignored: dict[str, None] = {}
        self._readers: list[tuple[int, str, _Read, dict[object, _Said]]] = []
        self._name = self._phone = 0
        self._phones: tuple[int, ...] = ()
        self._kind: int | None = None
        self._to_look_at = 0
        self._spans: Mapping[int, int] = {}
        self._parts: tuple[int, ...] = ()
        self._relation: int | None = None
        self._beside: str | None = None
        self._states: tuple[int, ...] = ()
        self._numbers: frozenset[int] = frozenset()
        self._section: Why | None = None
        """What the rows are that follow a banner, as ``[퇴원생]`` is one; None where they are students."""
        self._section_begins = False
        self._ahead = Ahead(())
        self._since = (0, 0)
        """How many students and rejected rows there were when the header came into force."""

    def ignored(self) -> list[IgnoredColumn]:
        """Return the columns of which nothing, or not all, was used."""
        return [IgnoredColumn(self.sheet, column) for column in self._ignored]

    def begin(self, header: Header) -> None:
        """Read the following rows by ``header``."""
        former = self.header
        students, rejected = self._since
        if former is not None and len(self.students) == students and header.worth > former.worth:
            # What came before was a form to fill in, with words of a header.
            self.skipped_count += len(self.rejected) - rejected
            self.skipped.extend(Skipped(row.sheet, row.row, "note") for row in self.rejected[rejected:][:MOST_TOLD])
            del self.rejected[rejected:]
            if not self.students:
                self._ignored.clear()
        self.header = header
        self._since = (len(self.students), len(self.rejected))
        self._to_look_at = _LOOKED_AT
        if not self._section_begins:
            self._section = None
        self._name, *others = header.columns["name"]
        self._phones = header.columns["parent_phone"]
        self._phone = self._phones[0]
        self._parts = (*header.columns.get("family", ()), *header.columns.get("middle", ()))
        relations = (p for p, one in enumerate(header.headings) if letters(one).casefold() in RELATIONS)
        self._relation = None if header.has_parent_phone else next(relations, None)
        self._beside = beside_the_name(header.headings[self._name])
        self._spans = header.spans
        kinds = header.columns.get("kind") or tuple(p for p, one in enumerate(header.headings) if not one)
        self._kind = kinds[0] if kinds and ("kind" in header.columns or kinds[0] < self._name) else None
        self._numbers = frozenset(header.numbers)
        self._states = tuple(position for field in ("state", "left") for position in header.columns.get(field, ()))
        self._readers = []
        self._ignored.update(dict.fromkeys(shown(header.headings[position]) for position in self._states))
        for field, read in _OPTIONAL.items():
            first, *rest = header.columns.get(field) or (None,)
            if first is not None:
                self._readers.append((first, field, read, {}))
            others += rest
        for name in (*header.ignored(), *(shown(header.headings[position]) for position in others)):
            self._ignored.setdefault(name)

    def read(self, numbered: Iterable[tuple[int, Sequence[object]]]) -> None:
        """Read rows that have a header.

        Raises:
            UnclearError: A further header leaves open which phones are the parents'.
            WorkbookError: There are too many students.
        """
        above: Sequence[object] = ()
        self._ahead = numbered if isinstance(numbered, Ahead) else Ahead(numbered)
        for number, row in self._ahead:
            if not any(row):
                continue
            if len(row) <= max(self._name, self._phone):
                row = [*row, *[""] * (1 + max(self._name, self._phone) - len(row))]  # noqa: PLW2901 - the same row, padded
            if not DITTO.isdisjoint(row):
                row = _repeated(row, above, self._name)  # noqa: PLW2901 - the same row, as it is meant
            if self._spans:
                row = joined(row, self._spans)  # noqa: PLW2901 - the same row, its phones in one cell
            if self._parts:
                row = self._with_family(row)  # noqa: PLW2901 - the same row, with the whole name
            name, cell = row[self._name], row[self._phone]
            phone = values.phone(cell)
            if (
                phone is None
                or type(name) is not str
                or not junk.is_usual(name)
                or (self._kind is not None and row[self._kind : self._kind + 1] not in _BLANK)
                or self._section
                or self._states
                or self._relation is not None
                or phone == _NOBODYS_PHONE
                or (self._to_look_at and junk.is_marked(row, self._name, self._numbers))
                or (type(cell) is str and len(cell) > _LONGEST_USUAL_PHONE)
            ):
                self._unusual(number, row, above)
            else:
                self._create(number, row, name, phone)
            if self._to_look_at:
                self._look_for_columns(row)
            above = row
            if len(self.students) + len(self.rejected) > MAX_STUDENTS:
                raise WorkbookError(
                    "too-large", f"학생 행이 너무 많습니다. 한 파일에 {MAX_STUDENTS:,}명까지 등록할 수 있습니다."
                )

    def _with_family(self, row: Sequence[object]) -> Sequence[object]:
        """Return a row whose name is whole: with the family name, and those in the middle."""
        given = text(row[self._name])
        lines = [(part, text(row[part])) for part in self._parts if part < len(row)]
        parts = [(one, line) for one, line in lines if any(letter.isalpha() for letter in line)]
        if given and parts:
            row = [*row]
            row[self._name] = whole(given, self._name, parts)
        return row

    def _unusual(self, number: int, row: Sequence[object], above: Sequence[object]) -> None:
        """Read a row that needs a closer look."""
        name, (phone, wrong) = text(row[self._name]), self._parent_phone(row)
        if phone is None and self._is_heading(number, row, above):
            return
        is_usual = phone not in {None, _NOBODYS_PHONE} and bool(junk.is_usual(name))
        why = self._no_student(number, row, name, phone, wrong, is_usual=is_usual)
        self._section_begins = False
        if why in {"note", "left"} and (section := junk.section(row)):
            self._section, self._section_begins = _OF_A_SECTION[section], True
        if why:
            self._skip(number, why)
            return
        written, beside = name, dict[str, str]()
        if not is_usual:
            name, beside = self._alone(junk.bare(name))
        if not is_usual and (fault := _fault(name, row[self._name], phone, wrong, written)):
            said = "" if fault is NO_NAME else written[: LONGEST["name"]]
            self.rejected.append(Rejected(self.sheet, number, said, fault, _wrong_value(fault, written, wrong)))
        elif phone:
            self._create(number, row, name, phone, beside)

    def _alone(self, name: str) -> tuple[str, dict[str, str]]:
        """Return a name without what stands beside it, and the fields that this says; what nobody understands stays."""
        alone, said = apart(name)
        if said and self._beside:
            return without_title(alone), _OPTIONAL[self._beside](said)
        if said and (fields := values.beside_a_name(said)) is not None:
            return without_title(alone), fields
        return without_title(name), {}

    def _is_heading(self, number: int, row: Sequence[object], above: Sequence[object]) -> bool:
        """Read on by another header where the row is one; by none where it is that of other people's table."""
        header = header_of(row, above)
        if header is not None and header.complete:
            self._begin_again(header, number)
        elif is_of_others(row):
            self._section, self._section_begins = "note", False
            self._skip(number, "heading")
        else:
            return False
        return True

    def _parent_phone(self, row: Sequence[object]) -> tuple[str | None, str]:
        """Return the first phone of a parent, or None and what stands there instead."""
        wrong = ""
        for position in self._phones:
            cell = row[position] if position < len(row) else ""
            if self._is_own(row):
                return None, text(cell)
            if (phone := values.phone(cell)) is not None and not values.is_own(cell, text(row[self._name])):
                return phone, wrong
            wrong = wrong or text(cell)
        return None, wrong

    def _is_own(self, row: Sequence[object]) -> bool:
        """Return whether a row says that its phone is the student's own."""
        position = self._relation
        return position is not None and position < len(row) and said(text(row[position])) == frozenset({STUDENT})

    def _no_student(
        self, number: int, row: Sequence[object], name: str, phone: str | None, wrong: str, *, is_usual: bool
    ) -> Why | None:
        """Return what a row is that holds no student, or None."""
        kind = row[self._kind] if self._kind is not None and self._kind < len(row) else ""
        if kind not in ("", None) and junk.is_example_mark(text(kind)):
            return "example"
        if self._to_look_at and junk.is_marked(row, self._name, self._numbers):
            return "example"
        if isinstance(row[self._name], Again) and not self._goes_on(number, phone):
            return "same"
        if kind not in ("", None) and (other := self._somebody_else(text(kind))):
            return other
        if not is_usual and (junk.says_left(name) or junk.has_left(apart(name)[1], asked=False)):
            return "left"
        why: Why | None = None
        if not is_usual:
            why = "example" if junk.is_example(name, phone, wrong) else junk.what(row, name, phone, wrong)
        return why or (self._section if phone is not None or wrong else None) or self._has_left(row)

    def _somebody_else(self, kind: str) -> Why | None:
        """Return what a row is of which 구분 says that it holds a teacher or a parent.

        Raises:
            UnclearError: It is a parent's, and so the students' rows have phones of their own, perhaps.
        """
        persons = said(kind) or frozenset()
        if persons & {PARENT, ONE_PARENT} and persons <= {PARENT, ONE_PARENT}:
            if self.header is None or not self.header.has_parent_phone:
                raise UnclearError
            return "note"
        return "note" if junk.section((kind,)) == "staff" else None

    def _goes_on(self, number: int, phone: str | None) -> bool:
        """Return whether a row of the student above has the phone that was missing there."""
        if phone is None or not self.rejected or self.rejected[-1].row != number - 1:
            return False
        self.rejected.pop()
        self._skip(number - 1, "same")
        return True

    def _has_left(self, row: Sequence[object]) -> Why | None:
        kinds = (self._kind,) if self._kind is not None else ()
        header = self.header
        for position in (*kinds, *self._states):
            said = text(row[position]) if position < len(row) else ""
            asked = header is not None and position in header.columns.get("left", ())
            comes = letters(self._heading(position)) in IS_STUDENT_IF_YES
            if said and junk.has_left(said, asked=asked, comes=comes):
                return "left"
        return None

    def _begin_again(self, header: Header, number: int) -> None:
        """Read on by a header that stands among the rows, as over each class of a sheet; a form to fill in is none."""
        if header.rows > 1 and self.rejected and self.rejected[-1].row == number - 1:
            self.rejected.pop()
            self._skip(number - 1, "heading")
        self._skip(number, "heading")
        if self._section and self._section_begins:
            self._section_begins = False
        elif header.is_roster or self.header is None or header.worth >= self.header.worth:
            self.begin(settled(header, self._ahead.look()))

    def _create(
        self, number: int, row: Sequence[object], name: str, phone: str, beside: Mapping[str, str] = _NO_FIELDS
    ) -> None:
        written = row[self._phone]
        if not isinstance(written, str) or written[:1] == "1":
            self.stricter.add("lost-zero")
        found = self._optional(number, row)
        if beside:
            found = {**beside, **found}
        if self._kind is not None and row[self._kind : self._kind + 1] not in _BLANK:
            self._kind_says(text(row[self._kind]), found)
        self.students.append(Student(self.sheet, number, name, phone, *map(found.get, _OPTIONAL_FIELDS)))
        if len(self._phones) > 1:
            self._other_phones(number, row, phone)

    def _kind_says(self, said: str, found: dict[str, str]) -> None:
        """Take the type of school that 구분 says; tell of the column where it says something else."""
        if self.header is None or "kind" not in self.header.columns:
            return
        if level := values.school_type(said):
            found.setdefault("school_type", level)
        elif said and said not in _NOTHING_SAID:
            self._ignored.setdefault(self._heading(self._kind or 0))

    def _optional(self, number: int, row: Sequence[object]) -> dict[str, str]:
        """Return what a row says beside name and parent's phone."""
        found: dict[str, str] = {}
        for position, field, read, known in self._readers:
            cell = row[position] if position < len(row) else ""
            if cell in ("", None):
                continue
            said = known.get(cell) if type(cell) is not bool else _NOTHING
            if said is None:
                said = self._said(field, cell, read)
                if len(known) < _MOST_KNOWN:
                    known[cell] = said
            fields, left_out = said
            for other, value in fields.items():
                # A column of its own says it better than what stands behind a school's name.
                if other == field or other not in found:
                    found[other] = value
            if left_out:
                self._leave_out(number, position, cell)
        return found

    def _said(self, field: str, cell: object, read: _Read) -> _Said:
        line = text(cell)
        if not line:
            return _NOTHING
        if field == "phone":
            phone = values.phone(cell, STUDENT)
            return ({"phone": phone}, False) if phone else ({}, True)
        if field == "grade" and not line.isdecimal():
            self.stricter.add("grade")
        if len(line) > LONGEST[field] or (line.startswith("#") and line.casefold() in NOBODY):
            return {}, True
        said = read(line)
        return said, not said

    def _other_phones(self, number: int, row: Sequence[object], taken: str) -> None:
        """Tell of a parent's phone that was passed over for another, and of the columns that were not needed."""
        for position in self._phones:
            cell = row[position] if position < len(row) else ""
            phone = values.phone(cell)
            if phone == taken:
                taken = ""
            elif phone is None and text(cell):
                self._leave_out(number, position, cell)
            elif phone is not None:
                self._ignored.setdefault(shown(self._heading(position)))

    def _leave_out(self, number: int, position: int, cell: object) -> None:
        if len(self.left_out) < MOST_TOLD:
            self.left_out.append(LeftOutValue(self.sheet, number, shown(self._heading(position)), shown(cell)))

    def _heading(self, position: int) -> str:
        headings = self.header.headings if self.header else ()
        return headings[position] if position < len(headings) and headings[position] else _letters(position)

    def _skip(self, number: int, why: Why) -> None:
        self.skipped_count += 1
        if len(self.skipped) < MOST_TOLD:
            self.skipped.append(Skipped(self.sheet, number, why))

    def _look_for_columns(self, row: Sequence[object]) -> None:
        """Note the columns that have values and no heading."""
        self._to_look_at -= 1
        headings = self.header.headings if self.header else ()
        for position, cell in enumerate(row):
            if (
                cell not in ("", None)
                and (position >= len(headings) or not headings[position])
                and not (position == self._kind and self.header and "kind" in self.header.columns)
            ):
                self._ignored.setdefault(_letters(position))


def _as_it_is(field: str) -> _Read:
    return lambda line: {field: line}


def _gender(line: str) -> dict[str, str]:
    gender = values.gender(line)
    return {"gender": gender} if gender else {}


_OPTIONAL: Final[dict[str, _Read]] = {
    "phone": _as_it_is("phone"),
    "gender": _gender,
    "school_type": lambda line: {"school_type": values.school_type(line) or line},
    "school": values.school,
    "grade": values.grade,
    "class_name": lambda line: {"class_name": values.class_name(line)},
    "track": _as_it_is("track"),
    "memo": _as_it_is("memo"),
}
"""The fields that a student can do without, and who reads them."""
_OPTIONAL_FIELDS: Final = tuple(_OPTIONAL)


def _fault(name: str, cell: object, phone: str | None, wrong: str, written: str) -> str:
    """Return why a row can't be created, for the school, or an empty text."""
    faults = (
        (NO_NAME, not name or name.casefold() in NOBODY or name.startswith("=")),
        (TWO_NAMES, junk.holds_two_names(cell if isinstance(cell, str) else name)),
        (NAME_TOO_LONG, len(name) > LONGEST["name"]),
        (MASKED, is_masked(written)),
        (OF_FAMILY, is_of_family(name)),
        (TEN_DIGITS, phone is None and values.digits_in(wrong) == _TEN),
        (WRONG_PHONE, phone is None),
        (NO_LETTERS, not any(letter.isalpha() for letter in name)),
    )
    return next((fault for fault, is_there in faults if is_there), "")


def _wrong_value(fault: str, name: str, wrong: str) -> str:
    if fault is NO_NAME:
        return ""
    return shown(wrong if fault in {WRONG_PHONE, TEN_DIGITS} else name)


def _repeated(row: Sequence[object], above: Sequence[object], name: int) -> list[object]:
    """Return a row with what stands above instead of the marks for "the same"."""
    return [
        above[position] if cell in DITTO and position != name and position < len(above) else cell
        for position, cell in enumerate(row)
    ]


def _letters(position: int) -> str:
    """Return a column's letters, as Excel shows them."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
