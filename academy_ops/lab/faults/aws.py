"""Faults of what the academy owns in AWS: queue, group, launches, rule, keys, clock."""

from __future__ import annotations

import json
import signal
from functools import partial
from typing import TYPE_CHECKING, Final

from academy_ops.contract import AUTOSCALER_RULE, DLQ_SUFFIX, GROUP_NAME, QUEUE_NAME
from academy_ops.lab import processes
from academy_ops.lab.faults.fault import Fault, worker_fault
from academy_ops.lab.faults.uploads import upload_and_wait
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

OPERATOR_USER: Final = "academy-operator"
WORKER_USER: Final = "academy-worker"
DENIAL: Final = "denied-by-fault"
HOOK: Final = "academy-boot"
_GONE_SECONDS: Final = 20.0
_CLOCK_SECONDS: Final = 20 * 60
_BOOT_SECONDS: Final = 3600.0
_OVERDUE_SECONDS: Final = 900
_LAUNCHES: Final = 4
_NO_CAPACITY: Final = (
    "We currently do not have sufficient t3.small capacity in the Availability Zone you requested "
    "(ap-northeast-2a). Our system will be working on provisioning additional capacity."
)


def scale_to_zero(lab: Lab) -> None:
    """Switch the autoscaler off and the last worker with it."""
    _disable_rule(lab)
    lab.aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP_NAME, MinSize=0, DesiredCapacity=0)
    processes.until(lab.fleet.is_empty, _GONE_SECONDS)


def _suspend_launches(lab: Lab) -> None:
    lab.aws("autoscaling").suspend_processes(AutoScalingGroupName=GROUP_NAME, ScalingProcesses=["Launch"])
    _lose_instances(lab)


def _fail_launches(lab: Lab) -> None:
    lab.cloud.scaling.launch_failure = _NO_CAPACITY
    _lose_instances(lab)


def _delete_group(lab: Lab) -> None:
    lab.aws("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=GROUP_NAME, ForceDelete=True)
    processes.until(lab.fleet.is_empty, _GONE_SECONDS)


def _disable_rule(lab: Lab) -> None:
    lab.aws("events").disable_rule(Name=AUTOSCALER_RULE)


def _delete_queue(lab: Lab) -> None:
    sqs = lab.aws("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=QUEUE_NAME)["QueueUrl"])


def _add_dead_letter(lab: Lab) -> None:
    sqs = lab.aws("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE_NAME + DLQ_SUFFIX)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"job_type": "unknown"}))


def _disable_key(lab: Lab, user: str, part: str) -> None:
    lab.aws("iam").update_access_key(UserName=user, AccessKeyId=lab.users[part].key_id, Status="Inactive")


def _disable_worker_key(lab: Lab) -> None:
    _disable_key(lab, WORKER_USER, "worker")
    _poll_anew(lab, "InvalidClientTokenId")


def _deny_queue(lab: Lab) -> None:
    denial = {"Effect": "Deny", "Action": "sqs:ReceiveMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    lab.aws("iam").put_user_policy(UserName=WORKER_USER, PolicyName=DENIAL, PolicyDocument=policy)
    _poll_anew(lab, "AccessDenied")


def _deny_in_queue(lab: Lab) -> None:
    denial = {"Effect": "Deny", "Principal": "*", "Action": "sqs:ReceiveMessage", "Resource": "*"}
    _set_on_queue(lab, Policy=json.dumps({"Version": "2012-10-17", "Statement": [denial]}))
    _poll_anew(lab, "resource-based policy")


def _disable_queue_key(lab: Lab, *, for_good: bool = False) -> None:
    kms = lab.aws("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    _set_on_queue(lab, KmsMasterKeyId=key)
    if for_good:
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    else:
        kms.disable_key(KeyId=key)
    _poll_anew(lab, "KMS.")


def _set_on_queue(lab: Lab, **attributes: str) -> None:
    sqs = lab.aws("sqs")
    sqs.set_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=QUEUE_NAME)["QueueUrl"], Attributes=attributes)


def open_queue(lab: Lab) -> None:
    """Take from the queue the policy and the key that faults have given it."""
    _set_on_queue(lab, Policy="", KmsMasterKeyId="")


def _shorten_hops(lab: Lab) -> None:
    for instance_id in lab.cloud.scaling.instances():
        lab.aws("ec2").modify_instance_metadata_options(
            InstanceId=instance_id, HttpTokens="required", HttpPutResponseHopLimit=1, HttpEndpoint="enabled"
        )
    _start_without_credentials(lab)


def _take_roles(lab: Lab) -> None:
    ec2 = lab.aws("ec2")
    for one in ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]:
        ec2.disassociate_iam_instance_profile(AssociationId=one["AssociationId"])
    _start_without_credentials(lab)


def _start_without_credentials(lab: Lab) -> None:
    lab.fleet.reboot()
    lab.fleet.wait_for_log("Unable to locate credentials")


def _delay_workers(lab: Lab) -> None:
    lab.cloud.set_late(WORKER_USER, _CLOCK_SECONDS)
    _poll_anew(lab, "Signature expired")


def _stop_instances(lab: Lab) -> None:
    lab.aws("autoscaling").suspend_processes(AutoScalingGroupName=GROUP_NAME, ScalingProcesses=["ReplaceUnhealthy"])
    lab.fleet.change(agent=False, container="stopped")
    lab.aws("ec2").stop_instances(InstanceIds=list(lab.cloud.scaling.instances()))


def _hide_parameter(lab: Lab) -> None:
    denial = {"Effect": "Deny", "Action": "ssm:GetParameter", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    lab.aws("iam").put_user_policy(UserName=WORKER_USER, PolicyName=DENIAL, PolicyDocument=policy)
    lab.fleet.reboot()


def _poll_anew(lab: Lab, refusal: str) -> None:
    """End the polls that were admitted before, and wait until the workers log the refusal."""
    lab.fleet.send_signal(signal.SIGKILL)
    lab.fleet.wait_for_log(refusal)


def _lose_instances(lab: Lab) -> None:
    autoscaling = lab.aws("autoscaling")
    group = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP_NAME])["AutoScalingGroups"][0]
    if not group["DesiredCapacity"]:
        autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP_NAME, DesiredCapacity=1)
    for instance in group["Instances"]:
        autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=instance["InstanceId"], ShouldDecrementDesiredCapacity=False
        )
    processes.until(lab.fleet.is_empty, _GONE_SECONDS)


