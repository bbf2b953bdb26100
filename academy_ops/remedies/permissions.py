"""The IAM permissions that the remedies need besides those of the checks."""

from typing import Final

from academy_ops.diagnosis.check import Grant

_QUEUE: Final = "arn:aws:sqs:{region}:{account}:{queue}"
_DEAD_LETTER_QUEUE: Final = "arn:aws:sqs:{region}:{account}:{dead_letter_queue}"
_PARAMETER: Final = "arn:aws:ssm:{region}:{account}:parameter/{parameter}"
_GROUP: Final = "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{group}"

GRANTS: Final = (
    Grant("ScaleWorker", ("autoscaling:SetDesiredCapacity",), (_GROUP,)),
    Grant("QueueCreate", ("sqs:CreateQueue",), (_QUEUE, _DEAD_LETTER_QUEUE)),
    Grant("FixWorkers", ("autoscaling:ResumeProcesses", "autoscaling:StartInstanceRefresh"), (_GROUP,)),
    Grant("FixAutoscalerRule", ("events:EnableRule",), ("arn:aws:events:{region}:{account}:rule/*",)),
    Grant("FixAlarms", ("cloudwatch:EnableAlarmActions",), ("arn:aws:cloudwatch:{region}:{account}:alarm:*",)),
    # SQS moves the messages with the rights of the one who starts the task.
    Grant(
        "FixDeadLetters",
        ("sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks", "sqs:ReceiveMessage", "sqs:DeleteMessage"),
        (_DEAD_LETTER_QUEUE,),
    ),
    Grant("FixDeadLettersBack", ("sqs:SendMessage",), (_QUEUE,)),
    Grant("WorkerEnv", ("ssm:PutParameter",), (_PARAMETER,)),
    # What key encrypts it; IAM knows no resource for that.
    Grant("WorkerEnvKeyName", ("ssm:DescribeParameters",)),
    # Standard parameters are encrypted with the one, advanced ones with the other.
    Grant(
        "WorkerEnvKey",
        ("kms:Encrypt", "kms:GenerateDataKey"),
        ("arn:aws:kms:{region}:{account}:key/*",),
        {
            "StringEquals": {"kms:ViaService": "ssm.{region}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": _PARAMETER},
        },
    ),
)
