"""What a worker's log proves, and what later work, another author or the host disproves."""

from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.records import Unavailable, Verdict
from checks.facts import JobFacts
from tests.checks import facts_factory as h
from tests.checks.scenarios import CUT_OFF, FRESH, Facts, differs, ended, gone, inside, own, waiting

JOB = f"job_id={h.JOB_ID}"
RECEIVED = f"SQS_MESSAGE_RECEIVED | {JOB} | tier=basic"
FAILED = f"EXCEL_PARSING failed {JOB} tenant=1: "
NO_CREDENTIALS = "botocore.exceptions.NoCredentialsError: Unable to locate credentials"
MODULE = "ModuleNotFoundError: No module named 'openpyxl'"
FRAME = '  File "/app/worker/jobs.py", line 88, in run'
RUNNING = {"document": h.job("RUNNING", age=900, updated=3), "queue": h.queue(h.depth(0, 1))}


def logged(*lines: tuple[str, float], **changes: Any) -> Facts:
    return inside(tail=tuple(h.line(text, seconds) for text, seconds in lines), **changes)


def told(facts: Facts) -> Verdict:
    return h.verdict(h.case(**facts))


def idle(facts: Facts) -> Verdict:
    """Judge the worker where no job waits."""
    return told({"logs": facts["logs"]})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (NO_CREDENTIALS, "worker-aws-credentials"),
        ("psycopg.OperationalError: connection failed", "worker-database-down"),
    ],
)
def test_a_complaint_where_the_job_moves_is_a_warning(text: str, code: str) -> None:
    verdict = told({**logged((text, 75)), **RUNNING})
    assert (verdict.status, verdict.cause, verdict.warnings) == ("in-progress", None, (code,))


def test_a_complaint_before_the_job_was_done_is_a_warning_though_the_worker_logs_no_work() -> None:
    verdict = told({"logs": logged((NO_CREDENTIALS, 75))["logs"], "document": h.job("DONE", age=300, updated=20)})
    assert (verdict.status, verdict.warnings) == ("healthy", ("worker-aws-credentials",))


@pytest.mark.parametrize(
    ("complaint", "later"),
    [
        (NO_CREDENTIALS, RECEIVED),
        ("An error occurred (AccessDenied) when calling the ReceiveMessage operation", RECEIVED),
        ("psycopg2.OperationalError: server closed the connection unexpectedly", f"EXCEL_PARSING processed_by=x {JOB}"),
    ],
)
def test_later_work_of_the_same_process_disproves_a_complaint(complaint: str, later: str) -> None:
    verdict = told(logged((complaint, 75), (later, 30)))
    assert verdict.cause not in {"worker-aws-credentials", "worker-queue-denied", "worker-database-down"}


def test_work_of_the_process_after_does_not_disprove_why_the_one_before_ended() -> None:
    facts = logged((NO_CREDENTIALS, 75), (RECEIVED, 10), restarts=5, started_at=h.ago(20))
    assert told(facts).cause == "worker-aws-credentials"


NO_DATABASE = "psycopg.OperationalError: server closed the connection unexpectedly"


@pytest.mark.parametrize(
    "lines",
    [
        [(NO_DATABASE, 75), ("Database connection restored", 60)],
        [(NO_DATABASE, 75), ("reconnected to postgres at db.internal", 60)],
        [(NO_DATABASE, 75), ("DB 연결 복구됨", 60)],
        [(f"succeeded after 3 retries: {NO_DATABASE}", 60)],
        [("재시도 후 성공: OperationalError 1회", 60)],
    ],
)
def test_a_database_that_is_back_by_the_workers_own_word_is_not_down(lines: list[tuple[str, float]]) -> None:
    assert idle(logged(*lines)).status == "healthy"


@pytest.mark.parametrize(
    "later",
    [
        "redis connection restored",
        "the database connection could not be restored",
        "database connection has not been re-established",
        "DB 연결 복구 실패",
        "DB 재시도 3회 후에도 성공하지 못했습니다",
    ],
)
def test_what_is_back_is_the_database(later: str) -> None:
    assert idle(logged((NO_DATABASE, 75), (later, 60))).cause == "worker-database-down"
    assert idle(logged(("데이터베이스에 접속할 수 없습니다", 75), (later, 60))).cause == "worker-database-down"


def test_what_is_said_of_a_database_in_korean_alone_is_a_complaint() -> None:
    assert idle(logged(("데이터베이스 인증 실패", 60))).reason == "credentials"
    assert idle(logged(("DB가 읽기 전용 모드라서 저장할 수 없습니다", 60))).reason == "read-only"


