"""Sends the jobs' messages, and sends again what a crash or a failed send left behind."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.concurrency import run_in_threadpool

from academy_ops.academy.cloud import CLOUD_ERRORS, JobQueue
from academy_ops.academy.store import DATABASE_ERRORS, Job, Store, SupersededError
from academy_ops.contract import JOB_TYPE, TIER

_EVERY_SECONDS: Final = 3.0
_AFTER: Final = timedelta(seconds=5)
"""Younger ones may still be under way in the request that made them."""
_GIVE_UP_AFTER: Final = timedelta(minutes=15)
_BATCH: Final = 50
_log: Final = logging.getLogger("academy.outbox")


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
            "job_type": JOB_TYPE,
            "tier": TIER,
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
            # The job is stored and sent: whoever uploaded it must not be told otherwise. It is sent once more.
            _log.warning("job %s sent, which can't be noted: %s", job.id, type(error).__name__)
        return None

    def send_waiting(self) -> None:
        """Send what waits; a job that could not be sent for fifteen minutes fails, so that nobody waits for ever."""
        now = datetime.now(UTC)
        for job in self._store.unsent(now - _AFTER, _BATCH):
            problem = self.send(job)
            if problem is not None and job.created_at < now - _GIVE_UP_AFTER:
                try:
                    self._store.fail(job, f"작업을 대기열(SQS)에 보내지 못했습니다: {problem}")
                except SupersededError:
                    _log.info("job %s was taken meanwhile", job.id)

    async def keep_sending(self) -> None:
        """Send what waits, every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await run_in_threadpool(self.send_waiting)
            except DATABASE_ERRORS as error:
                _log.warning("the outbox can't be read: %s", type(error).__name__)
