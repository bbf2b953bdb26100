"""Whatever logger has written a line, and whoever has carried it, its words are read as those of the program."""

from collections.abc import Callable
from typing import Any

import pytest

from checks.boot import boot_failure
from checks.host_facts import BootLog
from checks.log_forms import plain
from tests.checks import facts_factory as h
from tests.checks.scenarios import SCRIPTS, ended, says

NO_MODULE = "ModuleNotFoundError: No module named 'openpyxl'"
DEPENDENCY = "worker-dependency-missing"
LOGGERS = {
    "Python": "2026-11-22 01:59:50,123 {} worker.poll: {}",
    "Python's default": "{}:root:{}",
    "celery": "[2026-11-22 01:59:50,123: {}/MainProcess] {}",
    "celery repr": '[2026-11-22 01:59:50,123: {}/MainProcess] ModuleNotFoundError("No module named x")',
    "loguru": "2026-11-22 01:59:50.123 | {}    | worker.poll:run:42 - {}",
    "JSON": '{{"level": "{}", "message": "{}"}}',
    "JSON with a traceback": '{{"level": "{}", "exc_info": "Traceback\\n  File x, line 1\\n{}"}}',
    "JSON, the level last": '{{"event": "{1}", "severity": "{0}"}}',
    "loguru's JSON": '{{"text": "x {1}\\n", "record": {{"level": {{"name": "{0}", "no": 1}}, "message": "{1}"}}}}',
    "logfmt": 'level={} ts=2026-11-22 msg="{}"',
    "color": "\x1b[31m{}\x1b[0m {}",
    "color without its first byte": "\ufffd[31m{}\ufffd[0m {}",
    "structlog": "2026-11-22 01:59:50 [{}    ] {}    [worker]",
    "gunicorn": "[2026-11-22 01:59:50 +0000] [7] [{}] {}",
    "tracing": "2026-11-22T01:59:50.123Z {} worker::poll: {}",
    "a sentence": "{} could not load the tasks: {}",
}
SHORT_LEVELS = {
    "klog": ("E1122 01:59:50.123456       1 poll.go:42] {}", "W1122 01:59:50.123456       1 poll.go:42] {}"),
    "klog, fatal": ("F1122 01:59:50.123456       1 poll.go:42] {}", "I1122 01:59:50.123456       1 poll.go:42] {}"),
    "logrus": ("ERRO[0001] {}", "WARN[0001] {}"),
    "logrus, fatal": ("FATA[0001] {}", "INFO[0001] {}"),
    "zap": ('{{"level":"dpanic","ts":1.1,"msg":"{}"}}', '{{"level":"warn","ts":1.1,"msg":"{}"}}'),
    "pino": ('{{"level":50,"time":1,"pid":1,"msg":"{}"}}', '{{"level":40,"time":1,"pid":1,"msg":"{}"}}'),
    "bunyan": ('{{"name":"w","level":60,"msg":"{}","v":0}}', '{{"name":"w","level":30,"msg":"{}","v":0}}'),
    "tornado": ("[E 261122 01:59:50 worker:42] {}", "[I 261122 01:59:50 worker:42] {}"),
    "Python's JSON": (
        '{{"levelno": 40, "levelname": "ERROR", "message": "{}"}}',
        '{{"levelno": 30, "levelname": "WARNING", "message": "{}"}}',
    ),
    "Python's JSON, numbers": ('{{"level": 40, "message": "{}"}}', '{{"level": 30, "message": "{}"}}'),
    "structlog's numbers": ('{{"event": "{}", "level": 50}}', '{{"event": "{}", "level": 20}}'),
    "serilog, compact": (
        '{{"@t":"2026-11-22","@l":"Error","@m":"{}"}}',
        '{{"@t":"2026-11-22","@l":"Debug","@m":"{}"}}',
    ),
    "serilog": ("[01:59:50 FTL] {}", "[01:59:50 WRN] {}"),
    "zerolog": ("1:59AM ERR {}", "1:59AM INF {}"),
    "java.util.logging": ("SEVERE: {}", "WARNING: {}"),
    ".NET": ("crit: Worker[0] {}", "warn: Worker[0] {}"),
    "ruby": ("E, [2026-11-22T01:59:50.1 #1] ERROR -- : {}", "W, [2026-11-22T01:59:50.1 #1]  WARN -- : {}"),
}
CARRIERS = (
    *("{}", "worker-1  | {}", "\x1b[36mworker_1  |\x1b[0m {}", "01:59:50 worker.1 | {}", "0|worker  | {}"),
    *("2026-11-22T01:59:50.123456789Z {}", "Nov 22 01:59:50 {}", "@400000006748a1b2c3d4e5f6 {}", "[pod/w-0/worker] {}"),
    *("Nov 22 01:59:50 ip-10-0-0-1 docker[812]: {}", "2026-11-22T01:59:50+0000 ip-10-0-0-1 worker[812]: {}"),
    *("2026-11-22T01:59:50.1+00:00 stderr F {}", "<11>Nov 22 01:59:50 worker: {}", "[   35.123456] worker[1234]: {}"),
    *("  9%|# | 1/9 [00:00<?, ?it/s]\ufffd{}", "100%|##########| 9/9\r{}"),
    *('{{"log":"{}\\n","stream":"stderr","time":"2026-11-22T01:59:50Z"}}', '{{"container_id":"4f5c","log":"{}"}}'),
)
SENTENCES = (
    f"optional backend is off: {NO_MODULE}",
    f"worker-1  | caught {NO_MODULE}",
    "    except ImportError: pass",
    "    raise ImportError('No module named uvloop')",
    "No module named 'uvloop'; going on without it",
)
"""Of a process that goes on without it, or of a program's own text."""
ENDS: tuple[dict[str, Any], ...] = ({"status": "restarting", "restarts": 7}, {"status": "exited", "exit_code": 1})


