"""The lab is broken one fault at a time, and the command says which."""

import pytest

from tests.lab_at_hand import Lab

pytestmark = pytest.mark.xdist_group("lab-1")


def test_a_job_that_is_done_is_healthy(lab: Lab) -> None:
    told = lab.diagnose(lab.ended(lab.do("lab", "upload")))
    assert told.short == (0, "healthy", None)
    assert [finding["status"] for finding in told.document["findings"]] == ["ok"] * 7


def test_without_a_job_everything_is_looked_at_and_is_healthy(lab: Lab) -> None:
    told = lab.diagnose()
    assert told.short == (0, "healthy", None)
    assert [finding["because"] for finding in told.findings("job")] == ["no job id was given"]


def test_a_job_just_uploaded_is_in_progress(lab: Lab) -> None:
    # Launch suspended and the worker gone would be a fault; a queue that nobody has looked at for a second is none.
    lab.do("lab", "break", "queue-not-consumed")
    told = lab.diagnose(lab.do("lab", "upload"))
    assert told.short == (0, "in-progress", None)


def test_an_idle_group_at_zero_is_healthy(lab: Lab) -> None:
    job_id = lab.ended(lab.do("lab", "upload"))
    lab.start_afresh()
    lab.do("lab", "break", "worker-off")
    told = lab.diagnose(job_id)
    assert told.short == (0, "healthy", None)
    assert told.verdict["warnings"] == ["autoscaler-off"]


@pytest.mark.parametrize("fault", ["r2-bucket-missing", "r2-credentials-rejected", "r2-endpoint-unreachable"])
def test_an_upload_that_r2_refuses_is_explained_without_a_job(lab: Lab, fault: str) -> None:
    lab.do("lab", "break", fault)
    assert "HTTP 500" in lab.command("lab", "upload").stderr
    told = lab.diagnose()
    assert told.short == (1, "faulty", fault)
    assert told.verdict["section"] == "1"


@pytest.mark.parametrize("fault", ["proxy-upstream-down", "proxy-misrouted", "endpoint-refused"])
def test_a_way_that_is_broken_is_told_by_layer(lab: Lab, fault: str) -> None:
    job_id = lab.do("lab", "upload")
    lab.do("lab", "break", fault)
    assert lab.diagnose(job_id).short == (1, "faulty", fault)


def test_a_502_without_a_view_of_the_layers_behind_says_what_setting_would_tell_more(lab: Lab) -> None:
    lab.do("lab", "break", "proxy-upstream-down")
    told = lab.diagnose("some-job", ACADEMY_ORIGIN_URL=None, ACADEMY_APP_URL=None)
    assert told.short == (1, "faulty", "bad-gateway")
    assert "ACADEMY_APP_URL" in told.verdict["remedies"][0]["text"]


@pytest.mark.parametrize(
    "fault",
    [
        "worker-scaled-to-zero",
        "worker-launch-suspended",
        "worker-launch-failing",
        "queue-missing",
        "asg-missing",
        "worker-unhealthy",
        "worker-docker-down",
        "worker-container-missing",
        "worker-container-exited",
        "worker-crash-loop",
        "worker-out-of-memory",
        "worker-disk-full",
        "worker-dependency-missing",
        "worker-env-missing",
        "worker-queue-mismatch",
        "worker-r2-mismatch",
        "worker-env-stale",
        "worker-aws-credentials",
        "worker-queue-denied",
        "worker-database-down",
    ],
)
def test_a_job_that_nobody_takes_is_explained(lab: Lab, fault: str) -> None:
    lab.do("lab", "break", fault)
    assert lab.diagnose(lab.do("lab", "upload")).short == (1, "faulty", fault)


@pytest.mark.parametrize(
    "fault",
    [
        "excel-header-missing",
        "excel-phone-column-missing",
        "excel-phone-invalid",
        "excel-no-students",
        "excel-unreadable",
        "excel-object-missing",
    ],
)
def test_a_job_that_failed_is_explained_by_its_own_message(lab: Lab, fault: str) -> None:
    job_id = lab.ended(lab.do("lab", "break", fault))
    told = lab.diagnose(job_id)
    assert told.short == (1, "faulty", fault)
    assert told.verdict["section"] == "4"


