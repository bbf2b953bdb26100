"""What columns hold, seen from their values, where the headings do not say enough."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, pairwise, takewhile
from typing import Final, NamedTuple

from academy_ops.academy.excel import junk, names, values
from academy_ops.academy.excel.header import Header, Open, header_of, person
from academy_ops.academy.excel.headings import Heading, heading, letters
from academy_ops.academy.excel.records import Problem, WorkbookError
from academy_ops.academy.excel.text import Struck, text
from academy_ops.academy.excel.vocabulary import PARENT, RELATIONS, STUDENT

Row = Sequence[object]
Numbered = tuple[int, Row]

_LOOKED_AT: Final = 30
_WIDEST: Final = 5
_ONE_OF_SEVERAL: Final = r"[^\W\d_]\s*\(?\d"
"""``연락처2``: somebody's second one."""
_OF_STUDENTS: Final = frozenset({"school", "grade", "class_name", "school_type", "gender"})
_A_FEW: Final = 3
_WHOSE_PHONES: Final = "학부모전화번호 열이 없습니다. 머리글 행에 '학부모전화번호' 열을 추가해 주세요."
_SEVERAL_NAMES: Final = (
    "머리글 행을 찾지 못했습니다. 이름 열이 여러 개라서 어느 것이 학생의 이름인지 정할 수 없습니다. "
    "학생의 이름만 '이름' 열에 남겨 주세요."
)
_BY_TURNS: Final = (
    "학부모전화번호 열이 없습니다. 학생과 학부모가 행마다 번갈아 적혀 있는 것 같습니다. "
    "학생마다 한 행에 적고, 학부모의 번호는 '학부모전화번호' 열에 적어 주세요."
)
_SCHOOLS: Final = (
    "머리글 행을 찾지 못했습니다. '이름' 열에 학교 이름이 있는 것 같습니다. 머리글과 그 아래 값이 맞는지 확인해 주세요."
)
_MOST_GROUPED: Final = 500
_SCHOOL: Final = re.compile("[가-힣]{2,10}(?:[초중고]|학교)").fullmatch
_TWO: Final = 2
_SIX: Final = 6
_DIGITS: Final = 4


class UnclearError(WorkbookError):
    """Nothing says which of several columns is meant; ``str()`` is the sentence for the school."""

    def __init__(self, problem: Problem = "phone-column-missing", message: str = _WHOSE_PHONES) -> None:
        super().__init__(problem, message)


class Ahead(Iterator[Numbered]):
    """Rows that can be looked at before they are read."""

    def __init__(self, rows: Iterable[Numbered]) -> None:
        self._rows = iter(rows)
        self._seen: deque[Numbered] = deque()

    def __next__(self) -> Numbered:
        """Return the next row."""
        return self._seen.popleft() if self._seen else next(self._rows)

    def look(self, most: int = _LOOKED_AT) -> list[Row]:
        """Return rows that come next, without reading them."""
        while len(self._seen) < most and (row := next(self._rows, None)) is not None:
            self._seen.append(row)
        return [row for _number, row in islice(self._seen, most)]


class Beside(NamedTuple):
    """Tables side by side.

    Attributes:
        header: The first one's header.
        left: How many columns stand left of it.
        places: Where each of them stands.
    """

    header: Header
    left: int
    places: Sequence[slice]

    def below_each_other(self, numbered: Iterable[Numbered]) -> Iterator[Numbered]:
        """Return the rows of all of them, in the first one's columns."""
        first, *others = self.places
        blank = [""] * self.left
        for number, row in numbered:
            yield number, row[first]
            for place in others:
                yield number, [*blank, *row[place]]


def beside(header: Header, row: Row, above: Row, ahead: Ahead) -> Beside | Header | None:
    """Return the tables that stand side by side, or the header of students and their parents, whose headings repeat.

    Where nothing stands side by side, that is None. ``header`` is what the row says as a whole.

    Raises:
        UnclearError: What repeats may be either.
    """
    starts = header.beside()
    if len(starts) == 1:
        return None
    places = [slice(0 if not number else start, end) for number, (start, end) in enumerate(pairwise([*starts, None]))]
    first, *others = (header_of(row[place]) for place in places)
    if first is None or not first.complete:
        return None
    if not all(other and _alike(first, other, starts[0]) for other in others):
        other = others[0]
        apart = len(others) == 1 and other is not None and other.columns.keys() == {"name", "parent_phone"}
        apart = apart and bool(first.columns.keys() & _OF_STUDENTS) and not header.has_parent_phone
        return _family(header) if apart else None
    gap = not header.headings[starts[1] - 1]
    titled = all(start < len(above) and text(above[start]) for start in starts)
    if first.has_parent_phone or first.columns.keys() - {"name", "parent_phone"} or gap or titled or first.open.numbers:
        return Beside(first, starts[0], places)
    if len(starts) > _TWO or not _are_families(header, ahead.look()):
        raise UnclearError
    return _family(header)


