"""What the columns of a header say of each row: its student's name, phones and other fields."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from typing import Final

from academy_ops.academy.excel import junk, values
from academy_ops.academy.excel.columns import joined
from academy_ops.academy.excel.header import Header
from academy_ops.academy.excel.headings import beside_the_name, is_of_another, is_student_if_yes, letters, said
from academy_ops.academy.excel.names import apart, is_name, put_together, whole, without_title
from academy_ops.academy.excel.records import LeftOutValue, Stricter
from academy_ops.academy.excel.text import BRACKETS, Struck, shown, text
from academy_ops.academy.excel.values import LONGEST
from academy_ops.academy.excel.vocabulary import DITTO, LEFT_ALONE, NOBODY, RELATIONS, STUDENT

Row = Sequence[object]
MOST_LISTED: Final = 1000
"""So many skipped rows and values that were left out are listed of a sheet; all skipped rows are counted."""
_MOST_KNOWN: Final = 4096
_MOST_REMARKS: Final = 3
_REMARKS: Final = frozenset({"memo", "class_name", "grade", "track"})
LEFT: Final = "left"
"""What stands among a row's fields where a remark says that the student has left."""
_LONGEST_STATE: Final = 60
_NOTHING_THERE: Final = frozenset({"0"} | {word for word in NOBODY if len(word) > 1 and not word.startswith("#")})
"""What an optional cell says where it says nothing; an error of Excel is told."""
_BEHIND: Final = frozenset("(/")
_Said = tuple[Collection[tuple[str, str]], bool]
"""What an optional cell says, by field; and whether it was left out."""
_Read = Callable[[str], dict[str, str]]
_NOTHING: Final[_Said] = ((), False)
_NOTHING_SAID: Final = frozenset({"등록", "학생", "재원", "재원생", "아니오", "-", "Student"})
"""What 구분 says of every student."""


class Notes:
    """What is to be said of a sheet beside its rows.

    Attributes:
        ignored: The headings of the columns of which nothing, or not all, was used.
        left_out: The first of the values that students are created without.
        stricter: What the production parser does not take.
    """

    def __init__(self, sheet: str) -> None:
        self.sheet = sheet
        self.ignored: dict[str, None] = {}
        self.left_out: list[LeftOutValue] = []
        self.stricter: set[Stricter] = set()

    def leave_out(self, row: int, heading: str, cell: object) -> None:
        """Note a value that a student is created without."""
        if len(self.left_out) < MOST_LISTED:
            self.left_out.append(LeftOutValue(self.sheet, row, heading, shown(cell)))


