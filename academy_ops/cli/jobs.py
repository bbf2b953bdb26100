"""``jobs``: the last uploads, to get from a school's name and a time to a job id."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.names import begins_a_uuid, valid_job_id
from academy_ops.cli.options import Common, Since, note, seconds_back, tenant_asked, with_common
from academy_ops.cli.outputs import write_structured
from academy_ops.cli.streams import complain
from academy_ops.messages import Text, _, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from academy_ops.diagnosis.records import Json, Unavailable
    from academy_ops.outside.clients import Target
    from checks.facts import Upload
    from checks.uploads import Source, Uploads

_MOST_NAMED: Final = 5
SCHEMA: Final = "academy-ops/jobs/1"
_SOURCES: Final[Mapping[Source, Text]] = {
    "api": say("the API's list of jobs"),
    "bucket": say("the bucket"),
    "log": say("the workers' logs"),
}
_STYLES: Final = {True: "red", False: ""}


@with_common
def jobs(
    common: Common,
    since: Since = "24h",
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="CODE", help=_("Only this school's uploads."))
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help=_("Only failed uploads."))] = False,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1000, help=_("Show at most this many."))
    ] = 20,
) -> int:
    """Print the last uploads; the exit code is 3 where none of their sources could be read."""
    from academy_ops.outside.clients import Connections, Target
    from checks.uploads import Asked, read

    asked = Asked(seconds_back(since), tenant_asked(tenant), failed, limit=limit)
    settings = common.settings(addresses=True)
    target = Target(settings, None, Connections(settings), time.monotonic() + common.seconds)
    found = read(target, asked)
    if common.structured:
        write_structured(common, _document(found))
    else:
        _show(common.console(), found, since, common.command_prefix())
    for line in _notes(found, None if asked.tenant == settings.get("ACADEMY_TENANT_CODE") else asked.tenant):
        complain(str(line))
    return errors.UNDETERMINED if found.source is None else errors.HEALTHY


def job_target(common: Common, job_id: str | None, ends_at: float) -> Target:
    """Return the API and the job to look at until ``ends_at``."""
    from academy_ops.outside.clients import Connections, Target

    settings = common.settings(addresses=True)
    if settings.get("ACADEMY_API_URL") is None:
        raise RefusedError(say("ACADEMY_API_URL is not set, so the job can't be read."), errors.UNDETERMINED)
    target = Target(settings, valid_job_id(job_id), Connections(settings), ends_at)
    return replace(target, job_id=whole_job_id(target))


def whole_job_id(target: Target) -> str | None:
    """Return the id of the target's job, which may be named by how its UUID begins, as the page shows it."""
    from academy_ops.diagnosis.findings import because
    from academy_ops.diagnosis.records import Unavailable
    from checks.uploads import jobs_beginning

    begun = target.job_id
    if begun is None or not begins_a_uuid(begun):
        return begun
    begun = begun.lower()
    found = jobs_beginning(target, begun)
    if isinstance(found, Unavailable):
        note(_("Can't tell which job's id begins with {begun}: {reason}.", begun=begun, reason=because(found)))
        return begun
    if len(found) > 1:
        ids = ", ".join(sorted(found)[:_MOST_NAMED])
        raise RefusedError(say("Several jobs' ids begin with {begun}: {ids}. Type more of it.", begun=begun, ids=ids))
    for whole in found:
        note(_("Job: {job_id}", job_id=whole))
        return whole
    return begun


def _document(found: Uploads) -> Json:
    uploads: list[Json] = [
        {
            "uploaded_at": upload.at.astimezone(UTC).isoformat() if upload.at else None,
            "tenant": upload.tenant,
            "job_id": upload.job_id,
            "status": upload.status,
            "failed": upload.failed,
            "all_rejected": upload.all_rejected,
            "error_message": upload.error_message,
            "seen": list(upload.seen),
            "joined_by_time": upload.by_time,
        }
        for upload in found.found
    ]
    return {"schema": SCHEMA, "source": found.source, "uploads": uploads, "more": found.more}


