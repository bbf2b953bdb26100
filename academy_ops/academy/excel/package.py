"""The parts of a workbook, found by their relationships; and what is needed to know how to read them."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from typing import Final, NamedTuple
from xml.parsers import expat

_MOST_BYTES: Final = 400 << 20
_CHUNK: Final = 1 << 16
_BEGINNING: Final = 2048
_STRICT: Final = b"http://purl.oclc.org/ooxml/"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_USUAL: Final = {"workbook": "xl/workbook.xml", "sharedStrings": "xl/sharedStrings.xml"}
"""Where python-calamine looks for parts, whatever the relationships say."""

_DROPPED_OF: Final = re.compile(r"xl/(?:worksheets/[^/]+|sharedstrings|styles)\.xml").fullmatch
_DROPPED: Final = re.compile(
    rb'<strike(?! val="(?:0|false)")|<c [^>]*t="e"|(?:</f>|<f\b[^>]{0,200}/>)\s{0,9}(?:<v ?/>|<v></v>|</c>)'
    rb'|<row [^>]*hidden="(?:1|true)"[^>]*>\s{0,9}<c'
)
_MARKS_OF_DROPPED: Final = (b"<strike", b't="e"', b"</f>", b'hidden="')
_MOST_LOOKED_AT: Final = 64 << 20

Attributes = Mapping[str, str]


class BrokenError(Exception):
    """The package can't be taken apart."""


def has_what_is_dropped(path: str) -> bool:
    """Return whether python-calamine says nothing of lines through cells, errors, hidden rows or unknown results."""
    with suppress(*_BROKEN), zipfile.ZipFile(path) as package:
        for name in package.namelist():
            if _DROPPED_OF(_folded(name)):
                with package.open(name) as part:
                    content = part.read(_MOST_LOOKED_AT)
                if any(mark in content for mark in _MARKS_OF_DROPPED) and _DROPPED.search(content):
                    return True
    return False


class SheetPart(NamedTuple):
    """A sheet as the workbook lists it, and the name of its part."""

    name: str
    visible: bool
    part: str


class Package:
    """An opened workbook."""

    def __init__(self, path: str) -> None:
        """Open the file and read where everything is."""
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise BrokenError from error
        self._names = {_folded(name): name for name in self._zip.namelist()}
        self.workbook = next(iter(self._related("", "officeDocument").values()), _USUAL["workbook"])
        self.date_1904 = False
        self.sheets = self._sheets()
        self._strings = next(iter(self._related(self.workbook, "sharedStrings").values()), "")
        self._styles = next(iter(self._related(self.workbook, "styles").values()), "")

    @property
    def usual(self) -> bool:
        """Whether python-calamine finds every part, and can read it."""
        places = self.workbook == _USUAL["workbook"] and self._strings in {"", _USUAL["sharedStrings"]}
        parts = [self.workbook, self._strings, *(sheet.part for sheet in self.sheets)]
        return places and not any(self.beginning(part).startswith(_UTF16) for part in parts if part)

    @property
    def strict(self) -> bool:
        """Whether it is of the form that Excel calls Strict Open XML."""
        return _STRICT in self.beginning(self.workbook)

    def says_one_cell(self, sheets: Container[str]) -> bool:
        """Return whether one of the named sheets says of itself that it has no cell but A1."""
        parts = (sheet.part for sheet in self.sheets if sheet.name in sheets)
        return any(re.search(rb'<(?:\w+:)?dimension ref="A1(?::A1)?"', self.beginning(part)) for part in parts)

    def beginning(self, part: str) -> bytes:
        """Return the first bytes of a part, or none where it can't be read."""
        with suppress(*_BROKEN), self._open(part) as file:
            return file.read(_BEGINNING)
        return b""

    def parse(self, part: str, start: _Start, end: _End | None = None, data: _Data | None = None) -> None:
        """Parse a part; names come without their namespaces.

        Raises:
            BrokenError: There is no such part, or it can't be parsed.
            MemoryError: It is larger than any workbook's.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
        if end is not None:
            parser.EndElementHandler = lambda name: end(_local(name))
        if data is not None:
            parser.CharacterDataHandler = data
        parser.StartDoctypeDeclHandler = _refuse
        size = 0
        try:
            with self._open(part) as file:
                while chunk := file.read(_CHUNK):
                    size += len(chunk)
                    if size > _MOST_BYTES:
                        raise MemoryError
                    parser.Parse(chunk)
                parser.Parse(b"", True)  # noqa: FBT003 - expat's own signature
        except _BROKEN as error:
            raise BrokenError from error

    def parse_strings(self, start: _Start, end: _End, data: _Data) -> None:
        """Parse the shared strings, where there are any."""
        if self._strings:
            self.parse(self._strings, start, end, data)

    def parse_styles(self, start: _Start) -> None:
        """Parse the styles, where there are any that can be read."""
        with suppress(BrokenError):
            self.parse(self._styles, start)

    def _open(self, part: str) -> zipfile.ZipExtFile:
        name = self._names.get(_folded(part))
        if name is None:
            raise KeyError(part)
        return self._zip.open(name)  # type: ignore[return-value] # a ZipExtFile, opened for reading

    def _related(self, source: str, kind: str) -> dict[str, str]:
        """Return the parts of a kind to which a part relates, by the relationships' ids."""
        found: dict[str, str] = {}
        folder, base = posixpath.split(source)

        def start(name: str, attributes: Attributes) -> None:
            if name == "Relationship" and attributes.get("Type", "").endswith(f"/{kind}"):
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
                found[attributes.get("Id", "")] = target

        with suppress(BrokenError):
            self.parse(posixpath.join(folder, "_rels", f"{base}.rels"), start)
        return found

    def _sheets(self) -> list[SheetPart]:
        listed: list[tuple[str, bool, str]] = []

        def start(name: str, attributes: Attributes) -> None:
            if name == "sheet":
                relation = next((value for key, value in attributes.items() if _local(key) == "id"), "")
                listed.append((attributes.get("name", ""), attributes.get("state", "visible") == "visible", relation))
            elif name == "workbookPr":
                self.date_1904 = attributes.get("date1904") in {"1", "true"}

        self.parse(self.workbook, start)
        parts = self._related(self.workbook, "worksheet")
        # A sheet without a relationship has nothing on it.
        sheets = [SheetPart(name, seen, parts[relation]) for name, seen, relation in listed if relation in parts]
        if not sheets:
            raise BrokenError
        return sheets


_Start = Callable[[str, Attributes], None]
_End = Callable[[str], None]
_Data = Callable[[str], None]
_BROKEN: Final = (
    KeyError, OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, expat.ExpatError
)  # fmt: skip


def _refuse(*_doctype: object) -> None:
    raise ValueError("a workbook has no document type")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _folded(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()
