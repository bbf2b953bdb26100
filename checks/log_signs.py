"""What a worker's log complains of, and what of it a later line disproves."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from academy_ops.contract import LOG_COMPLETED, LOG_JOB_FAILED, LOG_PARSING, LOG_RECEIVED, LOG_SKIPPED, LOG_STARTED
from academy_ops.thresholds import (
    CLOCK_TOLERANCE_SECONDS,
    COMPLAINT_SECONDS,
    DISK_NEARLY_FULL_PERCENT,
    POLL_COMPLAINT_SECONDS,
    STEADY_SECONDS,
    TRACEBACK_SECONDS,
)
from checks.container_state import crash_loops
from checks.database_words import database_fault
from checks.facts import Case, Depth
from checks.host_facts import Container, HostReport, LogLine, WorkerLog
from checks.job_words import LOCAL_PATH, OUT_OF_MEMORY
from checks.log_forms import bare, is_raised, level, of_program, plain
from checks.refusals import CLOCK, KEY_REFUSED, NO_CREDENTIALS, OTHER_REGION, OWN_WAY
from checks.times import age, of_last_process, under, written_at
from checks.words import GAP, Fault, meaning, table

_ELSEWHERE: Final = "worker-queue-mismatch"
_AT_EACH_POLL: Final = frozenset({"worker-aws-credentials", "worker-queue-denied", _ELSEWHERE})
"""What a worker complains of again at each of its polls, every 20 s at most: later, it has been fixed."""
_OWN_KEY_REFUSED: Final = "worker-r2-mismatch"
_DEPENDENCY: Final = "worker-dependency-missing"
_OF_IMPORT: Final = (
    r"\b(ModuleNotFoundError|ImportError|DistributionNotFound|VersionConflict|PackageNotFoundError)(: |\()"
)
_OF_LOADER: Final = r"error while loading shared libraries: |: version `?[A-Z]\w{1,20}_[\d.]{1,12}' not found"
"""How Python and the system's loader complain of what is not in the image."""
_MISSING: Final = re.compile(rf"{_OF_IMPORT}|{_OF_LOADER}|\bpython[\d.]{{0,5}}: No module named ")
_RECEIVED_DISPROVES: Final = _AT_EACH_POLL | {_DEPENDENCY}
_WORK_DISPROVES: Final = _RECEIVED_DISPROVES | {"worker-database-down"}
_OF_OTHERS: Final = re.compile(
    r"metric|sentry|telemetry|cloudwatch|x-?ray|statsd|datadog|\btracing|\bspans?\b|opentelemetry|newrelic|heartbeat"
    r"|when calling the (?!Receive|GetQueue|ListQueues|CreateQueue|DeleteMessage|ChangeMessage|SendMessage|GetObject"
    r"|HeadObject|ListObjects|HeadBucket|PutObject|DeleteObject|AssumeRole|GetRoleCredentials|CreateToken)"
    r"\w+ operation",
    re.IGNORECASE,
)
"""What a worker does besides its work, with AWS's own credentials."""
_COMPLAINS: Final = (
    *("error", "exception", "denied", "fail", "fatal", "connect", "credential", "token", "auth", "password"),
    *("permission", "module", "space", "full", "memory", "signal", "signature", "skew", "kill", "exit", "terminated"),
    *("alloc", "process", "exist", "such", "unknown", "undefined", "role", "hba", "limit", "timeout", "slots"),
    *("clients", "gone", "closed", "syscall", "database", "server", "host", "found"),
    *("db", "데이터베이스"),
)
"""One of these words stands in every complaint; most lines are none, and a fleet writes many."""
_OVER: Final = re.compile(
    r"(?<!not |n't |yet )(?<!be )(?<!never )(?<!not been |n't been |yet been )"
    r"\b(re-?connected|re-?established|restored|recovered|succeeded after)\b"
    r"|((복구|재연결)(됨|되었|했|에? ?성공)|재시도.{0,9}성공)(?!하지| ?못)",
    re.IGNORECASE,
)
"""What speaks of an error as of one that is over."""
_OF_DATABASE: Final = re.compile(r"database|postgres|mysql|\bDB|데이터베이스|OperationalError", re.IGNORECASE)
_TIME_LIMIT: Final = re.compile(r"time ?limit|\btime-?out", re.IGNORECASE)
_REFUSALS: Final = "InvalidAccessKeyId|SignatureDoesNotMatch|InvalidArgument|Unauthorized|AccessDenied|Forbidden|40[13]"
_DENIED: Final = "worker-queue-denied"
_OF_QUEUE: Final = "(Receive|Delete|Send)Message|ChangeMessageVisibility|(Get|List|Create)Queue"
_WITH_MESSAGE: Final = re.compile("(Delete|Send)Message|ChangeMessageVis|GenerateDataKey", re.IGNORECASE)
"""What a worker does with a message that it has received: that it receives the next one does not disprove a denial."""
_LOG_SIGNS: Final = table(
    (Fault(_DEPENDENCY), rf"No module named|{_OF_IMPORT}|{_OF_LOADER}"),
    (Fault("worker-aws-credentials"), rf"{NO_CREDENTIALS}|InvalidClientTokenId|ExpiredToken|{CLOCK}|{OWN_WAY}"),
    (Fault("worker-aws-credentials"), rf"token {GAP} is invalid|\(InvalidToken\) when calling the (Receive|GetQueue)"),
    # SQS refuses the signature where the region in it is another one.
    (Fault(_ELSEWHERE), OTHER_REGION),
    (Fault("worker-aws-credentials"), r"PartialCredentialsError"),
    (
        Fault("worker-aws-credentials"),
        (
            r"(SignatureDoesNotMatch|(Invalid|Incomplete)Signature|InvalidAccessKeyId|AuthFailure"
            rf"|MissingAuthenticationToken){GAP}calling the (Receive|GetQueue)"
        ),
    ),
    (
        Fault(_DENIED),
        rf"(AccessDenied|not authorized){GAP}(sqs:|SQS|{_OF_QUEUE})",
        r"Access to the resource https://\S{0,60}(sqs|queue)\.\S{1,90} is denied",
    ),
    (Fault(_DENIED), rf"(NonExistentQueue|QueueDoesNotExist){GAP}or you do not have access"),
    (Fault(_DENIED), KEY_REFUSED),
    (Fault(_ELSEWHERE), r"NonExistentQueue|QueueDoesNotExist|UndefinedQueueException"),
    (Fault("worker-disk-full"), r"No space left on device|Disk quota exceeded"),
    (Fault("worker-out-of-memory"), OUT_OF_MEMORY),
    (Fault(_OWN_KEY_REFUSED), rf"\(({_REFUSALS})\) when calling the (Get|Head)Object"),
    flags=re.NOFLAG,
)


