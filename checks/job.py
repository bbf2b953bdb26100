"""Section 4: what the job itself says, and where it stands."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from academy_ops.contract import LOG_COMPLETED, LOG_JOB_ENDED, LOG_OF_JOB, LOG_SKIPPED, LOG_UNKNOWN, TIER, JobStatus
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.check import Check, Hop
from academy_ops.diagnosis.command import JOB_FILE
from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, JobProgress, JobState, Json, Unavailable
from academy_ops.diagnosis.redact import MASK
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.outside.time_limits import begin
from academy_ops.thresholds import (
    DISK_NEARLY_FULL_PERCENT,
    STALLED_SECONDS,
    TRACEBACK_SECONDS,
    WAITED_SECONDS,
    YOUNG_SECONDS,
)
from checks import uploads
from checks.connection_words import no_way
from checks.facts import Case, Depth, FailedRow, JobDocument, JobFacts, QueueFacts, R2Facts, Upload
from checks.group_facts import Group, WorkersFacts
from checks.host_facts import Container, LogLine, LogsFacts, Parameter
from checks.job_document import NO_R2, every_row_rejected, failed, fault_of_message, look_again, read_answer
from checks.r2 import api_side_wrong
from checks.times import age, written_at
from checks.words import Fault, table
from checks.workbook_words import fault_of_rows

_HINT_SECONDS: Final = 3.0
"""So long a diagnosis without a job waits for the last uploads."""
_MAX_ROWS_SHOWN: Final = 5
_MAX_LINES_SHOWN: Final = 60

_OF_TIER: Final = tuple(code for code, cause in CATALOGUE.items() if cause.section.startswith("3") and not cause.warn)
_FAILURE: Final = re.compile(r"failed|error|exception|No module named", re.IGNORECASE)
_SETTINGS: Final = frozenset(
    {"worker-env-missing", "worker-env-stale", "worker-r2-mismatch", "r2-env-missing", "r2-env-malformed"}
)
_KINDS: Final = table(
    (_SETTINGS, r"setting|config|environment|\benv\b|설정|환경"),
    (_SETTINGS | {"r2-endpoint-unreachable"}, r"endpoint|엔드포인트"),
    (
        _SETTINGS | {"r2-credentials-rejected", "r2-access-denied", "worker-aws-credentials"},
        r"credential|access[ _]?key|secret|자격|액세스 ?키",
    ),
    (
        _SETTINGS | {code for code, cause in CATALOGUE.items() if cause.section == "1"},
        r"bucket|storage|\bR2\b|\bS3\b|버킷|저장소|스토리지",
    ),
    (frozenset({"worker-database-down"}), r"database|\bDB\b|데이터베이스"),
    (frozenset({"worker-disk-full"}), r"\bdisk|no space left|디스크"),
    (frozenset({"worker-out-of-memory"}), r"memory|메모리"),
)
"""What a message names that says no more, and the faults of that kind."""
_FIRST_BYTE: Final = "bytes=0-0"
_NO_FIRST_BYTE: Final = "InvalidRange"
"""S3's word of an object that is empty."""
_NO_OBJECT: Final = frozenset({"NoSuchKey", "NoSuchBucket"})
_REFUSED_BY_R2: Final = frozenset(
    {"r2-credentials-rejected", "r2-access-denied", "r2-bucket-missing", "r2-endpoint-unreachable"}
)
_RUNNING: Final = frozenset({JobStatus.RUNNING, JobStatus.VALIDATING, JobStatus.RETRYING})
_STATES: Final[dict[str, JobState]] = {
    JobStatus.PENDING: JobState.PENDING,
    JobStatus.DONE: JobState.DONE,
    JobStatus.REVIEW_REQUIRED: JobState.DONE,
}


