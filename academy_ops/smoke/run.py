"""What a smoke check asks of the API: take a workbook, follow its job, take its students back."""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from academy_ops.contract import ENDED, JOBS_PATH, STUDENTS_OF_JOB, STUDENTS_PATH, UPLOAD_PATH, JobStatus
from academy_ops.diagnosis.records import Unavailable
from academy_ops.diagnosis.redact import redacted
from academy_ops.outside.clients import Answer, Connections, Target
from academy_ops.settings import Settings
from academy_ops.smoke.judgement import accepted_job, deleted, left_over
from academy_ops.smoke.records import MARK, STUDENTS, Hop, Seen
from checks.facts import JobDocument
from checks.job_document import look_again

POLL_SECONDS: Final = 0.5
_FILE: Final = "academy-ops-smoke.xlsx"
_FORM: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TAKE_BACK_TRIES: Final = 3
_TAKE_BACK_PAUSE: Final = 0.5
_AT_WORK: Final = frozenset({JobStatus.VALIDATING, JobStatus.RUNNING, JobStatus.RETRYING})


class Check:
    """One smoke check on its way."""

    def __init__(self, settings: Settings, connect: Connections, on_hop: Callable[[Hop, int], None]) -> None:
        """Begin; nothing is asked yet. ``on_hop`` is called with each hop and its milliseconds since the start."""
        self.seen = Seen()
        self._settings = settings
        self._connect = connect
        self._on_hop = on_hop
        self._url = (settings.get("ACADEMY_API_URL") or "").rstrip("/")
        self._began = time.monotonic()

    def upload(self, workbook: bytes, seconds: float) -> None:
        """Upload the workbook as the browser does, with an initial password that nobody knows."""
        password = secrets.token_urlsafe(24)
        form = {"files": {"file": (_FILE, workbook, _FORM)}, "data": {"initial_password": password}}
        answer = self._connect.send("POST", f"{self._url}{UPLOAD_PATH}", form, seconds=seconds)
        if isinstance(answer, Answer):
            answer = replace(answer, body=redacted(answer.body, (password,)))
        self.seen.upload = answer
        self.seen.job_id = accepted_job(answer)
        if self.seen.job_id:
            self._reached("accepted")

    def follow(self, ends_at: float) -> None:
        """Read the job's status as the browser does until it has ended, or until ``ends_at`` (monotonic)."""
        target = Target(self._settings, self.seen.job_id, self._connect, ends_at)
        while True:
            self.seen.job = job = look_again(target, at_once=True)
            if isinstance(job, JobDocument):
                if job.status in _AT_WORK:
                    self._reached("running")
                if job.status in ENDED:
                    self._reached("ended")
                    return
            if not target.pause(POLL_SECONDS):
                return

    def take_back(self, ends_at: float) -> None:
        """Have the students deleted that the job has created; a job that has not ended is cancelled.

        Where some were there already, an earlier run may not have come to this: then its students are deleted, too.
        """
        self.seen.taken_back = answer = self._withdraw(self.seen.job_id or "", ends_at)
        self.seen.deleted = deleted(answer)
        job = self.seen.job
        if self.seen.deleted is not None and isinstance(job, JobDocument) and job.result and job.result.duplicates:
            listed = self._connect.get(f"{self._url}{STUDENTS_PATH}?search={quote(MARK)}")
            for earlier in left_over(listed, STUDENTS):
                self.seen.deleted += deleted(self._withdraw(earlier, ends_at)) or 0
        if isinstance(answer, Answer) and answer.status < HTTPStatus.MULTIPLE_CHOICES:
            self._reached("taken-back")

    def _withdraw(self, job_id: str, ends_at: float) -> Answer | Unavailable:
        """Have a job's students deleted; tried again while the API is in trouble."""
        url = f"{self._url}{JOBS_PATH}{job_id}/{STUDENTS_OF_JOB}"
        for _ in range(_TAKE_BACK_TRIES):
            answer = self._connect.send("DELETE", url, seconds=max(1.0, ends_at - time.monotonic()))
            well = isinstance(answer, Answer) and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
            if well or ends_at - time.monotonic() < _TAKE_BACK_PAUSE:
                break
            time.sleep(_TAKE_BACK_PAUSE)
        return answer

    def elapsed_ms(self) -> int:
        """Return the milliseconds since the start."""
        return round((time.monotonic() - self._began) * 1000)

    def _reached(self, hop: Hop) -> None:
        if hop not in self.seen.reached_ms:
            self.seen.reached_ms[hop] = self.elapsed_ms()
            self._on_hop(hop, self.seen.reached_ms[hop])
