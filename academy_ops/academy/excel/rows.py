"""The rows below a header: students, rejected ones, and those that are neither."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from academy_ops.academy.excel import values
from academy_ops.academy.excel.header import Header, header_of
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
from academy_ops.academy.excel.text import shown, text
from academy_ops.academy.excel.values import LONGEST
from academy_ops.academy.excel.vocabulary import EXAMPLES, NOBODY, STUDENT

MAX_STUDENTS: Final = 100_000
MOST_TOLD: Final = 1000
"""So many skipped rows and values that were left out are told of a sheet; all skipped rows are counted."""
_MOST_KNOWN: Final = 4096
_LOOKED_AT: Final = 20
"""In so many rows below the header, columns without a heading are looked for."""

_USUAL_NAME: Final = re.compile(r"[가-힣]{2,12}\d{0,6}").fullmatch
_EXAMPLE_STUDENTS: Final = frozenset({("홍길동", "01000000000"), ("홍길동", "01012345678")})
"""The templates' own, also where somebody has cleared what says that they are examples."""
_STAFF_BEGINS: Final = frozenset({"문의", "담당", "작성", "원장", "대표", "학원", "연락", "전화", "상담"})

# Patterns that few rows need; re compiles each when it is first used, which takes longer than to read a small workbook.
_EXAMPLE_NAME: Final = r"[(\[<]?\s*(?:예시?|보기|ex|sample|example)\s*[)\]>:.]"
_TOTAL: Final = (
    r"(?:총|합)?\s*(?:계|합계|총계|소계|누계|인원|총원|총인원|인원수|학생수|평균|total|sum|subtotal)\s*[:：(]?\s*[\d,]*\s*명?\)?"
    r"|총\s*[:：]?\s*[\d,]+\s*명?|[\d,]+\s*명"
)
_NOTE: Final = r"[※＊*#★☆■□◆◇●○▶►→☞✔✓=_<\[【〔「『(~\-–—·•]|주\)|비고\s*[:)]|참고|안내|주의|작성|예\)"
_BANNER: Final = r".*\d.*(?:반|학년|부|명|기|과정)|.*(?:반|학년|과정|등부|명단|팀|그룹|클래스|교실|캠퍼스)"
_STAFF: Final = r"(?:문의|담당|작성자|원장|대표|학원|연락처|전화|상담)(?:처|자|번호|전화|님|선생님)?(?:\s.*|[:：].*)?"
_LONGEST_NAME_ALONE: Final = 30
_REAL_PHONE_DIGITS: Final = 7
_TEN: Final = 10

NO_NAME: Final = "이름이 비어 있습니다."
NO_LETTERS: Final = "이름에 글자가 없습니다."
NAME_TOO_LONG: Final = f"이름이 너무 깁니다 ({LONGEST['name']}자까지)."
WRONG_PHONE: Final = "학부모 전화번호는 010으로 시작하는 11자리여야 합니다."
TEN_DIGITS: Final = "학부모 전화번호가 10자리입니다. 010으로 시작하는 11자리여야 합니다."

