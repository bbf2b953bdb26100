"""Section 3-1: the Auto Scaling group and its instances."""

from collections.abc import Mapping
from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import Variant, codes, variant
from academy_ops.diagnosis.catalogue.group import ROWS, processes
from academy_ops.diagnosis.catalogue.launches import FAILING
from academy_ops.diagnosis.command import Steps, aws, command
from academy_ops.messages import say

_cause, _warning, _read, _change = ROWS.cause, ROWS.warning, ROWS.read, ROWS.change
_to_read, _to_change = ROWS.to_read, ROWS.to_change


def _complete(transition: str, state: str) -> Steps:
    """Return the commands that let an instance of the group go on that waits on a lifecycle hook."""
    return (
        *commands.of_group(
            "describe-lifecycle-hooks --output text --query",
            f"LifecycleHooks[?LifecycleTransition==`autoscaling:EC2_INSTANCE_{transition}`].LifecycleHookName | [0]",
            prints="hook",
        ),
        *commands.instance_in(f"LifecycleState==`{state}`"),
        *commands.of_group(
            "complete-lifecycle-action --lifecycle-action-result CONTINUE "
            "--lifecycle-hook-name <hook> --instance-id <found>"
        ),
    )


def _bounds(option: str) -> Steps:
    return commands.of_group(f"update-auto-scaling-group {option} 1")


