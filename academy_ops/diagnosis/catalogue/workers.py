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
    say("Start one worker; it takes {usual_boot_from} to {usual_boot_to} minutes until it polls the queue.", **FIGURES),
    command("<ops> scale-worker --desired 1"),
)
_AT_ZERO: Final[Mapping[str, Variant]] = {
    "max-zero": Variant(
        say("The worker group is scaled to zero while work waits, and its maximum is 0: nobody can start a worker."),
        (
            _change(
                say("Raise the maximum first, then start one worker."),
                _bounds("--max-size") + command("<ops> scale-worker --desired 1"),
            ),
        ),
    ),
    "set-back": Variant(
        say("Workers were started while the job waits, and the desired capacity was set back each time."),
        (
            _read(
                say(
                    "See who sets it, in each activity's cause, and stop one of the two. Of a user request "
                    "CloudTrail's SetDesiredCapacity and UpdateAutoScalingGroup events name the caller."
                ),
                commands.ACTIVITIES,
            ),
            _change(
                say("Until that is settled, keep one worker: with a minimum of 1 nobody can set 0."),
                _bounds("--min-size"),
            ),
        ),
    ),
    "starter-fails": Variant(
        say("The worker group is scaled to zero while work waits, and what should start a worker is on and does not."),
        (
            _START_ONE,
            _read(say("See whether the autoscaler's runs fail, and read its log."), commands.FUNCTION_ERRORS),
            _read(say("See why the alarm of the group's scaling policy does not act."), commands.ALARM),
        ),
    ),
}
_FAILING: Final[Mapping[str, Variant]] = {
    "capacity": Variant(
        say("Every launch fails: EC2 has no capacity for this instance type in the group's zones."),
        (
            _read(
                say(
                    "Wait, the group tries again by itself; or give it subnets in other zones, or other instance types "
                    "by a mixed instances policy."
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
        say("Every launch fails: the machine image is gone, not shared with this account, or of another architecture."),
        (
            _read(
                say("Name an image that exists in a new version of the launch template, and have the group use it."),
                commands.TEMPLATE + commands.IMAGES,
            ),
        ),
    ),
    "template": Variant(
        say("Every launch fails: EC2 refuses what the launch template asks for."),
        (
            _read(
                say(
                    "Correct what the message names (key pair, security group, instance type, zone, device) in a new "
                    "version of the launch template, and have the group use it."
                ),
                commands.TEMPLATE + commands.KEY_PAIRS_AND_GROUPS,
            ),
        ),
    ),
    "network": Variant(
        say("Every launch fails: the group's subnet is gone, full, or in another network than its security group."),
        (
            _read(
                say("Give the group a subnet that exists and has free addresses."), commands.TEMPLATE + commands.SUBNETS
            ),
        ),
    ),
    "volume-key": Variant(
        say("Launched instances end at once: EC2 can't use the KMS key that encrypts their volume."),
        (
            _read(
                say(
                    "Enable the key or cancel its deletion; its policy must let the role AWSServiceRoleForAutoScaling "
                    "use it and create grants. A key of another account needs a grant for that role."
                ),
                commands.TEMPLATE + commands.VOLUME_KEYS,
            ),
        ),
    ),
    "role": Variant(
        say("Every launch fails: the instance profile or Auto Scaling's service-linked role is missing or may not."),
        (
            _read(
                say(
                    "Make the instance profile or role that the message names, or allow iam:PassRole for it; Auto "
                    "Scaling's own role is AWSServiceRoleForAutoScaling."
                ),
                commands.ROLES,
            ),
        ),
    ),
    "encoded": Variant(
        say("Every launch is denied; AWS says why in an encoded message."),
        (
            _read(
                say(
                    "Decode the message: it names the action, the resource and the statement that denies. Needs "
                    "sts:DecodeAuthorizationMessage."
                ),
                commands.DECODE,
            ),
        ),
    ),
    "account": Variant(
        say("Every launch fails: AWS does not let this account launch here."),
        (
            _read(
                say(
                    "Do as the message says: wait for the verification, accept the image's terms in AWS Marketplace, "
                    "enable the region, or write to AWS Support."
                ),
                commands.WHO,
            ),
        ),
    ),
    "hook": Variant(
        say("Every launch is cancelled: a lifecycle hook abandons it, or nobody completes the hook in time."),
        (
            _read(
                say(
                    "See which hook it is, and why what should complete it does not: the instance's boot script, or a "
                    "function. Or delete the hook."
                ),
                commands.HOOKS,
            ),
        ),
    ),
}
_FEWER: Final[Mapping[str, Variant]] = {
    **_FAILING,
    "launch-failing": Variant(
        say("Fewer workers are in service than are wanted: launches fail."),
        (_read(say("Fix what the activity's message names; the group tries again by itself."), commands.ACTIVITIES),),
    ),
}
_FUNCTION_GONE: Final = say("The autoscaler's function does not exist, so no worker is started automatically.")
_REFRESHES: Final = command(
    f"aws autoscaling describe-instance-refreshes {_OF_GROUP} --max-items 3 --output text --query "
    "InstanceRefreshes[].[StartTime,Status,PercentageComplete,StatusReason]"
)
_VERSIONS: Final = command(
    "aws autoscaling describe-auto-scaling-groups --region <region> --auto-scaling-group-names <group> --output text "
    "--query AutoScalingGroups[].Instances[].[InstanceId,LifecycleState,LaunchTemplate.Version]"
)
_ONE_VERSION: Final = (
    _read(say("See why it ended, in its own words, and which instance runs which version."), _REFRESHES + _VERSIONS),
    _change(
        say(
            "Once that is put right, replace the instances: all then run the group's version. Jobs in progress start "
            "over."
        ),
        commands.REPLACE_INSTANCES,
    ),
)
_REFRESH_FAILED: Final[Mapping[str, Variant]] = {
    "failed": Variant(
        say("The last instance refresh failed and has left the workers between two versions."), _ONE_VERSION
    ),
    "cancelled": Variant(
        say("The last instance refresh was cancelled and has left the workers between two versions."), _ONE_VERSION
    ),
    "rolling-back": Variant(
        say("An instance refresh is being rolled back: the new version of the workers did not do."),
        (_read(say("See why, in its own words, and wait for the roll-back."), _REFRESHES),),
    ),
}
_OFF: Final[Mapping[str, Variant]] = {
    "alarm-no-data": Variant(
        say("The alarm of the group's scaling policy has no data, so no worker is started automatically."),
        (
            _read(
                say(
                    "See which metric it watches: a queue of another name or region has none. SQS reports none either "
                    "while a queue has not been used for six hours, and takes up to 15 minutes to begin again."
                ),
                commands.ALARM + commands.ALARM_METRIC,
            ),
        ),
    ),
    "alarm-disabled": Variant(
        say("The actions of the scaling policy's alarm are disabled, so no worker is started automatically."),
        (
            _change(
                say("Enable the alarm's actions."),
                command("aws cloudwatch enable-alarm-actions --region <region> --alarm-names <alarm>"),
            ),
        ),
    ),
    "alarm-missing": Variant(
        say("The alarm that carries out the group's scaling policy is gone, so no worker is started automatically."),
        (
            _read(
                say("Make the alarm again, with the policy's ARN as its action."),
                command(
                    f"aws autoscaling describe-policies {_OF_GROUP} --output text --query "
                    "ScalingPolicies[].[PolicyName,PolicyARN,Alarms[0].AlarmName]"
                ),
            ),
        ),
    ),
    "no-function": Variant(
        _FUNCTION_GONE,
        (
            _read(
                say(
                    "Correct {setting}, or deploy the function again; a rule alone would run nothing.",
                    setting="AI_AUTOSCALER_FUNCTION",
                ),
                commands.FUNCTION,
            ),
        ),
    ),
    "function-failed": Variant(
        say("The autoscaler's function is not Active, so no worker is started automatically."),
        (_read(say("See why, and deploy the function again; its rule is not the fault."), commands.AUTOSCALER),),
    ),
    "rule-disabled": Variant(
        say("The rule that runs the autoscaler is disabled, so no worker is started automatically."),
        (
            _change(
                say("Enable the rule that runs the autoscaler once a minute."),
                command("aws events enable-rule --region <region> --name <rule>"),
            ),
        ),
    ),
    "no-rule": Variant(
        say("No rule or schedule runs the autoscaler, so no worker is started automatically."),
        (_change(say("Make a rule that runs the autoscaler once a minute."), _RUN_EVERY_MINUTE),),
    ),
    "schedule": Variant(
        say("The rule that runs the autoscaler does so too rarely, or not at this time of day."),
        (_change(say("Have the rule run the autoscaler once a minute."), _SCHEDULE),),
    ),
}


WORKERS: Final = (
    _cause(
        "asg-missing",
        say("The worker Auto Scaling group does not exist."),
        say("No Auto Scaling group of that name exists in this region and account."),
        (commands.GROUP,),
        _change(
            say(
                "Correct {setting} or the region, or create the group from its template.", setting="AI_WORKER_ASG_NAME"
            ),
            command(
                "aws autoscaling describe-auto-scaling-groups --region <region> "
                "--query AutoScalingGroups[].AutoScalingGroupName"
            ),
        ),
    ),
    _cause(
        "worker-scaled-to-zero",
        say("The worker group is scaled to zero while work waits: no worker takes the job."),
        say(
            "Desired is 0 and a message waits or is in flight (or, where the queue is missing or can't be seen, the "
            "job does), and no instance still works. Unless everything that would start one is seen to be off, or the "
            "maximum is 0, only after {autoscaler_minutes} minutes. Also where {launch_loop_launches} workers or more "
            "were started since the job waits, and scaled in again.",
            **FIGURES,
        ),
        (commands.GROUP, commands.DEPTH),
        _START_ONE,
        reasons=_AT_ZERO,
    ),
    _cause(
        "worker-launch-suspended",
        say("The group's Launch process is suspended, so no instance can start."),
        say(
            "Launch is among the suspended processes, and no instance is in service though desired is not 0, or "
            "desired is 0 while work waits."
        ),
        (commands.GROUP,),
        _change(say("Resume the group's Launch process."), _processes("resume", "Launch")),
    ),
    _cause(
        "worker-launch-failing",
        say("The group tries to launch instances, and every launch fails."),
        say(
            "No instance is in service or on its way, and the newest launch has failed or was cancelled; or "
            "{launch_loop_launches} launches or more came to nothing since the job waits, most of them failed, "
            "whatever is pending now.",
            **FIGURES,
        ),
        (commands.ACTIVITIES,),
        _read(say("Fix what the activity's message names; the group tries again by itself."), commands.ACTIVITIES),
        reasons=_FAILING,
    ),
    _cause(
        "worker-launch-loop",
        say("Instances are launched and terminated again, over and over."),
        say(
            "{launch_loop_launches} instances or more launched since the job waits, or in the last "
            "{launch_loop_minutes} minutes, are gone again, not by scaling in, and none older than {boot_minutes} "
            "minutes works.",
            **FIGURES,
        ),
        (commands.ACTIVITIES, commands.GROUP),
        _change(
            say("Read why they are replaced; suspend ReplaceUnhealthy while you look, so that one instance stays."),
            _processes("suspend", "ReplaceUnhealthy"),
        ),
        _change(say("When the reason is fixed, resume ReplaceUnhealthy."), _processes("resume", "ReplaceUnhealthy")),
    ),
    _cause(
        "worker-launch-stuck",
        say("A launching instance waits on a lifecycle hook."),
        say(
            "None is in service, and an instance has stood in Pending:Wait, or its launch in MidLifecycleAction, for "
            "{boot_minutes} minutes or more.",
            **FIGURES,
        ),
        (commands.GROUP, commands.HOOKS),
        _change(say("Complete the lifecycle action, or remove the hook."), _COMPLETE_LAUNCH),
    ),
    _cause(
        "worker-no-instances",
        say("No worker instance is in service."),
        say("The group's desired capacity is not 0, no instance is InService, and its launches do not show why."),
        (commands.GROUP, commands.ACTIVITIES),
        _read(say("See what the group is doing."), commands.ACTIVITIES),
        _change(
            say("Put an instance in Standby back into service."),
            command(f"aws autoscaling exit-standby {_OF_GROUP} --instance-ids <standby>"),
        ),
        explains=codes("queue-not-consumed", "message-stuck", "job-stalled"),
    ),
    _cause(
        "worker-unhealthy",
        say("The group reports its worker instances as unhealthy."),
        say(
            "No instance in service is Healthy, or EC2 has stopped them all, and the job is {young_seconds} seconds "
            "old or more, or a suspended process keeps the group from replacing them.",
            **FIGURES,
        ),
        (commands.GROUP, commands.ACTIVITIES),
        _change(
            say("Resume the suspended process, so that the group replaces its unhealthy instances."),
            _processes("resume", "<halted>"),
        ),
        _read(say("Let the group replace them, and see that it does."), command("<ops> check workers")),
        _change(
            say("If it does not, terminate the instance; its job starts over elsewhere."),
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
                say("EC2 has stopped or terminated the worker instances; the group still counts them as in service."),
                (
                    _change(
                        say("Have the group replace the instance now; its own health check takes some minutes."),
                        commands.terminate("instance"),
                    ),
                ),
            ),
        },
    ),
    _warning(
        "worker-booting",
        say(
            "A worker is still booting; {usual_boot_from} to {usual_boot_to} minutes are usual, {boot_minutes} the "
            "worst.",
            **FIGURES,
        ),
        say(
            "Messages wait untouched while every instance in service is younger than {boot_minutes} minutes, or none "
            "is in service and a launch begun less than {boot_minutes} minutes ago is still under way. Or cloud-init "
            "still runs on an instance, for at most {boot_endless_minutes} minutes.",
            **FIGURES,
        ),
        (commands.MACHINES, commands.ACTIVITIES),
        _read(say("Wait, and look again in two minutes."), command("<ops> diagnose <job>")),
        reasons={
            "user-data": Variant(
                say("A worker's instance is up, but its user data still runs: no worker was made yet."),
                (_read(say("Wait, and look again in two minutes."), command("<ops> diagnose <job>")),),
            ),
        },
    ),
    _warning(
        "worker-undersized",
        say("More work waits than the workers can take soon."),
        say(
            "One worker for every {jobs_per_worker} messages waiting or in flight, between min and max, would be "
            "more than desired; or fewer are in service than desired, and the launches of more fail.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.GROUP, commands.ACTIVITIES),
        _change(
            say("Start more workers; the autoscaler may change the number again at its next run."),
            command("<ops> scale-worker --desired <wanted>"),
        ),
        reasons=_FEWER,
    ),
    _warning(
        "worker-refresh-failed",
        say("An instance refresh did not succeed and has left the workers between two versions."),
        say(
            "The group's newest instance refresh has failed or was cancelled, and its instances in service are of more "
            "than one version of the launch template; or it is being rolled back. One under way is named, and no fault."
        ),
        (_REFRESHES, _VERSIONS),
        *_ONE_VERSION,
        reasons=_REFRESH_FAILED,
    ),
    _warning(
        "autoscaler-off",
        say("The autoscaler does not run, so no worker is started automatically."),
        say(
            "Its Lambda function is not there or not Active, or no enabled rule or schedule runs it at least every "
            "{autoscaler_period_minutes} minutes; and the group has no scaling policy with an alarm that would start "
            "one: an alarm that has no data, or whose actions are disabled, starts none.",
            **FIGURES,
        ),
        (commands.AUTOSCALER, commands.RULES, commands.POLICIES, commands.SCHEDULED),
        *_OFF["rule-disabled"].remedies,
        *_OFF["no-rule"].remedies,
        reasons=_OFF,
    ),
)
