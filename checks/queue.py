"""Section 3-3: the job queue and its dead-letter queue.

Attributes only: a receive would hide a live job for up to an hour and burn one of its three deliveries.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

from academy_ops.contract import DLQ_SUFFIX, LOG_JOB_ENDED, LOG_OF_JOB, QUEUE_NAME, QUEUE_NAME_FORM
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.check import Check, Grant, Hop
from academy_ops.diagnosis.findings import FindingBuilder, present
from academy_ops.diagnosis.records import Finding, Json, Unavailable
from academy_ops.diagnosis.redact import MASK
from academy_ops.messages import say
from academy_ops.outside.clients import Target
from academy_ops.outside.time_limits import begin
from academy_ops.thresholds import (
    FEWEST_RECEIVES,
    LOST_SECONDS,
    SECOND_LOOK_SECONDS,
    SHORTEST_RETENTION_SECONDS,
    SHORTEST_VISIBILITY_SECONDS,
    STALLED_SECONDS,
    WAITED_SECONDS,
    minutes,
)
from checks.access import emulator_reason, region_reason
from checks.connection_words import any_sqs_unreachable
from checks.facts import Case, Depth, JobDocument, QueueFacts, QueueSettings
from checks.group_facts import WorkersFacts
from checks.host_facts import Container, LogLine, LogsFacts, WorkerLog
from checks.job_document import look_again
from checks.job_log import holder, last_line, left_behind
from checks.job_progress import active, job_of, of_other_tier, pending, waited_at_least, young
from checks.job_proof import proven_by_log
from checks.queue_attributes import depth, oldest_message
from checks.times import age, at_least, under
from checks.workers import past_boot, working

_NO_QUEUE: Final = re.compile("NonExistentQueue|QueueDoesNotExist")
_MAY_CONCEAL: Final = tuple(code for code, cause in CATALOGUE.items() if cause.section == "3-3")

_NO_MESSAGE: Final = say("The job is PENDING, but its message is gone; a worker's log mentions the job.")

Depths: TypeAlias = tuple[Depth | Unavailable | None, Depth | Unavailable | None]


def look(target: Target) -> Depths:
    """Read the attributes of the queue and of its dead-letter queue."""
    queue = _depth_in_time(target, target.settings.queue)
    return queue, _dead_letters(target, queue)


def observe(target: Target, case: Case, seen: Depths) -> QueueFacts:
    """Look again where the job waits and its queue was empty; ask for the oldest message's age where it decides."""
    queue, dead = seen
    if not isinstance(queue, Depth):
        elsewhere = QUEUE_NAME if queue is None and target.settings.queue != QUEUE_NAME else ""
        there = isinstance(_depth_in_time(target, elsewhere), Depth) if elsewhere else False
        return QueueFacts(queue, dead, default_there=there)
    document = job_of(case) if active(case) else None
    waited = pending(case) and not young(case, WAITED_SECONDS)
    ageless = document is None or age(case.observed_at, document.created_at) is None
    facts = QueueFacts(queue, dead, Unavailable("not-asked", "cloudwatch:GetMetricStatistics"))
    if (queue.total and ageless) or (queue.visible and not waited):
        point = begin("cloudwatch:GetMetricStatistics", partial(oldest_message, target, case), target.until)()
        oldest, measured = point if isinstance(point, tuple) else (point, None)
        facts = replace(facts, oldest_seconds=oldest, measured_seconds=measured)
        if _moves_decides(document, queue, oldest) and target.pause(SECOND_LOOK_SECONDS):
            return replace(facts, again=_depth_in_time(target, target.settings.queue))
    if queue.total == 0 and pending(case) and not young(case, LOST_SECONDS) and target.pause(SECOND_LOOK_SECONDS):
        again = _depth_in_time(target, target.settings.queue)
        return replace(facts, again=again, job_again=look_again(target, at_once=True))
    if _only_in_flight(queue) and waited:
        # A worker may have taken it between the looks at job and queue.
        return replace(facts, job_again=look_again(target))
    return facts


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
    if not isinstance(facts.queue, Depth) and not QUEUE_NAME_FORM.fullmatch(case.names["queue"].replace(MASK, "x")):
        yield build.fail("queue-missing", {"queue": case.names["queue"]}, reason="bad-name")
    elif isinstance(facts.queue, Unavailable):
        yield build.unknown(say("the queue"), facts.queue, _MAY_CONCEAL)
    elif facts.queue is None:
        if _nothing_there(case):
            everything = ("region", "queue", "group", "autoscaler_function", "parameter")
            there = {name: case.names[name] for name in everything if name in case.names}
            yield FindingBuilder("queue", "0", case.names).fail(
                "aws-wrong-region", there, reason=region_reason(case.names["region"]) or emulator_reason(case.access)
            )
        meant: dict[str, Json] = {"meant": QUEUE_NAME} if facts.default_there else {}
        reason = "wrong-name" if meant else _polled_elsewhere(case)
        yield build.fail("queue-missing", {"queue": case.names["queue"], **meant}, reason=reason)
    else:
        yield from _judge_depth(build, case, facts, facts.queue)


