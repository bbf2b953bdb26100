"""The bundled worker: takes jobs from the queue, one at a time, and creates their students.

``ACADEMY_WORKER_STEP_DELAY`` (seconds, 0 unless set) slows each step down, so that a demonstration or a test can see a
job run.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from academy_ops import contract
from academy_ops.academy.config import CLOUD_ERRORS, Config, read
from academy_ops.academy.database import DATABASE_ERRORS
from academy_ops.academy.excel import kinds
from academy_ops.academy.excel.readers import Readers
from academy_ops.academy.excel.records import WorkbookError
from academy_ops.academy.excel.workbook import ReaderError
from academy_ops.academy.excel.workbook import read as read_workbook
from academy_ops.academy.job_queue import JobQueue, MessageBody, read_body, receives
from academy_ops.academy.store import Job, Store, SupersededError
from academy_ops.contract import ENDED, JobStatus

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_POLL_SECONDS: Final = 20
_LEASE_SECONDS: Final = 3 * contract.VISIBILITY_HEARTBEAT_SECONDS
"""For how long a message is hidden after a sign of life: when a worker dies, the next one need not wait an hour."""
_RETRY_SECONDS: Final = 10
"""When a message whose job met trouble is delivered again."""
MOST_MESSAGES: Final = 5
"""So many messages, one after the other, a job gets whose workers keep dying, or keep meeting trouble."""
_LONGEST_PAUSE: Final = 30.0
_CHUNK_BYTES: Final = 256 * 1024
_STEPS: Final = (("download", "파일 내려받기"), ("parse", "엑셀 읽기"), ("create", "학생 등록"))
_DEADLY: Final = "작업이 여러 번 중간에 끊겨 더 시도하지 않습니다. 파일을 나누어 다시 올려 주세요."
_REFUSALS: Final = frozenset(
    {
        "NoSuchKey", "NoSuchBucket", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Unauthorized",
        "InvalidArgument", "404", "403", "401",
    }
)  # fmt: skip
"""R2's answers that will be the same next time."""


class JobError(Exception):
    """The job can't succeed; ``str()`` becomes its error message."""


