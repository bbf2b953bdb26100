"""Faults inside the worker instances: Docker, the container, its environment, the SSM agent, the disk."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from academy_ops.lab import names
from academy_ops.lab.container import WORKER, Image
from academy_ops.lab.faults.api import NO_DATABASE
from academy_ops.lab.faults.fault import Fault
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

_MISSING_MODULE: Final = "python_calamine"


def _stop_docker(lab: Lab) -> None:
    lab.fleet.change(docker=False)


def _remove_container(lab: Lab) -> None:
    lab.fleet.change(container="missing")


def _stop_container(lab: Lab) -> None:
    lab.fleet.change(container="stopped")


def _crash(lab: Lab) -> None:
    lab.fleet.use(Image(command=(*WORKER, "--no-such-option")))


def _starve(lab: Lab) -> None:
    lab.fleet.use(Image(memory_lasts=0.5))


def _fill_disk(lab: Lab) -> None:
    lab.fleet.change(disk_percent=100, container="stopped")


def _silence(lab: Lab) -> None:
    lab.fleet.change(agent=False, container="stopped")


def _impair(lab: Lab) -> None:
    autoscaling = lab.aws("autoscaling")
    autoscaling.suspend_processes(AutoScalingGroupName=names.GROUP, ScalingProcesses=["ReplaceUnhealthy"])
    for instance_id in lab.fleet.hosts():
        autoscaling.set_instance_health(InstanceId=instance_id, HealthStatus="Unhealthy")
    lab.fleet.change(container="stopped")


def _freeze(lab: Lab) -> None:
    for machine in lab.fleet.hosts().values():
        if machine.worker_pid is not None:
            with suppress(ProcessLookupError):
                os.kill(machine.worker_pid, signal.SIGSTOP)


def _lose_dependency(lab: Lab) -> None:
    shadow = lab.place / "shadow"
    shadow.mkdir(mode=0o700, exist_ok=True)
    text = f'raise ModuleNotFoundError("No module named {_MISSING_MODULE!r}", name={_MISSING_MODULE!r})\n'
    (shadow / f"{_MISSING_MODULE}.py").write_text(text, encoding="utf-8")
    paths = [str(shadow), *filter(None, [os.environ.get("PYTHONPATH")])]
    lab.fleet.use(Image(env={"PYTHONPATH": os.pathsep.join(paths)}))


def _other_queue(lab: Lab) -> None:
    lab.put_worker_env(AI_SQS_QUEUE_NAME_BASIC=f"{names.QUEUE}-staging")
    lab.fleet.reboot()


def _no_environment(lab: Lab) -> None:
    lab.put_worker_env(R2_ENDPOINT=None, R2_ACCESS_KEY=None, R2_SECRET_KEY=None)
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


FAULTS: Final = tuple(
    Fault(name, does, put_in, needs_worker=True)
    for name, does, put_in in (
        ("worker-unhealthy", say("The instances are unhealthy, and nobody replaces them."), _impair),
        ("queue-not-consumed", say("The workers' processes hang."), _freeze),
        ("ssm-offline", say("The instances' SSM agents are off, and their workers are stopped."), _silence),
        ("worker-docker-down", say("The Docker daemon is down on every instance."), _stop_docker),
        ("worker-container-missing", say("The worker's container is gone on every instance."), _remove_container),
        ("worker-container-exited", say("Someone has stopped the worker's container."), _stop_container),
        ("worker-crash-loop", say("The worker ends right after each start."), _crash),
        ("worker-out-of-memory", say("The kernel kills the worker for want of memory."), _starve),
        ("worker-disk-full", say("The instances' disks are full, and the worker is stopped."), _fill_disk),
        ("worker-dependency-missing", say("A Python package is missing in the worker's image."), _lose_dependency),
        ("worker-env-missing", say("The workers' parameter lacks the R2 settings."), _no_environment),
        ("worker-queue-mismatch", say("The workers' parameter names another queue."), _other_queue),
        ("worker-r2-mismatch", say("The workers' parameter names another bucket."), _other_bucket),
        (
            "worker-env-stale",
            say("The workers' parameter was wrong when they started, and has been put right since."),
            _stale_environment,
        ),
        ("worker-database-down", say("The workers' database does not answer."), _no_database),
    )
)
