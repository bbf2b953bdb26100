"""Section 3-4: the state of the worker's container."""

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.boot import LOG_DRIVER, OTHER_PROCESSOR
from academy_ops.diagnosis.catalogue.cause import codes, variant
from academy_ops.diagnosis.catalogue.connections import connection_reasons
from academy_ops.diagnosis.catalogue.inside_workers import IDLE, LETTERS, READ_LOG, ROWS, TERMINATE, TERMINATE_NOW
from academy_ops.diagnosis.command import command

_cause, _warning, _read, _change = ROWS.cause, ROWS.warning, ROWS.read, ROWS.change
_to_read, _to_change = ROWS.to_read, ROWS.to_change
_ENDED: Final = {**connection_reasons("SQS", commands.WORKER_SQS, ROWS), "architecture": OTHER_PROCESSOR}
_START: Final = commands.on_workers("docker start <worker_container>")
_REPLACE_FORMER: Final = _change(
    "If no deployment is in progress, replace the worker instances. Jobs in progress start over.",
    commands.REPLACE_INSTANCES,
)

CONTAINERS: Final = (
    _cause(
        "worker-container-missing",
        "The instance is up, but has no worker container.",
        "Docker is running on an instance older than {boot_minutes} minutes, but has no "
        "container with the worker's name.",
        (commands.WORKER_STATE, commands.WORKER_BOOT),
        _read("Read the end of the instance's boot log.", commands.WORKER_BOOT),
        TERMINATE,
    ),
    _cause(
        "worker-crash-loop",
        "The worker's container crashes and restarts over and over.",
        "Docker shows the state restarting, or has restarted the container {crash_loop_restarts} times or more, "
        "the last time less than {crash_loop_minutes} minutes ago. Or the systemd unit that runs the container has "
        "failed that often within half an hour, and is about to restart or has just restarted.",
        (commands.WORKER_STATE, commands.WORKER_LOG),
        _read("Find the reason in the last log lines.", READ_LOG),
        explains=IDLE | LETTERS | codes("worker-container-exited"),
        reasons={
            **_ENDED,
            "unit": _to_read(
                "The systemd unit that runs the worker fails and restarts over and over.",
                "Find the reason in the unit's journal, which includes the worker's log.",
                commands.WORKER_UNIT,
            ),
        },
    ),
    _cause(
        "worker-container-exited",
        "The worker's container has stopped.",
        "The container exists, but is neither running nor restarting.",
        (commands.WORKER_STATE, commands.WORKER_ERROR, commands.WORKER_LOG),
        _read("Find out from the log why it stopped.", READ_LOG),
        _change("Start the container.", _START),
        reasons={
            **_ENDED,
            "start-failed": variant(
                "Docker could not start the worker's container.",
                _read("Docker shows why; until that is fixed, it will not start.", commands.WORKER_ERROR),
                _change(
                    "If the image or its command is wrong, correct it in the launch template's user data, "
                    "then replace the worker instances. Jobs in progress start over.",
                    commands.REPLACE_INSTANCES,
                ),
            ),
            "log-driver": variant(
                "Docker could not start the worker's container: its log driver can't write to CloudWatch Logs.",
                *LOG_DRIVER,
                _change("After fixing it, start the container.", _START),
            ),
            "unit": variant(
                "The systemd unit that runs the worker has stopped.",
                _read("Find the reason in the unit's journal.", commands.WORKER_UNIT),
                _change(
                    "Restart the unit.", commands.on_workers("systemctl reset-failed <unit>; systemctl start <unit>")
                ),
            ),
            "paused": _to_change(
                "The worker's container is paused: its processes are frozen.",
                "Unpause the container.",
                commands.on_workers("docker unpause <worker_container>"),
            ),
            "dead": variant(
                "Docker failed to remove the worker's container; the container can't be started again.", TERMINATE_NOW
            ),
        },
    ),
    _warning(
        "worker-container-unhealthy",
        "The worker's container is running, but its health check fails.",
        "Docker shows the container as unhealthy. On its own, this does not prove that work is affected.",
        (commands.WORKER_HEALTH, commands.WORKER_LOG),
        _read("Check what the health check reports, and whether messages and the job still make progress.", READ_LOG),
    ),
    _warning(
        "worker-images-differ",
        "The workers are not all running the same image.",
        "The digests of the workers' images differ, or an instance in service was launched from an earlier version "
        "of the launch template and no deployment is in progress. During a deployment this is normal.",
        (commands.WORKER_IMAGE, commands.TEMPLATE),
        _REPLACE_FORMER,
        reasons={
            "template": variant(
                "A worker was launched from an earlier version of the launch template than the Auto "
                "Scaling group uses now.",
                _REPLACE_FORMER,
            )
        },
    ),
    _warning(
        "worker-silent",
        "The worker's log is empty; some releases log nothing at INFO level.",
        "The container has logged nothing while work is waiting. On its own, this proves nothing.",
        (commands.WORKER_STATE, commands.WORKER_LOG),
        _read(
            "Check whether messages and the job still make progress.",
            command("<ops> check queue <job>"),
            command("<ops> diagnose <job>"),
        ),
    ),
)
