"""Section 4: what the job itself says, and where it stands."""

import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Final

from academy_ops.contract import JOB_CANCELLED, JobStatus
from academy_ops.diagnosis.catalogue import faults_of
from academy_ops.diagnosis.check import Check, Hop
from academy_ops.diagnosis.command import JOB_FILE
from academy_ops.diagnosis.findings import FindingBuilder, present
from academy_ops.diagnosis.records import Finding, Json, Unavailable, listed
from academy_ops.diagnosis.redact import MASK
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.outside.time_limits import begin
from checks import uploads
from checks.facts import Case, JobDocument, JobFacts, R2Facts, Upload
from checks.job_document import failed, look_again, read_answer
from checks.job_log import holder, left_behind, lines_of_job
from checks.job_progress import age_that_decides, has_not_ended, is_running, job_of, of_other_tier, stalled, waited
from checks.job_proof import ended_badly, proven_by_log
from checks.job_words import NO_R2
from checks.r2_settings import missing_setting

_HINT_SECONDS: Final = 3.0
"""So long a diagnosis without a job waits for the last uploads."""
_MAX_ROWS_SHOWN: Final = 5
_MAX_LINES_SHOWN: Final = 60
_OF_TIER: Final = faults_of("3-1", "3-3", "3-4")
_FIRST_BYTE: Final = "bytes=0-0"
_NO_FIRST_BYTE: Final = "InvalidRange"
"""S3's word of an object that is empty."""
_NO_OBJECT: Final = frozenset({"NoSuchKey", "NoSuchBucket"})


def observe(target: Target, case: Case) -> JobFacts:
    """Read the job from the endpoint's answer, again only where that would decide; without one, the last uploads."""
    if target.job_id is None:
        hint_until = min(target.until, time.monotonic() + _HINT_SECONDS)
        recent = begin("job", partial(uploads.last, target), hint_until)()
        return JobFacts(Unavailable("not-asked", "job"), recent=listed(recent))
    document = read_answer(case.endpoint.main if not isinstance(case.endpoint, Unavailable) else case.endpoint)
    there = begin("s3:GetObject", partial(_object_there, target, document), target.until)()
    again: JobDocument | Unavailable | None = Unavailable("not-asked", "job")
    if isinstance(document, JobDocument) and has_not_ended(document):
        if age_that_decides(case, document) is None:
            again = look_again(target)
        elif there is False:
            # It may just have ended, and its file with it.
            again = look_again(target, at_once=True)
    return JobFacts(document, again, there)


def judge(case: Case) -> Iterator[Finding]:
    """Judge how the job ended, or how it progresses."""
    key = _stored_key(case)
    build = FindingBuilder("job", "4", {**case.names, JOB_FILE: key} if key else case.names)
    if case.job_id is None:
        recent = case.job.recent if isinstance(case.job, JobFacts) else ()
        # The bucket lists those that are done, too.
        name = "recent" if any(upload.status for upload in recent) else "latest"
        evidence: dict[str, Json] = {name: [_listed(upload) for upload in recent]} if recent else {}
        yield build.skip(say("No upload was checked, because no job id was given."), None, evidence)
        return
    document = case.job.document if not isinstance(case.job, Unavailable) else case.job
    if isinstance(document, Unavailable):
        yield build.unknown(say("the job's status"), document)
    elif document is None:
        yield build.skip(say("The job does not exist."), say("the API has no such job"))
    elif document.error_message == JOB_CANCELLED:
        yield build.ok(say("The job was canceled on request."), _evidence(document))
    elif failed(document):
        (code, reason), kind, lines = ended_badly(case, document)
        log: dict[str, Json] = {"log": list[Json](lines[:_MAX_LINES_SHOWN])} if lines else {}
        evidence = _evidence(document) | log | _where(case, code)
        yield build.fail(code, evidence, reason=reason, explained_by=kind)
    elif document.status == JobStatus.DONE:
        partial = document.result and document.result.rejected_count
        yield (
            build.warn("job-partial", _evidence(document))
            if partial
            else build.ok(say("The job is DONE."), _evidence(document))
        )
    elif document.status == JobStatus.REVIEW_REQUIRED:
        yield build.warn("job-review", _evidence(document))
    elif (tier := of_other_tier(case)) and has_not_ended(document):
        what = say("the queue and workers of the job's tier ({tier})", tier=tier)
        yield build.unknown(what, Unavailable("not-asked", f"--tier {tier}"), _OF_TIER)
    elif not has_not_ended(document):
        yield build.unknown(
            say("the meaning of status {status}", status=document.status), Unavailable("unexpected-answer", "job")
        )
    else:
        yield from _judge_active(build, case, document)