def log_sign(case: Case, host: HostReport, container: Container, log: WorkerLog) -> tuple[Fault, LogLine] | None:
    """Return what the log complains of, and in which line; None where later work disproves it, or it is long ago."""
    just_restarted = container.restarts > 0 and under(age(case.observed_at, container.started_at), STEADY_SECONDS)
    steady = container.status == "running" and not just_restarted and not crash_loops(case, container)
    disproved: frozenset[str] = frozenset()
    completed = False
    lines = _in_order(log)
    for number in reversed(range(len(lines))):
        line = lines[number]
        completed = completed or LOG_COMPLETED in line.text
        # What a process that does not run any more said last is why, however long ago; one before it, lately only.
        if not (container.wrote(line) if steady else of_last_process(case.observed_at, container, line)):
            return None
        fault = _sign(case, host, lines, number, ended=not steady)
        with_message = fault is not None and fault.code == _DENIED and _WITH_MESSAGE.search(line.text)
        if with_message:
            stands, lasts = not _deleted_since(lines, number), _comes_back(case)
        else:
            stands = not completed and fault is not None and fault.code not in disproved
            lasts = POLL_COMPLAINT_SECONDS if fault and fault.code in _AT_EACH_POLL else COMPLAINT_SECONDS
        if fault and stands and (not steady or under(age(case.observed_at, line.at), lasts)):
            return fault, line
        disproved = _disproved(container, lines, number, disproved)
    return None


def _comes_back(case: Case) -> float:
    """Return for how long a denial counts that is told again with each message: until the last one has come back."""
    settings = case.depth.settings if case.depth else None
    return max(COMPLAINT_SECONDS, (settings.visibility_seconds if settings else None) or 0)


