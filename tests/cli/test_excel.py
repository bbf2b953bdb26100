"""``check excel`` tells what the worker would do with each row of a file, on the disk or in R2."""

import io
import json
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from academy_ops.academy.sample_workbooks import students
from academy_ops.cli.main import run
from academy_ops.contract import JOBS_PATH
from tests.commands import academy_ops
from tests.excel.corpus.case import HEADER, A, B, Case
from tests.excel.writers import by_xlsxwriter
from tests.wire import Handler, respond, server

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
    assert "created: 1; repeated in the file: 1; rejected: 1; skipped: 1" in " ".join(told(str(workbook))[1].split())


def test_a_file_that_is_no_workbook_is_refused_with_the_workers_own_words(tmp_path: Path) -> None:
    path = tmp_path / "students.xlsx"
    path.write_bytes(b"not a workbook\0")
    code, text = told(str(path), "-o", "json")
    assert (code, json.loads(text)["rows"]) == (1, [])
    assert "File is not a zip file" in json.loads(text)["error"]


def saved(folder: Path, **sheets: list[tuple[object, ...]]) -> str:
    path = folder / "students.xlsx"
    path.write_bytes(by_xlsxwriter(Case("", sheets, hidden=["작년"])))
    return str(path)


def test_sheets_columns_and_values_that_are_left_out_are_named(tmp_path: Path) -> None:
    header = ("이름", "학부모 연락처", "학생 연락처", "생일")
    file = saved(
        tmp_path,
        작년=[HEADER, B],
        중1=[header, (*A, "02-555-0001", "3/2")],
        중2=[HEADER, B, ("박세찬", "010-111-0001")],
    )
    document = json.loads(told(file, "-o", "json")[1])
    assert [(one["name"], one["rejected"]) for one in document["sheets"]] == [("중1", 0), ("중2", 1)]
    assert [one["name"] for one in document["sheets_left_out"]] == ["작년"]
    assert document["ignored_columns"] == [{"sheet": "중1", "heading": "생일"}]
    assert [(one["row"], one["value"]) for one in document["left_out_values"]] == [(2, "02-5**-**01")]
    (rejected,) = [row for row in document["rows"] if row["outcome"] == "reject"]
    assert (rejected["sheet"], rejected["row"], rejected["value"]) == ("중2", 3, "010-***-**01")
    assert sum(document[name] for name in ("created", "duplicates", "rejected", "skipped")) == len(document["rows"])
    text = told(file)[1]
    assert all(word in text for word in ("작년", "생일", "02-5**-**01", "010-***-**01"))
    assert "010-111-0001" not in text


@pytest.mark.parametrize(
    ("row", "minded"),
    [
        (("김하나", "010-1111-0001", "", 2), []),
        (("김하나", 1011110001, "", 2), ["lost-zero"]),
        (("김하나", "10-1111-0001", "", "2"), ["lost-zero"]),
        (("김하나", "010-1111-0001", "", "2학년"), ["grade"]),
    ],
)
def test_what_only_the_production_parser_minds_is_one_line(
    tmp_path: Path, row: tuple[object, ...], minded: list[str]
) -> None:
    file = saved(tmp_path, 명단=[HEADER, row])
    assert json.loads(told(file, "-o", "json")[1])["production_would_reject"] == minded
    assert told(file)[1].count("August 2026") == bool(minded)


def test_several_sheets_strict_packages_and_a_dimension_of_a1_are_minded_too(tmp_path: Path) -> None:
    file = saved(tmp_path, 중1=[HEADER, A], 중2=[HEADER, B])
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            strict = part.replace(main, b"http://purl.oclc.org/ooxml/spreadsheetml/main")
            archive.writestr(name, strict.replace(b'dimension ref="A1:D2"', b'dimension ref="A1"'))
    assert json.loads(told(file, "-o", "json")[1])["production_would_reject"] == [
        "several-sheets",
        "strict",
        "dimension",
    ]


def test_a_file_that_the_api_would_refuse_is_refused_in_its_words(tmp_path: Path) -> None:
    path = tmp_path / "students.xlsx"
    for content, words in (
        (b"PK\x03\x04" + bytes(12 << 20), "10MB"),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", ".ods"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(999) + "EncryptedPackage".encode("utf-16-le"), "암호"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(999), ".xls"),
    ):
        path.write_bytes(content)
        code, text = told(str(path), "-o", "json")
        assert (code, words in json.loads(text)["error"]) == (1, True), words


def test_what_is_no_regular_file_is_refused() -> None:
    complaint = io.StringIO()
    with redirect_stderr(complaint):
        assert told("/dev/zero")[0] == 2
    assert "not a regular file" in complaint.getvalue()


def test_a_jobs_own_file_is_read_from_r2(tmp_path: Path) -> None:
    """The only requests are the job's status and the object."""
    asked: list[tuple[str, str]] = []
    job: dict[str, object] = {"job_id": "j1", "status": "FAILED", "file_key": "excel/t/a.xlsx"}

    def answer(handler: Handler) -> None:
        asked.append((handler.command, handler.path.partition("?")[0]))
        respond(handler, 200, json.dumps(job).encode() if handler.path.startswith(JOBS_PATH) else students(2))

    with server(answer) as (url, _seen):
        settings = {
            "ACADEMY_API_URL": url,
            "R2_ENDPOINT": url,
            "R2_ACCESS_KEY": "a" * 32,
            "R2_SECRET_KEY": "b" * 64,
        }
        done = academy_ops("check", "excel", "--job", "j1", "-o", "json", cwd=tmp_path, **settings)
        assert (done.returncode, json.loads(done.stdout)["created"]) == (0, 2), done.stderr
        assert json.loads(done.stdout)["file"] == "excel/t/a.xlsx"
        assert asked == [("GET", f"{JOBS_PATH}j1/"), ("GET", "/academy-excel/excel/t/a.xlsx")]
        del job["file_key"]
        unsaid = academy_ops("check", "excel", "--job", "j1", cwd=tmp_path, **settings)
    assert unsaid.returncode == 3
    assert "which file" in unsaid.stderr
