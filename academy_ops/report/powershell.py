"""A command of the catalogue, which is for a POSIX shell, as one for Windows PowerShell 5.1 and for PowerShell 7.

What is typed on the API server stays as it is: a POSIX shell takes it there. The rules are those of Microsoft's
about_Parsing, about_Quoting_Rules and about_Environment_Variables:

- A single quote within single quotes is doubled. Words with a comma, ``@``, ``{`` or ``<`` must stand in quotes.
- 5.1 drops double quotes inside an argument, so the values of AWS's shorthand stand in single ones.
- 5.1 knows no ``&&``, and its ``curl`` is another command.
- A variable of the environment stays set, so it is put back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

ON_SERVER: Final = (
    *("docker ", "sudo nginx ", "sudo ss ", "sudo systemctl "),
    *("curl -sS --max-time 10 -i http://127.0.0.1:", "curl -sS --max-time 10 -i -H "),
)
"""How the commands begin that are typed on the API server."""

_WHOLE: Final = tuple(
    (re.compile(posix), powershell)
    for posix, powershell in (
        (
            r"set -a; \. (?P<file>.*); set \+a",
            (
                r"Get-Content «file» | ForEach-Object { if ($_ -match '^(\\w+)=(.*)') "
                """{ Set-Item "Env:$($Matches[1])" $Matches[2].Trim('"''') } }"""
            ),
        ),
        (r"\((?P<load>set -a; \. .*?; set \+a); (?P<rest>.*)\)", "«load»; «rest»"),
        (
            r"printf '(.*)%s\\n(.*)%s\\n' \"\$(\w+)\" \"\$(\w+)\" \| (?P<rest>.*)",
            r'"\1$env:\3`n\2$env:\4" | «rest»',
        ),
        (r'\[ "\$(\w+)" = "\$(\w+)" \] && echo (\w+)', r"if ($env:\1 -ceq $env:\2) { '\3' }"),
        (r"env \| grep -iE '\^(.*)='", r"Get-ChildItem Env: | Where-Object Name -Match '^\1$'"),
        (
            r"awk '/\^R2_\(ACCESS\|SECRET\)_KEY=/ .*' (?P<file>.*)",
            (
                "Select-String -CaseSensitive '^(R2_(?:ACCESS|SECRET)_KEY)=(.*)' «file» | ForEach-Object { "
                "$_.Matches.Groups[1].Value + '=[' + ($_.Matches.Groups[2].Value -replace '[A-Za-z0-9]', '*') + ']' }"
            ),
        ),
        (
            r'\(umask 077; f=\$\(mktemp\) && (?P<get>.*) >"\$f" && .* "\$f" && (?P<put>.*); rm -f "\$f"\)',
            (
                # In UTF-8 without a mark at its start, and with Unix's line ends: workers read it.
                '$f = (New-TemporaryFile).FullName; try { [IO.File]::WriteAllText($f, ((«get») -join "`n")); '
                "if ($LASTEXITCODE -eq 0) { Start-Process notepad $f -Wait; «put» } } finally { Remove-Item $f }"
            ),
        ),
        (r"date -u", "[datetime]::UtcNow.ToString('u')"),
        (r"date -u -d '(-\d+) min' \+%FT%TZ", r"[datetime]::UtcNow.AddMinutes(\1).ToString('s') + 'Z'"),
        (r"date -u \+%FT%TZ", "[datetime]::UtcNow.ToString('s') + 'Z'"),
        (r"sudo chronyc makestep", "w32tm /resync"),
        (r"dig \+short (?P<host>\S+) @(?P<server>\S+)", "nslookup «host» «server»"),
        (r"dig \+short (?P<host>\S+)", "nslookup «host»"),
    )
)
"""Commands that are said otherwise as a whole; what stands in «…» is translated by itself."""
_GROUP: Final = re.compile(r"«(\w+)»")

_COMMAND: Final = r"""(?:'[^']*'|"[^"$]*"|[^'"()])*"""
_TOKEN: Final = re.compile(
    rf"""(?P<space>\s+)|(?P<operator>&&|\|)|'(?P<single>[^']*)'|"(?P<double>(?:\$\({_COMMAND}\)|[^"])*)"|"""
    rf"""(?P<bare>\$\({_COMMAND}\)|\$\w+|(?:[^\s'"|&$]|&(?!&))+)"""
)
_PART: Final = re.compile(rf"\$\((?P<command>{_COMMAND})\)|\$(?P<name>\w+)|(?P<text>[^$]+)")
_PLAIN: Final = re.compile(r"(?!-$|-[^-]*[.:])[A-Za-z0-9_./:=+-]+|\d>&\d")
"""Words that need no quotes. PowerShell splits one like ``-a.b``."""
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True, slots=True)
class _Variable:
    """A variable; those of the environment have names of upper case, those of the command itself of lower."""

    name: str

    def __str__(self) -> str:
        return f"${self.name}" if self.name.islower() else f"$env:{self.name}"


@dataclass(frozen=True, slots=True)
class _Substitution:
    """What a command prints."""

    command: str

    def __str__(self) -> str:
        return f"({_here(self.command)})"


