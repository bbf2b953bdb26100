"""Section 3-1: the Auto Scaling group and its instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import WAITING, Rows, Variant, codes
from academy_ops.diagnosis.command import Steps, command
from academy_ops.messages import say
from academy_ops.thresholds import FIGURES

_NOBODY_WORKS: Final = codes(
    "worker-no-instances", "queue-not-consumed", "message-stuck", "job-stalled", "worker-unhealthy"
)
_ROWS: Final = Rows("3-1", command("<ops> check workers"), WAITING, _NOBODY_WORKS)
_cause, _warning, _read, _change = _ROWS.cause, _ROWS.warning, _ROWS.read, _ROWS.change
_OF_GROUP: Final = "--region <region> --auto-scaling-group-name <group>"
_COMPLETE_LAUNCH: Final = (
    *command(
        f"aws autoscaling describe-lifecycle-hooks {_OF_GROUP} --output text --query",
        "LifecycleHooks[?LifecycleTransition==`autoscaling:EC2_INSTANCE_LAUNCHING`].LifecycleHookName | [0]",
        prints="hook",
    ),
    *commands.instance_in("LifecycleState==`Pending:Wait`"),
    *command(
        f"aws autoscaling complete-lifecycle-action {_OF_GROUP} --lifecycle-action-result CONTINUE "
        "--lifecycle-hook-name <hook> --instance-id <found>"
    ),
)
_SCHEDULE: Final = command(
    "aws events put-rule --region <region> --name <rule> --query RuleArn --output text --schedule-expression",
    "rate(1 minute)",
)
_RUN_EVERY_MINUTE: Final = (
    *commands.FUNCTION_ARN,
    *command(
        "aws events put-rule --region <region> --name <autoscaler_function> --query RuleArn --output text "
        "--schedule-expression",
        "rate(1 minute)",
        prints="rule_arn",
    ),
    *command(
        "aws events put-targets --region <region> --rule <autoscaler_function> "
        "--targets Id=autoscaler,Arn=<function_arn>"
    ),
    *command(
        "aws lambda add-permission --region <region> --function-name <autoscaler_function> "
        "--statement-id every-minute --action lambda:InvokeFunction --principal events.amazonaws.com "
        "--source-arn <rule_arn>"
    ),
)


def _processes(verb: str, process: str) -> Steps:
    return command(f"aws autoscaling {verb}-processes {_OF_GROUP} --scaling-processes {process}")


def _bounds(option: str) -> Steps:
    return command(f"aws autoscaling update-auto-scaling-group {_OF_GROUP} {option} 1")


_START_ONE: Final = _change(
    say("Start one worker. It usually polls the queue after {usual_boot_from} to {usual_boot_to} minutes.", **FIGURES),
    command("<ops> scale-worker --desired 1"),
)
_AT_ZERO: Final[Mapping[str, Variant]] = {
    "max-zero": Variant(
        say("Desired capacity is 0 while work is waiting, and the maximum is 0 too: no worker can start."),
        (
            _change(
                say("Raise the maximum first, then start one worker."),
                _bounds("--max-size") + command("<ops> scale-worker --desired 1"),
            ),
        ),
    ),
    "set-back": Variant(
        say("Workers were started while the job was waiting, and desired capacity was set back to 0 each time."),
        (
            _read(
                say(
                    "Find out who sets it from the cause of each activity, and stop one of the two. For a "
                    "user request, the SetDesiredCapacity and UpdateAutoScalingGroup events in CloudTrail "
                    "show the caller."
                ),
                commands.ACTIVITIES,
            ),
            _change(
                say("Until that is settled, keep one worker: with a minimum of 1, desired capacity can't be set to 0."),
                _bounds("--min-size"),
            ),
        ),
    ),
    "starter-fails": Variant(
        say(
            "Desired capacity is 0 while work is waiting. The autoscaler or scaling policy is on, "
            "but does not start a worker."
        ),
        (
            _START_ONE,
            _read(
                say(
                    "Check whether the autoscaler's runs fail, and read its log; or are throttled, as its reserved "
                    "concurrency or the account's is used up."
                ),
                commands.FUNCTION_ERRORS,
            ),
            _read(
                say("Find out why the alarm of the Auto Scaling group's scaling policy does not trigger."),
                commands.ALARM,
            ),
        ),
    ),
}
_FAILING: Final[Mapping[str, Variant]] = {
    "capacity": Variant(
        say("Every launch fails: EC2 has no capacity for this instance type in the group's Availability Zones."),
        (
            _read(
                say(
                    "Wait, as the Auto Scaling group retries by itself. Or add subnets in other Availability "
                    "Zones, or other instance types with a mixed instances policy."
                ),
                commands.TEMPLATE + commands.SUBNETS,
            ),
        ),
    ),
    "quota": Variant(
        say("Every launch fails: an EC2 quota of this account is used up."),
        (
            _read(
                say(
                    "Terminate unused instances, or request a quota increase in the Service Quotas console (for vCPUs: "
                    "Running On-Demand Standard instances)."
                ),
                command(
                    "aws ec2 describe-instances --region <region> --filters Name=instance-state-name,Values=running "
                    "--output text --query Reservations[].Instances[].[InstanceId,InstanceType,LaunchTime]"
                ),
            ),
        ),
    ),
    "image": Variant(
        say(
            "Every launch fails: the machine image is gone, not shared with this account, or built "
            "for another architecture."
        ),
        (
            _read(
                say(
                    "Set an existing image in a new version of the launch template, and have the Auto "
                    "Scaling group use that version."
                ),
                commands.TEMPLATE + commands.IMAGES,
            ),
        ),
    ),
    "template": Variant(
        say("Every launch fails: EC2 rejects a value in the launch template."),
        (
            _read(
                say(
                    "Correct what the message names (key pair, security group, instance type, zone, device) "
                    "in a new version of the launch template, and have the Auto Scaling group use that "
                    "version."
                ),
                commands.TEMPLATE + commands.KEY_PAIRS_AND_GROUPS,
            ),
        ),
    ),
    "network": Variant(
        say(
            "Every launch fails: the group's subnet is gone, has no free addresses, or is in a "
            "different VPC than its security group."
        ),
        (
            _read(
                say("Set a subnet that exists and has free addresses in the Auto Scaling group."),
                commands.TEMPLATE + commands.SUBNETS,
            ),
        ),
    ),
    "volume-key": Variant(
        say("Launched instances are terminated immediately: EC2 can't use the KMS key that encrypts their volume."),
        (
            _read(
                say(
                    "Enable the key or cancel its deletion. Its policy must allow the role "
                    "AWSServiceRoleForAutoScaling to use it and to create grants; a key in another account "
                    "needs a grant for that role."
                ),
                commands.TEMPLATE + commands.VOLUME_KEYS,
            ),
        ),
    ),
    "role": Variant(
        say(
            "Every launch fails: the instance profile or Auto Scaling's service-linked role is "
            "missing or lacks permissions."
        ),
        (
            _read(
                say(
                    "Create the instance profile or role named in the message, or allow iam:PassRole for it. "
                    "The role of Auto Scaling itself is AWSServiceRoleForAutoScaling."
                ),
                commands.ROLES,
            ),
        ),
    ),
    "encoded": Variant(
        say("Every launch is denied; AWS gives the reason in an encoded message."),
        (
            _read(
                say(
                    "Decode the message: it shows the action, the resource and the statement that denies it. "
                    "This needs sts:DecodeAuthorizationMessage."
                ),
                commands.DECODE,
            ),
        ),
    ),
    "account": Variant(
        say("Every launch fails: AWS does not allow this account to launch instances here."),
        (
            _read(
                say(
                    "Follow the message: wait for the account verification, accept the image's terms in AWS "
                    "Marketplace, enable the region, or contact AWS Support."
                ),
                commands.WHO,
            ),
        ),
    ),
    "hook": Variant(
        say("Every launch is canceled: a lifecycle hook abandons it, or is not completed in time."),
        (
            _read(
                say(
                    "Check which hook it is, and why the instance's boot script or the function that should "
                    "complete it does not. Or delete the hook."
                ),
                commands.HOOKS,
            ),
        ),
    ),
}
_FEWER: Final[Mapping[str, Variant]] = {
    **_FAILING,
    "launch-failing": Variant(
        say("Fewer workers are in service than desired: launches fail."),
        (
            _read(
                say("Fix what the activity's message reports; the Auto Scaling group then retries by itself."),
                commands.ACTIVITIES,
            ),
        ),
    ),
}
_FUNCTION_GONE: Final = say("The autoscaler function does not exist, so workers do not start automatically.")
_REFRESHES: Final = command(
    f"aws autoscaling describe-instance-refreshes {_OF_GROUP} --max-records 3 --output text --query "
    "InstanceRefreshes[].[StartTime,Status,PercentageComplete,StatusReason]"
)
_VERSIONS: Final = command(
    "aws autoscaling describe-auto-scaling-groups --region <region> --auto-scaling-group-names <group> --output text "
    "--query AutoScalingGroups[].Instances[].[InstanceId,LifecycleState,LaunchTemplate.Version]"
)
_ONE_VERSION: Final = (
    _read(say("Check its status reason, and which instance runs which version."), _REFRESHES + _VERSIONS),
    _change(
        say(
            "After fixing it, replace the instances, so that all run the group's version. Jobs in progress start over."
        ),
        commands.REPLACE_INSTANCES,
    ),
)
_REFRESH_FAILED: Final[Mapping[str, Variant]] = {
    "failed": Variant(say("The last instance refresh failed and left workers of two versions."), _ONE_VERSION),
    "cancelled": Variant(say("The last instance refresh was canceled and left workers of two versions."), _ONE_VERSION),
    "rolling-back": Variant(
        say("An instance refresh is being rolled back: the new version of the workers failed."),
        (_read(say("Check its status reason, and wait until the rollback ends."), _REFRESHES),),
    ),
}
_MAKE_ALARM: Final = (
    _read(
        say("Create the alarm again, with the policy's ARN as its action."),
        command(
            f"aws autoscaling describe-policies {_OF_GROUP} --output text --query "
            "ScalingPolicies[].[PolicyName,PolicyARN,Alarms[0].AlarmName]"
        ),
    ),
)
_OFF: Final[Mapping[str, Variant]] = {
    "alarm-no-data": Variant(
        say("The alarm of the Auto Scaling group's scaling policy has no data, so workers do not start automatically."),
        (
            _read(
                say(
                    "Check which metric it uses: a queue with another name or in another region has no data. "
                    "SQS also sends no metrics for a queue that has been unused for six hours, and takes up "
                    "to 15 minutes to resume."
                ),
                commands.ALARM + commands.ALARM_METRIC,
            ),
        ),
    ),
    "alarm-disabled": Variant(
        say("The actions of the scaling policy's alarm are disabled, so workers do not start automatically."),
        (
            _change(
                say("Enable the alarm's actions."),
                command("aws cloudwatch enable-alarm-actions --region <region> --alarm-names <alarm>"),
            ),
        ),
    ),
    "alarms-suspended": Variant(
        say(
            "The Auto Scaling group's AlarmNotification process is suspended, so its scaling policies do not start "
            "workers."
        ),
        (
            _change(
                say("Resume the Auto Scaling group's AlarmNotification process."),
                _processes("resume", "AlarmNotification"),
            ),
        ),
    ),
    "policy-disabled": Variant(
        say("The Auto Scaling group's scaling policy is disabled, so workers do not start automatically."),
        (
            _read(
                say("Enable the scaling policy again in the EC2 console; its settings stay as they are."),
                command(
                    f"aws autoscaling describe-policies {_OF_GROUP} --output text --query "
                    "ScalingPolicies[].[PolicyName,PolicyType,Enabled]"
                ),
            ),
        ),
    ),
    "alarm-missing": Variant(
        say("The alarm of the Auto Scaling group's scaling policy is missing, so workers do not start automatically."),
        _MAKE_ALARM,
    ),
    "no-alarm": Variant(
        say("The Auto Scaling group's scaling policy has no alarm, so workers do not start automatically."),
        _MAKE_ALARM,
    ),
    "alarm-other-queue": Variant(
        say("The alarm of the Auto Scaling group's scaling policy monitors a different queue than the API uses."),
        (
            _read(
                say(
                    "Check the alarm's QueueName dimension, and set it to the job queue, which the second "
                    "command shows."
                ),
                commands.ALARM_METRIC + command("<ops> check queue"),
            ),
        ),
    ),
    "no-function": Variant(
        _FUNCTION_GONE,
        (
            _read(
                say(
                    "Correct {setting}, or deploy the function again; a rule without the function starts nothing.",
                    setting="AI_AUTOSCALER_FUNCTION",
                ),
                commands.FUNCTION,
            ),
        ),
    ),
    "function-failed": Variant(
        say("The autoscaler function is not Active, so workers do not start automatically."),
        (_read(say("Find out why, and deploy the function again; its rule is fine."), commands.AUTOSCALER),),
    ),
    "rule-disabled": Variant(
        say("The rule that runs the autoscaler is disabled, so workers do not start automatically."),
        (
            _change(
                say("Enable the rule that runs the autoscaler once a minute."),
                command("aws events enable-rule --region <region> --name <rule>"),
            ),
        ),
    ),
    "no-rule": Variant(
        say("No rule or schedule runs the autoscaler, so workers do not start automatically."),
        (_change(say("Create a rule that runs the autoscaler once a minute."), _RUN_EVERY_MINUTE),),
    ),
    "schedule": Variant(
        say("The rule runs the autoscaler too rarely, or not at this time of day."),
        (_change(say("Change the rule to run the autoscaler once a minute."), _SCHEDULE),),
    ),
}


WORKERS: Final = (
    _cause(
        "asg-missing",
        say("The workers' Auto Scaling group does not exist."),
        say("There is no Auto Scaling group with that name in this region and account."),
        (commands.GROUP,),
        _change(
            say(
                "Correct {setting} or the region, or create the Auto Scaling group from its template.",
                setting="AI_WORKER_ASG_NAME",
            ),
            command(
                "aws autoscaling describe-auto-scaling-groups --region <region> "
                "--query AutoScalingGroups[].AutoScalingGroupName"
            ),
        ),
    ),
    _cause(
        "worker-scaled-to-zero",
        say("The worker group's desired capacity is 0 while work is waiting: no worker can take the job."),
        say(
            "Desired capacity is 0, a message is waiting or in flight (if the queue is missing or "
            "can't be read: the job is waiting), and no instance is still working. This is reported "
            "after {autoscaler_minutes} minutes, or at once if everything that could start a worker "
            "is off or the maximum is 0. Also if {launch_loop_launches} workers or more were started "
            "while the job was waiting, and scaled in again.",
            **FIGURES,
        ),
        (commands.GROUP, commands.DEPTH),
        _START_ONE,
        reasons=_AT_ZERO,
    ),
    _cause(
        "worker-launch-suspended",
        say("The Auto Scaling group's Launch process is suspended, so no instance can start."),
        say(
            "Launch is one of the suspended processes, and either no instance is in service although "
            "desired capacity is not 0, or desired capacity is 0 while work is waiting."
        ),
        (commands.GROUP,),
        _change(say("Resume the Auto Scaling group's Launch process."), _processes("resume", "Launch")),
    ),
    _cause(
        "worker-launch-failing",
        say("The Auto Scaling group tries to launch instances, but every launch fails."),
        say(
            "No instance is in service or starting, and the last launch failed or was canceled; or "
            "{launch_loop_launches} launches or more have ended without a worker in service since "
            "the job started waiting, and most of them failed, even if another launch is pending now.",
            **FIGURES,
        ),
        (commands.ACTIVITIES,),
        _read(
            say("Fix what the activity's message reports; the Auto Scaling group then retries by itself."),
            commands.ACTIVITIES,
        ),
        reasons=_FAILING,
    ),
    _cause(
        "worker-launch-loop",
        say("Instances keep launching and being terminated again."),
        say(
            "{launch_loop_launches} instances or more, launched since the job started waiting or in "
            "the last {launch_loop_minutes} minutes, are gone again without a scale-in, and no "
            "instance older than {boot_minutes} minutes is working.",
            **FIGURES,
        ),
        (commands.ACTIVITIES, commands.GROUP),
        _change(
            say("Find out why they are replaced. Suspend ReplaceUnhealthy meanwhile, so that one instance stays."),
            _processes("suspend", "ReplaceUnhealthy"),
        ),
        _change(say("After fixing it, resume ReplaceUnhealthy."), _processes("resume", "ReplaceUnhealthy")),
    ),
    _cause(
        "worker-launch-stuck",
        say("A launching instance is waiting on a lifecycle hook."),
        say(
            "No instance is in service, and an instance has been in Pending:Wait, or its launch in "
            "MidLifecycleAction, for {boot_minutes} minutes or more.",
            **FIGURES,
        ),
        (commands.GROUP, commands.HOOKS),
        _change(say("Complete the lifecycle action, or delete the hook."), _COMPLETE_LAUNCH),
    ),
    _cause(
        "worker-no-instances",
        say("No worker instance is in service."),
        say("Desired capacity is not 0, no instance is InService, and the launches do not show why."),
        (commands.GROUP, commands.ACTIVITIES),
        _read(say("Check what the Auto Scaling group is doing."), commands.ACTIVITIES),
        _change(
            say("Put the instance in Standby back in service."),
            command(f"aws autoscaling exit-standby {_OF_GROUP} --instance-ids <standby>"),
        ),
        explains=codes("queue-not-consumed", "message-stuck", "job-stalled"),
    ),
    _cause(
        "worker-unhealthy",
        say("The Auto Scaling group reports its worker instances as unhealthy."),
        say(
            "No instance in service is Healthy, or EC2 shows all of them as stopped; and the job is "
            "{young_seconds} seconds old or more, or a suspended process prevents the Auto Scaling "
            "group from replacing them.",
            **FIGURES,
        ),
        (commands.GROUP, commands.ACTIVITIES),
        _change(
            say("Resume the suspended process, so that the Auto Scaling group replaces its unhealthy instances."),
            _processes("resume", "<halted>"),
        ),
        _read(
            say("Wait until the group replaces them, and check its activities."),
            command("<ops> check workers"),
        ),
        _change(
            say("If it does not, terminate the instance; its job starts over on another worker."),
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
            "stopped": Variant(
                say(
                    "EC2 has stopped or terminated the worker instances, but the Auto Scaling group still "
                    "counts them as in service."
                ),
                (
                    _change(
                        say(
                            "Terminate the instance so that the Auto Scaling group replaces it now; its own health "
                            "check takes a few minutes."
                        ),
                        commands.terminate("instance"),
                    ),
                ),
            ),
        },
    ),
    _warning(
        "worker-booting",
        say(
            "A worker is still booting. This usually takes {usual_boot_from} to {usual_boot_to} "
            "minutes, at most {boot_minutes}.",
            **FIGURES,
        ),
        say(
            "Messages are waiting while every instance in service is younger than {boot_minutes} "
            "minutes, or none is in service and a launch from the last {boot_minutes} minutes is "
            "still in progress. Or cloud-init is still running on an instance, for at most "
            "{boot_endless_minutes} minutes.",
            **FIGURES,
        ),
        (commands.MACHINES, commands.ACTIVITIES),
        _read(say("Wait two minutes, then check again."), command("<ops> diagnose <job>")),
        reasons={
            "user-data": Variant(
                say(
                    "A worker instance is up, but its user data is still running and has not created the "
                    "worker container yet."
                ),
                (_read(say("Wait two minutes, then check again."), command("<ops> diagnose <job>")),),
            ),
            "unit": Variant(
                say("The systemd unit that runs the worker is starting it."),
                (_read(say("Wait two minutes, then check again."), command("<ops> diagnose <job>")),),
            ),
        },
    ),
    _warning(
        "worker-undersized",
        say("More work is waiting than the workers can process soon."),
        say(
            "One worker per {jobs_per_worker} messages waiting or in flight, between the minimum and "
            "maximum, is more than desired capacity; or fewer workers are in service than desired "
            "because launches fail.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.GROUP, commands.ACTIVITIES),
        _change(
            say("Start more workers. The autoscaler may change the number again on its next run."),
            command("<ops> scale-worker --desired <wanted>"),
        ),
        reasons=_FEWER,
    ),
    _warning(
        "worker-refresh-failed",
        say("An instance refresh did not succeed and left workers of two versions."),
        say(
            "The last instance refresh failed or was canceled, and the instances in service come "
            "from more than one version of the launch template; or it is being rolled back. A "
            "refresh in progress is shown, but is not a fault."
        ),
        (_REFRESHES, _VERSIONS),
        *_ONE_VERSION,
        reasons=_REFRESH_FAILED,
    ),
    _warning(
        "autoscaler-off",
        say("The autoscaler does not run, so workers do not start automatically."),
        say(
            "The Lambda function is missing or not Active, or no enabled rule or schedule runs it at "
            "least every {autoscaler_period_minutes} minutes; and the Auto Scaling group has no "
            "scaling policy with an alarm that could start a worker. An alarm without data or with "
            "disabled actions starts none.",
            **FIGURES,
        ),
        (commands.AUTOSCALER, commands.RULES, commands.POLICIES, commands.SCHEDULED),
        *_OFF["rule-disabled"].remedies,
        *_OFF["no-rule"].remedies,
        reasons=_OFF,
    ),
)
