"""SQS as moto does it, with the long poll corrected.

moto lets a poll run on when its caller is gone; a message that arrives then would be in flight to nobody for an
hour. It also may hand one message to two polls at the same time.
"""

from __future__ import annotations

import random
import socket
import threading
import time
import uuid
from contextlib import suppress
from typing import Any, ClassVar, Final

from flask import request
from moto.core.responses import ActionResult
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends
from moto.sqs.responses import SQSResponse

from academy_ops.lab import names

_LONGEST_WAIT: Final = 20
_STEP_SECONDS: Final = 0.1
_receiving: Final = threading.Lock()


class LabSQS(SQSResponse):
    """SQS with a long poll that ends with its caller.

    Attributes:
        polled: Set whenever someone asks for messages; made known by `corrected`.
    """

    polled: ClassVar[threading.Event]
    _in_step = False

    def receive_message(self) -> ActionResult:
        """Wait for messages in short steps, as long as the caller is there."""
        wait = self._get_param("WaitTimeSeconds")
        queue = self.sqs_backend.get_queue(self._get_queue_name())
        seconds = int(queue.attributes["ReceiveMessageWaitTimeSeconds"] if wait is None else wait)
        if not 0 <= seconds <= _LONGEST_WAIT:
            return super().receive_message()  # moto knows the words for it
        self.polled.set()
        self._in_step = True
        ends_at = time.monotonic() + seconds
        while True:
            with _receiving:
                if _caller_is_gone():
                    return ActionResult({})
                answer = super().receive_message()
            if answer.result or time.monotonic() >= ends_at:
                return answer
            time.sleep(_STEP_SECONDS)

    def start_message_move_task(self) -> ActionResult:
        """Move a dead-letter queue's messages back to the queue that they came from."""
        queues = list(self.sqs_backend.queues.values())
        source = next((one for one in queues if one.queue_arn == self._get_param("SourceArn")), None)
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


def corrected(polled: threading.Event) -> type[SQSResponse]:
    """Make the response class that sets ``polled`` at every poll."""
    return type("LabSQS", (LabSQS,), {"polled": polled})


def messages(queue_name: str | None) -> list[Any]:
    """Return a queue's messages as moto keeps them; none where there is no such queue."""
    queue = _queue(queue_name)
    return list(queue._messages) if queue else []  # noqa: SLF001 - moto offers no other way


def shuffle(queue_name: str) -> None:
    """Put a queue's messages into another order, where there is such a queue."""
    if queue := _queue(queue_name):
        with _receiving:
            random.shuffle(queue._messages)  # noqa: SLF001 - moto offers no other way


def _queue(name: str | None) -> Any:  # noqa: ANN401 - moto publishes no types
    return sqs_backends[names.ACCOUNT][names.REGION].queues.get(name or "")


def _caller_is_gone() -> bool:
    connection: socket.socket = request.environ["werkzeug.socket"]
    with suppress(BlockingIOError):
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except ConnectionError:
            return True
    return False
