"""Carrying out a remedy: show the plan, ask, apply, follow. What is said at the end is what was done."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.confirm import confirm
from academy_ops.cli.errors import RefusedError
from academy_ops.messages import Text, _, say

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.outside.clients import Connections, Target
    from academy_ops.remedies.plan import End, Plan
    from academy_ops.settings import Settings

WAIT_SECONDS: Final = 660.0
"""A worker polls after ten minutes at worst; then one more to see it."""
UNCHANGED: Final = say("Nothing was changed.")
_UNSURE: Final = say("The change was under way and may have been made or not. Look: academy-ops diagnose")


def tell(out: Console, text: Text, *, style: str = "", indent: int = 0) -> None:
    """Print a sentence, wrapped as people read it; AWS's own words in it without control characters."""
    from rich.text import Text as Line

    from academy_ops.diagnosis.redact import printable
    from academy_ops.report.terminal import hanging

    hanging(out, Line(), Line(printable(str(text)), style), indent)


def show(out: Console, planned: Plan) -> None:
    """Print what would change, and what that costs or risks."""
    for text in planned.changes:
        tell(out, text, style="bold", indent=2)
    for text in planned.risks:
        tell(out, text, indent=2)


def consent(planned: Plan, *, yes: bool, interrupt_jobs: bool) -> None:
    """Ask for each consent that was not given on the command line.

    Raises:
        RefusedError: Nobody is there to ask, or the answer was no.
    """
    if not yes:
        confirm(say("Apply this?"), "--yes")
    if planned.interrupts_work and not interrupt_jobs:
        confirm(say("Stop workers although messages are in flight?"), "--interrupt-jobs")


@dataclass
class Truth:
    """What has been changed so far, for the one who interrupts."""

    text: Text = UNCHANGED


@contextmanager
def telling() -> Iterator[Truth]:
    """Let an interruption, and whatever else keeps a remedy from its end, say how things stand.

    Yields:
        What will be said; `apply` keeps it true.

    Raises:
        RefusedError: Ctrl-C was pressed, and the exit code is 130; or the remedy could not go on.
    """
    from academy_ops.remedies.refusal import RemedyError

    truth = Truth()
    try:
        yield truth
    except RemedyError as error:
        # What `apply` raises says itself what was and was not done.
        told = error.message
        if told is not truth.text:
            told = say("{problem} {state}", problem=error.message, state=truth.text)
        raise RefusedError(told, errors.UNDETERMINED if error.unseen else errors.USAGE) from error
    except (KeyboardInterrupt, typer.Abort):
        raise RefusedError(say("Interrupted. {state}", state=truth.text), errors.INTERRUPTED) from None


def apply(out: Console, target: Target, planned: Plan, truth: Truth) -> None:
    """Make the change and print what was done; Ctrl-C waits until that is known.

    Raises:
        RemedyError: It was refused; the error says what was and was not done.
    """
    from academy_ops.remedies.refusal import RemedyError

    with to_its_end():
        truth.text = _UNSURE
        try:
            done = planned.apply(target)
        except RemedyError as error:
            truth.text = error.message
            raise
        truth.text = say("What was done stays. {done}", done=done)
        tell(out, done)


def follow(out: Console, target: Target, planned: Plan) -> End | None:
    """Print what is seen while the change takes effect.

    Args:
        out: Where.
        target: Where to look, and until when.
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


def until(settings: Settings, job_id: str | None, connect: Connections, seconds: float) -> Target:
    """Make a target that may be looked at for ``seconds`` from now."""
    from academy_ops.outside.clients import Target

    return Target(settings, job_id, connect, time.monotonic() + seconds)


@contextmanager
def to_its_end() -> Iterator[None]:
    """Put off the first Ctrl-C to the end of the block; a second one ends it at once."""
    pressed = False

    def once(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        waits = say("Waiting until it is known what was done; Ctrl-C again leaves at once.")
        sys.stderr.write(f"{waits}\n")

    before = signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            raise KeyboardInterrupt
