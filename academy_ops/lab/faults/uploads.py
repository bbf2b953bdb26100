"""Faults of one upload: a bad workbook, or a message or a file that is lost on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from academy_ops.lab import names, parts, processes, workbooks
from academy_ops.lab.errors import LabError
from academy_ops.lab.faults.fault import Fault
from academy_ops.messages import Text, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from academy_ops.lab.parts import Lab

_SENT_SECONDS: Final = 20.0


def _bad_workbook(make: Callable[[], bytes], lab: Lab) -> str:
    return parts.upload(lab.state, "students.xlsx", make())


def _lose_message(lab: Lab) -> str:
    with _nobody_working(lab):
        job_id = _upload_and_wait(lab)
        sqs = lab.aws("sqs")
        sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName=names.QUEUE)["QueueUrl"])
    return job_id


def _take_message(lab: Lab) -> str:
    with _nobody_working(lab):
        job_id = _upload_and_wait(lab)
        sqs = lab.aws("sqs")
        url = sqs.get_queue_url(QueueName=names.QUEUE)["QueueUrl"]
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        lab.taken += [message["ReceiptHandle"] for message in received]
    return job_id


def _lose_file(lab: Lab) -> str:
    with _nobody_working(lab):
        job_id = _upload_and_wait(lab)
        lab.storage.lose_newest()
    return job_id


def _lose_file_unseen(lab: Lab) -> str:
    lab.fleet.change(container="stopped")
    job_id = _upload_and_wait(lab)
    lab.storage.lose_newest()
    return job_id


@contextmanager
def _nobody_working(lab: Lab) -> Iterator[None]:
    lab.fleet.change(container="stopped")
    try:
        yield
    finally:
        lab.fleet.change(container="running")


def _upload_and_wait(lab: Lab) -> str:
    """Upload a good workbook and wait until its message is in the queue."""
    before = _waiting(lab)
    job_id = parts.upload(lab.state, "students.xlsx", workbooks.students(5, time.time_ns() % 99_000_000))
    if not processes.until(lambda: _waiting(lab) > before, _SENT_SECONDS, 0.1):
        raise LabError(say("The API has not sent the job's message. Is the queue there?"))
    return job_id


def _waiting(lab: Lab) -> int:
    sqs = lab.aws("sqs")
    name = "ApproximateNumberOfMessages"
    url = sqs.get_queue_url(QueueName=names.QUEUE)["QueueUrl"]
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def _upload(name: str, what: Text, make: Callable[[], bytes]) -> Fault:
    return Fault(name, what, partial(_bad_workbook, make))


FAULTS: Final = (
    _upload("excel-header-missing", say("A workbook without a header row is uploaded."), workbooks.without_header),
    _upload(
        "excel-phone-column-missing",
        say("A workbook without the parents' phones is uploaded."),
        workbooks.without_phone_column,
    ),
    _upload("excel-phone-invalid", say("A workbook with wrong phones is uploaded."), workbooks.with_bad_phones),
    _upload("excel-no-students", say("A workbook without students is uploaded."), workbooks.without_students),
    _upload("excel-unreadable", say("A file that is no workbook is uploaded."), workbooks.not_a_workbook),
    _upload("job-partial", say("A workbook with one bad row is uploaded."), workbooks.partly_bad),
    Fault("excel-object-missing", say("A workbook is uploaded, and its file is lost."), _lose_file),
    Fault(
        "upload-object-missing",
        say("The workers are stopped, a workbook is uploaded, and its file is lost."),
        _lose_file_unseen,
        needs_worker=True,
    ),
    Fault("message-lost", say("A workbook is uploaded, and its message is lost."), _lose_message),
    Fault("message-stuck", say("A workbook is uploaded, and its message is taken by nobody."), _take_message),
)
