"""Faults inside the worker instances: Docker, the container, its environment, the SSM agent, the disk."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from academy_ops.academy import sample_workbooks
from academy_ops.lab import names, parts
from academy_ops.lab.ageing import age_job
from academy_ops.lab.container import WORKER, Image
from academy_ops.lab.faults.api import NO_DATABASE
from academy_ops.lab.faults.aws import scale_to_zero
from academy_ops.lab.faults.fault import Fault
from academy_ops.lab.faults.uploads import take_message, upload_and_wait
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

_READER: Final = "python_calamine"
_HANGING: Final = Image(
    command=(sys.executable, "-c", "import time; print('worker started', flush=True); time.sleep(86400)")
)
_LONG_AGO_SECONDS: Final = 660
_MANY_MESSAGES: Final = 40
_LOOP_RESTARTS: Final = 3


def _stop_docker(lab: Lab) -> None:
    lab.fleet.change(docker=False)


def _remove_container(lab: Lab) -> None:
    lab.fleet.change(container="missing")


def _stop_container(lab: Lab) -> None:
    lab.fleet.change(container="stopped")


def _crash(lab: Lab) -> None:
    lab.fleet.use(Image(command=(*WORKER, "--no-such-option")))
    lab.fleet.wait_until(lambda machine: machine.restarts >= _LOOP_RESTARTS)


def _starve(lab: Lab) -> None:
    lab.fleet.use(Image(memory_lasts=0.5))
    lab.fleet.wait_until(lambda machine: machine.restarts >= _LOOP_RESTARTS)


def _fill_disk(lab: Lab) -> None:
    lab.fleet.change(disk_percent=100, container="stopped")


def _silence(lab: Lab) -> str:
    lab.fleet.change(agent=False, container="stopped")
    return _upload_of_long_ago(lab)


def _impair(lab: Lab) -> None:
    autoscaling = lab.aws("autoscaling")
    autoscaling.suspend_processes(AutoScalingGroupName=names.GROUP, ScalingProcesses=["ReplaceUnhealthy"])
    for instance_id in lab.fleet.hosts():
        autoscaling.set_instance_health(InstanceId=instance_id, HealthStatus="Unhealthy")
    lab.fleet.change(container="stopped")


def _hang(lab: Lab) -> str:
    lab.fleet.use(_HANGING)
    return _upload_of_long_ago(lab)


def _pile_up(lab: Lab) -> str:
    lab.fleet.use(_HANGING)
    sqs = lab.aws("sqs")
    url = sqs.get_queue_url(QueueName=names.QUEUE)["QueueUrl"]
    for start in range(0, _MANY_MESSAGES, 10):
        entries = [{"Id": str(start + n), "MessageBody": '{"job_type": "unknown"}'} for n in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return upload_and_wait(lab)


def _upload_of_long_ago(lab: Lab) -> str:
    # What a worker had in hand when the fault ended it has come back since.
    lab.cloud.release(names.QUEUE)
    job_id = upload_and_wait(lab)
    age_job(lab, job_id, _LONG_AGO_SECONDS)
    return job_id


def _lose_dependency(lab: Lab) -> str:
    _shadow(lab, f'raise ModuleNotFoundError("No module named {_READER!r}", name={_READER!r})\n')
    # The worker imports it with its first workbook.
    job_id = parts.upload(lab.state, "students.xlsx", sample_workbooks.students(5, 0))
    lab.fleet.wait_for_log(_READER)
    return job_id


def _break_reader(lab: Lab) -> str:
    _shadow(lab, 'raise RuntimeError("the reader is broken")\n')
    return parts.upload(lab.state, "students.xlsx", sample_workbooks.students(5, 0))


def _shadow(lab: Lab, text: str) -> None:
    """Put another module in the place of the worker's workbook reader."""
    shadow = lab.place / "shadow"
    shadow.mkdir(mode=0o700, exist_ok=True)
    (shadow / f"{_READER}.py").write_text(text, encoding="utf-8")
    paths = [str(shadow), *filter(None, [os.environ.get("PYTHONPATH")])]
    lab.fleet.use(Image(env={"PYTHONPATH": os.pathsep.join(paths)}))


