"""What the workers' containers have logged, from wherever it can be read; for the command ``logs``."""

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from academy_ops.contract import LOG_JOB_FAILED
from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside import host_scripts
from academy_ops.outside.clients import Connections, Target
from checks import cloudwatch_logs
from checks.group_facts import Group
from checks.host_facts import LogsFacts
from checks.log_forms import event_in, job_in
from checks.worker_group import read_group
from checks.worker_hosts import LARGEST_COMMAND, ONLINE, ask, read_pings, run_script

_COUNT: Final = re.compile(r"lines=(\d{1,9})", re.ASCII)
_TIMED: Final = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) ?(?P<text>.*)")


@dataclass(frozen=True, slots=True)
class Logged:
    """A line of a worker's log.

    Attributes:
        time: When Docker received it, in RFC 3339 and UTC; its texts sort as its times do.
        text: The line, without secrets and control characters.
    """

    time: str
    instance: str
    text: str


@dataclass(frozen=True, slots=True)
class InstanceLog:
    """The end of one worker's log.

    Attributes:
        lines: Its lines, oldest first.
        left_out: How many older lines there are that are not here.
    """

    lines: tuple[Logged, ...]
    left_out: int = 0


class LogSource(Protocol):
    """A place where the workers' logs can be read.

    Attributes:
        asks_hosts: Whether it sends a command to the hosts, which is slow where there are many.
    """

    asks_hosts: bool

    def read(self, target: Target, instances: Sequence[str], since: int) -> Mapping[str, InstanceLog | Unavailable]:
        """Return for each instance its log of the last seconds, or why it could not be read.

        Where the target has a job, only the lines that name it.
        """


class DockerThroughSsm:
    """Docker's own log on each host, read by the SSM agent there; SSM keeps 24,000 characters of it."""

    asks_hosts = True

    def read(self, target: Target, instances: Sequence[str], since: int) -> Mapping[str, InstanceLog | Unavailable]:
        """Read them in one command; an instance whose agent is offline is not asked."""
        pings = read_pings(target, instances)
        if isinstance(pings, Unavailable):
            return dict.fromkeys(instances, pings)
        script = host_scripts.log_lines(target.settings.worker, target.job_id, since)
        outputs = run_script(target, [instance for instance in instances if pings.get(instance) == ONLINE], script)
        offline = Unavailable("offline", "ssm:DescribeInstanceInformation")
        return {
            instance: read_lines(instance, outputs.get(instance, offline), target.connect) for instance in instances
        }


class CloudWatchLogs:
    """The log group of Docker's awslogs driver, which also holds what instances that are gone have logged."""

    asks_hosts = False

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Connections, cloudwatch_logs.Place | None] = WeakKeyDictionary()

    def read(self, target: Target, instances: Sequence[str], since: int) -> Mapping[str, InstanceLog | Unavailable]:
        """Read the group, where it is known; instances that were not asked for may be among what it holds."""
        start = datetime.now(UTC) - timedelta(seconds=since)
        named = cloudwatch_logs.configured(target.settings)
        found = cloudwatch_logs.since(target, named, start) if named else None
        # Where nothing is set, or nothing there: what the containers say.
        if (found is None or isinstance(found, Unavailable) or not found[0]) and (own := self._of_container(target)):
            found = cloudwatch_logs.since(target, own, start) if own != named else found
        if found is None:
            return {}
        if isinstance(found, Unavailable):
            return dict.fromkeys(instances or (found.tried,), found)
        events, _complete = found
        lines: dict[str, list[Logged]] = {name: [] for name in instances}
        for event in events:
            instance = cloudwatch_logs.instance_of(event.stream)
            at = f"{event.at:%Y-%m-%dT%H:%M:%S.%fZ}"
            lines.setdefault(instance, []).append(Logged(at, instance, event.text))
        return {instance: InstanceLog(tuple(own)) for instance, own in lines.items()}

    def _of_container(self, target: Target) -> cloudwatch_logs.Place | None:
        """Return the group that a container in service writes to by Docker's word; it is asked once."""
        if target.connect not in self._known:
            group = read_group(target)
            ids = [instance.instance_id for instance in group.in_service] if isinstance(group, Group) else []
            pings = read_pings(target, ids)
            online = [] if isinstance(pings, Unavailable) else [name for name in ids if pings.get(name) == ONLINE]
            hosts, logs, _ = ask(target, online[:1], secrets.token_hex(16))
            places = cloudwatch_logs.places_of(target.settings, LogsFacts({}, hosts, logs=logs))
            self._known[target.connect] = next(iter(places), None)
        return self._known[target.connect]


