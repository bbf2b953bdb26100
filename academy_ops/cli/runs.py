"""A run of the checks: observed now or judged again from saved evidence, and printed in the form asked for."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from academy_ops import __version__
from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import begins_a_uuid, is_job_id, live_names, valid_job_id
from academy_ops.cli.options import Common
from academy_ops.cli.outputs import write_document
from academy_ops.cli.streams import read_file, unread
from academy_ops.diagnosis import evidence as saved
from academy_ops.diagnosis.evidence import Evidence, EvidenceError
from academy_ops.diagnosis.records import Diagnosis, Finding, JobState, Verdict
from academy_ops.diagnosis.run import Observed, Observer, closure, judge, run
from academy_ops.diagnosis.verdict import decide, judge_step
from academy_ops.messages import say
from academy_ops.report import Output
from academy_ops.report.shell import in_use
from academy_ops.settings.contexts import CONTEXT_SETTING
from checks import RUNBOOK, Case
from checks.job_document import look_again
from checks.job_progress import job_progress, tier_of

if TYPE_CHECKING:
    from academy_ops.report.table import TableReport

_ALWAYS: Final = frozenset({"region", "group", "queue", "worker", "bucket", "parameter"})
"""The live names that a run always knows; a check may rely on them."""
_NAMING: Final = frozenset({"--context", "--env-file", "--tier"})
"""The options with which a remedy's command calls this tool again."""
_AGAIN_SECONDS: Final = 10.0
_WATCH_SECONDS: Final = 3600
"""The longest that ``diagnose --watch`` goes on."""
_EXIT_CODES: Final = {
    "healthy": errors.HEALTHY,
    "in-progress": errors.HEALTHY,
    "faulty": errors.FAULT,
    "undetermined": errors.UNDETERMINED,
}


@dataclass(frozen=True, slots=True)
class Run:
    """A run, judged.

    Attributes:
        evidence: All that was observed.
        diagnosis: What it means.
        secrets: Values that must not be written anywhere, to the names of their settings.
    """

    evidence: Evidence[Case]
    diagnosis: Diagnosis
    secrets: Mapping[str, str]


def observe(common: Common, job_id: str | None, asked: Collection[str], observer: Observer) -> Run:
    """Observe, judge and decide.

    Raises:
        RefusedError: The job id or a setting is malformed, or nothing is set at all.
    """
    from academy_ops.cli.jobs import whole_job_id
    from academy_ops.outside.clients import Connections, Target
    from academy_ops.report.settings import shown_settings, versions

    job_id = valid_job_id(job_id)
    settings = common.settings(addresses=True)
    if not settings.of_the_academy() and set(asked) != {"access"}:
        raise RefusedError(
            say("No academy settings were found. Pass the API server's env file: academy-ops --env-file PATH …")
        )
    # Before the connections are made: they give the env file's AWS lines to the environment.
    shown = shown_settings(settings)
    started, started_at = time.monotonic(), datetime.now(UTC)
    ends_at = started + common.seconds
    connect = Connections(settings)
    target = Target(settings, job_id, connect, ends_at, observer.answered)
    job_id = whole_job_id(target)
    target = replace(target, job_id=job_id)
    if common.tier is None and job_id and settings.tiers:
        named = tier_of(look_again(target, at_once=True))
        if named in settings.tiers:
            common = replace(common, tier=named)
            settings = common.settings(addresses=True)
            shown, target = shown_settings(settings), replace(target, settings=settings)
    names = live_names(settings, common.command_prefix(), job_id)
    observed, findings = run(
        RUNBOOK,
        target,
        Case(started_at, job_id, {name: connect.clean(value) for name, value in names.items()}),
        asked=asked,
        ends_at=ends_at,
        observer=observer,
        # Every age is counted by the servers' clocks.
        correct=lambda case: replace(case, observed_at=started_at - timedelta(seconds=connect.clocks.ahead() or 0)),
    )
    evidence = Evidence(
        tool=f"academy-ops {__version__}",
        started_at=started_at,
        elapsed_ms=round((time.monotonic() - started) * 1000),
        asked=tuple(check.name for check in RUNBOOK if check.name in asked),
        took_ms=observed.took_ms,
        settings=shown,
        versions=versions(),
        case=observed.case,
    )
    return Run(evidence, _diagnosis(evidence, findings), settings.secrets())


def judge_again(evidence: Evidence[Case], asked: Collection[str], observer: Observer) -> Run:
    """Judge saved evidence: no network, no settings, no clock."""
    checks = [check for check in RUNBOOK if check.name in asked]
    findings = judge(checks, Observed(evidence.case, evidence.took_ms), observer)
    return Run(evidence, _diagnosis(evidence, findings), {})


def maker(
    common: Common, evidence: Evidence[Case] | None, job_id: str | None, asked: Collection[str]
) -> Callable[[Observer], Run]:
    """Return what makes a run: of saved evidence, where there is some, else of what is observed at each call."""
    if evidence is None:
        return lambda observer: observe(common, job_id, asked, observer)
    return lambda observer: judge_again(evidence, asked, observer)


