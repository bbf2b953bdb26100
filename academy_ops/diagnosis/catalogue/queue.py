"""Section 3-3: the queue and its dead-letter queue."""

from __future__ import annotations

from typing import Final

from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_PENDING, PENDING, WAITING, Rows, codes
from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import say
from academy_ops.thresholds import FIGURES

_CHECK: Final = command("<ops> check queue <job>")
_ROWS: Final = Rows("3-3", _CHECK, WAITING)
_cause, _read, _change = _ROWS.cause, _ROWS.read, _ROWS.change

QUEUE: Final = (
    _cause(
        "queue-missing",
        say("The job queue does not exist: the API can't send anything, workers receive nothing."),
        say("SQS knows no queue of the name that the API uses, whatever the workers use."),
        (commands.DEPTH, commands.QUEUES),
        _change(
            say("Create the queue and its dead-letter queue; the API then sends what it could not."),
            command("<ops> queue create"),
        ),
        explains=codes(
            "message-lost",
            "queue-not-consumed",
            "worker-crash-loop",
            "worker-container-exited",
            "worker-queue-mismatch",
        ),
        states=NO_JOB_OR_PENDING,
    ),
    _cause(
        "message-lost",
        say("The job is PENDING, but no message for it is left and no worker took it."),
        say(
            "PENDING for {lost_seconds} seconds or more and still so when read again; nothing waiting, in flight or "
            "delayed in two looks {second_look_seconds} seconds apart, no dead letter, and the job in no worker's "
            "log.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.DEAD_LETTERS, commands.JOB),
        Remedy(
            say("Have the school upload the file again; students who exist are not created twice."),
            command("<ops> check job <job>"),
            command("<ops> diagnose"),
        ),
        states=PENDING,
    ),
    _cause(
        "queue-not-consumed",
        say("Messages are waiting and workers are up, but no worker takes them."),
        say(
            "A message has waited for {waited_minutes} minutes, none is in flight, a worker in service is older than "
            "{boot_minutes} minutes, and no worker's log has mentioned a job for {waited_minutes} minutes.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.OLDEST, commands.WORKER_LOG),
        _read(say("Read the worker's log."), command("<ops> --verbose check logs <job>")),
        _change(say("Restart the workers' containers."), commands.on_workers("docker restart <worker>")),
    ),
    _cause(
        "message-stuck",
        say("The job's message is in flight, but no live worker works on it."),
        say(
            "A message is in flight, and the job has been PENDING for {waited_minutes} minutes with no worker in "
            "service, or with nothing waiting and every worker's log idle; or it ended {waited_minutes} minutes ago "
            "and no worker is in service.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.WORKER_LOG, commands.JOB),
        Remedy(
            say(
                "Wait until its visibility timeout ends (at most {visibility_minutes} minutes), or have the file "
                "uploaded again.",
                **FIGURES,
            ),
            _CHECK,
            command("<ops> diagnose <job>"),
        ),
    ),
    _cause(
        "queue-dead-letters",
        say(
            "There are messages in the dead-letter queue: workers gave up on them after {receives} receives.", **FIGURES
        ),
        say(
            "The dead-letter queue that RedrivePolicy names, else the one named with -dlq at the end, is not empty. A "
            "warning; the cause where a job has been PENDING for {lost_seconds} seconds or more and its queue is "
            "empty.",
            **FIGURES,
        ),
        (commands.DEAD_LETTERS, commands.DEPTH),
        _change(
            say("Fix what made the workers fail, then start the redrive; it moves every dead letter back."),
            command("aws sqs start-message-move-task --region <region> --source-arn <dlq_arn>"),
        ),
        explains=codes("message-lost"),
        warn=True,
        states=PENDING,
    ),
)