SOURCES: Final[tuple[LogSource, ...]] = (DockerThroughSsm(), CloudWatchLogs())
"""In the order in which they are asked; one that comes later is asked for what the ones before could not read."""


@dataclass(frozen=True, slots=True)
class Logs:
    """What all workers have logged.

    Attributes:
        instances: The instances in service, in the group's order.
        lines: Their lines, oldest first.
        left_out: How many older lines an instance has that are not here.
    """

    instances: tuple[str, ...]
    lines: tuple[Logged, ...]
    left_out: Mapping[str, int]
    unavailable: Mapping[str, Unavailable]


def read(target: Target, since: int, *, gone: bool = False) -> Logs | Unavailable | None:
    """Read the logs of every instance in service; only the lines that name the target's job, where it has one.

    They go back ``since`` seconds; those of instances that are ``gone`` are read, too, where others tell something.
    """
    group = read_group(target)
    if group is None or isinstance(group, Unavailable):
        return group
    ids = tuple(instance.instance_id for instance in group.in_service)
    found: dict[str, InstanceLog] = {}
    unavailable: dict[str, Unavailable] = {}
    # To ask a large fleet's hosts takes a command for every fifty of them.
    large = len(ids) > LARGEST_COMMAND and target.settings.log_group is not None
    for source in sorted(SOURCES, key=lambda source: large and source.asks_hosts):
        unread = [name for name in ids if name not in found]
        spoken = any(log.lines for log in found.values())
        if not unread and not gone and (spoken or (ids and target.job_id is None)):
            break
        for instance, log in source.read(target, unread, since).items():
            if isinstance(log, InstanceLog):
                found.setdefault(instance, log)
                unavailable.pop(instance, None)
            else:
                unavailable.setdefault(instance, log)
    lines = sorted((line for log in found.values() for line in log.lines), key=lambda line: line.time)
    left_out = {instance: log.left_out for instance, log in found.items() if log.left_out}
    return Logs(ids, tuple(lines), left_out, unavailable)


def only(logs: Logs, *, jobs: Collection[str] | None = None, failed: bool = False, text: str = "") -> Logs:
    """Return what is asked for of what was read.

    Args:
        logs: What the workers have logged.
        jobs: Only lines of these jobs, each with the lines that follow it and name no job: its traceback.
        failed: Only lines of jobs that failed in these logs, likewise.
        text: Only lines that hold this text, in whatever case.
    """
    wanted: set[str | None] | None = set(jobs) if jobs is not None else None
    if failed:
        bad = {job_in(line.text) for line in logs.lines if event_in(line.text) in LOG_JOB_FAILED} - {None}
        wanted = bad if wanted is None else wanted & bad
    last: dict[str, str | None] = {}
    kept: list[Logged] = []
    for line in logs.lines:
        last[line.instance] = job_in(line.text) or last.get(line.instance)
        of_them = wanted is None or last[line.instance] in wanted
        if of_them and text.lower() in line.text.lower():
            kept.append(line)
    return replace(logs, lines=tuple(kept))


def read_lines(instance: str, output: str | Unavailable, connect: Connections) -> InstanceLog | Unavailable:
    """Read what the script wrote on one instance; of too much only the end comes, and its first line not whole."""
    if isinstance(output, Unavailable):
        return output
    head, _, rest = output.partition("\n")
    count = _COUNT.fullmatch(head)
    if count is None:
        return Unavailable("unexpected-answer", "AWS-RunShellScript")
    timed = (_TIMED.fullmatch(line) for line in rest.split("\n"))
    lines = tuple(Logged(line["time"], instance, connect.clean(line["text"])) for line in timed if line)
    return InstanceLog(lines, max(0, int(count[1]) - len(lines)))
