"""``diagnose`` and ``check``: run the runbook, or one step of it."""

from __future__ import annotations

import json
import re
import sys
import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import live_names
from academy_ops.cli.options import Common, Output, with_common
from academy_ops.messages import _, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from academy_ops.diagnosis.records import Diagnosis
    from academy_ops.diagnosis.run import Observer

HELP: Final = _("Find the root cause: every check, its evidence, what was ruled out, and the remedy.")
CHECK_HELP: Final = _("Run one step of the runbook; 'check excel FILE' reads a workbook as the worker would.")
_JOB_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
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


JobId = Annotated[
    str | None, typer.Argument(metavar="[JOB_ID]", help=_("The job the browser polls."), show_default=False)
]


@with_common
def diagnose(
    common: Common,
    job_id: JobId = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="NAME", help=_("Run only this check."))] = None,
    skip: Annotated[list[str] | None, typer.Option("--skip", metavar="NAME", help=_("Leave this check out."))] = None,
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help=_("Exit 1 from this status on."))] = FailOn.FAIL,
) -> int:
    """Run every check and print the verdict."""
    names = check_names()
    for name in (*(only or ()), *(skip or ())):
        known(name, names)
    asked = [name for name in only or names if name not in (skip or ())]
    diagnosis = run_and_print(common, job_id, asked)
    if fail_on is FailOn.WARN and diagnosis.verdict.warnings:
        return errors.FAULT
    return _EXIT_CODES[diagnosis.verdict.status]


@with_common
def check(
    common: Common,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help=_("The check's name."), show_default=False)] = None,
    job_id: Annotated[
        str | None,
        typer.Argument(metavar="[JOB_ID|FILE]", help=_("The job; for excel, the workbook."), show_default=False),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help=_("List the checks in order and run none."))] = False,
) -> int:
    """Run one check, or list them."""
    names = check_names()
    if list_:
        typer.echo("\n".join(names))
        return errors.HEALTHY
    if name is None:
        raise RefusedError(say("Name a check: {names}.", names=", ".join([*names, "excel FILE"])))
    if name == "excel":
        from academy_ops.cli.excel import check_excel

        return check_excel(common, job_id)
    diagnosis = run_and_print(common, job_id, [known(name, names)])
    return _EXIT_CODES[diagnosis.verdict.status]


def check_names() -> list[str]:
    """Return the checks' names in runbook order."""
    from checks import RUNBOOK

    return [check.name for check in RUNBOOK]


def known(name: str, names: Iterable[str]) -> str:
    """Return ``name`` when there is such a check.

    Raises:
        RefusedError: There is none.
    """
    if name not in names:
        raise RefusedError(
            say("There is no check {name!r}. The checks are: {names}.", name=name, names=", ".join(names))
        )
    return name


def valid_job_id(job_id: str | None) -> str | None:
    """Return ``job_id`` when it is of the form of one.

    Raises:
        RefusedError: It is not; nothing has been asked with it.
    """
    if job_id is not None and _JOB_ID.fullmatch(job_id) is None:
        raise RefusedError(
            say("{job_id!r} is no job id: a UUID, or 1 to 64 letters, digits, '-' and '_'.", job_id=job_id[:80])
        )
    return job_id


def run_and_print(common: Common, job_id: str | None, asked: Iterable[str]) -> Diagnosis:
    """Run checks and print them in the form asked for.

    Raises:
        RefusedError: The job id or a setting is malformed.
    """
    from academy_ops.diagnosis.run import Silent
    from academy_ops.report.table import TableReport

    if common.form is Output.JSON:
        from academy_ops.report.document import document

        diagnosis = run(common, job_id, asked, Silent())
        json.dump(document(diagnosis), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        return diagnosis
    report = TableReport(console(common), verbose=bool(common.verbose))
    with report.live():
        diagnosis = run(common, job_id, asked, report)
    report.verdict(diagnosis)
    return diagnosis


def run(common: Common, job_id: str | None, asked: Iterable[str], observer: Observer) -> Diagnosis:
    """Observe, judge and decide."""
    from academy_ops.clients import Connections, Target
    from academy_ops.diagnosis.records import Diagnosis
    from academy_ops.diagnosis.run import run as run_checks
    from academy_ops.diagnosis.verdict import decide
    from checks import RUNBOOK, Case
    from checks.job import standing

    job_id = valid_job_id(job_id)
    settings = common.settings(addresses=True)
    started, started_at = time.monotonic(), datetime.now(UTC)
    ends_at = started + common.seconds
    names = live_names(settings, common.command_prefix(), job_id)
    observed, findings = run_checks(
        RUNBOOK,
        Target(settings, job_id, Connections(settings), ends_at),
        Case(started_at, job_id, names),
        asked=asked,
        ends_at=ends_at,
        observer=observer,
    )
    elapsed = round((time.monotonic() - started) * 1000)
    return Diagnosis(job_id, started_at, elapsed, decide(findings, standing(observed.case)), findings)


def console(common: Common) -> Console:
    """Return the console for people's output."""
    from rich.console import Console

    return Console(no_color=common.plain, highlight=False, markup=False, emoji=False)
