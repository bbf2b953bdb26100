"""``explain``: the cause catalogue as a manual. No network."""

from __future__ import annotations

import difflib
import json
import sys
from typing import Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.diagnose import console
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import live_names
from academy_ops.cli.options import Common, Output, with_common
from academy_ops.messages import _, say

HELP: Final = _("What a cause means, how it is told, how to see it by hand, and the remedy. Without one: all of them.")


@with_common
def explain(
    common: Common,
    cause: Annotated[
        str | None, typer.Argument(metavar="[CAUSE]", help=_("The cause's code."), show_default=False)
    ] = None,
) -> int:
    """Print one cause, or the list of all.

    Raises:
        RefusedError: There is no such cause.
    """
    from academy_ops.diagnosis.catalogue import CATALOGUE
    from academy_ops.report import explanation

    if cause is None:
        if common.form is Output.JSON:
            _print(explanation.listing())
        else:
            explanation.print_all(console(common))
        return errors.HEALTHY
    row = CATALOGUE.get(cause)
    if row is None:
        begins_so = [code for code in CATALOGUE if cause and code.startswith(cause)]
        near = ", ".join((begins_so or difflib.get_close_matches(cause, CATALOGUE))[:3])
        if near:
            raise RefusedError(say("There is no cause {cause!r}. Nearest: {near}.", cause=cause, near=near))
        raise RefusedError(say("There is no cause {cause!r}. All of them: academy-ops explain", cause=cause))
    names = live_names(common.settings(), common.command_prefix())
    if common.form is Output.JSON:
        _print(explanation.document(row, names))
    else:
        explanation.print_cause(console(common), row, names)
    return errors.HEALTHY


def _print(document: object) -> None:
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