def _alike(first: Header, other: Header, shift: int) -> bool:
    """Return whether a table beside the first has its columns; the first begins ``shift`` columns to the right."""
    moved = {field: tuple(position + shift for position in positions) for field, positions in other.columns.items()}
    return moved == first.columns


def _family(header: Header) -> Header:
    """Return the header of students, beside whom their parents stand under the same headings."""
    own, parents = header.open.phones[:2]
    columns = {**header.columns, "name": header.columns["name"][:1], "phone": (own,), "parent_phone": (parents,)}
    return header._replace(columns=columns, has_parent_phone=True, open=Open())


def _are_families(header: Header, rows: Sequence[Row]) -> bool:
    """Return whether the second names are those of parents: they say so, have the same family name, or two children."""
    student, parent = header.columns["name"][:2]
    phone = header.open.phones[1]
    pairs = [
        (first, second, values.phone(row[phone]))
        for row in rows
        if len(row) > max(parent, phone) and (first := text(row[student])) and (second := text(row[parent]))
    ]
    if any(names.is_of_parent(first) for first, _second, _phone in pairs):
        return False
    if any(names.is_of_parent(second) for _first, second, _phone in pairs):
        return True
    children: dict[object, set[str]] = {}
    for first, *of_parent in pairs:
        children.setdefault(tuple(of_parent), set()).add(first)
    same = all(names.is_name(first) and names.is_name(second) and first[0] == second[0] for first, second, _ in pairs)
    return any(len(names_of) > 1 for names_of in children.values()) or (same and len(pairs) >= _A_FEW)


def settled(header: Header, rows: Sequence[Row]) -> Header:
    """Return a header with what some rows below it say of its columns.

    It is not complete where there is no column of parents' phones.

    Raises:
        UnclearError: Several columns hold phones, and nothing says which ones are the parents'.
    """
    # Those of another table say nothing of this one.
    rows = list(takewhile(lambda row: not ((other := header_of(row)) and other.promising), filter(any, rows)))
    if spans := _spans(header, rows):
        rows = [joined(row, spans) for row in rows]
        header = _without(header, spans)
    sample = _Sample(header.headings, rows)
    columns, still_open = dict(header.columns), header.open
    if header.family in columns.get("gender", ()) and sample.holds_family_names(header.family):
        columns["family"] = (header.family,)
        columns["gender"] = tuple(position for position in columns["gender"] if position != header.family)
    persons = [position for position in still_open.students if position in columns["name"]]
    own = [*columns.get("phone", ()), *filter(sample.holds_phones, (*still_open.student_numbers, *persons))]
    columns["name"] = _names(header, sample, own)
    phones = list(filter(sample.holds_phones, (*still_open.phones, *still_open.numbers)))
    parents, known = _parents(header, sample)
    if known:
        if not own and len(phones) == 1 and not re.search(_ONE_OF_SEVERAL, header.headings[phones[0]]):
            left = phones[0] - 1
            of_parents = left >= 0 and person(header.headings[left]) == PARENT and left not in parents
            own, parents = ([], tuple(sorted((*phones, *parents)))) if of_parents else (phones, parents)
    elif candidates := [*phones, *filter(sample.holds_phones, still_open.messages), *sample.without_heading()]:
        if not header.headings[candidates[0]] or not sample.are_equal(candidates):
            raise UnclearError
        parents = (candidates[0],)
    elif own and not parents:
        raise UnclearError
    says_whose = known or any(letters(line).casefold() in RELATIONS for line in header.headings)
    if not says_whose and sample.names_parents_too(columns["name"][0], parents, _of_students(header)):
        raise UnclearError("phone-column-missing", _BY_TURNS)
    columns |= {field: tuple(found) for field, found in (("phone", own), ("parent_phone", parents)) if found}
    return header._replace(columns=columns, has_parent_phone=known, open=Open(numbers=still_open.numbers))


def grouped(header: Header, ahead: Ahead) -> int | None:
    """Return the column of classes left of the names where a class stands for the rows below, too: once for each group.

    A school or grade does so only in merged cells: where some students' are not known, the next ones' stay unknown.
    """
    name, group = header.columns["name"][0], header.columns.get("class_name", (None,))[0]
    if group is None or group > name:
        return None
    rows = [[*row, *[""] * (name + 1 - len(row))] for row in ahead.look(_MOST_GROUPED)]
    rows = [row for row in rows if text(row[name]) or junk.is_alone(row)]
    rows = list(takewhile(lambda row: text(row[name]) != header.headings[name], rows))
    lines = ["" if junk.is_total(line := text(row[group])) else line for row in rows]
    return group if _is_once(lines) else None