def _polled_elsewhere(case: Case) -> str | None:
    """Return in what a worker's queue, which is there as its log does not say otherwise, is another than the API's."""
    for host in case.inside.hosts:
        own, log = host.environment, case.inside.logs.get(host.instance_id)
        runs = host.container is not None and host.container.status == "running" and not host.container.restarts
        if runs and own and log and not any(_NO_QUEUE.search(line.text) for line in (*log.errors, *log.tail)):
            reasons = {"wrong-name": own.queue, "wrong-region": own.region}
            return next((reason for reason, compared in reasons.items() if compared == "different"), None)
    return None


def _nothing_there(case: Case) -> bool:
    """Return whether nothing that the academy owns in AWS is in this region."""
    workers, logs = case.workers, case.logs
    if not isinstance(workers, WorkersFacts) or not isinstance(logs, LogsFacts):
        return False
    return workers.group is None and workers.autoscaler is None and logs.parameter is None


def _judge_depth(build: FindingBuilder, case: Case, facts: QueueFacts, queue: Depth) -> Iterator[Finding]:
    dead = facts.dead_letters if isinstance(facts.dead_letters, Depth) else None
    evidence = _depth_evidence(case, facts, queue)
    given_up = None
    if queue.settings and queue.settings.max_receives is None:
        given_up = say("There are messages in the dead-letter queue.")
    gone = _message_gone(case, facts, queue)
    code = "queue-dead-letters" if gone and dead and dead.total else "message-lost" if gone else None
    not_named = "not-named" if queue.settings and queue.dead_letter_arn is None else None
    reason = not_named if code == "queue-dead-letters" else None
    if code is None and _not_consumed(case, facts, queue):
        code = "queue-not-consumed"
        unreachable = any_sqs_unreachable(case)
        reason = unreachable[0] if unreachable else "hung" if _hung(case) else None
        evidence |= {"log": [unreachable[1].text]} if unreachable else {}
    if code is None and _stuck(case, queue):
        code = "message-stuck"
    unseen = _unseen_again(case, facts, queue)
    if code:
        proven = proven_by_log(case)
        summary = _NO_MESSAGE if code == "message-lost" and last_line(case) else None
        yield build.fail(code, evidence, summary, reason=reason, explained_by={proven[0][0]} if proven else ())
    elif unseen:
        yield build.unknown(say("whether the job is still waiting"), unseen, ("message-lost", "queue-dead-letters"))
    warnings = list(_misconfigured(case, facts, queue))
    for why in warnings:
        yield build.warn("queue-misconfigured", evidence, reason=why)
    if dead and dead.total and code != "queue-dead-letters":
        yield build.warn("queue-dead-letters", evidence, None if not_named else given_up, reason=not_named)
    elif code is None and not warnings:
        summary = say(
            "Queue exists: {visible} waiting, {in_flight} in flight.", visible=queue.visible, in_flight=queue.in_flight
        )
        yield build.ok(summary, evidence)


def _misconfigured(case: Case, facts: QueueFacts, queue: Depth) -> Iterator[str]:
    """Name the attributes with which the queue loses or delays work."""
    own = queue.settings
    if own is None:
        return
    if queue.dead_letter_arn is None:
        yield "no-dead-letter-queue"
    elif facts.dead_letters is None:
        yield "dead-letter-queue-missing"
    elif own.max_receives is not None and own.max_receives < FEWEST_RECEIVES:
        yield "few-receives"
    if own.visibility_seconds is not None and own.visibility_seconds < SHORTEST_VISIBILITY_SECONDS:
        yield "short-visibility"
    # Where all messages are held back and the queue delays none, their senders do.
    by_sender = pending(case) and queue.total == queue.delayed > 0 and not young(case, LOST_SECONDS)
    if own.delay_seconds or by_sender:
        yield "delay"
    if own.retention_seconds is not None and own.retention_seconds < SHORTEST_RETENTION_SECONDS:
        yield "short-retention"


