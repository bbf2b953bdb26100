"""An AWS that throttles, fails, or answers half or in other types: what is not seen is told, and the rest is judged."""

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from tests.between import Answer, Trick, altered, answered, between, refused
from tests.lab_driver import Lab
from tests.wire import Handler, dripping, pouring, respond, server
from tests.world.stage import api, asked, job

CHECKS = ("access", "workers", "queue", "logs")


def refuse(code: str, status: int) -> Callable[[Handler], None]:
    return lambda handler: refused(code, status)(handler, lambda _: None)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuse("Throttling", 400), id="throttled"),
        pytest.param(refuse("InternalFailure", 500), id="500"),
        pytest.param(lambda handler: respond(handler, 200, b'{"Queue'), id="half an answer"),
        pytest.param(lambda handler: respond(handler, 200, b"[1]"), id="another type"),
        pytest.param(lambda handler: respond(handler, 200, b"{}"), id="nothing"),
        pytest.param(lambda handler: respond(handler, 302, Location="http://127.0.0.1:1/"), id="a redirect"),
        pytest.param(pouring(b"x" * 65536), id="a body without end"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" "), id="a body that drips"),
    ],
)
def test_what_a_sick_aws_does_not_tell_is_unknown_and_the_rest_is_seen(
    answer: Callable[[Handler], None], tmp_path: Path
) -> None:
    pending = api(lambda handler: respond(handler, 200, job("PENDING", created_at="2026-01-01T00:00:00Z")))
    with server(pending) as (url, _), server(answer) as (aws, _):
        code, document = asked(tmp_path, url, "endpoint", *CHECKS, timeout=6, AWS_ENDPOINT_URL=aws)
    result = {check: [one for one in document["findings"] if one["check"] == check] for check in (*CHECKS, "endpoint")}
    assert [one["status"] for one in result["endpoint"]] == ["ok"]
    for check in CHECKS:
        assert {one["status"] for one in result[check]} <= {"unknown", "skip"} or result[check][0][
            "cause"
        ] == "aws-unreachable"
    assert (code, document["verdict"]["status"]) == (3, "undetermined")


def wrong(aws: str) -> dict[str, Trick]:
    """Answers each of which is spoilt in one place."""

    def words_for_numbers(body: bytes) -> bytes:
        result = json.loads(body)
        return json.dumps({"Attributes": {**result["Attributes"], "ApproximateNumberOfMessages": ["many"]}}).encode()

    return {
        "2015-03-31/functions": answered(b"[]"),
        "DescribeInstances": altered(aws, lambda body: body.replace(b"<launchTime>", b"<launchTime>soon")),
        "DescribeScalingActivities": answered(
            b"<DescribeScalingActivitiesResponse><DescribeScalingActivitiesResult><Activities><member>"
            b"<StatusCode>Successful</StatusCode><StartTime>soon</StartTime></member></Activities>"
            b"</DescribeScalingActivitiesResult></DescribeScalingActivitiesResponse>"
        ),
        "GetQueueAttributes": altered(aws, words_for_numbers),
        "GetCommandInvocation": answered(b'{"Status": {"Success": true}, "StandardOutputContent": ["probe=1"]}'),
        "GetParameter": answered(b'{"Parameter": {"Value": 5}}'),
    }


def test_an_answer_of_wrong_types_costs_its_own_finding_and_no_other(running_lab: Lab) -> None:
    aws = running_lab.settings()["AWS_ENDPOINT_URL"]
    with between(aws, wrong(aws)) as url:
        result = running_lab.diagnose("--timeout", "8", AWS_ENDPOINT_URL=url)
    assert result.short == (3, "undetermined", None)
    tried = {one["evidence"].get("tried") for one in result.document["findings"] if one["status"] == "unknown"}
    assert tried == {
        "lambda:GetFunctionConfiguration",
        "ec2:DescribeInstances",
        "autoscaling:DescribeScalingActivities",
        "sqs:GetQueueAttributes",
        "ssm:GetCommandInvocation",
        "ssm:GetParameter",
    }
    assert "Workers in service: 1." in [one["summary"] for one in result.findings("workers")]


@pytest.mark.parametrize(
    "trick",
    [
        pytest.param(answered(b"[]"), id="another type"),
        pytest.param(answered(b"<DescribeAutoScalingGroupsResponse><Describe"), id="half an answer"),
        pytest.param(refused("Throttling", 400), id="throttled"),
    ],
)
def test_a_change_that_can_not_be_planned_says_so_in_a_line(running_lab: Lab, trick: Trick) -> None:
    with between(running_lab.settings()["AWS_ENDPOINT_URL"], {"DescribeAutoScalingGroups": trick}) as url:
        done = running_lab.tool("scale-worker", "--desired", "2", "--yes", AWS_ENDPOINT_URL=url)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("academy-ops: Nothing was changed. Can't read the Auto Scaling group: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        pytest.param(
            b'{"Attributes": {"QueueArn": "arn", "RedrivePolicy": "\\u001b[31m{"}}', 1, "RedrivePolicy is", id="text"
        ),
        pytest.param(b'{"Attributes": {"QueueArn": ["arn"]}}', 3, "Can't read queue", id="another type"),
        pytest.param(b'{"Attributes": {}}', 3, "Can't read queue", id="half an answer"),
    ],
)
def test_attributes_of_a_queue_that_are_none_are_told(running_lab: Lab, body: bytes, code: int, said: str) -> None:
    with between(running_lab.settings()["AWS_ENDPOINT_URL"], {"GetQueueAttributes": answered(body)}) as url:
        done = running_lab.tool("queue", "create", "--yes", AWS_ENDPOINT_URL=url)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_an_answer_of_pages_without_end_is_left_when_time_is_up(running_lab: Lab) -> None:
    pages, nothing = count(), Event()

    def one_more(handler: Handler, _on: Answer) -> None:
        nothing.wait(0.05)  # as long as AWS takes
        page = f"<reservationSet/><nextToken>{next(pages)}</nextToken>"
        respond(handler, 200, f"<DescribeInstancesResponse>{page}</DescribeInstancesResponse>".encode())

    with between(running_lab.settings()["AWS_ENDPOINT_URL"], {"DescribeInstances": one_more}) as url:
        done = running_lab.tool("scale-worker", "--desired", "2", "--dry-run", "--timeout", "2", AWS_ENDPOINT_URL=url)
    assert done.returncode == 0
    assert "desired 1 -> 2" in done.stdout
