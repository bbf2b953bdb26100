"""Env files: as dotenv reads them, and as Docker does."""

from __future__ import annotations

import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from dotenv.parser import Binding, parse_stream

from academy_ops.messages import Text, os_reason, say
from academy_ops.settings.bounded_files import read_bounded

_MOST_BYTES: Final = 1_000_000
_NAME: Final = re.compile(r"[\w.-]+")
"""``$env:NAME`` of PowerShell or ``[section]`` is none."""


class SettingsError(Exception):
    """Settings that can't be used; ``str()`` is one line for the operator."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


@dataclass(frozen=True, slots=True)
class EnvLine:
    """One assignment: the value as dotenv reads it, as Docker would, and whether a file or a context makes it."""

    value: str
    as_docker: str
    source: Literal["env file", "context"] = "env file"


def read_env_file(path: Path) -> dict[str, EnvLine]:
    """Read a dotenv file.

    Args:
        path: The file.

    Returns:
        Name to value; a name without ``=`` is left out, as Docker would take it from its own environment.

    Raises:
        SettingsError: The file can't be read, isn't UTF-8, or has a line that is no assignment: its number is given,
            and what is wrong with it, but nothing that stands in it.
    """
    try:
        content = read_bounded(path, _MOST_BYTES)
        # PowerShell 5 writes UTF-16 where a command's output is sent to a file.
        text = content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except OSError as error:
        raise SettingsError(
            say("Can't read the env file {path}: {reason}.", path=str(path), reason=os_reason(error))
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(say("The env file {path} is not UTF-8 text. Save it as UTF-8.", path=str(path))) from error
    if len(content) > _MOST_BYTES:
        raise SettingsError(say("The env file {path} is larger than 1 MB. Is it the right file?", path=str(path)))
    lines: dict[str, EnvLine] = {}
    # Line ends as a text file has them.
    for binding in parse_stream(io.StringIO(text, newline=None)):
        named = binding.key is None or _NAME.fullmatch(binding.key)
        if binding.error or not named or "\0" in binding.original.string:
            raise _refused(path, binding)
        if binding.key is not None and binding.value is not None:
            _, _, raw = binding.original.string.partition("=")
            lines[binding.key] = EnvLine(binding.value, raw.rstrip("\r\n"))
    return lines


def _refused(path: Path, binding: Binding) -> SettingsError:
    text = binding.original.string
    # The parser counts the blank lines before an assignment as part of it.
    blank = len(text) - len(text.lstrip("\r\n"))
    line = binding.original.line + text[:blank].count("\n")
    return SettingsError(
        say(
            "{path}, line {line}: {problem}. Every line is NAME=value; correct or remove this one.",
            path=str(path),
            line=line,
            problem=say("it holds a NUL character") if "\0" in text else _problem(text.strip()),
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