@pytest.mark.parametrize(
    ("seconds", "cause"), [(4000, ("worker-container-exited", None)), (2000, ("worker-container-exited", "no-route"))]
)
def test_of_a_process_that_ended_what_an_earlier_one_wrote_long_ago_says_nothing(
    seconds: float, cause: tuple[str, str | None]
) -> None:
    facts = logged((CUT_OFF.text, seconds), status="exited", exit_code=1, finished_at=h.ago(9))
    assert (told(facts).cause, told(facts).reason) == cause


@pytest.mark.parametrize("text", [NO_CREDENTIALS, MODULE, "psycopg.OperationalError: connection refused"])
def test_an_earlier_process_explains_the_end_only_where_each_ends_so(text: str) -> None:
    ended, loops = {"status": "exited", "exit_code": 1}, {"status": "restarting", "restarts": 9}
    stale = h.case(**logged((text, 4000), **ended))
    assert h.verdict(stale).cause == "worker-container-exited"
    assert text not in str([finding.evidence for finding in h.findings(stale)])
    assert told(logged((text, 2000), **ended)).cause not in {"worker-container-exited", None}
    assert told(logged((text, 90), started_at=h.ago(20), **loops)).cause not in {"worker-crash-loop", None}
    assert told(logged((text, 90000), started_at=h.ago(20), **loops)).cause == "worker-crash-loop"


def test_a_failed_job_disproves_nothing_of_the_database() -> None:
    facts = logged(("psycopg.errors.ConnectionTimeout: connection timeout expired", 40), (FAILED + "오류", 39))
    assert (told(facts).cause, told(facts).reason) == ("worker-database-down", "unreachable")


@pytest.mark.parametrize(
    "text",
    [
        "WARNING No module named 'uvloop'",
        "INFO lxml is not available (No module named 'lxml'), falling back to html.parser",
        "ModuleNotFoundError: No module named 'ujson'",
    ],
)
def test_a_package_that_a_running_worker_does_without_is_no_fault(text: str) -> None:
    assert idle(logged((text, 60))).status == "healthy"


@pytest.mark.parametrize(
    "facts",
    [
        logged((MODULE, 5000), status="exited", exit_code=1, started_at=h.ago(5001)),
        logged(("ImportError: libGL.so.1: cannot open shared object file", 20), status="restarting", exit_code=1),
        logged((FAILED + "No module named 'openpyxl'", 200)),
        logged((FAILED + "x", 200), ("Traceback (most recent call last):", 200), (FRAME, 200), (MODULE, 200)),
    ],
)
def test_a_package_that_ended_a_process_or_a_job_is(facts: Facts) -> None:
    assert told(facts).cause == "worker-dependency-missing"


@pytest.mark.parametrize(
    "lines",
    [
        ("ERROR could not send metrics to CloudWatch", "Traceback (most recent call last):", FRAME, NO_CREDENTIALS),
        ("An error occurred (ExpiredToken) when calling the PutMetricData operation: The security token",),
        ("sentry_sdk: transport failed: Unable to locate credentials",),
    ],
)
def test_credentials_that_only_something_else_lacks_are_no_fault_of_the_worker(lines: tuple[str, ...]) -> None:
    assert idle(logged(*((text, 20.0) for text in lines))).status == "healthy"


DATABASE = [
    ('could not extend file "base/16384/2619": No space left on device HINT: Check free disk space.', "full"),
    ('could not resize shared memory segment "/PostgreSQL.81" to 16777216 bytes: No space left on device', "full"),
    ('could not write to file "pg_wal/xlogtemp.81": No space left on device', "full"),
    ("out of memory DETAIL:  Failed on request of size 8192 in memory context", "full"),
    ("(psycopg2.errors.OutOfMemory) out of memory", "full"),
    ("(1114, \"The table 'students' is full\")", "full"),
    (
        'connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  sorry, too many clients already',
        "connections",
    ),
    ("(1040, 'Too many connections')", "connections"),
    ("QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00", "connections"),
    ("OperationalError: ERROR:  no more connections allowed (max_client_conn)", "connections"),
    ('connection failed: FATAL:  password authentication failed for user "worker"', "credentials"),
    ("(1045, \"Access denied for user 'worker'@'10.0.0.9' (using password: YES)\")", "credentials"),
    (
        'FATAL:  no pg_hba.conf entry for host "10.0.1.7", user "worker", database "academy", SSL encryption',
        "credentials",
    ),
    ("permission denied for table students_student", "credentials"),
    ('relation "students_student" does not exist LINE 1: SELECT', "schema"),
    ("column students_student.grade does not exist", "schema"),
    ("(1146, \"Table 'academy.students' doesn't exist\")", "schema"),
    ('django.db.utils.ProgrammingError: column "grade" of relation "students" does not exist', "schema"),
    ('FATAL:  database "academy" does not exist', "schema"),
    ("(2003, \"Can't connect to MySQL server on 'db' (111)\") OperationalError: connection refused", "unreachable"),
    ("FATAL:  the database system is starting up", "unreachable"),
    ("(2006, 'MySQL server has gone away')", "unreachable"),
    ("ConnectionRefusedError: [Errno 111] Connect call failed ('10.0.0.1', 5432)", "unreachable"),
    ("FATAL:  could not fork new process for connection: Cannot allocate memory", "full"),
    ("SSL connection has been closed unexpectedly", "unreachable"),
    ("[Errno -2] Name or service not known: failed to resolve host 'db.internal'", "unreachable"),
]