class Columns:
    """The columns of one header.

    Attributes:
        header: The header.
        name: The column of the students' names.
        phone: The first column of the parents' phones.
        phones: All of them.
        kind: The column 구분, or one without a heading before the names; None where there is none.
        numbers: The columns of the rows' numbers.
        unusual: Whether each row needs a closer look.
    """

    def __init__(self, header: Header, notes: Notes, group: int | None = None) -> None:
        """Take a header, and note which of its columns are not used; ``group`` is written once for several rows."""
        self.header = header
        self._notes = notes
        self.name, *others = header.columns["name"]
        self.phones = header.columns["parent_phone"]
        self.phone = self.phones[0]
        self.numbers = frozenset(header.numbers)
        bare = tuple(position for position, line in enumerate(header.headings) if not line)
        kinds = header.columns.get("kind") or bare
        self.kind = kinds[0] if kinds and ("kind" in header.columns or kinds[0] < self.name) else None
        self._group = group
        self._in_group: object = ""
        self._parts = (*header.columns.get("family", ()), *header.columns.get("middle", ()))
        relations = (p for p, line in enumerate(header.headings) if letters(line).casefold() in RELATIONS)
        self._relation = None if header.has_parent_phone else next(relations, None)
        self._beside = beside_the_name(header.headings[self.name])
        self._states = tuple(position for field in ("state", "left") for position in header.columns.get(field, ()))
        self.unusual = bool(self._states) or self._relation is not None
        self._readers: list[tuple[int, str, _Read, dict[object, _Said]]] = []
        for field, read in _OPTIONAL.items():
            first, *rest = header.columns.get(field) or (None,)
            if first is not None:
                self._readers.append((first, field, read, {"": _NOTHING, None: _NOTHING}))
            others += rest
        self._width = 1 + max(self.kind or 0, self._relation or 0, *chain.from_iterable(header.columns.values()))
        unused = (*map(self.heading, self._states), *header.ignored(), *map(self.heading, others))
        notes.ignored.update(dict.fromkeys(unused))

    def heading(self, position: int) -> str:
        """Return what stands over a column, or its letters."""
        headings = self.header.headings
        return shown(headings[position]) if position < len(headings) and headings[position] else _letters(position)

    def whole_row(self, row: Row, above: Row, *, ditto: bool) -> Row:
        """Return a row as it is meant: as long as it must be, no cell left to those above, beside or before it."""
        if len(row) < self._width:
            row = [*row, *[""] * (self._width - len(row))]
        if ditto:
            row = [
                above[position] if cell in DITTO and position != self.name and position < len(above) else cell
                for position, cell in enumerate(row)
            ]
        if (group := self._group) is not None:
            name, line = text(row[self.name]), text(row[group])
            if junk.is_total(line) or (junk.is_total(name) and not values.phone(row[self.phone])):
                self._in_group = ""
            elif line and (name or junk.is_alone(row)):
                self._in_group = row[group]
            elif name and not line:
                row = [*row[:group], self._in_group, *row[group + 1 :]]
        if self.header.spans:
            row = joined(row, self.header.spans)
        return self._with_family(row) if self._parts else row

    def _with_family(self, row: Row) -> Row:
        """Return a row whose name is whole: with the family name, and those in the middle."""
        given = text(row[self.name])
        lines = [(part, text(row[part])) for part in self._parts]
        parts = [(part, line) for part, line in lines if any(letter.isalpha() for letter in line)]
        if given and parts:
            row = [*row]
            # What no name can be taken from can't be part of one either.
            cells = (row[self.name], *(row[part] for part, _line in parts))
            row[self.name] = next(filter(_is_no_part, cells), whole(given, self.name, parts))
        return row

    def kind_of(self, row: Row) -> str:
        """Return what 구분 says."""
        return text(row[self.kind]) if self.kind is not None and row[self.kind] else ""

    def parent_phone(self, row: Row) -> tuple[str | None, str]:
        """Return the first phone of a parent, or None and what stands there instead."""
        wrong = ""
        for position in self.phones:
            cell = row[position]
            if self._is_own(row):
                return None, text(cell)
            if (phone := values.phone(cell)) is not None:
                name = text(row[self.name])
                if not values.is_own(cell, name) and not values.is_doubtful(cell, name):
                    return phone, wrong
            wrong = wrong or text(cell)
        return None, wrong

    def has_struck_phone(self, row: Row) -> bool:
        """Return whether somebody has drawn a line through a parent's phone."""
        return any(isinstance(row[position], Struck) for position in self.phones)

    def _is_own(self, row: Row) -> bool:
        """Return whether a row says that its phone is the student's own."""
        return self._relation is not None and said(text(row[self._relation])) == frozenset({STUDENT})

    def note_other_phones(self, number: int, row: Row, taken: str) -> None:
        """Note a parent's phone that was passed over for another, and the columns that were not needed."""
        for position in self.phones:
            phone = values.phone(cell := row[position])
            if phone == taken:
                taken = ""
            elif phone is None and text(cell):
                self._notes.leave_out(number, self.heading(position), cell)
            elif phone is not None:
                self._notes.ignored.setdefault(self.heading(position))

    def has_left(self, row: Row) -> bool:
        """Return whether a row says that its student has left; one word does, unless its column is another's."""
        if any(cell in LEFT_ALONE and not is_of_another(self.heading(place)) for place, cell in enumerate(row)):
            return True
        kinds = (self.kind,) if self.kind is not None else ()
        for position in (*kinds, *self._states):
            cell = row[position]
            state = str(cell).casefold() if isinstance(cell, bool) else text(cell)[:_LONGEST_STATE]
            asked = letters(self.heading(position)) if position in self.header.columns.get("left", ()) else ""
            comes = is_student_if_yes(self.heading(position))
            if state and junk.has_left(state, asked=asked, comes=comes):
                return True
            why = (letters(state) or state).casefold() if asked.endswith("사유") else ""
            if any(map(str.isalnum, why)) and why not in NOBODY:
                return True
        return False

    def alone(self, name: str) -> tuple[str, dict[str, str]]:
        """Return a name without what stands beside it, and the fields that this says; what nobody understands stays."""
        found: dict[str, str] = {}
        for _ in range(_MOST_REMARKS):
            for alone, remark in apart(name):
                rounded = name.translate(BRACKETS)
                asked = self._beside if not _BEHIND.isdisjoint(rounded) else None
                if is_name(remark) and not is_name(alone):
                    # 김현중 in Kevin (김현중) is no school.
                    continue
                in_brackets = rounded[0] == "(" or rounded[-1] == ")"
                fields = _OPTIONAL[asked](remark) if asked else values.beside_a_name(remark, in_brackets=in_brackets)
                if fields is not None:
                    name, found = alone, _with_memos(fields, found)
                    break
            else:
                break
        return without_title(put_together(name)), found

    def fields(self, number: int, row: Row, beside: Mapping[str, str]) -> dict[str, str]:
        """Return what a row says beside name and parent's phone; ``beside`` is what stands beside the name."""
        found: dict[str, str] = {}
        for position, field, read, known in self._readers:
            cell = row[position]
            # True is no 1.
            answer = known.get(cell) if cell is not True and cell is not False else _NOTHING
            if answer is None:
                fields, left_out = self._said(field, cell, read)
                answer = fields.items(), left_out
                if len(known) < _MOST_KNOWN:
                    known[cell] = answer
            says, left_out = answer
            for other, value in says:
                # A column of its own says it better than what stands behind a school's name.
                if other == field or other not in found:
                    found[other] = value
            if left_out:
                self._notes.leave_out(number, self.heading(position), cell)
        if beside:
            found = _with_memos(beside, found)
        if "kind" in self.header.columns and (kind := self.kind_of(row)):
            self._take_kind(kind, found)
        return found

    def _take_kind(self, kind: str, found: dict[str, str]) -> None:
        """Take the type of school that 구분 says; note the column where it says something else."""
        if level := values.school_type(kind):
            found.setdefault("school_type", level)
        elif kind not in _NOTHING_SAID:
            self._notes.ignored.setdefault(self.heading(self.kind or 0))

    def _said(self, field: str, cell: object, read: _Read) -> tuple[dict[str, str], bool]:
        line = text(cell)
        if not line:
            return {}, False
        if field == "phone":
            phone = values.phone(cell, STUDENT)
            return ({"phone": phone}, False) if phone else ({}, True)
        if field == "grade" and not line.isdecimal():
            self._notes.stricter.add("grade")
        if field not in {"gender", "memo"} and (not any(map(str.isalnum, line)) or line.casefold() in _NOTHING_THERE):
            return {}, False
        if len(line) > LONGEST[field] or line[:1] == "=" or (line[:1] == "#" and line.casefold() in NOBODY):
            return {}, True
        if field in _REMARKS and junk.remark_says_left(line):
            return {LEFT: line}, False
        fields = read(line)
        return fields, not fields

    def note_bare(self, row: Row) -> None:
        """Note the columns that have a value in a row, and no heading."""
        headings = self.header.headings
        for position, cell in enumerate(row):
            named = (position < len(headings) and headings[position]) or (
                position == self.kind and "kind" in self.header.columns
            )
            if cell not in ("", None) and not named:
                self._notes.ignored.setdefault(_letters(position))


