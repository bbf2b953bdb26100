"""Makes the hostile files; ``python -m tests.hostile.files FOLDER`` writes them, to look at or to upload by hand."""

from __future__ import annotations

import io
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import xlsxwriter

from academy_ops.academy import sample_workbooks

MIB: Final = 1024 * 1024
NO_WORKBOOK: Final = "엑셀 파일을 열 수 없습니다"
TOO_LARGE: Final = "엑셀 파일이 너무 커서 읽을 수 없습니다"
NO_HEADER: Final = "머리글"
NO_STUDENTS: Final = "학생"
SHEET: Final = "xl/worksheets/sheet1.xml"
TEXTS: Final = "xl/sharedStrings.xml"
BOOK: Final = "xl/workbook.xml"
TYPES: Final = "[Content_Types].xml"
RELATIONS: Final = "xl/_rels/workbook.xml.rels"
SPREADSHEET: Final = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PHONE: Final = "010-1234-5678"
ROW: Final = b'<row r="99999999999999999999"'


@dataclass(frozen=True, slots=True)
class Hostile:
    """A file, and what must come of it.

    Attributes:
        name: What it is.
        content: Its bytes.
        says: How the sentence that refuses it begins, or None where it is read.
        read: How many students and rejected rows are read, where it is read.
    """

    name: str
    content: Callable[[], bytes]
    says: str | None = None
    read: tuple[int, int] = (0, 0)


def good(count: int = 2) -> bytes:
    """Make a workbook with nothing wrong."""
    return sample_workbooks.students(count)


def parts(content: bytes) -> dict[str, bytes]:
    """Take a workbook apart."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(named: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Put a workbook together."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, data in named.items():
            archive.writestr(name, data)
    return content.getvalue()


def changed(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Make a workbook of which one part is changed."""
    named = parts(good())
    return packed({**named, name: change(named[name])})


def shared_text() -> bytes:
    """Make a workbook of which every row has the same text of half a million letters, which its file holds once."""
    content = written(*((f"학생{number}", f"010-1234-{number:04}", "MARK") for number in range(1, 401)))
    named = parts(content)
    return packed({**named, TEXTS: named[TEXTS].replace(b"MARK", "가".encode() * 500_000)})


def without(name: str) -> bytes:
    """Make a workbook that lacks a part."""
    return packed({part: data for part, data in parts(good()).items() if part != name})


def sheet(rows: str, before: str = "") -> bytes:
    """Make a workbook whose sheet has these rows."""
    text = f'<?xml version="1.0"?>{before}<worksheet {SPREADSHEET}><sheetData>{rows}</sheetData></worksheet>'
    return changed(SHEET, lambda _old: text.encode())


def inline(*cells: str) -> str:
    """Write cells as inline strings."""
    return "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)


def row(number: int, *cells: str) -> str:
    """Write a row of inline strings."""
    return f'<row r="{number}">{inline(*cells)}</row>'


HEADER: Final = row(1, "이름", "학부모전화번호")
STUDENT: Final = row(2, "김하나", PHONE)


def texts(values: str, before: str = "") -> bytes:
    """Make a workbook with these shared strings."""
    return changed(TEXTS, lambda _old: f'<?xml version="1.0"?>{before}<sst {SPREADSHEET}>{values}</sst>'.encode())


def laughing(levels: int = 9) -> str:
    """Write the declaration of entities that grow tenfold with each level."""
    entities = '<!ENTITY l0 "하하">' + "".join(
        f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, levels)
    )
    return f"<!DOCTYPE worksheet [{entities}]>"


def far(row_number: int, column: str) -> bytes:
    """Make a workbook with a cell far away from the others."""
    end = f'<row r="{row_number}"><c r="{column}{row_number}" t="inlineStr"><is><t>끝</t></is></c></row>'
    return sheet(HEADER + STUDENT + end)


def written(*rows: tuple[str | int | float, ...], **options: object) -> bytes:
    """Make a workbook of these rows, with xlsxwriter's options."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, **options}) as workbook:
        page = workbook.add_worksheet("학생목록")
        for number, cells in enumerate((("이름", "학부모전화번호", "메모"), *rows)):
            page.write_row(number, 0, cells)
    return content.getvalue()


def formulas() -> bytes:
    """Make a workbook whose names are formulas that would start a program."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        page = workbook.add_worksheet("학생목록")
        page.write_row(0, 0, ("이름", "학부모전화번호", "메모"))
        page.write_formula(1, 0, "=cmd|'/c calc'!A1", None, "김하나")
        page.write_string(1, 1, PHONE)
        page.write_string(1, 2, "=cmd|'/c calc'!A1")
    return content.getvalue()


def hidden() -> bytes:
    """Make a workbook whose students are on a hidden sheet."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        workbook.add_worksheet("안내").write(0, 0, "안내")
        page = workbook.add_worksheet("학생목록")
        page.write_row(0, 0, ("이름", "학부모전화번호"))
        page.write_row(1, 0, ("김하나", PHONE))
        page.very_hidden()
    return content.getvalue()


def many_parts(count: int) -> bytes:
    """Make a workbook among a crowd of empty parts."""
    return packed({**parts(good()), **{f"xl/media/{number}.bin": b"" for number in range(count)}})


def many_sheets(count: int) -> bytes:
    """Make a workbook of many sheets, none of which has a header."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        for number in range(count):
            workbook.add_worksheet(f"s{number}").write(0, 0, "?")
    return content.getvalue()


