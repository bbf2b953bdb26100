"""Section 3-1: the Auto Scaling group and its instances."""

from __future__ import annotations

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


WORKERS: Final = (
    _cause(
        "asg-missing",
        say("The worker Auto Scaling group does not exist."),
        say("Auto Scaling knows no group of that name in this region and account."),
        (commands.GROUP,),
        _change(
            say("Correct AI_WORKER_ASG_NAME or the region, or create the group from its template."),
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
            "job does). Unless the autoscaler is seen to be off, only after {autoscaler_minutes} minutes.",
            **FIGURES,
        ),
        (commands.GROUP, commands.DEPTH),
        _change(
            say(
                "Start one worker; it takes {usual_boot_from} to {usual_boot_to} minutes until it polls the queue.",
                **FIGURES,
            ),
            command("<ops> scale-worker --desired 1"),
        ),
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
        say("No instance is in service or on its way, and the newest launch has failed or was cancelled."),
        (commands.ACTIVITIES,),
        _change(say("Fix what the activity's message names; the group tries again by itself."), commands.ACTIVITIES),
    ),
    _cause(
        "worker-launch-loop",
        say("Instances are launched and terminated again, over and over."),
        say(
            "{launch_loop_launches} instances or more launched in the last {launch_loop_minutes} minutes are gone "
            "again, not by scaling in, and none older than {boot_minutes} minutes works.",
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
        _read(say("Let the group replace them, and see that it does."), commands.ACTIVITIES),
        _change(
            say("If the group does not replace them, terminate the instance; a job in progress starts over elsewhere."),
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
            "is in service and a launch begun less than {boot_minutes} minutes ago is still under way.",
            **FIGURES,
        ),
        (commands.MACHINES, commands.ACTIVITIES),
        _read(say("Wait, and look again in two minutes."), command("<ops> diagnose <job>")),
    ),
    _warning(
        "worker-undersized",
        say("More work waits than the workers can take soon."),
        say(
            "One worker for every {jobs_per_worker} messages waiting or in flight, between min and max, would be "
            "more than desired.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.GROUP),
        _change(
            say("Start more workers; the autoscaler may change the number again at its next run."),
            command("<ops> scale-worker --desired <wanted>"),
        ),
    ),
    _warning(
        "autoscaler-off",
        say("The autoscaler does not run, so no worker is started automatically."),
        say("Its Lambda function is not there or not Active, or no enabled rule runs it."),
        (commands.AUTOSCALER, commands.RULES),
        _change(
            say("Enable the rule that runs the autoscaler once a minute."),
            command("aws events enable-rule --region <region> --name <rule>"),
        ),
        _change(say("If no rule runs the autoscaler, make one that does so once a minute."), _RUN_EVERY_MINUTE),
    ),
)
