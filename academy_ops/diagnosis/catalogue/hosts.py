"""Section 3-4: a worker's host, which is its disk, its SSM agent and Docker."""

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import codes, variant
from academy_ops.diagnosis.catalogue.inside_workers import (
    CRASHES,
    IDLE,
    LETTERS,
    REPLACE_ONE,
    ROWS,
    TERMINATE,
    TERMINATE_NOW,
)
from academy_ops.diagnosis.command import aws

_cause, _read, _change = ROWS.cause, ROWS.read, ROWS.change
_PRUNE: Final = _change(
    "Remove the images that no container uses; Docker pulls what it needs again.",
    commands.on_workers("docker image prune -af"),
)
_REBOOT: Final = _change(
    "Reboot the instance. A job it is processing starts over.", aws("ec2 reboot-instances --instance-ids <instance>")
)

HOSTS: Final = (
    _cause(
        "worker-disk-full",
        "The worker's disk is full.",
        "The disk that holds Docker's data is {disk_full_percent} percent full, in bytes or inodes, or "
        "{disk_nearly_full_percent} percent while the container is not running. Or Docker reports a full disk for a "
        "container it could not start. Or the disk is mounted read-only. Or a log of the last {complaint_minutes} "
        "minutes reports no space left, and the disk is that full or the job failed on a local path.",
        (commands.WORKER_DISK,),
        _PRUNE,
        TERMINATE,
        explains=IDLE
        | LETTERS
        | CRASHES
        | codes("worker-docker-down", "worker-container-missing", "worker-boot-failed"),
        reasons={
            # Without removing images: that of a container that does not run would go with them.
            "idle": variant(
                "The worker's disk is full, and its container is not running.",
                _change(
                    "Remove old journald logs, then start the container.",
                    commands.on_workers("journalctl --vacuum-size=50M; docker start <worker_container>"),
                ),
                TERMINATE,
            ),
            "read-only": variant(
                "The worker's disk is mounted read-only; the kernel does that after errors of the disk.",
                _read("Find the error in the kernel's log.", commands.WORKER_KERNEL),
                TERMINATE_NOW,
            ),
            "inodes": variant(
                "The worker's disk has free space but no inodes left: it holds too many small files.",
                _read("Find the folder that holds them.", commands.WORKER_INODES),
                _PRUNE,
                TERMINATE,
            ),
        },
    ),
    _cause(
        "ssm-offline",
        "Every worker's SSM agent is offline: the instances hang or have no network.",
        "The job is waiting, and SSM shows no worker in service older than {boot_minutes} "
        "minutes as Online. It is a warning if only some are offline or no job is waiting.",
        (commands.AGENTS, commands.MACHINES),
        _REBOOT,
        TERMINATE,
        reasons={
            "never-registered": variant(
                "No worker's SSM agent has ever registered: there is no agent, no permission, or no route to SSM.",
                _change(
                    "Check the last column: the role of each instance's profile needs the policy "
                    "AmazonSSMManagedInstanceCore.",
                    commands.MACHINES,
                ),
                _read(
                    "Look for amazon-ssm-agent in the boot log: it is not installed, or can't reach SSM. To "
                    "reach it, the subnet needs NAT or VPC endpoints.",
                    commands.CONSOLE,
                ),
                _change(
                    "After fixing it, replace the instances. Jobs in progress start over.", commands.REPLACE_INSTANCES
                ),
            ),
            "connection-lost": variant(
                "SSM has lost the connection to every worker's agent: the instances hang or have lost their network.",
                _REBOOT,
                TERMINATE,
            ),
        },
    ),
    _cause(
        "worker-docker-down",
        "Docker is not running on the worker instance.",
        "On an instance older than {boot_minutes} minutes, systemd reports that Docker is not running, Docker is "
        "not installed, or its client gets no response from the daemon within seconds.",
        (commands.WORKER_DOCKER,),
        _change("Start Docker on the instance.", commands.on_workers("systemctl start docker")),
        TERMINATE,
        explains=IDLE | codes("worker-container-missing"),
        reasons={
            "hung": variant(
                "Docker hangs on the worker instance: it is running, but does not respond.",
                _change(
                    "Restart Docker on the instance. A job that the worker is processing starts over.",
                    commands.on_workers("systemctl restart docker"),
                ),
                TERMINATE,
            ),
            "not-installed": variant(
                "Docker is not installed on the worker instance.",
                _read("Find out from the boot log why it was not installed.", commands.WORKER_BOOT),
                _change("Then terminate the instance; the Auto Scaling group launches a new one.", REPLACE_ONE),
            ),
        },
    ),
)
