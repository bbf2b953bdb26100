"""Who starts workers, as AWS answers it: rules of versions and aliases, EventBridge Scheduler, policies, actions."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from academy_ops.diagnosis.records import Unavailable
from checks import aws_starters, refreshes
from checks.group_facts import Autoscaler, Starter
from tests.checks.on_the_wire import target
from tests.wire import Handler, respond, server

ARN = "arn:aws:lambda:ap-northeast-2:1:function:academy-worker-autoscale"
FUNCTION = {"FunctionArn": ARN, "State": "Active"}
ALIAS = {"Aliases": [{"AliasArn": f"{ARN}:live", "Name": "live"}]}
VERSIONS = {"Versions": [{"FunctionArn": f"{ARN}:$LATEST"}, {"FunctionArn": f"{ARN}:7"}]}
EVERY_MINUTE = {"State": "ENABLED", "ScheduleExpression": "rate(1 minute)"}


def aws(rules: Mapping[str, str], state: Mapping[str, str] = EVERY_MINUTE, **answers: Any) -> Any:
    """Answer as Lambda and EventBridge do, with rules by the ARN that they run."""

    def answer(handler: Handler) -> None:
        path = urlsplit(handler.path).path.rstrip("/")
        if operation := handler.headers.get("X-Amz-Target"):
            asked = json.loads(handler.body)
            if operation.endswith("ListRuleNamesByTarget"):
                body: Any = {"RuleNames": [name for arn, name in rules.items() if arn == asked["TargetArn"]]}
            else:
                body = {"Name": asked["Name"], **state}
        elif path.endswith("/configuration"):
            body = FUNCTION
        else:
            body = answers[path.rsplit("/", 1)[-1].replace("-", "_")]
        if isinstance(body, int):
            denied = json.dumps({"message": "User: x is not authorized to perform: lambda:ListAliases"}).encode()
            respond(handler, body, denied, **{"x-amzn-ErrorType": "AccessDeniedException"})
        else:
            respond(handler, 200, json.dumps(body).encode())

    return answer


@pytest.mark.parametrize("arn", [ARN, f"{ARN}:live", f"{ARN}:7", f"{ARN}:$LATEST"])
def test_a_rule_may_run_the_function_an_alias_or_a_version(arn: str) -> None:
    with (
        server(aws({arn: "tick"}, aliases=ALIAS, versions=VERSIONS)) as (url, _),
        target(AWS_ENDPOINT_URL=url) as this,
    ):
        result = aws_starters.read_autoscaler(this)
    assert result == Autoscaler("Active", "tick", enabled=True, schedule="rate(1 minute)")


def test_the_newest_of_many_versions_are_asked_for_rules() -> None:
    numbered = {"Versions": [{"FunctionArn": f"{ARN}:{number}"} for number in ("$LATEST", *range(1, 41))]}
    with (
        server(aws({f"{ARN}:40": "tick"}, aliases=ALIAS, versions=numbered)) as (url, _),
        target(AWS_ENDPOINT_URL=url) as this,
    ):
        result = aws_starters.read_autoscaler(this)
    assert result == Autoscaler("Active", "tick", enabled=True, schedule="rate(1 minute)")


def test_a_function_that_nothing_runs_has_no_rule() -> None:
    with server(aws({}, aliases=ALIAS, versions=VERSIONS)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        assert aws_starters.read_autoscaler(this) == Autoscaler("Active", None, enabled=False)


def test_a_rule_that_waits_for_an_event_does_not_run_the_function_by_the_clock() -> None:
    waits = {"State": "ENABLED", "EventPattern": '{"source": ["aws.autoscaling"]}'}
    with (
        server(aws({ARN: "on-launch"}, waits, aliases=ALIAS, versions=VERSIONS)) as (url, _),
        target(AWS_ENDPOINT_URL=url) as this,
    ):
        assert aws_starters.read_autoscaler(this) == Autoscaler("Active", None, enabled=False)


def test_a_rule_that_was_just_deleted_does_not_make_the_function_missing() -> None:
    gone = b'{"__type": "ResourceNotFoundException", "message": "Rule tick does not exist."}'

    def answer(handler: Handler) -> None:
        if handler.headers.get("X-Amz-Target", "").endswith("DescribeRule"):
            respond(handler, 400, gone)
        else:
            aws({ARN: "tick"})(handler)

    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        result = aws_starters.read_autoscaler(this)
    assert isinstance(result, Unavailable)
    assert result.tried == "events:DescribeRule"


def test_a_rule_that_is_disabled_is_kept_where_no_other_is_enabled() -> None:
    off = {"State": "DISABLED", "ScheduleExpression": "rate(1 minute)"}
    with (
        server(aws({ARN: "tick"}, off, aliases=ALIAS, versions=VERSIONS)) as (url, _),
        target(AWS_ENDPOINT_URL=url) as this,
    ):
        assert aws_starters.read_autoscaler(this) == Autoscaler(
            "Active", "tick", enabled=False, schedule="rate(1 minute)"
        )


def test_versions_that_may_not_be_listed_leave_it_unknown() -> None:
    with server(aws({}, aliases=403, versions=VERSIONS)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        result = aws_starters.read_autoscaler(this)
    assert isinstance(result, Autoscaler)
    assert result.unseen
    assert (result.unseen.reason, result.unseen.tried) == ("denied", "lambda:ListAliases")


def schedule(name: str, arn: str, **fields: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "GroupName": "default",
        "State": "ENABLED",
        "ScheduleExpression": "rate(1 minute)",
        "Target": {"Arn": arn, "RoleArn": "arn:aws:iam::1:role/x", **fields.pop("target", {})},
        **fields,
    }


SET_DESIRED = "arn:aws:scheduler:::aws-sdk:autoscaling:setDesiredCapacity"
OURS = {"Input": '{"AutoScalingGroupName": "academy-ai-worker-asg", "DesiredCapacity": 1}'}
SCHEDULES = [
    schedule("bare", ARN),
    schedule("alias", f"{ARN}:live", State="DISABLED"),
    schedule("another", "arn:aws:lambda:ap-northeast-2:1:function:academy-worker-autoscale-2"),
    schedule("direct", SET_DESIRED, target=OURS),
    schedule("night", SET_DESIRED, target={"Input": OURS["Input"].replace("1}", "0}")}),
    schedule("direct-another", SET_DESIRED, target={"Input": '{"AutoScalingGroupName": "web"}'}),
]


def test_schedules_that_run_the_function_or_set_the_group_s_size_are_found() -> None:
    whole = {one["Name"]: one for one in SCHEDULES}

    def answer(handler: Handler) -> None:
        name = urlsplit(handler.path).path.removeprefix("/schedules").strip("/")
        listed = [{**one, "Target": {"Arn": one["Target"]["Arn"]}} for one in SCHEDULES]
        respond(handler, 200, json.dumps(whole[name] if name else {"Schedules": listed}).encode())

    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        result = aws_starters.read_schedules(this)
    assert result == (
        Starter("schedule", "bare", enabled=True, when="rate(1 minute)", group="default"),
        Starter("schedule", "alias", enabled=False, when="rate(1 minute)", group="default"),
        Starter("resize", "direct", enabled=True, when="rate(1 minute)", group="default"),
    )


def test_schedules_that_may_not_be_listed_are_unknown() -> None:
    body = b'{"Message": "User: x is not authorized to perform: scheduler:ListSchedules"}'
    denied = {"x-amzn-ErrorType": "AccessDeniedException"}
    with (
        server(lambda handler: respond(handler, 403, body, **denied)) as (url, _),
        target(AWS_ENDPOINT_URL=url) as this,
    ):
        result = aws_starters.read_schedules(this)
    assert isinstance(result, Unavailable)
    assert (result.reason, result.tried) == ("denied", "scheduler:ListSchedules")


GROWS = (
    "<member><PolicyName>grow</PolicyName><PolicyType>StepScaling</PolicyType><Enabled>true</Enabled><StepAdjustments>"
    "<member><MetricIntervalLowerBound>0</MetricIntervalLowerBound><ScalingAdjustment>1</ScalingAdjustment></member>"
    "</StepAdjustments><Alarms><member><AlarmName>depth-high</AlarmName><AlarmARN>arn:x</AlarmARN></member></Alarms>"
    "</member>"
)
SHRINKS = GROWS.replace("grow", "shrink").replace("<ScalingAdjustment>1<", "<ScalingAdjustment>-1<")
ALONE = GROWS.replace("grow", "alone").replace(
    "<member><AlarmName>depth-high</AlarmName><AlarmARN>arn:x</AlarmARN></member>", ""
)
MORNING = (
    "<member><ScheduledActionName>morning</ScheduledActionName><StartTime>2026-11-23T00:00:00Z</StartTime>"
    "<MinSize>1</MinSize><DesiredCapacity>1</DesiredCapacity></member>"
)
NIGHT = (
    "<member><ScheduledActionName>night</ScheduledActionName><StartTime>2026-11-22T12:00:00Z</StartTime>"
    "<MinSize>0</MinSize><DesiredCapacity>0</DesiredCapacity></member>"
)


def test_half_an_answer_costs_its_own_fact_only(compared: Callable[[int], None]) -> None:
    half = b'<Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribePoliciesResult/></Response>'
    reads = (aws_starters.read_policies, aws_starters.read_actions, refreshes.read_refresh)
    with server(lambda handler: respond(handler, 200, half)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        found = [read(this) for read in reads]
    assert [one.reason for one in found if isinstance(one, Unavailable)] == ["unexpected-answer"] * len(reads)
    compared(len(reads))


def group_answers(handler: Handler) -> None:
    if "Action" not in (asked := parse_qs(handler.body.decode("latin-1"))):
        # CloudWatch, about the policies' alarms.
        respond(handler, 403, b'{"__type": "AccessDenied", "message": "no"}')
        return
    (operation,) = asked["Action"]
    inner = {
        "DescribePolicies": f"<ScalingPolicies>{GROWS}{SHRINKS}{ALONE}</ScalingPolicies>",
        "DescribeScheduledActions": f"<ScheduledUpdateGroupActions>{MORNING}{NIGHT}</ScheduledUpdateGroupActions>",
    }[operation]
    respond(
        handler,
        200,
        f"<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>".encode(),
    )


def test_policies_that_grow_the_group_and_actions_that_will_are_found() -> None:
    with server(group_answers) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        policies = aws_starters.read_policies(this)
        assert not isinstance(policies, Unavailable)
        assert [(one.name, one.enabled, one.when) for one in policies] == [
            ("grow", True, "depth-high"),
            ("alone", False, ""),
        ]
        assert aws_starters.read_actions(this) == (
            Starter("action", "morning", enabled=True, when="2026-11-23T00:00:00+00:00"),
        )