def cause(text: str, **changes: Any) -> str | None:
    return h.verdict(h.case(**says(text, **changes))).cause


@pytest.mark.parametrize("end", ENDS)
def test_what_a_worker_ends_with_is_read_in_each_loggers_form(
    end: dict[str, Any], compared: Callable[[int], None]
) -> None:
    for logger, form in LOGGERS.items():
        for level, told in (("ERROR", True), ("CRITICAL", True), ("WARNING", False), ("INFO", False)):
            assert (cause(form.format(level, NO_MODULE), **end) == DEPENDENCY) is told, (logger, level)
            # A worker that goes on does without it.
            assert cause(form.format(level, NO_MODULE)) != DEPENDENCY
    for logger, (error, less) in SHORT_LEVELS.items():
        assert cause(error.format(NO_MODULE), **end) == DEPENDENCY, logger
        assert cause(less.format(NO_MODULE), **end) != DEPENDENCY, logger
    for form in CARRIERS:
        assert cause(form.format(NO_MODULE), **end) == DEPENDENCY, form
    for text in SENTENCES:
        assert cause(text, **end) != DEPENDENCY, text
    assert cause("/usr/local/bin/python: No module named worker", **end) == DEPENDENCY
    compared(len(LOGGERS) * 8 + len(SHORT_LEVELS) * 2 + len(CARRIERS) + len(SENTENCES) + 1)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ('relation \\"students\\" does not exist', ("worker-database-down", "schema")),
        ("\\ud5e4\\ub354 \\ud589\\uc744 \\ucc3e\\uc744 \\uc218 \\uc5c6", ("excel-header-missing", None)),
        ('Traceback\\n  File \\"w.py\\"\\n    raise NoSuchBucket(x)\\nValueError: x', ("job-failed", None)),
    ],
)
def test_a_jobs_failure_is_read_in_json(error: str, told: tuple[str, str | None]) -> None:
    line = f'{{"level": "error", "event": "SQS_JOB_FAILED", "job_id": "{h.JOB_ID}", "error": "{error}"}}'
    verdict = h.verdict(h.case(**ended("Internal error"), logs=h.logs(h.container(of_job=(h.line(line, 300),)))))
    assert (verdict.cause, verdict.reason) == told


@pytest.mark.parametrize("carrier", CARRIERS)
def test_of_a_traceback_only_what_is_raised_proves_whoever_carries_it(carrier: str) -> None:
    written = (
        f"EXCEL_PARSING failed job_id={h.JOB_ID} : unexpected",
        "Traceback (most recent call last):",
        "  File w.py, line 3, in run",
        "    raise NoSuchBucket(name)",
        "ValueError: unexpected",
    )
    lines = tuple(h.line(carrier.format(text), 300) for text in written)
    verdict = h.verdict(h.case(**ended("Internal error"), logs=h.logs(h.container(of_job=lines))))
    assert (verdict.cause, verdict.reason) == ("job-failed", None)


GROUP = (
    "  + Exception Group Traceback (most recent call last):",
    "  |     async with asyncio.TaskGroup() as group:",
    "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)",
    "  +-+---------------- 1 ----------------",
    "    | Traceback (most recent call last):",
    "    |   File w.py, line 3, in run",
    "    |     raise NoSuchBucket(name)",
)
BOX = ("╭───── Traceback (most recent call last) ─────╮", "│ ❱ 3     raise NoSuchBucket(name)            │", "╰─────╯")
RAISED = {
    "ValueError: unexpected": "job-failed",
    "psycopg.OperationalError: connection refused": "worker-database-down",
    "ModuleNotFoundError: No module named 'openpyxl'": "worker-dependency-missing",
    "botocore.exceptions.ClientError: (NoSuchKey) when calling the GetObject operation": "excel-object-missing",
}


@pytest.mark.parametrize("carrier", ["{}", *CARRIERS[:3]])
def test_a_group_of_exceptions_and_a_box_show_what_was_raised(carrier: str, compared: Callable[[int], None]) -> None:
    for error, code in RAISED.items():
        for frames, before in ((GROUP, "    | "), (BOX, "")):
            written = (f"EXCEL_PARSING failed job_id={h.JOB_ID} : unexpected", *frames, f"{before}{error}")
            lines = tuple(h.line(carrier.format(text), 300) for text in written)
            verdict = h.verdict(h.case(**ended("Internal error"), logs=h.logs(h.container(of_job=lines))))
            assert verdict.cause == code, error
    compared(2 * len(RAISED))