def _is_once(lines: Sequence[str]) -> bool:
    """Return whether each value is written once, over the rows that it is meant for, and not here and there."""
    starts = [number for number, line in enumerate(lines) if line]
    if len(starts) < _TWO or starts[0] or len({lines[start] for start in starts}) < len(starts):
        return False
    return len(lines) > _TWO * len(starts) or all(end - start > 1 for start, end in pairwise([*starts, len(lines)]))


def _of_students(header: Header) -> list[int]:
    return [position for field in _OF_STUDENTS for position in header.columns.get(field, ())]


def _names(header: Header, sample: _Sample, own: Sequence[int]) -> tuple[int, ...]:
    """Return the columns of names, the students' first.

    Raises:
        UnclearError: Several ones hold names of different people.
    """
    found = [position for position in header.columns["name"] if position not in own]
    if found and sample.holds_schools(found[0]):
        raise UnclearError("header-missing", _SCHOOLS)
    alike = [position for position in found if heading(header.headings[position]) == heading(header.headings[found[0]])]
    numbered = any(re.search(_ONE_OF_SEVERAL, header.headings[position]) for position in alike)
    if (numbered or not _is_plain(header.headings[alike[0]])) and sample.hold_two_names(alike):
        raise UnclearError("header-missing", _SEVERAL_NAMES)
    if found and _is_plain(header.headings[found[0]]):
        maybe = [position for position in found if position in header.open.students]
        students = [position for position in maybe if sample.holds_names(position)]
        plain = [position for position in found if _is_plain(header.headings[position])]
        if not students and (sample.contradict(plain) or any(map(sample.may_hold_names, maybe))):
            raise UnclearError("header-missing", _SEVERAL_NAMES)
        found = [*students, *(position for position in found if position not in students)]
    return tuple(found) or header.columns["name"]


def _parents(header: Header, sample: _Sample) -> tuple[tuple[int, ...], bool]:
    """Return the columns of what is said to be parents' and holds phones, and whether there are any."""
    parents, maybe = header.columns.get("parent_phone", ()), header.open.parents
    phones = tuple(filter(sample.holds_phones, maybe))
    if header.has_parent_phone:
        # Parents' names stand beside their phones.
        return tuple(position for position in parents if position not in maybe or position in phones), True
    return (phones, True) if phones else (parents, False)


def _is_plain(line: str) -> bool:
    """Return whether a heading asks for a name, and does not say whose."""
    return heading(line) == Heading("name", 1)


def joined(row: Row, spans: Mapping[int, int]) -> Row:
    """Return a row in which the phones stand in one cell that were written into several."""
    row = list(row)
    for position, width in spans.items():
        first, *rest = row[position : position + width] or [""]
        parts = [_part(cell, padded=width > _TWO) for cell in rest]
        if any(parts):
            is_struck = any(isinstance(cell, Struck) for cell in (first, *rest))
            line = text(first) + "".join(parts)
            row[position : position + width] = [Struck(line) if is_struck else line, *[""] * len(rest)]
    return row


def _part(cell: object, *, padded: bool) -> str:
    """Return a part of a phone; a number has lost the zeros that it begins with."""
    part = text(cell)
    return part.zfill(_DIGITS) if padded and part.isdecimal() and not isinstance(cell, str) else part


def _spans(header: Header, rows: Sequence[Row]) -> dict[int, int]:
    """Return the columns whose phones go on in the columns to the right, and over how many they reach."""
    fields = header.columns
    phones = {*fields.get("parent_phone", ()), *fields.get("phone", ()), *chain.from_iterable(header.open[:3])}
    taken = {position for position, line in enumerate(header.headings) if line} - phones
    spans: dict[int, int] = {}
    for position in sorted(phones):
        if any(position < start + width for start, width in spans.items()):
            continue
        begun = [row for row in rows if position < len(row) and text(row[position])]
        widths = (width for width in range(_TWO, _WIDEST + 1) if taken.isdisjoint(range(position, position + width)))
        if any(not values.phone(row[position]) for row in begun) and (
            width := next((size for size in widths if _reaches(begun, position, size)), None)
        ):
            spans[position] = width
    return spans


def _reaches(rows: Sequence[Row], position: int, width: int) -> bool:
    """Return whether phones stand in so many columns: in half of the rows that have none in the first column alone."""
    if any(values.phone(cell) for row in rows for cell in row[position + 1 : position + width]):
        return False
    parts = [row for row in rows if not values.phone(row[position])]
    whole = [joined(row, {position: width})[position] for row in parts if len(row) >= position + width]
    found = sum(values.phone(cell) is not None for cell in whole)
    return bool(found) and 2 * found >= len(parts)