def observe(target: Target, case: Case) -> JobFacts:
    """Read the job from the endpoint's answer, again only where that would decide; without one, the last uploads."""
    if target.job_id is None:
        hint_until = min(target.until, time.monotonic() + _HINT_SECONDS)
        recent = begin("job", partial(uploads.last, target), hint_until)()
        return JobFacts(Unavailable("not-asked", "job"), recent=() if isinstance(recent, Unavailable) else recent)
    document = read_answer(case.endpoint.main if not isinstance(case.endpoint, Unavailable) else case.endpoint)
    there = begin("s3:GetObject", partial(_object_there, target, document), target.until)()
    again: JobDocument | Unavailable | None = Unavailable("not-asked", "job")
    if isinstance(document, JobDocument) and _active(document):
        if _age(case, document) is None:
            again = look_again(target)
        elif there is False:
            # It may just have ended, and its file with it.
            again = look_again(target, at_once=True)
    return JobFacts(document, again, there)


def tier_of(document: JobDocument | Unavailable | None) -> str | None:
    """Return the tier of workers that a job is for, where it names one."""
    return document.tier if isinstance(document, JobDocument) else None


def of_other_tier(case: Case) -> str | None:
    """Return the tier that the job's own facts name, where that is not the one that was looked at."""
    named = tier_of(job_of(case))
    return named if named and named != case.names.get("tier", TIER) else None


def judge(case: Case) -> Iterator[Finding]:
    """Judge how the job ended, or how it progresses."""
    key = _stored_key(case)
    build = FindingBuilder("job", "4", {**case.names, JOB_FILE: key} if key else case.names)
    if case.job_id is None:
        recent = case.job.recent if isinstance(case.job, JobFacts) else ()
        # The bucket lists those that are done, too.
        name = "recent" if any(one.status for one in recent) else "latest"
        evidence: dict[str, Json] = {name: [_listed(one) for one in recent]} if recent else {}
        yield build.skip(say("No upload was checked."), say("no job id given"), evidence)
        return
    document = case.job.document if not isinstance(case.job, Unavailable) else case.job
    if isinstance(document, Unavailable):
        yield build.unknown(say("the job's status"), document)
    elif document is None:
        yield build.skip(say("The job does not exist."), say("the API has no such job"))
    elif failed(document):
        (code, reason), kind, lines = _ended_badly(case, document)
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
    elif (tier := of_other_tier(case)) and _active(document):
        what = say("the queue and workers of the job's tier ({tier})", tier=tier)
        yield build.unknown(what, Unavailable("not-asked", f"--tier {tier}"), _OF_TIER)
    elif not _active(document):
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
    keys = (uploads.key_in(line.text) for block in _of_job(case) for line in block[:1])
    return next(filter(None, keys), None)


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
    if document.status in _RUNNING:
        return JobProgress(JobState.RUNNING, moving=_stalled(case, document) is False)
    moving = document.status == JobStatus.PENDING and young(case, YOUNG_SECONDS)
    return JobProgress(_STATES.get(document.status, JobState.UNSEEN), moving)


def pending(case: Case) -> bool:
    """Return whether the job is PENDING."""
    document = job_of(case)
    return document is not None and document.status == JobStatus.PENDING


def active(case: Case) -> bool:
    """Return whether the job has not ended."""
    document = job_of(case)
    return document is not None and _active(document)


def job_of(case: Case) -> JobDocument | None:
    """Return the job as it was last read, or None when it was not."""
    document = case.job.document if not isinstance(case.job, Unavailable) else None
    return document if isinstance(document, JobDocument) else None


def waited(case: Case) -> float | None:
    """Return for how many seconds the job has waited: from its own times, else from the oldest message's age.

    A job that was taken and came back has waited since then, not since it was made. One that has ended waits for
    nothing: what waits is another's.
    """
    document = job_of(case) if active(case) else None
    times = (document.created_at, document.updated_at) if document else ()
    own = [known for known in (age(case.observed_at, one) for one in times) if known is not None]
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
    if document is None or not _active(document):
        return False
    if document.status == JobStatus.PENDING:
        return not young(case, YOUNG_SECONDS)
    return _stalled(case, document) is True