def lying(size: int) -> bytes:
    """Make a workbook whose directory names another size of the sheet than it has."""
    content = bytearray(good())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        true_size = archive.getinfo(SHEET).file_size
    start = 0
    while (at := content.find(b"PK\x01\x02", start)) >= 0:
        if content[at + 46 :].startswith(SHEET.encode()):
            assert struct.unpack_from("<I", content, at + 24) == (true_size,)
            struct.pack_into("<I", content, at + 24, size)
        start = at + 4
    return bytes(content)


def encrypted_entry() -> bytes:
    """Make a workbook whose parts claim to be encrypted, as zip files can be."""
    content = bytearray(good())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (at := content.find(signature, start)) >= 0:
            content[at + flags] |= 1
            start = at + 4
    return bytes(content)


def bomb(row_count: int, first: str = "", cell: str = "><v>1</v>", last: str = "") -> bytes:
    """Make a workbook of so many rows of next to nothing below a first one."""
    rows = (f'<row r="{number}"><c r="A{number}"{cell}</c></row>' for number in range(2, row_count))
    return sheet(first + "".join(rows) + last)


def one_too_many() -> bytes:
    """Make a workbook of one student more than a file may have, five of them without a phone that could be theirs."""
    bad = "".join(row(number, "김하나", "010-1") for number in range(99_998, 100_003))
    return bomb(99_998, HEADER, f' t="str"><v>김하나</v></c><c t="str"><v>{PHONE}</v>', bad)


