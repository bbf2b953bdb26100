"""What the workers' containers have logged, read through SSM; for the command ``logs``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside import host_scripts
from academy_ops.outside.clients import Connections, Target
from checks.worker_group import read_group
from checks.worker_hosts import online_agents, run_script

_COUNT: Final = re.compile(r"lines=(\d{1,9})", re.ASCII)
_TIMED: Final = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) ?(?P<text>.*)")


@dataclass(frozen=True, slots=True)
class Logged:
    """A line of a worker's log.

    Attributes:
        time: When Docker received it, in RFC 3339 and UTC; its texts sort as its times do.
        instance: The worker's instance.
        text: The line, without secrets and control characters.
    """

    time: str
    instance: str
    text: str


@dataclass(frozen=True, slots=True)
class Logs:
    """What all workers told.

    Attributes:
        instances: The instances in service, in the group's order.
        lines: Their lines, oldest first.
        left_out: How many older lines an instance has that are not here: SSM takes a small output only.
        unseen: Why an instance told nothing.
        offline: Those of the instances whose SSM agent is offline.
    """

    instances: tuple[str, ...]
    lines: tuple[Logged, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    unseen: Mapping[str, Unavailable] = field(default_factory=dict)
    offline: tuple[str, ...] = ()

    @property
    def mute(self) -> frozenset[str]:
        """The instances that told nothing."""
        return frozenset((*self.unseen, *self.offline))


def read(target: Target, since: int) -> Logs | Unavailable | None:
    """Read the logs of every instance in service; only the lines that name the target's job, where it has one.

    Args:
        target: The group, the workers' container, and until when an answer is waited for.
        since: How far to go back, in seconds.

    Returns:
        What they told, why the group could not be read, or None when there is no such group.
    """
    group = read_group(target)
    if group is None or isinstance(group, Unavailable):
        return group
    ids = tuple(one.instance_id for one in group.instances if one.lifecycle == "InService")
    online = online_agents(target, ids)
    if isinstance(online, Unavailable):
        return Logs(ids, unseen=dict.fromkeys(ids, online))
    asked = [one for one in ids if online[one]]
    told = run_script(target, asked, host_scripts.log_lines(target.settings.worker, target.job_id, since))
    read_of = {
        one: output if isinstance(output, Unavailable) else read_lines(one, output, target.connect)
        for one, output in told.items()
    }
    lines = [line for one in read_of.values() if not isinstance(one, Unavailable) for line in one[1]]
    left_out = {
        instance: one[0] - len(one[1])
        for instance, one in read_of.items()
        if not isinstance(one, Unavailable) and one[0] > len(one[1])
    }
    unseen = {instance: one for instance, one in read_of.items() if isinstance(one, Unavailable)}
    offline = tuple(one for one in ids if not online[one])
    return Logs(ids, tuple(sorted(lines, key=lambda line: line.time)), left_out, unseen, offline)


def read_lines(instance: str, output: str, connect: Connections) -> tuple[int, list[Logged]] | Unavailable:
    """Read what the script wrote on one instance.

    Returns:
        How many lines there are, and those of them that came whole, for of too much only the end comes; or that
        the output is not the script's.
    """
    head, _, rest = output.partition("\n")
    count = _COUNT.fullmatch(head)
    if count is None:
        return Unavailable("unexpected-answer", "AWS-RunShellScript")
    timed = (_TIMED.fullmatch(line) for line in rest.split("\n"))
    return int(count[1]), [Logged(line["time"], instance, connect.clean(line["text"])) for line in timed if line]
