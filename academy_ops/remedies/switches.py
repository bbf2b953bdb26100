"""Switch on again what was switched off: the group's launches, and the rule that runs the autoscaler."""

from collections.abc import Callable
from functools import partial
from typing import Final

from academy_ops.messages import Text, say
from academy_ops.outside.clients import Target
from academy_ops.remedies import group
from academy_ops.remedies.plan import Plan
from academy_ops.remedies.refusal import RemedyError, send
from checks import starters, workers
from checks.group_facts import Autoscaler

_ALARMS: Final = "AlarmNotification"
_SUSPENDED: Final = {"alarms-suspended": _ALARMS, "actions-suspended": "ScheduledActions"}
"""The group's process that keeps its starters from acting, by the reason of ``autoscaler-off``."""
_AT_ACTION: Final = say("The group's next scheduled action then sets its size.")


def resume_launches(target: Target) -> Plan:
    """Plan to let the group launch instances again.

    Raises:
        RemedyError: The group is missing or could not be seen.
    """
    seen = group.look(target)
    name, desired = seen.name, seen.group.desired
    return Plan(
        changes=(say("{group}: Launch process: suspended -> resumed", group=name),),
        risks=(
            say("The group then launches the missing instances: desired {desired}.", desired=desired),
            *((group.BOOT_COST,) if desired else ()),
        ),
        apply=_resume("Launch", say("Done: the group can launch instances again.")),
        follow=partial(group.follow, desired=desired, before=seen) if desired else None,
        usual=group.USUAL,
        nothing_to_do=None
        if "Launch" in seen.group.suspended
        else say("No change needed: the Launch process is not suspended."),
    )


def enable_autoscaler(target: Target) -> Plan:
    """Plan to enable the rule that runs the autoscaler, or where alarms take its place, their actions.

    Raises:
        RemedyError: The group or the autoscaler could not be seen, or there is nothing that could be enabled.
    """
    seen = group.look(target)
    autoscaler = seen.facts.autoscaler
    if autoscaler is None and (process := _SUSPENDED.get(starters.why_off(seen.facts)[0])):
        return Plan(
            changes=(say("{group}: {process} process: suspended -> resumed", group=seen.name, process=process),),
            risks=(_at_alarm(seen) if process == _ALARMS else _AT_ACTION, group.BOOT_COST),
            apply=_resume(process, say("Done: the process {process} is resumed.", process=process)),
        )
    if autoscaler is None and (alarms := starters.disabled_alarms(seen.facts)):
        enabled = say("Done: the alarms' actions are enabled: {alarms}.", alarms=", ".join(alarms))
        return Plan(
            changes=tuple(say("alarm {alarm}: actions disabled -> enabled", alarm=alarm) for alarm in alarms),
            risks=(_at_alarm(seen), group.BOOT_COST),
            apply=lambda target: send(target, "cloudwatch:EnableAlarmActions", enabled, AlarmNames=alarms),
        )
    if not isinstance(autoscaler, Autoscaler) or autoscaler.rule is None:
        raise RemedyError(say("There is no rule for the autoscaler that could be enabled."))
    if not autoscaler.works:
        raise RemedyError(
            say("The autoscaler's function is {state}, so enabling its rule would not help.", state=autoscaler.state)
        )
    rule = autoscaler.rule
    at_its_run = say(
        "Its next run, within a minute, sets desired from the queue depth: {before} -> {desired}.",
        before=seen.group.desired,
        desired=workers.desired_capacity(seen.group, seen.depth),
    )
    return Plan(
        changes=(say("rule {rule}: disabled -> enabled", rule=rule),),
        risks=(at_its_run,),
        apply=lambda target: send(
            target, "events:EnableRule", say("Done: the rule {rule} is enabled.", rule=rule), Name=rule
        ),
        nothing_to_do=say("No change needed: the rule is already enabled.") if autoscaler.enabled else None,
    )


def _at_alarm(seen: group.Seen) -> Text:
    return say(
        "An alarm in the ALARM state then starts workers within a minute: desired is {desired} now, max {maximum}.",
        desired=seen.group.desired,
        maximum=seen.group.maximum,
    )


def _resume(process: str, done: Text) -> Callable[[Target], Text]:
    """Return what resumes a process of the group."""
    return lambda target: send(
        target,
        "autoscaling:ResumeProcesses",
        done,
        AutoScalingGroupName=target.settings.group,
        ScalingProcesses=[process],
    )
