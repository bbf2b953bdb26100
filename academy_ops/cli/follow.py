"""``watch`` and ``logs``: follow a job as the browser does, and what the workers' containers say."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import valid_job_id
from academy_ops.cli.options import (
    WATCH_MINUTES,
    Common,
    Since,
    note,
    seconds_back,
    tenant_asked,
    with_common,
    with_text_only,
)
from academy_ops.cli.streams import complain, unread
from academy_ops.messages import Text, _, say
from academy_ops.thresholds import WAITED_SECONDS

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.diagnosis.records import Unavailable
    from academy_ops.outside.clients import Target
    from checks.facts import JobDocument

_HTTP_STATUS: Final = re.compile(r"HTTP \d{3}")
_POLL_SECONDS: Final = 1.0
_LONGEST_ROUND_SECONDS: Final = 45.0
_OVERLAP_SECONDS: Final = 15
"""Each look goes back further than the one before it ended, so that no line between them is missed."""
_FURTHEST_SECONDS: Final = 600
_TAKEN_SECONDS: Final = 3600
"""So long before its first line in a worker's log an upload is looked for."""


@with_text_only
def watch(
    common: Common,
    job_id: Annotated[
        str, typer.Argument(metavar="JOB_ID", help=_("The job's id, as the browser polls it."), show_default=False)
    ],
) -> int:
    """Print each change of the job's state; the exit code says how the job ended."""
    from academy_ops.cli.jobs import job_target

    target = job_target(common, job_id, time.monotonic() + (common.timeout or WATCH_MINUTES * 60))
    return follow_job(common.console(), target, common.command_prefix())


def follow_job(out: Console, target: Target, ops: str | None) -> int:
    """Poll until the job has ended or time is up.

    Args:
        out: Where each change of its state is printed.
        target: The job, and when time is up.
        ops: How to call this tool to find out more; None where a diagnosis follows anyway.

    Returns:
        0 when the job is done, 1 when it failed, 3 when its end was not seen.
    """
    from academy_ops.contract import ENDED
    from academy_ops.diagnosis.records import Unavailable
    from academy_ops.report.content import duration
    from academy_ops.report.shell import print_call
    from checks.job_document import failed, look_again

    def advise(why: str, *words: str) -> None:
        if ops:
            out.print(why)
            print_call(out, ops, *words)

    shown, began, advised = "", time.monotonic(), False
    while True:
        document = look_again(target, at_once=True)
        line, waited = _line(document), _waited(target, document, began)
        if line != shown:
            out.print(f"{duration(waited):>8}  {line}", soft_wrap=True)
            shown = line
        if document is None:
            advise(_("Find the upload, then diagnose it by its job id:"), "jobs")
            return errors.FAULT
        if not isinstance(document, Unavailable) and document.status in ENDED:
            return errors.FAULT if failed(document) else errors.HEALTHY
        if not advised and waited >= WAITED_SECONDS:
            late = _("The job has not ended after {time}. Find out why:", time=duration(waited))
            advise(late, "diagnose", target.job_id or "")
            advised = True
        # An answer that is too long to be read will be no shorter next time.
        if unread() or (isinstance(document, Unavailable) and document.reason == "too-long"):
            return errors.UNDETERMINED
        if not target.pause(_POLL_SECONDS):
            advise(_("Time ran out before the job ended. Find out why:"), "diagnose", target.job_id or "")
            return errors.UNDETERMINED


def _waited(target: Target, document: object, began: float) -> float:
    """Return how many seconds old the job is: by its own time and the servers' clock, else since ``began``."""
    from checks.facts import JobDocument

    made = document.created_at if isinstance(document, JobDocument) else None
    here = time.monotonic() - began
    if made is None:
        return here
    now = datetime.now(UTC) - timedelta(seconds=target.connect.clocks.ahead() or 0)
    return max(here, (now - made).total_seconds())


