"""Replace the group's instances, so that new ones boot from the workers' parameter as it is now."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Final

from academy_ops.diagnosis.findings import because
from academy_ops.diagnosis.records import Unavailable
from academy_ops.messages import Text, say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.outside.time_limits import SSM_SECONDS
from academy_ops.remedies import group
from academy_ops.remedies.group import Seen
from academy_ops.remedies.plan import Plan, Progress
from academy_ops.remedies.refusal import RemedyError, not_made
from academy_ops.thresholds import REFRESH_HEALTHY_PERCENT, USUAL_BOOT_MINUTES
from checks.facts import Case
from checks.refreshes import read_refresh
from checks.worker_environment import parameter_faults, parameter_unread

_RUNNING: Final = "InstanceRefreshInProgress"
_ENDED_WELL: Final = "Successful"
_ENDED_BADLY: Final = frozenset({"Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful"})


def plan(target: Target, case: Case) -> Plan:
    """Plan an instance refresh.

    Raises:
        RemedyError: The parameter is wrong itself or was not seen, or the group could not be seen.
    """
    if case.inside.parameter_holds is None or parameter_faults(case.inside):
        raise RemedyError(
            say(
                "The workers' parameter {parameter} is itself wrong, or could not be read. Correct it first.",
                parameter=target.settings.parameter,
            )
        )
    if parameter_unread(case):
        raise RemedyError(
            say(
                "The instances can't read the workers' parameter {parameter}, and neither could new ones. Let their "
                "role read it first.",
                parameter=target.settings.parameter,
            )
        )
    seen = group.look(target)
    work = say(
        "Caution: messages in flight: {count}. An interrupted job starts over when its message becomes visible again.",
        count=seen.in_flight if seen.in_flight is not None else "?",
    )
    return Plan(
        changes=(
            say("{group}: replace every instance: {instances}", group=seen.name, instances=", ".join(seen.instances)),
            _rolling(len(seen.instances)),
            say("New instances read the parameter {parameter} as it is now.", parameter=target.settings.parameter),
        ),
        risks=(group.BOOT_COST, *((work,) if seen.in_flight != 0 else ())),
        apply=_refresh,
        follow=partial(_follow, before=seen),
        usual=_usual(len(seen.instances)),
        nothing_to_do=None if seen.instances else say("No change needed: the group has no instance to replace."),
        interrupts_work=seen.in_flight != 0,
    )


def _refresh(target: Target) -> Text:
    try:
        target.connect.aws("autoscaling", changes=True).start_instance_refresh(
            AutoScalingGroupName=target.settings.group, Preferences={"MinHealthyPercentage": REFRESH_HEALTHY_PERCENT}
        )
    except AWS_ERRORS as error:
        if error_code(error) == _RUNNING:
            return say("Nothing was changed: someone else is already replacing the instances.")
        raise not_made(target, error, "autoscaling:StartInstanceRefresh") from error
    return say("Done: the group is now replacing its instances.")


def _at_once(count: int) -> int:
    """Return how many of ``count`` instances may be away at the same time; one always may."""
    return max(1, count * (100 - REFRESH_HEALTHY_PERCENT) // 100)


def _rolling(count: int) -> Text:
    if count <= 1:
        return say("No worker runs while the only instance is being replaced.")
    return say(
        "Rolling replacement: {percent} percent stay in service, so {batch} of {count} are replaced at a time.",
        percent=REFRESH_HEALTHY_PERCENT,
        batch=_at_once(count),
        count=count,
    )


def _usual(count: int) -> Text:
    rounds = math.ceil(count / _at_once(count))
    if rounds <= 1:
        return group.USUAL
    low, high = (rounds * minutes for minutes in USUAL_BOOT_MINUTES)
    return say("usual for {count} instances: {low} to {high} min", count=count, low=low, high=high)


def _follow(target: Target, *, before: Seen) -> Iterator[Progress]:
    """Follow the refresh by its own status, then the new workers until they poll.

    The group's size is not looked at: an autoscaler may change it meanwhile.
    """
    while True:
        refresh = read_refresh(target)
        if isinstance(refresh, Unavailable):
            if refresh.reason == "denied":
                # The group itself shows as much.
                break
            yield Progress(say("Can't read the instance refresh: {reason}", reason=because(refresh)))
        elif refresh is None or refresh.status == _ENDED_WELL:
            break
        elif refresh.status in _ENDED_BADLY:
            yield Progress(
                say("The instance refresh is {status}: {reason}", status=refresh.status, reason=refresh.reason),
                "failed",
            )
            return
        else:
            done, left = refresh.percent or 0, "?" if refresh.left is None else refresh.left
            step = say(
                "Instance refresh: {percent} percent done, instances to replace: {left}", left=left, percent=done
            )
            yield Progress(step)
        if not target.pause(SSM_SECONDS):
            return
    yield from group.follow(target, None, before, replaced=True)
