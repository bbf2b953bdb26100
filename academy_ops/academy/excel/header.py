"""Which row is the header, and what its columns hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from academy_ops.academy.excel.headings import NOT_SAID, PERSON_ONLY, heading, letters, said
from academy_ops.academy.excel.text import shown, text
from academy_ops.academy.excel.values import digits_in
from academy_ops.academy.excel.vocabulary import NUMBER, ONE_PARENT, PARENT, RELATIONS, SOMEBODY_ELSE, STUDENT

_PHONE_DIGITS: Final = 8
_LONGEST_GROUP: Final = 40
_YEAR: Final = r"(?<!\d)20(\d\d)(?!\d)"
_CENTURY: Final = 100
_ORDINAL: Final = r"[^\W\d_]\s?\(?([1-9])(?!\d)"


class Open(NamedTuple):
    """Columns of which the headings do not say enough; the values do, perhaps.

    Attributes:
        phones: Phones of which nothing says whose.
        messages: Likewise, and they are for notices: hardly the student's own.
        parents: Called after parents: their phones, or their names.
        numbers: The rows' numbers, or phones.
        student_numbers: The students' numbers, or phones.
        students: Called after students, beside a plain column of names: their names, or something else.
    """

    phones: tuple[int, ...] = ()
    messages: tuple[int, ...] = ()
    parents: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    student_numbers: tuple[int, ...] = ()
    students: tuple[int, ...] = ()


class Header(NamedTuple):
    """A row, or two, that name the columns.

    Attributes:
        columns: The positions of each field's columns, the one to be read first in front.
        headings: What stands over each column.
        rows: How many rows it has, 1 to 3; the last one is the row that was asked about.
        has_parent_phone: Whether a column is said to hold parents' phones; else the only phones are taken for theirs.
        open: What only the values decide.
        spans: Over how many columns the phones reach that begin at a position.
    """

    columns: dict[str, tuple[int, ...]]
    headings: tuple[str, ...]
    rows: int
    has_parent_phone: bool
    open: Open = Open()
    spans: Mapping[int, int] = MappingProxyType({})

    @property
    def family(self) -> int | None:
        """The column beside the names that may hold the family names: 성 may as well be the gender."""
        name = self.columns["name"][0]
        places = [place for place in (name - 1, name + 1) if 0 <= place < len(self.headings)]
        return next((place for place in places if self.headings[place].partition("(")[0].strip() == "성"), None)

    @property
    def promising(self) -> bool:
        """Whether there are names, and what may be phones."""
        return "name" in self.columns and not self.of_staff and ("parent_phone" in self.columns or any(self.open[:5]))

    @property
    def unclear(self) -> bool:
        """Whether there are phones of which nothing says whose they are."""
        return len(self.open.phones + self.open.messages) > 0 and "parent_phone" not in self.columns

    @property
    def complete(self) -> bool:
        """Whether there are both names and phones to create students with."""
        return "name" in self.columns and "parent_phone" in self.columns and not self.of_staff

    @property
    def of_staff(self) -> bool:
        """Whether the people below it are the school's own."""
        return "staff" in self.columns and not self.is_roster

    @property
    def numbers(self) -> list[int]:
        """The columns of the rows' numbers."""
        return [position for position, line in enumerate(self.headings) if line and said(line) == frozenset({NUMBER})]

    @property
    def nearly(self) -> bool:
        """Whether only the parents' phones are missing."""
        return (
            "name" in self.columns
            and (len(self.columns) > 1 or self.unclear)
            and not self.complete
            and not self.of_staff
        )

    @property
    def is_roster(self) -> bool:
        """Whether more than a name and some phone tells that these are students."""
        return self.has_parent_phone or bool(self.columns.keys() & {"school", "grade", "class_name", "school_type"})

    @property
    def worth(self) -> tuple[bool, bool, int]:
        """How much the columns say; a header that says more is taken instead of one that says less."""
        return (self.complete, self.has_parent_phone, len(self.columns))

    def adds_to(self, other: Header) -> bool:
        """Return whether it says all that another one says, and more only of columns that have no heading there."""
        ours, theirs = (
            {(field, position) for field, positions in header.columns.items() for position in positions}
            for header in (self, other)
        )
        return theirs <= ours and not any("".join(other.headings[place : place + 1]) for _field, place in ours - theirs)

    def beside(self) -> list[int]:
        """Return where tables begin that stand side by side and repeat the headings of the first one."""
        first = next((line for line in self.headings if line), "")
        starts = [position for position, line in enumerate(self.headings) if line == first]
        phones = self.columns.get("parent_phone", ()) if self.has_parent_phone else self.open.phones
        return starts if len(self.columns["name"]) >= len(starts) <= len(phones) else starts[:1]

    def ignored(self) -> list[str]:
        """Return the headings of the columns of which nothing is read."""
        read = {position for positions in self.columns.values() for position in positions}
        read |= {position + more for position, width in self.spans.items() if position in read for more in range(width)}
        return [shown(line) for position, line in enumerate(self.headings) if line and position not in read]


