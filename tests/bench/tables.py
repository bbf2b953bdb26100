"""Tables in Markdown, and their places in a document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown, its columns aligned."""
    widths = [max(len(row[place]) for row in (titles, *rows)) for place in range(len(titles))]
    lines = [titles, ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])], *rows]
    return "\n".join(
        "| " + " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) + " |" for row in lines
    )


def put(file: Path, name: str, text: str) -> None:
    """Put ``text`` between the marks of ``name`` in ``file``."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, _, rest = file.read_text(encoding="utf-8").partition(begin)
    _, mark, after = rest.partition(end)
    assert mark, f"{file} has no place for {name}"
    file.write_text(f"{before}{begin}\n{text}\n{mark}{after}", encoding="utf-8")
