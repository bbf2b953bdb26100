"""CloudWatch Logs: the workers' logs by Docker's awslogs driver, which outlive their instances."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from botocore.parsers import ResponseParserError

from academy_ops.contract import LOG_JOB_FAILED
from academy_ops.diagnosis.records import NOT_ASKED, Unavailable
from academy_ops.outside.clients import Target
from academy_ops.outside.failures import AWS_ERRORS, error_code
from academy_ops.outside.time_limits import begin, gather, left
from academy_ops.settings import Settings
from academy_ops.thresholds import COMPLAINT_SECONDS, TRACEBACK_SECONDS
from checks.host_facts import Archive, LogLine, LogsFacts, WorkerLog

ACTION: Final = "logs:FilterLogEvents"
_BACK: Final = tuple(timedelta(hours=hours) for hours in (3, 72, 720))
"""How far a job's lines are looked for, the nearest first; the last is as long as they are kept."""
_PAGES: Final = 10
"""For one question; a page may be empty and still not be the last."""
_FAILURES: Final = 3
"""So many of a job's failures are read with what follows them."""
_FEW_SECONDS: Final = 60
_LONGEST_LINE: Final = 1000
_NOTHING: Final = WorkerLog(0, (), (), ())
_PLACES: Final = 3
_ARN: Final = re.compile(r"arn:[a-z-]{1,20}:logs:([a-z0-9-]{1,30}):")
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]{1,12}){1,3}-\d{1,2}")
_OTHER_CLASS: Final = re.compile(r"log[ -]group[ -]class|log class|\bINFREQUENT_ACCESS\b", re.IGNORECASE)
_OF_KEY: Final = re.compile(r"ciphertext refers to|\bKMS\b|\bKMS[A-Z]\w+Exception|:key/", re.IGNORECASE)
_INSTANCE: Final = re.compile(r"i-[0-9a-f]{6,17}")


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a log, with the stream that it stands in."""

    stream: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where logs are kept.

    Attributes:
        region: Its region; empty for the one that is configured.
    """

    group: str
    region: str = ""


def configured(settings: Settings) -> Place | None:
    """Return the log group that is set, in the region that its ARN names where it is given by one."""
    if settings.log_group is None:
        return None
    arn = _ARN.match(settings.get("AI_WORKER_LOG_GROUP") or "")
    return _place(settings, settings.log_group, arn[1] if arn else "")


def places_of(settings: Settings, facts: LogsFacts) -> tuple[Place, ...]:
    """Return where the containers write to by Docker's word: mostly one, and two while that is being changed."""
    drivers = (host.container.log_driver for host in facts.hosts if host.container)
    found = (_place(settings, driver.group, driver.region) for driver in drivers if driver and driver.group)
    return tuple(dict.fromkeys(found))[:_PLACES]


def _place(settings: Settings, group: str, region: str) -> Place:
    return Place(group, "" if region == settings.region or not _REGION.fullmatch(region) else region)


def begin_job(target: Target, place: Place | None, now: datetime) -> Callable[[], Archive | Unavailable]:
    """Look for the target's job from now on; return what waits for it."""
    if place is None or target.job_id is None:
        return lambda: NOT_ASKED
    return begin(ACTION, partial(of_job, target, place, now), target.until)


def read_rest(  # noqa: PLR0917 - what the hosts have told, and where to look for the rest
    target: Target, place: Place, now: datetime, facts: LogsFacts, in_service: Sequence[str], job: Archive | Unavailable
) -> Archive | Unavailable:
    """Return what the hosts have not told, of the group's instances and of the job."""
    seen = {instance for instance, log in facts.logs.items() if log.lines}
    latest: Archive | Unavailable = NOT_ASKED
    if not seen or not seen.issuperset(in_service):
        latest = begin(ACTION, partial(recent, target, place, now), target.until)()
    if isinstance(job, Unavailable) and isinstance(latest, Unavailable):
        return job if job != NOT_ASKED else latest if latest != NOT_ASKED else _archive(place, {})
    of_job = {} if isinstance(job, Unavailable) else job.logs
    tails = {} if isinstance(latest, Unavailable) else latest.logs
    logs: dict[str, WorkerLog] = {}
    for name in {**of_job, **tails}:
        lines = () if name in facts.logs and facts.logs[name].of_job else of_job.get(name, _NOTHING).of_job
        tail = () if name in seen else tails.get(name, _NOTHING).tail
        if lines or tail:
            logs[name] = WorkerLog(len(lines) + len(tail), lines, (), tail)
    complete = all(archive.complete for archive in (job, latest) if isinstance(archive, Archive))
    return _archive(place, logs, complete=complete)


def merged(found: Sequence[Archive | Unavailable]) -> Archive | Unavailable:
    """Return what is kept in several places as one: the first that could be read names it."""
    read = [archive for archive in found if isinstance(archive, Archive)]
    if not read:
        return found[0]
    logs = {name: log for archive in reversed(read) for name, log in archive.logs.items()}
    return replace(read[0], logs=logs, complete=len(read) == len(found) and all(archive.complete for archive in read))


def _archive(place: Place, logs: Mapping[str, WorkerLog], *, complete: bool = True) -> Archive:
    return Archive(place.group, logs, complete, region=place.region)


def with_archive(facts: LogsFacts, archive: Archive | Unavailable) -> LogsFacts:
    """Return what the hosts have told, with the logs of containers that Docker can't read in their place."""
    if isinstance(archive, Unavailable):
        return replace(facts, archive=archive)
    read = {name: archive.logs[name] for name, log in facts.logs.items() if not log.lines and name in archive.logs}
    kept = {name: log for name, log in archive.logs.items() if name not in read}
    return replace(facts, logs={**facts.logs, **read}, archive=replace(archive, logs=kept))


