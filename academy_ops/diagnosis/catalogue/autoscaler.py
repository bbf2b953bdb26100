"""Section 3-1: what starts workers by itself, and why it does not."""

from collections.abc import Mapping
from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import Variant, variant
from academy_ops.diagnosis.catalogue.group import ROWS, processes
from academy_ops.diagnosis.command import aws, command
from academy_ops.messages import say

_read, _change, _to_read, _to_change = ROWS.read, ROWS.change, ROWS.to_read, ROWS.to_change
_SCHEDULE: Final = aws(
    "events put-rule --name <rule> --query RuleArn --output text --schedule-expression", "rate(1 minute)"
)
_RUN_EVERY_MINUTE: Final = (
    *commands.FUNCTION_ARN,
    *aws(
        "events put-rule --name <autoscaler_function> --query RuleArn --output text --schedule-expression",
        "rate(1 minute)",
        prints="rule_arn",
    ),
    *aws("events put-targets --rule <autoscaler_function> --targets Id=autoscaler,Arn=<function_arn>"),
    *aws(
        "lambda add-permission --function-name <autoscaler_function> --statement-id every-minute "
        "--action lambda:InvokeFunction --principal events.amazonaws.com --source-arn <rule_arn>"
    ),
)
_SCHEDULER: Final = aws(
    "scheduler get-schedule --name <scheduler> --group-name <scheduler_group> --output text --query",
    "[Name,State,ScheduleExpression,ScheduleExpressionTimezone,Target.Arn]",
)
_MAKE_ALARM: Final = (
    _change(
        "Create the alarm again, with the policy's ARN as its action.",
        commands.of_group(
            "describe-policies --output text --query ScalingPolicies[].[PolicyName,PolicyARN,Alarms[0].AlarmName]"
        ),
    ),
)
_OFF: Final[Mapping[str, Variant]] = {
    "alarm-no-data": _to_read(
        "The alarm of the Auto Scaling group's scaling policy has no data, so workers do not start automatically.",
        "Check which metric it uses: a queue with another name or in another region has no data. SQS also sends no "
        "metrics for a queue that has been unused for six hours, and takes up to 15 minutes to resume.",
        commands.ALARM + commands.ALARM_METRIC,
    ),
    "alarm-disabled": _to_change(
        "The actions of the scaling policy's alarm are disabled, so workers do not start automatically.",
        "Enable the alarm's actions.",
        aws("cloudwatch enable-alarm-actions --alarm-names <alarm>"),
    ),
    "alarms-suspended": _to_change(
        "The Auto Scaling group's AlarmNotification process is suspended, so its scaling policies do not start "
        "workers.",
        "Resume the Auto Scaling group's AlarmNotification process.",
        processes("resume", "AlarmNotification"),
    ),
    "policy-disabled": _to_change(
        "The Auto Scaling group's scaling policy is disabled, so workers do not start automatically.",
        "Enable the scaling policy again in the EC2 console; its settings stay as they are.",
        commands.of_group("describe-policies --output text --query ScalingPolicies[].[PolicyName,PolicyType,Enabled]"),
    ),
    "forecast-only": _to_read(
        "The Auto Scaling group's predictive scaling policy only forecasts, so workers do not start automatically.",
        "Set its mode to ForecastAndScale, or add a step scaling policy with an alarm on the queue; a "
        "forecast knows nothing of a queue that fills up today.",
        commands.of_group(
            "describe-policies --output text --query "
            "ScalingPolicies[].[PolicyName,PolicyType,PredictiveScalingConfiguration.Mode]"
        ),
    ),
    "percent-of-none": _to_read(
        "The scaling policy adds a percentage of the current workers; the Auto Scaling group has none, so it adds "
        "none.",
        "Give the policy a MinAdjustmentMagnitude of 1, or the adjustment type ChangeInCapacity. Until "
        "then, start a worker yourself.",
        commands.of_group(
            "describe-policies --output text --query "
            "ScalingPolicies[].[PolicyName,AdjustmentType,MinAdjustmentMagnitude]"
        ),
    ),
    "alarm-missing": variant(
        "The alarm of the Auto Scaling group's scaling policy is missing, so workers do not start automatically.",
        *_MAKE_ALARM,
    ),
    "no-alarm": variant(
        "The Auto Scaling group's scaling policy has no alarm, so workers do not start automatically.", *_MAKE_ALARM
    ),
    "alarm-other-queue": _to_change(
        "The alarm of the Auto Scaling group's scaling policy monitors a different queue than the API uses.",
        "Check the alarm's QueueName dimension, and set it to the job queue, which the second command shows.",
        commands.ALARM_METRIC + command("<ops> check queue"),
    ),
    "no-function": _to_change(
        "The autoscaler function does not exist, so workers do not start automatically.",
        say(
            "Correct {setting}, or deploy the function again; a rule without the function starts nothing.",
            setting="AI_AUTOSCALER_FUNCTION",
        ),
        commands.FUNCTION,
    ),
    "function-failed": _to_change(
        "The autoscaler function is not Active, so workers do not start automatically.",
        "Find out why, and deploy the function again; its rule is fine.",
        commands.AUTOSCALER,
    ),
    "rule-disabled": _to_change(
        "The rule that runs the autoscaler is disabled, so workers do not start automatically.",
        "Enable the rule that runs the autoscaler once a minute.",
        aws("events enable-rule --name <rule>"),
    ),
    "no-rule": _to_change(
        "No rule or schedule runs the autoscaler, so workers do not start automatically.",
        "Create a rule that runs the autoscaler once a minute.",
        _RUN_EVERY_MINUTE,
    ),
    "schedule-disabled": _to_read(
        "The schedule that would start workers is disabled in EventBridge Scheduler.",
        "Enable the schedule in the EventBridge Scheduler console; its settings stay as they are.",
        _SCHEDULER,
    ),
    "schedule-rare": _to_read(
        "The schedule in EventBridge Scheduler starts workers too rarely, or not at this time of day.",
        "Set the schedule to rate(1 minute) in the EventBridge Scheduler console; the command shows it.",
        _SCHEDULER,
    ),
    "actions-suspended": _to_change(
        "The Auto Scaling group's ScheduledActions process is suspended, so its scheduled actions do not run.",
        "Resume the Auto Scaling group's ScheduledActions process.",
        processes("resume", "ScheduledActions"),
    ),
    "schedule": _to_change(
        "The rule runs the autoscaler too rarely, or not at this time of day.",
        "Change the rule to run the autoscaler once a minute.",
        _SCHEDULE,
    ),
}

AUTOSCALER: Final = (
    ROWS.warning(
        "autoscaler-off",
        "The autoscaler does not run, so workers do not start automatically.",
        "The Lambda function is missing or not Active, or no enabled rule or schedule runs it at least every "
        "{autoscaler_period_minutes} minutes; and the Auto Scaling group has no scaling policy with an alarm that "
        "could start a worker. An alarm without data or with disabled actions starts none.",
        (commands.AUTOSCALER, commands.RULES, commands.POLICIES, commands.SCHEDULED),
        *_OFF["rule-disabled"].remedies,
        *_OFF["no-rule"].remedies,
        reasons=_OFF,
    ),
)
