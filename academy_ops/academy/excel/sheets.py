"""Which sheets are the roster: every visible one is read and weighed; what can't be decided is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations, islice
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from academy_ops.academy.excel import junk
from academy_ops.academy.excel.cells import MOST_LISTED
from academy_ops.academy.excel.columns import Ahead, Beside, UnclearError, beside, settled
from academy_ops.academy.excel.header import Header, header_of, names_columns
from academy_ops.academy.excel.records import Content, IgnoredColumn, LeftOutSheet, Sheet, Stricter, WorkbookError
from academy_ops.academy.excel.rows import Roster
from academy_ops.academy.excel.text import Again, shown, visible
from academy_ops.academy.excel.vocabulary import FORMER, SHEETS_SET_ASIDE
from academy_ops.contract import SHEET_NAME

Row = Sequence[object]
Area = tuple[tuple[int, int], tuple[int, int]]
"""First and last row and column of merged cells, from 0."""

if TYPE_CHECKING:

    class Table(Protocol):
        """A sheet that can be read."""

        @property
        def name(self) -> str:
            """Its name."""

        @property
        def visible(self) -> bool:
            """Whether people see it."""

        def rows(self) -> tuple[Iterable[Row], Sequence[Area], Container[int]]:
            """Return its rows from the first on, what is merged, and the numbers of hidden rows."""


_HIDDEN: Final = "숨긴 시트입니다."
_NO_HEADER: Final = "'이름'과 '학부모전화번호' 열이 있는 머리글 행이 없습니다."
_NO_STUDENTS: Final = "등록할 학생 행이 없습니다."
_OTHER_IS_NAMED: Final = f"'{SHEET_NAME}' 시트가 있어 읽지 않았습니다."
_OTHER_SAYS_MORE: Final = "학부모 전화번호 열이 뚜렷한 다른 시트를 읽었습니다."
_NUMBERED: Final = re.compile(r"\(\d{1,3}\)$")
_YEAR: Final = re.compile(r"(?<!\d)(20\d\d)(?!\d)|(?<!\d)(\d\d)(?=년|학년도)|(?<!\d)(\d{6}|\d{8})(?!\d)")
_MONTH: Final = re.compile(r"\d{1,2}월|\d학기|\d분기|봄|여름|가을|겨울")
_NOT_OF_A_STEM: Final = re.compile(r"[\W\d_]")
_VERSION: Final = re.compile(r"최종|수정|원본|사본|복사본|초안|변경|최신|업데이트|v\d|ver|final|new")
_MOST_SHEETS: Final = 200
_MOST_ABOVE: Final = 10_000
"""In so many rows a sheet's header is looked for."""
_CLASSES: Final = ("반", "교실", "클래스", "class")
_MOST_COMPARED: Final = 60


class _Reading(NamedTuple):
    name: str
    roster: Roster
    nearly: WorkbookError | None
    empty: bool

    @property
    def has_rows(self) -> bool:
        return bool(self.roster.students or self.roster.rejected)

    @property
    def worth(self) -> tuple[bool, bool]:
        columns = self.roster.columns
        return (_folded(self.name) == SHEET_NAME, columns is not None and columns.header.is_roster)


def understand(tables: Sequence[Table]) -> Content:
    """Read the sheets that are the roster; at least one row of what is returned is a student or rejected.

    Raises:
        WorkbookError: No header, no column of parents' phones, no student rows, too many, or several sheets between
            which nothing decides.
    """
    if len(tables) > _MOST_SHEETS:
        raise WorkbookError("too-large", f"시트가 너무 많습니다 ({_MOST_SHEETS}개까지). 학생 명단 시트만 남겨 주세요.")
    asides = {table.name: _aside(table.name) for table in tables}
    groups = (
        [table for table in tables if table.visible and not asides[table.name]],
        [table for table in tables if table.visible and asides[table.name] and not _of_staff(table.name)],
        [table for table in tables if not table.visible and not _of_staff(table.name)],
    )
    readings: list[_Reading] = []
    for group in groups:
        readings += (these := [_read(table) for table in group])
        if any(reading.roster.columns for reading in these):
            chosen = _chosen([reading for reading in these if reading.roster.columns])
            return _content(chosen, _left_out(tables, readings, chosen, asides))
        if refusal := next((reading.nearly for reading in these if reading.nearly), None):
            # Not a hidden sheet of last year instead.
            raise refusal
    raise WorkbookError("header-missing", "머리글 행을 찾지 못했습니다. '이름'과 '학부모전화번호' 열이 필요합니다.")


