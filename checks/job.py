"""Section 4: what the job itself says, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from botocore.exceptions import ClientError

from academy_ops.academy.contract import JOBS_PATH, JobStatus
from academy_ops.clients import AWS_ERRORS, Target
from academy_ops.diagnosis.findings import Pen
from academy_ops.diagnosis.records import Finding, JobState, Json, Standing, Unseen
from academy_ops.diagnosis.run import Check
from academy_ops.messages import say
from checks.facts import Case, Depth, JobDocument, JobFacts, LogsFacts, QueueFacts
from checks.job_document import code_of_message, failed, read_answer
from checks.times import age

YOUNG_SECONDS: Final = 30
STALLED_SECONDS: Final = 600
SECOND_LOOK_SECONDS: Final = 3
_MAX_ROWS_SHOWN: Final = 20

_RUNNING: Final = frozenset({JobStatus.RUNNING, JobStatus.VALIDATING, JobStatus.RETRYING})
_STATES: Final[dict[str, JobState]] = {
    JobStatus.PENDING: JobState.PENDING,
    JobStatus.DONE: JobState.DONE,
    JobStatus.REVIEW_REQUIRED: JobState.DONE,
}


def observe(target: Target, case: Case) -> JobFacts:
    """Read the job from the endpoint's answer; ask again only where its age is unknown."""
    if target.job_id is None:
        return JobFacts(Unseen("not-asked", "job"))
    document = read_answer(case.endpoint.main if not isinstance(case.endpoint, Unseen) else case.endpoint)
    again: JobDocument | Unseen | None = Unseen("not-asked", "job")
    if isinstance(document, JobDocument) and _active(document) and document.created_at is None:
        again = look_again(target)
    return JobFacts(document, again, _object_there(target, document))


def look_again(target: Target, *, at_once: bool = False) -> JobDocument | Unseen | None:
    """Read the job's status a second time, some seconds later unless ``at_once``."""
    base = target.settings.get("ACADEMY_API_URL")
    if base is None or not (at_once or target.pause(SECOND_LOOK_SECONDS)):
        return Unseen("timeout", "job")
    return read_answer(target.connect.get(f"{base.rstrip('/')}{JOBS_PATH}{target.job_id}/"))


def judge(case: Case) -> Iterator[Finding]:
    """Tell how the job ended, or how it gets on."""
    pen = Pen("job", "4", case.names)
    if case.job_id is None:
        yield pen.skip(say("No job was asked about."), say("no job id was given"))
        return
    document = case.job.document if not isinstance(case.job, Unseen) else case.job
    if isinstance(document, Unseen):
        yield pen.unknown(say("the job's status"), document)
    elif document is None:
        yield pen.skip(say("There is no such job to look at."), say("the API does not know it"))
    elif failed(document):
        yield pen.fail(_ended_badly(case, document), _evidence(document))
    elif document.status == JobStatus.DONE:
        partial = document.result and document.result.failed
        yield (
            pen.warn("job-partial", _evidence(document))
            if partial
            else pen.ok(say("The job is DONE."), _evidence(document))
        )
    elif document.status == JobStatus.REVIEW_REQUIRED:
        yield pen.warn("job-review", _evidence(document))
    elif not _active(document):
        yield pen.unknown(
            say("what the status {status} means", status=document.status), Unseen("unexpected-answer", "job")
        )
    else:
        yield from _judge_active(pen, case, document)


def standing(case: Case) -> Standing:
    """Tell where the job stands, for the root-cause rule."""
    not_asked = isinstance(case.job, Unseen) and case.job.reason == "not-asked"
    if case.job_id is None or not_asked:
        return Standing(JobState.NONE)
    if "api_url" not in case.names:
        return Standing(JobState.UNASKED)
    document = job_of(case)
    if document is None:
        return Standing(JobState.UNSEEN)
    if failed(document):
        return Standing(JobState.FAILED)
    if document.status in _RUNNING:
        return Standing(JobState.RUNNING, moving=not _stalled(case, document))
    moving = document.status == JobStatus.PENDING and young(case, YOUNG_SECONDS)
    return Standing(_STATES.get(document.status, JobState.UNSEEN), moving)


def pending(case: Case) -> bool:
    """Tell whether the job is PENDING."""
    document = job_of(case)
    return document is not None and document.status == JobStatus.PENDING


def active(case: Case) -> bool:
    """Tell whether the job has not ended."""
    document = job_of(case)
    return document is not None and _active(document)


def job_of(case: Case) -> JobDocument | None:
    """Return the job as it was last read, or None when it was not."""
    document = case.job.document if not isinstance(case.job, Unseen) else None
    return document if isinstance(document, JobDocument) else None


