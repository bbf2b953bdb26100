"""The least IAM policy, as IAM takes it: of the grants that checks and remedies state with live names in them."""

from collections.abc import Iterable, Mapping
from typing import Any

from academy_ops.contract import DLQ_SUFFIX
from academy_ops.diagnosis.check import Grant
from academy_ops.settings import Settings


def policy(settings: Settings, grants: Iterable[Grant]) -> dict[str, Any]:
    """Return the policy that allows ``grants`` on what the settings name; an account that is not set is ``*``."""
    names = {
        "region": settings.region,
        "account": settings.get("ACADEMY_AWS_ACCOUNT_ID") or "*",
        "group": settings.group,
        "queue": settings.queue,
        "dead_letter_queue": settings.queue + DLQ_SUFFIX,
        "autoscaler": settings.autoscaler,
        "log_group": settings.log_group or "*",
        "parameter": settings.parameter.removeprefix("/"),
    }
    return {"Version": "2012-10-17", "Statement": [_statement(grant, names) for grant in grants]}


def _statement(grant: Grant, names: Mapping[str, str]) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": grant.sid,
        "Effect": "Allow",
        "Action": list(grant.actions),
        "Resource": [resource.format_map(names) for resource in grant.resources],
    }
    if grant.condition:
        statement["Condition"] = {
            operator: {key: value.format_map(names) for key, value in tests.items()}
            for operator, tests in grant.condition.items()
        }
    return statement