def _judge_active(build: FindingBuilder, case: Case, document: JobDocument) -> Iterator[Finding]:
    evidence: dict[str, Json] = {**_evidence(document), "waited_seconds": waited(case)}
    facts = case.job
    faulty = False
    if isinstance(facts, JobFacts) and facts.object_there is False:
        if isinstance(facts.again, Unavailable):
            yield build.unknown(say("whether the job still needs its file"), facts.again, ("upload-object-missing",))
        elif facts.again is not None and _active(facts.again):
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
    stalled = document.status in _RUNNING and _stalled(case, document)
    if stalled:
        yield build.fail("job-stalled", evidence)
        return
    if stalled is None and isinstance(facts, JobFacts) and isinstance(facts.again, Unavailable):
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


def _stalled(case: Case, document: JobDocument) -> bool | None:
    """Return whether a running job has stopped moving; None where that can't be known."""
    since = age(case.observed_at, document.updated_at)
    if since is not None:
        return since >= STALLED_SECONDS
    depth = case.queue.queue if isinstance(case.queue, QueueFacts) else None
    if _moved(case) or (isinstance(depth, Depth) and depth.total > 0):
        return False
    return True if isinstance(depth, Depth) and _seen_twice(case) else None


def _age(case: Case, document: JobDocument) -> float | None:
    """Return the age that decides about a job: since it was made, or since it last moved where it runs."""
    return age(case.observed_at, document.updated_at if document.status in _RUNNING else document.created_at)


def _seen_twice(case: Case) -> bool:
    if not active(case):
        return isinstance(case.queue, QueueFacts) and isinstance(case.queue.again, Depth)
    return isinstance(case.job, JobFacts) and isinstance(case.job.again, JobDocument)


def _moved(case: Case) -> bool:
    if not _seen_twice(case):
        return False
    if active(case) and isinstance(case.job, JobFacts):
        return case.job.again != case.job.document
    return isinstance(case.queue, QueueFacts) and case.queue.again != case.queue.queue


def _ended_badly(case: Case, document: JobDocument) -> tuple[Fault, frozenset[str], list[str]]:
    """Return what the job's own words prove, the most specific that the evidence carries.

    Returns:
        That, what may be behind it, and the lines of a worker's log that prove it, where the job's message does not.
    """
    shared = fault_of_rows(row.error for row in document.result.failed) if document.result else None
    shared = shared if shared and shared.code.startswith("excel-") else None
    if shared and not document.error_message:
        return shared, frozenset(), []
    failures = [block for block in reversed(_of_job(case)) if _FAILURE.search(block[0].text)]
    said = [(document.error_message or "", list[str]())]
    said += [(_words(block), _telling(block)) for block in failures]
    proofs = ((fault, lines) for words, lines in said if words and (fault := _proof(case, words)))
    fault, lines = next(proofs, (None, []))
    if shared and (fault is None or fault.code == "job-failed") and every_row_rejected(document):
        return shared, frozenset(), []
    if fault is None and not document.error_message and not failures and every_row_rejected(document):
        return Fault("job-failed", "rows"), frozenset(), []
    named = frozenset[str]().union(*(codes for form, codes in _KINDS for words, _ in said if form.search(words)))
    if _workers_are_newer(case, document):
        named = frozenset(code for code in named if not code.startswith("worker-"))
    return (fault, frozenset(), lines) if fault else (Fault("job-failed"), named, said[1][1] if failures else [])


def _workers_are_newer(case: Case, document: JobDocument) -> bool:
    """Return whether no container of now was there when the job ended: what they lack, its worker may have had."""
    if not isinstance(case.logs, LogsFacts) or document.updated_at is None:
        return False
    made = [host.container.created_at for host in case.logs.hosts if isinstance(host.container, Container)]
    return bool(made) and all(one is not None and one > document.updated_at for one in made)


def proven_by_log(case: Case) -> tuple[Fault, list[str]] | None:
    """Return what the workers' logs prove of a job that waits, however long ago they wrote it, and these lines.

    None where a worker has completed the job, or has it in hand again.
    """
    blocks = _of_job(case)
    if not blocks or not pending(case) or young(case, YOUNG_SECONDS):
        return None
    since = age(case.observed_at, blocks[-1][0].at)
    if not _FAILURE.search(blocks[-1][0].text) and since is not None and since < WAITED_SECONDS:
        return None
    for block in reversed(blocks):
        heading = block[0].text
        if LOG_COMPLETED in heading or LOG_SKIPPED in heading:
            return None
        fault = _proof(case, _words(block)) if _FAILURE.search(heading) else None
        if fault and fault.code != "job-failed":
            return fault, [line.text for line in block]
    return None


