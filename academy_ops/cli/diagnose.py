"""``diagnose`` and ``check``: run the runbook, or one step of it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Collection
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import completion, errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.job_id import JobId
from academy_ops.cli.nearest import did_you_mean
from academy_ops.cli.options import Common, with_any_output
from academy_ops.messages import _, say
from academy_ops.report import Output

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.cli.runs import Run
    from academy_ops.diagnosis.records import Diagnosis
    from academy_ops.diagnosis.run import Observer
    from academy_ops.report.table import TableReport

HELP: Final = _("Find the root cause: every check, its evidence, what was ruled out, and the remedy.")
CHECK_HELP: Final = _("Run one step of the runbook; 'check excel FILE' reads a workbook as the worker would.")
_EXIT_CODES: Final = {
    "healthy": errors.HEALTHY,
    "in-progress": errors.HEALTHY,
    "faulty": errors.FAULT,
    "undetermined": errors.UNDETERMINED,
}


class FailOn(StrEnum):
    """From which status on the exit code says that a fault was found."""

    FAIL = "fail"
    WARN = "warn"


From = Annotated[
    Path | None, typer.Option("--from", metavar="FILE", help=_("Judge saved evidence; nothing is asked of anybody."))
]


@with_any_output
def diagnose(
    common: Common,
    job_id: JobId = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help=_("Run only this check."), autocompletion=completion.checks),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="NAME", help=_("Leave this check out."), autocompletion=completion.checks),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", metavar="STATUS", help=_("Exit 1 from this status on."))
    ] = FailOn.FAIL,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help=_("Save what was observed; it holds no secret."))
    ] = None,
    from_: From = None,
    fix: Annotated[
        bool, typer.Option("--fix", help=_("Offer the remedy; after a yes apply it, watch the job, diagnose again."))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_("With --fix: don't ask."))] = False,
    interrupt_jobs: Annotated[
        bool, typer.Option("--interrupt-jobs", help=_("With --fix: stop workers even while messages are in flight."))
    ] = False,
) -> int:
    """Run every check and print the verdict."""
    from academy_ops.cli import fix as fixing
    from academy_ops.cli import runs
    from academy_ops.cli.files import writable, write

    fixing.refuse(common, fix=fix, saved=from_ is not None, answers=yes or interrupt_jobs)
    names = check_names()
    for name in (*(only or ()), *(skip or ())):
        known(name, names)
    if set(only or names) <= set(skip or ()):
        raise RefusedError(say("--only and --skip leave no check."))
    if save is not None and from_ is not None:
        raise RefusedError(say("--save writes what is observed now, --from observes nothing. Give only one of them."))
    path = writable(save) if save is not None else None
    evidence = runs.load(from_, job_id, only or ()) if from_ is not None else None
    asked = [name for name in only or (evidence.asked if evidence else names) if name not in (skip or ())]

    def make(observer: Observer) -> Run:
        if evidence is not None:
            return runs.judge_again(evidence, asked, observer)
        return runs.observe(common, job_id, asked, observer)

    def keep(run: Run) -> None:
        if path is not None:
            write(path, runs.text(run).encode())

    run = run_and_print(common, make, keep)
    if fix:
        # What was saved stays what the fault looked like.
        run = fixing.fix(common, run, lambda: run_and_print(common, make), yes=yes, interrupt_jobs=interrupt_jobs)
    if fail_on is FailOn.WARN and run.diagnosis.verdict.warnings:
        return errors.FAULT
    return exit_code(run.diagnosis)


@with_any_output
def check(
    common: Common,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help=_("The check's name."),
            show_default=False,
            autocompletion=completion.checks_and_excel,
        ),
    ] = None,
    job_id: Annotated[
        str | None,
        typer.Argument(metavar="[JOB_ID|FILE]", help=_("The job; for excel, the workbook."), show_default=False),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help=_("List the checks in order and run none."))] = False,
) -> int:
    """Run one check, or list them."""
    names = check_names()
    if list_:
        common.refuse_but()
        typer.echo(json.dumps(names) if common.form is Output.JSON else "\n".join(names))
        return errors.HEALTHY
    if name is None:
        raise RefusedError(say("Name a check: {names}.", names=", ".join([*names, "excel FILE"])))
    if name == "excel":
        from academy_ops.cli.excel import check_excel

        common.refuse_but()
        return check_excel(common, job_id)
    from academy_ops.cli import runs

    asked = [known(name, [*names, "excel"])]
    run = run_and_print(common, lambda observer: runs.observe(common, job_id, asked, observer))
    return exit_code(run.diagnosis)


def check_names() -> list[str]:
    """Return the checks' names in runbook order."""
    from checks import RUNBOOK

    return [check.name for check in RUNBOOK]


def known(name: str, names: Collection[str]) -> str:
    """Return ``name`` when there is such a check.

    Raises:
        RefusedError: There is none.
    """
    if name not in names:
        raise RefusedError(did_you_mean(say("There is no check {name!r}.", name=name), name, names))
    return name


def run_and_print(common: Common, make: Callable[[Observer], Run], keep: Callable[[Run], None] | None = None) -> Run:
    """Run checks and print them in the form asked for.

    Args:
        common: The form of the output.
        make: Makes the run, telling an observer how it goes.
        keep: Does with the run what is to be done whether or not somebody reads the output to its end.
    """
    from academy_ops.cli.outputs import write_document
    from academy_ops.diagnosis.run import NullObserver

    report = _table_report(common) if common.form is Output.TABLE else None
    with report.live() if report else contextlib.nullcontext():
        run = make(report or NullObserver())
    try:
        if report:
            report.verdict(run.diagnosis)
        else:
            write_document(common, run.diagnosis)
    finally:
        if keep is not None:
            keep(run)
    return run


def _table_report(common: Common) -> TableReport:
    from academy_ops.report.shell import in_use
    from academy_ops.report.table import TableReport

    return TableReport(
        console(common), ops=common.command_prefix(), shell=in_use(os.environ), verbose=bool(common.verbose)
    )


def exit_code(diagnosis: Diagnosis) -> int:
    """Return the exit code that tells the verdict."""
    return _EXIT_CODES[diagnosis.verdict.status]


def console(common: Common) -> Console:
    """Return the console for people's output."""
    from rich.console import Console

    # Without colours nothing else is written, either, that only a terminal understands.
    return Console(
        no_color=common.plain,
        force_terminal=False if common.plain else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
