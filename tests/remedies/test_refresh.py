"""A change that runs for long is followed by its own word: an instance refresh, and the move of dead letters."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from academy_ops.outside.clients import Target
from academy_ops.remedies import redrive, refresh
from academy_ops.remedies.group import Seen
from academy_ops.remedies.plan import Progress
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import target
from tests.wire import Handler, respond, server

BEFORE = Seen("academy-ai-worker-asg", h.group(2), h.workers(h.group(2)), h.depth())


def refreshes(status: str, reason: str = "", percent: int = 40) -> bytes:
    inner = (
        f"<member><Status>{status}</Status><StatusReason>{reason}</StatusReason><InstancesToUpdate>3"
        f"</InstancesToUpdate><PercentageComplete>{percent}</PercentageComplete></member>"
    )
    return (
        "<DescribeInstanceRefreshesResponse><DescribeInstanceRefreshesResult><InstanceRefreshes>"
        f"{inner}</InstanceRefreshes></DescribeInstanceRefreshesResult></DescribeInstanceRefreshesResponse>"
    ).encode()


EMPTY = (
    b"<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>"
    b"<AutoScalingGroupName>x</AutoScalingGroupName><MinSize>0</MinSize><MaxSize>20</MaxSize><DesiredCapacity>0"
    b"</DesiredCapacity></member></AutoScalingGroups></DescribeAutoScalingGroupsResult>"
    b"</DescribeAutoScalingGroupsResponse>"
)


def first(steps: Iterator[Progress]) -> Progress:
    return next(steps)


def answering(refresh_status: bytes) -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        asked = parse_qs(handler.body.decode("utf-8", "replace")).get("Action", [""])[0]
        respond(handler, 200, refresh_status if asked == "DescribeInstanceRefreshes" else EMPTY)

    return answer


@pytest.mark.parametrize(
    ("status", "end", "says"),
    [
        ("InProgress", None, "40 percent done, instances to replace: 3"),
        ("Pending", None, "40 percent done"),
        ("Failed", "failed", "The instance refresh is Failed: no healthy instance"),
        ("Cancelled", "failed", "Cancelled"),
        ("RollbackSuccessful", "failed", "RollbackSuccessful"),
    ],
)
def test_a_refresh_is_followed_by_its_own_status(status: str, end: str | None, says: str) -> None:
    body = refreshes(status, "no healthy instance")
    with server(answering(body)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        step = first(refresh._follow(this, before=BEFORE))  # noqa: SLF001 - what a plan calls
    assert step.end == end
    assert says in step.text.render("en")


def test_a_refresh_that_has_ended_well_is_not_failed_by_another_size() -> None:
    # The autoscaler has scaled in meanwhile.
    body = refreshes("Successful", percent=100)
    with server(answering(body)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        step = first(refresh._follow(soon(this), before=BEFORE))  # noqa: SLF001 - as above
    assert step.end == "reached"


def soon(this: Target) -> Target:
    return replace(this, ends_at=time.monotonic() + 20)


@pytest.mark.parametrize(
    ("count", "plan", "usual"),
    [
        (1, "No worker runs while the only instance is being replaced.", "usual: 2 to 5 min, at worst 10"),
        (3, "90 percent stay in service, so 1 of 3", "usual for 3 instances: 6 to 15 min"),
        (20, "90 percent stay in service, so 2 of 20", "usual for 20 instances: 20 to 50 min"),
        (25, "so 2 of 25", "usual for 25 instances: 26 to 65 min"),
    ],
)
def test_a_plan_says_how_it_rolls_and_how_long_it_takes(count: int, plan: str, usual: str) -> None:
    assert plan in refresh._rolling(count).render("en")  # noqa: SLF001 - as above
    assert refresh._usual(count).render("en") == usual  # noqa: SLF001 - as above


def move(status: str) -> bytes:
    reason = ', "FailureReason": "AWS.SimpleQueueService.NonExistentQueue"' if status == "FAILED" else ""
    return f'{{"Results": [{{"Status": "{status}"{reason}}}]}}'.encode()


def test_a_move_of_dead_letters_that_failed_is_told_with_its_reason() -> None:
    def answer(handler: Handler) -> None:
        respond(handler, 200, move("FAILED"))

    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        step = first(redrive._follow(this, dead=h.depth(3)))  # noqa: SLF001 - as above
    assert step.end == "failed"
    assert "AWS.SimpleQueueService.NonExistentQueue" in step.text.render("en")


def test_a_move_that_may_not_be_listed_is_followed_by_the_queue() -> None:
    def answer(handler: Handler) -> None:
        respond(handler, 403, b'{"__type": "AccessDenied", "message": "Access to the resource is denied."}')

    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        step = first(redrive._follow(this, dead=h.depth(3)))  # noqa: SLF001 - as above
    assert step.end == "unseen"