def _replace_repeatedly(lab: Lab, times: int) -> str:
    """Replace every instance, and each new one before it has booted."""
    lab.fleet.boot_seconds = _BOOT_SECONDS
    for _ in range(times):
        lab.cloud.scaling.replace_instances()
    return upload_and_wait(lab)


def _wait_on_hook(lab: Lab) -> str:
    lab.fleet.boot_seconds = _BOOT_SECONDS
    lab.aws("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName=GROUP_NAME,
        LifecycleHookName=HOOK,
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
    )
    lab.cloud.scaling.replace_instances()
    lab.cloud.scaling.set_lifecycle("Pending:Wait")
    lab.cloud.scaling.age_instances(_OVERDUE_SECONDS)
    return upload_and_wait(lab)


def _hang_while_terminating(lab: Lab) -> str:
    lab.fleet.change(container="stopped")
    lab.cloud.scaling.set_lifecycle("Terminating:Wait")
    return upload_and_wait(lab)


FAULTS: Final = (
    Fault(
        "clock-skew",
        say("AWS's clock is 20 minutes ahead of this machine's."),
        lambda lab: lab.cloud.set_clock_offset(_CLOCK_SECONDS),
    ),
    Fault(
        "aws-unreachable",
        say("AWS closes every connection without an answer."),
        lambda lab: lab.cloud.set_reachable(reachable=False),
    ),
    Fault(
        "aws-credentials-invalid",
        say("The operator's AWS key is disabled."),
        lambda lab: _disable_key(lab, OPERATOR_USER, "operator"),
    ),
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
    worker_fault("worker-aws-credentials", say("The workers' AWS key is disabled."), _disable_worker_key),
    worker_fault(
        "worker-aws-credentials/hop-limit",
        say("The instances' metadata service answers one hop away only, and needs a token."),
        _shorten_hops,
    ),
    worker_fault("worker-aws-credentials/no-role", say("The instances have no instance profile."), _take_roles),
    worker_fault("worker-aws-credentials/clock", say("The workers' clock is 20 minutes behind."), _delay_workers),
    worker_fault("worker-queue-denied", say("The workers may not receive messages."), _deny_queue),
    worker_fault("worker-queue-denied/queue-policy", say("The queue's own policy denies receiving."), _deny_in_queue),
    worker_fault(
        "worker-queue-denied/key-disabled", say("The key that encrypts the queue is disabled."), _disable_queue_key
    ),
    worker_fault(
        "worker-queue-denied/key-deletion",
        say("The key that encrypts the queue is about to be deleted."),
        partial(_disable_queue_key, for_good=True),
    ),
    worker_fault("worker-unhealthy/stopped", say("Someone has stopped the instances in EC2."), _stop_instances),
    worker_fault(
        "worker-env-missing/parameter-unread",
        say("The instances may not read the workers' parameter."),
        _hide_parameter,
    ),
    worker_fault(
        "worker-booting",
        say("The worker is replaced, and the new instance boots slowly."),
        lambda lab: _replace_repeatedly(lab, 1),
    ),
    worker_fault(
        "worker-launch-loop",
        say("Instances fail their health check and are replaced, over and over."),
        lambda lab: _replace_repeatedly(lab, _LAUNCHES),
    ),
    worker_fault(
        "worker-launch-stuck", say("The new instance waits on a lifecycle hook for 15 minutes."), _wait_on_hook
    ),
    worker_fault("worker-no-instances", say("The only instance hangs in Terminating:Wait."), _hang_while_terminating),
)
