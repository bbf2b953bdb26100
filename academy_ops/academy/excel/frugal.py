"""Reads a workbook cell by cell: what python-calamine can't, or only with too much memory.

It takes about ten times as long, and keeps only the cells that there are: a stray one in the last row costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from academy_ops.academy.excel.package import Attributes, Package, SheetPart
from academy_ops.academy.excel.sheets import Area, Row
from academy_ops.academy.excel.text import LONGEST_CELL, Struck, text

_MOST_COLUMNS: Final = 2000
_MOST_MERGED: Final = 20_000
_PLACE: Final = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_DATE_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_NOT_OF_A_DATE: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_LAST_DAY: Final = 2_958_465
_OFF: Final = frozenset({"0", "false"})


def tables(package: Package) -> list[FrugalTable]:
    """Return a workbook's sheets."""
    workbook = _Workbook(package)
    return [FrugalTable(workbook, sheet) for sheet in package.sheets]


class FrugalTable:
    """A sheet, read when it is asked for."""

    def __init__(self, workbook: _Workbook, sheet: SheetPart) -> None:
        self._workbook = workbook
        self._part = sheet.part
        self.name = sheet.name
        self.visible = sheet.visible

    def rows(self) -> tuple[Iterator[Row], list[Area], set[int]]:
        """Return the sheet's rows, merged cells, and the numbers of hidden rows."""
        cells = _Cells(self._workbook)
        self._workbook.package.parse(self._part, cells.start, cells.end, cells.data)
        return cells.rows(), cells.merged, cells.hidden


class _Workbook:
    """A workbook's strings and formats, read once."""

    def __init__(self, package: Package) -> None:
        self.package = package
        strings = _Strings()
        package.parse_strings(strings.start, strings.end, strings.data)
        self.strings = strings.found
        self.dates, self.struck = _formats(package)


class _Cells:
    """The cells of one sheet, as its part is parsed."""

    def __init__(self, workbook: _Workbook) -> None:
        self._workbook = workbook
        self.merged: list[Area] = []
        self.hidden: set[int] = set()
        self._found: dict[int, dict[int, object]] = {}
        self._row = self._column = -1
        self._type = self._style = ""
        self._text: list[str] | None = None
        self._said = self._formula = ""
        self._run = _Run()

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "row":
            self._row = _number(attributes.get("r"), self._row + 2) - 1
            self._column = -1
            if attributes.get("hidden", "0") not in _OFF:
                self.hidden.add(self._row + 1)
        elif name == "c":
            self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
            said = attributes.get("r")
            place = _PLACE.fullmatch(said or "")
            self._column = _column(place[1]) if place else self._column + 1 if said is None else _MOST_COLUMNS
            self._said = self._formula = ""
            self._run = _Run()
        elif name in {"v", "t", "f"} and not self._run.phonetic:
            self._text = []
        elif self._run.start(name, attributes):
            pass
        elif name == "mergeCell" and len(self.merged) < _MOST_MERGED:
            corners = [_PLACE.fullmatch(corner) for corner in attributes.get("ref", "").split(":")]
            # Whole rows or columns: nothing to repeat.
            places = [(int(corner[2]) - 1, _column(corner[1])) for corner in corners if corner]
            if len(places) == len(corners) == 2:  # noqa: PLR2004 - its first and last cell
                self.merged.append((places[0], places[1]))

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text[:LONGEST_CELL])

    def end(self, name: str) -> None:
        if name == "t" and self._text is not None:
            self._run.take("".join(self._text)[:LONGEST_CELL])
            self._text = None
        elif name in {"v", "f"} and self._text is not None:
            said = "".join(self._text)[:LONGEST_CELL]
            self._text = None
            if name == "v":
                self._said = said
            else:
                self._formula = f"={said}"
        elif name == "rPh":
            self._run.phonetic = False
        elif name == "c" and 0 <= self._column < _MOST_COLUMNS and (value := self._whole()) not in ("", None):
            self._found.setdefault(self._row, {})[self._column] = value

    def rows(self) -> Iterator[Row]:
        """Yield every row up to the last one that has cells."""
        following = 0
        for number, cells in sorted(self._found.items()):
            for _gap in range(following, number):
                yield ()
            row: list[object] = [""] * (max(cells) + 1)
            for column, value in cells.items():
                row[column] = value
            yield row
            following = number + 1

    def _whole(self) -> object:
        """Return what the cell says: a formula where nothing says its result."""
        if self._formula and not self._said and self._type != "str":
            return self._formula
        value = self._value() if self._said else self._run.text()
        struck = self._style in self._workbook.struck and value not in ("", None)
        return Struck(text(value)) if struck else value

    def _value(self) -> object:
        said = self._said
        if self._type == "s":
            strings = self._workbook.strings
            number = _number(said, -1)
            return strings[number] if 0 <= number < len(strings) else ""
        if self._type == "b":
            return said.strip() in {"1", "true"}
        if self._type != "n":
            return said
        try:
            value = float(said)
        except ValueError:
            return said
        if self._style in self._workbook.dates and 0 <= value <= _LAST_DAY:
            begin = datetime(1904, 1, 1) if self._workbook.package.date_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet has no zone
            return begin + timedelta(days=value) if value <= _LAST_DAY - 1462 else value
        return value


