"""Reading from AWS what can start a worker: the autoscaler's rules, scaling policies, scheduled actions, schedules."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.outside.time_limits import gather
from checks.group_facts import Autoscaler, Halted, Starter

_Rules = list[dict[str, Any]]

_MAX_SCHEDULES: Final = 1000
_ALARMS: Final = 100
"""As many as one call gives."""
_OTHER_ARNS: Final = 16
"""Versions and aliases of a function that are asked for rules of their own."""


def read_autoscaler(target: Target) -> Autoscaler | Unavailable | None:
    """Return the autoscaler's function and the rule that runs it; None when there is no such function."""
    try:
        function = target.connect.aws("lambda").get_function_configuration(FunctionName=target.settings.autoscaler)
        arn = function["FunctionArn"]
    except AWS_ERRORS as error:
        missing = error_code(error) == "ResourceNotFoundException"
        return None if missing else target.connect.unseen(error, "lambda:GetFunctionConfiguration")
    rules, unseen = _rules_of(target, arn), None
    if isinstance(rules, Unavailable):
        return rules
    if not any(map(_enabled, rules)):
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


def _rules_of(target: Target, arn: str) -> _Rules | Unavailable:
    """Return the rules that run the function by this exact ARN."""
    action = "events:ListRuleNamesByTarget"
    try:
        events = target.connect.aws("events")
        names = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
        action = "events:DescribeRule"
        rules = [{"Name": name, **events.describe_rule(Name=name)} for name in names]
    except AWS_ERRORS as error:
        return target.connect.unseen(error, action)
    # One that waits for an event does not run it by the clock.
    return [rule for rule in rules if rule.get("ScheduleExpression") or not rule.get("EventPattern")]


def _rules_of_versions(target: Target, arn: str) -> tuple[_Rules, Unavailable | None]:
    """Return the rules that run an alias or another version of the function, and why there may be more."""
    name = target.settings.autoscaler
    action = "lambda:ListAliases"
    try:
        functions = target.connect.aws("lambda")
        arns = [alias["AliasArn"] for alias in functions.list_aliases(FunctionName=name)["Aliases"]]
        action = "lambda:ListVersionsByFunction"
        # "$LATEST" is the first of them, and then the oldest.
        versions = functions.list_versions_by_function(FunctionName=name)["Versions"]
        arns += [version["FunctionArn"] for version in (*versions[:1], *reversed(versions[1:]))]
    except AWS_ERRORS as error:
        return [], target.connect.unseen(error, action)
    others = [other for other in dict.fromkeys(arns) if other != arn][:_OTHER_ARNS]
    asked = [("events:ListRuleNamesByTarget", partial(_rules_of, target, other)) for other in others]
    found = gather(asked, target.until)
    rules = [rule for known in found if not isinstance(known, Unavailable) for rule in known]
    return rules, next((known for known in found if isinstance(known, Unavailable)), None)


def read_policies(target: Target) -> tuple[Starter, ...] | Unavailable:
    """Return the group's scaling policies that can make it larger."""
    try:
        answer = target.connect.aws("autoscaling").describe_policies(AutoScalingGroupName=target.settings.group)
        policies = [policy for policy in answer["ScalingPolicies"] if _scales_out(policy)]
    except AWS_ERRORS as error:
        return _none_without_group(target, error, "autoscaling:DescribePolicies")
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
    try:
        answer = target.connect.aws("cloudwatch").describe_alarms(
            AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=_ALARMS
        )
        found = (alarm for kind in ("MetricAlarms", "CompositeAlarms") for alarm in answer.get(kind, []))
        return {alarm["AlarmName"]: alarm for alarm in found}
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "cloudwatch:DescribeAlarms")


def _scales_out(policy: Mapping[str, Any]) -> bool:
    steps = [step.get("ScalingAdjustment", 0) for step in policy.get("StepAdjustments") or [policy]]
    return policy.get("PolicyType") in {"TargetTrackingScaling", "PredictiveScaling"} or any(step > 0 for step in steps)


def read_actions(target: Target) -> tuple[Starter, ...] | Unavailable:
    """Return the group's scheduled actions that will give it an instance."""
    try:
        answer = target.connect.aws("autoscaling").describe_scheduled_actions(
            AutoScalingGroupName=target.settings.group
        )
        actions = answer["ScheduledUpdateGroupActions"]
    except AWS_ERRORS as error:
        return _none_without_group(target, error, "autoscaling:DescribeScheduledActions")
    clean = target.connect.clean
    return tuple(
        Starter("action", clean(action.get("ScheduledActionName", "")), enabled=True, when=clean(_next_time(action)))
        for action in actions
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
        pages = scheduler.get_paginator("list_schedules").paginate(PaginationConfig={"MaxItems": _MAX_SCHEDULES})
        listed = [schedule for page in pages for schedule in page["Schedules"]]
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
