"""The shell in use, and commands written for it so that they survive being copied.

Documents have them for a POSIX shell (`academy_ops.diagnosis.command.posix`); people see them for their own. For
PowerShell, 5.1 and 7, the rules are those of Microsoft's about_Parsing, about_Quoting_Rules and
about_Environment_Variables. A variable of the environment stays set there, so it is put back.
"""

import itertools
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, get_args

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Line

from academy_ops.diagnosis.command import Command, Steps, posix_words, split_at_printed
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import Text, say

Shell = Literal["posix", "powershell"]
SHELLS: Final[tuple[Shell, ...]] = get_args(Shell)
VARIABLE: Final = "ACADEMY_OPS_SHELL"

_PLAIN: Final = re.compile(r"(?!-$|-[^-]*[.:])[A-Za-z0-9_./:=+-]+")
"""Words that need no quotes. PowerShell splits one like ``-a.b``."""
_ON_WINDOWS: Final = {
    ("date", "-u"): "[datetime]::UtcNow.ToString('u')",
    ("date", "-u", "+%FT%TZ"): "[datetime]::UtcNow.ToString('s') + 'Z'",
    ("date", "-u", "-d", "-10 min", "+%FT%TZ"): "[datetime]::UtcNow.AddMinutes(-10).ToString('s') + 'Z'",
    ("sudo", "chronyc", "makestep"): "w32tm /resync",
}
_PROGRAMS: Final = {"curl": "curl.exe", "vi": "Start-Process -Wait notepad"}
"""Without its suffix, ``curl`` is another command in 5.1."""
_OPERATORS: Final = frozenset({"&&", "|"})


def shell_needs(shown: Iterable[Steps]) -> Iterator[Text]:
    """Yield what the shell must hold for these commands to work as they are pasted."""
    steps = [step for steps in shown for step in steps]
    if variables := dict.fromkeys(name for step in steps for name in step.needs):
        yield say("Set these in your shell first: {variables}.", variables=", ".join(variables))
    if any(step.argv[0] == "aws" and step.place == "here" and not step.needs for step in steps):
        yield say("aws commands use the AWS credentials of this shell.")


def needs(remedies: Iterable[Remedy]) -> Iterator[Text]:
    """Yield what the shell must hold for the commands of remedies."""
    return shell_needs(steps for remedy in remedies for steps in (remedy.steps, remedy.check))


def in_use(environ: Mapping[str, str] = os.environ) -> Shell:
    """Return the shell that ``environ`` belongs to, or the one that its ``ACADEMY_OPS_SHELL`` names.

    PowerShell sets PSModulePath, and so does Windows for every process; the shells of Unix set SHELL, Git's and
    MSYS2's bash on Windows MSYSTEM.

    Raises:
        ValueError: ``ACADEMY_OPS_SHELL`` names no shell that is known here.
    """
    wish = environ.get(VARIABLE, "").strip()
    for shell in SHELLS:
        if wish == shell:
            return shell
    if wish:
        raise ValueError(wish)
    is_posix = "SHELL" in environ or "MSYSTEM" in environ
    return "powershell" if "PSModulePath" in environ and not is_posix else "posix"


def print_command(console: Console, steps: Steps, style: str, *, shell: Shell, folded: bool = True) -> None:
    """Print commands so that they can be copied: in PowerShell each on a line of its own, else joined by ``&&``.

    What is typed on a Linux host is for its POSIX shell, whatever ``shell`` is in use here.
    """
    goes_on = "`" if _in_powershell(steps, shell) else "\\"
    for words in commands(steps, shell):
        for line in _folded(words, console.width, goes_on) if folded else [f"  {' '.join(words)}"]:
            # What is still too long is left to the terminal: it must survive being copied.
            console.print(Line(line, style), soft_wrap=True)


def print_call(console: Console, ops: str, *words: str, shell: Shell | None = None, style: str = "") -> None:
    """Print a command of this tool so that it can be copied; in a pipe it stays one line."""
    steps = (Command((*shlex.split(ops), *words)),)
    print_command(console, steps, style, shell=shell or in_use(), folded=console.is_terminal)


