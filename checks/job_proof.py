"""What a job's message, and what the workers wrote of it, prove."""

import re
from collections.abc import Sequence
from typing import Final

from academy_ops.contract import LOG_COMPLETED, LOG_SKIPPED
from academy_ops.diagnosis.catalogue import faults_of
from academy_ops.thresholds import DISK_NEARLY_FULL_PERCENT, WAITED_SECONDS, YOUNG_SECONDS
from checks.connection_words import connection_reason
from checks.facts import Case, JobDocument, R2Facts
from checks.host_facts import LogLine
from checks.job_document import every_row_rejected
from checks.job_log import lines_of_job
from checks.job_progress import pending, young
from checks.job_words import NO_R2, fault_of_message
from checks.log_forms import of_program, plain
from checks.r2 import api_side_wrong
from checks.times import age, under
from checks.words import Fault, table
from checks.workbook_words import fault_of_rows

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
    (_SETTINGS.union(faults_of("1")), r"bucket|storage|\bR2\b|\bS3\b|버킷|저장소|스토리지"),
    (frozenset({"worker-database-down"}), r"database|\bDB\b|데이터베이스"),
    (frozenset({"worker-disk-full"}), r"\bdisk|no space left|디스크"),
    (frozenset({"worker-out-of-memory"}), r"memory|메모리"),
)
"""What a message names that says no more, and the faults of that kind."""
_FAILURE: Final = re.compile(r"failed|error|exception|No module named", re.IGNORECASE)
_REFUSED_BY_R2: Final = frozenset(
    {"r2-credentials-rejected", "r2-access-denied", "r2-bucket-missing", "r2-endpoint-unreachable"}
)


def ended_badly(case: Case, document: JobDocument) -> tuple[Fault, frozenset[str], list[str]]:
    """Return what the job's own words prove, the most specific that the evidence carries, and what may be behind it.

    Also return the lines of a worker's log that prove it, where the job's message does not.
    """
    shared = fault_of_rows(row.error for row in document.result.failed) if document.result else None
    shared = shared if shared and shared.code.startswith("excel-") else None
    if shared and not document.error_message:
        return shared, frozenset(), []
    failures = [block for block in reversed(lines_of_job(case)) if _FAILURE.search(block[0].text)]
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


def proven_by_log(case: Case) -> tuple[Fault, list[str]] | None:
    """Return what the workers' logs prove of a job that waits, however long ago they wrote it, and these lines.

    None where a worker has completed the job, or has it in hand again.
    """
    blocks = lines_of_job(case)
    if not blocks or not pending(case) or young(case, YOUNG_SECONDS):
        return None
    last = blocks[-1][0]
    if not _FAILURE.search(last.text) and under(age(case.observed_at, last.at), WAITED_SECONDS):
        return None
    for block in reversed(blocks):
        heading = block[0].text
        if LOG_COMPLETED in heading or LOG_SKIPPED in heading:
            return None
        fault = _proof(case, _words(block)) if _FAILURE.search(heading) else None
        if fault and fault.code != "job-failed":
            return fault, [line.text for line in block]
    return None


def _workers_are_newer(case: Case, document: JobDocument) -> bool:
    """Return whether no container of now was there when the job ended: what they lack, its worker may have had."""
    ended_at = document.updated_at
    made = [host.container.created_at for host in case.inside.hosts if host.container]
    return bool(made) and all(ended_at and created_at and created_at > ended_at for created_at in made)


def _words(block: Sequence[LogLine]) -> str:
    """Return a failure's words; of its traceback what the exceptions say, not the program's text."""
    lines = (part for line in block for part in plain(line.text).split("\n"))
    return " ".join(line for line in lines if not of_program(line))


def _telling(block: Sequence[LogLine]) -> list[str]:
    """Return a failure's lines up to the last one that says why; others may have written in the same moment."""
    last = max((n for n, line in enumerate(block) if fault_of_message(_words([line]))), default=0)
    return [line.text for line in block[: last + 1]]


def _proof(case: Case, words: str) -> Fault | None:
    """Return what the words of a failure prove, with what else was observed."""
    fault = fault_of_message(words)
    # The API has stored the file in its own bucket: a worker that found none there looked elsewhere.
    code = fault.code if fault else None
    opens = isinstance(case.r2, R2Facts) and case.r2.reach is True
    elsewhere = code in {"r2-bucket-missing", "r2-env-malformed"} and opens
    if elsewhere or (code in _REFUSED_BY_R2 and _worker_differs(case, code) and not api_side_wrong(case)):
        return Fault("worker-r2-mismatch")
    if code == NO_R2:
        ahead = next((host.clock_ahead_seconds for host in case.inside.hosts if host.clock_ahead_seconds), 0)
        why = connection_reason(words, ahead)
        # Nobody's way alone, where R2 answers nobody.
        return Fault(NO_R2, why if why != "no-route" or opens else None)
    if (
        fault is None
        and "No space left on device" in words
        and any((host.disk_percent or 0) >= DISK_NEARLY_FULL_PERCENT for host in case.inside.hosts)
    ):
        return Fault("worker-disk-full")
    return fault


def _worker_differs(case: Case, code: str) -> bool:
    """Return whether a worker's R2 settings, or those that the next one would get, are others than the API's.

    Where no connection came about, only the endpoint counts.
    """
    own = [host.environment for host in case.inside.hosts if host.environment]
    if not own and case.inside.parameter_holds:
        own = [case.inside.parameter_holds]
    if code == NO_R2:
        return any(e.endpoint == "different" for e in own)
    return any("different" in (e.endpoint, e.bucket, e.access_key, e.secret_key) for e in own)