def _other_queue(lab: Lab) -> None:
    lab.put_worker_env(AI_SQS_QUEUE_NAME_BASIC=f"{names.QUEUE}-staging")
    lab.fleet.reboot()


def _other_queue_encoded(lab: Lab) -> None:
    lab.put_worker_env(encoded=True, AI_SQS_QUEUE_NAME_BASIC=f"{names.QUEUE}-staging")
    lab.fleet.reboot()


def _no_environment(lab: Lab) -> None:
    lab.put_worker_env(R2_ENDPOINT=None, R2_ACCESS_KEY=None, R2_SECRET_KEY=None)
    lab.fleet.reboot()


def _no_parameter(lab: Lab) -> None:
    lab.aws("ssm").delete_parameter(Name=names.PARAMETER)
    lab.fleet.reboot()


def _other_endpoint(lab: Lab) -> None:
    lab.put_worker_env(R2_ENDPOINT="http://127.0.0.1:9")
    lab.fleet.reboot()


def _other_bucket(lab: Lab) -> None:
    lab.put_worker_env(R2_EXCEL_BUCKET=f"{names.BUCKET}-old")
    lab.fleet.reboot()


def _stale_environment(lab: Lab) -> None:
    _other_bucket(lab)
    lab.put_worker_env()


def _no_database(lab: Lab) -> None:
    lab.put_worker_env(DATABASE_URL=NO_DATABASE)
    lab.fleet.reboot()
    lab.fleet.wait_for_log("could not connect to the database")


def _scale_in_from_work(lab: Lab) -> str:
    job_id = take_message(lab)
    scale_to_zero(lab)
    return job_id


FAULTS: Final = tuple(
    Fault(name, does, put_in, needs_worker=True)
    for name, does, put_in in (
        ("worker-unhealthy", say("The instances are unhealthy, and nobody replaces them."), _impair),
        ("queue-not-consumed", say("The workers' processes hang, and a job waits for 11 minutes."), _hang),
        ("worker-undersized", say("The workers' processes hang, and 41 messages wait."), _pile_up),
        (
            "worker-scaled-to-zero/in-flight",
            say("A message is in flight, and the group has desired 0; no instance is left."),
            _scale_in_from_work,
        ),
        ("ssm-offline", say("The instances' SSM agents are off, their workers are stopped, a job waits."), _silence),
        ("worker-docker-down", say("The Docker daemon is down on every instance."), _stop_docker),
        ("worker-container-missing", say("The worker's container is gone on every instance."), _remove_container),
        ("worker-container-exited", say("Someone has stopped the worker's container."), _stop_container),
        ("worker-crash-loop", say("The worker ends right after each start."), _crash),
        ("worker-out-of-memory", say("The kernel kills the worker for want of memory."), _starve),
        ("worker-disk-full", say("The instances' disks are full, and the worker is stopped."), _fill_disk),
        (
            "worker-dependency-missing",
            say("A Python package is missing in the worker's image, and a workbook is uploaded."),
            _lose_dependency,
        ),
        ("job-failed", say("The worker's workbook reader ends with an error of no known kind."), _break_reader),
        ("worker-env-missing", say("The workers' parameter lacks the R2 settings."), _no_environment),
        ("worker-env-missing/parameter", say("The workers' parameter is gone."), _no_parameter),
        ("worker-queue-mismatch", say("The workers' parameter names another queue."), _other_queue),
        (
            "worker-queue-mismatch/encoded",
            say("The workers' parameter, as base64 of JSON, names another queue."),
            _other_queue_encoded,
        ),
        ("worker-r2-mismatch", say("The workers' parameter names another bucket."), _other_bucket),
        ("worker-r2-mismatch/endpoint", say("The workers' parameter names another R2 endpoint."), _other_endpoint),
        (
            "worker-env-stale",
            say("The workers' parameter was wrong when they started, and has been put right since."),
            _stale_environment,
        ),
        ("worker-database-down", say("The workers' database does not answer."), _no_database),
    )
)
