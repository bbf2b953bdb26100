"""Who would start a worker, of all that AWS has for that: the function's rule or schedule, policies, actions."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from academy_ops.diagnosis.records import Unavailable, listed
from checks.group_facts import Autoscaler, Group, Halted, Starter, WorkersFacts
from checks.schedule_expressions import often_enough

_MAY_BE_THERE: Final = frozenset({"denied", "throttled", "deadline", "timeout"})
"""A region may have no EventBridge Scheduler at all."""


def alive(autoscaler: Autoscaler, now: datetime | None = None) -> bool:
    """Return whether a rule runs the autoscaler, and often enough where ``now`` is given."""
    runs = autoscaler.works and autoscaler.enabled
    return runs and (now is None or often_enough(autoscaler.schedule, now))


def active(facts: WorkersFacts, now: datetime) -> tuple[str, ...]:
    """Return the names of those that should start a worker within minutes, in words for the operator."""
    found: list[str] = []
    if isinstance(facts.autoscaler, Autoscaler) and alive(facts.autoscaler, now):
        found.append(f"rule {facts.autoscaler.rule}")
    found += [
        f"policy {policy.name}"
        for policy in listed(facts.policies)
        if policy.enabled and not _why_idle(policy, facts.group)
    ]
    # A schedule alone starts nobody where the function that it runs does not work.
    active = isinstance(facts.autoscaler, Autoscaler) and facts.autoscaler.works
    found += [
        f"schedule {schedule.name}"
        for schedule in listed(facts.schedules)
        if schedule.enabled
        and (active or schedule.kind == "resize")
        and often_enough(schedule.when, now, schedule.zone)
    ]
    return tuple(found)


def _why_idle(policy: Starter, group: Group | Unavailable | None) -> Halted:
    """Return why a policy starts nobody, also by the state of its group; empty where it does."""
    if not policy.enabled or not isinstance(group, Group):
        return policy.why
    if policy.percent and group.desired == 0:
        return "percent-of-none"
    return "alarms-suspended" if "AlarmNotification" in group.suspended else ""


def halted(facts: WorkersFacts) -> Starter | None:
    """Return a policy that would start workers if its alarm acted, where none does."""
    policies = [replace(policy, why=_why_idle(policy, facts.group)) for policy in listed(facts.policies)]
    # One without an alarm may be meant for a person, and one that is disabled or only forecasts may have been replaced.
    return min(
        (policy for policy in policies if policy.why),
        key=lambda policy: (
            policy.why != "alarms-suspended",
            policy.why in {"no-alarm", "policy-disabled", "forecast-only"},
        ),
        default=None,
    )


def why_off(facts: WorkersFacts) -> tuple[str, Starter | None]:
    """Return the stable word for why nothing starts a worker, and what would if that were put right."""
    autoscaler, policy = facts.autoscaler, halted(facts)
    if isinstance(autoscaler, Autoscaler) and not autoscaler.works:
        return "function-failed", None
    schedule = _idle_schedule(facts)
    if isinstance(autoscaler, Autoscaler) and autoscaler.rule is not None:
        return "schedule" if autoscaler.enabled else "rule-disabled", None
    if autoscaler is None and policy:
        return policy.why, policy
    if schedule:
        return "schedule-rare" if schedule.enabled else "schedule-disabled", schedule
    if isinstance(facts.group, Group) and "ScheduledActions" in facts.group.suspended and listed(facts.actions):
        return "actions-suspended", None
    return "no-rule" if autoscaler else "no-function", None


def _idle_schedule(facts: WorkersFacts) -> Starter | None:
    """Return a schedule that would start workers if it were enabled, or ran more often."""
    # One that runs a function that is gone would start nobody; one that sets the size may well do so once a day.
    runs = facts.autoscaler is not None
    return next((it for it in listed(facts.schedules) if (runs if it.kind == "schedule" else not it.enabled)), None)


def alarms(facts: WorkersFacts) -> list[str]:
    """Return the alarms that carry out the group's policies."""
    return [alarm for policy in listed(facts.policies) if policy.enabled for alarm in policy.alarm_names()]


def disabled_alarms(facts: WorkersFacts) -> list[str]:
    """Return the alarms that would start workers if their actions were not disabled."""
    disabled = [policy for policy in listed(facts.policies) if policy.why == "alarm-disabled"]
    return list(dict.fromkeys(alarm for policy in disabled for alarm in policy.alarm_names()))


def unseen(facts: WorkersFacts) -> tuple[Unavailable, ...]:
    """Return what could not be seen of who would start a worker."""
    looked: list[object] = [facts.policies, facts.schedules, facts.actions]
    looked += [policy.unseen for policy in listed(facts.policies)]
    if isinstance(facts.autoscaler, Autoscaler) and not alive(facts.autoscaler):
        looked.append(facts.autoscaler.unseen)
    found = [seen for seen in looked if isinstance(seen, Unavailable) and seen.reason in _MAY_BE_THERE]
    return tuple(dict.fromkeys(found))