def _line(document: JobDocument | Unavailable | None) -> str:
    from academy_ops.diagnosis.findings import because
    from academy_ops.diagnosis.records import Unavailable
    from academy_ops.diagnosis.redact import printable

    if document is None:
        return _("The API has no such job for this tenant.")
    if isinstance(document, Unavailable):
        answer = _HTTP_STATUS.search(document.detail)
        reason = f"{because(document)} ({answer[0]})" if answer else str(because(document))
        return (
            _("Can't read the status: {reason}", reason=reason)
            if document.reason == "too-long"
            else _("Can't read the status, still trying: {reason}", reason=reason)
        )
    line = document.status
    if document.percent is not None:
        line += f"  {document.percent:.0f}%"
    if document.step:
        line += f"  {document.step}"
    if document.result:
        line += "  " + _(
            "created {created}, duplicates {duplicates}, rejected rows {failed}",
            created=document.result.created,
            duplicates=document.result.duplicates or 0,
            failed=document.result.rejected_count,
        )
    if document.error_message:
        line += f"  {document.error_message}"
    # A message of several lines would begin one of its own, which a workflow may take for a command.
    return " ".join(printable(line).split("\n"))


@with_common
def logs(
    common: Common,
    job: Annotated[
        str | None, typer.Option("--job", metavar="JOB_ID", help=_("Only lines that name this job."))
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help=_("Keep printing new lines until Ctrl-C."))] = False,
    since: Since = "10m",
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="CODE", help=_("Only lines of this school's jobs."))
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help=_("Only lines of failed jobs."))] = False,
    text: Annotated[
        str, typer.Option("--text", "--grep", metavar="TEXT", help=_("Only lines that contain this text."))
    ] = "",
) -> int:
    """Print the workers' logs; the exit code is 3 where no worker in service could be read, 1 for an unknown job."""
    from academy_ops.cli.jobs import whole_job_id
    from academy_ops.outside.clients import Connections, Target
    from academy_ops.outside.time_limits import SSM_SECONDS
    from academy_ops.report.logs import LogReport
    from checks.uploads import jobs_of
    from checks.worker_logs import Logs, only, read

    back, tenant = seconds_back(since), tenant_asked(tenant)
    job_id = valid_job_id(job)
    settings = common.settings()
    ends_at = time.monotonic() + (common.seconds if common.timeout or not follow else math.inf)
    report = LogReport(common.console(), common.form)
    run = Target(settings, job_id, Connections(settings), ends_at)
    run = replace(run, job_id=whole_job_id(run))
    found: Logs | None = None
    named = False
    while True:
        looked_at = time.monotonic()
        target = replace(run, ends_at=min(ends_at, looked_at + _LONGEST_ROUND_SECONDS))
        now = read(target, back)
        if isinstance(now, Logs):
            found, named = now, named or bool(now.lines)
            jobs = jobs_of(target, tenant, found.lines, back + _TAKEN_SECONDS) if tenant else None
            report.show(only(found, jobs=jobs, failed=failed, text=text))
        elif found is None:
            raise RefusedError(_unreadable(now, settings.group), errors.UNDETERMINED)
        else:
            # Who follows is not left alone for one failure: the next look goes back as far as this one.
            note(str(_unreadable(now, settings.group)))
        if not follow or unread() or not run.pause(SSM_SECONDS):
            if not found.instances and not named:
                complain(_("Find out why: {ops} check workers", ops=common.command_prefix()))
            if not report.silent and run.job_id and not named:
                return _nothing_of(run, since)
            return errors.UNDETERMINED if report.silent or now is not found else errors.HEALTHY
        missed = back if now is not found or found.unavailable else _OVERLAP_SECONDS
        back = min(missed + math.ceil(time.monotonic() - looked_at), _FURTHEST_SECONDS)


def _nothing_of(target: Target, since: str) -> int:
    """Say that no log names the job, and whether the API knows it; return the exit code."""
    from academy_ops.report.content import duration
    from checks.job_document import look_again

    known = look_again(target, at_once=True)
    since = duration(seconds_back(since))
    line = say("No worker log from the last {since} names this job. Look further back with --since.", since=since)
    if known is None:
        line = say("The API has no job {job_id} for this tenant, and no worker log names it.", job_id=target.job_id)
    complain(str(line))
    return errors.FAULT if known is None else errors.HEALTHY


def _unreadable(found: Unavailable | None, group: str) -> Text:
    from academy_ops.diagnosis.findings import because

    if found is None:
        return say("There is no Auto Scaling group {group}.", group=group)
    return say("Can't read the Auto Scaling group: {reason}.", reason=because(found))
