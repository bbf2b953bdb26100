"""Section 3-3: the job queue and its dead-letter queue.

Attributes only: a receive would hide a live job for up to an hour and burn one of its three deliveries.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final, TypeAlias

from botocore.parsers import ResponseParserError

from academy_ops.contract import DLQ_SUFFIX, LOG_JOB_ENDED, LOG_OF_JOB
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.check import Check, Grant, Hop
from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, Json, Unavailable
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.outside.time_limits import begin
from academy_ops.thresholds import LOST_SECONDS, SECOND_LOOK_SECONDS, WAITED_SECONDS
from checks.facts import Case, Container, Depth, JobDocument, LogLine, LogsFacts, QueueFacts, WorkerLog
from checks.job import active, job_of, log_speaks, look_again, pending, proven_by_log, waited_at_least, young
from checks.times import age
from checks.workers import past_boot, working

QUEUE_MISSING: Final = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
_MAY_CONCEAL: Final = tuple(code for code, cause in CATALOGUE.items() if cause.section == "3-3")

_NO_MESSAGE: Final = say("The job is PENDING, but no message for it is left; a worker's log speaks of it.")

Depths: TypeAlias = tuple[Depth | Unavailable | None, Depth | Unavailable | None]


def look(target: Target) -> Depths:
    """Read the attributes of the queue and of its dead-letter queue."""
    queue = _depth_in_time(target, target.settings.queue)
    return queue, _dead_letters(target, queue)


def observe(target: Target, case: Case, seen: Depths) -> QueueFacts:
    """Look again where the job waits and its queue was empty; ask for the oldest message's age where it decides."""
    queue, dead = seen
    if not isinstance(queue, Depth):
        return QueueFacts(queue, dead)
    document = job_of(case)
    oldest: float | Unavailable | None = Unavailable("not-asked", "cloudwatch:GetMetricStatistics")
    if queue.total and (document is None or age(case.observed_at, document.created_at) is None):
        oldest = begin("cloudwatch:GetMetricStatistics", partial(_oldest, target, case), target.until)()
        if document is None and not isinstance(oldest, float) and target.pause(SECOND_LOOK_SECONDS):
            return QueueFacts(queue, dead, oldest, again=_depth_in_time(target, target.settings.queue))
    if queue.total == 0 and pending(case) and not young(case, LOST_SECONDS) and target.pause(SECOND_LOOK_SECONDS):
        again = _depth_in_time(target, target.settings.queue)
        return QueueFacts(queue, dead, oldest, again, look_again(target, at_once=True))
    if _only_in_flight(queue) and pending(case) and not young(case, WAITED_SECONDS):
        # A worker may have taken it between the looks at job and queue.
        return QueueFacts(queue, dead, oldest, job_again=look_again(target))
    return QueueFacts(queue, dead, oldest)


def judge(case: Case) -> Iterator[Finding]:
    """Distinguish a missing queue, a lost message, one that nobody takes and one that nobody finishes."""
    build = FindingBuilder("queue", "3-3", case.names)
    facts = case.queue
    if isinstance(facts, Unavailable):
        yield build.unknown(say("the queue"), facts, _MAY_CONCEAL)
        return
    for what, part, may_conceal in (
        (say("the dead-letter queue"), facts.dead_letters, ("queue-dead-letters", "message-lost")),
        (say("the age of the oldest message"), facts.oldest_seconds, ("queue-not-consumed",)),
    ):
        if isinstance(part, Unavailable) and part.reason != "not-asked":
            yield build.unknown(what, part, may_conceal)
    if isinstance(facts.queue, Unavailable):
        yield build.unknown(say("the queue"), facts.queue, _MAY_CONCEAL)
    elif facts.queue is None:
        yield build.fail("queue-missing", {"queue": case.names["queue"]})
    else:
        yield from _judge_depth(build, case, facts, facts.queue)


