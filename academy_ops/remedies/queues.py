"""Create the job queue and its dead-letter queue, with the attributes that the system counts on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from academy_ops.contract import DLQ_SUFFIX, MAX_RECEIVES, QUEUE_ATTRIBUTES
from academy_ops.diagnosis.records import Unavailable
from academy_ops.messages import Text, say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS
from academy_ops.remedies.plan import Plan
from academy_ops.remedies.refusal import UNCHANGED, RemedyError, not_made, why
from checks.queue_attributes import read_attributes


@dataclass(frozen=True, slots=True)
class Queues:
    """What is there of the two, and what is not.

    Attributes:
        missing: Those of the two that don't exist, in the order in which they are made.
        differing: For a queue that exists: attribute to what it is and what it should be.
    """

    queue: str
    dead_letters: str
    missing: tuple[str, ...]
    differing: Mapping[str, tuple[str | None, str]] = field(default_factory=dict)


def look(target: Target) -> Queues:
    """Look at both queues.

    Raises:
        RemedyError: They can't be looked at.
    """
    queue, dead = target.settings.queue, target.settings.queue + DLQ_SUFFIX
    found = {name: _attributes(target, name) for name in (dead, queue)}
    there, dead_there = found[queue], found[dead]
    expected = _expected(dead_there["QueueArn"]) if dead_there else dict(QUEUE_ATTRIBUTES)
    differing = {
        name: (there.get(name), value) for name, value in expected.items() if not _same(there.get(name), value)
    } if there else {}  # fmt: skip
    return Queues(queue, dead, tuple(name for name, attributes in found.items() if attributes is None), differing)


def plan(target: Target, found: Queues | None = None) -> Plan:
    """Say what creating the missing queues would change; a queue that exists is left as it is.

    Raises:
        RemedyError: They can't be looked at.
    """
    found = found or look(target)
    names = f"{found.queue}, {found.dead_letters}"
    missing = ", ".join(found.missing)
    return Plan(
        changes=(say("To create in {region}: {names}", region=target.settings.region, names=missing),),
        risks=(say("An empty queue costs nothing. The API then sends the messages it could not send."),),
        apply=partial(_create, found=found),
        nothing_to_do=None if found.missing else say("No change needed: {names} already exist.", names=names),
    )


def _create(target: Target, *, found: Queues) -> Text:
    made = list[str]()
    for name in found.missing:
        before = say("Created: {names}.", names=", ".join(made)) if made else None
        try:
            # Somebody else may have created it since the plan was shown.
            if _attributes(target, name) is not None:
                continue
            attributes = {"MessageRetentionPeriod": QUEUE_ATTRIBUTES["MessageRetentionPeriod"]}
            if name == found.queue:
                dead = _attributes(target, found.dead_letters)
                attributes = _expected(dead["QueueArn"]) if dead else dict(QUEUE_ATTRIBUTES)
            target.connect.aws("sqs", changes=True).create_queue(QueueName=name, Attributes=attributes)
        except RemedyError as error:
            raise RemedyError(
                say("{before} {then}", before=before or UNCHANGED, then=error.message), unseen=True
            ) from error
        except AWS_ERRORS as error:
            raise not_made(target, error, "sqs:CreateQueue", before) from error
        made.append(name)
    return _made(made, [name for name in found.missing if name not in made])


def _made(made: Sequence[str], theirs: Sequence[str]) -> Text:
    """Say which queues were created now, and which by somebody else in the meantime."""
    names, others = ", ".join(made), ", ".join(theirs)
    if not theirs:
        return say("Done: created {names}.", names=names)
    if not made:
        return say("Nothing was changed: someone else created {names} in the meantime.", names=others)
    return say("Done: created {names}; someone else created {others} in the meantime.", names=names, others=others)


def _expected(dead_letter_arn: str) -> dict[str, str]:
    redrive = {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": MAX_RECEIVES}
    return {**QUEUE_ATTRIBUTES, "RedrivePolicy": json.dumps(redrive)}


def _same(there: str | None, expected: str) -> bool:
    """Compare two attributes; SQS writes the numbers of a redrive policy as numbers or as text."""
    if there is None or not expected.startswith("{"):
        return there == expected
    try:
        ours, theirs = ({name: str(value) for name, value in json.loads(text).items()} for text in (there, expected))
    except (ValueError, AttributeError):
        return False
    return ours == theirs


def _attributes(target: Target, name: str) -> Mapping[str, str] | None:
    """Return a queue's attributes; None when there is no such queue."""
    attributes = read_attributes(target, name)
    if isinstance(attributes, Unavailable):
        raise RemedyError(
            say("Can't read queue {queue}: {reason}. {detail}", queue=name, **why(attributes)), unseen=True
        )
    return attributes
