"""A permission that is denied is unknown, with its IAM action; it is never a fault and never a pass."""

import pytest

from tests.lab_at_hand import Lab

pytestmark = pytest.mark.xdist_group("lab-2")

ACTIONS = {
    "autoscaling:DescribeAutoScalingGroups": "workers",
    "autoscaling:DescribeScalingActivities": "workers",
    "ec2:DescribeInstances": "workers",
    "lambda:GetFunctionConfiguration": "workers",
    "events:ListRuleNamesByTarget": "workers",
    "events:DescribeRule": "workers",
    "sqs:GetQueueUrl": "queue",
    "sqs:GetQueueAttributes": "queue",
    "ssm:DescribeInstanceInformation": "logs",
    "ssm:SendCommand": "logs",
    "ssm:GetCommandInvocation": "logs",
    "ssm:GetParameter": "logs",
}


@pytest.mark.parametrize(("action", "check"), ACTIONS.items())
def test_a_denied_action_is_named_by_the_check_that_needs_it(lab: Lab, action: str, check: str) -> None:
    told = lab.diagnose(**lab.keys_without(action))
    assert told.short == (3, "undetermined", None)
    assert action in [finding["missing_permission"] for finding in told.findings(check)]
    assert "fail" not in [finding["status"] for finding in told.document["findings"]]


def test_a_done_job_is_healthy_whatever_may_not_be_looked_at(lab: Lab) -> None:
    job_id = lab.ended(lab.do("lab", "upload"))
    told = lab.diagnose(job_id, **lab.keys_without("sqs:GetQueueAttributes"))
    assert told.short == (0, "healthy", None)
    assert "unknown" in [finding["status"] for finding in told.findings("queue")]
