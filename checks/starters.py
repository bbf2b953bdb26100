"""Who would start a worker: the function's rule or schedule, the group's scaling policies and scheduled actions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from academy_ops.diagnosis.records import Unavailable, listed
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.outside.time_limits import gather
from academy_ops.thresholds import AUTOSCALER_PERIOD_SECONDS
from checks.group_facts import Autoscaler, Group, Halted, Starter, WorkersFacts

_RATE: Final = re.compile(r"rate\((\d{1,6}) (minute|hour|day)s?\)")
_CRON: Final = re.compile(r"cron\((\S{1,200}) (\S{1,99}) (\S{1,99}) (\S{1,99}) (\S{1,99}) (\S{1,99})\)")
_ONCE: Final = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_SECONDS: Final = {"minute": 60, "hour": 3600, "day": 86400}
_SPAN: Final = re.compile(r"(\*|\d{1,4}|[A-Z]{3})(?:-(\d{1,4}|[A-Z]{3}))?(?:/(\d{1,2}))?")
_MONTHS: Final = ("", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("", "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_YEARS: Final = (1970, 2199)
_HOUR: Final = 60
_MAX_PAGES: Final = 10
_ALARMS: Final = 100
"""As many as one call gives."""
_OTHER_ARNS: Final = 16
"""Versions and aliases of a function that are asked for rules of their own."""


def period(schedule: str) -> int | None:
    """Return after how many seconds a schedule runs something again; None where its form is not known."""
    if rate := _RATE.fullmatch(schedule):
        return int(rate[1]) * _SECONDS[rate[2]]
    cron = _CRON.fullmatch(schedule)
    if cron is None:
        return None
    minutes = sorted(_meant(cron[1], 0, _HOUR - 1))
    return 60 * max(after - before for before, after in pairwise([*minutes, minutes[0] + _HOUR]))


def often_enough(schedule: str, now: datetime) -> bool:
    """Return whether a schedule runs something every few minutes at this time of day; one of no known form does."""
    if (period(schedule) or 0) > AUTOSCALER_PERIOD_SECONDS:
        return False
    if once := _ONCE.fullmatch(schedule):
        return once[1][:16] == now.isoformat()[:16]
    cron = _CRON.fullmatch(schedule)
    return cron is None or (
        now.hour in _meant(cron[2], 0, 23)
        and now.day in _meant(cron[3], 1, 31)
        and now.month in _meant(cron[4], 1, 12, _MONTHS)
        and now.isoweekday() % 7 + 1 in _meant(cron[5], 1, 7, _DAYS)
        and now.year in _meant(cron[6], *_YEARS)
    )


def _meant(field: str, first: int, last: int, names: Sequence[str] = ()) -> set[int]:
    """Return the numbers that a field of a cron expression of AWS means; all of them where its form is not known."""
    everything = set(range(first, last + 1))
    found = set[int]()
    for part in field.upper().split(","):
        span = _SPAN.fullmatch(part)
        if span is None:
            return everything
        low, high = (
            names.index(word) if word in names else int(word) if word and word.isdecimal() else None
            for word in span.group(1, 2)
        )
        low = first if low is None else low
        high = high if high is not None else last if span[1] == "*" or span[3] else low
        # From ten in the evening to six in the morning.
        numbers = range(low, high + 1) if low <= high else [*range(low, last + 1), *range(first, high + 1)]
        found.update(numbers[:: int(span[3] or 1) or 1])
    return found & everything or everything


def _local(starter: Starter, now: datetime) -> datetime:
    """Return the time where a schedule is kept."""
    try:
        return now.astimezone(ZoneInfo(starter.zone)) if starter.zone else now
    except (ZoneInfoNotFoundError, ValueError):
        return now


def read_autoscaler(target: Target) -> Autoscaler | Unavailable | None:
    """Return the autoscaler's function and the rule that runs it; None when there is no such function."""
    action = "lambda:GetFunctionConfiguration"
    try:
        function = target.connect.aws("lambda").get_function_configuration(FunctionName=target.settings.autoscaler)
        action = "events:ListRuleNamesByTarget"
        arn = function["FunctionArn"]
        names = _rules_of(target, arn)
        action = "events:DescribeRule"
        rules = _described(target, names)
    except AWS_ERRORS as error:
        return None if error_code(error) == "ResourceNotFoundException" else target.connect.unseen(error, action)
    unseen = None
    if not any(_enabled(rule) for rule in rules):
        more, unseen = _rules_of_versions(target, arn)
        rules += more
    clean = target.connect.clean
    rule = next(filter(_enabled, rules), next(iter(rules), {}))
    return Autoscaler(
        # A function that has not been updated since 2021 tells no state; it is active.
        clean(str(function.get("State") or "Active")),
        clean(rule["Name"]) if rule else None,
        _enabled(rule),
        clean(rule.get("ScheduleExpression", "")),
        clean(str(function.get("StateReason") or "")),
        unseen,
    )