def _show(out: Console, found: Uploads, since: str, ops: str) -> None:
    from rich.table import Table
    from rich.text import Text as Line

    from academy_ops.diagnosis.redact import printable
    from academy_ops.report.content import brief, duration, upload_state, zone
    from academy_ops.report.shell import print_call
    from checks.uploads import waits

    if not found.found:
        if found.source:
            since = duration(seconds_back(since))
            out.print(_("No matching uploads in the last {since}. Look further back with --since.", since=since))
            _print_way_without_a_job(out, ops)
        return
    sources = {upload.seen for upload in found.found}
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(_("uploaded ({zone})", zone=zone(datetime.now().astimezone())), no_wrap=True)
    table.add_column(_("school"), overflow="fold")
    table.add_column(_("job id"), no_wrap=True)
    table.add_column(_("state"), overflow="fold")
    if len(sources) > 1:
        table.add_column(_("seen in"), overflow="fold")
    for upload in found.found:
        state = upload_state(upload.status, all_rejected=upload.all_rejected)
        # Without its year and zone, so that 80 columns take the row.
        at = f"{upload.at.astimezone():%m-%d %H:%M:%S}" if upload.at else "?"
        row = [at, upload.tenant or "?", _job(upload), state, _seen(upload.seen)]
        table.add_row(
            *(Line(printable(cell), _STYLES[bool(upload.failed)]) for cell in row[: len(table.columns)]),
        )
    out.print(table)
    if len(sources) == 1:
        out.print(Line(_("Seen in: {where}.", where=_seen(sources.pop())), "dim"))
    if len(found.found) == 1 and (message := found.found[0].error_message):
        out.print(brief(message), soft_wrap=True)
    interesting = [upload for upload in found.found if upload.job_id and (upload.failed or waits(upload))]
    named = [*interesting, *(upload for upload in found.found if upload.job_id)]
    out.print()
    if named:
        out.print(_("Find out why by job id:"))
        print_call(out, ops, "diagnose", str(named[0].job_id))
    _print_way_without_a_job(out, ops)


def _print_way_without_a_job(out: Console, ops: str) -> None:
    """Print how to go on where the upload is not listed, or its job's id is not known: it may never have had one."""
    from academy_ops.report.shell import print_call

    out.print(_("If the upload is not listed or has no job id, check everything else:"))
    print_call(out, ops, "diagnose")


def _job(upload: Upload) -> str:
    """Return the job's id; one that only the time tells has a question mark."""
    return f"{upload.job_id} ?" if upload.by_time else upload.job_id or "?"


def _seen(seen: tuple[str, ...]) -> str:
    return ", ".join(str(_SOURCES[source]) for source in _SOURCES if source in seen)


def _notes(found: Uploads, other_tenant: str | None) -> list[Text]:
    """Return what is to be known of the list, for standard error; ``other_tenant`` is not the one of the settings."""
    lost = found.unavailable or {}
    no_list = lost.get("api")
    notes = [
        say("Can't read {source}: {reason}.", source=_SOURCES[source], reason=_why(reason, other_tenant))
        for source, reason in lost.items()
        if source != "api" or reason.reason != "not-found"
    ]
    if no_list and no_list.reason == "not-found":
        notes.insert(0, say("This API has no list of jobs, so the bucket and the workers' logs were read instead."))
    if found.more:
        notes.append(say("There are older uploads; see more with --limit."))
    if found.unknown:
        notes.append(say("Uploads left out because nothing says whether they failed: {count}.", count=found.unknown))
    if any(upload.by_time for upload in found.found):
        notes.append(say("A job id with ? was matched by time alone; no other upload or job was close."))
    if any(upload.job_id is None for upload in found.found):
        notes.append(
            say(
                "An upload without a job id is not named in any readable worker log: it is waiting, or the log is "
                "gone. The school's browser has the id, in the URL of the request it keeps repeating."
            )
        )
    return notes


def _why(unavailable: Unavailable, other_tenant: str | None) -> Text:
    from academy_ops.diagnosis.findings import because

    # The API knows the token, but not for the school that --tenant names.
    if other_tenant and unavailable.detail == f"HTTP {HTTPStatus.FORBIDDEN}":
        return say("{tried} gives no access to school {tenant}", tried=unavailable.tried, tenant=other_tenant)
    return because(unavailable)
