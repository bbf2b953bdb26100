"""What SQS says of a queue, and CloudWatch of its oldest message."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, queue_missing
from checks.facts import Case, Depth, QueueSettings
from checks.times import age, since_1970

_LONGEST_NUMBER: Final = 9


def read_attributes(target: Target, name: str) -> Mapping[str, str] | Unavailable | None:
    """Read one queue's attributes; None when there is no such queue."""
    action = "sqs:GetQueueUrl"
    try:
        sqs = target.connect.aws("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        action = "sqs:GetQueueAttributes"
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        # Without its ARN it is half an answer, and that is said here.
        whole = {"QueueArn": attributes["QueueArn"], **attributes}
    except AWS_ERRORS as error:
        return None if queue_missing(error) else target.connect.unseen(error, action)
    return {name: target.connect.clean(value) for name, value in whole.items()}


def depth(target: Target, name: str) -> Depth | Unavailable | None:
    """Read one queue's attributes; None when there is no such queue."""
    attributes = read_attributes(target, name)
    if attributes is None or isinstance(attributes, Unavailable):
        return attributes
    counts = [attributes.get(f"ApproximateNumberOfMessages{which}", "") for which in ("", "NotVisible", "Delayed")]
    if not all(count.isdecimal() for count in counts):
        # Half an answer must not look like an empty queue.
        return Unavailable("unexpected-answer", "sqs:GetQueueAttributes", "a number of messages is missing")
    policy = _redrive(attributes.get("RedrivePolicy", ""))
    dead = policy.get("deadLetterTargetArn")
    visible, in_flight, delayed = map(int, counts)
    return Depth(
        arn=attributes["QueueArn"],
        visible=visible,
        in_flight=in_flight,
        delayed=delayed,
        dead_letter_arn=dead if isinstance(dead, str) else None,
        settings=QueueSettings(
            visibility_seconds=_number(attributes.get("VisibilityTimeout")),
            retention_seconds=_number(attributes.get("MessageRetentionPeriod")),
            delay_seconds=_number(attributes.get("DelaySeconds")),
            max_receives=_number(policy.get("maxReceiveCount")),
        ),
        created_at=since_1970(attributes.get("CreatedTimestamp", "")),
    )


def oldest_message(target: Target, case: Case) -> tuple[float, float] | Unavailable | None:
    """Return the age in seconds of the oldest message, and how long ago CloudWatch knew it; it has aged since."""
    try:
        points = target.connect.aws("cloudwatch").get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": target.settings.queue}],
            StartTime=case.observed_at - timedelta(minutes=10),
            EndTime=case.observed_at,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        latest = max(points, key=lambda point: point["Timestamp"], default=None)
        if latest is None:
            return None
        measured = age(case.observed_at, latest["Timestamp"]) or 0.0
        return float(latest["Maximum"]) + measured, measured
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "cloudwatch:GetMetricStatistics")


def _redrive(policy: str) -> Mapping[str, object]:
    try:
        read = json.loads(policy or "{}")
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _number(value: object) -> int | None:
    """Read a number that SQS may write as a text; None for anything else."""
    text = str(value)[:_LONGEST_NUMBER]
    return int(text) if text.isascii() and text.isdecimal() else None
