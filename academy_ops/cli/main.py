"""The entry point: decides the language, runs the command, turns every refusal into one line and an exit code."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from academy_ops import messages
from academy_ops.cli.errors import INTERRUPTED, UNDETERMINED, USAGE, RefusedError
from academy_ops.messages import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    import typer


def main() -> NoReturn:
    """Run the command line in ``sys.argv`` and exit with its code."""
    if sys.stdout is None:
        # Closed by whoever called; there is nobody to write to.
        sys.stdout = io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A console that can't show a character (cp949, ascii) shows a substitute instead of a traceback.
            stream.reconfigure(errors="replace")
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
    """Run one command line.

    Args:
        arguments: The words after the program's name.

    Returns:
        The exit code.
    """
    try:
        messages.use(messages.choose(_asked_language(arguments)))
    except ValueError as error:
        _complain(str(say("Language {asked!r} is not known; use ko or en.", asked=str(error))))
        return USAGE

    # Imported only now: help texts are rendered while the commands are defined.
    import typer

    from academy_ops.cli.app import app

    try:
        code = typer.main.get_command(app).main(
            list(arguments) or ["--help"], prog_name="academy-ops", standalone_mode=False
        )
    except RefusedError as refused:
        _complain(str(refused.message))
        return refused.exit_code
    except typer.TyperException as error:
        _complain(_usage_line(error))
        return USAGE
    except (typer.Abort, KeyboardInterrupt):
        _complain(str(say("Interrupted. Nothing more was changed.")))
        return INTERRUPTED
    except OSError as error:
        return _unwritten(error)
    return code if isinstance(code, int) else 0


def _unwritten(error: OSError) -> int:
    """Say why the output could not be written; return the exit code."""
    sys.stdout = io.StringIO()
    if isinstance(error, BrokenPipeError):
        # The reader (head, less) has gone; the rest of the output has nowhere to go.
        return 0
    _complain(str(say("The output can't be written: {reason}.", reason=error.strerror or type(error).__name__)))
    return UNDETERMINED


def _asked_language(arguments: Sequence[str]) -> str | None:
    """Find --lang before the options are parsed: their help texts are already in that language."""
    for position, word in enumerate(arguments):
        if word == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1]
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return None


def _usage_line(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "academy-ops"
    return str(say("{problem} Try: {path} --help", problem=error.format_message(), path=path))


def _complain(line: str) -> None:
    sys.stderr.write(f"academy-ops: {line}\n")