@pytest.mark.parametrize(("text", "reason"), DATABASE)
def test_the_databases_words_are_its_own_in_a_message_and_in_a_log(text: str, reason: str) -> None:
    of_message, of_log = told(ended(text)), told(logged((f"ERROR {text}", 20)))
    assert (of_message.cause, of_message.reason) == ("worker-database-down", reason)
    assert (of_log.cause, of_log.reason) == ("worker-database-down", reason)


@pytest.mark.parametrize(
    "text",
    [
        "django.db.utils.OperationalError: deadlock detected DETAIL:  Process 12 waits for ShareLock",
        "psycopg2.errors.QueryCanceled: canceling statement due to statement timeout",
        "OperationalError: (1213, 'Deadlock found when trying to get lock; try restarting transaction')",
        "(1205, 'Lock wait timeout exceeded; try restarting transaction')",
        "could not serialize access due to concurrent update",
    ],
)
def test_a_statement_that_the_database_ended_is_no_database_that_is_down(text: str) -> None:
    assert told(ended(text)).cause == "job-failed"
    assert idle(logged((text, 20))).status == "healthy"


@pytest.mark.parametrize(
    "text",
    [
        "User 12 does not exist",
        "Connection was closed before we received a valid response from endpoint URL",
        "kombu.exceptions.OperationalError: Error 111 connecting to redis",
    ],
)
def test_what_only_sounds_like_a_database_is_none(text: str) -> None:
    assert told(ended(text)).cause != "worker-database-down"


def test_a_full_disk_is_the_workers_only_where_the_host_agrees_or_a_job_names_a_path() -> None:
    text = "OSError: [Errno 28] No space left on device"
    assert told(ended(text)).cause == "job-failed"
    assert idle(logged((text, 20))).status == "healthy"
    path = "could not write '/tmp/upload.xlsx': [Errno 28] No space left on device: '/tmp/upload.xlsx'"
    assert told(ended(path)).cause == "worker-disk-full"
    assert told({**ended(text), "logs": h.logs(disk_percent=95)}).cause == "worker-disk-full"
    assert told(logged((f"{FAILED}{text}: '/tmp/upload.xlsx'", 20))).cause == "worker-disk-full"


def block(*lines: str, seconds: float = 2460) -> Facts:
    return {"logs": h.logs(h.container(of_job=tuple(h.line(text, seconds) for text in lines)))}


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((FAILED + "No module named 'openpyxl'",), "worker-dependency-missing"),
        ((FAILED + "오류", "Traceback (most recent call last):", FRAME, MODULE), "worker-dependency-missing"),
        (
            (FAILED + "오류", "psycopg2.errors.OutOfMemory: out of memory", "DETAIL:  Failed on request of size 8."),
            "worker-database-down",
        ),
        ((f"SQS_JOB_FAILED | {JOB} | error=(NoSuchKey) when calling the GetObject operation",), "excel-object-missing"),
    ],
)
@pytest.mark.parametrize("dead", [0, 1])
def test_the_jobs_own_lines_explain_a_message_that_is_gone(lines: tuple[str, ...], code: str, dead: int) -> None:
    verdict = told({**gone(h.job("PENDING", age=3600), dead), **block(*lines)})
    assert (verdict.cause, verdict.also) == (code, ())
    assert verdict.symptoms == ("queue-dead-letters" if dead else "message-lost",)


def test_the_traceback_below_a_generic_message_tells_all() -> None:
    words = ("Traceback (most recent call last):", FRAME, "    raise x  # no header row", "RuntimeError: x", MODULE)
    verdict = told({**ended("처리 중 오류가 발생했습니다."), **block(FAILED + "오류", *words)})
    assert verdict.cause == "worker-dependency-missing"