def of_job(target: Target, place: Place, now: datetime) -> Archive | Unavailable:
    """Return what all workers have written of the target's job, each failure of it with the lines that follow."""
    asked = {"filterPattern": f'"{target.job_id}"'}
    names_it = re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(target.job_id or '')}(?![A-Za-z0-9_-])")
    found: list[Event] = []
    whole, until = True, now + timedelta(minutes=1)
    try:
        for back in _BACK:
            events, complete = _events(target, place, now - back, until, **asked)
            found = [event for event in events if names_it.search(event.text)]
            whole, until = whole and complete, now - back
            if found:
                break
        failures = [failure for failure in found if any(marker in failure.text for marker in LOG_JOB_FAILED)]
        following = [(ACTION, partial(_following, target, place, failure)) for failure in failures[-_FAILURES:]]
        for more in gather(following, target.until):
            found += () if isinstance(more, Unavailable) else more
    except AWS_ERRORS as error:
        return _unseen(target, place, error)
    return _archive(place, _by_instance(found, of_job=True), complete=whole)


def recent(target: Target, place: Place, now: datetime) -> Archive | Unavailable:
    """Return what the workers have written in the last minutes."""
    asked = {"logStreamNamePrefix": f"{target.settings.worker}/"}
    try:
        events, complete = _events(target, place, now - timedelta(seconds=COMPLAINT_SECONDS), None, **asked)
        if not complete:
            # The oldest come first, and the newest decide.
            events, complete = _events(target, place, now - timedelta(seconds=_FEW_SECONDS), None, **asked)
        elif not events:
            # The streams may be named otherwise; the group may be others', too.
            found, complete = _events(target, place, now - timedelta(seconds=COMPLAINT_SECONDS), None)
            events = [
                event for event in found if _INSTANCE.search(event.stream) or target.settings.worker in event.stream
            ]
    except AWS_ERRORS as error:
        return _unseen(target, place, error)
    return _archive(place, _by_instance(events, of_job=False), complete=complete)


def since(target: Target, place: Place, start: datetime) -> tuple[list[Event], bool] | Unavailable:
    """Return what has been written since then, and whether that is all; only the target's job, where it has one."""
    asked = {"filterPattern": f'"{target.job_id}"'} if target.job_id else {}
    try:
        return _events(target, place, start, None, **asked)
    except AWS_ERRORS as error:
        return _unseen(target, place, error)


def instance_of(stream: str) -> str:
    """Return the instance that a stream's name ends in; the stream's name where it names none."""
    found = _INSTANCE.findall(stream)
    return found[-1] if found else stream


def _following(target: Target, place: Place, failure: Event) -> list[Event] | Unavailable:
    """Return what stands in the same stream right after a line."""
    ends = failure.at + timedelta(seconds=TRACEBACK_SECONDS)
    try:
        return _events(target, place, failure.at, ends, logStreamNames=[failure.stream])[0]
    except AWS_ERRORS as error:
        return _unseen(target, place, error)


def _events(
    target: Target,
    place: Place,
    start: datetime,
    end: datetime | None,
    **asked: Any,  # noqa: ANN401 - as boto3 takes them
) -> tuple[list[Event], bool]:
    """Return the events of a time, the oldest first, and whether these are all.

    Raises:
        AWS_ERRORS: The first page can't be had.
    """
    client = target.connect.aws("logs", place.region)
    clean = target.connect.clean
    asked |= {"logGroupName": place.group, "startTime": _milliseconds(start)}
    if end:
        asked["endTime"] = _milliseconds(end)
    found: list[Event] = []
    for page in range(_PAGES):
        if not left(target.until):
            break
        try:
            answer = client.filter_log_events(**asked)
        except AWS_ERRORS:
            if page:
                break
            raise
        found += (event for written in answer.get("events", ()) for event in _lines(written, clean))
        token = answer.get("nextToken")
        if not token or token == asked.get("nextToken"):
            return found, True
        asked["nextToken"] = token
    return found, False


def _lines(event: Mapping[str, Any], clean: Any) -> Iterable[Event]:  # noqa: ANN401 - a method of Connections
    """Take an event apart: a driver that joins lines makes one event of a whole traceback."""
    try:
        at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ResponseParserError("a time is out of range") from error
    stream = clean(event["logStreamName"])
    for text in event["message"].split("\n"):
        if text.strip():
            yield Event(stream, at, clean(text.rstrip("\r"))[:_LONGEST_LINE])


def _by_instance(events: Sequence[Event], *, of_job: bool) -> dict[str, WorkerLog]:
    lines: dict[str, dict[LogLine, None]] = {}
    for event in sorted(events, key=lambda event: event.at):
        lines.setdefault(instance_of(event.stream), {})[LogLine(event.at, event.text)] = None
    return {
        instance: WorkerLog(len(own), tuple(own) if of_job else (), (), () if of_job else tuple(own))
        for instance, own in lines.items()
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _unseen(target: Target, place: Place, error: Exception) -> Unavailable:
    words = target.connect.clean(str(error))
    if error_code(error) == "ResourceNotFoundException":
        return Unavailable("not-found", place.group, words)
    if _OTHER_CLASS.search(words):
        return Unavailable("log-class", place.group, words)
    # Who may not use the key by a policy of its own is told which action it lacks.
    if _OF_KEY.search(words) and "not authorized to perform" not in words:
        return Unavailable("log-key", place.group, words)
    return target.connect.unseen(error, ACTION)
