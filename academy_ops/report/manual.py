"""The runbook on a terminal."""

import re
from typing import ClassVar, Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown
from rich.text import Text as Line
from rich.theme import Theme

_COMMENT: Final = re.compile(r"^<!-- .*? -->\n", re.MULTILINE)
_INNER_LINK: Final = re.compile(r"\[([^]]+)\]\((?:#|runbook)[^)]*\)")
"""A link that leads nowhere on a terminal."""
_STYLES: Final = Theme({"markdown.code": "cyan", "markdown.code_block": "cyan", "markdown.h1": "bold"})
"""A terminal's own colours, which suit its background; rich puts code on black."""


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
