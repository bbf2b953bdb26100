"""An exception that nobody expected: a report without secrets in a file, and one line that says where it is."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer
from typer.core import TyperGroup

from academy_ops.cli.commands import names
from academy_ops.diagnosis.redact import printable, redacted
from academy_ops.messages import Text, os_reason, say
from academy_ops.report.settings import shown_settings, versions
from academy_ops.settings import SECRETS, Settings, load
from academy_ops.settings.env_files import SettingsError


def report(error: Exception, arguments: Sequence[str], env_file: str | None) -> Text:
    """Write the report of a crash.

    Args:
        error: What nobody expected.
        arguments: The words after the program's name.
        env_file: What ``--env-file`` named; the secrets in it are masked, too.

    Returns:
        One line for the operator: what happened, where the report is, and what to do with it.
    """
    what = type(error).__name__
    try:
        handle, name = tempfile.mkstemp(prefix="academy-ops-crash-", suffix=".txt")
        # Only its owner may read it.
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text(error, arguments, env_file))
    except OSError as trouble:
        return say(
            "Something in academy-ops itself went wrong ({what}), and its report can't be written: {reason}.",
            what=what,
            reason=os_reason(trouble),
        )
    return say(
        "Something in academy-ops itself went wrong ({what}). The report is in {path}; it holds no secret. "
        "Read it through, and send it to the maintainers.",
        what=what,
        path=name,
    )


def text(error: Exception, arguments: Sequence[str], env_file: str | None) -> str:
    """Return the report of a crash, without secrets, values of arguments, or values of settings.

    Args:
        error: What nobody expected.
        arguments: The words after the program's name.
        env_file: What ``--env-file`` named.
    """
    settings = _settings(env_file)
    lines = [
        f"academy-ops crash report, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        "",
        f"command: academy-ops {' '.join(_without_values(arguments))}",
        *(f"{name}: {version}" for name, version in versions().items()),
        "",
        "settings (without their values):",
        *(f"  {row.name}: {row.source}" for row in (shown_settings(settings) if settings else ())),
        "",
        *(line.rstrip("\n") for line in traceback.format_exception(error)),
        "",
    ]
    secrets = {value for name in SECRETS if (value := os.environ.get(name))}
    return printable(redacted("\n".join(lines), secrets | settings.secret_values() if settings else secrets))


def _settings(env_file: str | None) -> Settings | None:
    try:
        return load(env_file=Path(env_file) if env_file else None)
    except SettingsError:
        # The command has not got them, either.
        return None


def _without_values(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the names of commands and options; whatever else was typed is told as "…"."""
    # Not imported here: it may be what has crashed.
    module = sys.modules.get("academy_ops.cli.app")
    command = typer.main.get_command(module.app) if module else None
    known = names(command) if isinstance(command, TyperGroup) else frozenset()
    for word in arguments:
        name, equals, _value = word.partition("=")
        yield f"{name}{equals and '=…'}" if name in known else "…"
