"""Whatever is put into the lab, however much of it at once, can be put in again and is healed."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from academy_ops import contract
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.lab.aws import resources
from academy_ops.lab.faults import FAULTS
from tests.lab_driver import Lab

# The last of each is what leaves no worker behind: the next fault would wait for one.
TOGETHER = {
    "launches": ("worker-booting", "worker-launch-loop", "worker-launch-stuck", "worker-no-instances"),
    "group": (
        "worker-scaled-to-zero/in-flight",
        "worker-unhealthy",
        "autoscaler-off",
        "autoscaler-off/alarm-no-data",
        "worker-refresh-failed",
        "worker-launch-suspended",
        "worker-launch-failing",
        "worker-scaled-to-zero",
        "asg-missing",
    ),
    "environment": (
        "worker-env-missing",
        "worker-env-missing/parameter",
        "worker-queue-mismatch",
        "worker-queue-mismatch/encoded",
        "worker-r2-mismatch",
        "worker-r2-mismatch/endpoint",
        "worker-env-stale",
        "worker-database-mismatch",
        "worker-database-down",
        "worker-docker-down",
        "worker-boot-failed/network",
    ),
    "image": (
        "worker-dependency-missing",
        "worker-dependency-missing/start",
        "worker-out-of-memory",
        "worker-out-of-memory/host",
        "worker-database-down/full",
        "worker-database-down/schema",
        "worker-database-down/credentials",
        "worker-database-down/connections",
        "worker-crash-loop",
        "queue-not-consumed",
        "worker-undersized",
        "worker-images-differ",
        "worker-container-missing",
        "worker-container-unhealthy",
    ),
    "queue": (
        "message-lost",
        "message-stuck",
        "queue-dead-letters",
        "queue-dead-letters/old",
        "queue-misconfigured/few-receives",
        "queue-missing",
        "worker-container-exited",
    ),
    "access": (
        "worker-queue-denied",
        "worker-aws-credentials",
        "worker-disk-full",
        "aws-credentials-invalid",
        "clock-skew",
        "aws-unreachable",
    ),
    "r2": (
        "upload-object-missing",
        "r2-access-denied",
        "r2-server-error",
        "r2-credentials-rejected",
        "r2-endpoint-unreachable",
        "undetermined/r2-proxy",
        "r2-bucket-missing",
    ),
    "jobs": ("job-review", "job-failed", "excel-object-missing", "job-stalled", "worker-silent", "ssm-offline"),
}


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    """The lab; what is tested here is that it heals by itself, within a minute, again and again."""
    yield running_lab
    running_lab.do("lab", "heal")
    running_lab.wait_for_worker()


@pytest.mark.parametrize("faults", TOGETHER.values(), ids=TOGETHER)
def test_faults_put_in_together_are_healed_at_once(lab: Lab, faults: tuple[str, ...]) -> None:
    for fault in faults:
        lab.break_fault(fault)
    lab.do("lab", "heal")
    lab.wait_for_worker()
    result = lab.diagnose(lab.ended(lab.upload()))
    assert result.short == (0, "healthy", None)
    assert result.verdict["warnings"] == []


def test_every_fault_that_lasts_is_healed_here() -> None:
    # What lies on the way to the job is healed in test_way; a bad workbook leaves nothing to heal.
    codes_of = {name: name.partition("/")[0] for name in FAULTS}
    lasting = {name for name, code in codes_of.items() if code not in CATALOGUE or CATALOGUE[code].section != "2"}
    workbooks = {name for name in FAULTS if name.startswith("excel-")} - {"excel-object-missing"} | {"job-partial"}
    codes = {fault.partition("/")[0] for faults in TOGETHER.values() for fault in faults}
    assert codes == {name.partition("/")[0] for name in lasting - workbooks}


@pytest.mark.parametrize("fault", ["message-lost", "worker-undersized", "worker-booting", "job-stalled"])
def test_a_fault_can_be_put_in_again_right_after_it_was_healed(lab: Lab, fault: str) -> None:
    lab.break_fault(fault)
    lab.do("lab", "heal")
    result = lab.diagnose(lab.do("lab", "break", fault))
    assert fault in {result.verdict["cause"], *result.verdict["warnings"]}


def test_a_fault_of_the_workers_is_put_in_although_the_last_has_just_been_scaled_in(lab: Lab) -> None:
    connect(lab, "autoscaling").set_desired_capacity(AutoScalingGroupName=contract.GROUP_NAME, DesiredCapacity=0)
    result = lab.diagnose(lab.do("lab", "break", "worker-launch-stuck"))
    assert result.short == (1, "faulty", "worker-launch-stuck")


def test_what_was_scaled_out_is_scaled_in_again_when_the_lab_is_healed(lab: Lab) -> None:
    connect(lab, "autoscaling").set_desired_capacity(AutoScalingGroupName=contract.GROUP_NAME, DesiredCapacity=3)
    lab.do("lab", "heal")
    lab.wait_for_worker()
    assert lab.diagnose().findings("workers")[0]["evidence"]["desired"] == resources.DESIRED


def test_without_a_job_cloudwatch_tells_how_long_a_message_has_waited(lab: Lab) -> None:
    lab.break_fault("queue-not-consumed")
    assert lab.diagnose().short == (1, "faulty", "queue-not-consumed")


def test_messages_that_nobody_takes_are_told_although_a_worker_had_one_in_hand_before(lab: Lab) -> None:
    lab.break_fault("message-stuck")
    lab.break_fault("queue-not-consumed")
    assert lab.diagnose().short == (1, "faulty", "queue-not-consumed")


def test_the_remedy_of_dead_letters_brings_the_job_to_its_end(lab: Lab) -> None:
    job_id = lab.do("lab", "break", "queue-dead-letters")
    (remedy,) = lab.diagnose(job_id).verdict["remedies"]
    connect(lab, "sqs").start_message_move_task(SourceArn=remedy["command"].split("--source-arn ")[1])
    assert lab.diagnose(lab.ended(job_id)).short == (0, "healthy", None)


def connect(lab: Lab, service: Any) -> Any:
    settings = lab.settings()
    return boto3.client(
        service,
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=settings["AWS_REGION"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
    )
