"""What an operator relies on besides the name of the cause, and the states in which nothing is wrong."""

import json
import re

import boto3
import pytest

from academy_ops.contract import QUEUE_NAME
from academy_ops.lab.aws.resources import empty_queue
from tests.lab_driver import Lab


def test_a_job_that_is_done_is_healthy(lab: Lab) -> None:
    result = lab.diagnose(lab.ended(lab.do("lab", "upload")))
    assert result.short == (0, "healthy", None)
    assert [finding["status"] for finding in result.document["findings"]] == ["ok"] * 7


def test_without_a_job_everything_is_looked_at_and_is_healthy(lab: Lab) -> None:
    result = lab.diagnose()
    assert result.short == (0, "healthy", None)
    assert [finding["status"] for finding in result.findings("job")] == ["skip"]


def test_a_job_just_uploaded_is_in_progress(lab: Lab) -> None:
    # A queue that nobody has looked at for a second is no fault; behind a message of long ago it would be one.
    lab.do("lab", "break", "queue-not-consumed")
    empty_queue(lab.client, QUEUE_NAME)
    result = lab.diagnose(lab.do("lab", "upload"))
    assert result.short == (0, "in-progress", None)


def test_an_idle_group_at_zero_is_healthy(lab: Lab) -> None:
    job_id = lab.ended(lab.do("lab", "upload"))
    lab.start_afresh()
    lab.do("lab", "break", "worker-off")
    result = lab.diagnose(job_id)
    assert result.short == (0, "healthy", None)
    assert result.verdict["warnings"] == ["autoscaler-off"]


@pytest.mark.parametrize("fault", ["r2-bucket-missing", "r2-credentials-rejected", "r2-endpoint-unreachable"])
def test_an_upload_that_r2_refuses_is_explained_without_a_job(lab: Lab, fault: str) -> None:
    lab.do("lab", "break", fault)
    assert "HTTP 500" in lab.command("lab", "upload").stderr
    result = lab.diagnose()
    assert result.short == (1, "faulty", fault)
    assert result.verdict["section"] == "1"


def test_a_502_without_a_view_of_the_layers_behind_says_what_setting_would_tell_more(lab: Lab) -> None:
    lab.do("lab", "break", "proxy-upstream-down")
    result = lab.diagnose("some-job", ACADEMY_ORIGIN_URL=None, ACADEMY_APP_URL=None)
    assert result.short == (1, "faulty", "bad-gateway")
    assert "ACADEMY_APP_URL" in result.verdict["remedies"][0]["text"]


def test_a_job_of_which_some_rows_were_rejected_is_healthy_with_a_warning(lab: Lab) -> None:
    result = lab.diagnose(lab.ended(lab.do("lab", "break", "job-partial")))
    assert result.short == (0, "healthy", None)
    assert result.verdict["warnings"] == ["job-partial"]


def test_in_another_region_nothing_is_made(lab: Lab) -> None:
    elsewhere = {"AWS_REGION": "us-east-1"}
    result = lab.diagnose(lab.ended(lab.do("lab", "upload")), **elsewhere)
    assert result.short == (3, "undetermined", "aws-wrong-region")
    assert result.verdict["symptoms"] == ["queue-missing", "asg-missing", "worker-env-missing"]
    fixed = lab.tool("diagnose", "--fix", "--yes", **elsewhere)
    assert fixed.returncode == 3, fixed.stdout + fixed.stderr
    queues = boto3.client(
        "sqs",
        "us-east-1",
        endpoint_url=lab.settings()["AWS_ENDPOINT_URL"],
        aws_access_key_id=lab.settings()["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=lab.settings()["AWS_SECRET_ACCESS_KEY"],
    )
    assert queues.list_queues().get("QueueUrls", []) == []


def test_a_fresh_job_behind_messages_that_nobody_takes_is_not_in_progress(lab: Lab) -> None:
    lab.break_fault("queue-not-consumed")
    result = lab.diagnose(lab.upload())
    assert result.short == (1, "faulty", "queue-not-consumed")


def test_a_warning_is_a_failure_only_where_that_is_asked_for(lab: Lab) -> None:
    job_id = lab.ended(lab.do("lab", "break", "job-partial"))
    assert lab.diagnose(job_id, "--fail-on", "warn").short == (1, "healthy", None)


def test_an_env_file_without_r2_settings_is_told(lab: Lab) -> None:
    result = lab.diagnose(R2_ENDPOINT=None, R2_SECRET_KEY=None)
    assert result.short == (1, "faulty", "r2-env-missing")
    assert result.findings("r2")[0]["evidence"]["missing"] == ["R2_ENDPOINT", "R2_SECRET_KEY"]


def test_quotes_in_an_env_file_are_a_fault_though_the_tool_itself_can_read_it(lab: Lab) -> None:
    quoted = re.sub("^(R2_SECRET_KEY)=(.*)$", r'\1="\2"', lab.command("lab", "env").stdout, flags=re.MULTILINE)
    (lab.folder / "quoted.env").write_text(quoted, encoding="utf-8")
    done = lab.command("--env-file", "quoted.env", "-o", "json", "diagnose")
    document = json.loads(done.stdout)
    # docker run --env-file passes the quotes on to the API.
    assert document["verdict"]["cause"] == "r2-env-malformed"
    assert document["findings"][1]["evidence"] == {"settings": {"R2_SECRET_KEY": "quoted"}}


def test_without_aws_credentials_it_is_undetermined_while_the_job_waits(lab: Lab) -> None:
    lab.do("lab", "break", "worker-off")
    result = lab.diagnose(lab.do("lab", "upload"), AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    assert result.short == (3, "undetermined", "aws-credentials-missing")
