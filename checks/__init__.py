"""The runbook as checks: one file per step, in the order in which an operator takes them."""

from typing import Final

from academy_ops.diagnosis.check import Check
from academy_ops.outside.clients import Target
from checks import access, endpoint, job, logs, queue, r2, workers
from checks.facts import Case

RUNBOOK: Final[tuple[Check[Target, Case], ...]] = (
    access.CHECK,
    r2.CHECK,
    endpoint.CHECK,
    job.CHECK,
    workers.CHECK,
    queue.CHECK,
    logs.CHECK,
)

__all__ = ["RUNBOOK", "Case"]