FILES: Final = (
    # What is no workbook
    Hostile("empty", lambda: b"", NO_WORKBOOK),
    Hostile("csv-renamed", f"이름,학부모전화번호\n김하나,{PHONE}\n".encode, NO_WORKBOOK),
    Hostile("csv-in-cp949-renamed", lambda: f"이름,학부모전화번호\n김하나,{PHONE}\n".encode("cp949"), NO_WORKBOOK),
    Hostile("xls-renamed", lambda: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4096), NO_WORKBOOK),
    Hostile(
        "encrypted-workbook",
        lambda: bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le") * 99,
        NO_WORKBOOK,
    ),
    Hostile(
        "html-renamed", lambda: b"<html><table><tr><td>\xec\x9d\xb4\xeb\xa6\x84</td></tr></table></html>", NO_WORKBOOK
    ),
    Hostile("pdf-renamed", lambda: b"%PDF-1.7\n" + bytes(999), NO_WORKBOOK),
    Hostile("program-renamed", lambda: b"MZ" + bytes(4096), NO_WORKBOOK),
    Hostile("zip-in-name-only", lambda: sample_workbooks.faulty("excel-unreadable"), NO_WORKBOOK),
    Hostile("zip-of-something-else", lambda: packed({"hello.txt": b"hello"}), NO_WORKBOOK),
    Hostile("word-document", lambda: packed({TYPES: b"<Types/>", "word/document.xml": b"<document/>"}), NO_WORKBOOK),
    Hostile("zip-without-entries", lambda: b"PK\x05\x06" + bytes(18), NO_WORKBOOK),
    # What was cut off or tampered with
    Hostile("cut-off", lambda: good()[:-40], NO_WORKBOOK),
    Hostile("cut-in-half", lambda: good()[: len(good()) // 2], NO_WORKBOOK),
    Hostile("garbled-in-the-middle", lambda: good()[:300] + bytes(200) + good()[500:], None, (2, 0)),
    Hostile(
        "wrong-checksum",
        lambda: good().replace(struct.pack("<I", zlib.crc32(parts(good())[SHEET])), b"\1\2\3\4"),
        NO_WORKBOOK,
    ),
    Hostile("size-said-too-small", lambda: lying(10), NO_WORKBOOK),
    Hostile("size-said-four-gigabytes", lambda: lying(0xFFFFFFF0), None, (2, 0)),
    Hostile("entries-said-to-be-encrypted", encrypted_entry, NO_WORKBOOK),
    Hostile("no-workbook-part", lambda: without(BOOK), NO_HEADER),
    Hostile("no-relations", lambda: without(RELATIONS), NO_WORKBOOK),
    Hostile("no-sheet-part", lambda: without(SHEET), NO_WORKBOOK),
    Hostile("no-content-types", lambda: without(TYPES), None, (2, 0)),
    Hostile("no-shared-strings", lambda: without(TEXTS), NO_WORKBOOK),
    Hostile("sheet-is-no-xml", lambda: changed(SHEET, lambda _old: b"\x00\xff<<<"), NO_WORKBOOK),
    Hostile("sheet-ends-early", lambda: changed(SHEET, lambda old: old[: len(old) // 2]), NO_WORKBOOK),
    Hostile(
        "relation-to-the-disk",
        lambda: changed(RELATIONS, lambda old: old.replace(b"worksheets/sheet1.xml", b"../../../../etc/passwd")),
        NO_WORKBOOK,
    ),
    Hostile(
        "relation-to-another-host",
        lambda: changed(RELATIONS, lambda old: old.replace(b"worksheets/sheet1.xml", b"http://127.0.0.1:9/a.xml")),
        NO_WORKBOOK,
    ),
    Hostile("path-out-of-the-archive", lambda: packed({**parts(good()), "../../../tmp/evil": b"evil"}), None, (2, 0)),
    # What grows
    Hostile("far-cell", lambda: far(1_048_576, "XFD"), None, (1, 0)),
    Hostile("far-column", lambda: far(4, "XFD"), None, (1, 0)),
    Hostile("far-row", lambda: far(1_048_576, "A"), None, (1, 0)),
    Hostile("million-rows-without-a-header", lambda: bomb(1_000_000), NO_HEADER),
    Hostile("more-rows-than-students-may-be", one_too_many, "학생 행이 너무 많습니다"),
    Hostile(
        "cell-address-beyond-all-sheets",
        lambda: sheet(HEADER + '<row r="2"><c r="ZZZZZ99999999"><v>1</v></c></row>'),
        NO_STUDENTS,
    ),
    Hostile(
        "one-huge-string",
        lambda: changed(TEXTS, lambda old: old.replace(b"</t>", "가".encode() * 12_000_000 + b"</t>", 1)),
        None,
        (2, 0),
    ),
    Hostile("huge-name-in-a-row", lambda: sheet(HEADER + row(2, "가" * 5_000_000, PHONE)), None, (0, 1)),
    Hostile("deep-nesting", lambda: sheet(HEADER + STUDENT + "<a>" * 200_000 + "</a>" * 200_000), None, (1, 0)),
    Hostile("ten-thousand-parts", lambda: many_parts(10_000), None, (2, 0)),
    Hostile("hundred-sheets-without-a-header", lambda: many_sheets(100), NO_HEADER),
    Hostile("laughing-entities", lambda: sheet(HEADER + row(2, "&l8;", PHONE), laughing()), NO_WORKBOOK),
    Hostile("laughing-shared-strings", lambda: texts("<si><t>&l8;</t></si>", laughing()), NO_WORKBOOK),
    Hostile(
        "entity-of-a-file",
        lambda: sheet(
            HEADER + row(2, "&file;", PHONE), '<!DOCTYPE worksheet [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
        ),
        NO_WORKBOOK,
    ),
    Hostile(
        "entity-of-another-host",
        lambda: sheet(
            HEADER + row(2, "&host;", PHONE), '<!DOCTYPE worksheet [<!ENTITY host SYSTEM "http://127.0.0.1:9/">]>'
        ),
        NO_WORKBOOK,
    ),
    # What would do harm once it is read
    Hostile("formulas", formulas, None, (1, 0)),
    Hostile("macros", lambda: packed({**parts(good()), "xl/vbaProject.bin": b"Auto_Open"}), None, (2, 0)),
    Hostile(
        "markup-and-sql-in-a-name",
        lambda: written(("<script>alert(1)</script>'; DROP TABLE students;--", PHONE, "")),
        None,
        (1, 0),
    ),
    Hostile(
        "control-characters-in-a-name", lambda: sheet(HEADER + row(2, "김_x0007__x001B_[31m하나", PHONE)), None, (1, 0)
    ),
    Hostile("text-turned-around", lambda: written(("김\u202e하나\u200b", PHONE, "\U0001f600")), None, (1, 0)),
    Hostile("one-text-in-400-rows", shared_text, None, (400, 0)),
    Hostile(
        "a-row-of-twenty-digits", lambda: changed(SHEET, lambda sheet: re.sub(b'<row r="2"', ROW, sheet)), None, (2, 0)
    ),
    Hostile("nul-and-half-a-surrogate", lambda: sheet(HEADER + row(2, "김_x0000__xD800_하나", PHONE)), None, (1, 0)),
    Hostile("longest-cell", lambda: written(("김하나", PHONE, "가" * 32_767)), None, (1, 0)),
    Hostile("name-too-long", lambda: written(("김" * 300, PHONE, ""), ("김하나", PHONE, "")), None, (1, 1)),
    Hostile("numbers-for-names", lambda: written((-1e308, PHONE, ""), (3.5, 1012345678, "")), None, (0, 2)),
    Hostile("hidden-sheet", hidden, None, (1, 0)),
    Hostile("no-header", lambda: sample_workbooks.faulty("excel-header-missing"), NO_HEADER),
    Hostile("only-an-example", lambda: sample_workbooks.faulty("excel-no-students"), NO_STUDENTS),
    Hostile("header-only", lambda: sheet(HEADER), NO_STUDENTS),
)


def write(folder: Path) -> Iterator[Path]:
    """Write every file into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in FILES:
        path = folder / f"{one.name}.xlsx"
        path.write_bytes(one.content())
        yield path


if __name__ == "__main__":
    for made in write(Path(sys.argv[1])):
        print(made)  # noqa: T201 - this is the program's output
