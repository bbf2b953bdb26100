"""Bring what workers lack, or have otherwise than the API, into their parameter, and from there into the workers."""

import dataclasses
import secrets
from datetime import UTC, datetime
from typing import Final

from academy_ops.contract import BUCKET_SETTINGS, QUEUE_SETTING, R2_SETTINGS
from academy_ops.diagnosis.records import Unavailable
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.remedies import parameter_text, refresh, worker_env
from academy_ops.remedies.plan import Plan
from academy_ops.remedies.refusal import RemedyError
from checks.facts import Case
from checks.host_facts import LogsFacts
from checks.worker_environment import parameter_faults
from checks.worker_hosts import read_parameter

_ENDPOINT, *_KEYS = R2_SETTINGS
_MUST_AGREE: Final = frozenset({_ENDPOINT, *BUCKET_SETTINGS, QUEUE_SETTING})
"""What both sides must have alike; workers may have R2 keys of their own."""


def plan(target: Target, case: Case) -> Plan:
    """Plan to copy the API's values into the parameter, or where it is right already to replace the instances.

    Raises:
        RemedyError: The parameter can't be read, or is wrong in a way that the API's values don't cure.
    """
    if not parameter_faults(case.inside):
        return refresh.plan(target, case)
    stored, settings = worker_env.look(target), target.settings
    rows, _ = worker_env.compared(stored, settings)
    agree = _MUST_AGREE | {settings.queue_settings[0]}
    names = [
        row.name
        for row in rows
        if (row.name in agree and row.compared in {"different", "blank", "missing"})
        or (row.name in _KEYS and row.compared in {"blank", "missing"})
    ]
    try:
        text = parameter_text.with_values(stored, {name: worker_env.from_api(settings, name) for name in names})
        planned = worker_env.plan(target, stored, text)
    except parameter_text.EditError as error:
        raise RemedyError(error.message) from error
    # At least its first version exists once it is written.
    if left := worker_env.wrong(dataclasses.replace(stored, text=text, version=stored.version or 1), settings):
        raise RemedyError(
            say(
                "With the API's values the workers' parameter {parameter} would still cause {causes}. Correct it by "
                "hand: {ops} worker-env --edit",
                ops=target.ops,
                parameter=stored.name,
                causes=", ".join(left),
            )
        )
    return dataclasses.replace(planned, then=lambda later: refresh.plan(later, now(later)))


def now(target: Target) -> Case:
    """Return a case that holds nothing but the parameter, looked at again."""
    facts = LogsFacts(Unavailable("not-asked", "workers"), parameter=read_parameter(target, secrets.token_hex(16)))
    return Case(datetime.now(UTC), None, {}, logs=facts)
