"""``iam-policy``: the least policy, as a document for IAM. No network."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from academy_ops.cli import errors
from academy_ops.cli.options import Common, with_common
from academy_ops.cli.outputs import write_json
from academy_ops.messages import _

HELP: Final = _("The least IAM policy that the checks need, as JSON, with your own names filled in.")


@with_common
def iam_policy(
    common: Common,
    with_actions: Annotated[
        bool,
        typer.Option("--with-actions", help=_("Also what scale-worker, queue create and diagnose --fix need.")),
    ] = False,
) -> int:
    """Print the policy; it is JSON in every form of the output."""
    from academy_ops.outside.permissions import policy
    from academy_ops.remedies.permissions import GRANTS
    from checks import RUNBOOK

    grants = [grant for check in RUNBOOK for grant in check.grants]
    write_json(policy(common.settings(), [*grants, *(GRANTS if with_actions else ())]))
    return errors.HEALTHY
