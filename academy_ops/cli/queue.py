"""``queue create``: the queue and its dead-letter queue."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from academy_ops.cli import errors
from academy_ops.cli.confirm import confirm, refused
from academy_ops.cli.options import Common, with_common
from academy_ops.messages import _, say

app = typer.Typer(help=_("The job queue."))


@app.callback()
def queue() -> None:
    """Keep ``create`` a command of its own."""


@app.command(help=_("Create the queue and its dead-letter queue where they are missing; says what differs where not."))
@with_common
def create(
    common: Common,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Show the plan and change nothing."))] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_("Don't ask."))] = False,
) -> int:
    """Plan, ask, apply, verify."""
    from academy_ops.clients import Connections, Target
    from academy_ops.remedies import queues
    from academy_ops.remedies.refusal import RemedyError

    settings = common.settings()
    target = Target(settings, None, Connections(settings), time.monotonic() + common.seconds)
    try:
        planned = queues.plan(target)
        for name, (there, wanted) in planned.differing.items():
            typer.echo(
                _(
                    "{queue}: {name} is {there}, should be {wanted}",
                    queue=planned.queue,
                    name=name,
                    there=there or "-",
                    wanted=wanted,
                )
            )
        if not planned.missing:
            typer.echo(_("Nothing to do: {names} exist.", names=f"{planned.queue}, {planned.dead_letters}"))
            return errors.FAULT if planned.differing else errors.HEALTHY
        typer.echo(_("To be created in {region}: {names}", region=settings.region, names=", ".join(planned.missing)))
        if dry_run:
            typer.echo(_("Nothing was changed (--dry-run)."))
            return errors.HEALTHY
        if not yes:
            confirm(say("Apply this?"), "--yes")
        queues.apply(target, planned)
        left = queues.plan(target)
    except RemedyError as error:
        raise refused(error) from error
    if left.missing or left.differing:
        typer.echo(_("Not as it should be yet; look with: academy-ops check queue"))
        return errors.FAULT
    typer.echo(_("Done: both queues exist with the right attributes."))
    return errors.HEALTHY
