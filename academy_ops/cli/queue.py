"""``queue create``: the queue and its dead-letter queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from academy_ops.cli import change, errors
from academy_ops.cli.diagnose import console
from academy_ops.cli.options import Common, with_text_only
from academy_ops.messages import _, say

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.remedies.queues import Queues

app = typer.Typer(help=_("The job queue."))


@app.callback()
def queue() -> None:
    """Keep ``create`` a command of its own."""


@app.command(help=_("Create the queue and its dead-letter queue where they are missing; says what differs where not."))
@with_text_only
def create(
    common: Common,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Show the plan and change nothing."))] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_("Don't ask."))] = False,
) -> int:
    """Plan, ask, apply, verify."""
    from academy_ops.outside.clients import Connections
    from academy_ops.remedies import queues

    settings = common.settings()
    out = console(common)
    connect = Connections(settings)
    with change.telling() as truth:
        target = change.until(settings, None, connect, common.seconds)
        found = queues.look(target)
        planned = queues.plan(target, found)
        _tell_differing(out, found)
        if planned.nothing_to_do:
            change.tell(out, planned.nothing_to_do)
            return errors.FAULT if found.differing else errors.HEALTHY
        change.show(out, planned)
        if dry_run:
            out.print(_("Nothing was changed (--dry-run)."))
            return errors.HEALTHY
        change.consent(planned, yes=yes, interrupt_jobs=False)
        target = change.until(settings, None, connect, common.seconds)
        change.apply(out, target, planned, truth)
        left = queues.look(target)
    _tell_differing(out, left)
    if left.missing or left.differing:
        out.print(_("Not as it should be yet; look with: academy-ops check queue"))
        return errors.FAULT
    out.print(_("Done: both queues exist with the right attributes."))
    return errors.HEALTHY


def _tell_differing(out: Console, found: Queues) -> None:
    for name, (there, wanted) in found.differing.items():
        change.tell(
            out,
            say(
                "{queue}: {name} is {there}, should be {wanted}",
                queue=found.queue,
                name=name,
                there=there or "-",
                wanted=wanted,
            ),
        )
