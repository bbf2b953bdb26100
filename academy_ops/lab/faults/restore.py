"""The way back: every step leaves alone what is as it was at the start, so healing twice does no harm."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from academy_ops.lab import names, parts
from academy_ops.lab.aws import resources
from academy_ops.lab.condition import Condition
from academy_ops.lab.container import Image
from academy_ops.lab.faults import api
from academy_ops.lab.faults.aws import DENIAL, OPERATOR_USER, WORKER_USER
from academy_ops.lab.faults.launches import HOOK, restore_launches

if TYPE_CHECKING:
    from collections.abc import Collection

    from academy_ops.lab.parts import Lab

_PARAMETER: Final = frozenset(
    {
        "worker-env-missing",
        "worker-queue-mismatch",
        "worker-r2-mismatch",
        "worker-env-stale",
        "worker-database-down",
    }
)
_REBOOT: Final = _PARAMETER | {
    "aws-unreachable",
    "clock-skew",
    "worker-aws-credentials",
    "worker-queue-denied",
    "job-stalled",
}
"""Faults that stay in the workers' processes until these start anew."""
_API: Final = frozenset({"api-database-down", "api-host-rejected", "api-auth-rejected"})
"""Faults that stay in the API's process until it starts anew."""


def restore(lab: Lab, broken: Collection[str]) -> None:
    """Bring everything back.

    Args:
        lab: The running lab.
        broken: The faults that were put in.
    """
    broken = {name.partition("/")[0] for name in broken}
    lab.cloud.set_clock_offset(0)
    lab.cloud.set_reachable(reachable=True)
    _storage(lab)
    _endpoint(lab, broken)
    _identities(lab)
    _queues(lab, broken)
    _group(lab)
    _workers(lab, broken)
    if broken:
        # A worker that a fault has hung, killed or replaced gives nothing back by itself.
        lab.cloud.release(names.QUEUE)


def _storage(lab: Lab) -> None:
    lab.storage.show_bucket()
    lab.storage.accept_only(lab.storage.keys)


def _endpoint(lab: Lab, broken: Collection[str]) -> None:
    for port in lab.filtered:
        port.close()
    lab.filtered.clear()
    lab.edge.change()
    lab.edge.start()
    lab.api.send_signal(signal.SIGCONT)
    api.restore_schema(lab)
    if _API & set(broken):
        lab.api.stop()
    lab.api.start(DATABASE_URL=lab.state.database_url, ALLOWED_HOSTS="")
    lab.api.wait_ready(lambda: parts.healthy(lab.state.app_url))
    lab.origin.start()
    lab.origin.wait_ready()


def _identities(lab: Lab) -> None:
    iam = lab.aws("iam")
    for user, part in ((OPERATOR_USER, "operator"), (WORKER_USER, "worker")):
        iam.update_access_key(UserName=user, AccessKeyId=lab.users[part].key_id, Status="Active")
    with suppress(ClientError):  # there is nothing to delete unless that fault was in
        iam.delete_user_policy(UserName=WORKER_USER, PolicyName=DENIAL)


def _queues(lab: Lab, broken: Collection[str]) -> None:
    resources.create_queues(lab.cloud.url, lab.users["lab"])
    for code, queue in (("queue-dead-letters", names.DEAD_LETTER_QUEUE), ("worker-undersized", names.QUEUE)):
        if code in broken:
            resources.empty_queue(lab.cloud.url, lab.users["lab"], queue)


def _group(lab: Lab) -> None:
    lab.cloud.scaling.launch_failure = None
    autoscaling = lab.aws("autoscaling")
    if not autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[names.GROUP])["AutoScalingGroups"]:
        resources.create_group(lab.cloud.url, lab.users["lab"], lab.subnet)
    with suppress(ClientError):  # there is none unless that fault was in
        autoscaling.delete_lifecycle_hook(AutoScalingGroupName=names.GROUP, LifecycleHookName=HOOK)
    restore_launches(lab)
    autoscaling.resume_processes(AutoScalingGroupName=names.GROUP)
    autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=names.GROUP,
        MinSize=names.MIN_SIZE,
        MaxSize=names.MAX_SIZE,
        DesiredCapacity=names.DESIRED,
    )
    lab.aws("events").enable_rule(Name=names.RULE)


def _workers(lab: Lab, broken: Collection[str]) -> None:
    if _PARAMETER & set(broken):
        lab.put_worker_env()
    lab.fleet.send_signal(signal.SIGCONT)  # a process that hangs would not end before it is killed
    lab.fleet.use(Image())
    if _REBOOT & set(broken):
        lab.fleet.reboot()
    lab.fleet.change(container="running", docker=True, agent=True, disk_percent=Condition().disk_percent)
