"""Move dead letters back to the queue that they came from."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from academy_ops.diagnosis.findings import because
from academy_ops.diagnosis.records import Unavailable
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS
from academy_ops.remedies.plan import Plan, Progress
from academy_ops.remedies.refusal import RemedyError, send
from checks import queue_attributes
from checks.facts import Case, Depth, QueueFacts

_POLL_SECONDS: Final = 2.0


def plan(target: Target, case: Case) -> Plan:
    """Plan the redrive of the dead letters that the diagnosis has seen.

    Raises:
        RemedyError: The dead-letter queue could not be seen, or the job queue names none.
    """
    known = case.queue.dead_letters if isinstance(case.queue, QueueFacts) else None
    dead = queue_attributes.depth(target, _name(known)) if isinstance(known, Depth) else known
    if not isinstance(dead, Depth):
        raise RemedyError(say("Can't read the dead-letter queue."), unseen=True)
    # SQS refuses it, too: only what a queue's RedrivePolicy names is a dead-letter queue.
    if case.depth and case.depth.settings and case.depth.dead_letter_arn is None:
        raise RemedyError(
            say("The job queue has no dead-letter queue set. Set its RedrivePolicy first, as the remedy shows.")
        )
    return Plan(
        changes=(
            say(
                "Messages to move back: {count}, from {dead_letters} to {queue}",
                count=dead.total,
                dead_letters=_name(dead),
                queue=target.settings.queue,
            ),
        ),
        risks=(
            say("Workers try each of them up to three more times. Fix what made them fail first."),
            say("Jobs that have already ended are skipped; no student is created twice."),
        ),
        apply=lambda target: send(
            target, "sqs:StartMessageMoveTask", say("Done: the messages are being moved back."), SourceArn=dead.arn
        ),
        follow=partial(_follow, dead=dead),
        nothing_to_do=None if dead.total else say("No change needed: the dead-letter queue is empty."),
    )


def _follow(target: Target, *, dead: Depth) -> Iterator[Progress]:
    while True:
        if why := _failure(target, dead):
            yield Progress(say("Moving the dead letters failed: {reason}", reason=why), "failed")
            return
        now = queue_attributes.depth(target, _name(dead))
        if isinstance(now, Unavailable):
            yield Progress(say("Can't read the dead letters: {reason}", reason=because(now)), "unseen")
            return
        left = now.total if now else 0
        yield Progress(say("Dead letters left: {count}", count=left), None if left else "reached")
        if not left or not target.pause(_POLL_SECONDS):
            return


def _failure(target: Target, dead: Depth) -> str | None:
    """Return why the newest move of these dead letters failed; None where it did not, or where that can't be seen."""
    try:
        answer = target.connect.aws("sqs").list_message_move_tasks(SourceArn=dead.arn, MaxResults=1)
    except AWS_ERRORS:
        return None
    newest: dict[str, Any] = next(iter(answer.get("Results", [])), {})
    return target.connect.clean(newest.get("FailureReason") or "FAILED") if newest.get("Status") == "FAILED" else None


def _name(depth: Depth) -> str:
    return depth.arn.rsplit(":", 1)[-1]
