"""Section 3-3: the queue and its dead-letter queue."""

from __future__ import annotations

import json
from typing import Final

from academy_ops.contract import MAX_RECEIVES, QUEUE_ATTRIBUTES, QUEUE_SETTING
from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_PENDING, PENDING, WAITING, Rows, Variant, codes
from academy_ops.diagnosis.catalogue.connections import no_way_to
from academy_ops.diagnosis.command import Steps, command
from academy_ops.diagnosis.records import Remedy
from academy_ops.messages import say
from academy_ops.thresholds import FIGURES

_CHECK: Final = command("<ops> check queue <job>")
_ROWS: Final = Rows("3-3", _CHECK, WAITING)
_cause, _read, _change = _ROWS.cause, _ROWS.read, _ROWS.change
_READ_LOG: Final = _read(say("Read the worker's log."), command("<ops> --verbose check logs <job>"))
_RESTART: Final = _change(
    say("Restart the workers' containers."), commands.on_workers("docker restart <worker_container>")
)


def _redrive(arn: str) -> Steps:
    """Return the commands that make a dead-letter queue the queue's own."""
    # It stands in a text of JSON in a text of JSON.
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(MAX_RECEIVES)})
    return commands.set_attributes(json.dumps({"RedrivePolicy": policy}))


def _attribute(name: str) -> Steps:
    return commands.set_attributes(f"{name}={QUEUE_ATTRIBUTES[name]}")


_MOVE: Final = command("aws sqs start-message-move-task --region <region> --source-arn <dlq_arn>")
_NEW_DEAD_LETTER_QUEUE: Final = (
    *commands.dead_letter_queue(f"MessageRetentionPeriod={QUEUE_ATTRIBUTES['MessageRetentionPeriod']}"),
    *_redrive("<new_dlq>"),
)

QUEUE: Final = (
    _cause(
        "queue-missing",
        say("The job queue does not exist: the API can't send anything, workers receive nothing."),
        say(
            "SQS knows no queue of the name that the API uses, whatever the workers use. Where there is one of the "
            "default name, or a worker polls another without a complaint, the API's name is the wrong one."
        ),
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
        reasons={
            "wrong-name": Variant(
                say("The API names a queue that does not exist, and the academy's is there under another name."),
                (
                    _change(
                        say(
                            "Set {setting} in the API server's .env to {meant}, then recreate its "
                            "container. Create no queue of the wrong name, and leave the workers as they are.",
                            setting=QUEUE_SETTING,
                            meant=say("the queue that the workers poll"),
                        ),
                        commands.QUEUES,
                    ),
                ),
            ),
            "wrong-region": Variant(
                say("The API's queue does not exist in its AWS region, and the workers poll in another one."),
                (
                    _change(
                        say(
                            "Set AWS_REGION in the API server's .env to the workers' region, then recreate its "
                            "container. Create no queue in the wrong region; the command lists those that are there."
                        ),
                        commands.QUEUES,
                    ),
                ),
            ),
            "bad-name": Variant(
                say("{setting} holds what no queue can be named.", setting=QUEUE_SETTING),
                (
                    _change(
                        say(
                            "Put the queue's name there in the API server's .env, of letters, digits, '-' and '_' (not "
                            "its URL, no quotes), then recreate its container."
                        ),
                        commands.CONFIG,
                    ),
                ),
            ),
        },
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
            "A message has waited for {waited_minutes} minutes, none is in flight or only what no live worker works "
            "on, a worker in service is older than {boot_minutes} minutes, and no worker's log has mentioned a job for "
            "{waited_minutes} minutes. The job itself may be younger.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.OLDEST, commands.WORKER_LOG),
        _READ_LOG,
        _RESTART,
        reasons={
            "hung": Variant(
                say("Messages are waiting and workers are up, but hang: their logs are silent, with no job in hand."),
                (_RESTART, _READ_LOG),
            ),
            **no_way_to("SQS", commands.WORKER_SQS, _ROWS),
        },
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
        (commands.DEPTH, commands.WORKER_LOG, commands.KEPT_LOG, commands.JOB),
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
            _MOVE,
        ),
        explains=codes("message-lost"),
        warn=True,
        states=PENDING,
        reasons={
            "not-named": Variant(
                say(
                    "There are messages in the dead-letter queue, and the job queue does not name it as its own any "
                    "more: SQS moves none of them back."
                ),
                (
                    _change(
                        say("Name the dead-letter queue to the job queue; then start the redrive."),
                        (*_redrive("<dlq_arn>"), *_MOVE),
                    ),
                ),
            ),
        },
    ),
    _ROWS.warning(
        "queue-misconfigured",
        say("The queue's attributes lose or delay work."),
        say(
            "The queue has no dead-letter queue, or its RedrivePolicy names one that does not exist; it gives up after "
            "fewer than {fewest_receives} receives; its visibility timeout is under {shortest_visibility_minutes} "
            "minutes, its retention under {shortest_retention_hours} hours; or it delays messages.",
            **FIGURES,
        ),
        (commands.DEPTH, commands.DEAD_LETTERS),
        _read(say("Compare the queue's attributes with those in the runbook."), commands.DEPTH),
        reasons={
            "no-dead-letter-queue": Variant(
                say("The queue has no dead-letter queue: a message that workers fail on comes back until it expires."),
                (_change(say("Create the dead-letter queue, and name it to the queue."), _NEW_DEAD_LETTER_QUEUE),),
            ),
            "dead-letter-queue-missing": Variant(
                say("The dead-letter queue that the queue names does not exist: what workers give up on is lost."),
                (_change(say("Create a dead-letter queue, and name it to the queue."), _NEW_DEAD_LETTER_QUEUE),),
            ),
            "few-receives": Variant(
                say(
                    "The queue gives up on a message after fewer than {fewest_receives} receives: a worker that is "
                    "replaced in mid-job is enough.",
                    **FIGURES,
                ),
                (_change(say("Let it be received {times} times.", times=MAX_RECEIVES), _redrive("<dlq>")),),
            ),
            "short-visibility": Variant(
                say(
                    "A message in a worker's hands comes back in less than {shortest_visibility_minutes} minutes: two "
                    "workers may get the same job.",
                    **FIGURES,
                ),
                (_change(say("Make the visibility timeout longer."), _attribute("VisibilityTimeout")),),
            ),
            "delay": Variant(
                say("New messages are held back before a worker may take them: by the queue, or by who sends them."),
                (
                    _change(say("Let the queue hold nothing back."), commands.set_attributes("DelaySeconds=0")),
                    _read(say("Where the queue has no delay, the API sends the message with one."), commands.DEPTH),
                ),
            ),
            "short-retention": Variant(
                say(
                    "The queue keeps a message for less than {shortest_retention_hours} hours: a job that waits longer "
                    "is lost.",
                    **FIGURES,
                ),
                (_change(say("Let it keep them for 14 days."), _attribute("MessageRetentionPeriod")),),
            ),
        },
    ),
)
