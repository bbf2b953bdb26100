"""Replace the group's instances, so that new ones boot from the workers' parameter as it is now."""

from __future__ import annotations

from functools import partial
from typing import Final

from academy_ops.messages import Text, say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.remedies import group
from academy_ops.remedies.plan import Plan
from academy_ops.remedies.refusal import RemedyError, not_made
from checks import logs
from checks.facts import Case, LogsFacts

_RUNNING: Final = "InstanceRefreshInProgress"


def plan(target: Target, case: Case) -> Plan:
    """Plan an instance refresh.

    Args:
        target: Where to look.
        case: What the diagnosis has seen; the parameter must be right.

    Raises:
        RemedyError: The parameter is wrong itself or was not seen, or the group could not be seen.
    """
    if not isinstance(case.logs, LogsFacts) or not logs.parameter_is_right(case.logs):
        raise RemedyError(
            say(
                "The workers' parameter {parameter} is not right itself, or could not be seen. Correct it first.",
                parameter=target.settings.parameter,
            )
        )
    if logs.parameter_unread(case.logs, case):
        raise RemedyError(
            say(
                "The instances can't read the workers' parameter {parameter}. New ones could not, either: let "
                "their role read it first.",
                parameter=target.settings.parameter,
            )
        )
    seen = group.look(target)
    work = say(
        "Careful: messages in flight: {count}. A job that a worker is in the middle of starts anew when its message "
        "comes back.",
        count=seen.in_flight if seen.in_flight is not None else "?",
    )
    return Plan(
        changes=(
            say(
                "{group}: every instance is replaced: {instances}", group=seen.name, instances=", ".join(seen.instances)
            ),
            say("The new ones read the parameter {parameter} as it is now.", parameter=target.settings.parameter),
        ),
        risks=(group.BOOT_COST, *((work,) if seen.in_flight != 0 else ())),
        apply=_refresh,
        follow=partial(group.follow, desired=seen.group.desired, before=seen, replaced=True),
        usual=group.USUAL,
        nothing_to_do=None
        if seen.instances
        else say("Nothing to do: the group has no instance that could be replaced."),
        interrupts_work=seen.in_flight != 0,
    )


def _refresh(target: Target) -> Text:
    try:
        target.connect.changing("autoscaling").start_instance_refresh(AutoScalingGroupName=target.settings.group)
    except AWS_ERRORS as error:
        if error_code(error) == _RUNNING:
            return say("Nothing was changed: somebody else has begun to replace the instances already.")
        raise not_made(target, error, "autoscaling:StartInstanceRefresh") from error
    return say("Done: the group has begun to replace its instances.")
