"""A worker group between two states: what was asked of it and is not recorded yet, and what it replaces."""

from dataclasses import replace

import pytest

from checks.group_facts import Activity
from tests.checks import facts_factory as h
from tests.checks.scenarios import Facts, access, gone

OLD_FAILURE = replace(h.failed_launch("InsufficientInstanceCapacity"), started_at=h.ago(86_400))


def waits(age: float, *instances: str, activities: tuple[Activity, ...] = ()) -> Facts:
    """A job that has waited so long, and a group that wants one instance and has these, by their lifecycle state."""
    members = tuple(h.instance(lifecycle=state) for state in instances)
    group = h.workers(h.group(1, instances=members), activities=activities)
    document = h.job("PENDING", age=age)
    return {"document": document, "queue": h.queue(h.depth(1)), "workers": group, "logs": h.NO_LOGS}


def ending(seconds: float, cause: str = "instance refresh", status: str = "InProgress") -> Activity:
    return Activity(status, "Terminating EC2 instance: i-0", "", cause, h.ago(seconds))


@pytest.mark.parametrize("age", [-2, 0, 70])
def test_a_launch_that_failed_yesterday_says_nothing_of_one_asked_for_just_now(age: float) -> None:
    verdict = h.verdict(h.case(**waits(age, activities=(OLD_FAILURE,))))
    assert (verdict.status, verdict.warnings) == ("in-progress", ("worker-booting",))


def test_a_launch_that_failed_a_minute_ago_is_told_for_a_job_of_this_moment() -> None:
    case = h.case(**waits(20, activities=(h.failed_launch("InsufficientInstanceCapacity"),)))
    assert h.verdict(case).cause == "worker-launch-failing"


@pytest.mark.parametrize(
    ("members", "told"),
    [
        (("ReplacingRootVolume",), "worker-booting"),
        (("ReplacingRootVolume:Wait",), "worker-booting"),
        (("RootVolumeReplaced",), "worker-booting"),
        (("Standby",), "worker-no-instances"),
        (("EnteringStandby",), "worker-no-instances"),
        (("Quarantined",), "worker-no-instances"),
        (("Detaching",), "worker-no-instances"),
        (("Terminating:Retained",), "worker-no-instances"),
        (("Warmed:Stopped",), "worker-no-instances"),
        (("InService", "Standby"), None),
        (("InService", "Warmed:Stopped"), None),
        (("InService", "ReplacingRootVolume"), None),
    ],
)
def test_each_state_of_an_instance_is_on_its_way_or_is_not(members: tuple[str, ...], told: str | None) -> None:
    found = h.findings(h.case(**waits(400, *members)))
    codes = {one.cause for one in found if one.check == "workers" and one.status in {"warn", "fail"}}
    assert codes == ({told} if told else set())


@pytest.mark.parametrize("members", [("Terminating",), ("Terminating:Wait",), ()])
def test_a_group_that_replaces_its_only_instance_is_in_progress(members: tuple[str, ...]) -> None:
    activities = (ending(40, status="InProgress" if members else "Successful"), h.launched("i-0", 5000))
    verdict = h.verdict(h.case(**waits(900, *members, activities=activities)))
    assert (verdict.status, verdict.warnings) == ("in-progress", ("worker-booting",))


def test_an_instance_that_does_not_end_for_ten_minutes_is_no_replacement() -> None:
    waiting = h.verdict(h.case(**waits(900, "Terminating:Wait", activities=(ending(700),))))
    assert (waiting.cause, waiting.reason) == ("worker-no-instances", "terminating")
    assert any("complete-lifecycle-action" in str(remedy.command) for remedy in waiting.remedies)
    for member in ("Terminating", "Terminating:Proceed", "Standby"):
        case = h.case(**waits(900, member, activities=(ending(700),)))
        assert (h.verdict(case).cause, h.verdict(case).reason) == ("worker-no-instances", None)


@pytest.mark.parametrize(
    "facts",
    [
        gone(h.job("PENDING", age=300), dead=1),
        {**waits(900), "workers": h.workers(h.group(0), autoscaler=None)},
        {"document": h.job("PENDING", age=900), "queue": h.queue(h.depth(1))},
    ],
    ids=["queue-dead-letters", "worker-scaled-to-zero", "queue-not-consumed"],
)
def test_what_is_broken_in_another_account_is_no_fault_of_the_academy(facts: Facts) -> None:
    verdict = h.verdict(h.case(**{**facts, **access("2", expected="1")}))
    assert (verdict.status, verdict.cause, verdict.also) == ("undetermined", "aws-wrong-account", ())


def test_an_instance_that_was_launched_before_launches_were_suspended_still_comes() -> None:
    members = (h.instance(lifecycle="Pending"),)
    workers = h.workers(h.group(1, instances=members, suspended=("Launch",)), boot=30)
    assert h.verdict(h.case(**{**waits(100), "workers": workers})).status == "in-progress"
