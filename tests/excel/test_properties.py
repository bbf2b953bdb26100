"""What changes nothing: the order of columns and sheets, junk rows, invisible marks, reading twice; and the sums."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from academy_ops.academy.excel.records import Content, WorkbookError
from tests.excel.made import NAMES, Made, phone, sheet, sheets

QUICK = settings(max_examples=80)
HEADINGS = ("이름", "학부모 연락처", "학생 연락처", "성별", "학교", "학년", "반", "메모")
STUDENTS = [
    (
        name,
        f"{phone(n)[:3]}-{phone(n)[3:7]}-{phone(n)[7:]}",
        "",
        "남" if n % 2 else "여",
        "휘문중",
        n % 3 + 1,
        "A",
        f"메모{n}",
    )
    for n, name in enumerate(NAMES)
]
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202a\u202c\u3164\u00a0"
JUNK: tuple[Sequence[object], ...] = (
    (),
    ("",) * 8,
    ("[중2 심화반]",),
    ("※ 휴대폰 번호로 적어 주세요",),
    ("총 10명",),
    ("합계", "", "", "", "", 10),
    ("", "", "", "", "휘문중", 2),
    HEADINGS,
    ("예) 홍보기", "010-9999-0000"),
    ("문의: 김선생", "010-9999-8888"),
)


def told(content: Content) -> list[tuple[object, ...]]:
    """Return the students without their places."""
    return [tuple(student[2:]) for student in content.students]


PLAIN = told(sheet(HEADINGS, *STUDENTS))


@QUICK
@given(st.permutations(range(len(HEADINGS))))
def test_the_order_of_columns_changes_nothing(order: list[int]) -> None:
    rows = [[row[column] for column in order] for row in (HEADINGS, *STUDENTS)]
    assert told(sheet(*rows)) == PLAIN


@QUICK
@given(st.lists(st.tuples(st.integers(0, len(STUDENTS)), st.sampled_from(JUNK)), max_size=12))
def test_junk_rows_change_nothing(junk: list[tuple[int, Sequence[object]]]) -> None:
    rows: list[Sequence[object]] = list(STUDENTS)
    for place, row in sorted(junk, key=lambda one: -one[0]):
        rows.insert(place, row)
    found = sheet(HEADINGS, *rows)
    assert told(found) == PLAIN
    assert found.rejected == ()


@QUICK
@given(st.data())
def test_invisible_marks_change_nothing(data: st.DataObject) -> None:
    def marked(cell: object) -> object:
        if not isinstance(cell, str) or not cell:
            return cell
        place = data.draw(st.integers(0, len(cell)))
        mark = data.draw(st.text(INVISIBLE, max_size=2))
        # A space that nobody sees is a space: only at the ends it says nothing.
        return cell[:place] + mark.replace("\u00a0", "") + cell[place:] + mark

    assert told(sheet(*[[marked(cell) for cell in row] for row in (HEADINGS, *STUDENTS)])) == PLAIN


@QUICK
@given(st.permutations(range(3)), st.lists(st.sampled_from(("안내", "예시", "백업", "메모")), unique=True, max_size=3))
def test_the_order_of_sheets_and_sheets_of_something_else_change_nothing(order: list[int], others: list[str]) -> None:
    classes = [Made(f"중{n + 1}", [HEADINGS, *STUDENTS[n * 3 : n * 3 + 3]]) for n in range(3)]
    more = [Made(name, [HEADINGS, ("최예시", "010-0000-9999")] if name != "메모" else [("x", "y")]) for name in others]
    found = sheets(*more, *(classes[n] for n in order))
    assert sorted(told(found)) == sorted(PLAIN[:9])
    assert {one.name for one in found.sheets_left_out} == set(others)


@QUICK
@given(st.integers(0, 80), st.integers(0, 5))
def test_where_the_table_stands_changes_nothing(down: int, right: int) -> None:
    rows = [["제목"], *[()] * down, *[[""] * right + list(row) for row in (HEADINGS, *STUDENTS)]]
    assert told(sheet(*rows)) == PLAIN


@QUICK
@given(st.permutations(range(len(HEADINGS))), st.sampled_from(((3, 7), (3,), (8,))))
def test_phones_in_several_cells_change_nothing(order: list[int], cuts: Sequence[int]) -> None:
    def apart(place: int, cell: str, *, heading: bool) -> list[str]:
        if HEADINGS[order[place]] != "학부모 연락처":
            return [cell]
        return [cell, *[""] * len(cuts)] if heading else [cell[a:b] for a, b in pairwise((None, *cuts, None))]

    rows = [
        [part for place, column in enumerate(order) for part in apart(place, str(row[column]), heading=row is HEADINGS)]
        for row in (HEADINGS, *STUDENTS)
    ]
    assert told(sheet(*rows)) == PLAIN


@QUICK
@given(st.lists(st.sampled_from(("{}", "{} 학생", "{}(학생)", "학생 {}", "{}님", "{} 어린이", "1. {}")), min_size=10))
def test_titles_change_nothing(forms: list[str]) -> None:
    titled = [(form.format(row[0]), *row[1:]) for form, row in zip(forms, STUDENTS, strict=False)]
    assert told(sheet(HEADINGS, *titled)) == PLAIN


CELLS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    | st.sampled_from([*HEADINGS, *NAMES, "010-1111-0001", "예시", "총 2명", "010-", "휘문중(3)", "#N/A"])
)  # fmt: skip


@settings(max_examples=100)
@given(st.lists(st.lists(CELLS, max_size=10), max_size=15))
def test_every_row_is_created_a_duplicate_rejected_or_skipped(rows: list[list[object]]) -> None:
    try:
        found = sheet(HEADINGS, *rows)
    except WorkbookError as error:
        assert error.problem in {"no-students", "header-missing", "phone-column-missing"}  # noqa: PT017 - as good as a result
        return
    assert found == sheet(HEADINGS, *rows)
    (one,) = found.sheets
    assert (one.students, one.rejected) == (len(found.students), len(found.rejected))
    numbers = [row[1] for rows in (found.students, found.rejected, found.skipped) for row in rows]
    assert len(numbers) == len(set(numbers)) == one.students + one.rejected + one.skipped
    filled = [number for number, row in enumerate(rows, start=2) if any(row)]
    # The first header is not counted, unless a better one follows.
    assert set(numbers) <= set(filled)
    assert len(filled) - len(numbers) <= 2


@settings(max_examples=60)
@given(
    st.sampled_from(("김하나", "010-1111-0001", "휘문중(3)", "2학년")),
    st.sampled_from(" (-·/ㅡ1가\u200b"),
    st.integers(0, 7),
)
def test_the_longest_cells_take_no_time(cell: str, filler: str, column: int) -> None:
    """Quadratic, 300,000 characters would take minutes."""
    row = list(STUDENTS[0])
    row[column] = cell + filler * 300_000
    found = sheet(HEADINGS, row, STUDENTS[1])
    assert len(found.students) + len(found.rejected) == 2
