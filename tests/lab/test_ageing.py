"""What takes minutes in production is there at once: jobs, messages and instances of a fault are as old as it says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest

from academy_ops import contract
from academy_ops.contract import JOBS_PATH, TENANT_HEADER
from academy_ops.lab import operate, processes
from tests.lab.conftest import Aws

pytestmark = pytest.mark.xdist_group("lab")


def connect(service: Any) -> Any:
    values = operate.settings()
    return boto3.client(
        service,
        endpoint_url=values["AWS_ENDPOINT_URL"],
        region_name=values["AWS_REGION"],
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
    )


def job(job_id: str) -> dict[str, Any]:
    """Read a job past the edge, at the app's own port."""
    values = operate.settings()
    headers = {"Authorization": f"Bearer {values['ACADEMY_API_TOKEN']}", TENANT_HEADER: values["ACADEMY_TENANT_CODE"]}
    url = f"{values['ACADEMY_APP_URL']}{JOBS_PATH}{job_id}/"
    document: dict[str, Any] = httpx.get(url, headers=headers, trust_env=False, timeout=10).json()
    return document


def oldest(cloudwatch: Any, queue: str) -> list[float]:
    now = datetime.now(UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return [point["Maximum"] for point in points]


def age(stamp: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()


@pytest.fixture
def waiting(lab: operate.LabInfo) -> Iterator[str]:
    """A job that nobody has taken for eleven minutes, as the fault says."""
    assert lab.pid
    job_id = operate.break_fault("queue-not-consumed")
    assert job_id is not None
    yield job_id
    operate.heal()


def test_job_message_and_instance_are_as_old_as_the_fault(waiting: str) -> None:
    document = job(waiting)
    assert age(document["created_at"]) > 600
    assert age(document["updated_at"]) > 600
    assert [seconds > 600 for seconds in oldest(connect("cloudwatch"), contract.QUEUE_NAME)] == [True]
    instances = connect("ec2").describe_instances(
        Filters=[{"Name": "instance-state-name", "Values": ["running"]}],
    )["Reservations"]
    launched = [one["LaunchTime"] for reservation in instances for one in reservation["Instances"]]
    assert [time < datetime.now(UTC) - timedelta(minutes=10) for time in launched] == [True]


def test_another_job_keeps_its_own_age(waiting: str) -> None:
    assert age(job(operate.upload())["created_at"]) < 60
    assert age(job(waiting)["created_at"]) > 600


def test_an_old_job_is_done_once_the_lab_is_healed(waiting: str) -> None:
    operate.heal()
    assert processes.until(lambda: job(waiting)["status"] == "DONE", 40, 0.1)


def test_a_queue_without_messages_has_no_age(aws: Aws) -> None:
    aws.client("sqs").create_queue(QueueName="empty")
    assert oldest(aws.client("cloudwatch"), "empty") == []
    assert oldest(aws.client("cloudwatch"), "nobody-made-it") == []


def test_a_message_that_has_just_been_sent_is_young_and_ages_in_flight_too(aws: Aws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="one-message")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="job")
    sqs.receive_message(QueueUrl=url)
    aws.cloud.queues.age("one-message", 300)
    (seconds,) = oldest(aws.client("cloudwatch"), "one-message")
    assert 300 <= seconds < 360


def test_other_metrics_are_answered_from_what_was_put_in(aws: Aws) -> None:
    cloudwatch, now = aws.client("cloudwatch"), datetime.now(UTC)
    cloudwatch.put_metric_data(Namespace="Academy", MetricData=[{"MetricName": "Uploads", "Value": 3.0}])
    points = cloudwatch.get_metric_statistics(
        Namespace="Academy",
        MetricName="Uploads",
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [point["Sum"] for point in points] == [3.0]
