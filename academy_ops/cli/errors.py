"""How a command ends when it can't do its work: refused in one line, or crashed with a report without secrets.

Whatever a command calls in this room may refuse (`RefusedError`).
"""

from __future__ import annotations

import io
import itertools
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from academy_ops.messages import Text, UserError, os_reason, say

if TYPE_CHECKING:
    from academy_ops.settings import Settings

HEALTHY: Final = 0
FAULT: Final = 1
USAGE: Final = 2
UNDETERMINED: Final = 3
CRASHED: Final = 70
"""A fault of the tool itself; ``EX_SOFTWARE`` of BSD's sysexits.h."""
INTERRUPTED: Final = 130

_ENV_FILE: Final = "--env-file"
_MAY_BE_SECRET: Final = re.compile(r"key|secret|token|pass|credential|private|dsn|database_url", re.IGNORECASE)


class RefusedError(UserError):
    """The command can't go on; ``message`` says what was wrong, where, and what to do."""

    def __init__(self, message: Text, exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Refuse a command whose optional packages, those of ``extra``, can't be imported."""
    try:
        yield
    except ImportError as error:
        raise RefusedError(
            say(
                "This command needs the extra '{extra}' (package {package} is missing). Install it: "
                "pip install 'academy-ops[{extra}]'",
                extra=extra,
                package=error.name or "?",
            )
        ) from error


def crash_report(error: Exception, arguments: Sequence[str], env_file: str | None, context: str | None = None) -> Text:
    """Write `crash_text` to a file that only its owner may read; return one line for the operator."""
    what = type(error).__name__
    try:
        handle, name = tempfile.mkstemp(prefix="academy-ops-crash-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(crash_text(error, arguments, env_file, context))
    except OSError as trouble:
        return say(
            "academy-ops itself failed ({what}), and the report could not be written: {reason}.",
            what=what,
            reason=os_reason(trouble),
        )
    return say(
        "academy-ops itself failed ({what}). The report, which holds no secrets, is in {path}. Review it and send "
        "it to the maintainers.",
        what=what,
        path=name,
    )


def crash_text(error: Exception, arguments: Sequence[str], env_file: str | None, context: str | None = None) -> str:
    """Return the report of a crash, without secrets, values of arguments, or values of settings.

    Args:
        error: The exception that nobody expected.
        arguments: The words after the program's name.
        env_file: The value of ``--env-file``.
        context: The value of ``--context``.
    """
    from academy_ops.diagnosis.redact import printable, redacted
    from academy_ops.report.settings import shown_settings, versions
    from academy_ops.settings import SECRETS

    settings = _settings(env_file, context)
    lines = [
        f"academy-ops crash report, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        "",
        f"command: academy-ops {' '.join(_without_values(error, arguments))}",
        *(f"{name}: {version}" for name, version in versions().items()),
        "",
        "settings (without their values):",
        *(f"  {row.name}: {row.source}" for row in (shown_settings(settings) if settings else ())),
        "",
        *(line.rstrip("\n") for line in traceback.format_exception(error)),
        "",
    ]
    secrets = {value for name in SECRETS if (value := os.environ.get(name))} | set(_of_env_files(arguments, env_file))
    return printable(redacted("\n".join(lines), secrets | settings.secrets().keys() if settings else secrets))


def _of_env_files(arguments: Sequence[str], env_file: str | None) -> Iterator[str]:
    """Yield what may be a secret in each env file that was named, and in the one that need not be.

    Not only those that this tool knows: an API server's file holds others. Of a line that is no assignment, all.
    """
    from dotenv.parser import parse_stream

    named = [value for word, value in itertools.pairwise((*arguments, "")) if word == _ENV_FILE]
    named += [word.removeprefix(f"{_ENV_FILE}=") for word in arguments if word.startswith(f"{_ENV_FILE}=")]
    for path in {".env", env_file or ".env", *named}:
        try:
            text = Path(path).read_text("utf-8", errors="replace")
        except OSError:
            continue
        for binding in parse_stream(io.StringIO(text)):
            if binding.error:
                yield binding.original.string.partition("=")[2].strip(" \"'\r\n")
            elif binding.value and binding.key and _MAY_BE_SECRET.search(binding.key):
                yield binding.value


def _settings(env_file: str | None, context: str | None) -> Settings | None:
    from academy_ops.settings import load
    from academy_ops.settings.env_files import SettingsError

    try:
        return load(env_file=Path(env_file) if env_file else None, context=context)
    except SettingsError:
        # The command has not got them, either.
        return None


def _without_values(error: Exception, arguments: Sequence[str]) -> Iterator[str]:
    """Yield the names of commands and options; whatever else was typed becomes "…"."""
    # Not imported here: it may be what has crashed.
    module = sys.modules.get("academy_ops.cli.app")
    try:
        known = module.words() if module else frozenset()
    except Exception as second:  # noqa: BLE001 - or one of the commands may be: the report tells both
        error.add_note(f"The commands could not be listed: {type(second).__name__}: {second}")
        known = frozenset()
    for word in arguments:
        name, equals, _value = word.partition("=")
        yield f"{name}{equals and '=…'}" if name in known else "…"
