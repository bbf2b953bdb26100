"""Section 3-3: the queue and its dead-letter queue."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_PENDING, PENDING, WAITING, Cause, codes, remedy
from academy_ops.messages import say
from academy_ops.thresholds import FIGURES

_CHECK: Final = "{ops} check queue{job}"

QUEUE: Final = (
    Cause(
        "queue-missing",
        "3-3",
        say("The job queue does not exist: the API can send nothing, workers get nothing."),
        say("SQS knows no queue of the name that the API uses, and the workers are not known to use another."),
        (commands.DEPTH, commands.QUEUES),
        states=NO_JOB_OR_PENDING,
        explains=codes("message-lost", "queue-not-consumed", "worker-crash-loop", "worker-container-exited"),
        remedies=(
            remedy(
                say("Create the queue and its dead-letter queue; the API then sends what it could not."),
                "{ops} queue create",
                _CHECK,
                "change",
            ),
        ),
    ),
    Cause(
        "message-lost",
        "3-3",
        say("The job is PENDING, but no message for it is left and no worker took it."),
        say(
            "PENDING for {lost_seconds} seconds or more and still so when read again; nothing waiting, in flight or "
            "delayed in two looks {second_look_seconds} seconds apart, no dead letter, and the job in no worker's "
            "log.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.DEAD_LETTERS, commands.JOB),
        states=PENDING,
        remedies=(
            remedy(
                say("Have the school upload the file again; students who exist are not created twice."),
                "{ops} check job{job}",
                "{ops} diagnose",
            ),
        ),
    ),
    Cause(
        "queue-not-consumed",
        "3-3",
        say("Messages wait and workers are up, but nobody takes them."),
        say(
            "A message has waited for {waited_minutes} minutes, none is in flight, a worker in service is older than "
            "{boot_minutes} minutes, and no worker's log has spoken of a job for {waited_minutes} minutes.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.OLDEST, commands.WORKER_LOG),
        states=WAITING,
        remedies=(
            remedy(say("Read the worker's log."), "{ops} --verbose check logs{job}", _CHECK),
            remedy(
                say("Restart the workers' containers."),
                commands.on_workers("docker restart {worker}"),
                _CHECK,
                "change",
            ),
        ),
    ),
    Cause(
        "message-stuck",
        "3-3",
        say("The job's message is in flight, but no live worker works on it."),
        say(
            "A message is in flight, and the job has been PENDING for {waited_minutes} minutes with no worker in "
            "service, or with nothing waiting and every worker's log idle; or it ended {waited_minutes} minutes ago "
            "and no worker is in service.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.WORKER_LOG, commands.JOB),
        states=WAITING,
        remedies=(
            remedy(
                say(
                    "Wait until its visibility timeout ends (at most {visibility_minutes} minutes), or have the file "
                    "uploaded again.",
                    **FIGURES,
                ),
                commands.DEPTH,
                _CHECK,
            ),
        ),
    ),
    Cause(
        "queue-dead-letters",
        "3-3",
        say("Messages lie in the dead-letter queue: workers gave them up after {receives} receives.", **FIGURES),
        say(
            "The dead-letter queue that RedrivePolicy names, else the one with -dlq behind the name, is not empty. A "
            "warning; the cause where a job has been PENDING for {lost_seconds} seconds or more and its queue is "
            "empty.",
            **FIGURES,
        ),
        (commands.DEAD_LETTERS, commands.DEPTH),
        states=PENDING,
        explains=codes("message-lost"),
        remedies=(
            remedy(
                say("Mend what made the workers fail, then start the redrive; it moves every dead letter back."),
                "aws sqs start-message-move-task --region {region} --source-arn {dlq_arn}",
                _CHECK,
                "change",
            ),
        ),
        warn=True,
    ),
)