def waited(case: Case) -> float | None:
    """Return for how many seconds the job has waited: from its own time, else from the oldest message's age."""
    document = job_of(case)
    own = age(case.observed_at, document.created_at) if document else None
    if own is not None or isinstance(case.queue, Unseen):
        return own
    oldest = case.queue.oldest_seconds
    return oldest if isinstance(oldest, float) else None


def waited_at_least(case: Case, seconds: float) -> bool:
    """Tell whether the job has waited so long; one of unknown age has if two looks saw it unmoved."""
    known = waited(case)
    if known is not None:
        return known >= seconds
    seen_twice = not isinstance(case.job, Unseen) and isinstance(case.job.again, JobDocument)
    return seen_twice and not _moved(case)


def young(case: Case, seconds: float) -> bool:
    """Tell whether the job is younger than ``seconds``; one of unknown age is if it moved between two looks."""
    known = waited(case)
    return known < seconds if known is not None else _moved(case)


def _judge_active(pen: Pen, case: Case, document: JobDocument) -> Iterator[Finding]:
    evidence = {**_evidence(document), "waited_seconds": waited(case)}
    if not isinstance(case.job, Unseen) and case.job.object_there is False:
        yield pen.fail("upload-object-missing", {**evidence, "file_key": document.file_key})
    elif not isinstance(case.job, Unseen) and isinstance(case.job.object_there, Unseen):
        yield pen.unknown(say("the job's file in the bucket"), case.job.object_there, ("upload-object-missing",))
    if document.status in _RUNNING and _stalled(case, document):
        yield pen.fail("job-stalled", evidence)
    else:
        yield pen.ok(say("The job is {status}.", status=document.status), evidence)


def _stalled(case: Case, document: JobDocument) -> bool:
    since = age(case.observed_at, document.updated_at)
    if since is not None:
        return since >= STALLED_SECONDS
    depth = case.queue.queue if isinstance(case.queue, QueueFacts) else None
    return isinstance(depth, Depth) and depth.total == 0 and not _moved(case)


def _moved(case: Case) -> bool:
    if isinstance(case.job, Unseen) or not isinstance(case.job.again, JobDocument):
        return False
    return case.job.again != case.job.document


def _ended_badly(case: Case, document: JobDocument) -> str:
    """Name what the job's own words prove; the most specific code that the evidence carries."""
    if document.error_message:
        code = code_of_message(document.error_message)
        refused = code in {"r2-credentials-rejected", "r2-access-denied", "r2-bucket-missing"}
        return "worker-r2-mismatch" if refused and _worker_differs(case) else code or "job-failed"
    codes = {code_of_message(row.error) for row in document.result.failed} if document.result else set[str | None]()
    only = codes.pop() if len(codes) == 1 else None
    return only if only and only.startswith("excel-") else "job-failed"


def _worker_differs(case: Case) -> bool:
    """Tell whether a worker's R2 settings are others than the API's."""
    if not isinstance(case.logs, LogsFacts):
        return False
    own = [host.container.environment for host in case.logs.hosts if host.container]
    return any("different" in (e.endpoint, e.bucket, e.access_key, e.secret_key) for e in own)


def _active(document: JobDocument) -> bool:
    return document.status == JobStatus.PENDING or document.status in _RUNNING


def _object_there(target: Target, document: JobDocument | Unseen | None) -> bool | Unseen | None:
    settings = target.settings
    configured = all(settings.get(name) for name in ("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY"))
    if not isinstance(document, JobDocument) or not _active(document) or not document.file_key or not configured:
        return None
    try:
        target.connect.r2().head_object(Bucket=settings.bucket, Key=document.file_key)
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == HTTPStatus.NOT_FOUND:
            return False
        return target.connect.unseen(error, "s3:GetObject")
    except (*AWS_ERRORS, ValueError) as error:
        return target.connect.unseen(error, "s3:GetObject")
    return True


def _evidence(document: JobDocument) -> dict[str, Json]:
    evidence: dict[str, Json] = {"status": document.status}
    if document.error_message:
        evidence["error_message"] = document.error_message
    if document.percent is not None:
        evidence["percent"] = document.percent
    if document.result:
        result = document.result
        evidence |= {"created": result.created, "duplicates": result.duplicates, "failed_rows": len(result.failed)}
        if result.failed:
            rows: list[Json] = [{"row": row.row, "error": row.error} for row in result.failed[:_MAX_ROWS_SHOWN]]
            evidence["rows"] = rows
    return evidence


CHECK: Final = Check("job", "4", observe, judge, needs=("endpoint",), reads=("endpoint", "queue", "logs"))
