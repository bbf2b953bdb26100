"""Env files: as dotenv reads them, and as Docker does."""

import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from dotenv.parser import Binding, parse_stream

from academy_ops.messages import Text, UserError, os_reason, say
from academy_ops.settings.bounded_files import read_bounded

_MOST_BYTES: Final = 1_000_000
_NAME: Final = re.compile(r"[\w.-]+")
"""``$env:NAME`` of PowerShell or ``[section]`` is none."""
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
"""What stands for bytes that are no text, as Korean ones of a former code page are none in UTF-8."""


class SettingsError(UserError):
    """Settings that can't be used."""


@dataclass(frozen=True, slots=True)
class EnvLine:
    """One assignment: the value as dotenv reads it, as Docker would, and whether a file or a context makes it."""

    value: str
    as_docker: str
    source: Literal["env file", "context"] = "env file"


def read_env_file(path: Path) -> dict[str, EnvLine]:
    """Read a dotenv file; a name without ``=`` is left out, as Docker would take it from its own environment.

    Raises:
        SettingsError: The file can't be read, or has a line that is no assignment or not UTF-8: its number is given,
            and what is wrong with it, but nothing that stands in it. In a comment, any bytes will do.
    """
    try:
        content = read_bounded(path, _MOST_BYTES)
    except OSError as error:
        raise SettingsError(
            say("Can't read the env file {path}: {reason}.", path=str(path), reason=os_reason(error))
        ) from error
    if len(content) > _MOST_BYTES:
        raise SettingsError(say("The env file {path} is larger than 1 MB. Is it the right file?", path=str(path)))
    lines: dict[str, EnvLine] = {}
    # Line ends as a text file has them.
    for binding in parse_stream(io.StringIO(_decoded(content), newline=None)):
        named = binding.key is None or _NAME.fullmatch(binding.key)
        undecoded = _UNDECODED.search(f"{binding.key}={binding.value}")
        if binding.error or not named or undecoded or "\0" in binding.original.string:
            raise _refused(path, binding)
        if binding.key is not None and binding.value is not None:
            _, _, raw = binding.original.string.partition("=")
            lines[binding.key] = EnvLine(binding.value, _UNDECODED.sub("\ufffd", raw.rstrip("\r\n")))
    return lines


def _decoded(content: bytes) -> str:
    """Return the text; what is not UTF-8 is kept as what `_UNDECODED` finds."""
    # PowerShell 5 writes UTF-16 where a command's output is sent to a file.
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").replace("\ufffd", "\udcff")
    return content.decode("utf-8-sig", "surrogateescape")


def _refused(path: Path, binding: Binding) -> SettingsError:
    text = binding.original.string
    # The parser counts the blank lines before an assignment as part of it.
    blank = len(text) - len(text.lstrip("\r\n"))
    undecoded = _UNDECODED.search(text)
    line = binding.original.line + text[: undecoded.start() if undecoded else blank].count("\n")
    if undecoded:
        problem = say("it is not UTF-8 text; save the file as UTF-8")
    else:
        problem = say("it holds a NUL character") if "\0" in text else _problem(text.strip())
    return SettingsError(
        say(
            "{path}, line {line}: {problem}. Every line is NAME=value; correct or remove this one.",
            path=str(path),
            line=line,
            problem=problem,
        )
    )


def _problem(text: str) -> Text:
    """Say what is wrong with a line that is no assignment."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        return say("there is no '='")
    if not name:
        return say("there is no name before the '='")
    if not _NAME.fullmatch(name.removeprefix("export ").strip()):
        return say("there is text before the name")
    quote = value[:1]
    if quote not in {"'", '"'}:
        return say("not a NAME=VALUE line")
    if value.count(quote) == 1:
        return say("the quote {quote} is not closed", quote=quote)
    return say("there is text after the closing quote")
