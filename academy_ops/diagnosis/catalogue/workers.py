"""Section 3-1: the Auto Scaling group and its instances."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import WAITING, Cause, codes, remedy
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import Text, say
from academy_ops.thresholds import FIGURES

_CHECK: Final = "{ops} check workers"
_NOBODY_WORKS: Final = codes(
    "worker-no-instances", "queue-not-consumed", "message-stuck", "job-stalled", "worker-unhealthy"
)
_OF_GROUP: Final = "--region {region} --auto-scaling-group-name {group}"
_HOOK: Final = (
    f"{commands.HOOKS} --query 'LifecycleHooks[?LifecycleTransition==`autoscaling:EC2_INSTANCE_LAUNCHING`]"
    ".LifecycleHookName | [0]' --output text"
)


def _absent(
    code: str,
    meaning: Text,
    told_by: Text,
    look: tuple[str, ...],
    *remedies: Remedy,
    explains: frozenset[str] = _NOBODY_WORKS,
) -> Cause:
    """Make a row for a reason why no worker works."""
    return Cause(code, "3-1", meaning, told_by, look, states=WAITING, explains=explains, remedies=remedies)


WORKERS: Final = (
    _absent(
        "asg-missing",
        say("The worker Auto Scaling group does not exist."),
        say("Auto Scaling knows no group of that name in this region and account."),
        (commands.GROUP,),
        remedy(
            say("Correct AI_WORKER_ASG_NAME or the region, or create the group from its template."),
            "aws autoscaling describe-auto-scaling-groups --region {region} --query "
            "'AutoScalingGroups[].AutoScalingGroupName'",
            _CHECK,
            "change",
        ),
    ),
    _absent(
        "worker-scaled-to-zero",
        say("The worker group is scaled to zero while work waits: nobody takes the job."),
        say(
            "Desired is 0 and a message waits or is in flight (or, where the queue is missing or can't be seen, the "
            "job does). Unless the autoscaler is seen to be off, only after {autoscaler_minutes} minutes.",
            **FIGURES,
        ),
        (commands.GROUP, commands.DEPTH),
        remedy(
            say(
                "Start one worker; it takes {usual_boot_from} to {usual_boot_to} minutes until it polls the queue.",
                **FIGURES,
            ),
            "{ops} scale-worker --desired 1",
            _CHECK,
            "change",
        ),
    ),
    _absent(
        "worker-launch-suspended",
        say("The group's Launch process is suspended, so no instance can start."),
        say(
            "Launch is among the suspended processes, and no instance is in service though the group wants one, or "
            "desired is 0 while work waits."
        ),
        (commands.GROUP,),
        remedy(
            say("Resume the group's Launch process."),
            f"aws autoscaling resume-processes {_OF_GROUP} --scaling-processes Launch",
            _CHECK,
            "change",
        ),
    ),
    _absent(
        "worker-launch-failing",
        say("The group tries to launch instances, and every launch fails."),
        say("No instance is in service or on its way, and the newest launch has failed or was cancelled."),
        (commands.ACTIVITIES,),
        remedy(
            say("Mend what the activity's message names; the group tries again by itself."),
            commands.ACTIVITIES,
            _CHECK,
            "change",
        ),
    ),
    _absent(
        "worker-launch-loop",
        say("Instances are launched and terminated again, over and over."),
        say(
            "{launch_loop_launches} instances or more launched in the last {launch_loop_minutes} minutes are gone "
            "again, not by scaling in, and none that is older than {boot_minutes} minutes works.",
            **FIGURES,
        ),
        (commands.ACTIVITIES, commands.GROUP),
        remedy(
            say("Read why they are replaced; suspend ReplaceUnhealthy while you look, so that one instance stays."),
            f"aws autoscaling suspend-processes {_OF_GROUP} --scaling-processes ReplaceUnhealthy",
            _CHECK,
            "change",
        ),
        remedy(
            say("When the reason is mended, resume ReplaceUnhealthy."),
            f"aws autoscaling resume-processes {_OF_GROUP} --scaling-processes ReplaceUnhealthy",
            _CHECK,
            "change",
        ),
    ),
    _absent(
        "worker-launch-stuck",
        say("A launching instance waits on a lifecycle hook."),
        say(
            "None is in service, and an instance has stood in Pending:Wait, or its launch in MidLifecycleAction, for "
            "{boot_minutes} minutes or more.",
            **FIGURES,
        ),
        (commands.GROUP, commands.HOOKS),
        remedy(
            say("Complete the lifecycle action, or remove the hook."),
            f"aws autoscaling complete-lifecycle-action {_OF_GROUP} --lifecycle-action-result CONTINUE "
            f'--lifecycle-hook-name "$({_HOOK})" '
            f'--instance-id "$({commands.instance_in("LifecycleState==`Pending:Wait`")})"',
            _CHECK,
            "change",
        ),
    ),
    _absent(
        "worker-no-instances",
        say("No worker instance is in service."),
        say("The group wants instances and none is InService, and its launches do not tell why."),
        (commands.GROUP, commands.ACTIVITIES),
        remedy(say("See what the group is doing."), commands.ACTIVITIES, _CHECK),
        remedy(
            say("Put an instance in Standby back into service."),
            f"aws autoscaling exit-standby {_OF_GROUP} --instance-ids {{standby}}",
            _CHECK,
            "change",
        ),
        explains=codes("queue-not-consumed", "message-stuck", "job-stalled"),
    ),
    _absent(
        "worker-unhealthy",
        say("The group calls its worker instances unhealthy."),
        say(
            "No instance in service is Healthy, and the job is {young_seconds} seconds old or more, or a suspended "
            "process keeps the group from replacing them.",
            **FIGURES,
        ),
        (commands.GROUP, commands.ACTIVITIES),
        remedy(
            say("Resume the suspended process, so that the group replaces its unhealthy instances."),
            f"aws autoscaling resume-processes {_OF_GROUP} --scaling-processes {{halted}}",
            _CHECK,
            "change",
        ),
        remedy(say("Let the group replace them, and see that it does."), commands.ACTIVITIES, _CHECK),
        remedy(
            say("If the group does not replace them, terminate the instance; a job it works on starts anew elsewhere."),
            "aws autoscaling terminate-instance-in-auto-scaling-group --region {region} "
            "--no-should-decrement-desired-capacity "
            f'--instance-id "$({commands.instance_in("HealthStatus==`Unhealthy`")})"',
            _CHECK,
            "change",
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
    ),
    Cause(
        "worker-booting",
        "3-1",
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
        remedies=(remedy(say("Wait, and look again in two minutes."), "{ops} diagnose{job}", _CHECK),),
        warn=True,
    ),
    Cause(
        "worker-undersized",
        "3-1",
        say("More work waits than the workers can take soon."),
        say(
            "One worker for every {jobs_per_worker} messages waiting or in flight, between min and max, would be "
            "more than desired is.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.GROUP),
        remedies=(
            remedy(
                say("Start more workers; the autoscaler may change the number again at its next run."),
                "{ops} scale-worker --desired {wanted}",
                _CHECK,
                "change",
            ),
        ),
        warn=True,
    ),
    Cause(
        "autoscaler-off",
        "3-1",
        say("The autoscaler does not run, so nobody will start workers by itself."),
        say("Its Lambda function is not there or not Active, or no enabled rule runs it."),
        (commands.AUTOSCALER, commands.RULES),
        remedies=(
            remedy(
                say("Enable the rule that runs the autoscaler once a minute."),
                "aws events enable-rule --region {region} --name {rule}",
                _CHECK,
                "change",
            ),
            remedy(
                say("If no rule runs the autoscaler, make one that does so once a minute."),
                "rule=$(aws events put-rule --region {region} --name {autoscaler_function} --query RuleArn "
                "--schedule-expression 'rate(1 minute)' --output text) && aws events put-targets --region {region} "
                f'--rule {{autoscaler_function}} --targets "Id=autoscaler,Arn=$({commands.FUNCTION_ARN})" && '
                "aws lambda add-permission --region {region} --function-name {autoscaler_function} "
                "--statement-id every-minute --action lambda:InvokeFunction --principal events.amazonaws.com "
                '--source-arn "$rule"',
                _CHECK,
                "change",
            ),
        ),
        warn=True,
    ),
)
