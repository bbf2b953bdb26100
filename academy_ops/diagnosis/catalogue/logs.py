"""Section 3-4: inside the worker instances, seen through SSM."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue.cause import WAITING, Cause, codes, do
from academy_ops.messages import Text, say

_CHECK: Final = "{ops} check logs{job}"
_CRASHES: Final = codes("worker-crash-loop", "worker-container-exited")
_IDLE: Final = codes("queue-not-consumed", "message-stuck", "job-stalled", "message-lost")
_ON_HOST: Final = "aws ssm start-session --region {region} --target {instance}"


def _inside(code: str, meaning: Text, advice: Text, command: str, explains: frozenset[str] = frozenset()) -> Cause:
    """Make a row for a fault inside a worker."""
    return Cause(
        code,
        "3-4",
        meaning,
        states=WAITING,
        explains=explains | _IDLE,
        remedies=(do(advice, command=command, verify=_CHECK, risk="change"),),
    )


LOGS: Final = (
    _inside(
        "worker-disk-full",
        say("The worker's disk is full."),
        say("Free space on the instance (old images first), or replace it."),
        _ON_HOST,
        _CRASHES | codes("worker-docker-down", "worker-container-missing"),
    ),
    _inside(
        "ssm-offline",
        say("Every worker's SSM agent is offline: the instances hang or have no network."),
        say("Reboot the instance; if it stays offline, let the group replace it."),
        "aws ec2 reboot-instances --region {region} --instance-ids {instance}",
    ),
    _inside(
        "worker-docker-down",
        say("Docker does not run on the worker instance."),
        say("Start Docker on the instance."),
        _ON_HOST,
        codes("worker-container-missing"),
    ),
    _inside(
        "worker-env-stale",
        say("The workers' parameter was changed after the worker started; the worker still runs with the old values."),
        say("Replace the worker instance; the parameter is read at boot only."),
        "aws autoscaling start-instance-refresh --region {region} --auto-scaling-group-name {group}",
        codes("worker-queue-mismatch", "worker-r2-mismatch", "worker-env-missing"),
    ),
    _inside(
        "worker-env-missing",
        say("The worker runs without the R2 settings it needs."),
        say("Complete the workers' parameter, then replace the worker instance."),
        "aws ssm get-parameter --region {region} --name {parameter} --query Parameter.LastModifiedDate",
        _CRASHES | codes("worker-container-missing", "worker-r2-mismatch"),
    ),
    _inside(
        "worker-queue-mismatch",
        say("The worker polls another queue than the API sends to."),
        say("Set AI_SQS_QUEUE_NAME_BASIC in the workers' parameter to the API's queue, then replace the instance."),
        "aws autoscaling start-instance-refresh --region {region} --auto-scaling-group-name {group}",
        codes("queue-missing", "worker-silent") | _CRASHES,
    ),
    _inside(
        "worker-r2-mismatch",
        say("The worker reads from another R2 bucket or endpoint than the API writes to, or its own key is refused."),
        say("Give the workers' parameter the API's R2 settings, then replace the instance."),
        "aws autoscaling start-instance-refresh --region {region} --auto-scaling-group-name {group}",
        codes("excel-object-missing"),
    ),
    _inside(
        "worker-out-of-memory",
        say("The worker's container was killed for want of memory."),
        say("Split the workbook, or use a larger instance type."),
        "{ops} --verbose check logs{job}",
        _CRASHES,
    ),
    _inside(
        "worker-dependency-missing",
        say("The worker's image lacks a Python package."),
        say("Build and push the image again, then replace the instance."),
        "{ops} --verbose check logs{job}",
        _CRASHES,
    ),
    _inside(
        "worker-database-down",
        say("The worker can't reach its database."),
        say("Check the database, and DATABASE_URL in the workers' parameter."),
        "{ops} --verbose check logs{job}",
        _CRASHES,
    ),
    _inside(
        "worker-aws-credentials",
        say("The worker has no valid AWS credentials."),
        say("Attach the worker role to the instance profile."),
        "aws ec2 describe-iam-instance-profile-associations --region {region} --filters "
        "Name=instance-id,Values={instance}",
        _CRASHES,
    ),
    _inside(
        "worker-queue-denied",
        say("The worker may not receive from the queue."),
        say("Allow sqs:ReceiveMessage, DeleteMessage and ChangeMessageVisibility in the worker's role."),
        "aws ec2 describe-iam-instance-profile-associations --region {region} --filters "
        "Name=instance-id,Values={instance}",
        _CRASHES,
    ),
    _inside(
        "worker-container-missing",
        say("The instance is up, but no worker container was ever started on it."),
        say("Read the boot log of the instance; if in doubt, replace it."),
        "aws ec2 get-console-output --region {region} --instance-id {instance} --latest --output text",
    ),
    _inside(
        "worker-crash-loop",
        say("The worker's container crashes and restarts over and over."),
        say("Read the last log lines for the reason."),
        "{ops} --verbose check logs{job}",
        codes("worker-container-exited"),
    ),
    _inside(
        "worker-container-exited",
        say("The worker's container has stopped."),
        say("Start the container again, then read why it stopped."),
        _ON_HOST,
    ),
    Cause(
        "worker-silent",
        "3-4",
        say("The worker's log says nothing; some releases log nothing at INFO."),
        warn=True,
    ),
)
