"""A job's id on the command line."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from academy_ops.cli.errors import RefusedError
from academy_ops.contract import JOB_ID
from academy_ops.messages import _, say

JobId = Annotated[
    str | None, typer.Argument(metavar="[JOB_ID]", help=_("The job the browser polls."), show_default=False)
]


def is_job_id(job_id: str) -> bool:
    """Return whether ``job_id`` is of the form of one; it needs no quotes in a shell."""
    return re.fullmatch(JOB_ID, job_id) is not None


def valid_job_id(job_id: str | None) -> str | None:
    """Return ``job_id`` when it is of the form of one.

    Raises:
        RefusedError: It is not; nothing has been asked with it.
    """
    if job_id is not None and not is_job_id(job_id):
        raise RefusedError(
            say("{job_id!r} is no job id: a UUID, or 1 to 64 letters, digits, '-' and '_'.", job_id=job_id[:80])
        )
    return job_id
