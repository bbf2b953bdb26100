"""Nobody is wanted while work waits: who would start a worker, and who is still at work."""

from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.records import Unavailable
from checks.group_facts import AsgInstance, Autoscaler, Starter
from checks.schedule_expressions import often_enough
from tests.checks import facts_factory as h
from tests.checks.scenarios import Facts

ON = Autoscaler("Active", "every-minute", enabled=True, schedule="rate(1 minute)")
OFF = replace(ON, enabled=False)
NONE: dict[str, Any] = {"policies": (), "actions": (), "schedules": ()}
GROWS = Starter("policy", "grow", enabled=True, when="depth-high")
DENIED = Unavailable("denied", "autoscaling:DescribePolicies")


def zero(age: float = 1200, *, autoscaler: Any = ON, maximum: int = 20, **others: Any) -> Facts:
    workers = replace(h.workers(h.group(0, maximum=maximum), autoscaler=autoscaler), **{**NONE, **others})
    return {
        "document": h.job("PENDING", age=age),
        "queue": h.queue(h.depth(1)),
        "workers": workers,
        "logs": h.NO_LOGS,
    }


FAULTS = {
    "a rule that is on": (zero(), "starter-fails"),
    "a policy with an alarm": (zero(autoscaler=None, policies=(GROWS,)), "starter-fails"),
    "a schedule of EventBridge Scheduler": (
        zero(autoscaler=OFF, schedules=(Starter("schedule", "s", enabled=True, when="rate(1 minute)"),)),
        "starter-fails",
    ),
    "a schedule that sets the size itself": (
        zero(autoscaler=None, schedules=(Starter("resize", "s", enabled=True, when="rate(5 minutes)"),)),
        "starter-fails",
    ),
    "a schedule that runs a function that is gone": (
        zero(60, autoscaler=None, schedules=(Starter("schedule", "s", enabled=True, when="rate(1 minute)"),)),
        None,
    ),
    "all off": (zero(60, autoscaler=OFF), None),
    "no function": (zero(60, autoscaler=None), None),
    "a rule that runs once a day": (zero(60, autoscaler=replace(ON, schedule="rate(1 day)")), None),
    "a policy without an alarm": (zero(60, autoscaler=None, policies=(replace(GROWS, enabled=False),)), None),
    "a scheduled action of tomorrow": (
        zero(60, autoscaler=None, actions=(Starter("action", "morning", enabled=True, when="2026-11-23T00:00:00Z"),)),
        None,
    ),
    "policies that could not be seen": (zero(autoscaler=None, policies=DENIED), None),
    "a maximum of 0": (zero(60, maximum=0), "max-zero"),
    "a maximum of 0, and all off": (zero(60, maximum=0, autoscaler=None), "max-zero"),
}


@pytest.mark.parametrize(("facts", "reason"), FAULTS.values(), ids=FAULTS)
def test_nobody_comes(facts: Facts, reason: str | None) -> None:
    verdict = h.verdict(h.case(**facts))
    assert (verdict.cause, verdict.reason) == ("worker-scaled-to-zero", reason)


def test_a_policy_that_does_not_act_is_looked_at_by_its_alarm() -> None:
    commands = [one.command or "" for one in h.verdict(h.case(**zero(autoscaler=None, policies=(GROWS,)))).remedies]
    assert any("--alarm-names depth-high" in one for one in commands)
    rule = [one.command or "" for one in h.verdict(h.case(**zero())).remedies]
    assert not any("describe-alarms" in one for one in rule)


def test_the_maximum_is_raised_before_a_worker_is_started() -> None:
    verdict = h.verdict(h.case(**zero(maximum=0)))
    command = verdict.remedies[0].command or ""
    assert command.index("--max-size 1") < command.index("scale-worker --desired 1")


IN_PROGRESS = {
    "the rule will": zero(60),
    "a policy will": zero(60, autoscaler=None, policies=(GROWS,)),
    "what could not be seen may": zero(60, autoscaler=None, policies=DENIED),
    "a rule of every five minutes will": zero(400, autoscaler=replace(ON, schedule="rate(5 minutes)")),
}


@pytest.mark.parametrize("facts", IN_PROGRESS.values(), ids=IN_PROGRESS)
def test_somebody_may_start_one_within_minutes(facts: Facts) -> None:
    assert h.verdict(h.case(**facts)).status == "in-progress"


@pytest.mark.parametrize("lifecycle", ["InService", "Terminating:Wait"])
def test_an_instance_that_still_works_is_no_group_at_zero(lifecycle: str) -> None:
    facts = zero(900)
    members = (AsgInstance("i-0", lifecycle, "Healthy"),)
    facts["workers"] = replace(h.workers(h.group(0, instances=members)), **NONE)
    facts["document"] = h.job("RUNNING", age=900, updated=20)
    facts["queue"] = h.queue(h.depth(0, 1))
    verdict = h.verdict(h.case(**facts))
    assert (verdict.status, verdict.cause) == ("in-progress", None)


def test_one_that_is_about_to_end_and_holds_no_message_does_not_work() -> None:
    facts = zero(900)
    members = (AsgInstance("i-0", "Terminating:Wait", "Healthy"),)
    facts["workers"] = replace(h.workers(h.group(0, instances=members)), **NONE)
    assert h.verdict(h.case(**facts)).cause == "worker-scaled-to-zero"


