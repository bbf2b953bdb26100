"""Tables of wordings: what servers, libraries and readers write, and what that means."""

import re
from typing import Final, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")

Table: TypeAlias = tuple[tuple[re.Pattern[str], T], ...]

GAP: Final = ".{0,200}"
"""What may stand between two words of a message. Without a bound, a message of a megabyte that repeats the first of
them keeps a pattern busy for hours."""

FAILS: Final = "(실패|오류|거부|올바르지|유효하지|일치하지|잘못|만료)"
NOT_SO: Final = "(?! ?(시([ ,에]|$)|하면|될 경우|허용|율|횟수|0 ?[건회])|[가는은]? ?없)"
"""What does not follow a complaint: a setting speaks of what may happen, a report of what has not."""
NO_CONNECTION: Final = (
    "( 서버)?[에와의로]? ?(연결|접속)[에이가을]? ?"
    rf"((실패|오류|시간 ?초과){NOT_SO}|할 수 없|되지 않|끊[어겼]|거부)"
)
"""What stands behind a server's name in Korean."""


class Fault(NamedTuple):
    """A cause, and which of the reasons behind it, where that is known."""

    code: str
    reason: str | None = None


def table(*rows: tuple[T, *tuple[str, ...]], flags: re.RegexFlag = re.IGNORECASE) -> Table[T]:
    """Return a table of wordings: rows of a meaning and the patterns of what says so, the most telling first."""
    return tuple((re.compile("|".join(forms), flags), meaning) for meaning, *forms in rows)


def meaning(text: str, words: Table[T]) -> T | None:
    """Return what the first row that ``text`` matches means; None where it matches none."""
    return next((meaning for form, meaning in words if form.search(text)), None)