def _judge_depth(build: FindingBuilder, case: Case, facts: QueueFacts, queue: Depth) -> Iterator[Finding]:
    dead = facts.dead_letters if isinstance(facts.dead_letters, Depth) else None
    evidence: dict[str, Json] = {
        "queue": case.names["queue"],
        "visible": queue.visible,
        "in_flight": queue.in_flight,
        "delayed": queue.delayed,
        "dead_letters": dead.total if dead else None,
    }
    if dead and dead.total:
        evidence["dlq_arn"] = dead.arn
    gone = _message_gone(case, facts, queue)
    code = "queue-dead-letters" if gone and dead and dead.total else "message-lost" if gone else None
    if code is None and _not_consumed(case, queue):
        code = "queue-not-consumed"
    if code is None and _stuck(case, queue):
        code = "message-stuck"
    unseen = _unseen_again(case, facts, queue)
    if code:
        proven = proven_by_log(case)
        summary = _NO_MESSAGE if code == "message-lost" and log_speaks(case) else None
        yield build.fail(code, evidence, summary, explained_by={proven[0][0]} if proven else ())
    elif unseen:
        yield build.unknown(say("whether the job still waits"), unseen, ("message-lost", "queue-dead-letters"))
    if dead and dead.total and code != "queue-dead-letters":
        yield build.warn("queue-dead-letters", evidence)
    elif code is None:
        summary = say(
            "The queue is there: {visible} waiting, {in_flight} in flight.",
            visible=queue.visible,
            in_flight=queue.in_flight,
        )
        yield build.ok(summary, evidence)


def _message_gone(case: Case, facts: QueueFacts, queue: Depth) -> bool:
    """Return whether the job waits, twice seen, while no message is left that could bring it to a worker."""
    again, job_again, dead = facts.again, facts.job_again, facts.dead_letters
    if not isinstance(again, Depth) or not isinstance(job_again, JobDocument) or isinstance(dead, Unavailable):
        return False
    before = job_of(case)
    still = before is not None and job_again.status == before.status
    # A dead letter was received three times before; without one, a worker may still have the job.
    given_up = dead is not None and dead.total > 0
    return still and queue.total == 0 and again.total == 0 and (given_up or not _in_hand(case))


def _unseen_again(case: Case, facts: QueueFacts, queue: Depth) -> Unavailable | None:
    """Return why a second look that would decide could not be taken."""
    if queue.total or not pending(case) or young(case, LOST_SECONDS):
        return None
    return next((one for one in (facts.again, facts.job_again) if isinstance(one, Unavailable)), None)


def _not_consumed(case: Case, queue: Depth) -> bool:
    waits = queue.visible > 0 and queue.in_flight == 0 and waited_at_least(case, WAITED_SECONDS)
    return waits and bool(past_boot(case)) and not _worked_lately(case)


def _stuck(case: Case, queue: Depth) -> bool:
    """Return whether a message is in flight while no live worker works on one."""
    document = job_of(case)
    if document is None or not queue.in_flight:
        return False
    if pending(case):
        # While others wait, the job's own message may be one of them.
        left = _only_in_flight(queue) and not _taken_since(case, document)
        return left and waited_at_least(case, WAITED_SECONDS) and (working(case) == 0 or _busy(case) is False)
    # A worker that still runs may hold another job's message.
    ended = age(case.observed_at, document.updated_at)
    return not active(case) and ended is not None and ended >= WAITED_SECONDS and working(case) == 0


def _says(line: LogLine, markers: Sequence[str]) -> bool:
    return any(marker in line.text for marker in markers)


def _only_in_flight(queue: Depth) -> bool:
    return queue.in_flight > 0 and queue.visible == 0


def _taken_since(case: Case, document: JobDocument) -> bool:
    again = case.queue.job_again if isinstance(case.queue, QueueFacts) else None
    return isinstance(again, JobDocument) and again.status != document.status


def _in_hand(case: Case) -> bool:
    """Return whether a worker's log says that it has the job, or had it in the last two minutes."""
    running = case.logs.running() if isinstance(case.logs, LogsFacts) else []
    return any(_at_work(log.of_job, container) or _lately(case, log.of_job[-1:]) for container, log in running)


def _at_work(lines: Sequence[LogLine], container: Container) -> bool:
    """Return whether the last word of the process that runs now is not of a job's end."""
    written = [line for line in lines if container.wrote(line)]
    of_jobs = [line for line in written if _says(line, LOG_OF_JOB)]
    return bool(written) and not (of_jobs and _says(of_jobs[-1], LOG_JOB_ENDED))


def _busy(case: Case) -> bool | None:
    """Return whether a worker is in the middle of a job; None where a log could not be seen or says nothing at all."""
    if isinstance(case.logs, Unavailable):
        return None
    for container, log in case.logs.running():
        if _at_work(log.of_job, container) or _at_work(_of_jobs(container, log), container):
            return True
    return None if not _all_logs_seen(case.logs) else _worked_lately(case)


