"""SQS as moto does it, with the long poll corrected, and CloudWatch's metric of a queue's oldest message.

moto lets a poll run on when its caller is gone; a message that arrives then would be in flight to nobody for an
hour. It also may hand one message to two polls at the same time.
"""

import json
import random
import socket
import threading
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from flask import request
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.kms.models import kms_backends
from moto.sqs.exceptions import QueueDoesNotExist, SQSException
from moto.sqs.models import Queue, sqs_backends
from moto.sqs.responses import SQSResponse

from academy_ops.contract import DLQ_SUFFIX, MAX_RECEIVES, QUEUE_ATTRIBUTES, QUEUE_NAME, REGION
from academy_ops.lab.state import ACCOUNT

_LONGEST_WAIT: Final = 20
_STEP_SECONDS: Final = 0.1
_OLDEST: Final = ("AWS/SQS", "ApproximateAgeOfOldestMessage")
_receiving: Final = threading.Lock()


class Queues:
    """The queues' messages, as moto keeps them; a queue that does not exist has none.

    Attributes:
        polled: Set whenever someone asks for messages.
    """

    def __init__(self) -> None:
        self.polled = threading.Event()

    def create(self) -> None:
        """Make the queue and its dead-letter queue, or give those that are there the attributes of production."""
        backend, dead_letters = sqs_backends[ACCOUNT][REGION], QUEUE_NAME + DLQ_SUFFIX
        for name in (dead_letters, QUEUE_NAME):
            backend.create_queue(name)
        redrive = {"deadLetterTargetArn": backend.get_queue(dead_letters).queue_arn, "maxReceiveCount": MAX_RECEIVES}
        attributes = {**QUEUE_ATTRIBUTES, "RedrivePolicy": redrive, "DelaySeconds": "0", "KmsMasterKeyId": ""}
        retention = {"MessageRetentionPeriod": QUEUE_ATTRIBUTES["MessageRetentionPeriod"]}
        backend.set_queue_attributes(dead_letters, retention)
        backend.set_queue_attributes(QUEUE_NAME, attributes)

    def bodies(self, queue: str) -> list[str]:
        """Return the bodies of a queue's messages, without receiving one."""
        return [message.body for message in list(_messages(queue))]

    def age(self, queue: str, seconds: int) -> None:
        """Make a queue's messages older."""
        for message in list(_messages(queue)):
            message.sent_timestamp -= seconds * 1000

    def release(self, queue: str) -> None:
        """Let a queue's messages in flight be received again, as if those who took them had given them back.

        What is held back comes at once.
        """
        for message in list(_messages(queue)):
            message.delayed_until = 0
            if not message.visible:
                message.change_visibility(0)

    def deliver_again(self, queue: str) -> None:
        """Let messages be received in another order, those in flight again, as when their visibility has run out.

        Those that were sent with a delay come at once. One that was received for the last time stays hidden: SQS itself
        would make it a dead letter, whatever its worker does.
        """
        messages = _messages(queue)
        for message in list(messages):
            if not message.visible and message.approximate_receive_count < MAX_RECEIVES:
                message.change_visibility(0)
            message.delayed_until = 0
        with _receiving:
            random.shuffle(messages)


class LabSQS(SQSResponse):
    """SQS with a long poll that ends with its caller, and that ``queues`` is told of."""

    queues: ClassVar[Queues]
    _in_step = False

    def receive_message(self) -> ActionResult:
        """Wait for messages in short steps, as long as the caller is there."""
        wait = self._get_param("WaitTimeSeconds")
        name = self._get_queue_name()
        queue = self.sqs_backend.get_queue(name)
        seconds = int(queue.attributes["ReceiveMessageWaitTimeSeconds"] if wait is None else wait)
        if not 0 <= seconds <= _LONGEST_WAIT:
            return super().receive_message()  # moto has the error for it
        _refuse(queue)
        self.queues.polled.set()
        self._in_step = True
        ends_at = time.monotonic() + seconds
        while True:
            with _receiving:
                if _caller_is_gone():
                    return ActionResult({})
                ends = time.monotonic() >= ends_at
                # moto takes long to say that there is none.
                if ends or self.sqs_backend.get_queue(name)._messages:  # noqa: SLF001 - moto offers no other way
                    answer = super().receive_message()
                    if ends or answer.result:
                        return answer
            time.sleep(_STEP_SECONDS)

    def start_message_move_task(self) -> ActionResult:
        """Move a dead-letter queue's messages back to the queue that they came from."""
        queues = list(self.sqs_backend.queues.values())
        source = next((queue for queue in queues if queue.queue_arn == self._get_param("SourceArn")), None)
        if source is None:
            raise QueueDoesNotExist
        for queue in queues:
            if queue.dead_letter_queue is source:
                with _receiving:
                    moved, source._messages = source._messages, []  # noqa: SLF001 - moto offers no other way
                for message in moved:
                    message.approximate_receive_count = 0
                    queue.add_message(message)
        return ActionResult({"TaskHandle": str(uuid.uuid4())})

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:  # noqa: ANN401 - as moto declares it
        if self._in_step and param_name == "WaitTimeSeconds":
            return 0
        return super()._get_param(param_name, if_none)


class LabCloudWatch(CloudWatchResponse):
    """CloudWatch, where moto knows only the metrics that users have put in."""

    def get_metric_statistics(self) -> ActionResult:
        """Return the age of a queue's oldest message; of other metrics what moto knows."""
        if (self._get_param("Namespace"), self._get_param("MetricName")) != _OLDEST:
            return super().get_metric_statistics()
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in self._get_param("Dimensions", [])}
        sent = [message.sent_timestamp for message in list(_messages(dimensions.get("QueueName", "")))]
        age = {"Timestamp": datetime.now(UTC), "Maximum": time.time() - min(sent, default=0) / 1000, "Unit": "Seconds"}
        return ActionResult({"Label": _OLDEST[1], "Datapoints": [age] if sent else []})


def _refuse(queue: Queue) -> None:
    """Refuse a poll that the queue's own policy, or the key that encrypts it, does not allow."""
    action, user = "sqs:receivemessage", f"arn:aws:iam::{ACCOUNT}:user/academy-worker"
    statements = json.loads(queue.policy or "{}").get("Statement", [])
    if any(statement["Effect"] == "Deny" for statement in statements):
        denied = f"User: {user} is not authorized to perform: {action} on resource: {queue.queue_arn}"
        raise SQSException("AccessDenied", f"{denied} with an explicit deny in a resource-based policy")
    if key_id := queue.attributes.get("KmsMasterKeyId"):
        key = kms_backends[ACCOUNT][REGION].describe_key(str(key_id))
        if key.key_state == "PendingDeletion":
            raise SQSException("KMS.InvalidStateException", f"{key.arn} is pending deletion.")
        if not key.enabled:
            raise SQSException("KMS.DisabledException", f"{key.arn} is disabled.")


def _messages(queue_name: str) -> list[Any]:
    """Return a queue's own list of messages."""
    queue = sqs_backends[ACCOUNT][REGION].queues.get(queue_name)
    return queue._messages if queue else []  # noqa: SLF001 - moto offers no other way


def _caller_is_gone() -> bool:
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is None:  # the lab itself asks
        return False
    with suppress(BlockingIOError):
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except ConnectionError:
            return True
    return False
