"""Workbooks as files, read in the bounded child."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from python_calamine import CalamineError

from academy_ops.academy import sample_workbooks
from academy_ops.academy.excel import sheets
from academy_ops.academy.excel.child import content
from academy_ops.academy.excel.kinds import refusal as refusal_of
from academy_ops.academy.excel.package import has_what_is_dropped
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
        sample_workbooks.faulty("excel-unreadable"),
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


def test_a_file_of_another_program_is_named(compared: Callable[[int], None]) -> None:
    compound, archive = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(99), b"PK\3\4" + bytes(26)
    said = {
        b"%PDF-1.7": "PDF",
        b"\xef\xbb\xbf\n<!DOCTYPE html><title>login</title>": "HTML",
        b"<table border=1>": "HTML",
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>': "XML",
        b"\x1f\x8b\x08": "압축",
        b"SCDSA002": "DRM",
        b"\x9b DRMONE  This Document is encrypted": "DRM",
        compound + b"HWP Document File": ".hwp",
        compound + "EncryptedPackage".encode("utf-16-le"): "암호",
        compound + "Workbook".encode("utf-16-le"): ".xls",
        archive + b"mimetypeapplication/hwp+zip META-INF/manifest.xml": ".hwpx",
        archive + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet": ".ods",
        archive + b"[Content_Types].xml word/document.xml": ".docx",
        archive + b"[Content_Types].xml xl/workbook.bin": ".xlsb",
        b"<meta charset=euc-kr><table><tr><td>": "HTML",
        "<!-- made by a school's program -->\n<table>".encode("utf-16"): "HTML",
        b"name,phone": "CSV",
        b"\xef\xbb\xbf" + "이름,연락처\r\n".encode(): "CSV",
        "이름,연락처\r\n".encode("cp949"): "CSV",
        "이름\t연락처\r\n".encode("utf-16"): "CSV",
        b"": "빈 파일",
        compound + "PowerPoint Document".encode("utf-16-le"): ".ppt",
        b"\0\1\2\3": "암호 없는 .xlsx",
    }
    for start, word in said.items():
        assert word in (refusal_of(io.BytesIO(start)) or ""), start
    assert refusal_of(io.BytesIO(sample_workbooks.students(1))) is None
    compared(len(said) + 1)


def test_what_is_struck_out_or_not_computed_is_neither_created_nor_passed_over(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "명단"
    phones = [f"010-2345-670{number}" for number in range(10)]
    names = ("김하나", "이두리", "박세찬", "최네온", "정다온", "강여름", "조이은", "윤여덟")
    rows = [("이름", "학부모 연락처", "학생 연락처", "학년"), *zip(names, phones, strict=False)]
    for row in rows:
        sheet.append(row)
    for cell in ("A2", "B3", "C4"):
        sheet[cell].font = Font(strike=True)
    sheet["C4"] = "010-9123-4501"
    sheet["B5"] = CellRichText(TextBlock(InlineFont(strike=True), "010-9999-0001"), " 010-2345-6703")
    sheet["B6"] = CellRichText(TextBlock(InlineFont(strike=True), "010-9999-0001"))
    sheet["A7"], sheet["B8"], sheet["D9"] = "=원본!A7", "=원본!B8", "=1+1"
    sheet.append(("한열음", "#N/A"))
    sheet["B10"].data_type = "e"
    sheet.append(("#REF!", "#REF!"))
    sheet["A9"].font = Font(strike=False)
    file = io.BytesIO()
    workbook.save(file)

    found = content(str(saved(tmp_path, file.getvalue())))

    created = [(student.row, student.parent_phone[-1], student.phone, student.grade) for student in found.students]
    assert created == [(4, "2", None, None), (5, "3", None, None), (9, "7", None, None)]
    reasons = {row.row: (re.search("취소선|수식|010", row.error) or [""])[0] for row in found.rejected}
    assert reasons == {2: "취소선", 3: "취소선", 6: "취소선", 7: "수식", 8: "수식", 10: "010"}
    assert [row.row for row in found.skipped] == [11]
    assert [(value.row, value.column) for value in found.left_out_values] == [(4, "학생 연락처"), (9, "학년")]


def test_a_family_name_hides_no_error_formula_or_line_through_the_first_name(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in [
        ("성", "이름", "학부모 연락처"),
        *(("김", name, "010-2345-6701") for name in ("#N/A", "=B9", "하나", "두리")),
    ]:
        sheet.append(row)
    sheet["B2"].data_type = "e"
    sheet["B4"].font = Font(strike=True)
    file = io.BytesIO()
    workbook.save(file)

    found = content(str(saved(tmp_path, file.getvalue())))

    assert [student.name for student in found.students] == ["김두리"]
    assert [row.row for row in found.rejected] == [2, 3, 4]


def test_a_line_through_a_part_of_a_phone_is_one_through_the_phone(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in [("이름", "학부모 연락처"), ("김하나", "010", "2345", "6701"), ("이두리", "010", "2345", "6702")]:
        sheet.append(row)
    sheet["C2"].font = Font(strike=True)
    file = io.BytesIO()
    workbook.save(file)

    found = content(str(saved(tmp_path, file.getvalue())))

    assert [student.name for student in found.students] == ["이두리"]


def test_who_stands_in_a_hidden_row_is_rejected_and_nothing_else_there_minds(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    phones = [f"010-2345-670{number}" for number in range(4)]
    names = ("김하나", "이두리", "홍길동(예시)", "박세찬")
    for row in [("code", "tel"), ("이름", "학부모 연락처"), *zip(names, phones, strict=False), ("합계", 4)]:
        sheet.append(row)
    for number in (1, 4, 5, 7, 9):
        sheet.row_dimensions[number].hidden = True
    file = io.BytesIO()
    workbook.save(file)

    found = content(str(saved(tmp_path, file.getvalue())))

    assert [student.name for student in found.students] == ["김하나", "박세찬"]
    assert [(row.row, "필터" in row.error) for row in found.rejected] == [(4, True)]
    assert [row.row for row in found.skipped] == [5, 7]


def test_hidden_rows_of_nothing_are_read_as_fast_as_none(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in [("이름", "학부모 연락처"), ("김하나", "010-2345-6701")]:
        sheet.append(row)
    for number in range(3, 9):
        sheet.row_dimensions[number].hidden = True
    sheet.column_dimensions["C"].hidden = True
    file = io.BytesIO()
    workbook.save(file)
    path = saved(tmp_path, file.getvalue())

    assert not has_what_is_dropped(str(path))
    assert [student.name for student in content(str(path)).students] == ["김하나"]


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
