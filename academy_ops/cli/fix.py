"""``diagnose --fix``: show the remedy's plan, ask, apply it, watch the job, and diagnose again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from academy_ops.cli import change
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.options import Common
from academy_ops.messages import Text, say
from academy_ops.report import Output

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.cli.runs import Run
    from academy_ops.diagnosis.records import Diagnosis, Verdict
    from academy_ops.remedies.plan import Plan


def refuse(common: Common, *, fix: bool, saved: bool, answers: bool) -> None:
    """Refuse options that don't go together; ``answers`` are ``--yes`` and ``--interrupt-jobs``."""
    if not fix and answers:
        raise RefusedError(say("--yes and --interrupt-jobs answer --fix's questions. Add --fix, or leave them out."))
    if fix and saved:
        raise RefusedError(say("--fix changes what runs now; --from judges what was saved. Use only one of them."))
    if fix and common.form is not Output.TABLE:
        raise RefusedError(say("--fix is interactive; it works with the table output only."))


def fix(common: Common, run: Run, again: Callable[[], Run], *, yes: bool, interrupt_jobs: bool) -> Run:
    """Offer the remedy of what was found, apply it after a yes, and see whether it helped.

    Args:
        common: The common options.
        run: The diagnosis that was shown.
        again: Diagnoses once more, and shows it.
        yes: Don't ask whether to apply.
        interrupt_jobs: Don't ask whether workers may be stopped in mid-job.

    Returns:
        The last diagnosis.

    Raises:
        RefusedError: It was interrupted; the error says what was and was not done.
    """
    from academy_ops.cli.follow import follow_job
    from academy_ops.diagnosis.records import JobState
    from academy_ops.remedies.fixes import FIXES, to_fix
    from academy_ops.remedies.refusal import RemedyError
    from checks.job_progress import active, job_progress

    out, found, case = common.console(), run.diagnosis, run.evidence.case
    out.print()
    code = to_fix(found.verdict)
    if code is None or code not in FIXES:
        _print_by_hand(out, found.verdict)
        return run
    waits = common.timeout or change.WAIT_SECONDS
    with change.changing(common, common.settings(addresses=True), found.job_id) as work:
        try:
            planned = FIXES[code](work.target(), case)
        except RemedyError as error:
            work.print(say("--fix can't fix {cause}: {reason}", cause=code, reason=error.message))
            return run
        work.print(say("--fix would fix {cause}:", cause=code), style="bold")
        step: Plan | None = planned
        effect = False
        try:
            while step and _confirmed(work, step, yes=yes, interrupt_jobs=interrupt_jobs):
                work.apply(step)
                effect = _took_effect(work, step, waits)
                step = step.then(work.target()) if step.then else None
        except RemedyError as error:
            work.print(error.message, style="bold")
            return run
        if step is planned:
            return run
        if effect and step is None and active(case):
            follow_job(out, work.target(waits), None)
        out.print()
        after = again()
    out.print()
    work.print(_result(code, after.diagnosis), style="bold")
    if job_progress(case).state is JobState.FAILED:
        work.print(say("The job itself has ended and stays as it is. Have the school upload the file again."))
    return after


def _took_effect(work: change.Change, planned: Plan, seconds: float) -> bool:
    """Wait until the change has taken effect; return whether it may have."""
    from academy_ops.remedies.refusal import RemedyError

    try:
        end = work.follow(planned, seconds)
    except RemedyError as error:
        work.print(error.message)
        return True
    if end is None:
        work.print(say("Time ran out before the change took effect."))
    return end in {"reached", "unseen"}


def _confirmed(work: change.Change, planned: Plan, *, yes: bool, interrupt_jobs: bool) -> bool:
    """Show the plan and ask; return whether to apply it."""
    if planned.nothing_to_do:
        work.print(planned.nothing_to_do)
        return False
    work.show(planned)
    try:
        change.consent(planned, yes=yes, interrupt_jobs=interrupt_jobs)
    except RefusedError as refusal:
        work.print(refusal.message)
        return False
    return True


def _print_by_hand(out: Console, verdict: Verdict) -> None:
    """Print why nothing is offered, and what a person would type."""
    from academy_ops.report.shell import in_use, print_command

    if verdict.cause is None:
        change.print_text(out, say("There is nothing to fix."))
        return
    change.print_text(out, say("--fix has no remedy for {cause}; it needs a person.", cause=verdict.cause))
    steps = next((remedy.steps for remedy in verdict.remedies if remedy.steps), None)
    if steps:
        change.print_text(out, say("Nothing was changed. By hand:"))
        print_command(out, steps, "bold cyan", shell=in_use(), folded=out.is_terminal)


def _result(code: str, after: Diagnosis) -> Text:
    verdict = after.verdict
    still = {verdict.cause, *verdict.also, *verdict.symptoms, *verdict.warnings}
    if code in still:
        return say("That did not help: {cause} is still there.", cause=code)
    if verdict.status == "undetermined":
        return say("{cause} is gone; whether everything is well could not be observed.", cause=code)
    if verdict.cause:
        return say("That helped: {cause} is gone. Now there is {other}.", cause=code, other=verdict.cause)
    if verdict.status == "in-progress":
        return say("That helped: {cause} is gone. The job is in progress.", cause=code)
    return say("That helped: {cause} is gone, and no fault is left.", cause=code)
