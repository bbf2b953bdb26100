"""The IAM permissions that the remedies need besides those of the checks."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.check import Grant

_QUEUE: Final = "arn:aws:sqs:{region}:{account}:{queue}"
_DEAD_LETTER_QUEUE: Final = "arn:aws:sqs:{region}:{account}:{dead_letter_queue}"
_GROUP: Final = "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{group}"

GRANTS: Final = (
    Grant("ScaleWorker", ("autoscaling:SetDesiredCapacity",), (_GROUP,)),
    Grant("QueueCreate", ("sqs:CreateQueue",), (_QUEUE, _DEAD_LETTER_QUEUE)),
    Grant("FixWorkers", ("autoscaling:ResumeProcesses", "autoscaling:StartInstanceRefresh"), (_GROUP,)),
    # Auto Scaling knows no resource for it.
    Grant("FixWorkersFollow", ("autoscaling:DescribeInstanceRefreshes",)),
    Grant("FixAutoscalerRule", ("events:EnableRule",), ("arn:aws:events:{region}:{account}:rule/*",)),
    # SQS moves the messages with the rights of the one who starts the task.
    Grant(
        "FixDeadLetters",
        ("sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks", "sqs:ReceiveMessage", "sqs:DeleteMessage"),
        (_DEAD_LETTER_QUEUE,),
    ),
    Grant("FixDeadLettersBack", ("sqs:SendMessage",), (_QUEUE,)),
)
