"""The runbook of the current language: found in a checkout and in an installed wheel, whole or one section of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import ClassVar, Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown
from rich.text import Text as Line
from rich.theme import Theme

from academy_ops.messages import Language
from academy_ops.thresholds import FIGURES

_HEADING: Final = re.compile(r"^#{2,3} (\d(?:-\d)?)\. ", re.MULTILINE)
_MARKER: Final = re.compile(r"^<!-- check: (\w+) -->$", re.MULTILINE)
_COMMENT: Final = re.compile(r"^<!-- .*? -->\n", re.MULTILINE)
_FIGURE: Final = re.compile(r"<!--(\w+)-->[\d.]+")
"""A number that a threshold decides, behind the threshold's name."""
_INNER_LINK: Final = re.compile(r"\[([^]]+)\]\((?:#|runbook)[^)]*\)")
"""A link that leads nowhere on a terminal."""
_STYLES: Final = Theme({"markdown.code": "cyan", "markdown.code_block": "cyan", "markdown.h1": "bold"})
"""A terminal's own colours, which suit its background; rich puts code on black."""

FILES: Final[Mapping[Language, str]] = {"ko": "runbook.md", "en": "runbook.en.md"}


@dataclass(frozen=True, slots=True)
class Page:
    """One section of it.

    Attributes:
        text: Its Markdown, with its heading and its subsections.
        check: The check that it is about; empty where there is none.
    """

    text: str
    check: str


def text(language: Language) -> str:
    """Return the runbook's Markdown with the thresholds in force; the sections keep their markers."""
    package = files("academy_ops")
    installed = package / "locale" / language / "runbook.md"
    # A checkout has it at its root, where people look for it.
    source = installed if installed.is_file() else package / ".." / FILES[language]
    return _FIGURE.sub(lambda figure: str(FIGURES[figure[1]]), source.read_text(encoding="utf-8"))


def updated(markdown: str) -> str:
    """Return a runbook as its file has to be: each marked number is the threshold in force."""
    return _FIGURE.sub(lambda figure: f"<!--{figure[1]}-->{FIGURES[figure[1]]}", markdown)


def sections(markdown: str) -> Mapping[str, Page]:
    """Return the numbered sections by their numbers, in the order of the runbook."""
    headings = list(_HEADING.finditer(markdown))
    found: dict[str, Page] = {}
    for place, heading in enumerate(headings):
        number = heading[1]
        ends = (one.start() for one in headings[place + 1 :] if not one[1].startswith(f"{number}-"))
        whole = markdown[heading.start() : next(ends, len(markdown))]
        own = markdown[heading.start() : headings[place + 1].start()] if place + 1 < len(headings) else whole
        marker = _MARKER.search(own)
        found[number] = Page(whole, marker[1] if marker else "")
    return found


def show(console: Console, markdown: str) -> None:
    """Print Markdown: rendered on a terminal, otherwise as it is written; markers are never shown."""
    plain = _COMMENT.sub("", markdown)
    if not console.is_terminal:
        console.file.write(plain if plain.endswith("\n") else f"{plain}\n")
        return
    with console.use_theme(_STYLES):
        console.print(_Manual(_INNER_LINK.sub(r"\1", plain)), crop=False)


class _Commands(CodeBlock):
    """Code that survives being copied: what is too long is left to the terminal to fold."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from (
            Line(f"  {line}", style="markdown.code_block", no_wrap=True, overflow="ignore")
            for line in str(self.text).rstrip().split("\n")
        )


class _Manual(Markdown):
    elements: ClassVar = {**Markdown.elements, "fence": _Commands, "code_block": _Commands}
