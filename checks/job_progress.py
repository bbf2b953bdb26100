"""Where the job stands, for how long, and whether it moves."""

from typing import Final

from academy_ops.contract import TIER, JobStatus
from academy_ops.diagnosis.records import JobProgress, JobState, Unavailable
from academy_ops.thresholds import STALLED_SECONDS, YOUNG_SECONDS
from checks.facts import Case, Depth, JobDocument, JobFacts, QueueFacts
from checks.job_document import failed
from checks.times import age

_RUNNING: Final = frozenset({JobStatus.RUNNING, JobStatus.VALIDATING, JobStatus.RETRYING})
_STATES: Final[dict[str, JobState]] = {
    JobStatus.PENDING: JobState.PENDING,
    JobStatus.DONE: JobState.DONE,
    JobStatus.REVIEW_REQUIRED: JobState.DONE,
}


def job_of(case: Case) -> JobDocument | None:
    """Return the job as it was last read, or None when it was not."""
    document = case.job.document if isinstance(case.job, JobFacts) else None
    return document if isinstance(document, JobDocument) else None


def is_running(document: JobDocument) -> bool:
    """Return whether a worker has a job, by the API's word."""
    return document.status in _RUNNING


def has_not_ended(document: JobDocument) -> bool:
    """Return whether a job waits or runs."""
    return document.status == JobStatus.PENDING or is_running(document)


def pending(case: Case) -> bool:
    """Return whether the job is PENDING."""
    document = job_of(case)
    return document is not None and document.status == JobStatus.PENDING


def active(case: Case) -> bool:
    """Return whether the job has not ended."""
    document = job_of(case)
    return document is not None and has_not_ended(document)


def tier_of(document: JobDocument | Unavailable | None) -> str | None:
    """Return the tier of workers that a job is for, where it names one."""
    return document.tier if isinstance(document, JobDocument) else None


def of_other_tier(case: Case) -> str | None:
    """Return the tier that the job's own facts name, where that is not the one that was looked at."""
    named = tier_of(job_of(case))
    return named if named and named != case.names.get("tier", TIER) else None


def job_progress(case: Case) -> JobProgress:
    """Return how far the job is, for the root-cause rule."""
    not_asked = isinstance(case.job, Unavailable) and case.job.reason == "not-asked"
    if case.job_id is None or not_asked:
        return JobProgress(JobState.NONE)
    if "api_url" not in case.names:
        return JobProgress(JobState.UNASKED)
    document = job_of(case)
    if document is None:
        return JobProgress(JobState.UNSEEN)
    if failed(document):
        return JobProgress(JobState.FAILED)
    if is_running(document):
        return JobProgress(JobState.RUNNING, moving=stalled(case, document) is False)
    moving = document.status == JobStatus.PENDING and young(case, YOUNG_SECONDS)
    return JobProgress(_STATES.get(document.status, JobState.UNSEEN), moving)


def waited(case: Case) -> float | None:
    """Return for how many seconds the job has waited: from its own times, else from the oldest message's age.

    A job that was taken and came back has waited since then, not since it was made. One that has ended waits for
    nothing: what waits is another's.
    """
    document = job_of(case) if active(case) else None
    times = (document.created_at, document.updated_at) if document else ()
    own = [known for known in (age(case.observed_at, time) for time in times) if known is not None]
    if own or isinstance(case.queue, Unavailable):
        return min(own, default=None)
    oldest = case.queue.oldest_seconds
    return oldest if isinstance(oldest, float) else None


def waited_at_least(case: Case, seconds: float) -> bool:
    """Return whether the job has waited so long; one of unknown age has if two looks saw it unmoved.

    Without a job the messages in the queue are what waits.
    """
    known = waited(case)
    return known >= seconds if known is not None else _seen_twice(case) and not _moved(case)


def young(case: Case, seconds: float) -> bool:
    """Return whether the job is younger than ``seconds``; one of unknown age is if it moved between two looks."""
    known = waited(case)
    return known < seconds if known is not None else _moved(case)


def still_waits(case: Case) -> bool:
    """Return whether the job waits or hangs: PENDING and not young any more, or RUNNING and stalled."""
    document = job_of(case)
    if document is None or not has_not_ended(document):
        return False
    return stalled(case, document) is True if is_running(document) else not young(case, YOUNG_SECONDS)


def stalled(case: Case, document: JobDocument) -> bool | None:
    """Return whether a running job has stopped moving; None where that can't be known."""
    since = age(case.observed_at, document.updated_at)
    if since is not None:
        return since >= STALLED_SECONDS
    if _moved(case) or (case.depth and case.depth.total > 0):
        return False
    return True if case.depth and _seen_twice(case) else None


def age_that_decides(case: Case, document: JobDocument) -> float | None:
    """Return for how many seconds a job has been there, or has not moved where it runs."""
    return age(case.observed_at, document.updated_at if is_running(document) else document.created_at)


def _seen_twice(case: Case) -> bool:
    if active(case):
        return isinstance(case.job, JobFacts) and isinstance(case.job.again, JobDocument)
    return isinstance(case.queue, QueueFacts) and isinstance(case.queue.again, Depth)


def _moved(case: Case) -> bool:
    """Return whether what waits was seen twice, and not in the same state."""
    if not _seen_twice(case):
        return False
    if active(case) and isinstance(case.job, JobFacts):
        return case.job.again != case.job.document
    return isinstance(case.queue, QueueFacts) and case.queue.again != case.queue.queue
