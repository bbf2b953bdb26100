"""``check excel FILE`` tells before the upload what the worker would do with each row."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from academy_ops.cli.main import run

HEADINGS = ("구분", "이름*", "학부모전화번호*")
ROWS = (
    ("예시", "홍길동", "010-1234-5678"),
    ("", "김하나", "010-1111-2222"),
    ("", "이두리", "02-123-4567"),
    ("", "김하나", "01011112222"),
)


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "students.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("학생목록")
        for number, row in enumerate((HEADINGS, *ROWS)):
            sheet.write_row(number, 0, row)
    return path


def told(*arguments: str) -> tuple[int, str]:
    shown = io.StringIO()
    with redirect_stdout(shown):
        code = run(["check", "excel", *arguments])
    return code, shown.getvalue()


def test_each_row_is_created_repeated_rejected_or_skipped(workbook: Path) -> None:
    code, text = told(str(workbook), "-o", "json")
    document: dict[str, Any] = json.loads(text)
    assert code == 0
    outcomes = [(row["row"], row["outcome"]) for row in document["rows"]]
    assert outcomes == [(2, "skip"), (3, "create"), (4, "reject"), (5, "duplicate")]


def test_the_table_counts_them(workbook: Path) -> None:
    assert "created: 1, repeated in the file: 1, rejected: 1, skipped: 1" in " ".join(told(str(workbook))[1].split())


def test_a_file_that_is_no_workbook_is_refused_with_the_workers_own_words(tmp_path: Path) -> None:
    path = tmp_path / "students.xlsx"
    path.write_bytes(b"not a workbook")
    code, text = told(str(path), "-o", "json")
    assert (code, json.loads(text)["rows"]) == (1, [])
    assert "File is not a zip file" in json.loads(text)["error"]