def load(path: Path, job_id: str | None, only: Sequence[str] = ()) -> Evidence[Case]:
    """Read saved evidence.

    Args:
        path: The file.
        job_id: The job that the evidence must be about, or None for whatever it is about.
        only: The checks to be judged; by default those that were asked for when it was saved.

    Raises:
        RefusedError: It can't be read, is not evidence, or is about another job or other checks.
    """
    try:
        evidence = saved.read(read_file(path, saved.MAX_BYTES), Case)
    except EvidenceError as error:
        raise RefusedError(
            say("{path} is not saved evidence: {reason}.", path=str(path), reason=error.message)
        ) from error
    job_id = valid_job_id(job_id)
    case, known = evidence.case, {check.name: check for check in RUNBOOK}
    names = {name for name in evidence.asked if name in known}
    if len(names) < len(evidence.asked) or not _ALWAYS.issubset(case.names) or not _harmless(case):
        raise RefusedError(
            say("{path} is not evidence saved by academy-ops: its names don't have the right form.", path=str(path))
        )
    begins = job_id is not None and begins_a_uuid(job_id) and (case.job_id or "").startswith(job_id.lower())
    if job_id not in {None, case.job_id} and not begins:
        raise RefusedError(
            say("{path} is about job {there}, not {asked}.", path=str(path), there=case.job_id, asked=job_id)
        )
    there = closure(RUNBOOK, names)
    for name in only:
        if not there.issuperset((name, *known[name].reads)):
            raise RefusedError(
                say(
                    "{path} does not hold what check {name} needs; it was saved for: {there}.",
                    path=str(path),
                    name=name,
                    there=", ".join(evidence.asked),
                )
            )
    return evidence


def text(run: Run) -> str:
    """Return the evidence of a run as it is saved, without secrets.

    Raises:
        EvidenceError: A fact is of no form that could be read again.
    """
    from academy_ops.diagnosis.redact import masked, printable

    document = saved.to_document(run.evidence, Case, lambda value, _place: printable(masked(value, run.secrets)[0]))
    return saved.to_text(document)


def run_and_print(
    common: Common,
    make: Callable[[Observer], Run],
    keep: Callable[[Run], None] | None = None,
    *,
    step: str | None = None,
    strict: bool = False,
) -> Run:
    """Run checks and print them in the form asked for.

    Args:
        common: The form of the output.
        make: Makes the run; the observer that it gets shows people how it goes.
        keep: Called with the run at the end, whether or not somebody reads the output to its end.
        step: The check that is run alone; then nothing is judged but that step.
        strict: A warning is as bad as a fault.
    """
    report = _table_report(common, of_step=step is not None) if common.form is Output.TABLE else None
    with report.live() if report else contextlib.nullcontext():
        run = make(report or Observer())
    run = replace(run, diagnosis=replace(run.diagnosis, strict=strict))
    if step:
        findings = run.diagnosis.findings
        run = replace(run, diagnosis=replace(run.diagnosis, verdict=judge_step(findings), step=step))
    try:
        if report:
            report.verdict(run.diagnosis)
        else:
            write_document(common, run.diagnosis)
    finally:
        try:
            if keep is not None:
                keep(run)
        except EvidenceError as error:
            raise RefusedError(say("Can't save the evidence: {reason}.", reason=error.message)) from error
    return run


def keep_watching(common: Common, make: Callable[[Observer], Run], first: Run, *, strict: bool) -> Run:
    """Run the checks again every few seconds until the job has ended, or nothing is wrong where no job is asked about.

    A run is printed where its verdict is not that of the one before; ``first`` has been.

    Returns:
        The last run.
    """
    report, run, until = _table_report(common), first, time.monotonic() + _WATCH_SECONDS
    while _goes_on(run) and not unread() and time.monotonic() < until:
        time.sleep(_AGAIN_SECONDS)
        before, run = run.diagnosis.verdict, make(Observer())
        run = replace(run, diagnosis=replace(run.diagnosis, strict=strict))
        if _essence(run.diagnosis.verdict) != _essence(before):
            report.again(run.diagnosis)
    return run


def _essence(verdict: Verdict) -> tuple[object, ...]:
    return verdict.status, verdict.cause, verdict.reason, verdict.also, verdict.warnings


def _goes_on(run: Run) -> bool:
    ended = {JobState.DONE, JobState.FAILED}
    if run.diagnosis.job_id:
        return job_progress(run.evidence.case).state not in ended
    return run.diagnosis.verdict.status != "healthy"


def _table_report(common: Common, *, of_step: bool = False) -> TableReport:
    from academy_ops.remedies.fixes import FIXES, to_fix
    from academy_ops.report.table import TableReport

    return TableReport(
        common.console(),
        ops=common.command_prefix(),
        shell=in_use(),
        verbose=bool(common.verbose),
        of_step=of_step,
        fixable=lambda verdict: to_fix(verdict) in FIXES,
        quiet=bool(common.quiet),
    )


def exit_code(diagnosis: Diagnosis) -> int:
    """Return the exit code of the verdict."""
    if diagnosis.strict and diagnosis.verdict.warnings:
        return errors.FAULT
    return _EXIT_CODES[diagnosis.verdict.status]


def _diagnosis(evidence: Evidence[Case], findings: tuple[Finding, ...]) -> Diagnosis:
    verdict = decide(findings, job_progress(evidence.case))
    context = next((row.value for row in evidence.settings if row.name == CONTEXT_SETTING), None)
    case = evidence.case
    tier, took = case.names.get("tier"), evidence.elapsed_ms
    return Diagnosis(case.job_id, evidence.started_at, took, verdict, findings, context=context, tier=tier)


def _harmless(case: Case) -> bool:
    """Return whether the names that stand unquoted in a remedy's command can't be a command of somebody else's."""
    ops, job_id = case.names.get("ops", "academy-ops"), case.job_id
    try:
        words = shlex.split(ops)
    except ValueError:
        return False
    options = words[1::2]
    ours = words[:1] == ["academy-ops"] and len(words) % 2 == 1 and len(set(options)) == len(options)
    return (
        ours
        and _NAMING.issuperset(options)
        and shlex.join(words) == ops
        and case.names.get("job_id") == job_id
        and is_job_id(job_id or "-")
    )
