"""Section 3-3: the queue and its dead-letter queue."""

import json
from typing import Final

from academy_ops.contract import MAX_RECEIVES, QUEUE_ATTRIBUTES, QUEUE_SETTING
from academy_ops.diagnosis.catalogue import commands
from academy_ops.diagnosis.catalogue.cause import NO_JOB_OR_PENDING, PENDING, WAITING, Rows, codes, variant
from academy_ops.diagnosis.catalogue.connections import connection_reasons
from academy_ops.diagnosis.command import Steps, aws, command
from academy_ops.messages import say

_CHECK: Final = command("<ops> check queue <job>")
_ROWS: Final = Rows("3-3", _CHECK, WAITING)
_cause, _read, _change, _to_change = _ROWS.cause, _ROWS.read, _ROWS.change, _ROWS.to_change
_READ_LOG: Final = _read("Read the worker's log.", command("<ops> --verbose check logs <job>"))
_RESTART: Final = _change("Restart the worker containers.", commands.on_workers("docker restart <worker_container>"))


def _redrive(arn: str) -> Steps:
    """Return the commands that make a dead-letter queue the queue's own."""
    # It stands in a text of JSON in a text of JSON.
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(MAX_RECEIVES)})
    return commands.set_attributes(json.dumps({"RedrivePolicy": policy}))


def _attribute(name: str) -> Steps:
    return commands.set_attributes(f"{name}={QUEUE_ATTRIBUTES[name]}")


_MOVE: Final = aws("sqs start-message-move-task --source-arn <dlq_arn>")
_NEW_DEAD_LETTER_QUEUE: Final = (
    *commands.dead_letter_queue(f"MessageRetentionPeriod={QUEUE_ATTRIBUTES['MessageRetentionPeriod']}"),
    *_redrive("<new_dlq>"),
)

