"""What has not been seen proves nothing: states that look like a fault, and are none or are not known."""

from dataclasses import replace

import pytest

from academy_ops.diagnosis.records import Unavailable
from academy_ops.diagnosis.verdict import decide
from academy_ops.outside.clients import Connections
from academy_ops.settings import load
from checks import Case
from checks.facts import AccessFacts
from checks.host_facts import LogsFacts
from checks.job_progress import job_progress
from checks.worker_report import compare, digest, read_host
from tests.checks import facts_factory as h

PENDING = h.job("PENDING", age=200)
IN_FLIGHT = h.queue(h.depth(0, 1))
DENIED = Unavailable("denied", "ssm:DescribeInstanceInformation")


@pytest.mark.parametrize(
    "logs",
    [
        LogsFacts(DENIED),
        LogsFacts({"i-0": True}, (), {"i-0": Unavailable("timeout", "i-0")}),
        h.logs(h.container(lines=0, tail=())),
    ],
    ids=["SSM is denied", "the host told nothing", "the log is empty"],
)
def test_a_message_in_flight_is_not_stuck_as_long_as_no_log_says_so(logs: LogsFacts) -> None:
    case = h.case(document=PENDING, queue=IN_FLIGHT, logs=logs)
    assert "message-stuck" not in [finding.cause for finding in h.findings(case)]


def test_a_job_whose_message_is_a_dead_letter_is_explained_by_it_though_a_worker_once_took_it() -> None:
    took = h.logs(h.container(of_job=(h.line("SQS_MESSAGE_RECEIVED | job_id=x | tier=basic", 5000),)))
    queue = h.queue(h.depth(), 1, again=h.depth(), job_again=PENDING)
    assert h.verdict(h.case(document=PENDING, queue=queue, logs=took)).cause == "queue-dead-letters"


def test_a_job_is_not_lost_as_long_as_the_dead_letter_queue_may_not_be_read() -> None:
    queue = replace(h.queue(h.depth(), again=h.depth(), job_again=PENDING), dead_letters=Unavailable("denied", "sqs:x"))
    verdict = h.verdict(h.case(document=PENDING, queue=queue))
    assert (verdict.status, verdict.cause) == ("undetermined", None)


def test_a_second_look_that_could_not_be_taken_leaves_it_undetermined() -> None:
    queue = h.queue(h.depth(), again=Unavailable("timeout", "sqs:x"), job_again=Unavailable("timeout", "job"))
    assert h.verdict(h.case(document=PENDING, queue=queue)).status == "undetermined"


def test_in_another_account_what_is_missing_is_no_fault_of_the_academy() -> None:
    case = h.case(
        access=AccessFacts("2", "", "1", key_is_r2_key=False),
        workers=replace(h.workers(), group=None),
        queue=h.queue(None),
        logs=LogsFacts({}, parameter=None),
    )
    verdict = h.verdict(case)
    assert (verdict.status, verdict.cause) == ("undetermined", "aws-wrong-account")


def test_a_setting_that_the_api_has_not_can_not_differ() -> None:
    values = {name: digest("s", "x") for name in ("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY")}
    environment = compare(values, "s", load(environ={}, default_env_file=None))
    assert {environment.endpoint, environment.access_key, environment.secret_key} == {"unknown"}


@pytest.mark.parametrize(
    "output",
    [
        "",
        "probe=2\n",
        "probe=2\ndocker=up\n",
        "probe=2\ndocker=up\ncontainer=present\nstatus=\nsection=end\n",
        "probe=2\ndocker=up\ncontainer=present\nstatus=running\nsection=tail\ncut off",
        "probe=1\ndocker=down\n",
    ],
)
def test_the_output_of_a_host_that_was_cut_off_is_not_read_as_a_fault(output: str) -> None:
    settings = load(environ={}, default_env_file=None)
    assert read_host("i-0", output, "0" * 32, settings, Connections(settings)) is None


def test_a_parameter_that_is_wrong_itself_explains_no_mismatch() -> None:
    wrong = replace(h.SAME, bucket="different", secret_key="different")
    logs = h.logs(h.container(environment=replace(h.SAME, bucket="different")), parameter=wrong)
    parameter = logs.parameter
    assert not isinstance(parameter, Unavailable)
    assert parameter is not None
    newer = replace(logs, parameter=replace(parameter, modified_at=h.ago(60)))
    assert h.verdict(h.case(document=PENDING, queue=h.queue(h.depth(1)), logs=newer)).cause == "worker-r2-mismatch"


def test_a_young_job_is_in_progress_where_the_autoscaler_may_not_be_looked_at() -> None:
    workers = h.workers(h.group(0), autoscaler=Unavailable("denied", "lambda:GetFunctionConfiguration"))
    case = h.case(document=h.job("PENDING", age=5), queue=h.queue(h.depth(1)), workers=workers, logs=h.NO_LOGS)
    assert h.verdict(case).status == "in-progress"


@pytest.mark.parametrize("message", [["boom"], {"detail": "boom"}, 5])
def test_done_with_an_error_message_of_another_type_is_a_failure(message: object) -> None:
    assert h.verdict(h.case(document=h.job("DONE", error_message=message))).cause == "job-failed"


@pytest.mark.parametrize("created", [None, 3.0])
def test_rows_that_were_created_are_seen_however_they_are_counted(created: object) -> None:
    result = {"created": created, "total": 4, "failed": [{"row": 5, "error": "전화번호 형식"}]}
    assert h.verdict(h.case(document=h.job("DONE", result=result))).warnings == ("job-partial",)


@pytest.mark.parametrize(
    "message", ["(sqlite3.OperationalError) no such column: job.progress", "psycopg.errors.UndefinedColumn: column x"]
)
def test_a_database_that_lacks_a_column_is_not_out_of_reach(message: str) -> None:
    verdict = h.verdict(h.case(document=h.job("FAILED", error_message=message)))
    assert (verdict.cause, verdict.reason) == ("worker-database-down", "schema")


def asked_for(check: str) -> Case:
    unasked = Unavailable("not-asked", "")
    everything = dict.fromkeys(("access", "r2", "endpoint", "job", "workers", "queue", "logs"), unasked)
    return replace(h.case(), **{**everything, check: getattr(h.case(), check)})


@pytest.mark.parametrize("check", ["access", "r2"])
def test_one_step_with_a_job_id_is_judged_by_what_it_looked_at(check: str) -> None:
    case = asked_for(check)
    answer = [finding for finding in h.findings(case) if finding.check == check]
    assert decide(answer, job_progress(case)).status == "healthy"
