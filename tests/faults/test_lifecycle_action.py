"""Completing a lifecycle action in the lab's AWS: an instance that waits on a hook goes on."""

import pytest
from botocore.exceptions import ClientError

from academy_ops.contract import GROUP_NAME
from tests.lab_driver import Lab


def test_an_instance_that_waits_goes_into_service_and_one_that_does_not_is_refused(lab: Lab) -> None:
    lab.break_fault("worker-launch-stuck")
    scaling = lab.client("autoscaling")

    def states() -> dict[str, str]:
        (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP_NAME])["AutoScalingGroups"]
        return {one["InstanceId"]: one["LifecycleState"] for one in group["Instances"]}

    (hook,) = scaling.describe_lifecycle_hooks(AutoScalingGroupName=GROUP_NAME)["LifecycleHooks"]
    waiting = next(instance for instance, state in states().items() if state == "Pending:Wait")
    action = {
        "AutoScalingGroupName": GROUP_NAME,
        "LifecycleHookName": hook["LifecycleHookName"],
        "InstanceId": waiting,
        "LifecycleActionResult": "CONTINUE",
    }
    scaling.complete_lifecycle_action(**action)
    assert states()[waiting] == "InService"
    with pytest.raises(ClientError, match="No active Lifecycle Action"):
        scaling.complete_lifecycle_action(**action)
