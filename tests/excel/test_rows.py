"""What a workbook's rows mean."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from academy_ops.academy.excel import junk
from academy_ops.academy.excel.records import Student, WorkbookError
from tests.excel.made import HEADER, PHONE, Made, only, sheet, sheets
from tests.words import code_of_message

Cell = str | int | float | bool | None


def test_every_column_is_read() -> None:
    row = ("", "김하나", PHONE, "010-8765-4321", "여", "중등", "휘문중", 3, 2, "자연", "형제 할인")
    assert only(sheet(HEADER, row)) == Student(
        sheet="학생목록",
        row=2,
        name="김하나",
        parent_phone="01012345678",
        phone="01087654321",
        gender="여",
        school_type="중등",
        school="휘문중",
        grade="3",
        class_name="2",
        track="자연",
        memo="형제 할인",
    )


def test_columns_are_found_by_name_in_any_order() -> None:
    assert only(sheet(("메모", "학부모전화번호", "이름"), ("m", PHONE, "김하나"))).name == "김하나"


def test_guidance_rows_may_stand_above_the_header() -> None:
    guidance = [("별표(*) 열은 필수입니다.",), (None,), ("이름은 실명으로 적어 주세요.", "전화번호는 010…")]
    student = only(sheet(*guidance, HEADER, ("", "김하나", PHONE)))
    assert (student.row, student.name) == (5, "김하나")


def test_a_header_is_not_looked_for_without_end() -> None:
    rows = [("값",)] * 9_999
    assert only(sheet(*rows, (), HEADER, ("", "김하나", PHONE))).row == 10_002
    with pytest.raises(WorkbookError) as refused:
        sheet(*rows, *rows, HEADER, ("", "김하나", PHONE))
    assert refused.value.problem == "header-missing"


@pytest.mark.parametrize("heading", ["이름", "이름*", " 이 름 ", "성명", "학생명", "성함"])
def test_the_name_has_aliases(heading: str) -> None:
    assert only(sheet((heading, "학부모전화번호"), ("김하나", PHONE))).name == "김하나"


@pytest.mark.parametrize("heading", ["학부모전화번호", "부모핸드폰", "보호자 전화", "보호자 연락처", "보호자연락처*"])
def test_the_parents_phone_has_aliases(heading: str) -> None:
    assert only(sheet(("이름", heading), ("김하나", PHONE))).parent_phone == "01012345678"


@pytest.mark.parametrize("heading", ["학생전화번호", "학생핸드폰", "학생 연락처"])
def test_the_students_phone_has_aliases(heading: str) -> None:
    assert only(sheet(("이름", "학부모전화번호", heading), ("김하나", PHONE, PHONE))).phone == "01012345678"


@pytest.mark.parametrize("cell", ["휘문중(3)", "휘문중 ( 3 )", "휘문중(3학년)"])
def test_a_combined_heading_carries_school_and_grade(cell: str) -> None:
    student = only(sheet(("이름", "학부모전화번호", "학교(학년)"), ("김하나", PHONE, cell)))
    assert (student.school, student.grade) == ("휘문중", "3")


def test_a_school_without_grade_under_the_combined_heading_is_kept() -> None:
    assert only(sheet(("이름", "학부모전화번호", "학교(학년)"), ("김하나", PHONE, "휘문중"))).school == "휘문중"


def test_example_rows_are_skipped() -> None:
    content = sheet(HEADER, ("예시", "홍길동", "010-0000-0000"), ("", "김하나", PHONE))
    assert ([one.row for one in content.skipped], only(content).name) == ([2], "김하나")


@pytest.mark.parametrize("empty", [(), (None, None, None), ("", "  ", ""), ("등록", "", "")])
def test_empty_rows_are_ignored(empty: Sequence[Cell]) -> None:
    assert only(sheet(HEADER, empty, ("", "김하나", PHONE))).row == 3


@pytest.mark.parametrize("cell", ["010-1234-5678", "01012345678", "010 1234 5678", 1012345678, 1012345678.0])
def test_a_phone_is_010_and_eight_digits(cell: Cell) -> None:
    """A numeric cell has lost its leading 0 and gets it back."""
    assert only(sheet(HEADER, ("", "김하나", cell))).parent_phone == "01012345678"


@pytest.mark.parametrize(
    "cell", ["", None, "010-123-4567", "0101234567", "02-123-4567", "011-1234-5678", "010-1234-56789", 123, "전화 없음"]
)
def test_any_other_phone_fails_its_row_and_says_so(cell: Cell) -> None:
    content = sheet(HEADER, ("", "김하나", cell), ("", "김두리", PHONE))
    (rejected,) = content.rejected
    assert (rejected.row, rejected.name, len(content.students)) == (2, "김하나", 1)
    assert code_of_message(rejected.error) == "excel-phone-invalid"


def test_why_a_phone_is_rejected_says_what_is_wrong_with_it() -> None:
    said = {
        "": "비어 있습니다",
        "02-555-1234": "010으로 시작하는 11자리",
        "011-234-5678": "010으로 시작하는 11자리",
        "010-2345-67012": "010으로 시작하는 11자리",
        "010-234-6701": "10자리입니다",
        "010-2345-6701(변경)": "분명하지 않습니다",
        "010-2345-6701→010-2345-6702": "분명하지 않습니다",
    }
    rejected = sheet(HEADER, *(("", "김하나", phone) for phone in said)).rejected
    assert [word in row.error for row, word in zip(rejected, said.values(), strict=True)] == [True] * len(said)
    assert {code_of_message(row.error) for row in rejected} == {"excel-phone-invalid"}


def test_a_row_without_a_name_is_rejected() -> None:
    (rejected,) = sheet(HEADER, ("", "", PHONE)).rejected
    assert "이름" in rejected.error


def test_another_sheet_serves_where_it_has_a_header() -> None:
    content = sheets(Made("안내", [("읽어 주세요",)]), Made("명단", [HEADER, ("", "김하나", PHONE)]))
    assert only(content).name == "김하나"


@pytest.mark.parametrize(
    ("rows", "problem", "code"),
    [
        ([("김하나", PHONE)], "header-missing", "excel-header-missing"),
        ([], "header-missing", "excel-header-missing"),
        ([("이름", "학년"), ("김하나", 3)], "phone-column-missing", "excel-phone-column-missing"),
        ([HEADER], "no-students", "excel-no-students"),
        ([HEADER, ("예시", "홍길동", PHONE)], "no-students", "excel-no-students"),
    ],
)
def test_a_file_that_cant_be_used_says_what_the_diagnosis_understands(
    rows: Sequence[Sequence[Cell]], problem: str, code: str
) -> None:
    with pytest.raises(WorkbookError) as caught:
        sheet(*rows)
    assert caught.value.problem == problem
    assert code_of_message(str(caught.value)) == code


def test_rows_that_end_early_are_read_as_long_ones(compared: Callable[[int], None]) -> None:
    split: list[Sequence[Cell]] = [
        ("이름", "학부모 연락처", "", "", "학교"),
        ("김하나", "010", "1234", "5678", "휘문중"),
        ("※ 참고",),
    ]
    group: list[Sequence[Cell]] = [
        ("반", "이름", "학부모 연락처"),
        ("A",),
        ("", "김하나", PHONE),
        ("", "이두리", PHONE),
        ("B",),
        ("", "박세찬", PHONE),
    ]
    for short in (split, group):
        width = max(map(len, short))
        assert sheet(*short) == sheet(*([*row, *[""] * (width - len(row))] for row in short))
    assert only(sheet(*split)).parent_phone == "01012345678"
    assert [student.class_name for student in sheet(*group).students] == ["A", "A", "B"]
    compared(2)


def test_a_name_typed_on_a_mac_is_the_same_name() -> None:
    decomposed = "\u1100\u1175\u11b7\u1112\u1161\u1102\u1161"
    assert only(sheet(HEADER, ("", decomposed, PHONE))).name == "김하나"


def test_a_name_of_digits_costs_no_more_than_its_length() -> None:
    assert not junk.says_left("1" * 100_000), "minutes, where each digit begins a search to the end"


CELLS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)


@given(st.lists(st.lists(CELLS, max_size=14), max_size=20))
def test_whatever_stands_below_the_header_every_row_is_accounted_for(rows: list[list[Cell]]) -> None:
    good = ("", "김하나", PHONE)
    content = sheet(HEADER, good, *rows)
    numbers = [student.row for student in content.students] + [row.row for row in content.rejected]
    assert len(numbers) == len(set(numbers))
    assert len(numbers) + len(content.skipped) <= 1 + len(rows)
    first = content.students[0]
    assert first == first._replace(row=2, name="김하나", parent_phone="01012345678")
