"""Instance refreshes, and alarms that start workers: what AWS answers, and what it means."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from academy_ops.diagnosis.records import Unavailable
from checks import aws_starters, refreshes
from checks.group_facts import Autoscaler, Halted, Refresh, Starter
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import target
from tests.checks.scenarios import refreshed
from tests.wire import Handler, respond, server

XML = {"Content-Type": "text/xml"}


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Baking", "Cancelling"])
def test_a_deployment_under_way_is_named_and_is_no_fault(status: str) -> None:
    result = h.case(workers=refreshed(status, "1", "1", "2"))
    assert h.verdict(result).status == "healthy"
    assert not h.verdict(result).warnings
    (shown,) = [one for one in h.findings(result) if one.check == "workers" and "versions" in one.evidence]
    assert "50%" in str(shown.summary)
    assert "Instance replacement timed out." in str(shown.summary)


@pytest.mark.parametrize(
    ("status", "versions"),
    [
        ("Successful", ("1", "2")),
        ("Successful", ("2", "2")),
        ("RollbackSuccessful", ("1", "1")),
        # It has replaced nobody: all run what they ran before.
        ("Failed", ("1", "1")),
        ("Cancelled", ("1",)),
        ("Failed", ("", "")),
    ],
)
def test_one_that_left_a_single_version_is_well(status: str, versions: tuple[str, ...]) -> None:
    assert "worker-refresh-failed" not in h.verdict(h.case(workers=refreshed(status, *versions))).warnings


@pytest.mark.parametrize(
    ("status", "reason"), [("Failed", "failed"), ("RollbackFailed", "failed"), ("Cancelled", "cancelled")]
)
def test_one_that_left_two_versions_says_how_it_ended(status: str, reason: str) -> None:
    result = h.findings(h.case(workers=refreshed(status, "3", "4")))
    (found,) = [one for one in result if one.cause == "worker-refresh-failed"]
    assert (found.status, found.reason) == ("warn", reason)
    assert found.evidence["versions"] == {"3": ["i-0"], "4": ["i-1"]}


def test_instances_that_leave_or_enter_are_of_no_version_in_service() -> None:
    facts = refreshed("Failed", "1", "2")
    group = facts.group
    assert not isinstance(group, Unavailable | None)
    leaving = (group.instances[0], replace(group.instances[1], lifecycle="Terminating"))
    assert not h.verdict(h.case(workers=replace(facts, group=replace(group, instances=leaving)))).warnings


def test_a_denied_look_is_named() -> None:
    denied = Unavailable("denied", refreshes.ACTION)
    result = h.findings(h.case(workers=replace(h.workers(), refresh=denied)))
    assert [one.missing_permission for one in result if one.status == "unknown"] == [refreshes.ACTION]


def answer(alarms: Mapping[str, Any] | None = None, **bodies: str) -> Any:
    """Answer CloudWatch's JSON with ``alarms``, and each action of AWS's query protocol with a body of its own."""

    def answered(handler: Handler) -> None:
        if "X-Amz-Target" in handler.headers:
            error = {"__type": "AccessDenied", "message": "not authorized to perform: cloudwatch:DescribeAlarms"}
            respond(handler, 403 if alarms is None else 200, json.dumps(alarms or error).encode())
            return
        action = parse_qs(handler.body.decode())["Action"][0]
        body = bodies[action]
        whole = f"<{action}Response><{action}Result>{body}</{action}Result></{action}Response>"
        respond(handler, 200, whole.encode(), **XML)

    return answered


def test_the_newest_refresh_is_read() -> None:
    one = (
        "<Status>InProgress</Status><PercentageComplete>40</PercentageComplete><StartTime>2026-11-22T01:50:00Z"
        "</StartTime><StatusReason>Waiting for remaining instances to be available.</StatusReason>"
    )
    body = f"<InstanceRefreshes><member>{one}</member></InstanceRefreshes>"
    with server(answer(DescribeInstanceRefreshes=body)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        found = refreshes.read_refresh(this)
    assert isinstance(found, Refresh)
    assert refreshes.shown(found) == (
        "InProgress, 40%, 2026-11-22T01:50Z, Waiting for remaining instances to be available."
    )


def test_a_group_without_one_has_none() -> None:
    body = "<InstanceRefreshes></InstanceRefreshes>"
    with server(answer(DescribeInstanceRefreshes=body)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        assert refreshes.read_refresh(this) is None


def policies(*alarms: str) -> str:
    named = "".join(f"<member><AlarmName>{one}</AlarmName></member>" for one in alarms)
    steps = "<StepAdjustments><member><ScalingAdjustment>1</ScalingAdjustment></member></StepAdjustments>"
    policy = f"<PolicyName>grow</PolicyName><PolicyType>StepScaling</PolicyType>{steps}<Alarms>{named}</Alarms>"
    return f"<ScalingPolicies><member>{policy}</member></ScalingPolicies>"


def alarm(
    name: str, state: str, *, acts: bool = True, operator: str = "GreaterThanThreshold", **more: Any
) -> dict[str, Any]:
    return {"AlarmName": name, "StateValue": state, "ActionsEnabled": acts, "ComparisonOperator": operator, **more}


def of(queue: str) -> list[dict[str, str]]:
    return [{"Name": "QueueName", "Value": queue}]


OURS, THEIRS = of("academy-ai-jobs-basic"), of("academy-ai-jobs-tools")
BACKLOG = [
    {"Id": "e1", "Expression": "m1 / 2"},
    {"Id": "m1", "MetricStat": {"Metric": {"Namespace": "AWS/SQS", "Dimensions": OURS}}},
]


@pytest.mark.parametrize(
    ("alarms", "enabled", "why"),
    [
        ((alarm("a", "OK"), alarm("b", "OK")), True, ""),
        ((alarm("a", "ALARM"), alarm("b", "INSUFFICIENT_DATA")), True, ""),
        ((alarm("a", "INSUFFICIENT_DATA"), alarm("b", "INSUFFICIENT_DATA")), False, "alarm-no-data"),
        ((alarm("a", "OK", acts=False), alarm("b", "OK", acts=False)), False, "alarm-disabled"),
        ((alarm("a", "INSUFFICIENT_DATA"), alarm("b", "OK", operator="LessThanThreshold")), False, "alarm-no-data"),
        ((), False, "alarm-missing"),
        ((alarm("a", "OK", Dimensions=THEIRS), alarm("b", "OK", Dimensions=THEIRS)), False, "alarm-other-queue"),
        ((alarm("a", "INSUFFICIENT_DATA", Dimensions=THEIRS),) * 2, False, "alarm-other-queue"),
        ((alarm("a", "OK", Dimensions=THEIRS), alarm("b", "OK", Dimensions=OURS)), True, ""),
        ((alarm("a", "OK", Metrics=BACKLOG), alarm("b", "OK", acts=False)), True, ""),
        ((alarm("a", "OK", Dimensions=[{"Name": "AutoScalingGroupName", "Value": "x"}]),), True, ""),
    ],
)
def test_a_policy_acts_where_one_of_its_alarms_does(alarms: tuple[Any, ...], enabled: bool, why: str) -> None:
    aws = answer({"MetricAlarms": alarms}, DescribePolicies=policies("a", "b"))
    with server(aws) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        found = aws_starters.read_policies(this)
    assert isinstance(found, tuple)
    assert [(one.enabled, one.why, one.unseen) for one in found] == [(enabled, why, None)]


TRACKS = (
    "<PolicyName>track</PolicyName><PolicyType>TargetTrackingScaling</PolicyType><Alarms><member>"
    "<AlarmName>a</AlarmName></member><member><AlarmName>b</AlarmName></member></Alarms>"
)


def predicts(mode: str) -> str:
    configured = f"<PredictiveScalingConfiguration><Mode>{mode}</Mode></PredictiveScalingConfiguration>"
    return f"<PolicyName>ahead</PolicyName><PolicyType>PredictiveScaling</PolicyType>{configured}"


def adds(kind: str, *more: str) -> str:
    steps = "<StepAdjustments><member><ScalingAdjustment>50</ScalingAdjustment></member></StepAdjustments>"
    alarms = "<Alarms><member><AlarmName>a</AlarmName></member></Alarms>"
    whole = f"<PolicyType>StepScaling</PolicyType><AdjustmentType>{kind}</AdjustmentType>{''.join(more)}"
    return f"<PolicyName>grow</PolicyName>{whole}{steps}{alarms}"


LEAST = "<MinAdjustmentMagnitude>1</MinAdjustmentMagnitude>"


@pytest.mark.parametrize(
    ("policy", "desired", "told"),
    [
        (TRACKS, 0, None),
        (predicts("ForecastAndScale"), 1, None),
        (predicts("ForecastOnly"), 1, "forecast-only"),
        (adds("PercentChangeInCapacity"), 0, "percent-of-none"),
        (adds("PercentChangeInCapacity"), 1, None),
        (adds("PercentChangeInCapacity", LEAST), 0, None),
        (adds("ChangeInCapacity"), 0, None),
        (adds("ExactCapacity"), 0, None),
    ],
)
def test_a_policy_that_can_add_nobody_starts_nobody(policy: str, desired: int, told: str | None) -> None:
    alarms = (alarm("a", "OK"), alarm("b", "INSUFFICIENT_DATA", operator="LessThanThreshold"))
    listed = f"<ScalingPolicies><member>{policy}</member></ScalingPolicies>"
    with (
        server(answer({"MetricAlarms": alarms}, DescribePolicies=listed)) as (url, _),
        target(AWS_ENDPOINT_URL=url) as this,
    ):
        found = aws_starters.read_policies(this)
    facts = replace(h.workers(h.group(desired), autoscaler=None), policies=found, actions=(), schedules=())
    reasons = [one.reason for one in h.findings(h.case(workers=facts)) if one.cause == "autoscaler-off"]
    assert reasons == ([told] if told else [])


def test_alarms_that_may_not_be_seen_leave_it_unknown() -> None:
    with server(answer(DescribePolicies=policies("a"))) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        found = aws_starters.read_policies(this)
    assert isinstance(found, tuple)
    assert [(one.enabled, one.unseen and one.unseen.tried) for one in found] == [(True, "cloudwatch:DescribeAlarms")]
    facts = replace(h.workers(autoscaler=None), policies=found, actions=(), schedules=())
    result = h.findings(h.case(workers=facts))
    assert "cloudwatch:DescribeAlarms" in {one.missing_permission for one in result}
    assert "autoscaler-off" not in {one.cause for one in result}


@pytest.mark.parametrize("why", ["alarm-no-data", "alarm-disabled", "alarm-missing"])
def test_an_alarm_that_does_not_act_is_why_the_autoscaler_is_off(why: Halted) -> None:
    policy = Starter("policy", "grow", enabled=False, when="depth-high, age-high", why=why)
    facts = replace(h.workers(autoscaler=None), policies=(policy,), actions=(), schedules=())
    (result,) = [one for one in h.findings(h.case(workers=facts)) if one.cause == "autoscaler-off"]
    assert (result.reason, result.evidence["alarm"]) == (why, "depth-high")
    assert "depth-high" in "".join(one.command or "" for one in result.remedies) or why == "alarm-missing"


def test_a_policy_that_no_alarm_uses_is_why_and_one_for_a_person_is_not_where_another_is_halted() -> None:
    with server(answer(DescribePolicies=policies())) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        found = aws_starters.read_policies(this)
    assert isinstance(found, tuple)
    halted = Starter("policy", "grow", enabled=False, when="depth-high", why="alarm-disabled", alarms=("depth-high",))
    for listed, reason in (found, "no-alarm"), ((*found, halted), "alarm-disabled"):
        facts = replace(h.workers(autoscaler=None), policies=listed, actions=(), schedules=())
        (result,) = [one for one in h.findings(h.case(workers=facts)) if one.cause == "autoscaler-off"]
        assert result.reason == reason


@pytest.mark.parametrize(
    ("enabled", "suspended", "told"),
    [
        (True, (), None),
        (True, ("AZRebalance",), None),
        (True, ("AlarmNotification",), "alarms-suspended"),
        (False, (), "policy-disabled"),
        (False, ("AlarmNotification",), "policy-disabled"),
    ],
)
def test_a_policy_that_is_there_and_may_not_act_is_no_function_that_is_gone(
    enabled: bool, suspended: tuple[str, ...], told: str | None
) -> None:
    listed = policies("a") if enabled else policies("a").replace("<Alarms>", "<Enabled>false</Enabled><Alarms>")
    aws = answer({"MetricAlarms": (alarm("a", "OK"),)}, DescribePolicies=listed)
    with server(aws) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        found = aws_starters.read_policies(this)
    group = h.group(1, suspended=suspended)
    facts = replace(h.workers(group, autoscaler=None), policies=found, actions=(), schedules=())
    reasons = [one.reason for one in h.findings(h.case(workers=facts)) if one.cause == "autoscaler-off"]
    assert reasons == ([told] if told else [])


@pytest.mark.parametrize(
    ("state", "off"), [("Active", False), ("Pending", False), ("Inactive", False), ("Failed", True)]
)
def test_a_function_that_the_next_run_finds_is_not_off(state: str, off: bool) -> None:
    facts = h.workers(autoscaler=Autoscaler(state, "every-minute", enabled=True, schedule="rate(1 minute)"))
    assert ("autoscaler-off" in h.verdict(h.case(workers=facts)).warnings) == off


def test_where_another_policy_acts_nothing_is_off() -> None:
    dead = Starter("policy", "grow", enabled=False, when="depth-high", why="alarm-no-data")
    alive = Starter("policy", "more", enabled=True, when="age-high")
    facts = replace(h.workers(autoscaler=None), policies=(dead, alive), actions=(), schedules=())
    assert not h.verdict(h.case(workers=facts)).warnings
