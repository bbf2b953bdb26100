"""``explain``: the cause catalogue as a manual. No network."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Annotated, Final

import typer

from academy_ops.cli import completion, errors
from academy_ops.cli.diagnose import console
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import live_names
from academy_ops.cli.nearest import nearest
from academy_ops.cli.options import Common, with_common
from academy_ops.cli.outputs import write_json
from academy_ops.messages import Text, _, say
from academy_ops.report import Output

HELP: Final = _("What a cause means, how it is told, how to see it by hand, and the remedy. Without one: all of them.")


@with_common
def explain(
    common: Common,
    cause: Annotated[
        str | None,
        typer.Argument(
            metavar="[CAUSE]", help=_("The cause's code."), show_default=False, autocompletion=completion.causes
        ),
    ] = None,
) -> int:
    """Print one cause, or the list of all.

    Raises:
        RefusedError: There is no such cause.
    """
    from academy_ops.diagnosis.catalogue import CATALOGUE
    from academy_ops.report import explanation
    from academy_ops.report.shell import in_use

    if cause is None:
        if common.form is Output.JSON:
            write_json(explanation.listing())
        else:
            explanation.print_all(console(common))
        return errors.HEALTHY
    row = CATALOGUE.get(cause)
    if row is None:
        raise RefusedError(_unknown(cause, CATALOGUE))
    names = live_names(common.settings(), common.command_prefix())
    if common.form is Output.JSON:
        write_json(explanation.document(row, names))
    else:
        explanation.print_cause(console(common), row, names, in_use(os.environ))
    return errors.HEALTHY


def _unknown(cause: str, causes: Collection[str]) -> Text:
    near = ", ".join(nearest(cause, causes))
    if near:
        return say("There is no cause {cause!r}. Did you mean {near}?", cause=cause, near=near)
    return say("There is no cause {cause!r}. All of them: academy-ops explain", cause=cause)
