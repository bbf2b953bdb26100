"""Section 3-3: the queue and its dead-letter queue."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_PENDING, PENDING, WAITING, Cause, codes, do
from academy_ops.messages import say

_CHECK: Final = "{ops} check queue"

QUEUE: Final = (
    Cause(
        "queue-missing",
        "3-3",
        say("The job queue does not exist: the API can send nothing, workers get nothing."),
        states=NO_JOB_OR_PENDING,
        explains=codes("message-lost", "queue-not-consumed", "worker-crash-loop", "worker-container-exited"),
        remedies=(
            do(
                say("Create the queue and its dead-letter queue; the API then sends what it could not."),
                command="{ops} queue create",
                verify=_CHECK,
                risk="change",
            ),
        ),
    ),
    Cause(
        "message-lost",
        "3-3",
        say("The job is PENDING, but no message for it is left and no worker took it."),
        states=PENDING,
        remedies=(do(say("Have the school upload the file again; students who exist are not created twice.")),),
    ),
    Cause(
        "queue-not-consumed",
        "3-3",
        say("Messages wait and workers are up, but nobody takes them."),
        states=WAITING,
        remedies=(
            do(
                say("Read the worker's log, then restart its container."),
                command="{ops} --verbose check logs{job}",
                verify=_CHECK,
            ),
        ),
    ),
    Cause(
        "message-stuck",
        "3-3",
        say("The job's message is in flight, but no live worker works on it."),
        states=WAITING,
        remedies=(
            do(
                say("Wait until its visibility timeout ends (at most 60 minutes), or have the file uploaded again."),
                verify=_CHECK,
            ),
        ),
    ),
    Cause(
        "queue-dead-letters",
        "3-3",
        say("Messages lie in the dead-letter queue: workers gave them up after three receives."),
        states=PENDING,
        explains=codes("message-lost"),
        remedies=(
            do(
                say("Mend what made the workers fail, then start the redrive; it moves every dead letter back."),
                command="aws sqs start-message-move-task --region {region} --source-arn {dlq_arn}",
                verify=_CHECK,
                risk="change",
            ),
        ),
        warn=True,
    ),
)
