"""Faults of what the academy owns in AWS beside its workers' group: queue, keys, permissions, clock."""

from __future__ import annotations

import json
import signal
from functools import partial
from typing import TYPE_CHECKING, Final

from academy_ops.contract import DLQ_SUFFIX, GROUP_NAME, QUEUE_NAME, REGION
from academy_ops.lab.faults.fault import fault, worker_fault
from academy_ops.lab.faults.uploads import give_up, queue_url
from academy_ops.lab.state import WORKER_USER

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

_OPERATOR: Final = "academy-operator"
_DENIAL: Final = "denied-by-fault"
_CLOCK_SECONDS: Final = 20 * 60
_RECEIVE: Final = "sqs:ReceiveMessage"


def _delete_queue(name: str, lab: Lab) -> None:
    lab.aws("sqs").delete_queue(QueueUrl=queue_url(lab, name))


def _set_on_queue(lab: Lab, **attributes: str) -> None:
    lab.aws("sqs").set_queue_attributes(QueueUrl=queue_url(lab), Attributes=attributes)


def _give_up_at_once(lab: Lab) -> None:
    attributes = lab.aws("sqs").get_queue_attributes(QueueUrl=queue_url(lab), AttributeNames=["RedrivePolicy"])
    policy = json.loads(attributes["Attributes"]["RedrivePolicy"])
    _set_on_queue(lab, RedrivePolicy=json.dumps({**policy, "maxReceiveCount": 1}))


def _add_dead_letter(lab: Lab) -> None:
    url = queue_url(lab, QUEUE_NAME + DLQ_SUFFIX)
    lab.aws("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"job_type": "unknown"}))


def _disable_key(lab: Lab, user: str, part: str) -> None:
    lab.aws("iam").update_access_key(UserName=user, AccessKeyId=lab.users[part].key_id, Status="Inactive")


def _disable_worker_key(lab: Lab) -> None:
    _disable_key(lab, WORKER_USER, "worker")
    _poll_anew(lab, "InvalidClientTokenId")


def _deny_worker(lab: Lab, action: str) -> None:
    lab.aws("iam").put_user_policy(UserName=WORKER_USER, PolicyName=_DENIAL, PolicyDocument=_denial(action))


def _denial(action: str, **principal: str) -> str:
    statement = {"Effect": "Deny", **principal, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _deny_queue(lab: Lab) -> None:
    _deny_worker(lab, _RECEIVE)
    _poll_anew(lab, "AccessDenied")


def _deny_in_queue(lab: Lab) -> None:
    _set_on_queue(lab, Policy=_denial(_RECEIVE, Principal="*"))
    _poll_anew(lab, "resource-based policy")


def add_endpoint(lab: Lab) -> None:
    """Make a VPC endpoint of SQS, if there is none."""
    ec2 = lab.aws("ec2")
    if not ec2.describe_vpc_endpoints()["VpcEndpoints"]:
        vpc = ec2.describe_subnets(SubnetIds=[lab.subnet])["Subnets"][0]["VpcId"]
        ec2.create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.sqs", SubnetIds=[lab.subnet]
        )


def _disable_queue_key(lab: Lab, *, for_good: bool = False) -> None:
    key, kms = encrypt_queue(lab), lab.aws("kms")
    if for_good:
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    else:
        kms.disable_key(KeyId=key)
    _poll_anew(lab, "KMS.")


def encrypt_queue(lab: Lab) -> str:
    """Give the queue a key of its own; return the key's id."""
    key = str(lab.aws("kms").create_key()["KeyMetadata"]["KeyId"])
    _set_on_queue(lab, KmsMasterKeyId=key)
    return key


def _close_metadata(endpoint: str, lab: Lab) -> None:
    for instance_id in lab.cloud.scaling.instances():
        lab.aws("ec2").modify_instance_metadata_options(
            InstanceId=instance_id, HttpTokens="required", HttpPutResponseHopLimit=1, HttpEndpoint=endpoint
        )
    _start_without_credentials(lab)


def _name_no_dead_letters(lab: Lab) -> str:
    job_id = give_up(lab)
    _set_on_queue(lab, RedrivePolicy="")
    return job_id


def _take_roles(lab: Lab) -> None:
    ec2 = lab.aws("ec2")
    for association in ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]:
        ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
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
    _deny_worker(lab, "ssm:GetParameter")
    lab.fleet.reboot()


