"""Faults of instances that come and go, or never come: boots, hooks, loops."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from academy_ops.lab import names
from academy_ops.lab.ageing import age_instances
from academy_ops.lab.faults.fault import Fault
from academy_ops.lab.faults.uploads import upload_and_wait
from academy_ops.messages import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.autoscaling.models import InstanceState

    from academy_ops.lab.parts import Lab

HOOK: Final = "academy-boot"
_LONG_SECONDS: Final = 3600.0
_OVERDUE_SECONDS: Final = 900
_LAUNCHES: Final = 4


def _boot_slowly(lab: Lab) -> str:
    lab.fleet.boot_seconds = _LONG_SECONDS
    _replace(lab)
    return upload_and_wait(lab)


def _loop(lab: Lab) -> str:
    lab.fleet.boot_seconds = _LONG_SECONDS
    for _ in range(_LAUNCHES):
        _replace(lab)
    return upload_and_wait(lab)


def _wait_on_hook(lab: Lab) -> str:
    lab.fleet.boot_seconds = _LONG_SECONDS
    lab.aws("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName=names.GROUP,
        LifecycleHookName=HOOK,
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
    )
    _replace(lab)
    with _states(lab) as states:
        for state in states:
            state.lifecycle_state = "Pending:Wait"
    age_instances(lab, _OVERDUE_SECONDS)
    return upload_and_wait(lab)


def _hang_on_the_way_out(lab: Lab) -> str:
    lab.fleet.change(container="stopped")
    with _states(lab) as states:
        for state in states:
            state.lifecycle_state = "Terminating:Wait"
    return upload_and_wait(lab)


def restore_launches(lab: Lab) -> None:
    """Let every instance be in service again, and those that would never boot be replaced."""
    lab.fleet.boot_seconds = lab.boot_seconds
    lab.cloud.scaling.forget()
    unbooted = lab.fleet.unbooted()
    with _states(lab) as states:
        for state in states:
            state.lifecycle_state = "InService"
            state.health_status = "Unhealthy" if state.instance_id in unbooted else "Healthy"


def _replace(lab: Lab) -> None:
    """Let every instance fail its health check, and the group launch others."""
    with _states(lab) as states:
        for state in states:
            state.health_status = "Unhealthy"
    lab.cloud.scaling.reconcile()


@contextmanager
def _states(lab: Lab) -> Iterator[list[InstanceState]]:
    with lab.cloud.scaling.lock:
        group = lab.cloud.scaling.backend.autoscaling_groups.get(names.GROUP)
        yield list(group.instance_states) if group else []


FAULTS: Final = tuple(
    Fault(name, does, put_in, needs_worker=True)
    for name, does, put_in in (
        ("worker-booting", say("The worker is replaced, and the new instance boots slowly."), _boot_slowly),
        ("worker-launch-loop", say("Instances fail their health check and are replaced, over and over."), _loop),
        ("worker-launch-stuck", say("The new instance waits on a lifecycle hook for 15 minutes."), _wait_on_hook),
        ("worker-no-instances", say("The only instance hangs in Terminating:Wait."), _hang_on_the_way_out),
    )
)
