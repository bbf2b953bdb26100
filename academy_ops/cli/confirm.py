"""Asking before a change, and telling why there was none."""

from __future__ import annotations

import typer

from academy_ops.cli.errors import RefusedError
from academy_ops.cli.options import on_terminal
from academy_ops.messages import Text, say


def confirm(question: Text, option: str) -> None:
    """Ask ``question``; ``option`` is what answers it on the command line.

    Raises:
        RefusedError: Nobody is there to ask, or the answer was no.
    """
    if not on_terminal():
        raise RefusedError(say("Nothing was changed: there is no terminal to ask on. Add {option}.", option=option))
    if not typer.confirm(str(question)):
        raise RefusedError(say("Nothing was changed."))
