"""Set the worker group's desired capacity."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from academy_ops.clients import AWS_ERRORS, Target
from academy_ops.diagnosis.findings import because
from academy_ops.diagnosis.records import Unseen
from academy_ops.messages import say
from academy_ops.remedies.refusal import NOTHING_CHANGED, RemedyError, denied
from checks import logs, queue, workers
from checks.facts import Autoscaler, Case, Depth, Group, LogsFacts, WorkersFacts

_POLL_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """What would change, and what it risks.

    Attributes:
        group: The group's name.
        before: Its desired capacity now.
        desired: The one asked for.
        minimum: The group's lower bound.
        maximum: The group's upper bound.
        in_flight: Messages that workers hold now; None when that could not be seen.
        autoscaler_acts: The autoscaler is on and sets the number again at its next run.
        launch_suspended: The group's Launch process is suspended: no instance will come.
    """

    group: str
    before: int
    desired: int
    minimum: int
    maximum: int
    in_flight: int | None
    autoscaler_acts: bool
    launch_suspended: bool

    @property
    def nothing_to_do(self) -> bool:
        """Whether the group has that capacity already."""
        return self.before == self.desired

    @property
    def interrupts_work(self) -> bool:
        """Whether instances would be stopped while messages are, or may be, in flight."""
        return self.desired < self.before and self.in_flight != 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the group has come.

    Attributes:
        in_service: Instances in service.
        polling: Instances whose worker container runs; None where SSM could not tell.
        elapsed: Seconds since the wait began.
    """

    in_service: int
    polling: int | None
    elapsed: float


def plan(target: Target, desired: int) -> ScalePlan:
    """Look at the group and its queue, and say what setting ``desired`` would change.

    Args:
        target: Where to look.
        desired: The desired capacity asked for.

    Raises:
        RemedyError: The group is missing or could not be seen, or ``desired`` is outside its bounds.
    """
    case = _case(target)
    facts = workers.observe(target, case)
    group = _group(facts, target.settings.group)
    if not group.minimum <= desired <= group.maximum:
        raise RemedyError(
            say(
                "{desired} is outside the bounds of {group}: min {minimum}, max {maximum}. Nothing was changed.",
                desired=desired,
                group=target.settings.group,
                minimum=group.minimum,
                maximum=group.maximum,
            )
        )
    depth = queue.observe(target, case).queue
    return ScalePlan(
        group=target.settings.group,
        before=group.desired,
        desired=desired,
        minimum=group.minimum,
        maximum=group.maximum,
        in_flight=depth.in_flight if isinstance(depth, Depth) else 0 if depth is None else None,
        autoscaler_acts=isinstance(facts.autoscaler, Autoscaler) and workers.alive(facts.autoscaler),
        launch_suspended="Launch" in group.suspended,
    )


def apply(target: Target, planned: ScalePlan) -> None:
    """Set the desired capacity.

    Raises:
        RemedyError: AWS refused; the desired capacity is as before.
    """
    try:
        target.connect.aws("autoscaling").set_desired_capacity(
            AutoScalingGroupName=planned.group, DesiredCapacity=planned.desired, HonorCooldown=False
        )
    except AWS_ERRORS as error:
        raise denied(NOTHING_CHANGED, target.connect.unseen(error, "autoscaling:SetDesiredCapacity")) from error


def follow(target: Target, desired: int) -> Iterator[Progress]:
    """Watch the group until ``desired`` instances are in service and, as far as SSM tells, polling.

    Yields:
        The progress, every two seconds; the last one is the end, reached or not.

    Raises:
        RemedyError: The group could no longer be seen. The change itself was made.
    """
    started = time.monotonic()
    while True:
        case = _case(target)
        facts = workers.observe(target, case)
        _group(facts, target.settings.group)
        case = replace(case, workers=facts)
        in_service = len(workers.in_service(case))
        polling = _polling(target, case) if in_service else 0
        yield Progress(in_service, polling, time.monotonic() - started)
        enough = in_service == desired if desired == 0 else in_service >= desired
        if (enough and (polling is None or polling >= desired)) or not target.pause(_POLL_SECONDS):
            return


def _polling(target: Target, case: Case) -> int | None:
    facts = logs.observe(target, case)
    if not isinstance(facts, LogsFacts) or isinstance(facts.online, Unseen):
        return None
    return sum(host.container is not None and host.container.status == "running" for host in facts.hosts)


def _group(facts: WorkersFacts, name: str) -> Group:
    if isinstance(facts.group, Unseen):
        raise RemedyError(say("The group can't be looked at: {reason}.", reason=because(facts.group)), unseen=True)
    if facts.group is None:
        raise RemedyError(say("There is no Auto Scaling group {group}.", group=name))
    return facts.group


def _case(target: Target) -> Case:
    return Case(datetime.now(UTC), target.job_id, {"group": target.settings.group, "queue": target.settings.queue})
