"""SQS in the lab: what a test may rely on."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from academy_ops import contract
from academy_ops.lab import processes
from tests.lab.conftest import Aws


class Queue:
    """A queue of the test's own, with a dead-letter queue."""

    def __init__(self, aws: Aws) -> None:
        self.client = aws.client("sqs")
        name = f"test-{uuid.uuid4().hex[:8]}"
        self.dead_letters = self.client.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        redrive = {"deadLetterTargetArn": self.arn(self.dead_letters), "maxReceiveCount": 3}
        self.url = self.client.create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(redrive)})[
            "QueueUrl"
        ]

    def arn(self, url: str) -> str:
        answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def depth(self, url: str = "") -> tuple[int, int]:
        """Return how many messages wait and how many are in flight."""
        attributes = self.client.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=["All"])["Attributes"]
        return (
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )

    def receive(self, **values: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.receive_message(QueueUrl=self.url, **values).get("Messages", [])
        return found


@pytest.fixture
def queue(aws: Aws) -> Iterator[Queue]:
    queue = Queue(aws)
    yield queue
    queue.client.delete_queue(QueueUrl=queue.url)
    queue.client.delete_queue(QueueUrl=queue.dead_letters)


def test_the_academys_queue_has_the_attributes_of_production(aws: Aws) -> None:
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=contract.QUEUE_NAME)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "3600"
    assert attributes["MessageRetentionPeriod"] == "1209600"
    assert attributes["ReceiveMessageWaitTimeSeconds"] == "20"
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["maxReceiveCount"] == 3
    assert redrive["deadLetterTargetArn"].endswith(contract.QUEUE_NAME + contract.DLQ_SUFFIX)


def test_depths_tell_waiting_and_in_flight_apart(queue: Queue) -> None:
    for _ in range(2):
        queue.client.send_message(QueueUrl=queue.url, MessageBody="job")
    assert queue.depth() == (2, 0)
    (message,) = queue.receive(MaxNumberOfMessages=1)
    assert queue.depth() == (1, 1)
    queue.client.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    assert queue.depth() == (1, 0)


def test_a_long_poll_gets_a_message_that_is_sent_meanwhile(aws: Aws, queue: Queue) -> None:
    with ThreadPoolExecutor(1) as pool:
        aws.cloud.queues.polled.clear()
        polling = pool.submit(queue.receive, WaitTimeSeconds=10)
        assert aws.cloud.queues.polled.wait(10)
        queue.client.send_message(QueueUrl=queue.url, MessageBody="job")
        assert [one["Body"] for one in polling.result(15)] == ["job"]


def test_a_poll_whose_caller_has_died_takes_no_message(aws: Aws, queue: Queue) -> None:
    connection = poll_by_hand(aws, queue)
    connection.close()
    queue.client.send_message(QueueUrl=queue.url, MessageBody="job")
    assert len(queue.receive(WaitTimeSeconds=5)) == 1


def test_two_polls_never_get_the_same_message(queue: Queue) -> None:
    for number in range(20):
        queue.client.send_message(QueueUrl=queue.url, MessageBody=str(number))
    start = threading.Barrier(4)

    def take() -> list[str]:
        start.wait()
        bodies: list[str] = []
        while messages := queue.receive(MaxNumberOfMessages=2):
            bodies += [one["Body"] for one in messages]
        return bodies

    with ThreadPoolExecutor(4) as pool:
        taken = [body for bodies in pool.map(lambda _: take(), range(4)) for body in bodies]
    assert sorted(taken, key=int) == [str(number) for number in range(20)]


def test_the_fourth_receive_finds_the_message_among_the_dead_letters(queue: Queue) -> None:
    queue.client.send_message(QueueUrl=queue.url, MessageBody="job")
    for _ in range(3):
        (message,) = queue.receive()
        queue.client.change_message_visibility(
            QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    assert processes.until(lambda: not queue.receive(), 5)
    assert queue.depth() == (0, 0)
    assert queue.depth(queue.dead_letters) == (1, 0)

    queue.client.start_message_move_task(SourceArn=queue.arn(queue.dead_letters))
    assert queue.depth() == (1, 0)


def poll_by_hand(aws: Aws, queue: Queue) -> socket.socket:
    """Send a signed ReceiveMessage and leave before it is answered."""
    keys = aws.users["operator"]
    body = json.dumps({"QueueUrl": queue.url, "WaitTimeSeconds": 10})
    version = botocore.session.get_session().get_service_model("sqs").metadata["jsonVersion"]
    headers = {
        "X-Amz-Target": "AmazonSQS.ReceiveMessage",
        "Content-Type": f"application/x-amz-json-{version}",
        "Content-Length": str(len(body)),
    }
    request = AWSRequest("POST", f"{aws.cloud.url}/", data=body, headers=headers)
    SigV4Auth(Credentials(keys.key_id, keys.secret), "sqs", contract.REGION).add_auth(request)
    host, port = aws.cloud.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    lines = [f"{name}: {value}" for name, value in {**request.headers, "Host": f"{host}:{port}"}.items()]
    aws.cloud.queues.polled.clear()
    connection.sendall("\r\n".join(["POST / HTTP/1.1", *lines, "", body]).encode())
    assert aws.cloud.queues.polled.wait(10)
    return connection