def completed_elsewhere(case: Case) -> LogLine | None:
    """Return a worker's last line of a job that waits by the API's word, where that says: done, or unknown."""
    blocks = _of_job(case)
    last = blocks[-1][0] if blocks and pending(case) else None
    if last is not None and LOG_UNKNOWN in last.text:
        return last
    if last is None or not (LOG_COMPLETED in last.text or LOG_SKIPPED in last.text):
        return None
    since = age(case.observed_at, last.at)
    # Job and log are not read in the same moment.
    return last if since is None or since >= YOUNG_SECONDS else None


def log_speaks(case: Case) -> bool:
    """Return whether a worker's log speaks of the job at all."""
    return bool(_of_job(case))


def holder(case: Case) -> str | None:
    """Return the instance whose log speaks of the job last, where it does not say that it has ended it."""
    blocks = _of_job(case)
    if not isinstance(case.logs, LogsFacts) or not blocks or any(end in blocks[-1][0].text for end in LOG_JOB_ENDED):
        return None
    last = blocks[-1][0]
    logs = {**case.logs.archived(), **case.logs.logs}
    return next((one for one, log in logs.items() if last in (*log.of_job, *log.errors, *log.tail)), None)


def left_behind(case: Case) -> tuple[str, LogLine] | None:
    """Return the worker that took the job, was terminated before it had ended it, and what it wrote of it last."""
    logs = case.logs if isinstance(case.logs, LogsFacts) else None
    group = case.workers.group if isinstance(case.workers, WorkersFacts) else None
    blocks = _of_job(case)
    if logs is None or not isinstance(group, Group) or not blocks:
        return None
    last = blocks[-1][0]
    there = {one.instance_id for one in group.instances}
    gone = next((one for one, log in logs.archived().items() if one not in there and last in log.of_job), None)
    ended = any(marker in last.text for marker in LOG_JOB_ENDED)
    return (gone, last) if gone and not ended else None


def moved_since(case: Case, line: LogLine) -> bool:
    """Return whether the job moves, or was done, although a worker has logged ``line``."""
    document = job_of(case)
    if document is None or failed(document):
        return False
    if document.status in {JobStatus.RUNNING, JobStatus.VALIDATING}:
        return _stalled(case, document) is False
    known = line.at is not None and document.updated_at is not None
    return document.status == JobStatus.DONE and known and document.updated_at > line.at  # type: ignore[operator]


def _of_job(case: Case) -> list[list[LogLine]]:
    """Return what the workers wrote of the job, the oldest first: each line that names it, with what follows it."""
    logs = case.logs.written() if isinstance(case.logs, LogsFacts) else ()
    blocks: list[list[LogLine]] = []
    for log in logs:
        block: list[LogLine] | None = None
        # What follows a line of the job may also be known from the other parts of the log only.
        for line in sorted(dict.fromkeys((*log.of_job, *log.errors, *log.tail)), key=written_at):
            marked = any(marker in line.text for marker in ("job_id=", *LOG_OF_JOB))
            if (case.job_id and case.job_id in line.text) or (line in log.of_job and (marked or block is None)):
                block = [line]
                blocks.append(block)
            elif marked or (block and not _follows(block[0], line)):
                block = None
            elif block:
                block.append(line)
    return sorted(blocks, key=lambda block: written_at(block[0]))


def _follows(heading: LogLine, line: LogLine) -> bool:
    if heading.at is None or line.at is None:
        return True
    return (line.at - heading.at).total_seconds() <= TRACEBACK_SECONDS


def _words(block: Sequence[LogLine]) -> str:
    """Return a failure's words; of its traceback what the exceptions say, not the program's text."""
    return " ".join(line.text for line in block if not line.text[:1].isspace())


