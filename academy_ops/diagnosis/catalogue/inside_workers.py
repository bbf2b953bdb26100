"""What the causes of section 3-4 have in common: the inside of the workers, seen through SSM."""

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import WAITING, Rows, Sentence, codes
from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Remedy


def replace_workers(rows: Rows) -> Remedy:
    """Return the remedy that lets a changed parameter come into force."""
    return rows.change(
        "Then replace the worker instances; the parameter is read only at boot. Jobs in progress start over.",
        commands.REPLACE_INSTANCES,
    )


def set_clock(rows: Rows) -> tuple[Remedy, Remedy]:
    """Return the remedies of an instance whose clock is wrong."""
    return (
        rows.change("Sync the instance's clock with its time server.", commands.SET_CLOCK),
        rows.read("Check on the instance that its time is right now.", commands.WORKER_CLOCK),
    )


READ_LOG: Final = command("<ops> --verbose check logs <job>")

CRASHES: Final = codes("worker-crash-loop", "worker-container-exited")

IDLE: Final = codes("queue-not-consumed", "message-stuck", "job-stalled", "message-lost")

LETTERS: Final = codes("queue-dead-letters")
"""What becomes of messages that kill their workers, or that none of them can work on."""

ROWS: Final = Rows("3-4", command("<ops> check logs <job>"), WAITING, IDLE)

READ_PARAMETER: Final = ROWS.read(
    "Find out why on the instance. Its role needs ssm:GetParameter on the parameter and kms:Decrypt on the key "
    "that encrypts it.",
    commands.PARAMETER_THERE,
)
REPLACE: Final = replace_workers(ROWS)
REPLACE_ONE: Final = commands.terminate("instance")
TERMINATE_NOW: Final = ROWS.change("Terminate the instance; the Auto Scaling group launches a new one.", REPLACE_ONE)
TERMINATE: Final = ROWS.change(
    "If that does not help, terminate the instance; the Auto Scaling group launches a new one.", REPLACE_ONE
)


def copy(text: Sentence, *names: str) -> Remedy:
    """Return the remedy that copies the API's values of ``names`` into the workers' parameter."""
    return ROWS.change(text, commands.from_api(*names), commands.WORKER_ENV)


def edit(text: Sentence) -> Remedy:
    """Return the remedy in which an operator edits the workers' parameter."""
    return ROWS.change(text, commands.EDIT_WORKER_ENV, commands.WORKER_ENV)
