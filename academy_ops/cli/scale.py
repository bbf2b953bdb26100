"""``scale-worker``: plan, confirm, apply, wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import change, errors
from academy_ops.cli.diagnose import console
from academy_ops.cli.options import Common, with_text_only
from academy_ops.messages import _

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.remedies.plan import End

HELP: Final = _("Set the worker group's desired capacity: shows the plan, asks, applies, and waits with --wait.")


@with_text_only
def scale_worker(
    common: Common,
    desired: Annotated[int, typer.Option("--desired", min=0, metavar="N", help=_("The desired capacity."))],
    wait: Annotated[bool, typer.Option("--wait", help=_("Wait until the workers are in service and poll."))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Show the plan and change nothing."))] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_("Don't ask."))] = False,
    interrupt_jobs: Annotated[
        bool, typer.Option("--interrupt-jobs", help=_("Stop workers even while messages are in flight."))
    ] = False,
) -> int:
    """Plan, ask, apply, wait."""
    from academy_ops.outside.clients import Connections
    from academy_ops.remedies import scale

    settings = common.settings()
    out = console(common)
    connect = Connections(settings)
    with change.telling() as truth:
        planned = scale.plan(change.until(settings, None, connect, common.seconds), desired)
        change.show(out, planned)
        if planned.nothing_to_do:
            change.tell(out, planned.nothing_to_do)
        elif dry_run:
            out.print(_("Nothing was changed (--dry-run)."))
            return errors.HEALTHY
        else:
            change.consent(planned, yes=yes, interrupt_jobs=interrupt_jobs)
            change.apply(out, change.until(settings, None, connect, common.seconds), planned, truth)
        if wait:
            end = change.until(settings, None, connect, common.timeout or change.WAIT_SECONDS)
            return _told(out, change.follow(out, end, planned), desired)
    return errors.HEALTHY


def _told(out: Console, end: End | None, desired: int) -> int:
    """Say how the wait has ended; return the exit code."""
    if end == "reached":
        if desired:
            out.print(_("The workers are in service and polling."))
        return errors.HEALTHY
    if end == "unseen":
        out.print(_("The workers are in service; whether they poll could not be seen."))
        return errors.UNDETERMINED
    if end is None:
        out.print(_("Not reached in time. Look with: academy-ops check workers"))
    return errors.FAULT
