"""The least IAM policy: what each check and each change calls, on which resources. The one table of both.

Resources are as narrow as IAM allows for the action, after AWS's Service Authorization Reference: where an action
knows no resource types, or the id is not known before it is asked for, it is ``*``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from academy_ops.contract import DLQ_SUFFIX
from academy_ops.settings import Settings

_ANY: Final = ("*",)
_QUEUE: Final = "arn:aws:sqs:{region}:{account}:{queue}"
_DEAD_LETTERS: Final = _QUEUE + DLQ_SUFFIX
_GROUP: Final = "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{group}"
_RULES: Final = "arn:aws:events:{region}:{account}:rule/*"
_PARAMETER: Final = "arn:aws:ssm:{region}:{account}:parameter/{parameter}"

ALWAYS_ALLOWED: Final = frozenset({"sts:GetCallerIdentity"})
"""What AWS lets everybody do, whatever a policy says."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions that are needed by the same check or command, on the same resources.

    Attributes:
        sid: The statement's id; IAM takes letters and digits only.
        needed_by: The check that tells when one of the actions is denied, or the command that calls it.
        actions: The IAM actions.
        resources: ARNs; live names go into the braces.
        condition: IAM's condition block, likewise.
    """

    sid: str
    needed_by: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = _ANY
    condition: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


FOR_CHECKS: Final = (
    Grant(
        "CheckWorkersGroup",
        "workers",
        (
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:DescribeScalingActivities",
            "ec2:DescribeInstances",
            "events:ListRuleNamesByTarget",
        ),
    ),
    Grant(
        "CheckWorkersAutoscaler",
        "workers",
        ("lambda:GetFunctionConfiguration",),
        ("arn:aws:lambda:{region}:{account}:function:{autoscaler}",),
    ),
    # Which rules run the autoscaler is only known once they have been listed.
    Grant("CheckWorkersAutoscalerRule", "workers", ("events:DescribeRule",), (_RULES,)),
    Grant("CheckQueue", "queue", ("sqs:GetQueueUrl", "sqs:GetQueueAttributes"), (_QUEUE, _DEAD_LETTERS)),
    Grant("CheckQueueAge", "queue", ("cloudwatch:GetMetricStatistics",)),
    Grant("CheckLogsAgents", "logs", ("ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation")),
    Grant("CheckLogsDocument", "logs", ("ssm:SendCommand",), ("arn:aws:ssm:{region}::document/AWS-RunShellScript",)),
    # A statement of its own: the document bears no tag. Auto Scaling tags every instance of a group by itself.
    Grant(
        "CheckLogsInstances",
        "logs",
        ("ssm:SendCommand",),
        ("arn:aws:ec2:{region}:{account}:instance/*",),
        {"StringEquals": {"ssm:resourceTag/aws:autoscaling:groupName": "{group}"}},
    ),
    Grant("CheckLogsParameter", "logs", ("ssm:GetParameter",), (_PARAMETER,)),
    # Which key encrypts the parameter is not known here; it decrypts that parameter only, and only for SSM.
    Grant(
        "CheckLogsParameterKey",
        "logs",
        ("kms:Decrypt",),
        ("arn:aws:kms:{region}:{account}:key/*",),
        {
            "StringEquals": {"kms:ViaService": "ssm.{region}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": _PARAMETER},
        },
    ),
)
"""What the checks need; the commands that only look need nothing more."""

FOR_CHANGES: Final = (
    Grant("ScaleWorker", "scale-worker", ("autoscaling:SetDesiredCapacity",), (_GROUP,)),
    Grant("QueueCreate", "queue create", ("sqs:CreateQueue",), (_QUEUE, _DEAD_LETTERS)),
    Grant(
        "FixWorkers",
        "diagnose --fix",
        ("autoscaling:ResumeProcesses", "autoscaling:StartInstanceRefresh"),
        (_GROUP,),
    ),
    Grant("FixAutoscalerRule", "diagnose --fix", ("events:EnableRule",), (_RULES,)),
    # SQS moves the messages with the rights of the one who starts the task.
    Grant(
        "FixDeadLetters",
        "diagnose --fix",
        ("sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage"),
        (_DEAD_LETTERS,),
    ),
    Grant("FixDeadLettersBack", "diagnose --fix", ("sqs:SendMessage",), (_QUEUE,)),
)
"""What the commands that change something need besides."""


def policy(settings: Settings, *, with_actions: bool = False) -> dict[str, Any]:
    """Return the policy as IAM takes it.

    Args:
        settings: Where the names, the region and the account come from; an account that is not set is ``*``.
        with_actions: Also what the commands that change something need.
    """
    names = {
        "region": settings.region,
        "account": settings.get("ACADEMY_AWS_ACCOUNT_ID") or "*",
        "group": settings.group,
        "queue": settings.queue,
        "autoscaler": settings.autoscaler,
        "parameter": settings.parameter.removeprefix("/"),
    }
    grants: Sequence[Grant] = (*FOR_CHECKS, *FOR_CHANGES) if with_actions else FOR_CHECKS
    return {"Version": "2012-10-17", "Statement": [_statement(grant, names) for grant in grants]}


def _statement(grant: Grant, names: Mapping[str, str]) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": grant.sid,
        "Effect": "Allow",
        "Action": list(grant.actions),
        "Resource": [resource.format_map(names) for resource in grant.resources],
    }
    if grant.condition:
        statement["Condition"] = {
            operator: {key: value.format_map(names) for key, value in tests.items()}
            for operator, tests in grant.condition.items()
        }
    return statement