@pytest.mark.parametrize("carrier", ["<13>Nov 22 01:59:50 user-data: {}", "2026-11-22 01:59:50 {}", CARRIERS[9]])
def test_a_boots_trace_and_container_are_known_whoever_carries_them(carrier: str) -> None:
    made = carrier.format("4f5ce7a1" * 8)
    traced = carrier.format("+ echo 'ERROR: docker run failed'")
    assert boot_failure(BootLog("finished", (made, SCRIPTS))) is None
    assert boot_failure(BootLog("finished", (traced,))) is None
    assert boot_failure(BootLog("finished", (carrier.format("ERROR: docker run failed"),))) is not None


INFORMATION = (
    "INFO sqlalchemy.engine.Engine SELECT 1 FROM jobs WHERE error = 'too many connections'",
    "DEBUG:botocore.hooks:Event needs-retry.sqs.ReceiveMessage: calling handler for ExpiredTokenException",
    '{"level":"debug","msg":"registered handler for ExpiredToken"}',
    '{"msg":"backs off at: too many clients already","level":30}',
    "I1122 01:59:50.123456       1 pool.go:42] server closed the connection unexpectedly; retried",
    "[2026-11-22 01:59:50 +0000] [7] [INFO] parsed row 3: memo=password authentication failed",
    "INFO Task ended: MemoryError count=0",
    '{"level": 20, "message": "registered handler for ExpiredToken"}',
    'NOTICE:  table "tmp_import" does not exist, skipping',
    'psycopg NOTICE: schema "staging" does not exist, skipping',
    "DEBUG urllib3: Retry(total=2) sqs.ap-northeast-2.amazonaws.com connection timed out",
    # Of a sheet, and of another service's token.
    'WARNING column "학년" does not exist',
    "ERROR django.request: Invalid token: Signature expired",
)
COMPLAINTS = {
    "WARNING poll: botocore.exceptions.NoCredentialsError: Unable to locate credentials": "worker-aws-credentials",
    '{"level": 30, "message": "poll: NoCredentialsError: Unable to locate credentials"}': "worker-aws-credentials",
    '{"compression_level": 10, "level": "error", "message": "NoCredentialsError: x"}': "worker-aws-credentials",
    "LOG_LEVEL=INFO NoCredentialsError: Unable to locate credentials": "worker-aws-credentials",
    "worker --log-level=info NoCredentialsError: Unable to locate credentials": "worker-aws-credentials",
    "ERROR info.views: FATAL: sorry, too many clients already": "worker-database-down",
    'psycopg.errors.UndefinedTable: relation "INFO" does not exist': "worker-database-down",
    "could not log in, INFO follows: password authentication failed for user": "worker-database-down",
    '{"level":50,"msg":"relation \\"info\\" does not exist"}': "worker-database-down",
    "W1122 01:59:50.123456       1 pool.go:42] FATAL: too many connections for role": "worker-database-down",
    "SQS_JOB_FAILED | job_id=x | level=info error=OperationalError: connection lost": "worker-database-down",
}


def test_what_is_told_as_information_is_no_complaint(compared: Callable[[int], None]) -> None:
    for text in INFORMATION:
        assert cause(text) == "queue-not-consumed", text
        log = h.container(errors=(h.line(text, 30),), tail=(h.line("polling", 40), h.line(text, 30)))
        assert h.verdict(h.case(logs=h.logs(log))).cause is None, text
    for text, code in COMPLAINTS.items():
        assert cause(text) == code, text
    compared(2 * len(INFORMATION) + len(COMPLAINTS))


@pytest.mark.parametrize(
    "form", ["SQS_JOB_FAILED | job_id={} | error={}", '{{"msg": "failed", "job_id": "{}", "error": "{}"}}']
)
def test_what_follows_a_failure_and_names_another_job_is_not_the_jobs(form: str) -> None:
    others = form.format("another", "NoSuchBucket")
    lines = (
        h.line(f"SQS_JOB_FAILED | job_id={h.JOB_ID} | error=x", 300),
        h.line(others, 299.5),
        h.line("ValueError", 299),
    )
    verdict = h.verdict(h.case(**ended("Internal error"), logs=h.logs(h.container(of_job=lines))))
    assert (verdict.cause, verdict.reason) == ("job-failed", None)


def test_what_escapes_undone_make_is_text_that_can_be_written() -> None:
    assert plain(r"\ud83d\ude00 \ud5e4 \ud83d") == "\N{GRINNING FACE} 헤 \N{REPLACEMENT CHARACTER}"
    assert plain(r"\u001b[31mred\u001b[0m \u001b]0;title") == "red \N{REPLACEMENT CHARACTER}]0;title"