_Said = tuple[dict[str, str], bool]
"""What an optional cell says, by field; and whether it was left out."""
_Read = Callable[[str], dict[str, str]]
_NOTHING: Final[_Said] = ({}, False)


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
        self._since = (0, 0)
        """How many students and rejected rows there were when the header came into force."""

    def ignored(self) -> list[IgnoredColumn]:
        """Return the columns of which nothing, or not all, was used."""
        return [IgnoredColumn(self.sheet, one) for one in self._ignored]

    def begin(self, header: Header) -> None:
        """Read the following rows by ``header``."""
        former = self.header
        students, rejected = self._since
        if former is not None and len(self.students) == students and header.worth > former.worth:
            # What came before was a form to fill in, with words of a header.
            self.skipped_count += len(self.rejected) - rejected
            self.skipped.extend(Skipped(one.sheet, one.row, "note") for one in self.rejected[rejected:][:MOST_TOLD])
            del self.rejected[rejected:]
            if not self.students:
                self._ignored.clear()
        self.header = header
        self._since = (len(self.students), len(self.rejected))
        self._to_look_at = _LOOKED_AT
        self._name, *others = header.columns["name"]
        self._phones = header.columns["parent_phone"]
        self._phone = self._phones[0]
        kinds = header.columns.get("kind") or tuple(p for p, one in enumerate(header.headings) if not one)
        self._kind = kinds[0] if kinds else None
        self._readers = []
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
            WorkbookError: There are too many students.
        """
        above: Sequence[object] = ()
        for number, row in numbered:
            if not any(row):
                continue
            if len(row) <= max(self._name, self._phone):
                row = [*row, *[""] * (1 + max(self._name, self._phone) - len(row))]  # noqa: PLW2901 - the same row, padded
            name, phone = row[self._name], values.phone(row[self._phone])
            if (
                phone is None
                or not isinstance(name, str)
                or not _USUAL_NAME(name)
                or (self._kind is not None and row[self._kind : self._kind + 1] not in ([""], []))
                or (name, phone) in _EXAMPLE_STUDENTS
                or name[:2] in _STAFF_BEGINS
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

    def _unusual(self, number: int, row: Sequence[object], above: Sequence[object]) -> None:
        """Read a row that needs a closer look."""
        name, (phone, wrong) = text(row[self._name]), self._parent_phone(row)
        header = header_of(row, above) if phone is None else None
        if header is not None and header.complete:
            self._begin_again(header, number)
        elif why := self._no_student(row, name, phone, wrong):
            self._skip(number, why)
        elif not name or name.casefold() in NOBODY:
            self.rejected.append(Rejected(self.sheet, number, "", NO_NAME))
        elif len(name) > LONGEST["name"]:
            self.rejected.append(Rejected(self.sheet, number, name[: LONGEST["name"]], NAME_TOO_LONG, shown(name)))
        elif phone is None:
            error = TEN_DIGITS if values.digits_in(wrong) == _TEN else WRONG_PHONE
            self.rejected.append(Rejected(self.sheet, number, name, error, shown(wrong)))
        elif not any(one.isalpha() for one in name):
            self.rejected.append(Rejected(self.sheet, number, name, NO_LETTERS, shown(name)))
        else:
            self._create(number, row, name, phone)

    def _parent_phone(self, row: Sequence[object]) -> tuple[str | None, str]:
        """Return the first phone of a parent, or None and what stands there instead."""
        wrong = ""
        for position in self._phones:
            cell = row[position] if position < len(row) else ""
            if (phone := values.phone(cell)) is not None:
                return phone, wrong
            wrong = wrong or text(cell)
        return None, wrong

    def _no_student(self, row: Sequence[object], name: str, phone: str | None, wrong: str) -> Why | None:
        """Return what a row is that holds no student, or None."""
        if self._is_example(row, name, phone):
            return "example"
        if phone is not None or values.digits_in(wrong) >= _REAL_PHONE_DIGITS:
            return "note" if phone and re.fullmatch(_STAFF, name) else None
        folded = unicodedata.normalize("NFKC", name).casefold()
        if not any(one.isalnum() for one in name) or folded in NOBODY:
            name, folded, alone = next((line for cell in row if (line := text(cell))), ""), "", True
            why: Why | None = "no-name"
        else:
            alone, why = sum(cell not in ("", None) for cell in row) == 1, None
        if re.fullmatch(_TOTAL, folded or name):
            return "total"
        if re.fullmatch(_STAFF, name) or (re.match(_NOTE, name) and (alone or not wrong)):
            return "note"
        return "note" if alone and why is None and _is_alone(name) else why

    def _is_example(self, row: Sequence[object], name: str, phone: str | None) -> bool:
        kind = text(row[self._kind]).casefold() if self._kind is not None and self._kind < len(row) else ""
        marked = kind and (
            any(word in kind for word, where in EXAMPLES.items() if where == "anywhere")
            or kind.strip("()[]<>.: ") in EXAMPLES
        )
        return bool(marked or re.match(_EXAMPLE_NAME, name.casefold()) or ((name, phone) in _EXAMPLE_STUDENTS))

    def _begin_again(self, header: Header, number: int) -> None:
        """Read on by a header that stands among the rows, as over each class of a sheet; a form to fill in is none."""
        if header.rows > 1 and self.rejected and self.rejected[-1].row == number - 1:
            self.rejected.pop()
            self._skip(number - 1, "heading")
        self._skip(number, "heading")
        if header.is_roster or self.header is None or header.worth >= self.header.worth:
            self.begin(header)

    def _create(self, number: int, row: Sequence[object], name: str, phone: str) -> None:
        written = row[self._phone]
        if not isinstance(written, str) or written[:1] == "1":
            self.stricter.add("lost-zero")
        found = self._optional(number, row)
        self.students.append(Student(self.sheet, number, name, phone, *map(found.get, _OPTIONAL_FIELDS)))
        if len(self._phones) > 1:
            self._other_phones(number, row, phone)

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
    "school_type": _as_it_is("school_type"),
    "school": values.school,
    "grade": values.grade,
    "class_name": lambda line: {"class_name": values.class_name(line)},
    "track": _as_it_is("track"),
    "memo": _as_it_is("memo"),
}
"""The fields that a student can do without, and who reads them."""
_OPTIONAL_FIELDS: Final = tuple(_OPTIONAL)


def _letters(position: int) -> str:
    """Return a column's letters, as Excel shows them."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _is_alone(name: str) -> bool:
    """Return whether what stands alone in its row is the name of a class, or a note, and not a student's."""
    return bool(re.fullmatch(_BANNER, name) or len(name) > _LONGEST_NAME_ALONE)
