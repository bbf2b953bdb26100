"""What can be broken in the lab, and how it is healed; each fault is named after the cause it produces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from academy_ops.lab.ageing import age_instances
from academy_ops.lab.errors import LabError
from academy_ops.lab.faults import api, aws, edge, endpoint, launches, uploads, workers
from academy_ops.lab.faults.fault import Fault
from academy_ops.messages import say

if TYPE_CHECKING:
    from academy_ops.lab.parts import Lab

FAULTS: Final[Mapping[str, Fault]] = {
    fault.name: fault
    for fault in (
        *edge.FAULTS,
        *endpoint.FAULTS,
        *api.FAULTS,
        *aws.FAULTS,
        *launches.FAULTS,
        *workers.FAULTS,
        *uploads.FAULTS,
    )
}
_WHILE_SECONDS: Final = 3600
ALIASES: Final[Mapping[str, str]] = {
    "worker-off": "worker-scaled-to-zero",
    "bucket-missing": "r2-bucket-missing",
    "app-down": "proxy-upstream-down",
    "bad-excel": "excel-header-missing",
}


def find(name: str) -> Fault:
    """Return the fault of that name or alias.

    Raises:
        LabError: There is none.
    """
    fault = FAULTS.get(ALIASES.get(name, name))
    if fault is None:
        known = ", ".join(sorted([*FAULTS, *ALIASES]))
        raise LabError(say("No fault is called {name}. Known: {known}", name=repr(name), known=known))
    return fault


def break_fault(lab: Lab, name: str) -> str | None:
    """Put a fault in; return the job's id where it made one.

    Raises:
        LabError: There is no such fault, or it can't be put in now.
    """
    fault = find(name)
    lab.broken.append(fault.name)
    if fault.needs_worker:
        # An idle group would be scaled in within the minute, and the fault would be gone with its workers.
        lab.schedule.hold()
        lab.want_worker()
    # Whatever breaks now, breaks in a lab that has run for a while.
    age_instances(lab, _WHILE_SECONDS)
    return fault.put_in(lab)


def heal(lab: Lab) -> list[str]:
    """Bring the lab back to the state it started in; return the faults that were in."""
    # Only now: who names the faults need not load the AWS SDK.
    from academy_ops.lab.faults.restore import restore  # noqa: PLC0415

    healed = list(dict.fromkeys(lab.broken))
    restore(lab, healed)
    lab.broken.clear()
    lab.schedule.release()
    return healed