def _enabled(rule: Mapping[str, Any]) -> bool:
    return str(rule.get("State", "")).startswith("ENABLED")


def _rules_of(target: Target, arn: str) -> list[str]:
    names: list[str] = target.connect.aws("events").list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    return names


def _described(target: Target, names: list[str]) -> list[dict[str, Any]]:
    events = target.connect.aws("events")
    rules = [{"Name": name, **events.describe_rule(Name=name)} for name in names]
    # One that waits for an event does not run it by the clock.
    return [rule for rule in rules if rule.get("ScheduleExpression") or not rule.get("EventPattern")]


def _rules_of_versions(target: Target, arn: str) -> tuple[list[dict[str, Any]], Unavailable | None]:
    """Return the rules that run an alias or a version of the function: a rule's target is its exact ARN."""
    name = target.settings.autoscaler
    action = "lambda:ListAliases"
    try:
        functions = target.connect.aws("lambda")
        arns = [alias["AliasArn"] for alias in functions.list_aliases(FunctionName=name)["Aliases"]]
        action = "lambda:ListVersionsByFunction"
        # "$LATEST" is the first of them.
        arns += [
            version["FunctionArn"] for version in functions.list_versions_by_function(FunctionName=name)["Versions"]
        ]
        arns = [other for other in dict.fromkeys(arns) if other != arn][:_OTHER_ARNS]
    except AWS_ERRORS as error:
        return [], target.connect.unseen(error, action)
    action = "events:ListRuleNamesByTarget"
    found = gather([(action, partial(_rules_with_state, target, other)) for other in arns], target.until)
    rules = [rule for known in found if not isinstance(known, Unavailable) for rule in known]
    return rules, next((known for known in found if isinstance(known, Unavailable)), None)


def _rules_with_state(target: Target, arn: str) -> list[dict[str, Any]] | Unavailable:
    action = "events:ListRuleNamesByTarget"
    try:
        names = _rules_of(target, arn)
        action = "events:DescribeRule"
        return _described(target, names)
    except AWS_ERRORS as error:
        return target.connect.unseen(error, action)


def read_policies(target: Target) -> tuple[Starter, ...] | Unavailable:
    """Return the group's scaling policies that can make it larger."""
    try:
        answer = target.connect.aws("autoscaling").describe_policies(AutoScalingGroupName=target.settings.group)
    except AWS_ERRORS as error:
        return _none_without_group(target, error, "autoscaling:DescribePolicies")
    policies = [policy for policy in answer["ScalingPolicies"] if _scales_out(policy)]
    names = list(dict.fromkeys(alarm.get("AlarmName", "") for policy in policies for alarm in policy.get("Alarms", [])))
    alarms = _read_alarms(target, names[:_ALARMS]) if names else {}
    return tuple(_policy(target, policy, alarms) for policy in policies)


def _policy(target: Target, policy: Mapping[str, Any], alarms: Mapping[str, Any] | Unavailable) -> Starter:
    """Return a policy, and whether one of its alarms acts: without any only a person carries it out."""
    clean = target.connect.clean
    names = [str(alarm.get("AlarmName", "")) for alarm in policy.get("Alarms", [])]
    known = {} if isinstance(alarms, Unavailable) else alarms
    # A target tracking policy has an alarm to grow and one to shrink.
    growing = [name for name in names if not known.get(name, {}).get("ComparisonOperator", "").startswith("LessThan")]
    queue = target.settings.queue
    whys = [] if isinstance(alarms, Unavailable) else [_why_halted(known.get(name), queue) for name in growing or names]
    predicts = policy.get("PolicyType") == "PredictiveScaling"
    mode = policy.get("PredictiveScalingConfiguration", {}).get("Mode", "ForecastOnly")
    on = policy.get("Enabled", True) is not False
    why: Halted = whys[0] if whys and all(whys) else ""
    if not on:
        why = "policy-disabled"
    elif predicts and mode == "ForecastOnly":
        why = "forecast-only"
    elif not names and not predicts:
        why = "no-alarm"
    return Starter(
        "policy",
        clean(policy.get("PolicyName", "")),
        enabled=on and not why,
        when=clean(", ".join(growing or names)),
        why=why,
        unseen=alarms if isinstance(alarms, Unavailable) and names else None,
        alarms=tuple(map(clean, growing or names)),
        percent=policy.get("AdjustmentType") == "PercentChangeInCapacity"
        and not (policy.get("MinAdjustmentMagnitude") or policy.get("MinAdjustmentStep")),
    )


