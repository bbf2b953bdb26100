"""What the causes of section 3-1 have in common: the Auto Scaling group."""

from typing import Final

from academy_ops.diagnosis.catalogue.cause import WAITING, Rows, codes
from academy_ops.diagnosis.catalogue.commands import of_group
from academy_ops.diagnosis.command import Steps, command

ROWS: Final = Rows(
    "3-1",
    command("<ops> check workers"),
    WAITING,
    codes("worker-no-instances", "queue-not-consumed", "message-stuck", "job-stalled", "worker-unhealthy"),
)


def processes(verb: str, process: str) -> Steps:
    """Return the command that suspends or resumes (``verb``) a process of the group."""
    return of_group(f"{verb}-processes --scaling-processes {process}")
