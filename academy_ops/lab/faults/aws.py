"""Faults of what the academy owns in AWS: queue, group, rule, keys, clock."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any, Final

from academy_ops.lab import names, processes
from academy_ops.lab.faults.fault import Fault
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

OPERATOR_USER: Final = "academy-operator"
WORKER_USER: Final = "academy-worker"
DENIAL: Final = "denied-by-fault"
_GONE_SECONDS: Final = 20.0
_CLOCK_SECONDS: Final = 20 * 60
_NO_CAPACITY: Final = (
    "We currently do not have sufficient t3.small capacity in the Availability Zone you requested "
    "(ap-northeast-2a). Our system will be working on provisioning additional capacity."
)


def scale_to_zero(lab: Lab) -> None:
    """Switch the autoscaler off and the last worker with it."""
    _disable_rule(lab)
    lab.aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName=names.GROUP, MinSize=0, DesiredCapacity=0)
    processes.until(lab.fleet.is_empty, _GONE_SECONDS)


def _suspend_launches(lab: Lab) -> None:
    lab.aws("autoscaling").suspend_processes(AutoScalingGroupName=names.GROUP, ScalingProcesses=["Launch"])
    _lose_instances(lab)


def _fail_launches(lab: Lab) -> None:
    lab.cloud.scaling.launch_failure = _NO_CAPACITY
    _lose_instances(lab)


def _delete_group(lab: Lab) -> None:
    lab.aws("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=names.GROUP, ForceDelete=True)
    processes.until(lab.fleet.is_empty, _GONE_SECONDS)


def _disable_rule(lab: Lab) -> None:
    lab.aws("events").disable_rule(Name=names.RULE)


def _delete_queue(lab: Lab) -> None:
    sqs = lab.aws("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=names.QUEUE)["QueueUrl"])


def _add_dead_letter(lab: Lab) -> None:
    sqs = lab.aws("sqs")
    url = sqs.get_queue_url(QueueName=names.DEAD_LETTER_QUEUE)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"job_type": "unknown"}))


def _disable_worker_key(lab: Lab) -> None:
    lab.aws("iam").update_access_key(UserName=WORKER_USER, AccessKeyId=lab.users["worker"].key_id, Status="Inactive")
    _poll_anew(lab, "InvalidClientTokenId")


def _deny_queue(lab: Lab) -> None:
    denial: dict[str, Any] = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "sqs:ReceiveMessage", "Resource": "*"}],
    }
    lab.aws("iam").put_user_policy(UserName=WORKER_USER, PolicyName=DENIAL, PolicyDocument=json.dumps(denial))
    _poll_anew(lab, "AccessDenied")


def _poll_anew(lab: Lab, refusal: str) -> None:
    """End the polls that were admitted before, and wait until the workers' logs tell of the refusal."""
    lab.fleet.send_signal(signal.SIGKILL)
    lab.fleet.wait_for_log(refusal)


def _shift_clock(lab: Lab) -> None:
    lab.cloud.set_clock_offset(_CLOCK_SECONDS)


def _close(lab: Lab) -> None:
    lab.cloud.set_reachable(reachable=False)


def _disable_operator_key(lab: Lab) -> None:
    key = lab.users["operator"].key_id
    lab.aws("iam").update_access_key(UserName=OPERATOR_USER, AccessKeyId=key, Status="Inactive")


def _lose_instances(lab: Lab) -> None:
    autoscaling = lab.aws("autoscaling")
    group = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[names.GROUP])["AutoScalingGroups"][0]
    if not group["DesiredCapacity"]:
        autoscaling.set_desired_capacity(AutoScalingGroupName=names.GROUP, DesiredCapacity=1)
    for instance in group["Instances"]:
        autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=instance["InstanceId"], ShouldDecrementDesiredCapacity=False
        )
    processes.until(lab.fleet.is_empty, _GONE_SECONDS)


FAULTS: Final = (
    Fault("clock-skew", say("AWS's clock is 20 minutes ahead of this machine's."), _shift_clock),
    Fault("aws-unreachable", say("AWS closes every connection without an answer."), _close),
    Fault("aws-credentials-invalid", say("The operator's AWS key is disabled."), _disable_operator_key),
    Fault("queue-missing", say("The queue is deleted."), _delete_queue),
    Fault("queue-dead-letters/old", say("An old message lies in the dead-letter queue."), _add_dead_letter),
    Fault("asg-missing", say("The workers' Auto Scaling group is deleted."), _delete_group),
    Fault(
        "worker-scaled-to-zero",
        say("The autoscaler's rule is off, the group has min 0 and desired 0; no instance is left."),
        scale_to_zero,
    ),
    Fault(
        "worker-launch-suspended",
        say("The group's Launch process is suspended, and its instances are gone."),
        _suspend_launches,
    ),
    Fault("worker-launch-failing", say("Every launch fails, and the group's instances are gone."), _fail_launches),
    Fault("autoscaler-off", say("The rule that runs the autoscaler is disabled."), _disable_rule),
    Fault("worker-aws-credentials", say("The workers' AWS key is disabled."), _disable_worker_key, needs_worker=True),
    Fault("worker-queue-denied", say("The workers may not receive messages."), _deny_queue, needs_worker=True),
)
