"""Section 3-1: the Auto Scaling group and its instances."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue.cause import WAITING, Cause, codes, do
from academy_ops.messages import Text, say

_CHECK: Final = "{ops} check workers"
_NOBODY_WORKS: Final = codes(
    "worker-no-instances", "queue-not-consumed", "message-stuck", "job-stalled", "worker-unhealthy"
)


def _absent(code: str, meaning: Text, advice: Text, command: str, explains: frozenset[str] = _NOBODY_WORKS) -> Cause:
    """Make a row for a reason why no worker works."""
    return Cause(
        code,
        "3-1",
        meaning,
        states=WAITING,
        explains=explains,
        remedies=(do(advice, command=command, verify=_CHECK, risk="change"),),
    )


WORKERS: Final = (
    _absent(
        "asg-missing",
        say("The worker Auto Scaling group does not exist."),
        say("Correct AI_WORKER_ASG_NAME or the region, or create the group from its template."),
        "aws autoscaling describe-auto-scaling-groups --region {region} --query "
        "'AutoScalingGroups[].AutoScalingGroupName'",
    ),
    _absent(
        "worker-scaled-to-zero",
        say("The worker group is scaled to zero while work waits: nobody takes the job."),
        say("Start one worker; it takes 2 to 5 minutes until it polls the queue."),
        "{ops} scale-worker --desired 1",
    ),
    _absent(
        "worker-launch-suspended",
        say("The group's Launch process is suspended, so no instance can start."),
        say("Resume the group's Launch process."),
        "aws autoscaling resume-processes --region {region} --auto-scaling-group-name {group} "
        "--scaling-processes Launch",
    ),
    _absent(
        "worker-launch-failing",
        say("The group tries to launch instances, and every launch fails."),
        say("Mend what the activity's message names; the group tries again by itself."),
        "aws autoscaling describe-scaling-activities --region {region} --auto-scaling-group-name {group} --max-items 3",
    ),
    _absent(
        "worker-launch-loop",
        say("Instances are launched and terminated again, over and over."),
        say("Read why they are replaced; suspend ReplaceUnhealthy while you look, so that one instance stays."),
        "aws autoscaling suspend-processes --region {region} --auto-scaling-group-name {group} "
        "--scaling-processes ReplaceUnhealthy",
    ),
    _absent(
        "worker-launch-stuck",
        say("A launching instance waits on a lifecycle hook."),
        say("Complete the lifecycle action, or remove the hook."),
        "aws autoscaling describe-lifecycle-hooks --region {region} --auto-scaling-group-name {group}",
    ),
    _absent(
        "worker-no-instances",
        say("No worker instance is in service."),
        say("See what the group is doing; an instance in Standby must be put back into service."),
        "aws autoscaling describe-auto-scaling-instances --region {region}",
        codes("queue-not-consumed", "message-stuck", "job-stalled"),
    ),
    _absent(
        "worker-unhealthy",
        say("The group calls its worker instances unhealthy."),
        say("Let the group replace them; if it does not, terminate the instance."),
        "aws autoscaling describe-auto-scaling-instances --region {region}",
        codes(
            "queue-not-consumed",
            "message-stuck",
            "job-stalled",
            "ssm-offline",
            "worker-docker-down",
            "worker-container-missing",
            "worker-container-exited",
        ),
    ),
    Cause(
        "worker-booting",
        "3-1",
        say("A worker is still booting; 2 to 5 minutes are usual, 10 the worst."),
        remedies=(do(say("Wait, and look again in two minutes."), command="{ops} diagnose{job}"),),
        warn=True,
    ),
    Cause(
        "worker-undersized",
        "3-1",
        say("More work waits than the workers can take soon."),
        remedies=(
            do(
                say("Start more workers; the autoscaler may change the number again at its next run."),
                command="{ops} scale-worker --desired {wanted}",
                verify=_CHECK,
                risk="change",
            ),
        ),
        warn=True,
    ),
    Cause(
        "autoscaler-off",
        "3-1",
        say("The autoscaler does not run, so nobody will start workers by itself."),
        remedies=(
            do(
                say("Enable the rule that runs the autoscaler once a minute."),
                command="aws events enable-rule --region {region} --name {rule}",
                verify=_CHECK,
                risk="change",
            ),
        ),
        warn=True,
    ),
)