def test_a_traceback_is_found_in_the_end_of_the_log_too_but_not_that_of_another_job() -> None:
    lines = [h.line(text, 600) for text in (FAILED + "오류", "Traceback (most recent call last):", FRAME, MODULE)]
    other = h.line("EXCEL_PARSING failed job_id=other: 오류", 600)
    for tail, cause in ((lines, "worker-dependency-missing"), ([lines[0], other, *lines[1:]], "job-failed")):
        logs = h.logs(h.container(of_job=(lines[0],), tail=tuple(tail)))
        assert told({**ended("x"), "logs": logs}).cause == cause


def test_what_is_logged_later_is_no_traceback_of_the_job() -> None:
    lines = (h.line(FAILED + "오류", 300), h.line(MODULE, 60))
    assert told({**ended("x"), "logs": h.logs(h.container(of_job=lines))}).cause == "job-failed"


def test_a_job_that_is_in_hand_again_is_in_progress_though_it_failed_before() -> None:
    lines = (h.line(FAILED + "No module named 'x'", 900), h.line(RECEIVED, 5))
    facts = waiting(queue=h.queue(h.depth(0, 1)), logs=h.logs(h.container(of_job=lines)))
    assert told(facts).status == "in-progress"


def test_no_worker_received_it_is_said_only_where_no_log_speaks_of_the_job() -> None:
    spoken = told({**gone(FRESH), **block(FAILED + "오류", seconds=250)})
    assert (spoken.cause, "no worker received it" in spoken.summary.template) == ("message-lost", False)
    assert "no worker received it" in told(gone(FRESH)).summary.template


def test_a_job_completed_this_moment_is_no_mismatch_of_databases() -> None:
    facts = waiting(
        queue=h.queue(h.depth()), logs=h.logs(h.container(of_job=(h.line(f"SQS_JOB_COMPLETED | {JOB}", 2),)))
    )
    assert told(facts).cause != "worker-database-mismatch"


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        ({**own(endpoint="missing"), **ended("R2_ENDPOINT is not configured")}, "worker-env-missing"),
        ({**own(endpoint="missing"), **ended("Storage is not configured")}, "worker-env-missing"),
        (differs("버킷에 접근할 수 없습니다", bucket="different"), "worker-r2-mismatch"),
        (
            {**logged(("OperationalError: connection refused", 20)), **ended("데이터베이스 오류")},
            "worker-database-down",
        ),
    ],
)
def test_a_generic_message_is_explained_by_a_fault_of_its_kind(facts: Facts, cause: str) -> None:
    verdict = told(facts)
    assert (verdict.cause, "job-failed" in verdict.also) == (cause, False)


@pytest.mark.parametrize(
    ("made", "cause"), [(60, "job-failed"), (900, "worker-env-missing"), (None, "worker-env-missing")]
)
def test_a_fault_of_a_container_that_was_made_after_the_job_is_not_what_its_worker_had(
    made: int | None, cause: str
) -> None:
    inside = h.container(
        environment=replace(h.SAME, endpoint="missing"), created_at=None if made is None else h.ago(made)
    )
    document = h.job("FAILED", age=600, error_message="Storage is not configured")
    assert told({"document": document, "logs": h.logs(inside)}).cause == cause


def test_a_message_of_another_kind_is_not() -> None:
    verdict = told({**own(endpoint="missing"), **ended("division by zero")})
    assert verdict.cause == "job-failed"


@pytest.mark.parametrize(
    "facts",
    [
        inside(status="exited", exit_code=137, finished_at=h.ago(300), kernel_kills=(301,)),
        inside(status="restarting", exit_code=137),
        inside(restarts=1, started_at=h.ago(20), kernel_kills=(22, 4000)),
        inside(out_of_memory=True, oom_kills=1),
        logged(("Process 'ForkPoolWorker-4' pid:19 exited with 'signal 9 (SIGKILL)'", 20)),
        logged(("concurrent.futures.process.BrokenProcessPool: A process in the process pool was terminated", 20)),
        ended("OSError: [Errno 12] Cannot allocate memory"),
        ended("billiard.exceptions.WorkerLostError: Worker exited prematurely: exitcode -9."),
        ended("numpy.core._exceptions._ArrayMemoryError: Unable to allocate 3.00 GiB for an array"),
    ],
)
def test_memory_that_ran_out_is_told_without_dockers_flag(facts: Facts) -> None:
    assert told(facts).cause == "worker-out-of-memory"


@pytest.mark.parametrize(
    "changes",
    [{"out_of_memory": True}, {"kernel_kills": (5000,)}, {"restarts": 1, "kernel_kills": (900,)}],
    ids=["of an old child", "before it was started", "of another process"],
)
def test_a_kill_of_long_ago_is_no_fault_of_a_container_that_runs(changes: dict[str, Any]) -> None:
    assert idle(inside(**changes)).status == "healthy"