def _worked_lately(case: Case) -> bool:
    """Return whether a worker wrote of a job in the last two minutes.

    Queue and log are not read in the same moment: a worker that has just ended one job and not yet taken the next
    must not look idle.
    """
    running = case.logs.running() if isinstance(case.logs, LogsFacts) else []
    return _lately(case, [line for container, log in running for line in _of_jobs(container, log)])


def _lately(case: Case, lines: Sequence[LogLine]) -> bool:
    ages = [age(case.observed_at, line.at) for line in lines]
    return any(known is not None and known < WAITED_SECONDS for known in ages)


def _of_jobs(container: Container, log: WorkerLog) -> list[LogLine]:
    return [line for line in log.tail if _says(line, LOG_OF_JOB) and container.wrote(line)]


def _all_logs_seen(logs: LogsFacts) -> bool:
    """Return whether every worker that runs has shown what it does; one that does not run does nothing."""
    seen = not isinstance(logs.online, Unavailable) and len(logs.hosts) == len(logs.online)
    return seen and all(log.lines > 0 for _container, log in logs.running())


def depth(target: Target, name: str) -> Depth | Unavailable | None:
    """Read one queue's attributes; None when there is no such queue."""
    action = "sqs:GetQueueUrl"
    try:
        sqs = target.connect.aws("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        action = "sqs:GetQueueAttributes"
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return Depth(
            arn=target.connect.clean(attributes["QueueArn"]),
            visible=_count(attributes, "ApproximateNumberOfMessages"),
            in_flight=_count(attributes, "ApproximateNumberOfMessagesNotVisible"),
            delayed=_count(attributes, "ApproximateNumberOfMessagesDelayed"),
            dead_letter_arn=_redrive_target(target.connect.clean(attributes.get("RedrivePolicy", ""))),
        )
    except AWS_ERRORS as error:
        return None if error_code(error) in QUEUE_MISSING else target.connect.unseen(error, action)


def _depth_in_time(target: Target, name: str) -> Depth | Unavailable | None:
    return begin("sqs:GetQueueAttributes", partial(depth, target, name), target.until)()


def _count(attributes: Mapping[str, str], name: str) -> int:
    """Read a number; half an answer must not look like an empty queue."""
    if not attributes[name].isdecimal():
        raise ResponseParserError(f"{name} is not a number")
    return int(attributes[name])


def _dead_letters(target: Target, queue: Depth | Unavailable | None) -> Depth | Unavailable | None:
    """Read the queue that RedrivePolicy names; ``<queue>-dlq`` only where there is none."""
    if isinstance(queue, Unavailable):
        return Unavailable("not-asked", "sqs:GetQueueAttributes")
    if queue is not None and queue.dead_letter_arn:
        return _depth_in_time(target, queue.dead_letter_arn.rsplit(":", 1)[-1])
    return _depth_in_time(target, target.settings.queue + DLQ_SUFFIX)


def _oldest(target: Target, case: Case) -> float | Unavailable | None:
    """Return the age in seconds of the oldest message, as CloudWatch last knew it."""
    try:
        points = target.connect.aws("cloudwatch").get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": target.settings.queue}],
            StartTime=case.observed_at - timedelta(minutes=10),
            EndTime=case.observed_at,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        latest = max(points, key=lambda point: point["Timestamp"], default=None)
        return float(latest["Maximum"]) if latest else None
    except AWS_ERRORS as error:
        return target.connect.unseen(error, "cloudwatch:GetMetricStatistics")


def _redrive_target(policy: str) -> str | None:
    try:
        target = json.loads(policy or "{}").get("deadLetterTargetArn")
    except (ValueError, AttributeError):
        return None
    return target if isinstance(target, str) else None


CHECK: Final = Check(
    name="queue",
    section="3-3",
    waits_for=say("the queue; where the job waits, a second look"),
    observe=observe,
    judge=judge,
    needs=("job",),
    reads=("job", "workers", "logs"),
    prefetch=look,
    hops=(Hop(5, say("queue"), ("queue-", "message-")),),
    shows=("queue", "visible", "in_flight", "dead_letters"),
    grants=(
        Grant(
            "CheckQueue",
            ("sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
            ("arn:aws:sqs:{region}:{account}:{queue}", "arn:aws:sqs:{region}:{account}:{dead_letter_queue}"),
        ),
        Grant("CheckQueueAge", ("cloudwatch:GetMetricStatistics",)),
    ),
)
