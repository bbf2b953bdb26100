"""``watch``: poll the job as the browser does, until it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.diagnose import console
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.job_id import valid_job_id
from academy_ops.cli.options import Common, with_text_only
from academy_ops.cli.streams import unread
from academy_ops.messages import _, say

if TYPE_CHECKING:
    from rich.console import Console

    from academy_ops.diagnosis.records import Unavailable
    from academy_ops.outside.clients import Target
    from checks.facts import JobDocument

HELP: Final = _("Follow a job as the browser does, once a second, until it ends.")
_POLL_SECONDS: Final = 1.0
_WATCH_SECONDS: Final = 900.0


@with_text_only
def watch(
    common: Common,
    job_id: Annotated[str, typer.Argument(metavar="JOB_ID", help=_("The job the browser polls."), show_default=False)],
) -> int:
    """Print each change of the job's state; the exit code tells how it ended."""
    from academy_ops.outside.clients import Connections, Target

    settings = common.settings(addresses=True)
    if settings.get("ACADEMY_API_URL") is None:
        raise RefusedError(say("ACADEMY_API_URL is not set, so the job can't be read."), errors.UNDETERMINED)
    job_id = valid_job_id(job_id) or ""
    end = time.monotonic() + (common.timeout or _WATCH_SECONDS)
    target = Target(settings, job_id, Connections(settings), end)
    return follow(console(common), target, common.command_prefix())


def follow(out: Console, target: Target, command: str = "academy-ops") -> int:
    """Poll until the job has ended or time is up.

    Args:
        out: Where changes are printed.
        target: The API, the job, and the deadline.
        command: How the tool is called with the settings in use.

    Returns:
        0 when the job is done, 1 when it failed, 3 when its end was not seen.
    """
    from academy_ops.contract import ENDED
    from academy_ops.diagnosis.records import Unavailable
    from checks.job import look_again
    from checks.job_document import failed

    shown = ""
    while True:
        document = look_again(target, at_once=True)
        line = _line(document)
        if line != shown:
            out.print(line)
            shown = line
        if document is None:
            return errors.FAULT
        if not isinstance(document, Unavailable) and document.status in ENDED:
            return errors.FAULT if failed(document) else errors.HEALTHY
        if unread():
            return errors.UNDETERMINED
        if not target.pause(_POLL_SECONDS):
            out.print(_("Time is up; the job has not ended. Find out why:"))
            out.print(f"  {command} diagnose {target.job_id}", soft_wrap=True)
            return errors.UNDETERMINED


def _line(document: JobDocument | Unavailable | None) -> str:
    from academy_ops.diagnosis.findings import because
    from academy_ops.diagnosis.records import Unavailable
    from academy_ops.diagnosis.redact import printable

    if document is None:
        return _("The API knows no such job for this tenant.")
    if isinstance(document, Unavailable):
        return _("The status can't be read, still trying: {reason}", reason=because(document))
    line = document.status
    if document.percent is not None:
        line += f"  {document.percent:.0f} %"
    if document.step:
        line += f"  {document.step}"
    if document.result:
        line += "  " + _(
            "created {created}, duplicates {duplicates}, rejected rows {failed}",
            created=document.result.created,
            duplicates=document.result.duplicates or 0,
            failed=len(document.result.failed),
        )
    if document.error_message:
        line += f"  {document.error_message}"
    # A message of several lines would begin one of its own, which a workflow may take for a command.
    return " ".join(printable(line).split("\n"))
