"""``scale-worker``: plan, confirm, apply, wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.confirm import confirm, refused
from academy_ops.cli.diagnose import console
from academy_ops.cli.options import Common, with_common
from academy_ops.messages import Text, _, say

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.clients import Target
    from academy_ops.remedies.scale import Progress, ScalePlan

HELP: Final = _("Set the worker group's desired capacity: shows the plan, asks, applies, and waits with --wait.")
_WAIT_SECONDS: Final = 660.0
"""A worker polls after ten minutes at worst; then one more to see it."""


@with_common
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
    from academy_ops.clients import Connections, Target
    from academy_ops.remedies import scale
    from academy_ops.remedies.refusal import RemedyError

    settings = common.settings()
    out = console(common)
    target = Target(settings, None, Connections(settings), time.monotonic() + common.seconds)
    try:
        planned = scale.plan(target, desired)
        for line in _plan_lines(planned):
            out.print(str(line))
        if planned.nothing_to_do:
            out.print(_("Nothing to do: the desired capacity is {desired} already.", desired=desired))
        elif dry_run:
            out.print(_("Nothing was changed (--dry-run)."))
            return errors.HEALTHY
        else:
            _confirm(planned, yes=yes, interrupt_jobs=interrupt_jobs)
            scale.apply(target, planned)
            out.print(_("Done: the desired capacity is {desired}.", desired=desired))
        if wait:
            end = time.monotonic() + (common.timeout or _WAIT_SECONDS)
            return _wait(out, Target(settings, None, target.connect, end), desired)
    except RemedyError as error:
        raise refused(error) from error
    return errors.HEALTHY


def _plan_lines(planned: ScalePlan) -> list[Text]:
    lines = [
        say(
            "{group}: desired {before} -> {desired} (min {minimum}, max {maximum})",
            group=planned.group,
            before=planned.before,
            desired=planned.desired,
            minimum=planned.minimum,
            maximum=planned.maximum,
        )
    ]
    if planned.desired > planned.before:
        lines.append(
            say("A new worker polls the queue after 2 to 5 minutes, at worst 10, and costs as its instance type does.")
        )
    if planned.launch_suspended and planned.desired > planned.before:
        lines.append(
            say("Careful: the group's Launch process is suspended, so no instance will come until it is resumed.")
        )
    if planned.interrupts_work:
        count = planned.in_flight if planned.in_flight is not None else "?"
        lines.append(
            say(
                "Careful: messages in flight: {count}. A worker that is stopped leaves its job unfinished.", count=count
            )
        )
    if planned.autoscaler_acts:
        lines.append(say("The autoscaler is on: within a minute it sets the number again by the queue's depth."))
    return lines


def _confirm(planned: ScalePlan, *, yes: bool, interrupt_jobs: bool) -> None:
    """Ask for each consent that was not given on the command line.

    Raises:
        RefusedError: Nobody is there to ask, or the answer was no.
    """
    if not yes:
        confirm(say("Apply this?"), "--yes")
    if planned.interrupts_work and not interrupt_jobs:
        confirm(say("Stop workers although messages are in flight?"), "--interrupt-jobs")


def _wait(out: Console, target: Target, desired: int) -> int:
    from academy_ops.remedies import scale

    progress: Progress | None = None
    with out.status(_("waiting for the workers")) as status:
        for progress in scale.follow(target, desired):
            line = _(
                "in service {in_service} of {desired}, polling {polling}, {elapsed} s (usual: 2 to 5 min, at worst 10)",
                in_service=progress.in_service,
                desired=desired,
                polling=progress.polling if progress.polling is not None else "?",
                elapsed=round(progress.elapsed),
            )
            status.update(line)
    out.print(line)
    reached = progress is not None and progress.in_service >= desired and (progress.polling or 0) >= min(desired, 1)
    if reached:
        out.print(_("The workers are in service and polling."))
        return errors.HEALTHY
    out.print(_("Not reached in time. Look with: academy-ops check workers"))
    return errors.FAULT if progress and progress.polling is not None else errors.UNDETERMINED
