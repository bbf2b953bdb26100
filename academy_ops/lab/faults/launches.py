"""Faults of the workers' group: its launches and instances, and who starts workers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from academy_ops.contract import AUTOSCALER_NAME, AUTOSCALER_RULE, GROUP_NAME, QUEUE_NAME
from academy_ops.lab import processes
from academy_ops.lab.aws import resources
from academy_ops.lab.faults.fault import age_job, fault, worker_fault
from academy_ops.lab.faults.uploads import upload_and_wait

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

HOOK: Final = "academy-boot"
_ALARM_FIELDS: Final = (
    *("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods"),
    *("Threshold", "ComparisonOperator", "AlarmActions"),
)
_ACTION: Final = "academy-morning"
_GONE_SECONDS: Final = 20.0
_BOOT_SECONDS: Final = 3600.0
_OVERDUE_SECONDS: Final = 900
_LAUNCHES: Final = 4
_NO_CAPACITY: Final = (
    "We currently do not have sufficient t3.small capacity in the Availability Zone you requested "
    "(ap-northeast-2a). Our system will be working on provisioning additional capacity."
)
_REFUSALS: Final = {
    "quota": "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket "
    "that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request "
    "an adjustment to this limit.",
    "image": "The image id '[ami-0c9c942bd7bf113a2]' does not exist.",
    "template": "The key pair 'academy-workers' does not exist.",
    "network": "There are not enough free addresses in subnet 'subnet-0a1b2c3d' to satisfy the requested number of "
    "instances.",
    "volume-key": "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: "
    "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state.",
    "load-balancer": "One or more target groups not found. Validating load balancer configuration failed.",
    "role": "Value (academy-worker) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile "
    "name.",
    "encoded": "You are not authorized to perform this operation. Encoded authorization failure message: "
    "4GIOHlTkIaWHQD0Q0m6XSnuUMCm-ZZ9lzYk.",
    "account": "Your account is currently being verified. Verification normally takes less than 2 hours.",
    "hook": "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token 5c3e0f1b was abandoned: "
    "Heartbeat Timeout.",
}
"""Why launches fail, in the words of EC2 and Auto Scaling."""
_NO_WORDS: Final = "Internal error. Launching EC2 instance failed."


def scale_to_zero(lab: Lab) -> None:
    """Switch the autoscaler off and the last worker with it."""
    _disable_rule(lab)
    lab.aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP_NAME, MinSize=0, DesiredCapacity=0)
    processes.until(lab.fleet.is_empty, _GONE_SECONDS)


def _suspend_launches(lab: Lab) -> None:
    lab.aws("autoscaling").suspend_processes(AutoScalingGroupName=GROUP_NAME, ScalingProcesses=["Launch"])
    _lose_instances(lab)


def _fail_launches(lab: Lab, words: str = _NO_CAPACITY) -> None:
    lab.cloud.scaling.launch_failure = words
    _lose_instances(lab)


def _fail_and_try_again(lab: Lab) -> str:
    """Let launches fail while a job waits, and the newest be on its way."""
    lab.fleet.provisioning.boot_seconds = _BOOT_SECONDS
    _fail_launches(lab)
    job_id = _wait_long(lab)
    for _ in range(_LAUNCHES):
        lab.cloud.scaling.try_again()
    lab.cloud.scaling.launch_failure = None
    lab.cloud.scaling.try_again()
    lab.cloud.scaling.set_lifecycle("Pending")
    return job_id


def _fall_short(words: str, lab: Lab) -> None:
    lab.cloud.scaling.launch_failure = words
    lab.aws("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP_NAME, DesiredCapacity=_LAUNCHES)


def _wait_long(lab: Lab) -> str:
    return age_job(lab, upload_and_wait(lab), _OVERDUE_SECONDS)


def _no_maximum(lab: Lab) -> str:
    lab.aws("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=GROUP_NAME, MinSize=0, MaxSize=0, DesiredCapacity=0
    )
    processes.until(lab.fleet.is_empty, _GONE_SECONDS)
    return upload_and_wait(lab)


def _set_back(lab: Lab) -> str:
    """Let one hand start a worker for a job that waits, and another one take it away again."""
    lab.fleet.provisioning.boot_seconds = _BOOT_SECONDS
    scale_to_zero(lab)
    job_id = _wait_long(lab)
    for desired in (1, 0):
        lab.aws("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP_NAME, DesiredCapacity=desired)
    processes.until(lab.fleet.is_empty, _GONE_SECONDS)
    return job_id


def _starter_fails(lab: Lab) -> str:
    scale_to_zero(lab)
    lab.cloud.scaling.age_activities(2 * _OVERDUE_SECONDS)
    lab.aws("events").enable_rule(Name=AUTOSCALER_RULE)
    return _wait_long(lab)


def _delete_function(lab: Lab) -> None:
    lab.aws("lambda").delete_function(FunctionName=AUTOSCALER_NAME)


def _scale_by_alarms(lab: Lab) -> list[str]:
    """Put alarms in the function's place; return their names."""
    resources.remove_function(lab.aws)
    resources.create_alarms(lab.aws)
    return [alarm["AlarmName"] for alarm in lab.aws("cloudwatch").describe_alarms()["MetricAlarms"]]


