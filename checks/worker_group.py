"""Reading the worker group from AWS: the group, its activities, its instances."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from checks.group_facts import Activity, AsgInstance, Ec2Instance, Group

_ACTIVITIES: Final = 100
"""As many as one call gives."""
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
        suspended=tuple(clean(process["ProcessName"]) for process in group.get("SuspendedProcesses", [])),
        instances=tuple(
            AsgInstance(
                clean(instance["InstanceId"]),
                clean(instance["LifecycleState"]),
                clean(instance["HealthStatus"]),
                clean(_version(instance)),
            )
            for instance in group.get("Instances", [])
        ),
        version=clean(_version({**group, **_mixed(group)})),
        # It has a status only then.
        deleting=bool(group.get("Status")),
    )


def _mixed(group: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the launch template of a group that mixes instance types."""
    template = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    return {"LaunchTemplate": template} if template else {}


def _version(instance: Mapping[str, Any]) -> str:
    template = instance.get("LaunchTemplate", {})
    return str(template.get("Version") or instance.get("LaunchConfigurationName") or "")


def read_activities(target: Target) -> tuple[Activity, ...] | Unavailable:
    """Return the group's last hundred activities, newest first."""
    name = target.settings.group
    clean = target.connect.clean
    try:
        answer = target.connect.aws("autoscaling").describe_scaling_activities(
            AutoScalingGroupName=name, MaxRecords=_ACTIVITIES
        )
        return tuple(
            Activity(
                clean(activity.get("StatusCode", "")),
                clean(activity.get("Description", "")),
                clean(activity.get("StatusMessage", "")),
                clean(activity.get("Cause", "")),
                activity.get("StartTime"),
            )
            for activity in answer["Activities"]
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
    missing = [
        instance.instance_id
        for instance in group.instances
        if instance.instance_id not in {machine.instance_id for machine in known}
    ]
    return _described(target, [{"Name": "instance-id", "Values": missing[:_FILTER_VALUES]}]) if missing else ()


def _described(target: Target, filters: list[dict[str, Any]]) -> tuple[Ec2Instance, ...] | Unavailable:
    clean = target.connect.clean
    try:
        pages = target.connect.aws("ec2").get_paginator("describe_instances")
        return tuple(
            Ec2Instance(
                clean(machine["InstanceId"]),
                clean(machine["State"]["Name"]),
                machine.get("LaunchTime"),
                clean(machine.get("PrivateIpAddress", "")) or None,
                "IamInstanceProfile" in machine,
                _metadata(machine.get("MetadataOptions", {})),
                machine.get("MetadataOptions", {}).get("HttpPutResponseHopLimit"),
            )
            for page in target.each_page(pages.paginate(Filters=filters))
            for reservation in page["Reservations"]
            for machine in reservation["Instances"]
        )
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "ec2:DescribeInstances")


def _metadata(options: Mapping[str, Any]) -> Literal["", "disabled", "optional", "required"]:
    if options.get("HttpEndpoint") == "disabled":
        return "disabled"
    tokens = options.get("HttpTokens")
    return "required" if tokens == "required" else "optional" if tokens == "optional" else ""