def _poll_anew(lab: Lab, refusal: str) -> None:
    """End the polls that were admitted before, and wait until the workers log the refusal."""
    lab.fleet.send_signal(signal.SIGKILL)
    lab.fleet.wait_for_log(refusal)


FAULTS: Final = (
    fault(
        "clock-skew",
        "AWS's clock is 20 minutes ahead of this machine's.",
        lambda lab: lab.cloud.set_clock_offset(_CLOCK_SECONDS),
    ),
    fault(
        "aws-unreachable",
        "AWS closes every connection without an answer.",
        lambda lab: lab.cloud.cut_off(),
    ),
    fault(
        "aws-credentials-invalid",
        "The operator's AWS key is disabled.",
        lambda lab: _disable_key(lab, _OPERATOR, "operator"),
    ),
    fault("queue-missing", "The queue is deleted.", partial(_delete_queue, QUEUE_NAME)),
    fault("queue-dead-letters/old", "An old message is in the dead-letter queue.", _add_dead_letter),
    worker_fault(
        "queue-dead-letters/not-named",
        "A message has been received three times and never deleted, and the queue no longer has a dead-letter "
        "queue set.",
        _name_no_dead_letters,
    ),
    fault(
        "queue-misconfigured/no-dead-letter-queue",
        "The queue has no dead-letter queue set.",
        partial(_set_on_queue, RedrivePolicy=""),
    ),
    fault(
        "queue-misconfigured/dead-letter-queue-missing",
        "The queue's dead-letter queue is deleted.",
        partial(_delete_queue, QUEUE_NAME + DLQ_SUFFIX),
    ),
    fault(
        "queue-misconfigured/few-receives",
        "A message goes to the dead-letter queue after one receive.",
        _give_up_at_once,
    ),
    fault(
        "queue-misconfigured/short-visibility",
        "A received message becomes visible again after 30 seconds.",
        partial(_set_on_queue, VisibilityTimeout="30"),
    ),
    fault(
        "queue-misconfigured/delay",
        "The queue delays each message by 15 minutes.",
        partial(_set_on_queue, DelaySeconds="900"),
    ),
    fault(
        "queue-misconfigured/short-retention",
        "The queue keeps a message for an hour.",
        partial(_set_on_queue, MessageRetentionPeriod="3600"),
    ),
    worker_fault("worker-aws-credentials", "The workers' AWS key is disabled.", _disable_worker_key),
    worker_fault(
        "worker-aws-credentials/hop-limit",
        "The instances' metadata service requires a token and has a hop limit of 1.",
        partial(_close_metadata, "enabled"),
    ),
    worker_fault(
        "worker-aws-credentials/metadata-off",
        "The instances' metadata service is switched off.",
        partial(_close_metadata, "disabled"),
    ),
    worker_fault("worker-aws-credentials/no-role", "The instances have no instance profile.", _take_roles),
    worker_fault("worker-aws-credentials/clock", "The workers' clock is 20 minutes behind.", _delay_workers),
    worker_fault("worker-queue-denied", "The workers aren't allowed to receive messages.", _deny_queue),
    worker_fault("worker-queue-denied/queue-policy", "The queue's own policy denies receiving.", _deny_in_queue),
    worker_fault(
        "worker-queue-denied/key-disabled", "The key that encrypts the queue is disabled.", _disable_queue_key
    ),
    worker_fault(
        "worker-queue-denied/key-deletion",
        "The key that encrypts the queue is pending deletion.",
        partial(_disable_queue_key, for_good=True),
    ),
    worker_fault("worker-unhealthy/stopped", "Someone stopped the instances in EC2.", _stop_instances),
    worker_fault(
        "worker-env-missing/parameter-unread",
        "The instances aren't allowed to read the workers' parameter.",
        _hide_parameter,
    ),
)