def _why_halted(alarm: Mapping[str, Any] | None, queue: str) -> Halted:
    """Return why an alarm starts nothing whatever the queue holds; empty where it does."""
    if alarm is None:
        return "alarm-missing"
    if alarm.get("ActionsEnabled") is False:
        return "alarm-disabled"
    watched = {
        dimension.get("Value")
        for metric in (alarm, *(query.get("MetricStat", {}).get("Metric", {}) for query in alarm.get("Metrics", ())))
        for dimension in metric.get("Dimensions", ())
        if dimension.get("Name") == "QueueName"
    }
    if watched and queue not in watched:
        return "alarm-other-queue"
    return "alarm-no-data" if alarm.get("StateValue") == "INSUFFICIENT_DATA" else ""


def _read_alarms(target: Target, names: list[str]) -> dict[str, Any] | Unavailable:
    action = "cloudwatch:DescribeAlarms"
    try:
        answer = target.connect.aws("cloudwatch").describe_alarms(
            AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=_ALARMS
        )
    except AWS_ERRORS as error:
        return target.connect.unseen(error, action)
    return {alarm["AlarmName"]: alarm for kind in ("MetricAlarms", "CompositeAlarms") for alarm in answer.get(kind, [])}


def halted(facts: WorkersFacts) -> Starter | None:
    """Return a policy that would start workers if its alarm acted, where none does."""
    policies = listed(facts.policies)
    if _alarms_suspended(facts):
        policies = tuple(replace(policy, why="alarms-suspended") if policy.enabled else policy for policy in policies)
    policies = tuple(
        replace(policy, why="percent-of-none") if policy.enabled and _of_none(policy, facts) else policy
        for policy in policies
    )
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
    if actions_suspended(facts):
        return "actions-suspended", None
    return "no-rule" if autoscaler else "no-function", None


def _idle_schedule(facts: WorkersFacts) -> Starter | None:
    """Return a schedule that would start workers if it were enabled, or ran more often."""
    # One that runs a function that is gone would start nobody; one that sets the size may well do so once a day.
    runs = facts.autoscaler is not None
    return next((it for it in listed(facts.schedules) if (runs if it.kind == "schedule" else not it.enabled)), None)


def actions_suspended(facts: WorkersFacts) -> bool:
    """Return whether the group has scheduled actions, and carries out none."""
    suspended = isinstance(facts.group, Group) and "ScheduledActions" in facts.group.suspended
    return suspended and bool(listed(facts.actions))


def _of_none(policy: Starter, facts: WorkersFacts) -> bool:
    """Return whether a policy adds a percentage to a group that has nobody."""
    return policy.percent and isinstance(facts.group, Group) and facts.group.desired == 0


def _alarms_suspended(facts: WorkersFacts) -> bool:
    return isinstance(facts.group, Group) and "AlarmNotification" in facts.group.suspended


def _scales_out(policy: Mapping[str, Any]) -> bool:
    steps = [step.get("ScalingAdjustment", 0) for step in policy.get("StepAdjustments") or [policy]]
    return policy.get("PolicyType") in {"TargetTrackingScaling", "PredictiveScaling"} or any(step > 0 for step in steps)


def read_actions(target: Target) -> tuple[Starter, ...] | Unavailable:
    """Return the group's scheduled actions that will give it an instance."""
    try:
        answer = target.connect.aws("autoscaling").describe_scheduled_actions(
            AutoScalingGroupName=target.settings.group
        )
    except AWS_ERRORS as error:
        return _none_without_group(target, error, "autoscaling:DescribeScheduledActions")
    clean = target.connect.clean
    return tuple(
        Starter("action", clean(action.get("ScheduledActionName", "")), enabled=True, when=clean(_next_time(action)))
        for action in answer["ScheduledUpdateGroupActions"]
        if max(action.get("DesiredCapacity") or 0, action.get("MinSize") or 0) > 0
    )