def test_a_job_of_which_some_rows_were_rejected_is_healthy_with_a_warning(lab: Lab) -> None:
    told = lab.diagnose(lab.ended(lab.do("lab", "break", "job-partial")))
    assert told.short == (0, "healthy", None)
    assert told.verdict["warnings"] == ["job-partial"]


def test_a_warning_is_a_failure_only_where_that_is_asked_for(lab: Lab) -> None:
    job_id = lab.ended(lab.do("lab", "break", "job-partial"))
    assert lab.diagnose(job_id, "--fail-on", "warn").short == (1, "healthy", None)


def test_a_job_that_does_not_exist_is_not_found(lab: Lab) -> None:
    told = lab.diagnose("6f3c1b1e-6a55-4f0b-9c0e-0d6f3f1f0a11")
    assert told.short == (1, "faulty", "job-not-found")


def test_a_token_that_is_wrong_is_rejected_by_the_api(lab: Lab) -> None:
    told = lab.diagnose(lab.do("lab", "upload"), ACADEMY_API_TOKEN="wrong")
    assert told.short == (1, "faulty", "api-auth-rejected")


def test_an_env_file_without_r2_settings_is_told(lab: Lab) -> None:
    told = lab.diagnose(R2_ENDPOINT=None, R2_SECRET_KEY=None)
    assert told.short == (1, "faulty", "r2-env-missing")
    assert told.findings("r2")[0]["evidence"]["missing"] == ["R2_ENDPOINT", "R2_SECRET_KEY"]


@pytest.mark.parametrize(
    ("environ", "cause"),
    [
        ({"R2_SECRET_KEY": "wrong"}, "r2-credentials-rejected"),
        ({"R2_ACCESS_KEY": "wrong"}, "r2-credentials-rejected"),
        ({"R2_EXCEL_BUCKET": "no-such-bucket"}, "r2-bucket-missing"),
        ({"R2_SECRET_KEY": '"quoted"'}, "r2-env-malformed"),
        ({"R2_ENDPOINT": "http://127.0.0.1:9/academy-excel"}, "r2-env-malformed"),
    ],
)
def test_an_r2_setting_that_is_wrong_is_told_apart(lab: Lab, environ: dict[str, str], cause: str) -> None:
    assert lab.diagnose(**environ).short == (1, "faulty", cause)


def test_without_aws_credentials_it_is_undetermined_while_the_job_waits(lab: Lab) -> None:
    lab.do("lab", "break", "worker-off")
    told = lab.diagnose(lab.do("lab", "upload"), AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    assert told.short == (3, "undetermined", "aws-credentials-missing")


@pytest.mark.parametrize(
    ("environ", "cause"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, "aws-credentials-invalid"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "aws-credentials-invalid"),
        ({"ACADEMY_AWS_ACCOUNT_ID": "999999999999"}, "aws-wrong-account"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "aws-unreachable"),
    ],
)
def test_access_that_fails_is_told_apart(lab: Lab, environ: dict[str, str], cause: str) -> None:
    assert lab.diagnose(**environ).short == (3, "undetermined", cause)


def test_the_r2_key_in_place_of_the_aws_key_is_a_fault(lab: Lab) -> None:
    told = lab.diagnose(AWS_ACCESS_KEY_ID=lab.settings()["R2_ACCESS_KEY"])
    assert told.short == (1, "faulty", "aws-keys-are-r2-keys")


def test_no_secret_shows_in_any_output(lab: Lab) -> None:
    secrets = [value for name, value in lab.settings().items() if name.endswith(("_KEY", "_TOKEN")) or "SECRET" in name]
    lab.do("lab", "break", "worker-queue-mismatch")
    job_id = lab.do("lab", "upload")
    for output in ("table", "json"):
        done = lab.tool("-o", output, "--verbose", "diagnose", job_id)
        assert [secret for secret in secrets if secret in done.stdout + done.stderr] == []
