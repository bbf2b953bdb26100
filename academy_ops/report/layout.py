"""Lines on a terminal: hanging indents, and marks that the console can show. Nothing is padded at the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Line

from academy_ops.report.facts import Fact

_MARKS: Final = {
    "ok": "✓", "warn": "!", "fail": "✗", "unknown": "?", "skip": "-", "unseen": "·",
    "line": "─", "head": "▶", "up": "└", "up-left": "┘", "bar": "█",
}  # fmt: skip
_PLAIN_MARKS: Final = {
    "ok": "v", "warn": "!", "fail": "x", "unknown": "?", "skip": "-", "unseen": ".",
    "line": "-", "head": ">", "up": "^", "up-left": "^", "bar": "=",
}  # fmt: skip
STYLES: Final = {
    "ok": "green", "warn": "yellow", "fail": "bold red", "unknown": "magenta", "skip": "dim", "unseen": "dim",
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
    """Print ``head``, and ``body`` wrapped from ``column`` on.

    Args:
        console: Where.
        head: What stands before the body in its first line; narrower than ``column``.
        body: What is told, as many lines as it needs.
        column: In cells, from the left.
    """
    width = max(_NARROWEST, console.width - column)
    for line in body.wrap(console, width):
        line.rstrip()
        # Not added: a sum of two lines takes the first one's colour for both.
        whole = Line().append_text(head)
        if line.plain:
            whole.append(" " * (column - head.cell_len)).append_text(line)
        console.print(whole, soft_wrap=True)
        head = Line()


def facts(console: Console, told: Iterable[Fact], indent: int, style: str = "") -> None:
    """Print facts as lines of name and value, the values below each other."""
    told = list(told)
    column = indent + 2 + min(_WIDEST_NAME, max((cell_len(name) for name, _ in told), default=0))
    for name, value in told:
        hanging(console, Line(" " * indent).append(name, "dim"), Line(value, style), column)
