"""Workbooks as files, read in the bounded child."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineError

from academy_ops.academy import sample_workbooks
from academy_ops.academy.excel import sheets
from academy_ops.academy.excel.child import content
from academy_ops.academy.excel.records import Content, WorkbookError
from academy_ops.academy.excel.workbook import LateError, read
from tests.words import code_of_message


def saved(folder: Path, content: bytes) -> Path:
    path = folder / "a.xlsx"
    path.write_bytes(content)
    return path


def refusal(path: Path) -> WorkbookError:
    with pytest.raises(WorkbookError) as caught:
        read(path)
    return caught.value


def far_cell(row: int, column: int) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("학생목록")
        sheet.write_row(0, 0, ("이름", "학부모전화번호"))
        sheet.write_row(1, 0, ("김하나", "010-1234-5678"))
        sheet.write(row, column, "끝")
    return content.getvalue()


def two_sheets(first: str, second: str) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        workbook.add_worksheet(first).write_row(0, 0, ("이름", "학부모전화번호"))
        sheet = workbook.add_worksheet(second)
        sheet.write_row(3, 1, ("이름", "학부모전화번호"))
        sheet.write_row(4, 1, ("김하나", 1012345678))
    return content.getvalue()


def test_a_mistake_of_ours_is_not_taken_for_a_workbook_that_python_calamine_can_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, mistakes = sheets.understand, [TypeError("ours")]

    def mistaken_once(tables: Any) -> Content:
        if mistakes:
            raise mistakes.pop()
        return right(tables)

    monkeypatch.setattr(sheets, "understand", mistaken_once)
    with pytest.raises(TypeError, match="ours"):
        content(str(saved(tmp_path, sample_workbooks.students(1))))


def test_what_python_calamine_says_is_kept_where_the_other_reader_fails_too(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError) as caught:
        content(str(saved(tmp_path, sample_workbooks.students(1)[:-40])))
    first = caught.value.__cause__
    assert first is not None
    assert isinstance(first.__cause__, CalamineError)


def test_students_are_read(tmp_path: Path) -> None:
    content = read(saved(tmp_path, sample_workbooks.students(3)))
    assert [one.row for one in content.students] == [3, 4, 5]


def test_the_sheet_of_students_is_preferred_wherever_it_stands(tmp_path: Path) -> None:
    (student,) = read(saved(tmp_path, two_sheets("다른 명단", "학생목록"))).students
    assert (student.row, student.parent_phone) == (5, "01012345678")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        "이름,학부모전화번호\n김하나,010-1234-5678\n".encode(),
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 1000,
        sample_workbooks.not_a_workbook(),
        sample_workbooks.students(5)[:-40],
    ],
    ids=["empty", "csv", "xls or encrypted", "zip in name only", "cut off"],
)
def test_what_is_no_workbook_is_unreadable(tmp_path: Path, content: bytes) -> None:
    error = refusal(saved(tmp_path, content))
    assert (error.problem, code_of_message(str(error))) == ("unreadable", "excel-unreadable")


def test_a_zip_file_of_something_else_is_unreadable(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert refusal(saved(tmp_path, content.getvalue())).problem == "unreadable"


def test_a_stray_cell_at_the_far_corner_costs_nothing(tmp_path: Path) -> None:
    """python-calamine asks for 512 GB and aborts; only the child dies, and another reader takes its place."""
    (student,) = read(saved(tmp_path, far_cell(1_048_575, 16_383))).students
    assert student.parent_phone == "01012345678"


def test_time_is_up_where_it_is_up(tmp_path: Path) -> None:
    with pytest.raises(LateError):
        read(saved(tmp_path, sample_workbooks.students(1)), seconds=0)


def test_a_missing_package_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the worker's fault, not the workbook's."""
    (tmp_path / "python_calamine.py").write_text("raise ModuleNotFoundError(\"No module named 'python_calamine'\")\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Exception, match="No module named 'python_calamine'") as caught:
        read(saved(tmp_path, sample_workbooks.students(1)))
    assert not isinstance(caught.value, WorkbookError)
