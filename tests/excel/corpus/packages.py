"""Packages that programs write, and that one library or another can't read."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.excel.archives import parts, zipped
from tests.excel.corpus.case import HEADER, A, B, Case

_SHEET, _BOOK, _TEXTS = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_MAIN, _STRICT = (
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    b"http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_LINKS, _STRICT_LINKS = (
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    b"http://purl.oclc.org/ooxml/officeDocument/relationships",
)


def changed(part: str, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Return what changes one part of a file."""

    def apply(content: bytes) -> bytes:
        return zipped({name: change(old) if name == part else old for name, old in parts(content).items()})

    return apply


def _renamed(old: str, new: str) -> Callable[[bytes], bytes]:
    def apply(content: bytes) -> bytes:
        found = {}
        for name, part in parts(content).items():
            target = name.replace(f"_rels/{old}.rels", f"_rels/{new}.rels").replace(f"xl/{old}", f"xl/{new}")
            refers = name.endswith((".rels", "[Content_Types].xml"))
            found[target] = part.replace(f"{old}".encode(), f"{new}".encode()) if refers else part
        return zipped(found)

    return apply


def _merged(ref: str) -> Callable[[bytes], bytes]:
    cells = f'</sheetData><mergeCells count="1"><mergeCell ref="{ref}"/></mergeCells>'.encode()
    return changed(_SHEET, lambda old: old.replace(b"</sheetData>", cells))


def _dimension(ref: str) -> Callable[[bytes], bytes]:
    return changed(_SHEET, lambda old: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="%s"' % ref.encode(), old))


def _utf_16(part: str) -> Callable[[bytes], bytes]:
    return changed(part, lambda old: re.sub(r"^<\?xml[^>]*\?>", "", old.decode()).encode("utf-16"))


def _strict(content: bytes) -> bytes:
    made = {name: old.replace(_MAIN, _STRICT).replace(_LINKS, _STRICT_LINKS) for name, old in parts(content).items()}
    return zipped(made)


def _prefixed(content: bytes) -> bytes:
    def change(old: bytes) -> bytes:
        return re.sub(rb"<(/?)([a-zA-Z])", rb"<\1x:\2", old).replace(b"xmlns=", b"xmlns:x=")

    return zipped({name: change(old) if name in {_SHEET, _BOOK} else old for name, old in parts(content).items()})


def _case(name: str, package: Callable[[bytes], bytes]) -> Case:
    return Case(name, {"명단": [HEADER, A, B]}, [A, B], package=package)


def _target(new: str) -> Callable[[bytes], bytes]:
    return changed(_RELATIONS, lambda old: re.sub(rb'Target="/?(?:xl/)?worksheets', f'Target="{new}'.encode(), old))


_STRAY = b'<row r="1048576"><c r="K1048576"><v>1</v></c></row></sheetData>'

CASES = (
    _case("a merged row, as LibreOffice writes", _merged("1:1")),
    _case("a merged column, as LibreOffice writes", _merged("I:I")),
    _case("merged rows", _merged("20:22")),
    _case("a merged cell of one", _merged("A1")),
    _case("a dimension of rows", _dimension("1:6")),
    _case("a dimension of columns", _dimension("A:D")),
    _case("a dimension of A1", _dimension("A1")),
    _case("a dimension beyond all", _dimension("A1:XFD1048576")),
    _case("another name of the workbook", _renamed("workbook.xml", "workbook2.xml")),
    _case("another name of the strings", _renamed("sharedStrings.xml", "sharedStrings2.xml")),
    _case("another name of the styles", _renamed("styles.xml", "styles7.xml")),
    _case("targets with ./", _target("./worksheets")),
    _case("targets with ../", _target("../xl/worksheets")),
    _case("absolute targets", _target("/xl/worksheets")),
    _case(
        "a sheet without a relationship",
        changed(_BOOK, lambda old: old.replace(b"</sheets>", b'<sheet name="x" sheetId="9" r:id=""/></sheets>')),
    ),
    _case("a sheet in UTF-16", _utf_16(_SHEET)),
    _case("strings in UTF-16", _utf_16(_TEXTS)),
    _case("a workbook in UTF-16", _utf_16(_BOOK)),
    _case("Strict Open XML", _strict),
    _case("prefixes everywhere", _prefixed),
    _case("names with backslashes", lambda old: zipped({k.replace("/", "\\"): v for k, v in parts(old).items()})),
    _case("cells without addresses", changed(_SHEET, lambda old: re.sub(rb' r="[A-Z]*\d+"', b"", old))),
    _case("no styles", lambda old: zipped({k: v for k, v in parts(old).items() if "styles" not in k})),
    _case("no document properties", lambda old: zipped({k: v for k, v in parts(old).items() if "docProps" not in k})),
    _case("no compression", lambda old: zipped(parts(old), compressed=False)),
    Case(
        "a stray cell in the last row",
        {"명단": [HEADER, A, B]},
        [A, B],
        skipped=1,
        package=changed(_SHEET, lambda old: old.replace(b"</sheetData>", _STRAY)),
    ),
)
