"""What is told of the inside of a worker, from what its host and the parameter really hold."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from academy_ops.outside.clients import Connections
from academy_ops.settings import load
from checks.host_facts import LogsFacts
from checks.worker_report import parse_parameter, read_host
from tests.checks import facts_factory as h
from tests.checks.scenarios import parameter

WAITING = {"document": h.job("PENDING", age=1200), "queue": h.queue(h.depth(1, 1))}
REFUSED = "EXCEL_PARSING failed job_id=x: An error occurred (InvalidAccessKeyId) when calling the GetObject operation"
UNREADABLE = "Error response from daemon: configured logging driver does not support reading"


def says(text: str, **environment: str) -> LogsFacts:
    own = replace(h.SAME, **environment)  # type: ignore[arg-type] # comparisons
    return h.logs(h.container(environment=own, tail=(h.line(text, 60),)), parameter=own)


@pytest.mark.parametrize(
    "text",
    [
        "botocore.exceptions.PartialCredentialsError: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        "botocore.exceptions.CredentialRetrievalError: Error when retrieving credentials from iam-role",
        "An error occurred (SignatureDoesNotMatch) when calling the ReceiveMessage operation: The request signature",
    ],
)
def test_a_worker_whose_aws_keys_are_wrong_is_told_as_that(text: str) -> None:
    assert h.verdict(h.case(**WAITING, logs=says(text))).cause == "worker-aws-credentials"


def test_a_key_of_its_own_that_r2_refuses_is_told_before_the_job_has_failed() -> None:
    case = h.case(document=h.job("RETRYING", age=900, updated=60), logs=says(REFUSED, access_key="different"))
    assert h.verdict(case).cause == "worker-r2-mismatch"


def test_the_apis_key_that_r2_refuses_is_no_mismatch() -> None:
    case = h.case(document=h.job("RETRYING", age=900, updated=60), logs=says(REFUSED))
    assert h.verdict(case).status == "in-progress"


def test_a_container_that_is_being_created_while_its_instance_boots_is_no_fault() -> None:
    created = h.logs(h.container(status="created", started_at=None))
    assert h.verdict(h.case(**WAITING, workers=h.workers(boot=60), logs=created)).status == "in-progress"


def test_a_container_that_docker_restarts_has_not_read_the_parameter_again() -> None:
    own = replace(h.SAME, secret_key="missing", fingerprint="before")
    restarting = h.container(status="restarting", restarts=9, started_at=h.ago(20), environment=own)
    logs = replace(h.logs(restarting), parameter=parameter(h.SAME, 600))
    verdict = h.verdict(h.case(**WAITING, logs=logs))
    assert (verdict.cause, verdict.symptoms) == ("worker-env-stale", ("worker-env-missing", "worker-crash-loop"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("\ufeffR2_ENDPOINT=https://a\n", {"R2_ENDPOINT"}),
        ("R2_ENDPOINT=https://a\r\n# R2_ACCESS_KEY=b\r\n", {"R2_ENDPOINT"}),
        ("R2_ENDPOINT =https://a\n", {"R2_ENDPOINT "}),
    ],
    ids=["a byte order mark", "lines of Windows", "a name that Docker refuses"],
)
def test_the_parameter_is_read_as_docker_reads_it(text: str, names: set[str]) -> None:
    assert parse_parameter(text)[1].keys() == names


@pytest.mark.parametrize("packed", [base64.b64encode, base64.encodebytes, base64.urlsafe_b64encode])
def test_what_is_packed_otherwise_is_no_environment_with_odd_names(packed: Callable[[bytes], bytes]) -> None:
    lines = "R2_ENDPOINT=https://a\nDATABASE_URL=postgresql://db/academy?sslmode=require\n"
    values = json.dumps({"R2_ENDPOINT": "https://a", "DATABASE_URL": "postgresql://db/academy?sslmode=require"})
    assert parse_parameter(packed(lines.encode()).decode()) == ("unreadable", {})
    assert parse_parameter(packed(values.encode()).decode())[0] == "base64-json"
    assert parse_parameter(values) == parse_parameter(f"[{values}]") == ("unreadable", {})
    assert parse_parameter("R2_ENDPOINT: https://a\nX: y=z") == ("unreadable", {})
    assert parse_parameter(lines)[0] == "dotenv"
    assert parse_parameter(f"KEY={packed(lines.encode()).decode().strip()}")[0] == "dotenv"


def test_a_log_that_docker_can_not_read_is_not_taken_for_an_idle_worker() -> None:
    result = f"probe=2\ndocker=up\ncontainer=present\nstatus=running\nlog_status=1\nlog_error={UNREADABLE}\nlog_lines=0"
    settings = load(environ={}, default_env_file=None)
    read = read_host("i-0", f"{result}\nsection=end\n", "0" * 32, settings, Connections(settings))
    assert read is not None
    assert read[1] is not None
    logs = replace(h.logs(), hosts=(read[0],), logs={"i-0": read[1]})
    told_of = [
        finding.cause for finding in h.findings(h.case(**{**WAITING, "queue": h.queue(h.depth(0, 1))}, logs=logs))
    ]
    assert "message-stuck" not in told_of
    assert "worker-silent" not in told_of


def test_where_ssm_reaches_no_instance_yet_no_worker_is_said_to_run_well() -> None:
    logs = replace(h.NO_LOGS, online={"i-0": False})
    result = h.findings(
        h.case(**{**WAITING, "document": h.job("PENDING", age=60)}, workers=h.workers(boot=30), logs=logs)
    )
    assert [one.status for one in result if one.check == "logs"] == ["skip"]
