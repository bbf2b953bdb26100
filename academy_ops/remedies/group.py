"""The worker group as the remedies need it: looked at afresh, and followed until its workers poll."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from academy_ops.contract import LOG_RECEIVED
from academy_ops.diagnosis.findings import because
from academy_ops.diagnosis.records import Reason, Unavailable
from academy_ops.messages import Text, say
from academy_ops.outside.clients import Target
from academy_ops.outside.time_limits import ANSWER_SECONDS, SSM_SECONDS
from academy_ops.remedies.plan import Progress
from academy_ops.remedies.refusal import RemedyError
from academy_ops.thresholds import FIGURES
from checks import container_state, launches, logs, queue_attributes, starters, workers
from checks.facts import Case, Depth
from checks.group_facts import Autoscaler, Group, WorkersFacts
from checks.host_facts import LogsFacts

_Start = tuple[str, datetime | None]
"""A worker's instance, and when its container was started; a crash in between gives it another start."""

_FINAL: Final = frozenset[Reason]({"denied", "credentials-missing", "credentials-invalid", "not-asked"})
"""Why something can't be seen, and won't be at the next look either."""
BOOT_COST: Final = say(
    "A new worker needs {usual_boot_from} to {usual_boot_to} minutes, at worst {boot_minutes}, to start polling, "
    "and costs what its instance type costs.",
    **FIGURES,
)
USUAL: Final = say("usual: {usual_boot_from} to {usual_boot_to} min, at worst {boot_minutes}", **FIGURES)


@dataclass(frozen=True, slots=True)
class Seen:
    """The group and its queue, as they are now.

    Attributes:
        facts: All that the workers' check sees.
        depth: The queue; None when it does not exist.
    """

    name: str
    group: Group
    facts: WorkersFacts
    depth: Depth | Unavailable | None

    @property
    def in_flight(self) -> int | None:
        """Messages that workers hold; None where that could not be seen."""
        return self.depth.in_flight if isinstance(self.depth, Depth) else 0 if self.depth is None else None

    @property
    def instances(self) -> frozenset[str]:
        """The ids of the group's instances."""
        return frozenset(instance.instance_id for instance in self.group.instances)

    @property
    def autoscaler_acts(self) -> bool:
        """Whether the autoscaler sets the group's size, once a minute."""
        return isinstance(self.facts.autoscaler, Autoscaler) and starters.alive(self.facts.autoscaler)

    @property
    def latest_launch(self) -> datetime | None:
        """When the newest launch began."""
        return next((launch.started_at for launch in launches.launches(self.facts)), None)


def look(target: Target) -> Seen:
    """Look at the group and its queue.

    Raises:
        RemedyError: The group is missing or could not be seen.
    """
    # At the end of its time, too, a change is not made without a look.
    target = replace(target, ends_at=max(target.ends_at, time.monotonic() + ANSWER_SECONDS))
    facts = workers.observe(target, _case(target))
    name = target.settings.group
    if isinstance(facts.group, Unavailable):
        unseen = say("Can't read the Auto Scaling group: {reason}.", reason=because(facts.group))
        raise RemedyError(unseen, unseen=True)
    if facts.group is None:
        raise RemedyError(say("There is no Auto Scaling group {group}.", group=name))
    return Seen(name, facts.group, facts, queue_attributes.depth(target, target.settings.queue))


def overriding(seen: Seen, desired: int) -> Text | None:
    """Say what the autoscaler will make of ``desired``; None where it leaves it or does not run."""
    by_depth = workers.desired_capacity(seen.group, seen.depth)
    if not seen.autoscaler_acts or (by_depth == desired and isinstance(seen.depth, Depth)):
        return None
    return say(
        "The autoscaler is on: within a minute it sets desired again from the queue depth, right now to {desired} "
        "(one worker per {jobs_per_worker} messages waiting or in flight, between min and max).",
        desired=by_depth,
        **FIGURES,
    )


