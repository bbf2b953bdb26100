"""What can be broken in the lab, and how it is healed; each fault is named after the cause it produces."""

from __future__ import annotations

import signal
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from academy_ops.contract import DLQ_SUFFIX, GROUP_NAME, QUEUE_NAME
from academy_ops.lab import LabError, parts
from academy_ops.lab.aws import resources, targets
from academy_ops.lab.container import Image
from academy_ops.lab.faults import aws, endings, endpoint, launches, uploads, workers
from academy_ops.lab.faults.fault import Fault, await_idle
from academy_ops.lab.state import LOG_GROUP
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

FAULTS: Final[Mapping[str, Fault]] = {
    fault.name: fault
    for fault in (
        *endpoint.FAULTS,
        *aws.FAULTS,
        *launches.FAULTS,
        *endings.FAULTS,
        *workers.FAULTS,
        *uploads.FAULTS,
    )
}
ALIASES: Final[Mapping[str, str]] = {
    "worker-off": "worker-scaled-to-zero",
    "bucket-missing": "r2-bucket-missing",
    "app-down": "proxy-upstream-down",
    "bad-excel": "excel-header-missing",
}
_UPTIME_SECONDS: Final = 3600
_IN_PARAMETER: Final = frozenset(
    {
        *("worker-env-missing", "worker-queue-mismatch", "worker-r2-mismatch", "worker-env-stale"),
        *("worker-database-down", "worker-database-mismatch", "worker-aws-credentials"),
    }
)
_IN_WORKERS: Final = _IN_PARAMETER | {
    "aws-unreachable",
    "clock-skew",
    "worker-queue-denied",
    "job-stalled",
}
"""Faults that stay in the workers' processes until these start anew."""
_OF_FIRST: Final = (
    *("autoscaler-off/no-", "autoscaler-off/schedule", "worker-scaled-to-zero/starter-fails", "edge-", "redirect-loop"),
    *("proxy-misrouted", "gateway-timeout", "api-throttled", "api-not-json", "bad-gateway"),
)
"""How the faults begin of what the second generation does not have: the function, its rule, Cloudflare and nginx."""
_IN_API: Final = frozenset({"api-database-down", "api-host-rejected", "api-auth-rejected"})
"""Faults that stay in the API's process until it starts anew."""


def find(name: str) -> Fault | None:
    """Return the fault of that name or alias; for a code alone, the first way in which it is produced."""
    ways = (fault for known, fault in FAULTS.items() if known.startswith(f"{name}/"))
    return FAULTS.get(ALIASES.get(name, name)) or next(ways, None)


def extract(*_: object, **__: object) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield every description, as Babel asks for what is to be translated."""
    for fault in FAULTS.values():
        yield 1, "say", fault.description.template, []


def break_fault(lab: Lab, name: str) -> str | None:
    """Put a fault in; return the job's id where it made one."""
    fault = FAULTS[name]
    if lab.state.generation > 1 and fault.name.startswith(_OF_FIRST) and not fault.name.endswith("/load-balancer"):
        raise LabError(say("{fault} needs a first-generation lab: academy-ops lab up", fault=fault.name))
    lab.broken.append(fault.name)
    if fault.needs_worker:
        # An idle group would be scaled in within the minute, and the fault would be gone with its workers.
        lab.schedule.hold()
        lab.ensure_worker()
        if lab.broken == [fault.name]:
            # A worker that is ended in mid-job, as by what follows, leaves its message in flight: a fault of its own.
            await_idle(lab)
    lab.await_boots()
    # Whatever breaks now, breaks in a lab that has run for a while; but what still boots then must not look as if it
    # had hung for an hour.
    lab.cloud.scaling.age_instances(_UPTIME_SECONDS, lab.fleet.booted())
    if lab.broken == [fault.name]:  # else it may be what another fault has just done
        lab.cloud.scaling.age_activities(_UPTIME_SECONDS)
    return fault.inject(lab)


def heal(lab: Lab) -> list[str]:
    """Bring the lab back to the state it started in; return the faults that were in.

    Every step leaves alone what is as it was at the start, so healing twice does no harm.
    """
    healed = list(dict.fromkeys(lab.broken))
    broken = {name.partition("/")[0] for name in healed}
    lab.cloud.restore()
    lab.storage.show_bucket()
    lab.storage.accept_only(lab.storage.keys)
    _heal_endpoint(lab, broken)
    for code, queue in (("queue-dead-letters", QUEUE_NAME + DLQ_SUFFIX), ("worker-undersized", QUEUE_NAME)):
        if code in broken:
            resources.empty_queue(lab.aws, queue)
    _heal_group(lab)
    _heal_workers(lab, broken)
    if broken:
        # A worker that a fault has hung, killed or replaced gives nothing back by itself.
        lab.cloud.queues.release(QUEUE_NAME)
    lab.broken.clear()
    lab.schedule.release()
    return healed


def _heal_endpoint(lab: Lab, broken: Collection[str]) -> None:
    for port in lab.filtered:
        port.close()
    lab.filtered.clear()
    lab.edge.change()
    lab.edge.start()
    targets.remove()
    lab.api.send_signal(signal.SIGCONT)
    endpoint.restore_schema(lab)
    if not _IN_API.isdisjoint(broken):
        lab.api.stop()
    lab.api.start(DATABASE_URL=lab.state.database_url, ALLOWED_HOSTS="")
    lab.api.wait_ready(lambda: parts.healthy(lab.state.app_url))
    lab.origin.change()


def _heal_group(lab: Lab) -> None:
    if GROUP_NAME not in lab.cloud.scaling.backend.autoscaling_groups:
        resources.create_group(lab.aws, lab.subnet, lab.state.generation)
    lab.fleet.provisioning.boot_seconds = lab.boot_seconds
    lab.cloud.scaling.restore(lab.fleet.unbooted(), lab.state.generation)
    resources.create_starters(lab.aws, lab.state.generation)


def _heal_workers(lab: Lab, broken: Collection[str]) -> None:
    if not _IN_PARAMETER.isdisjoint(broken):
        lab.put_worker_env()
    lab.fleet.send_signal(signal.SIGCONT)  # a process that hangs would not end before it is killed
    lab.fleet.log_to(LOG_GROUP if lab.state.generation > 1 else None)
    lab.fleet.use(Image())
    if not _IN_WORKERS.isdisjoint(broken):
        lab.fleet.reboot()
    lab.fleet.restore()