QUEUE: Final = (
    _cause(
        "queue-missing",
        "The job queue does not exist: the API can't send messages, and workers receive none.",
        "SQS has no queue with the name that the API uses, whatever the workers use. If a queue with the default "
        "name exists, or a worker polls another one without errors, the API's name is wrong.",
        (commands.DEPTH, commands.QUEUES),
        _change(
            "Create the queue and its dead-letter queue; the API then sends the jobs that it could not send.",
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
            "wrong-name": _to_change(
                "No queue has the name that the API uses; the academy's queue has another name.",
                say(
                    "Set {setting} to {meant} in the API server's .env, then recreate its container. Do not "
                    "create a queue with the wrong name, and leave the workers as they are.",
                    setting=QUEUE_SETTING,
                    meant=say("the queue that the workers poll"),
                ),
                commands.QUEUES,
            ),
            "wrong-region": _to_change(
                "The API's queue does not exist in the API's AWS region, and the workers poll in another region.",
                "Set AWS_REGION to the workers' region in the API server's .env, then recreate its container. Do "
                "not create a queue in the wrong region; the command lists the existing queues.",
                commands.QUEUES,
            ),
            "bad-name": _to_change(
                say("{setting} is not a valid queue name.", setting=QUEUE_SETTING),
                "Set the queue name in the API server's .env: letters, digits, '-' and '_' only, not a "
                "URL, no quotes. Then recreate its container.",
                commands.CONFIG,
            ),
        },
    ),
    _cause(
        "message-lost",
        "The job is PENDING, but its message is gone and no worker received it.",
        "PENDING for {lost_seconds} seconds or more, and still PENDING when read again; no "
        "message waiting, in flight or delayed in two reads {second_look_seconds} seconds apart, "
        "no dead letter, and no worker's log mentions the job.",
        (commands.DEPTH, commands.DEAD_LETTERS, commands.JOB),
        _read(
            "Have the school upload the file again; existing students are not created twice.",
            command("<ops> check job <job>"),
            command("<ops> diagnose"),
        ),
        states=PENDING,
        remains=True,
    ),
    _cause(
        "queue-not-consumed",
        "Messages are waiting and workers are up, but no worker receives them.",
        "A message has been waiting for {waited_minutes} minutes; none is in flight, or only messages that no live "
        "worker is processing; a worker in service is older than {boot_minutes} minutes; and no worker's log has "
        "mentioned a job for {waited_minutes} minutes. The job itself may be newer.",
        (commands.DEPTH, commands.OLDEST, commands.WORKER_LOG),
        _READ_LOG,
        _RESTART,
        reasons={
            "hung": variant(
                "Messages are waiting and workers are up, but they hang: their logs are silent, and none "
                "is processing a job.",
                _RESTART,
                _READ_LOG,
            ),
            **connection_reasons("SQS", commands.WORKER_SQS, _ROWS),
        },
    ),
    _cause(
        "message-stuck",
        "The job's message is in flight, but no live worker is processing it.",
        "A message is in flight, and the job has been PENDING for {waited_minutes} minutes with "
        "no worker in service, or with no message waiting and every worker's log idle; or the "
        "job ended {waited_minutes} minutes ago and no worker is in service.",
        (commands.DEPTH, commands.WORKER_LOG, commands.KEPT_LOG, commands.JOB),
        _read(
            "Wait until its visibility timeout ends (at most {visibility_minutes} minutes), or have "
            "the school upload the file again.",
            _CHECK,
            command("<ops> diagnose <job>"),
        ),
    ),
    _cause(
        "queue-dead-letters",
        "There are messages in the dead-letter queue that workers failed to process (maxReceiveCount {receives}).",
        "The dead-letter queue in RedrivePolicy (if there is none, the queue's name with -dlq) "
        "is not empty. This is a warning; it is the cause if a job has been PENDING for "
        "{lost_seconds} seconds or more and its queue is empty.",
        (commands.DEAD_LETTERS, commands.DEPTH),
        _change(
            "Fix what made the workers fail, then start the redrive; it moves all dead letters back to the queue.",
            _MOVE,
        ),
        explains=codes("message-lost"),
        warn=True,
        states=PENDING,
        remains=True,
        reasons={
            "not-named": _to_change(
                "There are messages in the dead-letter queue, but the job queue's RedrivePolicy no "
                "longer points to it, so SQS moves none of them back.",
                "Set the dead-letter queue in the job queue's RedrivePolicy, then start the redrive.",
                (*_redrive("<dlq_arn>"), *_MOVE),
            )
        },
    ),
    _ROWS.warning(
        "queue-misconfigured",
        "The queue's attributes can lose or delay work.",
        "The queue has no dead-letter queue, or RedrivePolicy points to one that does not exist; "
        "messages become dead letters after fewer than {fewest_receives} receives; the "
        "visibility timeout is under {shortest_visibility_minutes} minutes or the retention "
        "period under {shortest_retention_hours} hours; or the queue delays messages.",
        (commands.DEPTH, commands.DEAD_LETTERS),
        _read("Compare the queue's attributes with those in the runbook.", commands.DEPTH),
        reasons={
            "no-dead-letter-queue": _to_change(
                "The queue has no dead-letter queue: a message that workers can't process returns to the "
                "queue until it expires.",
                "Create the dead-letter queue, and set it in the queue's RedrivePolicy.",
                _NEW_DEAD_LETTER_QUEUE,
            ),
            "dead-letter-queue-missing": _to_change(
                "The dead-letter queue set in RedrivePolicy does not exist: messages that workers fail "
                "to process are lost.",
                "Create a dead-letter queue, and set it in the queue's RedrivePolicy.",
                _NEW_DEAD_LETTER_QUEUE,
            ),
            "few-receives": _to_change(
                "The queue moves a message to the dead-letter queue after fewer than {fewest_receives} "
                "receives; one worker replaced in the middle of a job can be enough.",
                say("Set maxReceiveCount to {times}.", times=MAX_RECEIVES),
                _redrive("<dlq>"),
            ),
            "short-visibility": _to_change(
                "A received message returns to the queue in less than {shortest_visibility_minutes} "
                "minutes, so two workers may get the same job.",
                "Increase the visibility timeout.",
                _attribute("VisibilityTimeout"),
            ),
            "delay": variant(
                "New messages are delayed before a worker can receive them, by the queue or by the sender.",
                _change("Set the queue's delivery delay to 0.", commands.set_attributes("DelaySeconds=0")),
                _read("If the queue has no delay, the API sends the message with one.", commands.DEPTH),
            ),
            "short-retention": _to_change(
                "The queue keeps messages for less than {shortest_retention_hours} hours: a job that "
                "waits longer is lost.",
                "Set the retention period to 14 days.",
                _attribute("MessageRetentionPeriod"),
            ),
        },
    ),
)
