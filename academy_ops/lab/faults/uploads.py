"""Faults of one upload: a bad workbook, a job that ends badly or hangs, a message or a file that is lost."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from academy_ops.academy import sample_workbooks
from academy_ops.contract import LOG_STARTED, MAX_RECEIVES, QUEUE_NAME, JobStatus
from academy_ops.lab import LabError, parts, processes
from academy_ops.lab.aws import resources
from academy_ops.lab.container import Image
from academy_ops.lab.faults.fault import age_job, await_idle, execute, fault, nobody_writing, worker_fault
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

_SENT_SECONDS: Final = 20.0
NO_WORDS: Final = "처리 중 오류가 발생했습니다."
"""A message that proves nothing."""
_WORKBOOKS: Final = {
    "excel-header-missing": "A workbook without a header row is uploaded.",
    "excel-phone-column-missing": "A workbook without parent phone numbers is uploaded.",
    "excel-phone-invalid": "A workbook with invalid phone numbers is uploaded.",
    "excel-no-students": "A workbook without students is uploaded.",
    "excel-unreadable": "A file that is not a workbook is uploaded.",
    "excel-too-large": "A workbook with too many sheets is uploaded.",
    "excel-ambiguous": "A workbook with the rosters of two years is uploaded.",
    "excel-names-invalid": "A workbook without names is uploaded.",
    "excel-phone-invalid/mixed": "A workbook is uploaded in which every row has a different error.",
    "excel-names-invalid/mixed": "A workbook is uploaded in which most rows have no name, and one has a wrong phone "
    "number.",
    "job-partial": "A workbook with one bad row is uploaded.",
}
_R2_URL: Final = "https://account.r2.cloudflarestorage.com/academy-excel"
_NOT_VERIFIED: Final = (
    f"SSL validation failed for {_R2_URL} [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed:"
)
_SAID: Final = {
    "worker-out-of-memory/job": "Worker exited prematurely: signal 9 (SIGKILL) Job: 4.",
    "worker-disk-full/job": "[Errno 28] No space left on device: '/tmp/students.xlsx'",
    "worker-dependency-missing/job": "ModuleNotFoundError: No module named 'openpyxl'",
    "worker-database-down/job": "OperationalError: server closed the connection unexpectedly",
    "worker-env-missing/job": "R2_ENDPOINT is not configured",
    "worker-aws-credentials/job": "An error occurred (RequestTimeTooSkewed) when calling the GetObject operation: The "
    "difference between the request time and the current time is too large.",
    "job-failed/statement": "psycopg.errors.DeadlockDetected: deadlock detected",
    "excel-unreadable/password": "이 파일은 비밀번호가 설정되어 있어 열 수 없습니다.",
    "excel-unreadable/other-format": "openpyxl does not support the old .xls file format",
    "excel-unreadable/media-type": "허용되지 않은 MIME type: application/haansoftxlsx",
    "excel-unreadable/damaged": "zlib.error: Error -3 while decompressing data: invalid block type",
    "excel-phone-invalid/student": "학생 전화번호 형식이 올바르지 않습니다.",
}
"""What failed jobs say, and what that proves."""
_NO_WAY_TO_R2: Final = {
    "untrusted": f"{_NOT_VERIFIED} self-signed certificate in certificate chain",
    "clock": f"{_NOT_VERIFIED} certificate is not yet valid",
    "tls": f"SSL validation failed for {_R2_URL} [SSL: WRONG_VERSION_NUMBER] wrong version number",
    "proxy": f'Failed to connect to proxy URL: "http://10.0.0.9:3128" for {_R2_URL}',
    "no-route": f'Connect timeout on endpoint URL: "{_R2_URL}"',
}
_EACH_ROW: Final = {
    "created": 0,
    "total": 2,
    "failed": [{"row": 2, "error": "학년은 숫자여야 합니다"}, {"row": 3, "error": "전화번호 형식 오류"}],
    "processed_by": "worker",
}
SLOW: Final = {"ACADEMY_WORKER_STEP_DELAY": "600"}
"""What makes a worker so slow that it is found in mid-job."""


def _upload(name: str, lab: Lab) -> str:
    return parts.upload(lab.state, parts.SAMPLE_FILE, sample_workbooks.faulty(name))


def _lose_message(lab: Lab) -> str:
    with _nobody_working(lab):
        job_id = upload_and_wait(lab)
        resources.empty_queue(lab.aws, QUEUE_NAME)
    return age_job(lab, job_id)


def take_message(lab: Lab) -> str:
    """Upload a workbook and take its message, so that nobody works on it; return the job's id."""
    with _nobody_working(lab):
        job_id = upload_and_wait(lab)
        _receive(lab)
    return age_job(lab, job_id)


def give_up(lab: Lab) -> str:
    """Let a message be received as often as its queue allows, by nobody; return the job's id."""
    with _nobody_working(lab):
        job_id = upload_and_wait(lab)
        for _ in range(MAX_RECEIVES):
            for receipt in _receive(lab):
                lab.aws("sqs").change_message_visibility(
                    QueueUrl=queue_url(lab), ReceiptHandle=receipt, VisibilityTimeout=0
                )
        _receive(lab)  # the receive that is one too many gives nothing, and SQS moves the message
    return age_job(lab, job_id)


def _receive(lab: Lab) -> list[str]:
    """Receive what waits; return the receipts."""
    answer = lab.aws("sqs").receive_message(QueueUrl=queue_url(lab), MaxNumberOfMessages=10, WaitTimeSeconds=0)
    return [message["ReceiptHandle"] for message in answer.get("Messages", [])]


