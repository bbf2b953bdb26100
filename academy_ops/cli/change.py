"""``scale-worker`` and ``queue create``, and how any change is made: show the plan, ask, apply, follow.

What is said at the end is what was done; ``diagnose --fix`` makes its changes the same way.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.options import Common, DryRun, InterruptJobs, Yes, with_text_only
from academy_ops.cli.streams import ask, complain, on_terminal
from academy_ops.messages import Text, _, say
from academy_ops.thresholds import BOOT_SECONDS

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.outside.clients import Target
    from academy_ops.remedies.plan import End, Plan
    from academy_ops.remedies.queues import Queues
    from academy_ops.settings import Settings

WAIT_SECONDS: Final = BOOT_SECONDS + 60
"""A worker polls by then at worst; the last minute is there to see it."""
EXIT_CODES: Final[Mapping[End | None, int]] = {
    "reached": errors.HEALTHY,
    "unseen": errors.UNDETERMINED,
    "failed": errors.FAULT,
    None: errors.FAULT,
}
"""By how it has ended to watch a change take effect; None is that time was up."""
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
    from academy_ops.remedies import scale

    with changing(common, common.settings()) as work:
        planned = scale.plan(work.target(), desired)
        if planned.nothing_to_do:
            work.show(planned)
            work.print(planned.nothing_to_do)
        elif work.is_agreed(planned, dry_run=dry_run, yes=yes, interrupt_jobs=interrupt_jobs):
            work.apply(planned)
        else:
            return errors.HEALTHY
        if not wait:
            return errors.HEALTHY
        end = work.follow(planned, common.timeout or WAIT_SECONDS)
        if end == "reached" and desired:
            work.out.print(_("The workers are in service and polling."))
        elif end == "unseen":
            work.out.print(_("The workers are in service, but whether they are polling could not be observed."))
        elif end is None:
            work.out.print(_("Not ready in time. Check with: {ops} check workers", ops=common.command_prefix()))
        return EXIT_CODES[end]


@queue_app.callback()
def queue() -> None:
    """Keep ``create`` a command of its own."""


@queue_app.command(help=_("Create the queue and its dead-letter queue if they are missing."))
@with_text_only
def create(common: Common, dry_run: DryRun = False, yes: Yes = False) -> int:
    """Plan, ask, apply, verify."""
    from academy_ops.remedies import queues

    with changing(common, common.settings()) as work:
        found = queues.look(work.target())
        planned = queues.plan(work.target(), found)
        _print_differing(work, found)
        if planned.nothing_to_do:
            work.print(planned.nothing_to_do)
            return errors.FAULT if found.differing else errors.HEALTHY
        if not work.is_agreed(planned, dry_run=dry_run, yes=yes):
            return errors.HEALTHY
        work.apply(planned)
        left = queues.look(work.target())
    _print_differing(work, left)
    if left.missing or left.differing:
        work.out.print(_("The queues are not right yet. Check with: {ops} check queue", ops=common.command_prefix()))
        return errors.FAULT
    work.out.print(_("Done: both queues exist with the right attributes."))
    return errors.HEALTHY


def _print_differing(work: Change, found: Queues) -> None:
    for name, (actual, expected) in found.differing.items():
        line = say(
            "{queue}: {name} is {actual}, should be {expected}",
            queue=found.queue,
            name=name,
            actual=actual or "-",
            expected=expected,
        )
        work.print(line)


def print_text(out: Console, text: Text, *, style: str = "", indent: int = 0) -> None:
    """Print a sentence, wrapped as people read it; AWS's own words in it without control characters."""
    from rich.text import Text as Line

    from academy_ops.diagnosis.redact import printable
    from academy_ops.report.terminal import hanging

    hanging(out, Line(), Line(printable(str(text)), style), indent)


