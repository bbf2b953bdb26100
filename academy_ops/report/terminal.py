"""Lines on a terminal: hanging indents, marks that the console can show, and the line that changes while one waits."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.console import Console, RichCast
from rich.text import Text as Line

from academy_ops.messages import Text, _

if TYPE_CHECKING:
    from academy_ops.report.evidence import Fact

_MARKS: Final = {
    "ok": "✓", "warn": "!", "fail": "✗", "unknown": "?", "skip": "-", "unchecked": "·",
    "line": "─", "head": "▶", "up": "└", "up-left": "┘", "bar": "█",
}  # fmt: skip
_PLAIN_MARKS: Final = {
    "ok": "v", "warn": "!", "fail": "x", "unknown": "?", "skip": "-", "unchecked": ".",
    "line": "-", "head": ">", "up": "^", "up-left": "^", "bar": "=",
}  # fmt: skip
STYLES: Final = {
    "ok": "green", "warn": "yellow", "fail": "bold red", "unknown": "magenta", "skip": "dim", "unchecked": "dim",
}  # fmt: skip
"""How each state is coloured; from a terminal's own sixteen colours, which suit its background."""
_NARROWEST: Final = 20
_WIDEST_NAME: Final = 24


def marks(console: Console) -> Mapping[str, str]:
    """Return the marks that the console's encoding has; all of one kind."""
    try:
        "".join(_MARKS.values()).encode(console.encoding)
    except (LookupError, UnicodeEncodeError):
        return _PLAIN_MARKS
    return _MARKS


def hanging(console: Console, head: Line, body: Line, column: int) -> None:
    """Print ``head``, and ``body`` wrapped from ``column`` on; the head is narrower than that."""
    width = max(_NARROWEST, console.width - column)
    for line in body.wrap(console, width):
        line.rstrip()
        # Not added: a sum of two lines takes the first one's colour for both.
        whole = Line().append_text(head)
        if line.plain:
            whole.append(" " * (column - head.cell_len)).append_text(line)
        console.print(whole, soft_wrap=True)
        head = Line()


def facts(console: Console, rows: Iterable[Fact], indent: int) -> None:
    """Print facts as lines of name and value, the values below each other."""
    rows = list(rows)
    column = indent + 2 + min(_WIDEST_NAME, max((cell_len(name) for name, _value in rows), default=0))
    for name, value in rows:
        hanging(console, Line(" " * indent).append(name, "dim"), Line(value), column)


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The seconds since ``began``, on `time.monotonic`'s clock, against what is usual."""

    began: float
    usual: Text | None

    def __rich__(self) -> Line:
        """The line as it is now; rich asks for it several times a second."""
        line = Line(_("{seconds} s", seconds=round(time.monotonic() - self.began)), "dim")
        return line.append(f" ({self.usual})") if self.usual else line


@contextlib.contextmanager
def live(console: Console, line: RichCast) -> Iterator[None]:
    """Show ``line`` at the bottom of a terminal as long as the block runs; elsewhere nothing."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield
        return
    spinner = "dots" if marks(console)["ok"] == _MARKS["ok"] else "line"
    with console.status(line, spinner=spinner):
        yield