def _with_memos(beside: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of both; the second ones count, and of memos both."""
    memos = [fields["memo"] for fields in (found, beside) if "memo" in fields]
    memo = {"memo": ", ".join(memos)[: LONGEST["memo"]]} if memos else {}
    return {**beside, **found, **memo}


def _as_it_is(field: str) -> _Read:
    return lambda line: {field: line}


def _gender(line: str) -> dict[str, str]:
    gender = values.gender(line)
    return {"gender": gender} if gender else {}


_OPTIONAL: Final[Mapping[str, _Read]] = {
    "phone": _as_it_is("phone"),
    "gender": _gender,
    "school_type": lambda line: {"school_type": values.school_type(line) or line},
    "school": values.school,
    "grade": values.grade,
    "class_name": lambda line: {"class_name": values.restored(line)},
    "track": _as_it_is("track"),
    "memo": _as_it_is("memo"),
}
"""The fields that a student can do without, and who reads them."""
OPTIONAL_FIELDS: Final = tuple(_OPTIONAL)


def _letters(position: int) -> str:
    """Return a column's letters, as Excel shows them."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _is_no_part(cell: object) -> bool:
    """Return whether a cell of a name is struck out, a formula without a result, or an error of Excel."""
    return isinstance(cell, Struck) or text(cell)[:1] in {"=", "#"}