def _scale_by_other_alarms(lab: Lab, **changed: object) -> list[str]:
    """Put alarms in the function's place that differ in something from those of production; return their names."""
    cloudwatch, names = lab.aws("cloudwatch"), _scale_by_alarms(lab)
    for alarm in cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]:
        kept = {field: alarm[field] for field in _ALARM_FIELDS}
        cloudwatch.put_metric_alarm(**{**kept, **changed})
    return names


def _starve_alarms(lab: Lab) -> None:
    for name in _scale_by_other_alarms(lab, TreatMissingData="missing"):
        lab.aws("cloudwatch").set_alarm_state(
            AlarmName=name, StateValue="INSUFFICIENT_DATA", StateReason="Insufficient Data: 1 datapoint was unknown."
        )


def _silence_alarms(lab: Lab) -> None:
    lab.aws("cloudwatch").disable_alarm_actions(AlarmNames=_scale_by_alarms(lab))


def _watch_another_queue(lab: Lab) -> None:
    _scale_by_other_alarms(lab, Dimensions=[{"Name": "QueueName", "Value": f"{QUEUE_NAME}-staging"}])


def _refresh_badly(lab: Lab, status: str, reason: str) -> None:
    """Let a deployment end after the first of two instances."""
    lab.aws("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP_NAME, DesiredCapacity=2)
    lab.cloud.scaling.split_versions()
    lab.cloud.scaling.record_refresh(GROUP_NAME, status, 50, reason)


def _delete_rule(lab: Lab) -> None:
    events = lab.aws("events")
    events.remove_targets(Rule=AUTOSCALER_RULE, Ids=["autoscaler"])
    events.delete_rule(Name=AUTOSCALER_RULE)


def _run_rarely(lab: Lab) -> None:
    lab.aws("events").put_rule(Name=AUTOSCALER_RULE, ScheduleExpression="rate(1 day)", State="ENABLED")


def _delete_group(lab: Lab) -> None:
    lab.aws("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=GROUP_NAME, ForceDelete=True)
    processes.until(lab.fleet.is_empty, _GONE_SECONDS)


def _disable_rule(lab: Lab) -> None:
    if lab.state.generation == 1:
        lab.aws("events").disable_rule(Name=AUTOSCALER_RULE)
    else:
        _silence_alarms(lab)


def _suspend(process: str, lab: Lab) -> None:
    """Let alarms or scheduled actions take the function's place, and suspend the process that carries them out."""
    autoscaling = lab.aws("autoscaling")
    if process == "ScheduledActions":
        resources.remove_function(lab.aws)
        autoscaling.put_scheduled_update_group_action(
            AutoScalingGroupName=GROUP_NAME, ScheduledActionName=_ACTION, Recurrence="0 23 * * 0-4", DesiredCapacity=1
        )
    else:
        _scale_by_alarms(lab)
    autoscaling.suspend_processes(AutoScalingGroupName=GROUP_NAME, ScalingProcesses=[process])


def _schedule(lab: Lab, expression: str, state: str) -> None:
    """Let a schedule of EventBridge Scheduler take the rule's place."""
    _delete_rule(lab)
    function = lab.aws("lambda").get_function_configuration(FunctionName=AUTOSCALER_NAME)
    lab.aws("scheduler").create_schedule(
        Name=_ACTION,
        ScheduleExpression=expression,
        State=state,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": function["FunctionArn"], "RoleArn": function["Role"]},
    )


def _disable_policies(lab: Lab) -> None:
    _scale_by_alarms(lab)
    lab.cloud.scaling.policies_enabled = False


def _lose_alarms(lab: Lab) -> None:
    lab.aws("cloudwatch").delete_alarms(AlarmNames=_scale_by_alarms(lab))


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
    lab.fleet.provisioning.boot_seconds = _BOOT_SECONDS
    for _ in range(times):
        _replace(lab)
    return upload_and_wait(lab)


def _replace(lab: Lab) -> None:
    """Replace every instance, and let its worker end: it would still take a message."""
    lab.cloud.scaling.replace_instances()
    processes.until(lambda: not lab.fleet.leaving(), _GONE_SECONDS)


def _wait_on_hook(lab: Lab) -> str:
    lab.fleet.provisioning.boot_seconds = _BOOT_SECONDS
    _put_hook(lab, "LAUNCHING")
    _replace(lab)
    lab.cloud.scaling.set_lifecycle("Pending:Wait")
    lab.cloud.scaling.age_instances(_OVERDUE_SECONDS)
    return upload_and_wait(lab)


def _put_hook(lab: Lab, transition: str) -> None:
    lab.aws("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName=GROUP_NAME,
        LifecycleHookName=HOOK,
        LifecycleTransition=f"autoscaling:EC2_INSTANCE_{transition}",
    )


def _hang_while_terminating(lab: Lab) -> str:
    _put_hook(lab, "TERMINATING")
    lab.fleet.change(container="stopped")
    lab.cloud.scaling.set_lifecycle("Terminating:Wait")
    return upload_and_wait(lab)


FAULTS: Final = (
    fault("asg-missing", "The workers' Auto Scaling group is deleted.", _delete_group),
    fault(
        "worker-scaled-to-zero",
        "The autoscaler's rule is off, the group has min 0 and desired 0; no instance is left.",
        scale_to_zero,
    ),
    fault(
        "worker-launch-suspended",
        "The group's Launch process is suspended, and its instances are gone.",
        _suspend_launches,
    ),
    fault("worker-launch-failing", "Every launch fails, and the group's instances are gone.", _fail_launches),
    *(
        fault(
            f"worker-launch-failing/{reason}",
            "Every launch fails, and the group's instances are gone.",
            partial(_fail_launches, words=words),
        )
        for reason, words in _REFUSALS.items()
    ),
    worker_fault(
        "worker-launch-failing/again",
        "Launches have failed while a job waited 15 minutes; the latest one is still in progress.",
        _fail_and_try_again,
    ),
    *(
        worker_fault(
            f"worker-undersized/{reason}", "The desired capacity is 4, and launches fail.", partial(_fall_short, words)
        )
        for reason, words in {"capacity": _NO_CAPACITY, **_REFUSALS, "launch-failing": _NO_WORDS}.items()
    ),
    worker_fault(
        "worker-scaled-to-zero/max-zero", "The group's maximum and desired capacity are set to 0.", _no_maximum
    ),
    worker_fault(
        "worker-scaled-to-zero/set-back", "A worker starts for a waiting job, and desired is set back to 0.", _set_back
    ),
    worker_fault(
        "worker-scaled-to-zero/starter-fails",
        "Desired is 0, a job has waited 15 minutes, and the autoscaler's rule is on but does nothing.",
        _starter_fails,
    ),
    worker_fault(
        "worker-refresh-failed/cancelled",
        "An instance refresh is canceled after the first of two instances.",
        partial(_refresh_badly, status="Cancelled", reason="Cancelled by user request"),
    ),
    worker_fault(
        "worker-refresh-failed/rolling-back",
        "An instance refresh is being rolled back.",
        partial(
            _refresh_badly,
            status="RollbackInProgress",
            reason="The rollback was started because of the alarm academy-worker-age-high.",
        ),
    ),
    worker_fault(
        "worker-refresh-failed/failed",
        "An instance refresh fails after the first of two instances.",
        partial(
            _refresh_badly,
            status="Failed",
            reason="Instance replacement timed out: the new instance did not become healthy.",
        ),
    ),
    fault("autoscaler-off/alarm-no-data", "Alarms replace the function, and have no data.", _starve_alarms),
    fault(
        "autoscaler-off/alarm-disabled", "Alarms replace the function, and their actions are disabled.", _silence_alarms
    ),
    fault(
        "autoscaler-off/alarm-other-queue",
        "Alarms replace the function, and watch another queue.",
        _watch_another_queue,
    ),
    fault("autoscaler-off/no-alarm", "Alarms replace the function, and are deleted.", _lose_alarms),
    fault(
        "autoscaler-off/alarms-suspended",
        "Alarms replace the function, and the group's AlarmNotification process is suspended.",
        partial(_suspend, "AlarmNotification"),
    ),
    fault(
        "autoscaler-off/policy-disabled",
        "Alarms replace the function, and the group's scaling policies are disabled.",
        _disable_policies,
    ),
    fault(
        "autoscaler-off/actions-suspended",
        "Scheduled actions replace the function, and the group's ScheduledActions process is suspended.",
        partial(_suspend, "ScheduledActions"),
    ),
    fault(
        "autoscaler-off/schedule-disabled",
        "A schedule replaces the rule, and is disabled.",
        partial(_schedule, expression="rate(1 minute)", state="DISABLED"),
    ),
    fault(
        "autoscaler-off/schedule-rare",
        "A schedule replaces the rule, and runs the autoscaler once a day.",
        partial(_schedule, expression="rate(1 day)", state="ENABLED"),
    ),
    fault("autoscaler-off/no-function", "The autoscaler's function is deleted.", _delete_function),
    fault("autoscaler-off/no-rule", "The rule that runs the autoscaler is deleted.", _delete_rule),
    fault("autoscaler-off/schedule", "The rule runs the autoscaler once a day.", _run_rarely),
    fault("autoscaler-off", "The rule that runs the autoscaler is disabled.", _disable_rule),
    worker_fault(
        "worker-booting",
        "The worker is replaced, and the new instance boots slowly.",
        lambda lab: _replace_repeatedly(lab, 1),
    ),
    worker_fault(
        "worker-launch-loop",
        "Instances fail their health check and are replaced, over and over.",
        lambda lab: _replace_repeatedly(lab, _LAUNCHES),
    ),
    worker_fault("worker-launch-stuck", "The new instance has waited 15 minutes on a lifecycle hook.", _wait_on_hook),
    worker_fault("worker-no-instances", "The only instance is stuck in Terminating:Wait.", _hang_while_terminating),
)
