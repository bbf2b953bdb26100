"""A cell as text: cut to a length first, in one form, without what nobody sees."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Final

LONGEST_CELL: Final = 4000
"""What is kept of a cell's text before anything looks at it; no field takes as much."""
_SHOWN_CHARACTERS: Final = 60
_PLAIN: Final = re.compile(r"(?:[!-~가-힣]+(?: [!-~가-힣]+)*)?").fullmatch
"""Text that is in its final form already: almost every cell."""
_FILLERS: Final = dict.fromkeys(map(ord, "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe0e\ufe0f"))
"""Letters and marks that look like nothing; the others are of Unicode's category Cf."""
_ESCAPED: Final = re.compile(
    r"_x(?:00(?:0[0-9A-Fa-f]|1[0-9A-Fa-f]|7[Ff])|[Ff][Ee][Ff][Ff]|200[BbEeFf]|[Dd][89A-Fa-f]..)_"
)
"""How Excel writes a character that XML can't hold."""
_OTHER_WIDTH: Final = re.compile(r"[Ａ-Ｚａ-ｚ０-９ｦ-ﾟ]+")
"""Letters of another width than theirs."""
BRACKETS: Final = dict.fromkeys(map(ord, "[{<〔【「『〈《（［｛"), "(") | dict.fromkeys(
    map(ord, "]}>〕】」』〉》）］｝"), ")"
)
"""Brackets of all kinds, as round ones."""
_DIGIT: Final = re.compile(r"\d")
_PHONE_DIGITS: Final = 7


class Again(str):
    """What a merged cell says in a row below its first one."""

    __slots__ = ()


class Struck(str):
    """What a cell says through which somebody has drawn a line."""

    __slots__ = ()


def text(cell: object) -> str:
    """Return a cell as one line of text, in the composed form of its letters, without invisible characters."""
    if isinstance(cell, str):
        return cell if len(cell) < _SHOWN_CHARACTERS and _PLAIN(cell) else _cleaned(cell[:LONGEST_CELL])
    if cell is None or isinstance(cell, bool):
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else str(cell)
    if isinstance(cell, int):
        # Python refuses to write a number of thousands of digits.
        return str(cell) if abs(cell) < 10**20 else "∞"
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else ""


def visible(line: str) -> str:
    """Return a text without the characters that nobody sees."""
    line = _ESCAPED.sub(" ", line).translate(_FILLERS)
    return "".join(char for char in line if unicodedata.category(char) not in {"Cf", "Cs", "Co", "Cn"} or char == "\n")


def shown(cell: object) -> str:
    """Return a value as a message may quote it: short, and masked where it is a phone."""
    line = text(cell)[:_SHOWN_CHARACTERS]
    digits = [digit.start() for digit in _DIGIT.finditer(line)]
    if len(digits) < _PHONE_DIGITS:
        return line
    hidden = set(digits[3:-2])
    return "".join("*" if place in hidden else character for place, character in enumerate(line))


def _cleaned(line: str) -> str:
    line = visible(line).replace("\x00", " ")
    line = _OTHER_WIDTH.sub(lambda found: unicodedata.normalize("NFKC", found[0]), line)
    controlled = "".join(" " if unicodedata.category(char) == "Cc" else char for char in line)
    return " ".join(unicodedata.normalize("NFC", controlled).split())
