"""Whose clock counts: ages are those of the servers, whatever this machine's clock shows."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from academy_ops.outside.clocks import Clocks
from checks import queue, queue_attributes
from checks.facts import Depth, QueueSettings
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import KEYS, empty_case, target
from tests.wire import Handler, server

JOB = "6f3c1b1e-6a55-4f0b-9c0e-0d6f3f1f0a11"
FAST = 240
"""By so many seconds this machine's clock is ahead, in the eyes of a server that says so."""


def there(ahead: float, ago: float = 0) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=ahead + ago)


def dated(ahead: float, **more: str) -> dict[str, str]:
    return {"Date": format_datetime(there(ahead), usegmt=True), **more}


def answering(ahead: float, body: Callable[[Handler], Any], status: int = 200) -> Callable[[Handler], None]:
    """Answer with a Date by which this machine's clock is ``ahead``."""

    def answer(handler: Handler) -> None:
        text = json.dumps(body(handler)).encode()
        handler.send_response_only(status)
        headers = dated(ahead, **{"Content-Length": str(len(text)), "Content-Type": "application/x-amz-json-1.0"})
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(b"" if handler.command == "HEAD" else text)

    return answer


@pytest.mark.parametrize(
    ("noted", "ahead"),
    [
        ([], None),
        ([("api", 240)], 240),
        ([("api", -240)], -240),
        ([("api", 240), ("r2", 100)], 100),
        ([("aws", 30), ("r2", 100), ("api", 240)], 30),
        ([("aws", 0), ("api", 240)], 0),
        # A Date is of whole seconds, and its way takes time: so little is no difference.
        ([("aws", 3)], 0),
        ([("aws", -3)], 0),
    ],
)
def test_aws_is_believed_before_r2_and_r2_before_the_api(noted: list[Any], ahead: int | None) -> None:
    clocks = Clocks()
    for name, seconds in noted:
        clocks.note(name, dated(seconds), took=0.2)
    known = clocks.ahead()
    assert (known is None) is (ahead is None)
    assert abs((known or 0) - (ahead or 0)) <= 1


@pytest.mark.parametrize(
    "headers",
    [{}, {"Date": "yesterday"}, {"Date": ""}, {"date": "Mon, 99 Foo 2026 00:00:00 GMT"}, dated(900, Age="890")],
)
def test_what_is_no_time_of_now_says_nothing(headers: dict[str, str]) -> None:
    clocks = Clocks()
    clocks.note("api", headers, took=0.1)
    assert clocks.ahead() is None


def test_the_quickest_answer_counts() -> None:
    clocks = Clocks()
    for seconds, took in ((240, 0.1), (233, 7.0)):
        clocks.note("aws", dated(seconds), took)
    assert abs((clocks.ahead() or 0) - 240) <= 1


def test_every_answer_tells_the_time_a_refusal_too() -> None:
    refused = answering(FAST, lambda _: {"__type": "AccessDenied", "message": "no"}, status=400)
    with server(refused) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        queue.look(this)
        assert abs((this.connect.clocks.ahead() or 0) - FAST) <= 2
    with server(answering(FAST, lambda _: {})) as (url, _), target() as this:
        this.connect.get(url)
        assert abs((this.connect.clocks.ahead() or 0) - FAST) <= 2


def diagnosed(ahead: float, age: float) -> dict[str, Any]:
    """Look at a job of ``age`` seconds, as it is by the API's clock and this machine's is ``ahead`` of it."""

    def body(_: Handler) -> dict[str, Any]:
        made = there(ahead, age).isoformat()
        return {"job_id": JOB, "status": "PENDING", "created_at": made, "updated_at": made}

    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "R2_", "ACADEMY_"))}
    environ |= {**KEYS, "AWS_EC2_METADATA_DISABLED": "true"}
    with server(answering(ahead, body)) as (url, _):
        done = subprocess.run(
            [sys.executable, "-m", "academy_ops", "-o", "json", "--timeout", "8", "check", "job", JOB],
            env={**environ, "ACADEMY_API_URL": url, "AWS_ENDPOINT_URL": url},
            capture_output=True, text=True, encoding="utf-8", check=False, timeout=60,
        )  # fmt: skip
    (finding,) = (one for one in json.loads(done.stdout)["findings"] if one["check"] == "job")
    evidence: dict[str, Any] = finding["evidence"]
    return evidence


@pytest.mark.parametrize("ahead", [FAST, -FAST, 0])
def test_a_job_is_as_old_as_it_is_by_the_servers_clocks(ahead: float) -> None:
    assert 5 <= diagnosed(ahead, 12)["waited_seconds"] <= 20


ATTRIBUTES = {
    "QueueArn": "arn:aws:sqs:ap-northeast-2:1:jobs",
    "ApproximateNumberOfMessages": "4",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "VisibilityTimeout": "43200",
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "900",
    "CreatedTimestamp": "1764237600",
}


@pytest.mark.parametrize("count", [1, "1"])
def test_the_queues_own_attributes_are_read(count: object) -> None:
    redrive = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:ap-northeast-2:1:dead", "maxReceiveCount": count})
    result = {"QueueUrl": "http://127.0.0.1/jobs", "Attributes": {**ATTRIBUTES, "RedrivePolicy": redrive}}
    with server(answering(0, lambda _: result)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        depth = queue_attributes.depth(this, "jobs")
    assert isinstance(depth, Depth)
    assert depth.dead_letter_arn == "arn:aws:sqs:ap-northeast-2:1:dead"
    assert depth.settings == QueueSettings(43_200, 345_600, 900, 1)
    assert depth.created_at == datetime(2025, 11, 27, 10, tzinfo=UTC)


@pytest.mark.parametrize("policy", ["", "{", "[]", '{"maxReceiveCount": "many"}', '{"deadLetterTargetArn": 7}'])
def test_a_redrive_policy_of_another_form_names_no_queue(policy: str) -> None:
    result = {"QueueUrl": "http://127.0.0.1/jobs", "Attributes": {**ATTRIBUTES, "RedrivePolicy": policy}}
    with server(answering(0, lambda _: result)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        depth = queue_attributes.depth(this, "jobs")
    assert isinstance(depth, Depth)
    assert (depth.dead_letter_arn, depth.settings and depth.settings.max_receives) == (None, None)


def test_an_age_that_cloudwatch_has_measured_minutes_ago_has_grown_since() -> None:
    points = [
        {"Timestamp": h.ago(60 * ago).timestamp(), "Maximum": maximum} for ago, maximum in ((9, 700.0), (8, 30.0))
    ]
    result = {"QueueUrl": "http://127.0.0.1/jobs", "Attributes": ATTRIBUTES, "Label": "age", "Datapoints": points}
    with server(answering(0, lambda _: result)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        facts = queue.observe(this, empty_case(), queue.look(this))
    assert (facts.oldest_seconds, facts.measured_seconds) == (510.0, 480.0)