def header_of(row: Sequence[object], above: Sequence[object] = (), top: Sequence[object] = ()) -> Header | None:
    """Return what a row says as a header, alone or together with the rows above it; None where it holds data.

    The headings of ``above`` may reach over several columns or stand for two rows; ``top`` is the row above that one.
    """
    lines = _lines(row)
    if lines is None:
        return None
    alone = _header(lines, 1)
    upper = _lines(above) if any(above) and any(lines) else None
    if upper is None or _is_title(upper):
        return alone
    ways = [alone, _header(_joined(upper, lines), 2)]
    if (uppermost := _lines(top) if any(top) else None) is not None:
        ways.append(_header(_joined(_joined(uppermost, upper), lines), 3))
    if alone.complete and alone.has_parent_phone:
        ways = [way for way in ways if way.adds_to(alone)]
    best = max(ways, key=lambda way: way.worth)
    if best.complete and not best.has_parent_phone and any(way.unclear for way in ways):
        # The only phones of this row are not the only ones of the table.
        return next(way for way in ways if way.unclear)
    return best


def is_of_others(row: Sequence[object]) -> bool:
    """Return whether a row is the header of another table, as ``강사명`` beside ``연락처`` is."""
    words = [said(line) or frozenset() for line in _lines(row) or () if line]
    phones = [meanings for meanings in words if "phone" in meanings and SOMEBODY_ELSE not in meanings]
    return bool(phones) and any(SOMEBODY_ELSE in meanings and meanings <= {SOMEBODY_ELSE, "name"} for meanings in words)


def names_columns(row: Sequence[object]) -> bool:
    """Return whether a row only says more of what stands below a header, as ``한글`` beside ``영문`` does."""
    words = [said(line) for line in _lines(row) or () if line]
    return len(words) > 1 and None not in words and any(words)


def _lines(row: Sequence[object]) -> list[str] | None:
    """Return a row's texts, or None where one is a phone: then it is no header."""
    lines = [text(cell) if isinstance(cell, str) else "" for cell in row]
    if any(len(line) < _LONGEST_GROUP and digits_in(line) >= _PHONE_DIGITS and not heading(line) for line in lines):
        return None
    return lines