@pytest.mark.parametrize(
    "facts",
    [
        inside(status="exited", exit_code=137, finished_at=h.ago(300), kernel_kills=()),
        inside(status="exited", exit_code=143),
    ],
)
def test_a_container_that_someone_killed_has_only_stopped(facts: Facts) -> None:
    assert told(facts).cause == "worker-container-exited"


@pytest.mark.parametrize(
    "lines",
    [
        ("WorkerLostError: Worker exited prematurely: signal 15 (SIGTERM) Job: 11.",),
        ("Hard time limit (300s) exceeded for task", "Process 'ForkPoolWorker-1' exited with 'signal 9 (SIGKILL)'"),
    ],
)
def test_a_child_that_was_ended_for_another_reason_did_not_run_out_of_memory(lines: tuple[str, ...]) -> None:
    assert idle(logged(*((text, 20.0) for text in lines))).status == "healthy"


SKIPPED = f"AI_JOB_IDEMPOTENT_SKIP | {JOB}"
COMPLETED = f"SQS_JOB_COMPLETED | {JOB}"
PARSES = f"EXCEL_PARSING processed_by=worker {JOB}"
NOT_DELETED = (
    "could not be deleted: An error occurred (AccessDenied) when calling the DeleteMessage operation: User: "
    "arn:aws:sts::123456789012:assumed-role/worker/i-0 is not authorized to perform: sqs:deletemessage on resource: "
    "arn:aws:sqs:ap-northeast-2:123456789012:academy-ai-jobs-basic because no identity-based policy allows the "
    "sqs:deletemessage action"
)
NOT_DELETED_IN_SHORT = (
    "ClientError: An error occurred (AccessDenied) when calling the DeleteMessage operation: Access "
    "to the resource https://sqs.ap-northeast-2.amazonaws.com/ is denied."
)
NOT_EXTENDED = NOT_DELETED.replace("DeleteMessage", "ChangeMessageVisibility").replace("deletem", "changem")
STILL_DENIED = {
    "the next one is received": [(COMPLETED, 95), (NOT_DELETED, 94), (RECEIVED, 30)],
    "as it says each time": [(COMPLETED, 95), (NOT_DELETED, 94), (RECEIVED, 60), (COMPLETED, 55), (NOT_DELETED, 54)],
    "in the short words of SQS": [(COMPLETED, 95), (NOT_DELETED_IN_SHORT, 94), (RECEIVED, 30), (PARSES, 29)],
    "half an hour ago, and no message has come back yet": [(COMPLETED, 1801), (NOT_DELETED, 1800)],
    "of the same message, which came back": [(NOT_DELETED, 94), (RECEIVED, 60), (SKIPPED, 59), (NOT_DELETED, 58)],
    "its time can't be extended": [(PARSES, 200), (NOT_EXTENDED, 140), (COMPLETED, 100), (RECEIVED, 30)],
}
NO_LONGER_DENIED = {
    "a later one was deleted": [(COMPLETED, 95), (NOT_DELETED, 94), (RECEIVED, 60), (COMPLETED, 55), (RECEIVED, 30)],
    "it was skipped and deleted": [(COMPLETED, 95), (NOT_DELETED, 94), (RECEIVED, 60), (SKIPPED, 55)],
    "it would have come back since": [(COMPLETED, 3701), (NOT_DELETED, 3700)],
}


def without_job(lines: list[tuple[str, float]]) -> set[str | None]:
    queue = h.queue(replace(h.depth(), settings=h.SETTINGS, dead_letter_arn=h.DEAD_LETTERS))
    logs = logged(*lines, started_at=h.ago(9000))["logs"]
    job = JobFacts(Unavailable("not-asked", "job"))
    verdict = h.verdict(h.case(logs=logs, queue=queue, job_id=None, job=job, endpoint=h.endpoint(h.answer(404))))
    return {verdict.status, verdict.cause}


@pytest.mark.parametrize("lines", STILL_DENIED.values(), ids=STILL_DENIED)
def test_that_messages_are_received_does_not_disprove_that_what_is_done_with_them_is_denied(
    lines: list[tuple[str, float]],
) -> None:
    assert without_job(lines) == {"faulty", "worker-queue-denied"}


@pytest.mark.parametrize("lines", NO_LONGER_DENIED.values(), ids=NO_LONGER_DENIED)
def test_a_later_success_of_the_same_action_disproves_that_it_is_denied(lines: list[tuple[str, float]]) -> None:
    assert without_job(lines) == {"healthy", None}