def queue_url(lab: Lab, name: str = QUEUE_NAME) -> str:
    """Return the URL of one of the academy's queues."""
    return str(lab.aws("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def _stall(lab: Lab) -> str:
    _use_when_idle(lab, Image(env=SLOW))
    job_id = upload_and_wait(lab, in_flight=True)
    _wait_for(lab, job_id, JobStatus.RUNNING)
    with nobody_writing(lab):
        lab.fleet.send_signal(signal.SIGSTOP)
    return age_job(lab, job_id)


def _fall_silent(lab: Lab) -> str:
    _use_when_idle(lab, Image(env=SLOW, silent=True))
    return upload_and_wait(lab, in_flight=True)


def _use_when_idle(lab: Lab, image: Image) -> None:
    """Run another image as soon as no message is left: a slow worker would take one of an earlier job first."""
    await_idle(lab)
    lab.fleet.use(image)


def _send_to_review(lab: Lab) -> str:
    job_id = parts.upload_students(lab.state)
    _wait_for(lab, job_id, JobStatus.DONE)
    execute(lab, "UPDATE job SET status = ? WHERE id = ?", JobStatus.REVIEW_REQUIRED.value, job_id)
    return job_id


def _fail_with(words: str, lab: Lab) -> str:
    with _nobody_working(lab):
        job_id = upload_and_wait(lab)
        ended = "UPDATE job SET status = ?, error_message = ? WHERE id = ?"
        execute(lab, ended, JobStatus.FAILED.value, words, job_id)
    return job_id


def _reject_each_row(lab: Lab) -> str:
    with _nobody_working(lab):
        job_id = upload_and_wait(lab)
        ended = "UPDATE job SET status = ?, result = ? WHERE id = ?"
        execute(lab, ended, JobStatus.DONE.value, json.dumps(_EACH_ROW), job_id)
    return job_id


def _wait_for(lab: Lab, job_id: str, status: JobStatus) -> None:
    def reached() -> bool:
        return execute(lab, "SELECT status FROM job WHERE id = ?", job_id) == [(status.value,)]

    if not processes.until(reached, _SENT_SECONDS, 0.1):
        raise LabError(say("Job {job_id} did not become {status}.", job_id=job_id, status=status.value))


def _lose_file(lab: Lab) -> str:
    with _nobody_working(lab):
        job_id = upload_and_wait(lab)
        lab.storage.lose_newest()
    return job_id


def _lose_file_unseen(lab: Lab) -> str:
    lab.fleet.change(container="stopped")
    job_id = upload_and_wait(lab)
    lab.storage.lose_newest()
    return job_id


@contextmanager
def _nobody_working(lab: Lab) -> Iterator[None]:
    lab.fleet.change(container="stopped")
    try:
        yield
    finally:
        lab.fleet.change(container="running")
        lab.fleet.wait_for_log(LOG_STARTED)


def upload_and_wait(lab: Lab, *, in_flight: bool = False) -> str:
    """Upload a good workbook and wait until its message is in the queue, or in flight; return the job's id."""
    before = _waiting(lab, in_flight=in_flight)
    job_id = parts.upload_students(lab.state)
    if not processes.until(lambda: _waiting(lab, in_flight=in_flight) > before, _SENT_SECONDS, 0.1):
        raise LabError(say("The API has not sent the job's message. Does the queue exist?"))
    return job_id


def _waiting(lab: Lab, *, in_flight: bool) -> int:
    name = "ApproximateNumberOfMessagesNotVisible" if in_flight else "ApproximateNumberOfMessages"
    answer = lab.aws("sqs").get_queue_attributes(QueueUrl=queue_url(lab), AttributeNames=[name])
    return int(answer["Attributes"][name])


FAULTS: Final = (
    *(fault(name, what, partial(_upload, name)) for name, what in _WORKBOOKS.items()),
    worker_fault("excel-object-missing", "A workbook is uploaded, and its file is lost.", _lose_file),
    worker_fault(
        "upload-object-missing",
        "The workers are stopped, a workbook is uploaded, and its file is lost.",
        _lose_file_unseen,
    ),
    worker_fault("message-lost", "A workbook is uploaded, and its message is lost.", _lose_message),
    worker_fault(
        "message-stuck", "A workbook is uploaded; its message is in flight, but no worker has it.", take_message
    ),
    worker_fault(
        "queue-dead-letters",
        "A workbook is uploaded, and its message is received three times and never deleted.",
        give_up,
    ),
    worker_fault("job-stalled", "The worker hangs in the middle of a job, 11 minutes ago.", _stall),
    worker_fault("job-failed", "A job failed with a message that does not say why.", partial(_fail_with, NO_WORDS)),
    worker_fault("job-failed/rows", "A job has rejected each row for another reason.", _reject_each_row),
    *(
        worker_fault(
            f"r2-endpoint-unreachable/{reason}",
            say("A job failed because its worker does not reach R2: {words}", words=words),
            partial(_fail_with, words),
        )
        for reason, words in _NO_WAY_TO_R2.items()
    ),
    *(
        worker_fault(name, say("A job failed with the message: {words}", words=words), partial(_fail_with, words))
        for name, words in _SAID.items()
    ),
    worker_fault("job-review", "A job ended in REVIEW_REQUIRED.", _send_to_review),
    worker_fault("worker-silent", "The worker is in the middle of a job and logs nothing.", _fall_silent),
)
