"""Section 3-4: inside the worker instances, seen through SSM."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import WAITING, Cause, codes, remedy
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import Text, say
from academy_ops.thresholds import FIGURES

_LOOK: Final = commands.PARAMETER_NAMES
_CHECK: Final = "{ops} check logs{job}"
_READ_LOG: Final = "{ops} --verbose check logs{job}"
_CRASHES: Final = codes("worker-crash-loop", "worker-container-exited")
_IDLE: Final = codes("queue-not-consumed", "message-stuck", "job-stalled", "message-lost")
_REPLACE: Final = remedy(
    say("Then replace the worker instances; the parameter is read at boot only. Jobs under way start anew."),
    "aws autoscaling start-instance-refresh --region {region} --auto-scaling-group-name {group}",
    _CHECK,
    "change",
)
_TERMINATE: Final = remedy(
    say("If that does not help, have the group replace the instance."),
    "aws autoscaling terminate-instance-in-auto-scaling-group --region {region} --instance-id {instance} "
    "--no-should-decrement-desired-capacity",
    _CHECK,
    "change",
)


def _inside(
    code: str,
    meaning: Text,
    told_by: Text,
    look: tuple[str, ...],
    *remedies: Remedy,
    explains: frozenset[str] = frozenset(),
) -> Cause:
    """Make a row for a fault inside a worker."""
    return Cause(code, "3-4", meaning, told_by, look, states=WAITING, explains=explains | _IDLE, remedies=remedies)


LOGS: Final = (
    _inside(
        "worker-disk-full",
        say("The worker's disk is full."),
        say(
            "The disk with Docker's data is {disk_full_percent} percent full, or {disk_nearly_full_percent} percent "
            "while the container does not run; or a log of the last {complaint_minutes} minutes or the job's message "
            "says that no space is left.",
            **FIGURES,
        ),
        (commands.WORKER_DISK,),
        remedy(
            say("Remove the images that no container uses; Docker pulls what it needs again."),
            commands.on_workers("docker image prune -af; df -h /var/lib/docker"),
            _CHECK,
            "change",
        ),
        _TERMINATE,
        explains=_CRASHES | codes("worker-docker-down", "worker-container-missing"),
    ),
    _inside(
        "ssm-offline",
        say("Every worker's SSM agent is offline: the instances hang or have no network."),
        say(
            "The job waits, and SSM calls no worker in service that is older than {boot_minutes} minutes Online. A "
            "warning where only some are offline or no job waits.",
            **FIGURES,
        ),
        (commands.AGENTS, commands.MACHINES),
        remedy(
            say("Reboot the instance; a job it works on starts anew."),
            "aws ec2 reboot-instances --region {region} --instance-ids {instance}",
            _CHECK,
            "change",
        ),
        _TERMINATE,
    ),
    _inside(
        "worker-docker-down",
        say("Docker does not run on the worker instance."),
        say(
            "docker info fails on an instance older than {boot_minutes} minutes, or Docker is not installed there.",
            **FIGURES,
        ),
        (commands.WORKER_DOCKER,),
        remedy(
            say("Start Docker on the instance."),
            commands.on_workers("systemctl start docker; systemctl is-active docker"),
            _CHECK,
            "change",
        ),
        _TERMINATE,
        explains=codes("worker-container-missing"),
    ),
    _inside(
        "worker-env-stale",
        say("The workers' parameter was changed after the worker started; the worker still runs with the old values."),
        say(
            "The parameter is newer than the container's start, holds another queue, bucket, endpoint or key than the "
            "container (compared as digests), and is right itself."
        ),
        (commands.PARAMETER_AGE, commands.WORKER_STARTED),
        remedy(
            say("Replace the worker instances; the parameter is read at boot only. Jobs under way start anew."),
            "aws autoscaling start-instance-refresh --region {region} --auto-scaling-group-name {group}",
            _CHECK,
            "change",
        ),
        explains=codes("worker-queue-mismatch", "worker-r2-mismatch", "worker-env-missing"),
    ),
    _inside(
        "worker-env-missing",
        say("The worker runs without the R2 settings it needs."),
        say(
            "R2_ENDPOINT, R2_ACCESS_KEY or R2_SECRET_KEY is absent or blank in the container; without a container, in "
            "the parameter, or there is no parameter that can be read. A job's message that says so counts, too."
        ),
        (commands.WORKER_NAMES_SET, commands.PARAMETER_NAMES),
        remedy(
            say("Complete the workers' parameter: R2_ENDPOINT, R2_ACCESS_KEY, R2_SECRET_KEY."),
            commands.EDIT_PARAMETER,
            _LOOK,
            "change",
        ),
        _REPLACE,
        explains=_CRASHES | codes("worker-container-missing", "worker-r2-mismatch"),
    ),
    _inside(
        "worker-queue-mismatch",
        say("The worker polls another queue than the API sends to."),
        say(
            "AI_SQS_QUEUE_NAME_BASIC in the container (without one, in the parameter) is not the API's; where it is "
            "not set, its default counts."
        ),
        (commands.WORKER_QUEUE, commands.PARAMETER_QUEUE),
        remedy(
            say("Set AI_SQS_QUEUE_NAME_BASIC in the workers' parameter to the API's queue."),
            commands.EDIT_PARAMETER,
            _LOOK,
            "change",
        ),
        _REPLACE,
        explains=codes("queue-missing", "worker-silent") | _CRASHES,
    ),
    _inside(
        "worker-r2-mismatch",
        say("The worker reads from another R2 bucket or endpoint than the API writes to, or its own key is refused."),
        say(
            "The bucket or endpoint in force in the container (without one, in the parameter) is not the API's; or R2 "
            "refused the job's file and the worker's R2 settings are not the API's."
        ),
        (commands.WORKER_R2, commands.PARAMETER_R2),
        remedy(
            say("Give the workers' parameter the API's R2 settings."),
            commands.EDIT_PARAMETER,
            _LOOK,
            "change",
        ),
        _REPLACE,
        explains=codes("excel-object-missing"),
    ),
    _inside(
        "worker-out-of-memory",
        say("The worker's container was killed for want of memory."),
        say(
            "Docker says OOMKilled, or tells of a kill in the last {out_of_memory_minutes} minutes where the "
            "container is younger than {crash_loop_minutes}; or a log of the last {complaint_minutes} minutes or the "
            "job's message says that memory ran out.",
            **FIGURES,
        ),
        (commands.WORKER_MEMORY, commands.WORKER_STATE),
        remedy(say("Split the workbook, or use a larger instance type."), commands.MACHINES, _CHECK, "change"),
        explains=_CRASHES,
    ),
    _inside(
        "worker-dependency-missing",
        say("The worker's image lacks a Python package."),
        say(
            "A log of the last {complaint_minutes} minutes, the last words of a stopped worker, or the job's "
            "message: No module named.",
            **FIGURES,
        ),
        (commands.WORKER_LOG,),
        remedy(
            say("Build and push the image again; the log names the package."),
            _READ_LOG,
            _CHECK,
            "change",
        ),
        remedy(
            say("Then replace the worker instances. Jobs under way start anew."),
            "aws autoscaling start-instance-refresh --region {region} --auto-scaling-group-name {group}",
            _CHECK,
            "change",
        ),
        explains=_CRASHES,
    ),
    _inside(
        "worker-database-down",
        say("The worker can't reach its database."),
        say(
            "A log of the last {complaint_minutes} minutes, the last words of a stopped worker, or the job's message "
            "says so.",
            **FIGURES,
        ),
        (commands.WORKER_LOG,),
        remedy(say("Check the database, and DATABASE_URL in the workers' parameter."), _READ_LOG, _CHECK),
        explains=_CRASHES,
    ),
    _inside(
        "worker-aws-credentials",
        say("The worker has no valid AWS credentials."),
        say(
            "A log of the last {complaint_minutes} minutes, or the last words of a stopped worker: no credentials, "
            "or AWS refuses them.",
            **FIGURES,
        ),
        (commands.WORKER_LOG, commands.MACHINES),
        remedy(
            say("Attach the worker role to the instance profile; the last column names each instance's profile."),
            commands.MACHINES,
            _CHECK,
            "change",
        ),
        explains=_CRASHES,
    ),
    _inside(
        "worker-queue-denied",
        say("The worker may not receive from the queue."),
        say(
            "A log of the last {complaint_minutes} minutes, or the last words of a stopped worker: access to SQS "
            "denied.",
            **FIGURES,
        ),
        (commands.WORKER_LOG, commands.MACHINES),
        remedy(
            say("Allow sqs:ReceiveMessage, DeleteMessage and ChangeMessageVisibility in the worker's role."),
            commands.MACHINES,
            _CHECK,
            "change",
        ),
        explains=_CRASHES,
    ),
    _inside(
        "worker-container-missing",
        say("The instance is up, but no worker container was ever started on it."),
        say(
            "Docker runs on an instance older than {boot_minutes} minutes and knows no container of the worker's name.",
            **FIGURES,
        ),
        (commands.WORKER_STATE, commands.WORKER_BOOT),
        remedy(say("Read the end of the instance's boot log."), commands.WORKER_BOOT, _CHECK),
        _TERMINATE,
    ),
    _inside(
        "worker-crash-loop",
        say("The worker's container crashes and restarts over and over."),
        say(
            "Docker says restarting, or has restarted it {crash_loop_restarts} times or more and the last time less "
            "than {crash_loop_minutes} minutes ago.",
            **FIGURES,
        ),
        (commands.WORKER_STATE, commands.WORKER_LOG),
        remedy(say("Read the last log lines for the reason."), _READ_LOG, _CHECK),
        explains=codes("worker-container-exited"),
    ),
    _inside(
        "worker-container-exited",
        say("The worker's container has stopped."),
        say("Docker knows the container, and it is neither running nor restarting."),
        (commands.WORKER_STATE, commands.WORKER_LOG),
        remedy(say("Read why it stopped."), _READ_LOG, _CHECK),
        remedy(
            say("Start the container again."),
            commands.on_workers("docker start {worker}; docker ps -a --filter name={worker}"),
            _CHECK,
            "change",
        ),
    ),
    Cause(
        "worker-silent",
        "3-4",
        say("The worker's log says nothing; some releases log nothing at INFO."),
        say("The container has written no line, while work waits. It proves nothing by itself."),
        (commands.WORKER_STATE, commands.WORKER_LOG),
        remedies=(
            remedy(
                say("See whether messages and job move nevertheless."), "{ops} check queue{job}", "{ops} diagnose{job}"
            ),
        ),
        warn=True,
    ),
)
