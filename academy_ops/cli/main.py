"""The entry point: decides the language, runs the command, turns every refusal into one line and an exit code."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from academy_ops import __version__, messages
from academy_ops.cli import streams
from academy_ops.cli.errors import CRASHED, INTERRUPTED, UNDETERMINED, USAGE, RefusedError, crash_report
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import UserError, os_reason, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from academy_ops.messages import Text


_LANGUAGE: Final = "ACADEMY_OPS_LANG"
_COLLECTED_EVERY: Final = 20_000
"""Objects made. By Python's own 700, looking for garbage takes a tenth of a diagnosis, which leaves next to none."""
_COMPLETING: Final = "_ACADEMY_OPS_COMPLETE" in os.environ
"""Set by a shell at the Tab key, to ask what may follow; Typer answers before any command is run."""


def main() -> NoReturn:
    """Run the command line in ``sys.argv`` and exit with its code."""
    gc.set_threshold(_COLLECTED_EVERY)
    streams.prepare()
    if _COMPLETING:
        # Typer folds what it says of a value as on a terminal, and PowerShell takes each line for another value.
        os.environ["COLUMNS"] = "1000"
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        # So early that the commands were still being loaded.
        code = INTERRUPTED
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    # Threads that a deadline has abandoned may still wait in a socket; the verdict is out, so nobody waits for them.
    sys.stderr.flush()
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run the words after the program's name; return the exit code."""
    try:
        return _run(arguments)
    except Exception as error:  # noqa: BLE001 - a fault of the tool's own: its report is written, and one line says so
        return _crashed(error, arguments)


def _run(arguments: Sequence[str]) -> int:
    if list(arguments) == ["--version"]:
        # What scripts ask first; nothing of what follows is needed for it.
        return _print_version()
    if unknown := _settle(arguments):
        _complain(unknown)
        return USAGE

    # Imported only now: help texts are rendered while the commands are defined.
    import typer

    from academy_ops.cli.app import commands

    # The Tab key and the man page ask for all of them.
    loaded = None if _COMPLETING or "--man" in arguments else arguments
    try:
        code = commands(loaded).main(list(arguments) or ["--help"], prog_name="academy-ops", standalone_mode=False)
        sys.stdout.flush()
    except UserError as error:
        _complain(error.message)
        return error.exit_code if isinstance(error, RefusedError) else USAGE
    except (typer.Abort, KeyboardInterrupt):
        _complain(say("Interrupted."))
        return INTERRUPTED
    except OSError as error:
        _complain(say("Can't write the output: {reason}.", reason=os_reason(error)))
        return UNDETERMINED
    if code == INTERRUPTED:
        # Typer's own way to end at Ctrl-C; it says nothing.
        _complain(say("Interrupted."))
    return code if isinstance(code, int) else 0


def _print_version() -> int:
    try:
        sys.stdout.write(f"academy-ops {__version__}\n")
        sys.stdout.flush()
    except OSError as error:
        _complain(say("Can't write the output: {reason}.", reason=os_reason(error)))
        return UNDETERMINED
    return 0


def _settle(arguments: Sequence[str]) -> Text | None:
    """Settle the language; return what is wrong with it, or with the shell that commands are to be shown for."""
    environ = _environment(arguments)
    try:
        _speak(messages.choose(_value("--lang", arguments), environ))
    except ValueError as error:
        # In the language that is left: the environment's, or the locale's.
        with contextlib.suppress(ValueError):
            _speak(messages.choose(None, environ))
        return say("Unknown language {asked!r}; use ko or en (--lang, ACADEMY_OPS_LANG).", asked=str(error))
    from academy_ops.report import shell

    try:
        shell.in_use()
    except ValueError as error:
        return say("Unknown shell {asked!r}; use posix or powershell (ACADEMY_OPS_SHELL).", asked=str(error))
    return None


def _environment(arguments: Sequence[str]) -> Mapping[str, str]:
    """Return the environment, with the env file's language where it has none of its own."""
    if os.environ.get(_LANGUAGE, "").strip():
        return os.environ
    from academy_ops.settings.env_files import SettingsError, read_env_file

    path = Path(_value("--env-file", arguments) or ".env")
    try:
        lines = read_env_file(path) if path.is_file() else {}
    except SettingsError:
        # The command says so, if it needs the file.
        lines = {}
    return {**os.environ, _LANGUAGE: lines[_LANGUAGE].value} if _LANGUAGE in lines else os.environ


def _speak(language: messages.Language) -> None:
    """Speak ``language``, or English where nothing but question marks would be left of Korean."""
    messages.use(language)
    if language == "ko" and not streams.can_show_korean():
        messages.use("en")
        _complain(
            say(
                "This console can't show Korean ({encoding}), so the output is in English.",
                encoding=sys.stdout.encoding,
            )
        )


def _crashed(error: Exception, arguments: Sequence[str]) -> int:
    """Say that the tool itself is at fault; return the exit code."""
    import traceback

    if "serve" in arguments:
        # A part of the bundled academy: its log is where one looks for it.
        traceback.print_exception(error)
    try:
        str(say("academy-ops itself failed; a report was written"))
    except Exception as second:  # noqa: BLE001 - what speaks Korean is itself at fault: the report tells both
        error.add_note(f"Then no Korean could be spoken: {type(second).__name__}: {second}")
        messages.use("en")
    _complain(crash_report(error, arguments, _value("--env-file", arguments), _value("--context", arguments)))
    return CRASHED


def _value(option: str, arguments: Sequence[str]) -> str | None:
    """Return the last value of ``option``, before the options are parsed: their help texts are already translated."""
    value = None
    for word, following in itertools.zip_longest(arguments, arguments[1:]):
        if word == option:
            value = following
        elif word.startswith(f"{option}="):
            value = word.removeprefix(f"{option}=")
    return value


def _complain(line: Text) -> None:
    if not _COMPLETING:  # it would stand in the middle of what is being typed
        # A line may quote AWS or another service.
        streams.complain(f"academy-ops: {printable(str(line))}")
