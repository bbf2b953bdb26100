"""The whole lab: up, an upload that becomes students, faults and healing, and nothing left behind."""

from __future__ import annotations

import io
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import httpx
import psutil
import pytest
from botocore.exceptions import ClientError
from dotenv import dotenv_values

from academy_ops import contract
from academy_ops.contract import JOBS_PATH, TENANT_HEADER
from academy_ops.lab import LabError, control, operate, processes, state

pytestmark = pytest.mark.xdist_group("lab")
SECONDS: Final = 40.0


def job(job_id: str) -> dict[str, Any]:
    settings = operate.settings()
    headers = {
        "Authorization": f"Bearer {settings['ACADEMY_API_TOKEN']}",
        TENANT_HEADER: settings["ACADEMY_TENANT_CODE"],
    }
    url = f"{settings['ACADEMY_API_URL']}{JOBS_PATH}{job_id}/"
    trusted = ssl.create_default_context(cafile=settings["SSL_CERT_FILE"])
    document: dict[str, Any] = httpx.get(url, headers=headers, verify=trusted, trust_env=False, timeout=10).json()
    return document


def reaches(job_id: str, status: str) -> bool:
    return processes.until(lambda: job(job_id)["status"] == status, SECONDS, 0.1)


def aws(service: Any, **changed: str) -> Any:
    values = {**operate.settings(), **changed}
    return boto3.client(
        service,
        endpoint_url=values["AWS_ENDPOINT_URL"],
        region_name=values["AWS_REGION"],
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
    )


def workers() -> dict[str, int | None]:
    status = operate.status()
    assert status is not None
    return dict(status.workers)


def one_works() -> bool:
    return processes.until(lambda: any(workers().values()), SECONDS)


@pytest.mark.usefixtures("lab")
def test_an_upload_becomes_students() -> None:
    job_id = operate.upload()
    assert reaches(job_id, "DONE")
    assert job(job_id)["result"]["created"] == 5


def test_a_second_lab_is_refused_and_told_which_one_runs(lab: operate.LabInfo) -> None:
    with pytest.raises(LabError) as error:
        operate.up()
    assert str(lab.pid) in str(error.value)
    assert lab.since in str(error.value)


def test_env_is_a_dotenv_text_with_everything_a_command_needs(lab: operate.LabInfo) -> None:
    values = dotenv_values(stream=io.StringIO(operate.env()))
    assert values["ACADEMY_API_URL"] == lab.api_url
    assert values["AWS_ENDPOINT_URL"] == lab.aws_url
    assert values["R2_ENDPOINT"] == lab.r2_url
    assert values["ACADEMY_AWS_ACCOUNT_ID"] == aws("sts").get_caller_identity()["Account"]


def test_no_secret_is_in_a_log_or_a_command_line(lab: operate.LabInfo) -> None:
    values = operate.settings()
    secrets = [values[name] for name in ("AWS_SECRET_ACCESS_KEY", "R2_SECRET_KEY", "ACADEMY_API_TOKEN")]
    logs = [path.read_text("utf-8", "replace") for path in lab.folder.rglob("*log*") if path.is_file()]
    lines = [" ".join(one.cmdline()) for one in psutil.Process(lab.pid).children(recursive=True)]
    assert logs
    assert not [secret for secret in secrets for text in (*logs, *lines) if secret in text]


def test_the_state_file_is_for_its_owner_only(lab: operate.LabInfo) -> None:
    assert (lab.folder / "state.json").stat().st_mode & 0o077 == 0


def test_the_control_is_closed_to_everyone_without_its_token(lab: operate.LabInfo) -> None:
    answer = httpx.post(f"{lab.aws_url}/academy-lab/", json={"do": "heal"}, trust_env=False)
    assert answer.status_code == 401


def test_what_the_lab_fails_of_is_told_and_stands_in_its_log(lab: operate.LabInfo) -> None:
    current = state.read(lab.folder)
    assert current is not None
    with pytest.raises(LabError, match=r"^The lab failed: KeyError: 'dance'\. See lab\.log\.$"):
        control.ask(current, "dance")
    assert "KeyError: 'dance'" in (lab.folder / "lab.log").read_text("utf-8")


@pytest.mark.usefixtures("lab")
def test_keys_are_denied_what_their_policy_denies_and_nothing_else() -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    denied = {"Effect": "Deny", "Action": "sqs:GetQueueAttributes", "Resource": "*"}
    keys = operate.keys_for({"Version": "2012-10-17", "Statement": [everything, denied]})
    sqs = aws("sqs", AWS_ACCESS_KEY_ID=keys.key_id, AWS_SECRET_ACCESS_KEY=keys.secret)
    url = sqs.get_queue_url(QueueName=contract.QUEUE_NAME)["QueueUrl"]
    with pytest.raises(ClientError) as error:
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert error.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.usefixtures("lab")
def test_a_worker_that_is_killed_is_started_again() -> None:
    assert one_works()
    ((instance_id, pid),) = workers().items()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert processes.until(lambda: workers()[instance_id] not in {None, pid}, SECONDS)


