"""``diagnose``, ``check`` and ``bundle``: run the runbook or one step of it, or read a workbook as the worker would."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import JobId, check_names, complete_checks, known_check
from academy_ops.cli.options import Common, with_any_output
from academy_ops.cli.outputs import write_structured
from academy_ops.cli.streams import writable, write_file
from academy_ops.messages import _, say
from academy_ops.report import Output

if TYPE_CHECKING:
    from academy_ops.cli.runs import Run


class FailOn(StrEnum):
    """From which status on the exit code says that a fault was found."""

    FAIL = "fail"
    WARN = "warn"


From = Annotated[Path | None, typer.Option("--from", metavar="FILE", help=_("Judge saved evidence; no network."))]


@with_any_output
def diagnose(
    common: Common,
    job_id: JobId = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help=_("Run only this check."), autocompletion=complete_checks),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="NAME", help=_("Skip this check."), autocompletion=complete_checks),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", metavar="STATUS", help=_("Exit 1 at this status or worse."))
    ] = FailOn.FAIL,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help=_("Save what was observed, without secrets."))
    ] = None,
    from_: From = None,
    fix: Annotated[
        bool,
        typer.Option("--fix", help=_("Offer the remedy; if you agree, apply it, watch the job, and diagnose again.")),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help=_("Keep diagnosing until the job ends; show what changes."))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_("With --fix: apply without asking."))] = False,
    interrupt_jobs: Annotated[
        bool, typer.Option("--interrupt-jobs", help=_("With --fix: stop workers even while messages are in flight."))
    ] = False,
) -> int:
    """Run every check and print the verdict."""
    from academy_ops.cli import fix as fixing
    from academy_ops.cli import runs

    fixing.refuse(common, fix=fix, saved=from_ is not None, answers=yes or interrupt_jobs)
    if watch and (fix or from_ is not None or common.form is not Output.TABLE):
        raise RefusedError(say("--watch can't be combined with --fix, --from, or an output other than table."))
    names = check_names()
    _refuse_names(job_id, names)
    _refuse_all_left_out(names, only or (), skip or ())
    if save is not None and from_ is not None:
        raise RefusedError(say("--save saves what is observed now; --from observes nothing. Use only one of them."))
    path = writable(save) if save is not None else None
    evidence = runs.load(from_, job_id, only or ()) if from_ is not None else None
    asked = [name for name in only or (evidence.asked if evidence else names) if name not in (skip or ())]

    def keep(run: Run) -> None:
        if path is not None:
            write_file(path, runs.text(run).encode())

    make, strict = runs.maker(common, evidence, job_id, asked), fail_on is FailOn.WARN
    run = runs.run_and_print(common, make, keep, strict=strict)
    if watch:
        run = runs.keep_watching(common, make, run, strict=strict)
    if fix:
        # What was saved stays what the fault looked like.
        again = partial(runs.run_and_print, common, make, strict=strict)
        run = fixing.fix(common, run, again, yes=yes, interrupt_jobs=interrupt_jobs)
    return runs.exit_code(run.diagnosis)


@with_any_output
def check(
    common: Common,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help=_("The check to run."),
            show_default=False,
            autocompletion=lambda: [*complete_checks(), ("excel", ".xlsx")],
        ),
    ] = None,
    job_id: Annotated[
        str | None,
        typer.Argument(metavar="[JOB_ID|FILE]", help=_("The job id; for excel, the workbook."), show_default=False),
    ] = None,
    job: Annotated[
        str | None, typer.Option("--job", metavar="JOB_ID", help=_("For excel: read this job's file from R2."))
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help=_("List the checks in order; run none."))] = False,
) -> int:
    """Run one check, or list them."""
    names = check_names()
    if list_:
        common.refuse_but()
        if common.structured:
            write_structured(common, names)
        else:
            typer.echo("\n".join(names))
        return errors.HEALTHY
    if name is None:
        raise RefusedError(say("Name a check: {names}.", names=", ".join([*names, "excel FILE"])))
    if name == "excel":
        common.refuse_but()
        from academy_ops.cli.excel import check_excel

        return check_excel(common, job_id, job)
    from academy_ops.cli import runs

    asked = [known_check(name, [*names, "excel"])]
    if job is not None:
        raise RefusedError(say("--job is for 'check excel' only; here the job id follows the check's name."))
    _refuse_names(job_id, names)
    run = runs.run_and_print(common, runs.maker(common, None, job_id, asked), step=name)
    return runs.exit_code(run.diagnosis)


@with_any_output
def bundle(
    common: Common,
    job_id: JobId = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="PATH", help=_("Where to write it: a file or folder (default: the current folder).")
        ),
    ] = None,
    from_: From = None,
) -> int:
    """Run every check, print the verdict, and write the archive."""
    from academy_ops.cli import runs
    from academy_ops.report import bundle as archive

    path = Path() if to is None else to
    writable(path / "academy-ops.zip" if path.is_dir() else path)
    evidence = runs.load(from_, job_id) if from_ is not None else None

    make = runs.maker(common, evidence, job_id, evidence.asked if evidence else check_names())

    def keep(run: Run) -> None:
        file = writable(path / archive.file_name(run.diagnosis) if path.is_dir() else path)
        content, count = archive.bundle(run.evidence, run.diagnosis, run.secrets)
        write_file(file, content)
        # With any form but the table, stdout holds the document and nothing else.
        line = _("Wrote {path}; values masked in it: {count}.", path=str(file), count=count)
        typer.echo(line, err=common.form is not Output.TABLE)

    return runs.exit_code(runs.run_and_print(common, make, keep).diagnosis)


def _refuse_all_left_out(names: Collection[str], only: Collection[str], skip: Collection[str]) -> None:
    """Refuse names that are no checks, and to leave out all of them."""
    for name in (*only, *skip):
        known_check(name, names)
    if set(only or names) <= set(skip):
        raise RefusedError(say("--only and --skip leave no check."))


def _refuse_names(job_id: str | None, names: list[str]) -> None:
    """Refuse the name of a check where a job is to be named: it would be asked about as a job."""
    if job_id in {*names, "excel"}:
        raise RefusedError(
            say(
                "{name!r} is a check, not a job id. One check: academy-ops check NAME [JOB_ID]. Several: academy-ops "
                "diagnose --only NAME --only NAME [JOB_ID].",
                name=job_id,
            )
        )