def _is_title(upper: Sequence[str]) -> bool:
    """Return whether a row holds one text, as ``2026 원생 연락처``, which does not only say whose columns follow."""
    filled = [line for line in upper if line]
    words = said(filled[0]) if filled else None
    if words == frozenset({"phone"}) and not upper[0]:
        # Over 학생용 and 학부모용, perhaps.
        return False
    return len(filled) < 2 and (not words or not words <= {STUDENT, PARENT, ONE_PARENT})  # noqa: PLR2004 - one text


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Put two rows together: what stands above reaches to the right, over columns that have a heading of their own."""
    joined, group = [], ""
    for position in range(max(len(upper), len(lower))):
        above = upper[position] if position < len(upper) else ""
        below = lower[position] if position < len(lower) else ""
        group = above or group
        joined.append(f"{group[:_LONGEST_GROUP]} {below}".strip() if below else above)
    return joined


def _header(lines: Sequence[str], rows: int) -> Header:
    found: dict[str, list[tuple[int, int]]] = {}
    for position, line in enumerate(lines):
        named = heading(line) if line else None
        # Of 총 25 명, it is no name.
        if named and (line != "명" or "성" in lines):
            found.setdefault(named.field, []).append((named.rank, position))
    _applied(found)
    _main_and_other(lines, found)
    _beside_persons(lines, found)
    parents = found.get("parent_phone", [])
    has_parent_phone = any(rank < NOT_SAID for rank, _position in parents)
    for one in found.values():
        one.sort(key=lambda ranked: (ranked[0], _order(lines[ranked[1]]), ranked[1]))
    names = found.get("name", [])
    if not has_parent_phone and names and names[0][0] == PERSON_ONLY:
        # 학생 beside 학부모: groups of columns whose headings follow.
        found.pop("parent_phone", None)
    phones = found.pop("any_phone", [])
    still_open = Open(
        phones=tuple(position for rank, position in phones if not rank),
        messages=tuple(position for rank, position in phones if rank),
        parents=tuple(position for rank, position in parents if rank == NOT_SAID),
        numbers=_positions(found.pop("number", ())),
        student_numbers=_positions(found.pop("student_number", ())),
        students=tuple(position for rank, position in names if rank == PERSON_ONLY > names[0][0]),
    )
    if "parent_phone" not in found and len(phones) == 1:
        found["parent_phone"] = phones
    columns = {field: _positions(ranked) for field, ranked in found.items()}
    return Header(columns, tuple(lines), rows, has_parent_phone, still_open)


def _beside_persons(lines: Sequence[str], found: dict[str, list[tuple[int, int]]]) -> None:
    """Give phones of which nothing says whose they are to whoever stands left of each of them."""
    phones = found.get("any_phone", ())
    owners = {person(lines[position - 1]) if position else None for _rank, position in phones}
    if None in owners or PARENT not in owners or len(phones) == 1:
        return
    for _rank, position in found.pop("any_phone"):
        own = person(lines[position - 1]) == STUDENT
        found.setdefault("phone" if own else "parent_phone", []).append((0, position))


def person(line: str) -> str | None:
    """Return whose name a heading asks for, or whose relation to the student."""
    if (named := heading(line)) and named.field == "name":
        return STUDENT
    if letters(line).casefold() in RELATIONS:
        return PARENT
    persons = said(line) or frozenset()
    return PARENT if persons & {PARENT, ONE_PARENT} and persons <= {PARENT, ONE_PARENT, "name"} else None


def _applied(found: dict[str, list[tuple[int, int]]]) -> None:
    """Decide who applies: a parent where a student is named as well, else a student where something says so."""
    applicants, phones = found.pop("applicant", []), found.pop("applicant_phone", [])
    if "name" in found:
        found.setdefault("parent_phone", []).extend(phones)
    elif found.keys() & {"school", "grade", "class_name", "school_type"} or "parent_phone" in found:
        found["name"] = applicants
        found.setdefault("any_phone", []).extend(phones)
    for field in ("name", "parent_phone", "any_phone"):
        if field in found and not found[field]:
            del found[field]


def _positions(found: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(position for _rank, position in found)


def _main_and_other(lines: Sequence[str], found: dict[str, list[tuple[int, int]]]) -> None:
    """Tell 부 of 주 and 부, the other one, from the father."""
    all_letters = {letters(line) for line in lines}
    for ranked in list(found.get("parent_phone", ())):
        said_there = letters(lines[ranked[1]])
        if said_there[:1] == "부" and f"주{said_there[1:]}" in all_letters:
            found["parent_phone"].remove(ranked)
            found.setdefault("any_phone", []).append((0, ranked[1]))
    if not found.get("parent_phone", True):
        del found["parent_phone"]


def _order(line: str) -> int:
    """Return which one of several columns of a kind is to be read first: by their numbers, or the newest year."""
    line = unicodedata.normalize("NFKC", line)
    if year := re.search(_YEAR, line):
        return _CENTURY - int(year[1])
    number = re.search(_ORDINAL, line)
    return int(number[1]) if number else 0
