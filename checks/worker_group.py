"""Reading the worker group from AWS: the group, its activities, its instances, its autoscaler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from checks.facts import Activity, AsgInstance, Autoscaler, Ec2Instance, Group

_FILTER_VALUES: Final = 200
"""DescribeInstances takes at most 200 values of a filter."""


def read_group(target: Target) -> Group | Unavailable | None:
    """Return the group; None when there is none of that name."""
    name = target.settings.group
    try:
        answer = target.connect.aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return next((_read_group(group, target.connect.clean) for group in answer["AutoScalingGroups"]), None)
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "autoscaling:DescribeAutoScalingGroups")


def _read_group(group: dict[str, Any], clean: Callable[[str], str]) -> Group:
    return Group(
        desired=group["DesiredCapacity"],
        minimum=group["MinSize"],
        maximum=group["MaxSize"],
        suspended=tuple(clean(one["ProcessName"]) for one in group.get("SuspendedProcesses", [])),
        instances=tuple(
            AsgInstance(clean(one["InstanceId"]), clean(one["LifecycleState"]), clean(one["HealthStatus"]))
            for one in group.get("Instances", [])
        ),
    )


def read_activities(target: Target) -> tuple[Activity, ...] | Unavailable:
    """Return the group's last twenty activities, newest first."""
    name = target.settings.group
    clean = target.connect.clean
    try:
        answer = target.connect.aws("autoscaling").describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=20)
        return tuple(
            Activity(
                clean(one.get("StatusCode", "")),
                clean(one.get("Description", "")),
                clean(one.get("StatusMessage", "")),
                clean(one.get("Cause", "")),
                one.get("StartTime"),
            )
            for one in answer["Activities"]
        )
    except AWS_ERRORS as error:
        if error_code(error) == "ValidationError":
            # The group does not exist; the group itself says so.
            return ()
        return target.connect.unseen(error, "autoscaling:DescribeScalingActivities")


def read_machines(target: Target) -> tuple[Ec2Instance, ...] | Unavailable:
    """Return the instances that bear the workers' name, those outside the group, too."""
    by_name = [
        {"Name": "tag:Name", "Values": [target.settings.worker]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    return _described(target, by_name)


def read_nameless(
    target: Target, group: Group, known: tuple[Ec2Instance, ...]
) -> tuple[Ec2Instance, ...] | Unavailable:
    """Look up the group's instances that don't bear the workers' name."""
    missing = [one.instance_id for one in group.instances if one.instance_id not in {one.instance_id for one in known}]
    return _described(target, [{"Name": "instance-id", "Values": missing[:_FILTER_VALUES]}]) if missing else ()


def _described(target: Target, filters: list[dict[str, Any]]) -> tuple[Ec2Instance, ...] | Unavailable:
    clean = target.connect.clean
    try:
        pages = target.connect.aws("ec2").get_paginator("describe_instances")
        return tuple(
            Ec2Instance(
                clean(one["InstanceId"]),
                clean(one["State"]["Name"]),
                one.get("LaunchTime"),
                clean(one.get("PrivateIpAddress", "")) or None,
                "IamInstanceProfile" in one,
                _metadata(one.get("MetadataOptions", {})),
                one.get("MetadataOptions", {}).get("HttpPutResponseHopLimit"),
            )
            for page in target.each_page(pages.paginate(Filters=filters))
            for reservation in page["Reservations"]
            for one in reservation["Instances"]
        )
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "ec2:DescribeInstances")


def _metadata(options: Mapping[str, Any]) -> Literal["", "disabled", "optional", "required"]:
    if options.get("HttpEndpoint") == "disabled":
        return "disabled"
    tokens = options.get("HttpTokens")
    return "required" if tokens == "required" else "optional" if tokens == "optional" else ""


def read_autoscaler(target: Target) -> Autoscaler | Unavailable | None:
    """Return the autoscaler's function and its rule; None when there is no such function."""
    action = "lambda:GetFunctionConfiguration"
    try:
        function = target.connect.aws("lambda").get_function_configuration(FunctionName=target.settings.autoscaler)
        action = "events:ListRuleNamesByTarget"
        events = target.connect.aws("events")
        rules = events.list_rule_names_by_target(TargetArn=function["FunctionArn"])["RuleNames"]
        action = "events:DescribeRule"
        states = {name: events.describe_rule(Name=name)["State"] for name in rules}
    except AWS_ERRORS as error:
        return None if error_code(error) == "ResourceNotFoundException" else target.connect.unseen(error, action)
    enabled = next((name for name, state in states.items() if state.startswith("ENABLED")), None)
    # A function that has not been updated since 2021 tells no state; it is active.
    rule = enabled or next(iter(states), None)
    clean = target.connect.clean
    return Autoscaler(clean(str(function.get("State") or "Active")), rule and clean(rule), enabled is not None)
