"""With the policy that `iam-policy` prints every check can look; each action that is taken from it is named.

The lab's gate enforces actions; resources and conditions it takes to match (tests/test_permissions.py reads those).
A permission that is denied is unknown, with its IAM action; it is never a fault and never a pass.
"""

import json
from typing import Any

import pytest

from academy_ops.lab import operate
from checks import RUNBOOK
from tests.lab_driver import Lab

NEEDED_BY = {action: check.name for check in RUNBOOK for grant in check.grants for action in grant.actions}
OLDEST = "cloudwatch:GetMetricStatistics"
"""Asked only where a message waits and no job tells since when."""
# The lab's SSM has no KMS behind it: what AWS says there is served in tests/checks/test_aws_on_the_wire.py.
STARTERS = {
    "autoscaling:DescribePolicies",
    "autoscaling:DescribeScheduledActions",
    "lambda:ListAliases",
    "lambda:ListVersionsByFunction",
    "scheduler:ListSchedules",
}
"""Asked only where no rule runs the autoscaler."""
ARCHIVE = "logs:FilterLogEvents"
"""Asked only where a log group is known."""
TARGETS = {"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"}
"""Asked only where a load balancer has answered."""
NEVER_HERE = {ARCHIVE, *TARGETS, "cloudwatch:DescribeAlarms", OLDEST, "kms:Decrypt", "scheduler:GetSchedule", *STARTERS}
ASKED = {action: check for action, check in NEEDED_BY.items() if action not in NEVER_HERE}


def keys(lab: Lab, *options: str, without: str = "") -> dict[str, str]:
    """Return AWS keys that may do what `iam-policy` says, but for one action."""
    policy: dict[str, Any] = json.loads(lab.tool("iam-policy", *options).stdout)
    left = [
        {**statement, "Action": [action for action in statement["Action"] if action != without]}
        for statement in policy["Statement"]
    ]
    policy["Statement"] = [statement for statement in left if statement["Action"]]
    with lab.operated():
        made = operate.keys_for(policy)
    return {"AWS_ACCESS_KEY_ID": made.key_id, "AWS_SECRET_ACCESS_KEY": made.secret}


def test_with_exactly_this_policy_every_check_can_look(lab: Lab) -> None:
    result = lab.diagnose(lab.ended_job(), **keys(lab))
    assert result.short == (0, "healthy", None)
    assert {finding["check"]: finding["status"] for finding in result.document["findings"]} == dict.fromkeys(
        ("access", "r2", "endpoint", "job", "workers", "queue", "logs"), "ok"
    )


def test_with_exactly_this_policy_the_age_of_a_waiting_message_is_seen(lab: Lab) -> None:
    lab.break_fault("queue-not-consumed")
    result = lab.diagnose(**keys(lab))
    assert result.short == (1, "faulty", "queue-not-consumed")
    assert [finding["missing_permission"] for finding in result.findings("queue")] == [None]


def test_where_the_age_may_not_be_asked_it_is_named_and_the_fault_is_still_told(lab: Lab) -> None:
    lab.break_fault("queue-not-consumed")
    result = lab.diagnose(**keys(lab, without=OLDEST))
    assert result.short == (1, "faulty", "queue-not-consumed")
    assert OLDEST in [finding["missing_permission"] for finding in result.findings(NEEDED_BY[OLDEST])]


@pytest.mark.parametrize("action", sorted(STARTERS))
def test_who_else_starts_workers_is_named_where_it_may_not_be_asked(lab: Lab, action: str) -> None:
    lab.break_fault("autoscaler-off")
    result = lab.diagnose(lab.ended_job(), **keys(lab, without=action))
    assert action in [finding["missing_permission"] for finding in result.findings("workers")]
    assert "autoscaler-off" not in result.verdict["warnings"]


def test_with_exactly_this_policy_it_is_seen_that_nobody_starts_workers(lab: Lab) -> None:
    lab.break_fault("autoscaler-off")
    result = lab.diagnose(lab.ended_job(), **keys(lab))
    assert result.verdict["warnings"] == ["autoscaler-off"]
    assert [one["missing_permission"] for one in result.findings("workers")] == [None] * len(result.findings("workers"))


@pytest.mark.parametrize(("action", "check"), ASKED.items())
def test_an_action_that_is_missing_is_named_by_the_check_that_needs_it(lab: Lab, action: str, check: str) -> None:
    result = lab.diagnose(**keys(lab, without=action))
    assert result.short == (3, "undetermined", None)
    assert [one["missing_permission"] for one in result.findings(check) if one["status"] == "unknown"] == [action]
    assert "fail" not in [finding["status"] for finding in result.document["findings"]]


def test_with_actions_workers_can_be_scaled_and_queues_created(lab: Lab) -> None:
    mine = keys(lab, "--with-actions")
    lab.break_fault("worker-off")
    scaled = lab.tool("scale-worker", "--desired", "1", "--yes", "--wait", **mine)
    assert scaled.returncode == 0, scaled.stderr
    lab.break_fault("queue-missing")
    created = lab.tool("queue", "create", "--yes", **mine)
    assert created.returncode == 0, created.stderr


@pytest.mark.parametrize("fault", ["autoscaler-off", "worker-launch-suspended"])
def test_with_actions_a_switch_is_put_back(lab: Lab, fault: str) -> None:
    lab.break_fault(fault)
    fixed = lab.tool("diagnose", "--fix", "--yes", **keys(lab, "--with-actions"))
    assert fixed.returncode == 0, fixed.stdout + fixed.stderr


@pytest.mark.parametrize(
    ("command", "action"),
    [
        (("scale-worker", "--desired", "2"), "autoscaling:SetDesiredCapacity"),
        (("queue", "create"), "sqs:CreateQueue"),
    ],
)
def test_without_actions_a_change_names_the_one_that_is_missing(
    lab: Lab, command: tuple[str, ...], action: str
) -> None:
    if action == "sqs:CreateQueue":
        lab.break_fault("queue-missing")
    done = lab.tool(*command, "--yes", **keys(lab))
    assert done.returncode == 3
    assert "Nothing was changed" in done.stderr
    assert action in done.stderr


def test_a_done_job_is_healthy_whatever_may_not_be_looked_at(lab: Lab) -> None:
    result = lab.diagnose(lab.ended_job(), **lab.keys_without("sqs:GetQueueAttributes"))
    assert result.short == (0, "healthy", None)
    assert "unknown" in [finding["status"] for finding in result.findings("queue")]