_Word = tuple[str | _Variable | _Substitution, ...]


def translated(command: str) -> str:
    """Return ``command``, which is for a POSIX shell, as PowerShell on Windows takes it."""
    return _here(command) if command and not command.startswith(ON_SERVER) else command


def _here(command: str) -> str:
    for pattern, form in _WHOLE:
        if whole := pattern.fullmatch(command):
            return _expanded(whole, form)
    *before, told = (" | ".join(map(_simple, _split(one, "|"))) for one in _split(_tokens(command), "&&"))
    for one in reversed(before):
        # Only other programs set the code, so there is none to ask for after a command of PowerShell's own.
        told = f"{one}; {told}" if one.startswith("Start-Sleep") else f"{one}; if ($LASTEXITCODE -eq 0) {{ {told} }}"
    return told


def _expanded(whole: re.Match[str], form: str) -> str:
    return _GROUP.sub(lambda group: _here(whole[group[1]]), whole.expand(form))


def _tokens(command: str) -> Iterator[str | _Word]:
    """Yield each operator as it is, and each word as its parts."""
    word: _Word = ()
    for token in _TOKEN.finditer(command):
        kind, text = token.lastgroup, token[token.lastgroup or 0]
        if kind in {"space", "operator"}:
            if word:
                yield word
            word = ()
            if kind == "operator":
                yield text
        else:
            word += (text,) if kind == "single" else tuple(_parts(text))
    if word:
        yield word


def _parts(text: str) -> Iterator[str | _Variable | _Substitution]:
    for part in _PART.finditer(text):
        if part["command"] is not None:
            yield _Substitution(part["command"])
        else:
            yield _Variable(part["name"]) if part["name"] else part["text"]


def _split(tokens: Iterable[str | _Word], operator: str) -> list[list[str | _Word]]:
    """Split at each ``operator``."""
    pieces: list[list[str | _Word]] = [[]]
    for token in tokens:
        if token == operator:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return pieces


def _simple(words: Sequence[str | _Word]) -> str:
    """Return a command without operators."""
    count = next((place for place, word in enumerate(words) if not _ASSIGNMENT.match(str(word[0]))), len(words))
    assigned = [_assigned(word) for word in words[:count]]
    if count == len(words):
        # Only what one command prints is ever kept, in a variable of the command's own.
        ((name, value),) = assigned
        return f"${name} = {_written(value)[1:-1]}"
    told = _program(*map(_written, words[count:]))
    if not assigned:
        return told
    names = ", ".join(f"$env:{name}" for name, _value in assigned)
    values = ", ".join(_written(value) if value else "$null" for _name, value in assigned)
    return f"$kept = {names}; try {{ {names} = {values}; {told} }} finally {{ {names} = $kept }}"


def _program(name: str, *arguments: str) -> str:
    match name:
        case "curl":
            return " ".join(("curl.exe", *("NUL" if one == "/dev/null" else one for one in arguments)))
        case "grep":
            return _grep(arguments)
        case "sed":
            return _sed(arguments)
        case "head":
            return f"Select-Object -First {arguments[-1]}"
        case "sleep":
            return f"Start-Sleep {arguments[0]}"
        case _:
            return " ".join((name, *arguments))


def _assigned(word: str | _Word) -> tuple[str, _Word]:
    """Return the name and the value of an assignment."""
    name, _, begun = str(word[0]).partition("=")
    return name, (*filter(None, (begun,)), *word[1:])


def _grep(arguments: Sequence[str]) -> str:
    options = "".join(one for one in arguments if one.startswith("-"))
    sought = " ".join(one for one in arguments if not one.startswith("-"))
    told = f"Select-String {sought}" if "i" in options else f"Select-String -CaseSensitive {sought}"
    # Only what the pattern matches, since a secret stands behind it.
    return f'{told} | ForEach-Object {{ "$($_.LineNumber):$($_.Matches.Value)" }}' if "o" in options else told


def _sed(arguments: Sequence[str]) -> str:
    """Return ``sed -n`` with the script of `names_set`: of each line the part in parentheses."""
    _options, script, *files = arguments
    pattern = script.removeprefix("'s/").removesuffix("/\\1/p'")
    return " ".join(
        (f"Select-String -CaseSensitive '{pattern}'", *files, "| ForEach-Object { $_.Matches.Groups[1].Value }")
    )


def _written(word: str | _Word) -> str:
    """Return a word as PowerShell's command line has it."""
    if not all(isinstance(part, str) for part in word):
        return str(word[0]) if len(word) == 1 else f'"{"".join(map(_in_double_quotes, word))}"'
    text = "".join(map(str, word))
    if _PLAIN.fullmatch(text):
        return text
    if '"' in text and "'" not in text:
        return f'"{_in_double_quotes(text.replace(chr(34), chr(39)))}"'
    return "'" + text.replace("'", "''") + "'"


def _in_double_quotes(part: str | _Variable | _Substitution) -> str:
    if isinstance(part, str):
        return re.sub(r'[`$"]', r"`\g<0>", part)
    return f"${part}" if isinstance(part, _Substitution) else str(part)
