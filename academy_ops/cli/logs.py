"""``logs``: what the workers' containers have logged, every instance at once, through SSM."""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.diagnose import console
from academy_ops.cli.errors import RefusedError
from academy_ops.cli.job_id import valid_job_id
from academy_ops.cli.options import Common, with_common
from academy_ops.cli.streams import unread
from academy_ops.messages import _, say
from academy_ops.report import Output

if TYPE_CHECKING:
    from checks.worker_logs import Logs

HELP: Final = _("Read the logs of every worker at once; each line begins with its instance and its time.")
_SINCE: Final = re.compile(r"([1-9][0-9]{0,4})([smh])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_ROUND_SECONDS: Final = 2.0
_LONGEST_ROUND_SECONDS: Final = 45.0
_OVERLAP_SECONDS: Final = 15
"""Each look goes back further than the one before it ended, so that no line between them is missed."""
_FURTHEST_SECONDS: Final = 600


@with_common
def logs(
    common: Common,
    job: Annotated[
        str | None, typer.Option("--job", metavar="JOB_ID", help=_("Only the lines that name this job."))
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help=_("Go on with what is logged from now on, until Ctrl-C."))
    ] = False,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help=_("How far to go back: 30s, 10m, 2h."))] = "10m",
) -> int:
    """Print the workers' logs; the exit code is 3 where no worker that is in service told anything.

    Raises:
        RefusedError: The job id, the time or a setting is malformed, or the group can't be read.
    """
    from academy_ops.outside.clients import Connections, Target
    from academy_ops.report.logs import LogReport
    from checks.worker_logs import read

    back = _seconds(since)
    job_id = valid_job_id(job)
    settings = common.settings()
    connect = Connections(settings)
    ends_at = time.monotonic() + (common.seconds if common.timeout or not follow else math.inf)
    report = LogReport(console(common), as_json=common.form is Output.JSON)
    run = Target(settings, job_id, connect, ends_at)
    while True:
        looked_at = time.monotonic()
        target = Target(settings, job_id, connect, min(ends_at, looked_at + _LONGEST_ROUND_SECONDS))
        told = _readable(read(target, back), settings.group)
        report.show(told)
        if not follow or unread() or not run.pause(_ROUND_SECONDS):
            return errors.UNDETERMINED if report.silent else errors.HEALTHY
        missed = back if told.unseen else _OVERLAP_SECONDS
        back = min(missed + math.ceil(time.monotonic() - looked_at), _FURTHEST_SECONDS)


def _readable(told: object, group: str) -> Logs:
    from academy_ops.diagnosis.findings import because
    from academy_ops.diagnosis.records import Unavailable
    from checks.worker_logs import Logs

    if isinstance(told, Unavailable):
        line = say("The Auto Scaling group can't be read: {reason}.", reason=because(told))
        raise RefusedError(line, errors.UNDETERMINED)
    if not isinstance(told, Logs):
        raise RefusedError(say("There is no Auto Scaling group {group}.", group=group), errors.UNDETERMINED)
    return told


def _seconds(since: str) -> int:
    given = _SINCE.fullmatch(since.strip())
    if given is None:
        raise RefusedError(say("--since: {since!r} is no time; write it as 30s, 10m or 2h.", since=since))
    return int(given[1]) * _UNITS[given[2]]