def _depth_evidence(case: Case, facts: QueueFacts, queue: Depth) -> dict[str, Json]:
    dead = facts.dead_letters if isinstance(facts.dead_letters, Depth) else None
    own = queue.settings or QueueSettings(None, None, None, None)
    evidence: dict[str, Json] = {
        "queue": case.names["queue"],
        "visible": queue.visible,
        "in_flight": queue.in_flight,
        "delayed": queue.delayed,
        "dead_letters": dead.total if dead else None,
    }
    return evidence | present(
        # By the names under which texts quote them.
        visibility_minutes=None if own.visibility_seconds is None else minutes(own.visibility_seconds),
        receives=own.max_receives,
        delay_seconds=own.delay_seconds or None,
        retention_seconds=own.retention_seconds,
        dlq=queue.dead_letter_arn if queue.settings else None,
        oldest_seconds=facts.oldest_seconds if isinstance(facts.oldest_seconds, float) else None,
        dlq_arn=dead.arn if dead and dead.total else None,
        instance=holder(case) if queue.in_flight else None,
    )


def _message_gone(case: Case, facts: QueueFacts, queue: Depth) -> bool:
    """Return whether the job waits, twice seen, while no message is left that could bring it to a worker."""
    again, job_again, dead = facts.again, facts.job_again, facts.dead_letters
    if of_other_tier(case):
        return False
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
    return next((seen for seen in (facts.again, facts.job_again) if isinstance(seen, Unavailable)), None)


def _moves_decides(document: JobDocument | None, queue: Depth, oldest: float | Unavailable | None) -> bool:
    """Return whether it would decide if messages that wait, but not as the job's own, are taken within seconds."""
    if not isinstance(oldest, float):
        return document is None
    return queue.visible > 0 and oldest >= WAITED_SECONDS and (document is not None or queue.in_flight > 0)


def _not_consumed(case: Case, facts: QueueFacts, queue: Depth) -> bool:
    if (
        not queue.visible
        or case.inside.booting().issuperset(past_boot(case))
        or _worked_lately(case)
        or not _have_waited(case, facts, queue)
    ):
        return False
    # A message in flight may be of a worker that is gone.
    return queue.in_flight == 0 or _hung(case) or any_sqs_unreachable(case) is not None


def _have_waited(case: Case, facts: QueueFacts, queue: Depth) -> bool:
    """Return whether messages have waited for two minutes, whatever the job's own age."""
    if pending(case) and waited_at_least(case, WAITED_SECONDS):
        return True
    if isinstance(facts.again, Depth) and facts.again.visible < queue.visible:
        return False
    oldest = facts.oldest_seconds
    if not isinstance(oldest, float):
        return not active(case) and waited_at_least(case, WAITED_SECONDS)
    # Where a worker has taken one since it was measured, it may have been that one.
    return oldest >= WAITED_SECONDS and not _worked_lately(case, facts.measured_seconds or 0)


def _hung(case: Case) -> bool:
    """Return whether every worker's log has been silent for two minutes, with no job in hand.

    A log without any line proves nothing, nor does one that holds errors only: some releases write no more. What an
    instance does that leaves or enters the group is not seen.
    """
    if case.group is None or any(instance.lifecycle != "InService" for instance in case.group.instances):
        return False
    running = case.inside.running() if _all_logs_seen(case.inside) else []
    return bool(running) and all(_silent(case, container, log) for container, log in running)


def _silent(case: Case, container: Container, log: WorkerLog) -> bool:
    since = age(case.observed_at, log.tail[-1].at) if log.tail else None
    works = _at_work(_of_jobs(container, log), container) or _at_work(log.of_job, container)
    writes_more = any(line not in log.errors for line in log.tail)
    return writes_more and at_least(since, STALLED_SECONDS if works else WAITED_SECONDS)


def _stuck(case: Case, queue: Depth) -> bool:
    """Return whether a message is in flight while no live worker works on one."""
    document = job_of(case)
    if document is None or not queue.in_flight or of_other_tier(case):
        return False
    if pending(case):
        # While others wait, the job's own message may be one of them.
        if left_behind(case) and waited_at_least(case, WAITED_SECONDS):
            return not _taken_since(case, document)
        left = _only_in_flight(queue) and not _taken_since(case, document)
        return left and waited_at_least(case, WAITED_SECONDS) and (working(case) == 0 or _busy(case) is False)
    # A worker that still runs may hold another job's message.
    ended = age(case.observed_at, document.updated_at)
    return not active(case) and at_least(ended, WAITED_SECONDS) and working(case) == 0