def _deleted_since(lines: Sequence[LogLine], number: int) -> bool:
    """Return whether a message that was received after this line was worked on, and nothing was denied with it."""
    ended = denied = received = False
    for line in (*lines[number + 1 :], None):
        if line is None or LOG_RECEIVED in line.text:
            if received and ended and not denied:
                return True
            received, ended, denied = True, False, False
        else:
            ended = ended or LOG_COMPLETED in line.text or LOG_SKIPPED in line.text
            denied = denied or _WITH_MESSAGE.search(line.text) is not None
    return False


def _in_order(log: WorkerLog) -> list[LogLine]:
    """Return the lines that may hold a complaint, the oldest first."""
    tail = set(log.tail)
    return sorted([*(line for line in log.errors if line not in tail), *log.tail], key=written_at)


def _disproved(
    container: Container, lines: Sequence[LogLine], number: int, disproved: frozenset[str]
) -> frozenset[str]:
    """Return what the work in this line and the later ones disproves of what the same process wrote before."""
    line = lines[number]
    before = lines[number - 1] if number else line
    if LOG_STARTED in line.text or container.wrote(line) != container.wrote(before):
        return frozenset()
    if _of_failure(line):
        return disproved
    if _OVER.search(line.text) and _OF_DATABASE.search(line.text):
        return disproved | {"worker-database-down"}
    if LOG_PARSING in line.text or LOG_SKIPPED in line.text:
        return disproved | _WORK_DISPROVES
    return disproved | _RECEIVED_DISPROVES if LOG_RECEIVED in line.text else disproved


def _sign(case: Case, host: HostReport, lines: Sequence[LogLine], number: int, *, ended: bool) -> Fault | None:
    """Return what a line complains of, where that is a fault of this worker.

    Of a process that has ``ended``, or ends over and over, its own last line counts.
    """
    text = plain(lines[number].text)
    lower = text.lower()
    if not any(word in lower for word in _COMPLAINS):
        return None
    # What is told as information is no complaint; but a job's failure is one at any level.
    if (level(text) == "less" or _OVER.search(text)) and not _of_failure(lines[number]):
        return None
    fault = database_fault(text) or meaning(text, _LOG_SIGNS)
    if fault is None or fault.code == "job-failed":
        return None
    code = fault.code
    counts = True
    if code == _DEPENDENCY:
        missing = _MISSING.search(text)
        raised = missing is not None and is_raised(text, missing.start())
        counts = _of_failure(lines[number]) or (
            raised and (ended or any(_of_failure(line) for line in _around(lines, number)))
        )
    elif code == "worker-aws-credentials":
        counts = not any(_OF_OTHERS.search(line.text) for line in _above(lines, number))
    elif code == "worker-disk-full":
        of_job = _of_failure(lines[number]) and re.search(LOCAL_PATH, text) is not None
        counts = of_job or (host.disk_percent or 0) >= DISK_NEARLY_FULL_PERCENT
    elif code == "worker-out-of-memory":
        counts = not any(_TIME_LIMIT.search(line.text) for line in _around(lines, number))
    elif code == _ELSEWHERE:
        # Where the API's queue is there, the worker asks for another one, or elsewhere.
        counts = case.depth is not None and not _before_the_queue(lines[number], case.depth)
    elif code == _OWN_KEY_REFUSED:
        # Where R2 refuses the API's own key, too, its check says so.
        own = host.environment
        counts = own is not None and "different" in (own.access_key, own.secret_key)
    return fault if counts else None


def _before_the_queue(line: LogLine, queue: Depth) -> bool:
    """Return whether a line speaks of a queue that was missing then, and has been created since."""
    if line.at is None or queue.created_at is None or re.search(OTHER_REGION, line.text):
        return False
    return (line.at - queue.created_at).total_seconds() < CLOCK_TOLERANCE_SECONDS


def _of_failure(line: LogLine) -> bool:
    return any(marker in line.text for marker in LOG_JOB_FAILED)


def _around(lines: Sequence[LogLine], number: int) -> Iterator[LogLine]:
    """Return what was written at the time of a line, and the line."""
    at = lines[number].at
    for line in lines:
        if line is lines[number] or (at and line.at and abs((line.at - at).total_seconds()) <= TRACEBACK_SECONDS):
            yield line


def _above(lines: Sequence[LogLine], number: int) -> Iterator[LogLine]:
    """Return a line, the traceback that it ends, and the line above that, which says what was tried."""
    yield lines[number]
    for line in reversed(lines[:number]):
        yield line
        words = bare(line.text)
        if words and not of_program(line.text) and not words.startswith("Traceback"):
            return