def _stored_key(case: Case) -> str | None:
    """Return the key of the job's file where the API or a worker's line names it, and R2 answers."""
    document = job_of(case)
    if document is None or (isinstance(case.r2, R2Facts) and case.r2.reach is not True):
        return None
    if document.file_key:
        return None if MASK in document.file_key else document.file_key
    keys = (uploads.key_in(line.text) for block in lines_of_job(case) for line in block[:1])
    return next(filter(None, keys), None)


def _judge_active(build: FindingBuilder, case: Case, document: JobDocument) -> Iterator[Finding]:
    evidence: dict[str, Json] = {**_evidence(document), "waited_seconds": waited(case)}
    facts = case.job
    faulty = False
    if isinstance(facts, JobFacts) and facts.object_there is False:
        if isinstance(facts.again, Unavailable):
            yield build.unknown(say("whether the job still needs its file"), facts.again, ("upload-object-missing",))
        elif facts.again is not None and has_not_ended(facts.again):
            faulty = True
            yield build.fail("upload-object-missing", {**evidence, "file_key": document.file_key})
    elif isinstance(facts, JobFacts) and isinstance(facts.object_there, Unavailable):
        yield build.unknown(say("the job's file in the bucket"), facts.object_there, ("upload-object-missing",))
    if proven := proven_by_log(case):
        (code, reason), lines = proven
        faulty = True
        log: Json = list[Json](lines[:_MAX_LINES_SHOWN])
        yield build.fail(code, {**evidence, "log": log, **_where(case, code)}, reason=reason)
    evidence |= _in_hands(case)
    stuck = is_running(document) and stalled(case, document)
    if stuck:
        yield build.fail("job-stalled", evidence)
        return
    if stuck is None and isinstance(facts, JobFacts) and isinstance(facts.again, Unavailable):
        yield build.unknown(say("whether the job is making progress"), facts.again, ("job-stalled",))
    if not faulty:
        yield build.ok(say("The job is {status}.", status=document.status), evidence)


def _where(case: Case, code: str) -> dict[str, Json]:
    """Return the address that was not reached, for the commands that look there."""
    return {"endpoint": case.r2.endpoint} if code == NO_R2 and isinstance(case.r2, R2Facts) else {}


def _in_hands(case: Case) -> dict[str, Json]:
    """Return which instance has the job, and of one that is gone what it wrote of it last."""
    if left := left_behind(case):
        return {"instance": left[0], "log": [left[1].text]}
    return {"instance": held} if (held := holder(case)) else {}


def _object_there(target: Target, document: JobDocument | Unavailable | None) -> bool | Unavailable | None:
    settings = target.settings
    if not isinstance(document, JobDocument) or not has_not_ended(document) or missing_setting(settings):
        return None
    # Where a part of the key is also a password, it is not known whole.
    if not document.file_key or MASK in document.file_key:
        return None
    try:
        # A HEAD has no body: anybody's 404 would do for R2's.
        target.connect.r2().get_object(Bucket=settings.bucket, Key=document.file_key, Range=_FIRST_BYTE)
    except AWS_ERRORS as error:
        there = error_code(error) == _NO_FIRST_BYTE
        missing = error_code(error) in _NO_OBJECT
        return there if there or missing else target.connect.unseen(error, "s3:GetObject")
    return True


def _listed(upload: Upload) -> Json:
    named: dict[str, Json] = {"tenant": upload.tenant, "job_id": upload.job_id, "status": upload.status}
    return {"uploaded_at": _written(upload.at), **named, "all_rejected": upload.all_rejected}


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _evidence(document: JobDocument) -> dict[str, Json]:
    evidence: dict[str, Json] = {"status": document.status}
    evidence |= present(
        created_at=_written(document.created_at),
        updated_at=_written(document.updated_at),
        error_message=document.error_message,
        percent=document.percent,
    )
    if result := document.result:
        evidence |= {"created": result.created, "duplicates": result.duplicates, "failed_rows": result.rejected_count}
        rows: list[Json] = [
            {**present(sheet=row.sheet, row=row.row, value=row.value), "error": row.error}
            for row in result.failed[:_MAX_ROWS_SHOWN]
        ]
        evidence |= present(rows=rows)
    return evidence


CHECK: Final = Check(
    name="job",
    section="4",
    waits_for=say("the job's status"),
    observe=observe,
    judge=judge,
    needs=("endpoint",),
    reads=("access", "endpoint", "r2", "workers", "queue", "logs"),
    hops=(Hop(7, say("students"), ("excel-", "job-")),),
    shows=(
        *("recent", "latest", "status", "waited_seconds", "error_message", "created", "duplicates", "failed_rows"),
        *("rows", "instance", "log"),
    ),
)