def _chosen(rosters: Sequence[_Reading]) -> list[_Reading]:
    """Return the sheets to read, of those that have a header.

    Raises:
        WorkbookError: None of them has students, or nothing decides between them.
    """
    filled = [roster for roster in rosters if roster.has_rows]
    if not filled:
        raise WorkbookError("no-students", "등록할 학생 행이 없습니다. 머리글 행 아래에 학생을 입력해 주세요.")
    most = max(reading.worth for reading in filled)
    chosen = [reading for reading in filled if reading.worth == most]
    if len(chosen) > 1 and (_of_several_years(chosen) or _contradictory(chosen)):
        names = ", ".join(f"'{shown(reading.name)}'" for reading in chosen[:10])
        raise WorkbookError(
            "ambiguous",
            f"학생 명단으로 보이는 시트가 여러 개라서 어느 것을 등록할지 정할 수 없습니다: {names}. "
            "등록할 시트만 남기고 다시 올려 주세요.",
        )
    return chosen


def _of_several_years(chosen: Sequence[_Reading]) -> bool:
    """Return whether the sheets are named after different years or days."""
    years = [frozenset(filter(None, chain(*_YEAR.findall(_folded(reading.name))))) for reading in chosen]
    return len({year for year in years if year}) > 1


def _contradictory(chosen: Sequence[_Reading]) -> bool:
    """Return whether two sheets are versions of one roster: mostly the same names, and they differ.

    Of sheets whose names differ by months, versions or numbers it counts, too, who is on one of them only: those came
    or left.
    """
    folded = [_folded(reading.name) for reading in chosen]
    months = len({found[0] for name in folded if (found := _MONTH.search(name))}) > 1
    months = months or any(_VERSION.search(name) for name in folded)
    if len(chosen) > _MOST_COMPARED:
        return False
    phones: list[dict[str, set[str]]] = []
    for reading in chosen:
        phones.append({})
        for student in reading.roster.students:
            phones[-1].setdefault(student.name, set()).add(student.parent_phone)
    stems = [_NOT_OF_A_STEM.sub("", name) for name in folded]
    return any(
        _disagree(first, second, versions=months or (stem == other and not second.keys() <= first.keys()))
        for (first, stem), (second, other) in combinations(zip(phones, stems, strict=True), 2)
    )


def _disagree(first: Mapping[str, set[str]], second: Mapping[str, set[str]], *, versions: bool) -> bool:
    both = first.keys() & second.keys()
    mostly = 2 * len(both) > min(len(first), len(second))
    if versions and mostly and first.keys() != second.keys():
        return True
    return mostly and any(first[name].isdisjoint(second[name]) for name in both)


def _left_out(
    tables: Sequence[Table], readings: Sequence[_Reading], chosen: Sequence[_Reading], asides: dict[str, str]
) -> list[LeftOutSheet]:
    """Name every sheet that was left out, but for those on which nothing stands."""
    read = {reading.name: reading for reading in readings}
    taken = {reading.name for reading in chosen}
    named = any(_folded(name) == SHEET_NAME for name in taken)
    left = []
    for table in tables:
        reading = read.get(table.name)
        if table.name in taken or (reading is not None and reading.empty):
            continue
        if not table.visible:
            why = _HIDDEN
        elif asides[table.name]:
            why = asides[table.name]
        elif reading is None or reading.roster.columns is None:
            why = str(reading.nearly) if reading and reading.nearly else _NO_HEADER
        elif not reading.has_rows:
            why = _NO_STUDENTS
        else:
            why = _OTHER_IS_NAMED if named else _OTHER_SAYS_MORE
        left.append(LeftOutSheet(shown(table.name), why))
    return left


def _content(chosen: Sequence[_Reading], left_out: Sequence[LeftOutSheet]) -> Content:
    rosters = [reading.roster for reading in chosen]
    return Content(
        students=tuple(chain.from_iterable(roster.students for roster in rosters)),
        rejected=tuple(chain.from_iterable(roster.rejected for roster in rosters)),
        skipped=tuple(chain.from_iterable(roster.skipped for roster in rosters))[:MOST_LISTED],
        sheets=tuple(
            Sheet(roster.sheet, len(roster.students), len(roster.rejected), roster.skipped_count) for roster in rosters
        ),
        sheets_left_out=tuple(left_out),
        ignored_columns=tuple(
            IgnoredColumn(roster.sheet, heading) for roster in rosters for heading in roster.notes.ignored
        )[:MOST_LISTED],
        left_out_values=tuple(chain.from_iterable(roster.notes.left_out for roster in rosters))[:MOST_LISTED],
        stricter=_stricter(rosters),
    )


