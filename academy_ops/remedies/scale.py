"""Set the worker group's desired capacity."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from academy_ops.diagnosis.catalogue.commands import of_group
from academy_ops.diagnosis.command import AWS_KEYS_IN_FILE, fill, posix
from academy_ops.diagnosis.records import Unavailable
from academy_ops.messages import Text, say
from academy_ops.outside.clients import Target
from academy_ops.remedies import group
from academy_ops.remedies.group import Seen
from academy_ops.remedies.plan import Plan
from academy_ops.remedies.refusal import RemedyError, send
from checks.facts import Depth

_RAISE: Final = of_group("update-auto-scaling-group --max-size <desired>")


def plan(target: Target, desired: int) -> Plan:
    """Look at the group and its queue, and say what setting ``desired`` would change.

    Raises:
        RemedyError: The group is missing or could not be seen, or ``desired`` is outside its bounds.
    """
    seen = group.look(target)
    before, low, high = seen.group.desired, seen.group.minimum, seen.group.maximum
    known: dict[str, str | int] = {"group": seen.name, "desired": desired, "minimum": low, "maximum": high}
    if desired > high:
        raise RemedyError(
            say(
                "Desired {desired} is outside the bounds of {group} (min {minimum}, max {maximum}). Raise the "
                "maximum first: {command}",
                command=posix(fill(_RAISE, _names(target, seen, desired))),
                **known,
            )
        )
    if desired < low:
        raise RemedyError(
            say("Desired {desired} is outside the bounds of {group} (min {minimum}, max {maximum}).", **known)
        )
    change = say("{group}: desired {before} -> {desired} (min {minimum}, max {maximum})", before=before, **known)
    nothing = say("No change needed: the desired capacity is already {desired}.", desired=desired)
    return Plan(
        changes=(change,),
        risks=tuple(_risks(seen, desired)),
        apply=partial(_apply, seen=seen, desired=desired),
        follow=partial(group.follow, desired=desired, before=seen),
        usual=group.USUAL if desired else None,
        nothing_to_do=nothing if before == desired else None,
        interrupts_work=desired < before and seen.in_flight != 0,
    )


def _names(target: Target, seen: Seen, desired: int) -> Mapping[str, str]:
    names = {"region": target.settings.region, "group": seen.name, "desired": str(desired), "ops": target.ops}
    # The shell may lack the keys that this tool has.
    return {**names, AWS_KEYS_IN_FILE: "yes"} if target.settings.aws_outside_environment() else names


def _risks(seen: Seen, desired: int) -> Iterator[Text]:
    before = seen.group.desired
    if desired > before:
        yield group.BOOT_COST
    if desired > before and "Launch" in seen.group.suspended:
        yield say("Caution: the group's Launch process is suspended, so no instance will start until it is resumed.")
    if desired < before and seen.in_flight != 0:
        yield say(
            "Caution: messages in flight: {count}. A worker that is stopped leaves its job unfinished.",
            count=seen.in_flight if seen.in_flight is not None else "?",
        )
    if desired > before and not seen.autoscaler_acts and not isinstance(seen.facts.autoscaler, Unavailable):
        yield say(
            "The autoscaler is not running: workers keep running, and costing money, until someone scales them in."
        )
    if desired == 0 and isinstance(seen.depth, Depth) and seen.depth.visible:
        yield say("Caution: messages waiting: {count}. No worker will be left to take them.", count=seen.depth.visible)
    if overriding := group.overriding(seen, desired):
        yield overriding


def _apply(target: Target, *, seen: Seen, desired: int) -> Text:
    # Somebody else may have acted since the plan was shown.
    now = group.look(target).group.desired
    if now == desired:
        return say(
            "Nothing was changed: someone else has already set the desired capacity to {desired}.", desired=desired
        )
    if now != seen.group.desired:
        raise RemedyError(
            say(
                "Nothing was changed: someone else changed the desired capacity from {before} to {now} in the "
                "meantime.",
                before=seen.group.desired,
                now=now,
            )
        )
    done = say("Done: the desired capacity is {desired}.", desired=desired)
    size = {"AutoScalingGroupName": seen.name, "DesiredCapacity": desired}
    return send(target, "autoscaling:SetDesiredCapacity", done, **size, HonorCooldown=False)
