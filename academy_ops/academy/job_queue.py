"""The job queue: its messages, what they hold, and the outbox, from which the API sends them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from academy_ops import contract
from academy_ops.academy.config import CLOUD_ERRORS
from academy_ops.academy.database import DATABASE_ERRORS
from academy_ops.academy.store import Job, Store, SupersededError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

_EVERY_SECONDS: Final = 3.0
_AFTER: Final = timedelta(seconds=5)
"""Younger ones may still be under way in the request that made them."""
_GIVE_UP_AFTER: Final = timedelta(minutes=15)
_BATCH: Final = 50
_LONGEST_TEXT: Final = 1024
"""Of what a message holds beside the names of its job; S3 knows no longer key."""
_log: Final = logging.getLogger("academy.outbox")


class JobQueue:
    """The job queue; its URL is looked up when it is first needed, and again after a failure."""

    def __init__(self, client: SQSClient, name: str) -> None:
        self.client = client
        self.name = name
        self._url = ""

    def url(self) -> str:
        """Return the queue's URL.

        Raises:
            ClientError: There is no such queue, or it may not be looked up.
        """
        if not self._url:
            self._url = self.client.get_queue_url(QueueName=self.name)["QueueUrl"]
        return self._url

    def forget(self) -> None:
        """Look the URL up again next time: it may be a new queue."""
        self._url = ""

    def send(self, body: Mapping[str, object], delay: int = 0) -> None:
        """Send one message, which nobody receives for ``delay`` seconds.

        Raises:
            ClientError: SQS refused.
            BotoCoreError: SQS could not be reached.
        """
        try:
            text = json.dumps(body, ensure_ascii=False)
            self.client.send_message(QueueUrl=self.url(), MessageBody=text, DelaySeconds=delay)
        except CLOUD_ERRORS:
            self.forget()
            raise


class _Payload(BaseModel):
    file_key: Annotated[str, Field(max_length=_LONGEST_TEXT)]
    bucket: Annotated[str, Field(max_length=_LONGEST_TEXT)] = ""


class MessageBody(BaseModel):
    """A well-formed message. Only the job's id counts: tenant and file come from the job's row, which nobody can forge.

    Attributes:
        job_id: The job.
        tier: Its tier.
        attempt: The number of this message among those of its job.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    job_id: Annotated[str, Field(pattern=f"^{contract.JOB_ID}$")]
    job_type: Literal["excel_parsing"]
    tier: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,32}$")] = contract.TIER
    payload: _Payload
    tenant_id: Annotated[str, Field(max_length=_LONGEST_TEXT)] = ""
    created_at: Annotated[str, Field(max_length=_LONGEST_TEXT)] = ""
    attempt: Annotated[int, Field(ge=1, le=1000)] = 1

    def next_attempt(self) -> dict[str, object]:
        """Return the next message of the job."""
        return {**self.model_dump(), "attempt": self.attempt + 1}


def read_body(message: MessageTypeDef) -> MessageBody | None:
    """Read a message; None when it is malformed."""
    try:
        # As bytes: a text with half a surrogate has none.
        return MessageBody.model_validate_json(message.get("Body", "").encode("utf-8", "surrogatepass"))
    except ValidationError:
        return None


def receives(message: MessageTypeDef) -> int:
    """Return how often a message has been received, this time included."""
    return int(message.get("Attributes", {}).get("ApproximateReceiveCount", "1"))


class Outbox:
    """The jobs whose message is still to be sent; several processes may send, for a second message is harmless."""

    def __init__(self, store: Store, queue: JobQueue, bucket: str) -> None:
        self._store = store
        self._queue = queue
        self._bucket = bucket

    def send(self, job: Job) -> str | None:
        """Send the job's message; return why it could not be sent, or None."""
        body = {
            "job_id": job.id,
            "job_type": contract.JOB_TYPE,
            "tier": contract.TIER,
            "payload": {"file_key": job.file_key, "bucket": self._bucket},
            "tenant_id": job.tenant,
            "created_at": job.created_at.isoformat(),
            "attempt": 1,
        }
        try:
            self._queue.send(body)
        except CLOUD_ERRORS as error:
            _log.warning("job %s not sent yet: %s", job.id, error)
            return str(error)
        try:
            self._store.mark_sent(job.id)
        except DATABASE_ERRORS as error:
            # The job is stored and sent: whoever uploaded it must not see an error. It is sent once more.
            _log.warning("job %s sent, which can't be noted: %s", job.id, type(error).__name__)
        return None

    def send_waiting(self) -> None:
        """Send what waits; a job that could not be sent for fifteen minutes fails, so that nobody waits for ever.

        While the database is in trouble, of whatever kind, nothing is sent.
        """
        now = datetime.now(UTC)
        try:
            for job in self._store.unsent(now - _AFTER, _BATCH):
                problem = self.send(job)
                if problem is not None and job.created_at < now - _GIVE_UP_AFTER:
                    self._give_up(job, problem)
        except SQLAlchemyError as error:
            _log.warning("the outbox can't be read: %s", type(error).__name__)

    def _give_up(self, job: Job, problem: str) -> None:
        try:
            self._store.fail(job, f"작업을 대기열(SQS)에 보내지 못했습니다: {problem}")
        except SupersededError:
            _log.info("job %s was taken meanwhile", job.id)

    async def keep_sending(self) -> None:
        """Send what waits, every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await run_in_threadpool(self.send_waiting)
