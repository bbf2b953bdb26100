"""Faults inside the worker instances: Docker, the container, its environment, the SSM agent, the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from academy_ops.contract import (
    BUCKET_NAME,
    GROUP_NAME,
    LOG_FAILED,
    LOG_UNKNOWN,
    QUEUE_NAME,
    QUEUE_SETTING,
    R2_SETTINGS,
    REGION_SETTINGS,
    WORKER_ENV_PARAMETER,
)
from academy_ops.lab import parts, processes
from academy_ops.lab.container import Image
from academy_ops.lab.faults.boots import USER_DATA
from academy_ops.lab.faults.endings import HANGING, upload_of_long_ago
from academy_ops.lab.faults.endpoint import NO_DATABASE
from academy_ops.lab.faults.fault import LONG_AGO_SECONDS, age_job, execute, hosts, worker_fault
from academy_ops.lab.faults.launches import scale_to_zero
from academy_ops.lab.faults.uploads import NO_WORDS, queue_url, take_message, upload_and_wait
from academy_ops.lab.state import LOG_GROUP
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

_READER: Final = "python_calamine"
_FAILED_SECONDS: Final = 20.0
_PAST_BOOT_SECONDS: Final = 3600
_SLOW_BOOT_SECONDS: Final = 900
_MANY_MESSAGES: Final = 40
_OTHER_QUEUE: Final = {QUEUE_SETTING: f"{QUEUE_NAME}-staging"}
_OTHER_KEYS: Final = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
_OTHER_BUCKET: Final = {"R2_EXCEL_BUCKET": f"{BUCKET_NAME}-old"}


def _two_images(lab: Lab) -> None:
    """Start a second worker from a newer image."""
    lab.fleet.provisioning.image = Image(digest="sha256:" + "2" * 64)
    _start_second(lab)


def _start_by_unit(lab: Lab) -> None:
    lab.fleet.use(Image(of_unit=True))
    lab.fleet.change(container="created")


def _hang_unread(lab: Lab) -> str:
    lab.fleet.change(logs=False)
    return _hang(lab)


def _boot_slowly(lab: Lab) -> None:
    """Let user data run a quarter of an hour after the launch: longer than most boots, and no fault yet."""
    lab.cloud.scaling.replace_instances()
    processes.until(lambda: not lab.fleet.leaving(), _FAILED_SECONDS, 0.1)
    lab.await_boots()
    lab.cloud.scaling.age_instances(_SLOW_BOOT_SECONDS)
    lab.fleet.change(container="missing", boot="running", user_data=("+ docker pull academy-ai-worker", "Waiting"))


def _leave_one_behind(lab: Lab) -> None:
    """Let the second of two workers be of the launch template's next version."""
    _start_second(lab)
    lab.cloud.scaling.split_versions()


def _start_second(lab: Lab) -> None:
    lab.aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP_NAME, MinSize=2, DesiredCapacity=2)
    processes.until(lambda: sum(host.worker_pid is not None for host in lab.fleet.hosts().values()) > 1, 30)


def _silence(lab: Lab, *, registered: bool = True) -> str:
    lab.fleet.change(agent=False, registered=registered, container="stopped")
    return upload_of_long_ago(lab)


def _impair(lab: Lab) -> None:
    autoscaling = lab.aws("autoscaling")
    autoscaling.suspend_processes(AutoScalingGroupName=GROUP_NAME, ScalingProcesses=["ReplaceUnhealthy"])
    for instance_id in lab.fleet.hosts():
        autoscaling.set_instance_health(InstanceId=instance_id, HealthStatus="Unhealthy")
    lab.fleet.change(container="stopped")


def _hang(lab: Lab) -> str:
    lab.fleet.use(HANGING)
    return upload_of_long_ago(lab)


def _hang_beside_another(lab: Lab) -> str:
    """Let one message be in flight of nobody, and another wait, while the workers' logs have been silent for long."""
    lab.fleet.use(replace(HANGING, age=LONG_AGO_SECONDS))
    take_message(lab)
    return age_job(lab, upload_and_wait(lab))


