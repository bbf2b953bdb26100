"""``scale-worker`` and ``queue create``, and how any change is made: show the plan, ask, apply, follow.

What is said at the end is what was done; ``diagnose --fix`` makes its changes the same way.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.options import Common, DryRun, InterruptJobs, Yes, with_text_only
from academy_ops.cli.streams import ask, console, on_terminal
from academy_ops.messages import Text, _, say
from academy_ops.thresholds import BOOT_SECONDS

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.outside.clients import Connections, Target
    from academy_ops.remedies.plan import End, Plan
    from academy_ops.remedies.queues import Queues
    from academy_ops.settings import Settings

WAIT_SECONDS: Final = BOOT_SECONDS + 60
"""A worker polls by then at worst; the last minute is there to see it."""
_UNCHANGED: Final = say("Nothing was changed.")

queue_app = typer.Typer()


@with_text_only
def scale_worker(
    common: Common,
    desired: Annotated[int, typer.Option("--desired", min=0, metavar="N", help=_("The desired capacity."))],
    wait: Annotated[bool, typer.Option("--wait", help=_("Wait until the workers are in service and polling."))] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    interrupt_jobs: InterruptJobs = False,
) -> int:
    """Plan, ask, apply, wait."""
    from academy_ops.outside.clients import Connections
    from academy_ops.remedies import scale

    settings = common.settings()
    out = console(common)
    connect = Connections(settings)
    with reporting() as outcome:
        planned = scale.plan(target_for(common, settings, connect), desired)
        show(out, planned)
        if planned.nothing_to_do:
            print_text(out, planned.nothing_to_do)
        elif dry_run:
            out.print(_("Nothing was changed (--dry-run)."))
            return errors.HEALTHY
        else:
            consent(planned, yes=yes, interrupt_jobs=interrupt_jobs)
            apply(out, target_for(common, settings, connect), planned, outcome)
        if wait:
            end = target_for(common, settings, connect, common.timeout or WAIT_SECONDS)
            return _exit_code(common, follow(out, end, planned), desired)
    return errors.HEALTHY


def _exit_code(common: Common, end: End | None, desired: int) -> int:
    """Print how the wait has ended; return the exit code."""
    out = console(common)
    if end == "reached":
        if desired:
            out.print(_("The workers are in service and polling."))
        return errors.HEALTHY
    if end == "unseen":
        out.print(_("The workers are in service, but whether they are polling could not be observed."))
        return errors.UNDETERMINED
    if end is None:
        out.print(_("Not ready in time. Check with: {ops} check workers", ops=common.command_prefix()))
    return errors.FAULT


@queue_app.callback()
def queue() -> None:
    """Keep ``create`` a command of its own."""


@queue_app.command(help=_("Create the queue and its dead-letter queue if they are missing."))
@with_text_only
def create(
    common: Common,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Plan, ask, apply, verify."""
    from academy_ops.outside.clients import Connections
    from academy_ops.remedies import queues

    settings = common.settings()
    out = console(common)
    connect = Connections(settings)
    with reporting() as outcome:
        target = target_for(common, settings, connect)
        found = queues.look(target)
        planned = queues.plan(target, found)
        _print_differing(out, found)
        if planned.nothing_to_do:
            print_text(out, planned.nothing_to_do)
            return errors.FAULT if found.differing else errors.HEALTHY
        show(out, planned)
        if dry_run:
            out.print(_("Nothing was changed (--dry-run)."))
            return errors.HEALTHY
        consent(planned, yes=yes, interrupt_jobs=False)
        target = target_for(common, settings, connect)
        apply(out, target, planned, outcome)
        left = queues.look(target)
    _print_differing(out, left)
    if left.missing or left.differing:
        out.print(_("The queues are not right yet. Check with: {ops} check queue", ops=common.command_prefix()))
        return errors.FAULT
    out.print(_("Done: both queues exist with the right attributes."))
    return errors.HEALTHY


def _print_differing(out: Console, found: Queues) -> None:
    for name, (actual, expected) in found.differing.items():
        line = say(
            "{queue}: {name} is {actual}, should be {expected}",
            queue=found.queue,
            name=name,
            actual=actual or "-",
            expected=expected,
        )
        print_text(out, line)


def print_text(out: Console, text: Text, *, style: str = "", indent: int = 0) -> None:
    """Print a sentence, wrapped as people read it; AWS's own words in it without control characters."""
    from rich.text import Text as Line

    from academy_ops.diagnosis.redact import printable
    from academy_ops.report.terminal import hanging

    hanging(out, Line(), Line(printable(str(text)), style), indent)