def _telling(block: Sequence[LogLine]) -> list[str]:
    """Return a failure's lines up to the last one that says why; others may have written in the same moment."""
    last = max((n for n, line in enumerate(block) if fault_of_message(line.text)), default=0)
    return [line.text for line in block[: last + 1]]


def _proof(case: Case, words: str) -> Fault | None:
    fault = fault_of_message(words)
    # The API has stored the file in its own bucket: a worker that found none there looked elsewhere.
    code = fault.code if fault else None
    opens = isinstance(case.r2, R2Facts) and case.r2.reach is True
    elsewhere = code in {"r2-bucket-missing", "r2-env-malformed"} and opens
    if elsewhere or (code in _REFUSED_BY_R2 and _worker_differs(case, code) and not api_side_wrong(case)):
        return Fault("worker-r2-mismatch")
    if code == NO_R2:
        hosts = case.logs.hosts if isinstance(case.logs, LogsFacts) else ()
        why = no_way(words, next((host.clock_ahead_seconds for host in hosts if host.clock_ahead_seconds), 0))
        # Nobody's way alone, where R2 answers nobody.
        return Fault(NO_R2, why if why != "no-route" or opens else None)
    if fault is None and "No space left on device" in words and _a_disk_is_full(case):
        return Fault("worker-disk-full")
    return fault


def _a_disk_is_full(case: Case) -> bool:
    hosts = case.logs.hosts if isinstance(case.logs, LogsFacts) else ()
    return any((host.disk_percent or 0) >= DISK_NEARLY_FULL_PERCENT for host in hosts)


def _worker_differs(case: Case, code: str) -> bool:
    """Return whether a worker's R2 settings, or those that the next one would get, are others than the API's.

    Where no connection came about, only the endpoint counts.
    """
    if not isinstance(case.logs, LogsFacts):
        return False
    own = [host.environment for host in case.logs.hosts if host.environment]
    if not own and isinstance(case.logs.parameter, Parameter) and case.logs.parameter.environment:
        own = [case.logs.parameter.environment]
    if code == NO_R2:
        return any(e.endpoint == "different" for e in own)
    return any("different" in (e.endpoint, e.bucket, e.access_key, e.secret_key) for e in own)


def _active(document: JobDocument) -> bool:
    return document.status == JobStatus.PENDING or document.status in _RUNNING


def _object_there(target: Target, document: JobDocument | Unavailable | None) -> bool | Unavailable | None:
    settings = target.settings
    configured = all(settings.get(name) for name in ("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY"))
    if not isinstance(document, JobDocument) or not _active(document) or not document.file_key or not configured:
        return None
    if MASK in document.file_key:
        # A part of it is also a password, so it is not known whole.
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
    at = upload.at.isoformat() if upload.at else None
    return {"uploaded_at": at, "tenant": upload.tenant, "job_id": upload.job_id, "status": upload.status}


def _evidence(document: JobDocument) -> dict[str, Json]:
    evidence: dict[str, Json] = {"status": document.status}
    for name, moment in (("created_at", document.created_at), ("updated_at", document.updated_at)):
        if moment:
            evidence[name] = moment.isoformat()
    if document.error_message:
        evidence["error_message"] = document.error_message
    if document.percent is not None:
        evidence["percent"] = document.percent
    if document.result:
        result = document.result
        evidence |= {"created": result.created, "duplicates": result.duplicates, "failed_rows": result.rejected_count}
        if result.failed:
            evidence["rows"] = [_quoted(row) for row in result.failed[:_MAX_ROWS_SHOWN]]
    return evidence


def _quoted(row: FailedRow) -> Json:
    quoted = {"sheet": row.sheet, "row": row.row, "value": row.value, "error": row.error}
    return {name: value for name, value in quoted.items() if value is not None}


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
        *(
            "recent",
            "latest",
            "status",
            "waited_seconds",
            "error_message",
            "created",
            "duplicates",
            "failed_rows",
            "rows",
        ),
        *("instance", "log"),
    ),
)