def _next_time(action: Mapping[str, Any]) -> str:
    begins = action.get("StartTime")
    return begins.isoformat() if isinstance(begins, datetime) else str(action.get("Recurrence", ""))


def _none_without_group(target: Target, error: Exception, action: str) -> tuple[Starter, ...] | Unavailable:
    # A group that does not exist is told by the group itself.
    return () if error_code(error) == "ValidationError" else target.connect.unseen(error, action)


def read_schedules(target: Target) -> tuple[Starter, ...] | Unavailable:
    """Return the schedules of EventBridge Scheduler that run the autoscaler, or set the group's size themselves."""
    action = "scheduler:ListSchedules"
    try:
        scheduler = target.connect.aws("scheduler")
        listed = [
            schedule
            for page in scheduler.get_paginator("list_schedules").paginate(
                PaginationConfig={"MaxItems": 100 * _MAX_PAGES}
            )
            for schedule in page["Schedules"]
        ]
        action = "scheduler:GetSchedule"
        return tuple(_schedules(target, scheduler, listed))
    except AWS_ERRORS as error:
        return target.connect.unseen(error, action)


def _schedules(
    target: Target,
    scheduler: Any,  # noqa: ANN401 - boto3 makes its clients' types at run time
    listed: list[dict[str, Any]],
) -> Iterator[Starter]:
    of_function = f":function:{target.settings.autoscaler}"
    clean = target.connect.clean
    for schedule in listed:
        arn = schedule.get("Target", {}).get("Arn", "")
        runs_it = arn.endswith(of_function) or f"{of_function}:" in arn
        if not runs_it and ":aws-sdk:autoscaling:" not in arn:
            continue
        whole = scheduler.get_schedule(Name=schedule["Name"], GroupName=schedule.get("GroupName", "default"))
        if runs_it or _enlarges(whole.get("Target", {}).get("Input", ""), target.settings.group):
            yield Starter(
                "schedule" if runs_it else "resize",
                clean(schedule["Name"]),
                enabled=whole.get("State", "ENABLED") == "ENABLED",
                when=clean(whole.get("ScheduleExpression", "")),
                zone=clean(whole.get("ScheduleExpressionTimezone", "")),
                group=clean(whole.get("GroupName", "")),
            )


def _enlarges(given: str, group: str) -> bool:
    """Return whether the input of a call of Auto Scaling sets this group to one instance or more."""
    try:
        call = json.loads(given)
    except ValueError:
        return False
    if not isinstance(call, dict) or call.get("AutoScalingGroupName") != group:
        return False
    return any(isinstance(size, int) and size > 0 for size in (call.get("DesiredCapacity"), call.get("MinSize")))


def alive(autoscaler: Autoscaler, now: datetime | None = None) -> bool:
    """Return whether a rule runs the autoscaler, and often enough where ``now`` is given."""
    runs = autoscaler.works and autoscaler.enabled
    return runs and (now is None or often_enough(autoscaler.schedule, now))


def on(facts: WorkersFacts, now: datetime) -> tuple[str, ...]:
    """Return the names of those that should start a worker within minutes, in words for the operator."""
    found: list[str] = []
    if isinstance(facts.autoscaler, Autoscaler) and alive(facts.autoscaler, now):
        found.append(f"rule {facts.autoscaler.rule}")
    policies = () if _alarms_suspended(facts) else listed(facts.policies)
    found += [f"policy {policy.name}" for policy in policies if policy.enabled and not _of_none(policy, facts)]
    # A schedule alone starts nobody where the function that it runs does not work.
    active = isinstance(facts.autoscaler, Autoscaler) and facts.autoscaler.works
    for schedule in listed(facts.schedules):
        often = schedule.enabled and often_enough(schedule.when, _local(schedule, now))
        found += [f"schedule {schedule.name}"] if often and (active or schedule.kind == "resize") else []
    return tuple(found)


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
        looked.append(facts.autoscaler.unseen or ())
    # A region may have no EventBridge Scheduler at all.
    found = [seen for seen in looked if isinstance(seen, Unavailable) and seen.reason in _MAY_BE_THERE]
    return tuple(dict.fromkeys(found))


_MAY_BE_THERE: Final = frozenset({"denied", "throttled", "deadline", "timeout"})
