"""Auto Scaling in the lab keeps to AWS's own rules and words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from academy_ops import contract
from academy_ops.lab import processes
from tests.lab.conftest import Aws


class Group:
    """The workers' group, asked over the wire."""

    def __init__(self, aws: Aws) -> None:
        self.client = aws.client("autoscaling")
        self.scaling = aws.cloud.scaling

    def desire(self, count: int) -> None:
        self.client.set_desired_capacity(AutoScalingGroupName=contract.GROUP_NAME, DesiredCapacity=count)

    def described(self) -> dict[str, Any]:
        answer = self.client.describe_auto_scaling_groups(AutoScalingGroupNames=[contract.GROUP_NAME])
        group: dict[str, Any] = answer["AutoScalingGroups"][0]
        return group

    def instances(self) -> list[str]:
        return [one["InstanceId"] for one in self.described()["Instances"]]

    def activities(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.describe_scaling_activities(AutoScalingGroupName=contract.GROUP_NAME)[
            "Activities"
        ]
        return found


@pytest.fixture
def group(aws: Aws) -> Iterator[Group]:
    group = Group(aws)
    group.desire(1)
    yield group
    group.scaling.launch_failure = None
    group.client.resume_processes(AutoScalingGroupName=contract.GROUP_NAME)
    group.client.update_auto_scaling_group(
        AutoScalingGroupName=contract.GROUP_NAME, MinSize=0, MaxSize=20, DesiredCapacity=1
    )


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_desired_capacity_above_max_is_refused_in_awss_words(group: Group) -> None:
    with pytest.raises(ClientError) as error:
        group.desire(30)
    assert refusal(error) == (
        "ValidationError",
        "New SetDesiredCapacity value 30 is above max value 20 for the AutoScalingGroup.",
    )
    assert group.described()["DesiredCapacity"] == 1


def test_a_desired_capacity_below_min_is_refused_in_awss_words(group: Group) -> None:
    group.client.update_auto_scaling_group(AutoScalingGroupName=contract.GROUP_NAME, MinSize=1)
    with pytest.raises(ClientError) as error:
        group.desire(0)
    assert refusal(error) == (
        "ValidationError",
        "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup.",
    )


@pytest.mark.parametrize("call", ["set_desired_capacity", "describe_scaling_activities", "resume_processes"])
def test_an_unknown_group_is_refused(group: Group, call: str) -> None:
    extra = {"DesiredCapacity": 1} if call == "set_desired_capacity" else {}
    with pytest.raises(ClientError) as error:
        getattr(group.client, call)(AutoScalingGroupName="nobody", **extra)
    code, message = refusal(error)
    assert code == "ValidationError"
    assert message.startswith("AutoScalingGroup name not found - ")


def test_launches_and_terminations_are_recorded_as_activities(group: Group) -> None:
    before = group.instances()
    group.desire(2)
    (launched,) = set(group.instances()) - set(before)
    newest = group.activities()[0]
    assert newest["Description"] == f"Launching a new EC2 instance: {launched}"
    assert "changing the desired capacity from 1 to 2" in newest["Cause"]
    assert newest["StatusCode"] == "Successful"

    group.desire(0)
    assert {one["Description"] for one in group.activities()[:2]} == {
        f"Terminating EC2 instance: {one}" for one in (*before, launched)
    }


def test_a_suspended_launch_process_lets_desired_rise_and_no_instance_come(group: Group) -> None:
    group.client.suspend_processes(AutoScalingGroupName=contract.GROUP_NAME, ScalingProcesses=["Launch"])
    group.desire(3)
    group.scaling.reconcile()
    assert group.described()["DesiredCapacity"] == 3
    assert len(group.instances()) == 1

    group.client.resume_processes(AutoScalingGroupName=contract.GROUP_NAME, ScalingProcesses=["Launch"])
    assert len(group.instances()) == 3


def test_a_failing_launch_is_an_activity_with_its_reason(group: Group) -> None:
    group.scaling.launch_failure = "You have requested more vCPU capacity than your current vCPU limit allows."
    group.desire(2)
    failed = group.activities()[0]
    assert failed["StatusCode"] == "Failed"
    assert failed["StatusMessage"].startswith("You have requested more vCPU capacity")
    assert len(group.instances()) == 1


def test_a_terminated_instance_is_replaced_unless_the_desired_capacity_goes_down_with_it(group: Group) -> None:
    (first,) = group.instances()
    terminate = group.client.terminate_instance_in_auto_scaling_group
    terminate(InstanceId=first, ShouldDecrementDesiredCapacity=False)
    (second,) = group.instances()
    assert second != first
    terminate(InstanceId=second, ShouldDecrementDesiredCapacity=True)
    assert group.instances() == []


def test_an_unhealthy_instance_is_replaced(group: Group) -> None:
    (first,) = group.instances()
    group.client.set_instance_health(InstanceId=first, HealthStatus="Unhealthy")
    group.scaling.reconcile()
    (second,) = group.instances()
    assert second != first


def test_an_instance_refresh_replaces_every_instance(group: Group) -> None:
    before = group.instances()
    group.client.start_instance_refresh(AutoScalingGroupName=contract.GROUP_NAME)
    assert len(group.instances()) == 1
    assert group.instances() != before


def test_a_desired_capacity_outside_new_bounds_is_refused(group: Group) -> None:
    with pytest.raises(ClientError) as error:
        group.client.update_auto_scaling_group(AutoScalingGroupName=contract.GROUP_NAME, MinSize=2, DesiredCapacity=1)
    assert refusal(error)[0] == "ValidationError"


def test_instances_are_named_private_and_in_service(aws: Aws, group: Group) -> None:
    (instance_id,) = group.instances()
    assert group.described()["Instances"][0]["LifecycleState"] == "InService"
    described = aws.client("ec2").describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    assert {"Key": "Name", "Value": contract.WORKER_NAME} in described["Tags"]
    assert described["PrivateIpAddress"].startswith("10.20.1.")
    assert "PublicIpAddress" not in described


def test_a_reboot_reaches_the_machine(aws: Aws, desk: Any, group: Group) -> None:
    (instance_id,) = group.instances()
    aws.hosts[instance_id] = desk
    aws.client("ec2").reboot_instances(InstanceIds=[instance_id])
    assert processes.until(desk.rebooted.is_set, 10)


def test_the_autoscalers_function_and_rule_can_be_seen(aws: Aws) -> None:
    function = aws.client("lambda").get_function_configuration(FunctionName=contract.AUTOSCALER_NAME)
    assert (function["State"], function["LastUpdateStatus"]) == ("Active", "Successful")
    events = aws.client("events")
    assert events.list_rule_names_by_target(TargetArn=function["FunctionArn"])["RuleNames"] == [
        contract.AUTOSCALER_RULE
    ]
    assert events.describe_rule(Name=contract.AUTOSCALER_RULE)["State"] == "ENABLED"