def _says(line: LogLine, markers: Sequence[str]) -> bool:
    return any(marker in line.text for marker in markers)


def _only_in_flight(queue: Depth) -> bool:
    return queue.in_flight > 0 and queue.visible == 0


def _taken_since(case: Case, document: JobDocument) -> bool:
    again = case.queue.job_again if isinstance(case.queue, QueueFacts) else None
    return isinstance(again, JobDocument) and again.status != document.status


def _in_hand(case: Case) -> bool:
    """Return whether a worker's log says that it has the job, or had it in the last two minutes."""
    running = case.inside.running()
    return any(_at_work(log.of_job, container) or _lately(case, log.of_job[-1:]) for container, log in running)


def _at_work(lines: Sequence[LogLine], container: Container) -> bool:
    """Return whether the last word of the process that runs now is not of a job's end."""
    written = [line for line in lines if container.wrote(line)]
    of_jobs = [line for line in written if _says(line, LOG_OF_JOB)]
    return bool(written) and not (of_jobs and _says(of_jobs[-1], LOG_JOB_ENDED))


def _busy(case: Case) -> bool | None:
    """Return whether a worker is in the middle of a job; None where a log could not be seen or says nothing at all."""
    for container, log in case.inside.running():
        if _at_work(log.of_job, container) or _at_work(_of_jobs(container, log), container):
            return True
    return _worked_lately(case) if _all_logs_seen(case.inside) else None


def _worked_lately(case: Case, seconds: float = WAITED_SECONDS) -> bool:
    """Return whether a worker wrote of a job in the last two minutes, or the last ``seconds``.

    Queue and log are not read in the same moment: a worker that has just ended one job and not yet taken the next
    must not look idle.
    """
    lines = [line for container, log in case.inside.running() for line in _of_jobs(container, log)]
    kept = [line for log in case.inside.archived().values() for line in (*log.of_job, *log.tail)]
    return _lately(case, lines + [line for line in kept if _says(line, LOG_OF_JOB)], seconds)


def _lately(case: Case, lines: Sequence[LogLine], seconds: float = WAITED_SECONDS) -> bool:
    return any(under(age(case.observed_at, line.at), seconds) for line in lines)


def _of_jobs(container: Container, log: WorkerLog) -> list[LogLine]:
    return [line for line in log.tail if _says(line, LOG_OF_JOB) and container.wrote(line)]


def _all_logs_seen(logs: LogsFacts) -> bool:
    """Return whether every worker that runs has shown what it does; one that does not run does nothing."""
    # A container goes on under a daemon that hangs.
    hidden = logs.unavailable_hosts or any(host.docker == "hung" for host in logs.hosts)
    seen = not isinstance(logs.online, Unavailable) and len(logs.hosts) == len(logs.online) and not hidden
    return seen and all(log.lines > 0 for _container, log in logs.running())


def _depth_in_time(target: Target, name: str) -> Depth | Unavailable | None:
    return begin("sqs:GetQueueAttributes", partial(depth, target, name), target.until)()


def _dead_letters(target: Target, queue: Depth | Unavailable | None) -> Depth | Unavailable | None:
    """Read the queue that RedrivePolicy names; ``<queue>-dlq`` only where there is none."""
    if isinstance(queue, Unavailable):
        return Unavailable("not-asked", "sqs:GetQueueAttributes")
    if queue is not None and queue.dead_letter_arn:
        return _depth_in_time(target, queue.dead_letter_arn.rsplit(":", 1)[-1])
    return _depth_in_time(target, target.settings.queue + DLQ_SUFFIX)


CHECK: Final = Check(
    name="queue",
    section="3-3",
    waits_for=say("the queue (read twice if the job is waiting)"),
    observe=observe,
    judge=judge,
    needs=("job",),
    reads=("access", "job", "workers", "logs"),
    prefetch=look,
    hops=(Hop(5, say("queue"), ("queue-", "message-")),),
    shows=("queue", "visible", "in_flight", "oldest_seconds", "dead_letters", "instance", "log"),
    grants=(
        Grant(
            "CheckQueue",
            ("sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
            ("arn:aws:sqs:{region}:{account}:{queue}", "arn:aws:sqs:{region}:{account}:{dead_letter_queue}"),
        ),
        Grant("CheckQueueAge", ("cloudwatch:GetMetricStatistics",)),
    ),
)