def commands(steps: Steps, shell: Shell) -> list[list[str]]:
    """Return the lines to be typed into ``shell``, each as its words."""
    return list(powershell(steps)) if _in_powershell(steps, shell) else [list(posix_words(steps))]


def _in_powershell(steps: Steps, shell: Shell) -> bool:
    return shell == "powershell" and all(step.place == "here" for step in steps)


def powershell(steps: Steps) -> Iterator[list[str]]:
    """Yield each of ``steps`` as words, quoted for PowerShell."""
    printed: list[str] = []
    for step in steps:
        words = [_ON_WINDOWS[step.argv]] if step.argv in _ON_WINDOWS else _called(step, printed)
        if step.headers:
            lines = "`n".join(f"{begun}$env:{variable}" for begun, variable in step.headers)
            words = [f'"{lines}"', "|", *words]
        if step.environment:
            names = ", ".join(f"$env:{name}" for name, _ in step.environment)
            values = ", ".join(f"$env:{variable}" if variable else "$null" for _, variable in step.environment)
            words = [f"$kept = {names}; try {{ {names} = {values};", *words, f"}} finally {{ {names} = $kept }}"]
        if step.prints:
            words = [f"${step.prints} =", *words]
            printed.append(step.prints)
        elif step.saves_to:
            # In UTF-8 without a mark at its start, and with Unix's line ends: workers read it.
            words = [f'[IO.File]::WriteAllText("$PWD/{step.saves_to}", ((', *words, ') -join "`n"))']
        yield words


def _called(step: Command, printed: Sequence[str]) -> list[str]:
    program, *arguments = step.argv
    if program == "curl":
        arguments = ["NUL" if argument == "/dev/null" else argument for argument in arguments]
    return [_PROGRAMS.get(program, program), *(_word(argument, printed) for argument in arguments)]


def _word(argument: str, printed: Sequence[str]) -> str:
    parts = split_at_printed(argument, printed)
    if len(parts) > 1:
        texts = (f"${part}" if number % 2 else re.sub('[`$"]', r"`\g<0>", part) for number, part in enumerate(parts))
        return f'"{"".join(texts)}"'
    return argument if _PLAIN.fullmatch(argument) else "'" + argument.replace("'", "''") + "'"


def _folded(words: Iterable[str], width: int, goes_on: str) -> Iterator[str]:
    """Fold commands as their shell allows it: with ``goes_on``, each of a chain begins a line of its own.

    One that is still too long goes on before an option, or else before any word.
    """
    words = list(words)
    line = "  " + " ".join(words)
    if cell_len(line) <= width:
        yield line
        return
    line = "  "
    for link in _links(words):
        if not line.isspace():
            yield f"{line} {goes_on}"
            line = "    "
        for phrase in _phrases(link):
            whole = " ".join(phrase)
            # A word that no line holds is left to the terminal, with its option before it.
            unbroken = cell_len(whole) <= width - 6 or max(map(cell_len, phrase)) > width - 6
            for piece in [whole] if unbroken else phrase:
                if not line.isspace() and cell_len(f"{line} {piece}") > width - 2:
                    yield f"{line} {goes_on}"
                    line = "    "
                line += piece if line.isspace() else f" {piece}"
    yield line


def _links(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield each command of a chain, with the operator before it."""
    begins = [0, *(place for place, word in enumerate(words) if word in _OPERATORS), len(words)]
    yield from (list(words[start:end]) for start, end in itertools.pairwise(begins))


def _phrases(words: Sequence[str]) -> Iterator[list[str]]:
    """Join each option to what follows it, and the first one to the program."""
    begins = 2 if words[0] in _OPERATORS else 1
    phrase: list[str] = []
    for place, word in enumerate(words):
        if word.startswith("--") and place > begins:
            yield phrase
            phrase = []
        phrase.append(word)
    yield phrase