def _stricter(rosters: Sequence[Roster]) -> tuple[Stricter, ...]:
    several: set[Stricter] = {"several-sheets"} if len(rosters) > 1 else set()
    return tuple(sorted(several.union(*(roster.notes.stricter for roster in rosters))))


def _read(table: Table) -> _Reading:
    """Read a sheet: find its header, and read the rows below."""
    rows, merged, hidden = table.rows()
    ahead = Ahead(enumerate(_unmerged(rows, merged) if merged else rows, start=1))
    roster = Roster(shown(table.name), hidden)
    above: Row = ()
    top: Row = ()
    nearly: WorkbookError | None = None
    empty, of_staff = True, _of_staff(table.name)
    for _number, row in islice((numbered for numbered in ahead if any(numbered[1])), _MOST_ABOVE):
        empty = False
        header = header_of(row, above, top)
        of_others = junk.section(above) in {"staff", "left"}
        top, above = above, row
        if header is None or of_others or (of_staff and not header.is_roster):
            continue
        if header.promising:
            try:
                if _begun(roster, header, row, top, ahead):
                    break
            except UnclearError as error:
                return _Reading(table.name, Roster(shown(table.name)), nearly=error, empty=False)
        if header.nearly and not nearly:
            nearly = UnclearError()
    return _Reading(table.name, roster, nearly, empty)


def _begun(roster: Roster, header: Header, row: Row, above: Row, ahead: Ahead) -> bool:
    """Read the rows below a header, if it is one; return whether it was.

    Raises:
        UnclearError: Several columns hold phones, and nothing says which ones are the parents'.
    """
    side = beside(header, row, above, ahead)
    if isinstance(side, Beside):
        roster.read(side.header, side.below_each_other(ahead))
        return True
    if side is None and header.rows == 1 and (below := ahead.look(1)):
        # Its second row, perhaps.
        both = header_of(below[0], row)
        says_more = both is not None and (both.worth > header.worth or names_columns(below[0]))
        if both is not None and says_more and both.rows > 1 and both.promising:
            next(ahead)
            header = both
    header = settled(side or header, ahead.look())
    if header.complete:
        roster.read(header, ahead)
    return header.complete


def _unmerged(rows: Iterable[Row], merged: Sequence[Area]) -> Iterator[Row]:
    """Repeat what stands in a merged cell in each row that the cell reaches over."""
    starts: dict[int, list[tuple[int, int]]] = {}
    for (first, left), (last, _right) in merged:
        if last > first:
            starts.setdefault(first, []).append((left, last))
    going_on: dict[int, tuple[int, object]] = {}
    for number, row in enumerate(rows):
        if going_on:
            going_on = {column: merged_cell for column, merged_cell in going_on.items() if merged_cell[0] >= number}
            row = list(row)  # noqa: PLW2901 - the same row, filled
            row.extend([""] * (1 + max(going_on, default=0) - len(row)))
            for column, (_last, value) in going_on.items():
                if row[column] in ("", None):
                    row[column] = value
        for column, last in starts.get(number, ()):
            if column < len(row) and row[column] not in ("", None):
                value = row[column]
                going_on[column] = (last, Again(value) if isinstance(value, str) else value)
        yield row


def _folded(name: str) -> str:
    """Return a sheet's name as it is compared: composed, without spaces and the number of a copy."""
    folded = "".join(unicodedata.normalize("NFC", visible(name)).split()).casefold()
    return _NUMBERED.sub("", folded)


def _of_staff(name: str) -> bool:
    """Return whether a sheet of this name holds the school's own people, and nobody else."""
    return junk.section((_folded(name),)) == "staff"


def _aside(name: str) -> str:
    """Return why a sheet of this name is only read where there is no other, or an empty text."""
    folded = _folded(name)
    latin = re.findall("[a-z]+", f"{visible(name).casefold()} {folded}")
    for word, why in SHEETS_SET_ASIDE.items():
        if word in (latin if word.isascii() else folded) and not (folded.endswith(_CLASSES) and why != FORMER):
            # The class 졸업반 has not left.
            return why
    return ""
