"""A lab in the second generation: logs in CloudWatch, alarms in the function's place, a load balancer in front."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from academy_ops.contract import GROUP_NAME
from academy_ops.lab import operate
from academy_ops.lab.aws.resources import client
from academy_ops.lab.aws.second_generation import act
from academy_ops.lab.processes import until
from academy_ops.lab.state import Keys
from tests.lab_driver import Lab

pytestmark = pytest.mark.xdist_group("second-generation")
GENERIC = "처리 중 오류가 발생했습니다."


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    one = Lab(Path(tmp_path_factory.mktemp("second")))
    one.do("lab", "up", "--detach", "--generation", "2")
    yield one
    one.do("lab", "down")


@pytest.fixture(autouse=True)
def _well(lab: Lab) -> Iterator[None]:
    yield
    lab.do("lab", "heal")
    lab.wait_for_worker()


def test_it_is_well_without_a_function_and_without_nginx(lab: Lab) -> None:
    assert "ACADEMY_ORIGIN_URL" not in lab.settings()
    result = lab.diagnose(lab.ended_job())
    assert result.short == (0, "healthy", None)
    assert result.verdict["warnings"] == []
    drawn = lab.tool("diagnose", "-o", "html").stdout
    assert "load balancer" in drawn
    assert "nginx" not in drawn


def test_a_job_is_told_by_the_log_of_its_worker_that_is_gone(lab: Lab) -> None:
    job = lab.break_fault("worker-dependency-missing/gone")
    assert job
    # Also where only the worker that is there now tells to which group they write, or another one is set.
    for setting in ("/academy/ai-worker", None, "/academy/other"):
        result = lab.diagnose(job, AI_WORKER_LOG_GROUP=setting)
        assert result.short == (1, "faulty", "worker-dependency-missing")
        (found,) = result.findings("job")
        assert found["evidence"]["error_message"] == GENERIC
        assert "No module named" in found["evidence"]["log"][-1]
        assert f"SQS_JOB_FAILED | job_id={job}" in lab.tool("logs", "--job", job, AI_WORKER_LOG_GROUP=setting).stdout
    # The API lists it too; without that, only the log knows of it.
    listed = lab.tool("jobs", "--since", "1h", "-o", "json", ACADEMY_API_URL="http://127.0.0.1:9").stdout
    assert job in listed
    result = lab.diagnose(job, **lab.keys_without("logs:FilterLogEvents"))
    assert result.short == (1, "faulty", "job-failed")
    assert "logs:FilterLogEvents" in {one["missing_permission"] for one in result.findings("logs")}


def test_the_demos_story(lab: Lab) -> None:
    lab.break_fault("worker-off")
    job = lab.upload()
    result = lab.diagnose(job)
    assert result.short == (1, "faulty", "worker-scaled-to-zero")
    assert [one["reason"] for one in result.findings("workers") if one["cause"] == "autoscaler-off"] == [
        "alarm-disabled"
    ]
    assert lab.tool("scale-worker", "--desired", "1", "--yes", "--wait").returncode == 0
    assert lab.diagnose(lab.ended(job)).short == (0, "healthy", None)


def test_an_alarm_starts_a_worker(lab: Lab) -> None:
    settings = lab.settings()
    keys = Keys(settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"])
    aws = partial(client, settings["AWS_ENDPOINT_URL"], keys)
    group = {"AutoScalingGroupName": GROUP_NAME}
    aws("autoscaling").update_auto_scaling_group(**group, MinSize=0, DesiredCapacity=0)
    with lab.operated():
        assert until(lambda: (now := operate.status()) is not None and not now.workers, 20)
    lab.upload()
    act(aws)
    found = aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP_NAME])
    assert found["AutoScalingGroups"][0]["DesiredCapacity"] == 1


def test_the_user_data_fails_at_each_step_and_the_boot_is_told_by_its_own_log(lab: Lab) -> None:
    for reason in ("metadata", "packages", "clock", "docker-run", "parameter", "script"):
        lab.break_fault(f"worker-boot-failed/{reason}")
        result = lab.diagnose()
        assert (result.verdict["cause"], result.verdict["reason"]) == ("worker-boot-failed", reason)
        lab.do("lab", "heal")
        lab.wait_for_worker()


def test_the_load_balancer_answers_for_an_api_that_is_stopped(lab: Lab) -> None:
    lab.break_fault("proxy-upstream-down")
    result = lab.diagnose()
    assert (result.verdict["cause"], result.verdict["reason"]) == ("proxy-upstream-down", "load-balancer")


def test_a_fault_of_what_is_not_there_is_refused(lab: Lab) -> None:
    done = lab.command("lab", "break", "autoscaler-off/no-rule")
    assert done.returncode == 2
    assert "first-generation lab" in done.stderr
