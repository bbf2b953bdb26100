"""A command, printed so that it survives being copied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Line

from academy_ops.report.powershell import ON_SERVER, translated
from academy_ops.report.shell import Shell


def print_command(console: Console, command: str, style: str, *, shell: Shell, folded: bool = True) -> None:
    """Print a command so that it can be copied.

    Args:
        console: Where.
        command: For a POSIX shell.
        style: Its colour.
        shell: The shell that it is shown for; what is typed on the API server is for its POSIX shell.
        folded: Fold it where it is wider than the console.
    """
    powershell = shell == "powershell" and not command.startswith(ON_SERVER)
    told = translated(command) if powershell else command
    for line in _folded(told, console.width, "`" if powershell else "\\") if folded else [f"  {told}"]:
        # What is still too long is left to the terminal: it must survive being copied.
        console.print(Line(line, style), soft_wrap=True)


def _folded(command: str, width: int, goes_on: str) -> Iterator[str]:
    """Fold a command as its shell allows it: with ``goes_on``, outside quotes, before an option or an operator."""
    words = re.findall(r"""(?:'[^']*'|"[^"]*"|[^\s'"])+""", command)
    line = "  "
    for word in _joined(words):
        if line.strip() and cell_len(f"{line} {word}") > width - 2:
            yield f"{line} {goes_on}"
            line = "    "
        line += word if line.isspace() else f" {word}"
    yield line


def _joined(words: Iterable[str]) -> Iterator[str]:
    """Join each word to the option before it."""
    phrase: list[str] = []
    for word in words:
        if phrase and word.startswith(("--", "&&", "|")):
            yield " ".join(phrase)
            phrase = []
        phrase.append(word)
    yield " ".join(phrase)
