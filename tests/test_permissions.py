"""The IAM policy: every call of the tool is in it, as narrow as IAM allows, with the live names."""

import ast
import json
from pathlib import Path
from typing import Any, get_args

import botocore.session
import pytest
from botocore import xform_name

from academy_ops.diagnosis.check import Grant
from academy_ops.outside import permissions
from academy_ops.outside.clients import Service
from academy_ops.remedies.permissions import GRANTS
from academy_ops.settings import load
from checks import RUNBOOK
from tests.commands import academy_ops
from tests.sdk_models import SDK_NAMES, WITHOUT_PERMISSION

ROOT = Path(__file__).parent.parent
NAMES = {
    "ACADEMY_AWS_ACCOUNT_ID": "123456789012",
    "AWS_REGION": "eu-west-1",
    "AI_SQS_QUEUE_NAME_BASIC": "jobs",
    "AI_WORKER_ASG_NAME": "group",
    "WORKER_ENV_PARAMETER": "/workers/env",
    "AI_AUTOSCALER_FUNCTION": "scaler",
}
FOR_CHECKS = tuple(grant for check in RUNBOOK for grant in check.grants)
KNOW_NO_RESOURCE = {
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeInstanceRefreshes",
    "autoscaling:DescribePolicies",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeScheduledActions",
    # Composite alarms are shown only to those who may see any.
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricStatistics",
    "ec2:DescribeInstances",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "events:ListRuleNamesByTarget",
    "scheduler:ListSchedules",
    "ssm:DescribeInstanceInformation",
    "ssm:DescribeParameters",
    "ssm:GetCommandInvocation",
    "ssm:ListCommandInvocations",
}
"""By AWS's Service Authorization Reference."""
ON_OUR_BEHALF = {
    *("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
    *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:SendMessage"),
}
"""What AWS itself does with our rights, to decrypt and encrypt the parameter and to move dead letters back."""
IN_IAM = {name: iam for iam, name in SDK_NAMES.items()}
LARGEST_MANAGED_POLICY = 6144


def statements(**environ: str) -> list[dict[str, Any]]:
    settings = load(environ={**NAMES, **environ}, default_env_file=None)
    written: list[dict[str, Any]] = permissions.policy(settings, (*FOR_CHECKS, *GRANTS))["Statement"]
    return written


def resources(action: str) -> list[str]:
    return [one for statement in statements() if action in statement["Action"] for one in statement["Resource"]]


def actions_of(grants: tuple[Grant, ...]) -> set[str]:
    return {action for grant in grants for action in grant.actions}


def called(*folders: str) -> set[str]:
    """Every operation of AWS that the source of ``folders`` names as a method or a paginator of a client."""
    session = botocore.session.get_session()
    known = {
        xform_name(operation): f"{IN_IAM.get(service, service)}:{operation}"
        for service in get_args(Service)
        for operation in session.get_service_model(service).operation_names
    }
    trees = (ast.parse(path.read_text("utf-8")) for folder in folders for path in (ROOT / folder).rglob("*.py"))
    called = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    methods = {node.func.attr for node in called if isinstance(node.func, ast.Attribute)}
    paginated = {
        argument.value
        for node in called
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }
    sent = {
        str(argument.value)
        for node in called
        if isinstance(node.func, ast.Name) and node.func.id == "send"
        for argument in node.args
        if isinstance(argument, ast.Constant) and argument.value in known.values()
    }
    return {known[name] for name in methods | paginated if name in known} | sent


def test_every_call_of_a_check_is_in_the_policy_and_nothing_else() -> None:
    allowed = actions_of(FOR_CHECKS) | {WITHOUT_PERMISSION}
    assert called("checks") == allowed - ON_OUR_BEHALF


def test_every_call_that_changes_something_is_in_the_policy_with_actions_and_nothing_else() -> None:
    assert called("academy_ops/remedies") == actions_of(GRANTS) - ON_OUR_BEHALF | {
        # To look before and after; what the checks read, too, is read by them.
        "ssm:GetParameter",
    }


def test_each_statement_says_which_check_needs_it() -> None:
    for check in RUNBOOK:
        assert all(grant.sid.startswith(f"Check{check.name.capitalize()}") for grant in check.grants)


def test_each_statement_has_an_id_of_its_own_that_iam_takes() -> None:
    ids = [statement["Sid"] for statement in statements()]
    assert len(set(ids)) == len(ids)
    assert all(one.isalnum() and one.isascii() for one in ids)


def test_only_what_knows_no_resource_may_be_done_to_any() -> None:
    assert {action for one in statements() if "*" in one["Resource"] for action in one["Action"]} == KNOW_NO_RESOURCE


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("sqs:GetQueueAttributes", [f"arn:aws:sqs:eu-west-1:123456789012:{name}" for name in ("jobs", "jobs-dlq")]),
        ("ssm:GetParameter", ["arn:aws:ssm:eu-west-1:123456789012:parameter/workers/env"]),
        ("lambda:GetFunctionConfiguration", ["arn:aws:lambda:eu-west-1:123456789012:function:scaler"]),
        (
            "autoscaling:SetDesiredCapacity",
            ["arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/group"],
        ),
        ("sqs:ReceiveMessage", ["arn:aws:sqs:eu-west-1:123456789012:jobs-dlq"]),
        ("sqs:SendMessage", ["arn:aws:sqs:eu-west-1:123456789012:jobs"]),
    ],
)
def test_resources_bear_the_live_names(action: str, expected: list[str]) -> None:
    assert resources(action) == expected


def test_a_command_is_sent_to_instances_of_the_group_only_and_only_as_a_shell_script() -> None:
    document, instances = (one for one in statements() if "ssm:SendCommand" in one["Action"])
    assert document["Resource"] == ["arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"]
    assert instances["Resource"] == ["arn:aws:ec2:eu-west-1:123456789012:instance/*"]
    assert instances["Condition"] == {"StringEquals": {"ssm:resourceTag/aws:autoscaling:groupName": "group"}}


def test_a_key_decrypts_for_ssm_and_that_parameter_only() -> None:
    (statement,) = (one for one in statements() if "kms:Decrypt" in one["Action"])
    assert statement["Condition"] == {
        "StringEquals": {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"},
        "StringLike": {
            "kms:EncryptionContext:PARAMETER_ARN": "arn:aws:ssm:eu-west-1:123456789012:parameter/workers/env"
        },
    }


def test_an_account_that_is_not_set_is_any(tmp_path: Path) -> None:
    done = academy_ops("iam-policy", cwd=tmp_path)
    assert '"arn:aws:sqs:ap-northeast-2:*:academy-ai-jobs-basic"' in done.stdout


@pytest.mark.parametrize("form", ["table", "json"])
def test_stdout_holds_the_policy_and_nothing_else(form: str, tmp_path: Path) -> None:
    done = academy_ops("iam-policy", "-o", form, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(json.loads(done.stdout)) == {"Version", "Statement"}


def test_without_actions_nothing_may_be_changed(tmp_path: Path) -> None:
    few, all_of_them = (academy_ops("iam-policy", *more, cwd=tmp_path).stdout for more in ((), ("--with-actions",)))
    assert "autoscaling:SetDesiredCapacity" in all_of_them
    assert not [action for action in actions_of(GRANTS) if f'"{action}"' in few]


def test_the_whole_policy_fits_a_managed_policy() -> None:
    # IAM does not count white space.
    assert len(json.dumps({"Statement": statements()}, separators=(",", ":"))) < LARGEST_MANAGED_POLICY