_FIX_ACTIVITY: Final = _change(
    "Fix what the activity's message reports; the Auto Scaling group then retries by itself.", commands.ACTIVITIES
)
_WAIT: Final = _read("Wait two minutes, then check again.", command("<ops> diagnose <job>"))
_START_ONE: Final = _change(
    "Start one worker. It usually polls the queue after {usual_boot_from} to {usual_boot_to} minutes.",
    command("<ops> scale-worker --desired 1"),
)
_AT_ZERO: Final[Mapping[str, Variant]] = {
    "max-zero": _to_change(
        "Desired capacity is 0 while work is waiting, and the maximum is 0 too: no worker can start.",
        "Raise the maximum first, then start one worker.",
        _bounds("--max-size") + command("<ops> scale-worker --desired 1"),
    ),
    "set-back": variant(
        "Workers were started while the job was waiting, and desired capacity was set back to 0 each time.",
        _read(
            "Find out who sets it from the cause of each activity, and stop one of the two. For a user request, "
            "the SetDesiredCapacity and UpdateAutoScalingGroup events in CloudTrail show the caller.",
            commands.ACTIVITIES,
        ),
        _change(
            "Until that is settled, keep one worker: with a minimum of 1, desired capacity can't be set to 0.",
            _bounds("--min-size"),
        ),
    ),
    "starter-fails": variant(
        "Desired capacity is 0 while work is waiting. The autoscaler or scaling policy is on, "
        "but does not start a worker.",
        _START_ONE,
        _read(
            "Check whether the autoscaler's runs fail (its log says why), or are throttled because its reserved "
            "concurrency or the account's is used up.",
            commands.FUNCTION_ERRORS,
        ),
        _read("Find out why the alarm of the Auto Scaling group's scaling policy does not trigger.", commands.ALARM),
    ),
}
_FEWER: Final[Mapping[str, Variant]] = {
    **FAILING,
    "launch-failing": variant("Fewer workers are in service than desired: launches fail.", _FIX_ACTIVITY),
}
_REFRESHES: Final = commands.of_group(
    "describe-instance-refreshes --max-records 3 --output text --query "
    "InstanceRefreshes[].[StartTime,Status,PercentageComplete,StatusReason]"
)
_VERSIONS: Final = commands.describe_group(
    "AutoScalingGroups[].Instances[].[InstanceId,LifecycleState,LaunchTemplate.Version]", "--output text"
)
_ONE_VERSION: Final = (
    _read("Check its status reason, and which instance runs which version.", _REFRESHES + _VERSIONS),
    _change(
        "After fixing it, replace the instances, so that all run the group's version. Jobs in progress start over.",
        commands.REPLACE_INSTANCES,
    ),
)
_REFRESH_FAILED: Final[Mapping[str, Variant]] = {
    "failed": variant("The last instance refresh failed and left workers of two versions.", *_ONE_VERSION),
    "cancelled": variant("The last instance refresh was canceled and left workers of two versions.", *_ONE_VERSION),
    "rolling-back": _to_read(
        "An instance refresh is being rolled back: the new version of the workers failed.",
        "Check its status reason, and wait until the rollback ends.",
        _REFRESHES,
    ),
}
WORKERS: Final = (
    _cause(
        "asg-missing",
        "The workers' Auto Scaling group does not exist.",
        "There is no Auto Scaling group with that name in this region and account, or it is being deleted.",
        (commands.GROUP,),
        _change(
            say(
                "Correct {setting} or the region, or create the Auto Scaling group from its template.",
                setting="AI_WORKER_ASG_NAME",
            ),
            aws("autoscaling describe-auto-scaling-groups --query AutoScalingGroups[].AutoScalingGroupName"),
        ),
        reasons={
            "deleting": _to_change(
                "The workers' Auto Scaling group is being deleted; AWS accepts no change to it any more.",
                say(
                    "Find out who deletes it (a deployment that replaces it, or a person). Once it is gone, create it "
                    "again from its template; if another group took over, set {setting}.",
                    setting="AI_WORKER_ASG_NAME",
                ),
                aws("autoscaling describe-auto-scaling-groups --query AutoScalingGroups[].AutoScalingGroupName"),
            )
        },
    ),
    _cause(
        "worker-scaled-to-zero",
        "The worker group's desired capacity is 0 while work is waiting: no worker can take the job.",
        "Desired capacity is 0, a message is waiting or in flight (if the queue is missing or can't be read: the "
        "job is waiting), and no instance is still working. This is reported after {autoscaler_minutes} minutes, "
        "or at once if everything that could start a worker is off or the maximum is 0. Also if "
        "{launch_loop_launches} workers or more were started while the job was waiting, and scaled in again.",
        (commands.GROUP, commands.DEPTH),
        _START_ONE,
        reasons=_AT_ZERO,
    ),
    _cause(
        "worker-launch-suspended",
        "The Auto Scaling group's Launch process is suspended, so no instance can start.",
        "Launch is one of the suspended processes, and either no instance is in service although "
        "desired capacity is not 0, or desired capacity is 0 while work is waiting.",
        (commands.GROUP,),
        _change("Resume the Auto Scaling group's Launch process.", processes("resume", "Launch")),
    ),
    _cause(
        "worker-launch-failing",
        "The Auto Scaling group tries to launch instances, but every launch fails.",
        "No instance is in service or starting, and the last launch failed or was canceled; or "
        "{launch_loop_launches} launches or more have ended without a worker in service since "
        "the job started waiting, and most of them failed, even if another launch is pending now.",
        (commands.ACTIVITIES,),
        _FIX_ACTIVITY,
        reasons=FAILING,
    ),
    _cause(
        "worker-launch-loop",
        "Instances keep launching and being terminated again.",
        "{launch_loop_launches} instances or more, launched since the job started waiting or in "
        "the last {launch_loop_minutes} minutes, are gone again without a scale-in, and no "
        "instance older than {boot_minutes} minutes is working.",
        (commands.ACTIVITIES, commands.GROUP),
        _change(
            "Find out why they are replaced. Suspend ReplaceUnhealthy meanwhile, so that one instance stays.",
            processes("suspend", "ReplaceUnhealthy"),
        ),
        _change("After fixing it, resume ReplaceUnhealthy.", processes("resume", "ReplaceUnhealthy")),
        reasons={
            "outside": _to_read(
                "Instances keep launching, and something other than the group's health checks ends them.",
                "EC2 shows what ended each of them. A Spot interruption: let the group launch On-Demand Instances. "
                "A shutdown from inside: read the end of the user data and worker logs. A request: CloudTrail shows "
                "the caller of TerminateInstances or TerminateInstanceInAutoScalingGroup.",
                commands.ENDED_MACHINES,
            )
        },
    ),
    _cause(
        "worker-launch-stuck",
        "A launching instance is waiting on a lifecycle hook.",
        "No instance is in service, and an instance has been in Pending:Wait, or its launch in "
        "MidLifecycleAction, for {boot_minutes} minutes or more.",
        (commands.GROUP, commands.HOOKS),
        _change("Complete the lifecycle action, or delete the hook.", _complete("LAUNCHING", "Pending:Wait")),
    ),
    _cause(
        "worker-no-instances",
        "No worker instance is in service.",
        "Desired capacity is not 0, no instance is InService, and the launches do not show why.",
        (commands.GROUP, commands.ACTIVITIES),
        _read("Check what the Auto Scaling group is doing.", commands.ACTIVITIES),
        _change(
            "Put the instance in Standby back in service.", commands.of_group("exit-standby --instance-ids <standby>")
        ),
        reasons={
            "terminating": _to_change(
                "The last worker instance is being terminated, but waits on a lifecycle hook; the Auto Scaling "
                "group may replace it only after that.",
                "Complete the lifecycle action; if a message is still in flight, its job starts over.",
                _complete("TERMINATING", "Terminating:Wait"),
            )
        },
        explains=codes("queue-not-consumed", "message-stuck", "job-stalled"),
    ),
    _cause(
        "worker-unhealthy",
        "The Auto Scaling group reports its worker instances as unhealthy.",
        "No instance in service is Healthy, or EC2 shows all of them as stopped; and the job is {young_seconds} "
        "seconds old or more, or a suspended process prevents the Auto Scaling group from replacing them.",
        (commands.GROUP, commands.ACTIVITIES),
        _change(
            "Resume the suspended process, so that the Auto Scaling group replaces its unhealthy instances.",
            processes("resume", "<halted>"),
        ),
        _read("Wait until the group replaces them, and check its activities.", command("<ops> check workers")),
        _change(
            "If it does not, terminate the instance; its job starts over on another worker.",
            commands.instance_in("HealthStatus==`Unhealthy`") + commands.terminate("found"),
        ),
        explains=codes(
            "queue-not-consumed",
            "message-stuck",
            "job-stalled",
            "ssm-offline",
            "worker-docker-down",
            "worker-container-missing",
            "worker-container-exited",
        ),
        reasons={
            "stopped": _to_change(
                "EC2 has stopped or terminated the worker instances, but the Auto Scaling group still "
                "counts them as in service.",
                "Terminate the instance so that the Auto Scaling group replaces it now; its own health "
                "check takes a few minutes.",
                commands.terminate("instance"),
            )
        },
    ),
    _warning(
        "worker-booting",
        "A worker is still booting. This usually takes {usual_boot_from} to {usual_boot_to} "
        "minutes, at most {boot_minutes}.",
        "Messages are waiting while every instance in service is younger than {boot_minutes} minutes, or none is "
        "in service and a launch from the last {boot_minutes} minutes is still in progress. Or cloud-init is still "
        "running on an instance, for at most {boot_endless_minutes} minutes.",
        (commands.MACHINES, commands.ACTIVITIES),
        _WAIT,
        reasons={
            "user-data": variant(
                "A worker instance is up, but its user data is still running and has not created the "
                "worker container yet.",
                _WAIT,
            ),
            "unit": variant("The systemd unit that runs the worker is starting it.", _WAIT),
        },
    ),
    _warning(
        "worker-undersized",
        "More work is waiting than the workers can process soon.",
        "One worker per {jobs_per_worker} messages waiting or in flight, between the minimum and maximum, is more "
        "than desired capacity; or fewer workers are in service than desired because launches fail.",
        (commands.DEPTH, commands.GROUP, commands.ACTIVITIES),
        _change(
            "Start more workers. The autoscaler may change the number again on its next run.",
            command("<ops> scale-worker --desired <wanted>"),
        ),
        reasons=_FEWER,
    ),
    _warning(
        "worker-refresh-failed",
        "An instance refresh did not succeed and left workers of two versions.",
        "The last instance refresh failed or was canceled, and the instances in service come "
        "from more than one version of the launch template; or it is being rolled back. A "
        "refresh in progress is shown, but is not a fault.",
        (_REFRESHES, _VERSIONS),
        *_ONE_VERSION,
        reasons=_REFRESH_FAILED,
    ),
)