def show(out: Console, planned: Plan) -> None:
    """Print what would change, and what that costs or risks."""
    for text in planned.changes:
        print_text(out, text, style="bold", indent=2)
    for text in planned.risks:
        print_text(out, text, indent=2)


def consent(planned: Plan, *, yes: bool, interrupt_jobs: bool) -> None:
    """Ask for each consent that was not given on the command line.

    Raises:
        RefusedError: Nobody is there to ask, or the answer was no.
    """
    if not yes:
        _confirm(say("Apply this?"), "--yes")
    if planned.interrupts_work and not interrupt_jobs:
        _confirm(say("Stop workers while messages are in flight?"), "--interrupt-jobs")


def _confirm(question: Text, option: str) -> None:
    """Ask ``question``; on the command line, ``option`` answers it.

    Raises:
        RefusedError: Nobody is there to ask, or the answer was no.
    """
    if not on_terminal():
        raise RefusedError(
            say("Nothing was changed: there is no terminal to confirm on. Add {option} to apply.", option=option)
        )
    if not ask(str(question)):
        raise RefusedError(_UNCHANGED, errors.FAULT)


@dataclass
class Outcome:
    """What has been changed so far."""

    text: Text = _UNCHANGED


@contextmanager
def reporting() -> Iterator[Outcome]:
    """Say what has been changed so far if Ctrl-C or a refusal ends the block.

    Yields:
        What will be said; `apply` keeps it true.

    Raises:
        RefusedError: Ctrl-C was pressed, and the exit code is 130; or the remedy could not go on.
    """
    from academy_ops.remedies.refusal import RemedyError

    outcome = Outcome()
    try:
        yield outcome
    except RemedyError as error:
        message = error.message
        # What `apply` raises says itself what was and was not done.
        if message is not outcome.text:
            # A command that the problem ends with stays at the end; what was changed is the last word.
            before, then = (outcome.text, message) if outcome.text is _UNCHANGED else (message, outcome.text)
            message = say("{before} {then}", before=before, then=then)
        raise RefusedError(message, errors.UNDETERMINED if error.unseen else errors.USAGE) from error
    except (KeyboardInterrupt, typer.Abort):
        raise RefusedError(say("Interrupted. {state}", state=outcome.text), errors.INTERRUPTED) from None


def apply(out: Console, target: Target, planned: Plan, outcome: Outcome) -> None:
    """Make the change and print what was done; Ctrl-C waits until that is known.

    Raises:
        RemedyError: It was refused; the error says what was and was not done.
    """
    from academy_ops.remedies.refusal import RemedyError

    with interrupt_later():
        outcome.text = say(
            "The change was under way; whether it was made is not known. Check with: {ops} diagnose", ops=target.ops
        )
        try:
            done = planned.apply(target)
        except RemedyError as error:
            outcome.text = error.message
            raise
        outcome.text = say("What was changed stays changed. {done}", done=done)
        print_text(out, done)


def follow(out: Console, target: Target, planned: Plan) -> End | None:
    """Print what is seen while the change takes effect.

    Args:
        out: The console.
        target: What is observed, and until when.
        planned: The change.

    Returns:
        How it ended; None when time was up.

    Raises:
        RemedyError: What was changed can no longer be seen.
    """
    from rich.text import Text as Line

    from academy_ops.diagnosis.redact import printable
    from academy_ops.report.terminal import Elapsed, hanging, live

    end: End | None = "reached"
    shown, began = "", time.monotonic()
    with live(out, Elapsed(began, planned.usual)):
        for step in planned.follow(target) if planned.follow else ():
            end, text = step.end, printable(str(step.text))
            if text != shown:
                head = Line(_("{seconds} s", seconds=f"{time.monotonic() - began:3.0f}"), "dim")
                hanging(out, head, Line(text), head.cell_len + 2)
                shown = text
    return end


def target_for(
    common: Common, settings: Settings, connect: Connections, seconds: float | None = None, job_id: str | None = None
) -> Target:
    """Return a target that may be observed for ``seconds`` from now; by default for the time that a run has."""
    from academy_ops.outside.clients import Target

    return Target(
        settings, job_id, connect, time.monotonic() + (seconds or common.seconds), ops=common.command_prefix()
    )


@contextmanager
def interrupt_later() -> Iterator[None]:
    """Put off the first Ctrl-C to the end of the block; a second one ends the block at once."""
    pressed = False

    def once(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        waits = say("Waiting to learn whether the change was made. Press Ctrl-C again to quit now.")
        sys.stderr.write(f"{waits}\n")

    before = signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            raise KeyboardInterrupt