def _pile_up(lab: Lab) -> str:
    lab.fleet.use(HANGING)
    url = queue_url(lab)
    for start in range(0, _MANY_MESSAGES, 10):
        entries = [{"Id": str(start + n), "MessageBody": '{"job_type": "unknown"}'} for n in range(10)]
        lab.aws("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    return upload_and_wait(lab)


def _lose_dependency(lab: Lab) -> str:
    _shadow(lab, f'raise ModuleNotFoundError("No module named {_READER!r}", name={_READER!r})\n')
    # The worker imports it with its first workbook; an earlier fault may have left a line with the package's name.
    job_id = parts.upload_students(lab.state)
    lab.fleet.wait_for_log(f"{LOG_FAILED} | job_id={job_id}")
    return job_id


def _break_reader(lab: Lab) -> str:
    # Ended, not raised: the second reader would take its place.
    _shadow(lab, 'import os\nos.write(2, b"RuntimeError: the reader is broken")\nos._exit(1)\n')
    return parts.upload_students(lab.state)


def _fail_and_go(lab: Lab, break_it: Callable[[Lab], str]) -> str:
    """Let a worker of the second generation fail a job of which the API says no more than that, and be terminated."""
    lab.fleet.log_to(LOG_GROUP)
    job_id = break_it(lab)
    failed = "SELECT 1 FROM job WHERE id = ? AND status = 'FAILED'"
    processes.until(lambda: bool(execute(lab, failed, job_id)), _FAILED_SECONDS, 0.1)
    execute(lab, "UPDATE job SET error_message = ? WHERE id = ?", NO_WORDS, job_id)
    # The next one runs the image as it was.
    lab.fleet.provisioning.image = Image()
    lab.cloud.scaling.replace_instances()
    processes.until(lambda: not lab.fleet.leaving(), _FAILED_SECONDS, 0.1)
    lab.await_boots()
    lab.cloud.scaling.age_instances(_PAST_BOOT_SECONDS)
    return job_id


def _shadow(lab: Lab, text: str) -> None:
    """Put another module in place of the worker's workbook reader."""
    shadow = lab.place / "shadow"
    shadow.mkdir(mode=0o700, exist_ok=True)
    (shadow / f"{_READER}.py").write_text(text, encoding="utf-8")
    paths = [str(shadow), *filter(None, [os.environ.get("PYTHONPATH")])]
    lab.fleet.use(Image(env={"PYTHONPATH": os.pathsep.join(paths)}))


def _no_parameter(lab: Lab) -> None:
    lab.aws("ssm").delete_parameter(Name=WORKER_ENV_PARAMETER)
    lab.fleet.reboot()


def _start_with(changed: Mapping[str, str | None], lab: Lab, *, encoded: bool = False) -> None:
    """Start the workers with other values in their parameter."""
    lab.put_worker_env(changed, encoded=encoded)
    lab.fleet.reboot()


def _start_with_keys(lab: Lab) -> None:
    _start_with(_OTHER_KEYS, lab)
    lab.fleet.wait_for_log("InvalidClientTokenId")


def _stale_environment(lab: Lab) -> None:
    _start_with(_OTHER_BUCKET, lab)
    lab.put_worker_env()


def _no_database(lab: Lab) -> None:
    _start_with({"DATABASE_URL": NO_DATABASE}, lab)
    lab.fleet.wait_for_log("could not connect to the database")


def _other_database(lab: Lab) -> str:
    _start_with({"DATABASE_URL": f"sqlite:///{lab.place / 'other.sqlite3'}"}, lab)
    job_id = parts.upload_students(lab.state)
    lab.fleet.wait_for_log(LOG_UNKNOWN)
    return age_job(lab, job_id)


def _scale_in_from_work(lab: Lab) -> str:
    job_id = take_message(lab)
    scale_to_zero(lab)
    return job_id


FAULTS: Final = (
    worker_fault("worker-unhealthy", "The instances are unhealthy and are not being replaced.", _impair),
    worker_fault("queue-not-consumed", "The workers' processes hang, and a job has waited 11 minutes.", _hang),
    worker_fault(
        "queue-not-consumed/unread",
        "The workers' processes hang, a job has waited 11 minutes, and Docker can't read their logs.",
        _hang_unread,
    ),
    worker_fault("worker-booting/unit", "The systemd unit that runs the worker is still starting.", _start_by_unit),
    worker_fault(
        "worker-booting/user-data", "The instances' user data is still running after 15 minutes.", _boot_slowly
    ),
    worker_fault(
        "queue-not-consumed/hung",
        "The workers' processes hang; one message is in flight with a worker that is gone, and another waits.",
        _hang_beside_another,
    ),
    worker_fault("worker-undersized", "The workers' processes hang, and 41 messages are waiting.", _pile_up),
    worker_fault(
        "worker-scaled-to-zero/in-flight",
        "A message is in flight, desired is 0, and no instance is left.",
        _scale_in_from_work,
    ),
    worker_fault(
        "ssm-offline/connection-lost",
        "The instances' SSM agents are off, the workers are stopped, and a job waits.",
        _silence,
    ),
    worker_fault(
        "ssm-offline/never-registered",
        "The instances' SSM agents never reached SSM, the workers are stopped, and a job waits.",
        partial(_silence, registered=False),
    ),
    worker_fault("worker-docker-down", "The Docker daemon is down on every instance.", hosts(docker=False)),
    worker_fault(
        "worker-docker-down/not-installed",
        "Docker is not installed on any instance.",
        hosts(container="missing", installed=False),
    ),
    worker_fault("worker-docker-down/hung", "The Docker daemon hangs on every instance.", hosts(answers=False)),
    worker_fault(
        "worker-container-unhealthy",
        "The health check of the worker's container fails.",
        lambda lab: lab.fleet.use(Image(health="unhealthy")),
    ),
    worker_fault("worker-images-differ", "Two workers run different images.", _two_images),
    worker_fault(
        "worker-images-differ/template",
        "A worker was launched from an earlier version of the launch template, and no deployment replaces it.",
        _leave_one_behind,
    ),
    *(
        worker_fault(
            f"worker-boot-failed/{reason}",
            say("User data failed on every instance ({reason}), so there is no container.", reason=reason),
            hosts(container="missing", user_data=lines),
        )
        for reason, lines in USER_DATA.items()
    ),
    worker_fault(
        "worker-boot-failed/endless",
        "The instances' user data never finishes.",
        hosts(container="missing", boot="running", user_data=("+ docker pull academy-ai-worker", "Waiting")),
    ),
    worker_fault(
        "worker-disk-full/read-only",
        "The kernel has mounted the instances' disks read-only.",
        hosts(read_only=True, container="stopped"),
    ),
    worker_fault("worker-disk-full/inodes", "The worker's disk has no inodes left.", hosts(inodes_percent=100)),
    worker_fault(
        "worker-container-missing", "The worker's container is gone on every instance.", hosts(container="missing")
    ),
    worker_fault("worker-disk-full", "The instances' disks are full.", hosts(disk_percent=100)),
    worker_fault(
        "worker-disk-full/idle",
        "The instances' disks are full, and the worker is stopped.",
        hosts(disk_percent=100, container="stopped"),
    ),
    worker_fault(
        "worker-dependency-missing",
        "A Python package is missing from the worker's image, and a workbook is uploaded.",
        _lose_dependency,
    ),
    worker_fault(
        "worker-dependency-missing/gone",
        "A worker without a Python package fails a job, and is terminated; its log is in CloudWatch Logs.",
        partial(_fail_and_go, break_it=_lose_dependency),
    ),
    worker_fault("excel-unreadable/reader", "The worker's workbook reader fails with an unknown error.", _break_reader),
    worker_fault(
        "worker-env-missing",
        "The workers' parameter lacks the R2 settings.",
        partial(_start_with, dict.fromkeys(R2_SETTINGS)),
    ),
    worker_fault("worker-env-missing/parameter", "The workers' parameter is deleted.", _no_parameter),
    worker_fault(
        "worker-queue-mismatch", "The workers' parameter names another queue.", partial(_start_with, _OTHER_QUEUE)
    ),
    worker_fault(
        "worker-queue-mismatch/encoded",
        "The workers' parameter, as base64 of JSON, names another queue.",
        partial(_start_with, _OTHER_QUEUE, encoded=True),
    ),
    worker_fault(
        "worker-queue-mismatch/region",
        "The workers' parameter names another AWS region.",
        partial(_start_with, dict.fromkeys(REGION_SETTINGS, "us-east-1")),
    ),
    worker_fault(
        "worker-queue-mismatch/endpoint",
        "The workers' parameter names another AWS endpoint.",
        partial(_start_with, {"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9"}),
    ),
    worker_fault(
        "worker-aws-credentials/static-keys",
        "The workers' parameter holds AWS keys that are not valid.",
        _start_with_keys,
    ),
    worker_fault(
        "worker-r2-mismatch", "The workers' parameter names another bucket.", partial(_start_with, _OTHER_BUCKET)
    ),
    worker_fault(
        "worker-r2-mismatch/endpoint",
        "The workers' parameter names another R2 endpoint.",
        partial(_start_with, {"R2_ENDPOINT": "http://127.0.0.1:9"}),
    ),
    worker_fault(
        "worker-env-stale",
        "The workers started with a wrong parameter, which has been corrected since.",
        _stale_environment,
    ),
    worker_fault("worker-database-down/unreachable", "The workers' database does not answer.", _no_database),
    worker_fault("worker-database-mismatch", "The workers use a different database from the API.", _other_database),
)