class _Strings:
    """The shared strings, as their part is parsed."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._run = _Run()
        self._text = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "si":
            self._run = _Run()
        elif name == "t":
            self._text = not self._run.phonetic
        else:
            self._run.start(name, attributes)

    def data(self, text: str) -> None:
        if self._text:
            self._run.take(text[:LONGEST_CELL])

    def end(self, name: str) -> None:
        if name == "t":
            self._text = False
        elif name == "rPh":
            self._run.phonetic = False
        elif name == "si":
            self.found.append(self._run.text())


class _Run:
    """A text in runs, some of them with a line through them; how it is read aloud is no part of it."""

    def __init__(self) -> None:
        self.phonetic = False
        self._is_struck = False
        self._kept: list[str] = []
        self._struck: list[str] = []

    def start(self, name: str, attributes: Attributes) -> bool:
        """Take the beginning of an element; return whether it is one of a text."""
        if name == "rPh":
            self.phonetic = True
        elif name == "r":
            self._is_struck = False
        elif name == "strike":
            self._is_struck = attributes.get("val") not in _OFF
        else:
            return False
        return True

    def take(self, text: str) -> None:
        (self._struck if self._is_struck else self._kept).append(text)

    def text(self) -> str:
        """Return the text without what is struck out, where anything else is left."""
        kept = "".join(self._kept)[:LONGEST_CELL]
        return kept if kept.strip() or not self._struck else Struck("".join(self._struck)[:LONGEST_CELL])


def _formats(package: Package) -> tuple[frozenset[str], frozenset[str]]:
    """Return the numbers of the cell formats that make a date of a number, and of those that strike it out."""
    own: set[str] = set()
    formats: list[str] = []
    fonts: list[bool] = []
    font_of: list[str] = []
    within = {"": False, "fonts": False}

    def start(name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            code = _NOT_OF_A_DATE.sub("", attributes.get("formatCode", "")[:200]).casefold()
            if set("ymdhs") & set(code) and "general" not in code:
                own.add(attributes.get("numFmtId", ""))
        elif name in {"fonts", "fills", "cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            within[""], within["fonts"] = name == "cellXfs", name == "fonts"
        elif name == "font" and within["fonts"]:
            fonts.append(False)
        elif name == "strike" and within["fonts"] and fonts:
            fonts[-1] = attributes.get("val") not in _OFF
        elif name == "xf" and within[""]:
            formats.append(attributes.get("numFmtId", "0"))
            font_of.append(attributes.get("fontId", "0"))

    package.parse_styles(start)
    struck = {str(number) for number, is_struck in enumerate(fonts) if is_struck}
    dates = (number for number, kind in enumerate(formats) if kind in own or _number(kind, 0) in _DATE_FORMATS)
    return (
        frozenset(map(str, dates)),
        frozenset(str(number) for number, font in enumerate(font_of) if font in struck),
    )


def _number(said: str | None, otherwise: int) -> int:
    return int(said) if said and said.isascii() and said.isdigit() and len(said) < 10 else otherwise  # noqa: PLR2004 - no number of a row or string is longer


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