def follow(target: Target, desired: int | None, before: Seen, *, replaced: bool = False) -> Iterator[Progress]:
    """Watch the group until its workers poll: launched, in service, container up, polling.

    There must be as many as ``desired``, or as the group wants by then; where it is ``replaced``, none from before.

    Yields:
        What is seen, every five seconds. The last one has an ``end``, unless time was up.

    Raises:
        RemedyError: The group could no longer be seen. The change itself was made.
    """
    old = before.instances if replaced else frozenset[str]()
    steady = set[_Start]()
    while True:
        step = _stage(target, desired, before, old, steady)
        yield step
        if step.end or not target.pause(SSM_SECONDS):
            return


def _stage(target: Target, wanted: int | None, before: Seen, old: frozenset[str], steady: set[_Start]) -> Progress:
    seen = look(target)
    desired = seen.group.desired if wanted is None else wanted
    if seen.group.desired != desired:
        return Progress(
            say("The desired capacity is now {now}: someone else changed it.", now=seen.group.desired), "failed"
        )
    left = [instance for instance in seen.group.instances if desired == 0 or instance.instance_id in old]
    if left:
        return Progress(say("Instances still to terminate: {count}", count=len(left)))
    if desired == 0:
        return Progress(say("No worker is left."), "reached")
    serving = len(seen.group.in_service)
    if serving < desired:
        return _launching(seen, before, serving, desired)
    return _inside(target, seen, desired, steady)


def _launching(seen: Seen, before: Seen, serving: int, desired: int) -> Progress:
    coming = [
        f"{instance.instance_id} {instance.lifecycle}"
        for instance in seen.group.instances
        if instance.lifecycle != "InService"
    ]
    newest = next(iter(launches.launches(seen.facts)), None)
    if newest and not coming and newest.status in {"Failed", "Cancelled"} and newest.started_at != before.latest_launch:
        return Progress(say("The launch failed: {reason}", reason=newest.message or newest.description), "failed")
    if "Launch" in seen.group.suspended:
        return Progress(say("The group's Launch process is suspended, so no instance will start."), "failed")
    if coming:
        return Progress(
            say("In service: {count} of {desired}; {coming}", count=serving, desired=desired, coming=", ".join(coming))
        )
    return Progress(say("In service: {count} of {desired}; no instance yet", count=serving, desired=desired))


def _inside(target: Target, seen: Seen, desired: int, steady: set[_Start]) -> Progress:
    """Look into the workers; those that ran when last looked at, and still do, are ``steady``."""
    case = replace(_case(target), workers=seen.facts)
    facts = logs.observe(target, case)
    if isinstance(facts.online, Unavailable):
        return _blind(facts.online)
    if denied := next((why for why in facts.unavailable_hosts.values() if why.reason in _FINAL), None):
        return _blind(denied)
    found = [(host.instance_id, host.container) for host in facts.hosts if host.container]
    if crashing := next((container for _, container in found if container_state.crash_loops(case, container)), None):
        count = crashing.restarts
        return Progress(say("The worker's container keeps crashing; restarts: {count}.", count=count), "failed")
    running = [container for _, container in found if container.status == "running"]
    starts = {(name, container.started_at) for name, container in found if container.status == "running"}
    stay = starts & steady
    steady.clear()
    steady.update(starts)
    if len(stay) < desired:
        step = say(
            "In service; SSM agents online: {online}, containers running: {running} of {desired}",
            online=sum(facts.online.values()),
            running=len(running),
            desired=desired,
        )
        return Progress(step)
    if _polls(facts, seen.depth):
        return Progress(say("In service and polling: {count}", count=len(running)), "reached")
    return Progress(say("The container is running; it has not taken a message yet"))


def _blind(unseen: Unavailable) -> Progress:
    step = say("In service; can't observe the containers: {reason}", reason=because(unseen))
    return Progress(step, "unseen" if unseen.reason in _FINAL else None)


def _polls(facts: LogsFacts, depth: Depth | Unavailable | None) -> bool:
    """Return whether work is taken; where nothing waits, a running container is all there is to be seen."""
    if not isinstance(depth, Depth) or depth.visible == 0 or depth.in_flight > 0:
        return True
    return any(
        container.wrote(line) and LOG_RECEIVED in line.text for container, log in facts.running() for line in log.tail
    )


def _case(target: Target) -> Case:
    return Case(datetime.now(UTC), target.job_id, {"group": target.settings.group, "queue": target.settings.queue})