@pytest.mark.usefixtures("lab")
def test_workers_that_are_off_leave_a_job_pending_until_one_is_wanted_again() -> None:
    operate.break_fault("worker-off")
    assert workers() == {}
    job_id = operate.upload()
    assert job(job_id)["status"] == "PENDING"
    aws("autoscaling").set_desired_capacity(AutoScalingGroupName=contract.GROUP_NAME, DesiredCapacity=1)
    assert reaches(job_id, "DONE")
    assert operate.heal() == ["worker-scaled-to-zero"]


@pytest.mark.usefixtures("lab")
def test_a_missing_queue_is_missing_until_healed_and_the_job_then_goes_through() -> None:
    operate.break_fault("queue-missing")
    with pytest.raises(ClientError):
        aws("sqs").get_queue_url(QueueName=contract.QUEUE_NAME)
    job_id = operate.upload()
    operate.heal()
    assert reaches(job_id, "DONE")


@pytest.mark.parametrize(
    "fault", ["r2-bucket-missing", "r2-credentials-rejected", "proxy-upstream-down", "endpoint-refused"]
)
@pytest.mark.usefixtures("lab")
def test_an_upload_is_refused_while_the_fault_is_in(fault: str) -> None:
    operate.break_fault(fault)
    with pytest.raises(LabError):
        operate.upload()
    operate.heal()
    assert operate.upload()


@pytest.mark.usefixtures("lab")
def test_a_bad_workbook_fails_its_job() -> None:
    job_id = operate.break_fault("bad-excel")
    assert job_id is not None
    assert reaches(job_id, "FAILED")
    operate.heal()


@pytest.mark.usefixtures("lab")
def test_a_message_that_nobody_works_on_is_worked_on_after_healing() -> None:
    job_id = operate.break_fault("message-stuck")
    assert job_id is not None
    assert one_works()
    assert job(job_id)["status"] == "PENDING"
    operate.heal()
    assert reaches(job_id, "DONE")


@pytest.mark.usefixtures("lab")
def test_healing_twice_does_no_harm() -> None:
    operate.heal()
    assert operate.heal() == []
    assert one_works()


@pytest.mark.usefixtures("lab")
def test_an_unknown_fault_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(LabError, match="worker-scaled-to-zero"):
        operate.break_fault("worker-on-fire")


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(state.FOLDER_VARIABLE, str(tmp_path / "lab"))
    return tmp_path / "lab"


def session_of(pid: int) -> list[psutil.Process]:
    """Return every process of the lab, its watchdog included."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            watches = "academy_ops.lab.watchdog" in process.info["cmdline"] and str(pid) in process.info["cmdline"]
            if watches or os.getsid(process.pid) == pid:
                found.append(process)
        except (OSError, TypeError):
            continue
    return found


def are_gone(left: list[psutil.Process]) -> bool:
    def alive(process: psutil.Process) -> bool:
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return processes.until(lambda: not any(map(alive, left)), 20)


def test_a_killed_supervisor_and_down_leave_no_process_and_no_folder(own_folder: Path) -> None:
    killed = operate.up().pid
    everything = session_of(killed)
    assert len(everything) >= 6
    os.kill(killed, signal.SIGKILL)
    assert are_gone(everything)
    assert operate.status() is None
    # The next one starts where that was.
    again = operate.up().pid
    assert again != killed
    everything = session_of(again)
    assert operate.down()
    assert are_gone(everything)
    assert not own_folder.exists()


@pytest.fixture(scope="module")
def attached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """A process that has started a lab, which is attached to it; there the autoscaler runs once a second."""
    starting = """
import time
from academy_ops.lab import operate
with operate.running() as (info, _wait):
    print(info.pid, flush=True)
    time.sleep(600)
"""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(state.FOLDER_VARIABLE, str(tmp_path_factory.mktemp("attached") / "lab"))
        environment.setenv("ACADEMY_LAB_AUTOSCALE_SECONDS", "1")
        environment.setenv("ACADEMY_LAB_BOOT_SECONDS", "0.2")
        with subprocess.Popen([sys.executable, "-c", starting], stdout=subprocess.PIPE, text=True) as starter:
            assert starter.stdout is not None
            assert starter.stdout.readline()
            yield starter
            starter.kill()


@pytest.mark.usefixtures("attached")
def test_an_idle_worker_is_ended_by_the_autoscaler_unless_a_fault_needs_it() -> None:
    operate.break_fault("worker-container-exited")
    (broken,) = workers()
    time.sleep(3)  # in which the autoscaler would have run
    assert list(workers()) == [broken]
    operate.heal()
    assert processes.until(lambda: not workers(), SECONDS)


def test_an_attached_lab_ends_with_its_starter_even_when_that_is_killed(attached: subprocess.Popen[str]) -> None:
    running = operate.status()
    assert running is not None
    everything = session_of(running.info.pid)
    assert everything
    attached.kill()
    assert are_gone(everything)
    assert not state.folder().exists()