class Worker:
    """Takes one message at a time until it is stopped."""

    def __init__(self, config: Config, store: Store, step_delay: float = 0.0) -> None:
        self._config = config
        self._store = store
        self._step_delay = step_delay
        self._queue = JobQueue(config.sqs(), config.queue)
        self._r2 = config.r2()
        self._readers = Readers()
        self.stopping = threading.Event()
        self._polling = False

    def stop(self, *_signal: object) -> None:
        """Stop; as a signal handler, also out of the long poll. A job in hand is finished first."""
        self.stopping.set()
        if self._polling:
            raise KeyboardInterrupt

    def run(self) -> None:
        """Poll until `stopping` is set."""
        pause = 1.0
        while not self.stopping.is_set():
            try:
                for message in self._receive():
                    if self.stopping.is_set():
                        self._set_visibility(message.get("ReceiptHandle", ""), 0)
                    else:
                        self._handle(message)
                pause = 1.0
            except KeyboardInterrupt:
                return
            except CLOUD_ERRORS as error:
                self._queue.forget()
                _say(f"SQS trouble, trying again in {pause:.0f} s: {error}")
                self.stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def close(self) -> None:
        """End what it has started."""
        self._readers.close()

    def _receive(self) -> list[MessageTypeDef]:
        url = self._queue.url()
        try:
            self._polling = True
            if self.stopping.is_set():  # since the caller looked
                return []
            answer = self._queue.client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=1,
                WaitTimeSeconds=_POLL_SECONDS,
                VisibilityTimeout=_LEASE_SECONDS,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        finally:
            self._polling = False
        return answer.get("Messages", [])

    def _handle(self, message: MessageTypeDef) -> None:
        receipt = message.get("ReceiptHandle", "")
        body = read_body(message)
        if body is None:
            # Left alone: after three receives SQS moves it to the dead-letter queue.
            _say(f"malformed message {message.get('MessageId')}: left for the dead-letter queue")
            self._release(receipt)
            return
        _say(f"{contract.LOG_RECEIVED} | job_id={body.job_id} | tier={body.tier}")
        job: Job | None = None
        last = receives(message) >= contract.MAX_RECEIVES
        try:
            before = self._store.job(body.job_id) if last else None
            if before and before.status not in ENDED and body.attempt < MOST_MESSAGES:
                # Should the worker die or meet trouble in this try, nobody could receive the message once more.
                self._send_copy_instead(body, receipt, delay=0)
                return
            job = self._store.claim(body.job_id)
            if job is None and self._store.job(body.job_id) is None:
                # Another database's job, perhaps: never thrown away, left for the dead-letter queue.
                _say(f"{contract.LOG_UNKNOWN}{body.job_id}: left for the dead-letter queue")
                self._release(receipt)
                return
            if job is None:
                _say(f"{contract.LOG_SKIPPED} | job_id={body.job_id}")
            elif before and before.status in {JobStatus.PENDING, JobStatus.RUNNING}:
                # Nothing says how the try before ended: its worker died, hangs, or never began.
                self._fail(job, body, _DEADLY)
            else:
                if last:
                    # For the job, should this worker die in the last try; skipped where the job has ended.
                    self._send_copy(body, _LEASE_SECONDS)
                with self._kept_hidden(receipt):
                    self._end(job, body)
            self._delete(receipt)
        except SupersededError:
            _say(f"{contract.LOG_SKIPPED} | job_id={body.job_id}")
            if last:
                # Whoever has the job has another message: this one nobody could receive any more.
                self._delete(receipt)
        except (*CLOUD_ERRORS, *DATABASE_ERRORS, OSError) as error:
            self._retry(job, body, receipt, error, last=last)

    def _end(self, job: Job, body: MessageBody) -> None:
        """Do the job, or let it fail where it can't succeed."""
        try:
            self._work(job)
            _say(f"{contract.LOG_COMPLETED} | job_id={body.job_id}")
        except JobError as error:
            self._fail(job, body, str(error))

    def _work(self, job: Job) -> None:
        """Do the job.

        Raises:
            JobError: It can't succeed.
            SupersededError: Another worker has it.
        """
        _say(f"{contract.LOG_PARSING} processed_by={contract.PROCESSED_BY} job_id={job.id} file_key={job.file_key}")
        with tempfile.TemporaryDirectory(prefix="academy-") as folder:
            path = Path(folder, "upload.xlsx")
            self._step(job, 1)
            self._download(job, path)
            self._step(job, 2)
            try:
                content = read_workbook(path, start=self._readers.start)
            except (WorkbookError, ReaderError) as error:
                raise JobError(str(error)) from error
        self._step(job, 3)
        students = [student.columns() for student in content.students]
        self._store.finish(job, students, content.failed(), contract.PROCESSED_BY, content.details())

    def _step(self, job: Job, index: int) -> None:
        step, name = _STEPS[index - 1]
        percent = round(100 * (index - 1) / len(_STEPS))
        position = {"step_index": index, "step_total": len(_STEPS)}
        self._store.progress(job, {"step": step, "percent": percent, **position, "step_name": name})
        self.stopping.wait(self._step_delay)

    def _download(self, job: Job, path: Path) -> None:
        if self._r2 is None:
            raise JobError(f"R2 settings missing: {', '.join(self._config.missing_r2)}")
        try:
            body = self._r2.get_object(Bucket=self._config.bucket, Key=job.file_key)["Body"]
            with path.open("wb") as file:
                # Read to the end: only there a body that was cut off differs from a whole one.
                for chunk in body.iter_chunks(_CHUNK_BYTES):
                    if file.tell() + len(chunk) > contract.MAX_UPLOAD_BYTES:
                        raise JobError(kinds.TOO_LARGE)
                    file.write(chunk)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _REFUSALS:
                raise JobError(f"R2에서 엑셀 파일을 내려받지 못했습니다 ({self._config.bucket}): {error}") from error
            raise

    def _fail(self, job: Job, body: MessageBody, reason: str) -> None:
        """End the job as failed.

        Raises:
            SupersededError: Another worker has it, and still needs the message.
        """
        self._store.fail(job, reason)
        line = _one_line(reason)
        _say(f"{contract.LOG_PARSING_FAILED} job_id={body.job_id} processed_by={contract.PROCESSED_BY}: {line}")
        _say(f"{contract.LOG_FAILED} | job_id={body.job_id} | error={line}")

    def _retry(self, job: Job | None, body: MessageBody, receipt: str, error: Exception, *, last: bool) -> None:
        """Leave the message for another try; at the last receive the job fails, and SQS keeps the message apart.

        A job never ends silently.
        """
        reason = f"{type(error).__name__}: {error}"
        if not last:
            _say(f"trouble, job_id={body.job_id} will be tried again: {_one_line(reason)}")
            if job is not None:
                with suppress(SupersededError, *DATABASE_ERRORS):
                    self._store.retry(job)
            self._release(receipt)
        elif isinstance(error, DATABASE_ERRORS) and body.attempt < MOST_MESSAGES:
            self._send_copy_instead(body, receipt)
        else:
            try:
                if job := job or self._store.claim(body.job_id):
                    with suppress(SupersededError):
                        self._fail(job, body, reason)
                self._release(receipt)
            except DATABASE_ERRORS:
                self._send_copy_instead(body, receipt)

    def _send_copy_instead(self, body: MessageBody, receipt: str, delay: int = _RETRY_SECONDS) -> None:
        """Send the message anew: received once more, this one would be a dead letter, and its job would never end."""
        if self._send_copy(body, delay):
            self._delete(receipt)
        else:
            self._release(receipt)

    def _send_copy(self, body: MessageBody, delay: int) -> bool:
        try:
            self._queue.send(body.next_attempt(), delay)
        except CLOUD_ERRORS as error:
            _say(f"the message could not be sent anew, job_id={body.job_id}: {error}")
            return False
        _say(f"message sent anew, job_id={body.job_id} | delay={delay}")
        return True

    @contextmanager
    def _kept_hidden(self, receipt: str) -> Iterator[None]:
        """Extend the message's visibility every minute while its job runs."""
        done = threading.Event()

        def keep() -> None:
            while not done.wait(contract.VISIBILITY_HEARTBEAT_SECONDS):
                self._set_visibility(receipt, _LEASE_SECONDS)

        heartbeat = threading.Thread(target=keep, name="heartbeat", daemon=True)
        heartbeat.start()
        try:
            yield
        finally:
            done.set()

    def _release(self, receipt: str) -> None:
        self._set_visibility(receipt, _RETRY_SECONDS)

    def _set_visibility(self, receipt: str, seconds: int) -> None:
        try:
            self._queue.client.change_message_visibility(
                QueueUrl=self._queue.url(), ReceiptHandle=receipt, VisibilityTimeout=seconds
            )
        except CLOUD_ERRORS as error:
            _say(f"the message's visibility could not be set: {error}")

    def _delete(self, receipt: str) -> None:
        try:
            self._queue.client.delete_message(QueueUrl=self._queue.url(), ReceiptHandle=receipt)
        except CLOUD_ERRORS as error:
            # It comes again and is skipped: its job has ended.
            _say(f"the message could not be deleted: {error}")


def run(environ: Mapping[str, str] = os.environ) -> int:
    """Run one worker until SIGTERM or Ctrl-C; return 0 after a stop, 1 when the database can't be opened."""
    config = read(environ)
    try:
        store = Store(config.database_url)
    except DATABASE_ERRORS as error:
        _say(f"{type(error).__name__}: could not connect to the database")
        return 1
    worker = Worker(config, store, float(environ.get("ACADEMY_WORKER_STEP_DELAY") or 0))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    _say(f"{contract.LOG_STARTED} | queue={config.queue} | bucket={config.bucket}")
    if config.missing_r2:
        _say(f"R2 settings missing: {', '.join(config.missing_r2)}")
    worker.run()
    _say("worker stopped")
    worker.close()
    store.close()
    return 0


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the container's log is the process's output
