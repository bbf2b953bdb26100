"""Uploads of the bucket joined to the jobs of the workers' logs, and lines picked out of these logs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from checks import uploads
from checks.facts import Upload
from checks.uploads import Asked
from checks.worker_logs import Logged, Logs, only
from tests.checks.on_the_wire import target

NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
BOTH = (("haneul", None, None, False), ("byeol", None, None, False))
Shown = tuple[str | None, str | None, str | None, bool]
ONE, TWO, THREE = "job-1", "job-2", "job-3"


def put(seconds: float, tenant: str = "haneul", name: str = "a") -> tuple[Upload, str]:
    return Upload(
        NOW + timedelta(seconds=seconds), tenant, None, None, None, None, ("bucket",)
    ), f"excel/{tenant}/{name}.xlsx"


def said(seconds: float, text: str, instance: str = "i-0") -> Logged:
    return Logged((NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z"), instance, text)


def received(seconds: float, job: str) -> Logged:
    return said(seconds, f"SQS_MESSAGE_RECEIVED | job_id={job} | tier=basic")


def shown(found: list[Upload]) -> list[Shown]:
    return [(one.tenant, one.job_id, one.status, one.by_time) for one in found]


def test_an_upload_is_joined_by_the_key_that_a_worker_s_line_names() -> None:
    lines = [
        received(700, ONE),
        said(700.1, f"EXCEL_PARSING processed_by=worker job_id={ONE} file_key=excel/haneul/a.xlsx"),
        said(701, f"SQS_JOB_COMPLETED | job_id={ONE}"),
    ]
    assert shown(uploads.join([put(0)], lines)) == [("haneul", ONE, "DONE", False)]


def test_else_by_time_where_that_leaves_one_of_each_only(compared: Callable[[int], None]) -> None:
    cases: list[
        tuple[list[tuple[Upload, str]], list[Logged], list[tuple[str | None, str | None, str | None, bool]]]
    ] = [
        ([put(0)], [received(2, ONE)], [("haneul", ONE, "RUNNING", True)]),
        # R2's time has no fractions, and the clocks of hosts differ a little.
        ([put(0)], [received(-1, ONE)], [("haneul", ONE, "RUNNING", True)]),
        # Two uploads and two jobs within the same minute: either may be either.
        (
            [put(0), put(10, "byeol", "b")],
            [received(12, ONE), received(13, TWO)],
            [
                ("haneul", None, None, False),
                ("byeol", None, None, False),
                (None, ONE, "RUNNING", False),
                (None, TWO, "RUNNING", False),
            ],
        ),
        # Two uploads and one job: the other one waits, but which?
        (
            [put(0), put(10, "byeol", "b")],
            [received(12, ONE)],
            [*BOTH, (None, ONE, "RUNNING", False)],
        ),
        # Too late: it has waited, or is another school's.
        ([put(0)], [received(300, ONE)], [("haneul", None, None, False), (None, ONE, "RUNNING", False)]),
        # The line itself names another school.
        (
            [put(0)],
            [said(2, f"SQS_MESSAGE_RECEIVED | job_id={ONE} | tenant_id=byeol")],
            [("haneul", None, None, False), ("byeol", ONE, "RUNNING", False)],
        ),
        # A line of another kind that holds a job's id is no line about a job.
        ([put(0)], [said(2, f"heartbeat job_id={ONE}")], [("haneul", None, None, False)]),
    ]
    for bucket, lines, expected in cases:
        assert shown(uploads.join(bucket, lines)) == expected
    compared(len(cases))


def test_a_jobs_file_is_known_by_time_only_where_that_leaves_one(compared: Callable[[int], None]) -> None:
    cases: list[tuple[list[tuple[Upload, str]], list[Logged], str | None]] = [
        ([put(0)], [received(2, ONE)], "excel/haneul/a.xlsx"),
        ([put(0), put(900, "byeol", "b")], [received(902, ONE)], "excel/byeol/b.xlsx"),
        ([put(0), put(10, "byeol", "b")], [received(12, ONE)], None),
        ([put(0)], [received(2, ONE), received(3, TWO)], None),
        ([put(0)], [received(900, ONE)], None),
        ([], [received(2, ONE)], None),
    ]
    for bucket, lines, key in cases:
        assert uploads.key_by_time(bucket, lines, ONE) == key
    compared(len(cases))


def test_a_job_is_as_its_last_line_has_it() -> None:
    failure = said(3, f"SQS_JOB_FAILED | job_id={ONE} | error=학생 행이 없습니다.")
    failed = uploads.join([], [received(1, ONE), failure])[0]
    assert (failed.status, failed.failed, failed.error_message) == ("FAILED", True, "학생 행이 없습니다.")
    again = uploads.join([], [received(1, ONE), failure, received(60, ONE)])[0]
    assert (again.status, again.failed, again.error_message) == ("RUNNING", False, None)
    done = uploads.join([], [failure, said(70, f"AI_JOB_IDEMPOTENT_SKIP | job_id={ONE}")])[0]
    assert (done.status, done.failed) == ("DONE", False)


def test_failed_ones_are_asked_for_without_those_of_which_nobody_knows() -> None:
    asked = Asked(3600, failed=True)
    unknown = put(0)[0]
    assert not asked.wants(unknown, NOW)
    assert Asked(3600).wants(unknown, NOW)
    assert not Asked(3600).wants(unknown, NOW + timedelta(hours=2))
    assert not Asked(3600, "byeol").wants(unknown, NOW)


LOGS = Logs(
    ("i-0", "i-1"),
    (
        received(0, ONE),
        said(0.5, f"SQS_MESSAGE_RECEIVED | job_id={TWO}", "i-1"),
        said(1, f"EXCEL_PARSING failed job_id={ONE} processed_by=worker: boom"),
        said(1.1, "Traceback (most recent call last):"),
        said(1.2, f"SQS_JOB_COMPLETED | job_id={TWO}", "i-1"),
        said(1.3, "ValueError: boom"),
        said(2, f"SQS_JOB_FAILED | job_id={ONE} | error=boom"),
        received(3, THREE),
        said(4, "an idle worker says hello", "i-1"),
    ),
    {},
    {},
)


def numbers(logs: Logs) -> list[int]:
    return [LOGS.lines.index(line) for line in logs.lines]


def test_lines_of_failed_jobs_come_with_their_tracebacks() -> None:
    assert numbers(only(LOGS, failed=True)) == [0, 2, 3, 5, 6]
    assert numbers(only(LOGS, failed=True, jobs={TWO, THREE})) == []


def test_lines_are_picked_by_job_and_by_text_in_whatever_case() -> None:
    assert numbers(only(LOGS, jobs={TWO})) == [1, 4, 8]
    assert numbers(only(LOGS, text="BOOM")) == [2, 5, 6]
    assert numbers(only(LOGS, jobs={ONE}, text="traceback")) == [3]
    assert only(LOGS) == LOGS


FORMS = (
    "{0} | job_id={1} | error={2}",
    "INFO:worker:{0} | job_id={1} | error={2}",
    "E1127 02:00:00.123456       1 poll.go:42] {0} | job_id={1} | error={2}",
    "2026-11-27 02:00:00,123 ERROR worker {0} | request_id=x | job_id={1} | error={2}",
    '{{"level": "error", "event": "{0}", "job_id": "{1}", "tenant": "haneul", "error": "{2}"}}',
    '{{"log":"{{\\"event\\": \\"{0}\\", \\"job_id\\": \\"{1}\\", \\"error\\": \\"{2}\\", \\"x\\": 1}}\\n"}}',
)


def test_a_job_is_known_in_each_loggers_form() -> None:
    for form in FORMS:
        line = said(0, form.format("SQS_JOB_FAILED", ONE, "boom"))
        (upload,) = uploads.join([], [line])
        assert (upload.job_id, upload.failed, upload.error_message) == (ONE, True, "boom"), form
        assert only(Logs(("i-0",), (line,), {}, {}), failed=True).lines == (line,)
        assert uploads.join([], [said(0, form.format("SQS_JOB_COMPLETED", ONE, ""))])[0].status == "DONE"
    # What a job's own words quote is no event of another.
    quoted = said(0, f"EXCEL_PARSING failed job_id={ONE} : SQS_JOB_COMPLETED | job_id={TWO}")
    assert [(one.job_id, one.status) for one in uploads.join([], [quoted])] == [(ONE, "FAILED")]


def test_no_secret_comes_out_of_escapes_in_a_line() -> None:
    with target(R2_SECRET_KEY="abcd/K7+MD") as this:
        line = f'{{"event": "SQS_JOB_FAILED", "job_id": "{ONE}", "error": "bad key abcd\\\\/K7\\\\u002bMD"}}'
        (upload,) = uploads.join([], [said(0, this.connect.clean(line))])
    assert upload.error_message == "bad key ***"