class Change:
    """A change on its way: where it is made, and what has been changed so far.

    Attributes:
        out: Where is printed what happens.
        outcome: What is said at Ctrl-C; `apply` keeps it true.
    """

    def __init__(self, common: Common, settings: Settings, job_id: str | None = None) -> None:
        from academy_ops.outside.clients import Connections

        self.out = common.console()
        self.outcome = _UNCHANGED
        self._common, self._settings, self._job_id = common, settings, job_id
        self._connect = Connections(settings)

    def target(self, seconds: float | None = None) -> Target:
        """Return what may be observed for ``seconds`` from now; by default for the time that a run has."""
        from academy_ops.outside.clients import Target

        ends_at = time.monotonic() + (seconds or self._common.seconds)
        return Target(self._settings, self._job_id, self._connect, ends_at, ops=self._common.command_prefix())

    def print(self, text: Text, *, style: str = "", indent: int = 0) -> None:
        """Print a sentence, as `print_text`."""
        print_text(self.out, text, style=style, indent=indent)

    def show(self, planned: Plan) -> None:
        """Print what would change, and what that costs or risks."""
        for text in planned.changes:
            self.print(text, style="bold", indent=2)
        for text in planned.risks:
            self.print(text, indent=2)

    def is_agreed(self, planned: Plan, *, dry_run: bool, yes: bool, interrupt_jobs: bool = False) -> bool:
        """Show a plan and ask; return whether to apply it, which ``--dry-run`` forbids."""
        self.show(planned)
        if dry_run:
            self.out.print(_("Nothing was changed (--dry-run)."))
        else:
            consent(planned, yes=yes, interrupt_jobs=interrupt_jobs)
        return not dry_run

    def apply(self, planned: Plan) -> None:
        """Make the change and print what was done; Ctrl-C waits until that is known.

        Raises:
            RemedyError: It was refused; the error says what was and was not done.
        """
        from academy_ops.remedies.refusal import RemedyError

        target = self.target()
        with interrupt_later(say("Waiting to learn whether the change was made. Press Ctrl-C again to quit now.")):
            self.outcome = say(
                "The change was under way; whether it was made is not known. Check with: {ops} diagnose", ops=target.ops
            )
            try:
                done = planned.apply(target)
            except RemedyError as error:
                self.outcome = error.message
                raise
            self.outcome = say("What was changed stays changed. {done}", done=done)
            self.print(done)

    def follow(self, planned: Plan, seconds: float | None = None) -> End | None:
        """Print what is seen while the change takes effect; return how that ended, None when time was up.

        Raises:
            RemedyError: What was changed can no longer be seen.
        """
        from rich.text import Text as Line

        from academy_ops.diagnosis.redact import printable
        from academy_ops.report.terminal import Elapsed, hanging, live

        target = self.target(seconds)
        end: End | None = "reached"
        shown, began = "", time.monotonic()
        with live(self.out, Elapsed(began, planned.usual)):
            for step in planned.follow(target) if planned.follow else ():
                end, text = step.end, printable(str(step.text))
                if text != shown:
                    head = Line(_("{seconds} s", seconds=f"{time.monotonic() - began:3.0f}"), "dim")
                    hanging(self.out, head, Line(text), head.cell_len + 2)
                    shown = text
        return end


@contextmanager
def changing(common: Common, settings: Settings, job_id: str | None = None) -> Iterator[Change]:
    """Say what has been changed so far if Ctrl-C or a refusal ends the block.

    Raises:
        RefusedError: Ctrl-C was pressed, and the exit code is 130; or the remedy could not go on.
    """
    from academy_ops.remedies.refusal import RemedyError

    work = Change(common, settings, job_id)
    try:
        yield work
    except RemedyError as error:
        message = error.message
        # What `apply` raises says itself what was and was not done.
        if message is not work.outcome:
            # A command that the problem ends with stays at the end; what was changed is the last word.
            before, then = (work.outcome, message) if work.outcome is _UNCHANGED else (message, work.outcome)
            message = say("{before} {then}", before=before, then=then)
        raise RefusedError(message, errors.UNDETERMINED if error.unseen else errors.USAGE) from error
    except (KeyboardInterrupt, typer.Abort):
        raise RefusedError(say("Interrupted. {state}", state=work.outcome), errors.INTERRUPTED) from None


def consent(planned: Plan, *, yes: bool, interrupt_jobs: bool) -> None:
    """Ask for each consent that was not given on the command line.

    Raises:
        RefusedError: Nobody is there to ask, or the answer was no.
    """
    questions: dict[str, Text] = {}
    if not yes:
        questions["--yes"] = say("Apply this?")
    if planned.interrupts_work and not interrupt_jobs:
        questions["--interrupt-jobs"] = say("Stop workers while messages are in flight?")
    if questions and not on_terminal():
        options = " ".join(questions)
        raise RefusedError(
            say("Nothing was changed: there is no terminal to confirm on. Add {option} to apply.", option=options)
        )
    if not all(ask(str(question)) for question in questions.values()):
        raise RefusedError(_UNCHANGED, errors.FAULT)


@contextmanager
def interrupt_later(waits: Text) -> Iterator[None]:
    """Put off the first Ctrl-C to the end of the block, and say what it ``waits`` for; a second one ends it at once."""
    pressed = False

    def once(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        complain(str(waits))

    before = signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            raise KeyboardInterrupt