def _without(header: Header, spans: Mapping[int, int]) -> Header:
    """Return a header without the columns in which the phones of others go on."""
    gone = {position + more: position for position, width in spans.items() for more in range(1, width)}
    columns = {
        field: left
        for field, positions in header.columns.items()
        if (left := tuple(position for position in positions if position not in gone))
    }
    still_open = Open._make(
        tuple(position for position in positions if position not in gone) for positions in header.open
    )
    headings = list(header.headings)
    headings += [""] * (1 + max(gone) - len(headings))
    for position, start in gone.items():
        headings[position] = headings[position] or headings[start]
    if "parent_phone" not in columns and len(still_open.phones) == 1:
        columns["parent_phone"] = still_open.phones
    return header._replace(columns=columns, open=still_open, headings=tuple(headings), spans=spans)


class _Sample:
    """Some rows, column by column."""

    def __init__(self, headings: Sequence[str], rows: Sequence[Row]) -> None:
        self._headings = headings
        self._rows = rows

    def _cells(self, position: int) -> list[object]:
        return [row[position] for row in self._rows if position < len(row) and text(row[position])]

    def holds_phones(self, position: int) -> bool:
        """Return whether at least half of what stands in a column is a mobile phone."""
        cells = self._cells(position)
        found = sum(bool(values.phone(cell) or values.phone(cell, STUDENT)) for cell in cells)
        return bool(found) and 2 * found >= len(cells)

    def holds_family_names(self, position: int) -> bool:
        """Return whether a family name stands in a column of what else are genders: 남 and 여 are both."""
        lines = map(text, self._cells(position))
        return any(names.is_family_name(line) for line in lines if not values.gender(line))

    def holds_names(self, position: int) -> bool:
        """Return whether most of what stands in a column are names, and not all the same."""
        lines = [names.without_title(text(cell)) for cell in self._cells(position)]
        found = [line for line in lines if names.is_name(line) or (line.isascii() and names.may_be_name(line))]
        return bool(found) and 2 * len(found) > len(lines) and 2 * len(set(found)) > len(found)

    def may_hold_names(self, position: int) -> bool:
        """Return whether a column holds words that are hardly names, and nothing else that is known."""
        lines = [text(cell) for cell in self._cells(position)]
        found = [
            line for line in lines if len(line) > 1 and names.may_be_name(line) and values.beside_a_name(line) is None
        ]
        return 2 * len(found) > len(lines) and 2 * len(set(found)) > len(found)

    def contradict(self, positions: Sequence[int]) -> bool:
        """Return whether columns hold the names of different people."""
        if len(positions) == 1:
            return False
        rows = [[text(row[position]) if position < len(row) else "" for position in positions] for row in self._rows]
        full = [set(row) for row in rows if all(map(names.is_name, row))]
        return 2 * sum(len(row) > 1 for row in full) > len(rows)

    def holds_schools(self, position: int) -> bool:
        """Return whether most of what stands in a column is called like schools, and not like people."""
        lines = [text(cell) for cell in self._cells(position)]
        found = [line for line in lines if _SCHOOL(line) and not names.is_name(line)]
        return len(found) > 1 and 2 * len(found) > len(lines)

    def hold_two_names(self, positions: Sequence[int]) -> bool:
        """Return whether the names of two people stand beside each other somewhere."""
        rows = [{text(row[position]) for position in positions if position < len(row)} for row in self._rows]
        return any(len({name for name in row if names.is_name(name)}) > 1 for row in rows)

    def names_parents_too(self, name: int, phones: Sequence[int], others: Sequence[int]) -> bool:
        """Return whether a parent's phone follows on a student's: in a row without a name, or a parent's.

        Args:
            name: The column of names.
            phones: Those of phones.
            others: Those of what only students have; parents' rows may be empty there.
        """
        rows = [row for row in self._rows if any(p < len(row) and values.phone(row[p]) for p in phones)]
        lines = [text(row[name]) if name < len(row) else "" for row in rows]
        parents = [not line or names.is_of_parent(line.strip("()[] ")) for line in lines]
        full = [any(p < len(row) and text(row[p]) for p in others) for row in rows]
        by_turns = len(rows) >= _SIX and all(one != bool(number % 2) for number, one in enumerate(full))
        return by_turns or 2 * sum(parents) > parents.count(False) > 0

    def without_heading(self) -> list[int]:
        """Return the columns of phones over which nothing stands."""
        width = max(map(len, self._rows), default=0)
        bare = (
            position for position in range(width) if position >= len(self._headings) or not self._headings[position]
        )
        return list(filter(self.holds_phones, bare))

    def are_equal(self, positions: Sequence[int]) -> bool:
        """Return whether columns hold the same phones."""
        phones = [
            [values.phone(row[position]) if position < len(row) else None for row in self._rows]
            for position in positions
        ]
        return all(column == phones[0] for column in phones)