OFF_FOR = {
    "no-function": None,
    "function-failed": replace(ON, state="Failed", why="The image was deleted"),
    "rule-disabled": OFF,
    "no-rule": Autoscaler("Active", None, enabled=False),
    "schedule": replace(ON, schedule="cron(0 3 * * ? *)"),
}


@pytest.mark.parametrize(("reason", "autoscaler"), OFF_FOR.items())
def test_an_autoscaler_that_is_off_is_told_with_its_reason_and_cure(reason: str, autoscaler: Any) -> None:
    workers = replace(h.workers(autoscaler=autoscaler), **NONE)
    (finding,) = (one for one in h.findings(h.case(workers=workers)) if one.cause == "autoscaler-off")
    assert (finding.status, finding.reason) == ("warn", reason)
    commands = [remedy.command or "" for remedy in finding.remedies]
    makes_or_enables = [one for one in commands if "put-rule" in one or "enable-rule" in one]
    assert bool(makes_or_enables) == (reason in {"rule-disabled", "no-rule", "schedule"})


DAILY = Starter("resize", "morning", enabled=True, when="cron(0 23 ? * SUN-THU *)", group="office")
MORNING = Starter("action", "morning", enabled=True, when="2026-11-23T00:00:00Z")
RUNS_IT = replace(DAILY, kind="schedule")
NO_RULE = Autoscaler("Active", None, enabled=False)


@pytest.mark.parametrize(
    ("others", "suspended", "reason"),
    [
        ({"autoscaler": NO_RULE, "schedules": (replace(RUNS_IT, enabled=False),)}, (), "schedule-disabled"),
        ({"autoscaler": NO_RULE, "schedules": (RUNS_IT,)}, (), "schedule-rare"),
        ({"autoscaler": None, "schedules": (replace(DAILY, enabled=False),)}, (), "schedule-disabled"),
        ({"autoscaler": None, "actions": (MORNING,)}, ("ScheduledActions",), "actions-suspended"),
        ({"autoscaler": None, "policies": (GROWS,)}, ("AlarmNotification",), "alarms-suspended"),
        # A daily change of the size is none that starts workers for a queue, and one of a function that is gone runs
        # nothing.
        ({"autoscaler": NO_RULE, "schedules": (DAILY,)}, (), "no-rule"),
        ({"autoscaler": None, "schedules": (replace(RUNS_IT, enabled=False),)}, (), "no-function"),
        ({"autoscaler": None, "actions": (MORNING,)}, (), "no-function"),
        ({"autoscaler": None}, ("ScheduledActions",), "no-function"),
        ({"autoscaler": OFF, "schedules": (replace(RUNS_IT, enabled=False),)}, (), "rule-disabled"),
    ],
)  # fmt: skip
def test_what_would_start_workers_but_for_one_thing_is_told(
    others: dict[str, Any], suspended: tuple[str, ...], reason: str
) -> None:
    known = h.workers(h.group(suspended=suspended), autoscaler=others.pop("autoscaler"))
    (finding,) = (
        one for one in h.findings(h.case(workers=replace(known, **{**NONE, **others}))) if one.cause == "autoscaler-off"
    )
    assert finding.reason == reason
    assert not any("<scheduler" in (remedy.command or "") for remedy in finding.remedies)


@pytest.mark.parametrize(
    "others",
    [
        {"autoscaler": None, "policies": (GROWS,)},
        {"autoscaler": OFF, "schedules": (Starter("schedule", "s", enabled=True, when="rate(1 minute)"),)},
    ],
)
def test_another_starter_that_is_on_is_well(others: dict[str, Any]) -> None:
    workers = replace(h.workers(autoscaler=others.pop("autoscaler")), **{**NONE, **others})
    assert h.verdict(h.case(workers=workers)).warnings == ()


def test_who_else_would_start_one_is_unknown_where_that_is_denied() -> None:
    workers = replace(h.workers(autoscaler=None), **{**NONE, "policies": DENIED})
    found = [one for one in h.findings(h.case(workers=workers)) if one.check == "workers"]
    assert "autoscaler-off" not in [one.cause for one in found]
    assert DENIED.tried in [one.missing_permission for one in found]


@pytest.mark.parametrize(
    ("schedule", "enough"),
    [
        ("rate(1 minute)", True),
        ("rate(5 minutes)", True),
        ("rate(1 hour)", False),
        ("rate(1 day)", False),
        ("cron(* * * * ? *)", True),
        ("cron(0/2 * * * ? *)", True),
        ("cron(*/5 * * * ? *)", True),
        ("cron(0/30 * * * ? *)", False),
        ("cron(0 * * * ? *)", False),
        ("cron(* 0-9 * * ? *)", True),
        ("cron(* 8-18 * * ? *)", False),
        ("", True),
        ("at(2026-11-22T02:00:00)", True),
        ("at(2026-11-21T02:00:00)", False),
        ("at(2026-11-22T09:00:00)", False),
        ("cron(* * * * ? 2026)", True),
        ("cron(* * * * ? 2024-2025)", False),
        ("cron(* * * * ? 2027/1)", False),
    ],
)
def test_a_schedule_runs_often_enough_at_this_hour(schedule: str, enough: bool) -> None:
    assert often_enough(schedule, h.NOW) is enough
