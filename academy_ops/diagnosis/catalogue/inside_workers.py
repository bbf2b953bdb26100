"""What the causes of section 3-4 have in common: the inside of the workers, seen through SSM."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import WAITING, Rows, codes
from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import Text, say

READ_LOG: Final = command("<ops> --verbose check logs <job>")

CRASHES: Final = codes("worker-crash-loop", "worker-container-exited")

IDLE: Final = codes("queue-not-consumed", "message-stuck", "job-stalled", "message-lost")

ROWS: Final = Rows("3-4", command("<ops> check logs <job>"), WAITING, IDLE)

REPLACE: Final = ROWS.change(
    say("Then replace the worker instances; the parameter is read only at boot. Jobs in progress start over."),
    commands.REPLACE_INSTANCES,
)
REPLACE_ONE: Final = commands.terminate("instance")
TERMINATE: Final = ROWS.change(
    say("If that does not help, terminate the instance; the Auto Scaling group launches a new one."), REPLACE_ONE
)


def copy(text: Text, *names: str) -> Remedy:
    """Return the remedy that copies the API's values of ``names`` into the workers' parameter."""
    return Remedy(text, commands.from_api(*names), commands.WORKER_ENV, "change")
