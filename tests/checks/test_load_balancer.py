"""A load balancer in front of the API: what its own pages mean, and how it sees the API's containers."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from academy_ops.diagnosis.records import Diagnosis, Unavailable
from academy_ops.outside.clients import Answer
from academy_ops.report.pipeline import hop_statuses
from checks import endpoint
from checks.facts import TargetHealth
from checks.targets import read_targets
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import target
from tests.wire import Handler, respond, server

PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
BEHIND = Answer("http://api-1.ap-northeast-2.elb.amazonaws.com/healthz", 200, {}, "{}", 5)
REFUSED = Unavailable("refused", "http://10.0.0.1:8000/healthz")
SICK = TargetHealth("i-0a1:8000", "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes")
FIT = TargetHealth("i-0a2:8000", "healthy")


def page(status: int, title: str = "", **headers: str) -> Answer:
    return h.answer(status, PAGE.format(f"{status} {title}"), server="awselb/2.0", **headers)


def facts(status: int, targets: Any = None, **layers: Any) -> Any:
    return replace(h.endpoint(page(status), **{"healthz": page(status), **layers}), targets=targets)


@pytest.mark.parametrize(
    ("seen", "cause", "reason"),
    [
        (facts(503), "proxy-upstream-down", "load-balancer"),
        (facts(503, (SICK,)), "proxy-upstream-down", "health-check"),
        (facts(502), "bad-gateway", "load-balancer"),
        (facts(502, (SICK,)), "proxy-upstream-down", "health-check"),
        (facts(502, (SICK, FIT)), "bad-gateway", "load-balancer"),
        (facts(502, app=REFUSED), "proxy-upstream-down", "load-balancer"),
        (facts(502, app=h.answer(200)), "proxy-misrouted", "load-balancer"),
        (facts(502, healthz=h.answer(200)), "bad-gateway", "one-path"),
        (facts(504), "gateway-timeout", "load-balancer"),
        (facts(504, healthz=h.answer(200)), "gateway-timeout", "one-path"),
        (facts(460), "gateway-timeout", "client-closed"),
        (facts(463), "bad-gateway", "forwarded-for"),
        (facts(464), "bad-gateway", "protocol-version"),
        (facts(500), "bad-gateway", "load-balancer"),
        (facts(561), "api-auth-rejected", "load-balancer"),
        (facts(562), "api-auth-rejected", "load-balancer"),
        (facts(401), "api-auth-rejected", "load-balancer"),
    ],
)
def test_its_own_pages_are_told_as_its_own(seen: Any, cause: str, reason: str) -> None:
    result = h.verdict(h.case(endpoint=seen, document=Unavailable("server-error", "job")))
    assert (result.cause, result.reason) == (cause, reason)
    assert "nginx" not in str(result.summary)


def health(state: str, reason: str = "") -> TargetHealth:
    return TargetHealth("i-0a1:8000", state, reason)


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        ((), "no-target"),
        ((health("unused", "Target.NotRegistered"),), "no-target"),
        ((health("unused", "Target.InvalidState"),), "no-target"),
        ((health("unused", "Target.IpUnusable"),), "no-target"),
        ((health("unused", "Target.NotInUse"),), "no-target"),
        ((health("draining", "Target.DeregistrationInProgress"),), "draining"),
        ((health("unhealthy.draining", "Target.DeregistrationInProgress"),), "draining"),
        ((health("initial", "Elb.RegistrationInProgress"),), "starting"),
        ((health("unhealthy", "Target.Timeout"), health("initial", "Elb.InitialHealthChecking")), "starting"),
        ((health("unhealthy", "Target.ResponseCodeMismatch"),), "health-check"),
        ((health("draining"), health("unhealthy", "Target.Timeout")), "no-answer"),
        ((health("unhealthy", "Target.FailedHealthChecks"),), "load-balancer"),
        ((health("unhealthy", "Elb.InternalError"),), "internal"),
        # A reason that has been added since.
        ((health("unhealthy", "Target.New"),), "load-balancer"),
        # The group of the release before, which no listener leads to any more, is no target.
        ((health("unused", "Target.NotInUse"), health("unhealthy", "Target.Timeout")), "no-answer"),
    ],
)
@pytest.mark.parametrize("status", [502, 503])
def test_why_no_target_serves_is_the_reason(status: int, targets: tuple[TargetHealth, ...], reason: str) -> None:
    result = h.verdict(h.case(endpoint=facts(status, targets), document=Unavailable("server-error", "job")))
    assert (result.cause, result.reason) == ("proxy-upstream-down", reason)


@pytest.mark.parametrize("status", [502, 503])
@pytest.mark.parametrize(
    "targets",
    [
        (FIT,),
        (health("unused", "Target.NotInUse"), FIT),
        (health("draining", "Target.DeregistrationInProgress"), FIT),
        # Without a health check every target gets requests.
        (health("unavailable", "Target.HealthCheckDisabled"),),
    ],
)
def test_with_a_target_that_serves_the_answer_itself_is_in_question(
    status: int, targets: tuple[TargetHealth, ...]
) -> None:
    result = h.verdict(h.case(endpoint=facts(status, targets), document=Unavailable("server-error", "job")))
    assert (result.cause, result.reason) == ("bad-gateway", "load-balancer")


def test_how_it_sees_its_targets_is_evidence() -> None:
    (found,) = [one for one in h.findings(h.case(endpoint=facts(502, (SICK, FIT)))) if one.check == "endpoint"]
    assert found.evidence["targets"] == [
        "i-0a1:8000 unhealthy Target.ResponseCodeMismatch Health checks failed with these codes",
        "i-0a2:8000 healthy",
    ]


def test_without_that_permission_the_fault_is_told_all_the_same() -> None:
    denied = Unavailable("denied", "elasticloadbalancing:DescribeTargetGroups")
    (found,) = [one for one in h.findings(h.case(endpoint=facts(503, denied))) if one.check == "endpoint"]
    assert (found.cause, found.missing_permission) == ("proxy-upstream-down", None)
    assert found.evidence["targets"] == {"reason": "denied", "tried": denied.tried}


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        (facts(503), "load balancer"),
        (
            h.endpoint(h.answer(200), origin=Answer("http://api-1.elb.amazonaws.com/healthz", 200, {}, "{}", 5)),
            "load balancer",
        ),
        (h.endpoint(h.answer(200)), "proxy"),
        (h.endpoint(h.answer(200, server="cloudflare")), "proxy"),
        (h.endpoint(h.answer(200, server="nginx/1.24.0")), "nginx"),
        (h.endpoint(h.answer(200, server="openresty")), "OpenResty"),
        (h.endpoint(h.answer(200, server="Caddy")), "Caddy"),
        (h.endpoint(h.answer(200, server="cloudflare"), origin=h.answer(200, server="Apache/2.4.62")), "Apache"),
        (h.endpoint(h.answer(200, server="istio-envoy")), "Envoy"),
        (h.endpoint(h.answer(200, server="Microsoft-IIS/10.0")), "IIS"),
        # What the app's own port says is of the app.
        (h.endpoint(h.answer(200, server="cloudflare"), app=h.answer(200, server="nginx")), "proxy"),
        (h.endpoint(h.answer(200, server="nginxish")), "proxy"),
        (h.endpoint(h.answer(200, server="uvicorn")), "load balancer"),
        (h.endpoint(h.answer(404, {"detail": "x"}, server="gunicorn/22.0")), "load balancer"),
        (
            h.endpoint(h.answer(200, server="cloudflare", **{"set-cookie": "AWSALBCORS=1"})),
            "load balancer",
        ),
        (h.endpoint(h.answer(200, server="cloudflare"), origin=h.answer(200, server="uvicorn")), "load balancer"),
        (h.endpoint(h.answer(200, server="cloudflare"), origin=h.answer(200, server="nginx/1.24.0")), "nginx"),
        (h.endpoint(h.answer(200, server="cloudflare"), app=h.answer(200, server="uvicorn")), "proxy"),
        (h.endpoint(Answer("http://127.0.0.1:8000/api/", 200, {"server": "uvicorn"}, "{}", 5)), "proxy"),
        (h.endpoint(h.answer(502, "<center>nginx/1.24.0</center>", server="nginx")), "nginx"),
    ],
)
def test_the_drawing_names_what_is_there(seen: Any, name: str) -> None:
    case = h.case(endpoint=seen)
    drawn = hop_statuses(Diagnosis(h.JOB_ID, h.NOW, 1, h.verdict(case), h.findings(case)))
    assert drawn[2].name == name


def group(arn: str, port: int) -> str:
    return f"<member><TargetGroupArn>{arn}</TargetGroupArn><Port>{port}</Port></member>"


def balancer(asked: list[str], *, denied: bool = False) -> Any:
    health = (
        "<member><Target><Id>i-0a1</Id><Port>8000</Port></Target><TargetHealth><State>unhealthy</State>"
        "<Reason>Target.Timeout</Reason><Description>Request timed out</Description></TargetHealth></member>"
    )

    def answered(handler: Handler) -> None:
        if not handler.body:
            respond(handler, 503, PAGE.format("503 Service Temporarily Unavailable").encode(), server="awselb/2.0")
            return
        query = parse_qs(handler.body.decode())
        action = query["Action"][0]
        asked.append(query.get("TargetGroupArn", [action])[0])
        if denied:
            error = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
            respond(handler, 403, f"<ErrorResponse>{error}</ErrorResponse>".encode())
            return
        groups = f"<TargetGroups>{group('arn:api', 8000)}{group('arn:other', 80)}</TargetGroups>"
        healths = f"<TargetHealthDescriptions>{health}</TargetHealthDescriptions>"
        body = groups if action == "DescribeTargetGroups" else healths
        respond(handler, 200, f"<{action}Response><{action}Result>{body}</{action}Result></{action}Response>".encode())

    return answered


def test_the_groups_that_lead_to_the_api_are_asked() -> None:
    asked: list[str] = []
    with server(balancer(asked)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        assert read_targets(this) == (TargetHealth("i-0a1:8000", "unhealthy", "Target.Timeout", "Request timed out"),)
    assert asked == ["DescribeTargetGroups", "arn:api"]


def test_a_denied_look_is_unavailable() -> None:
    with server(balancer([], denied=True)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        found = read_targets(this)
    assert isinstance(found, Unavailable)
    assert (found.reason, found.tried) == ("denied", "elasticloadbalancing:DescribeTargetGroups")


def test_they_are_asked_only_where_a_load_balancer_has_answered() -> None:
    asked: list[str] = []
    with server(balancer(asked)) as (url, _), target(AWS_ENDPOINT_URL=url, ACADEMY_API_URL=url) as this:
        seen = endpoint.observe(this, h.case())
        assert isinstance(seen.targets, tuple)
    with (
        server(lambda handler: respond(handler, 200)) as (api, _),
        server(balancer(asked)) as (url, _),
        target(AWS_ENDPOINT_URL=url, ACADEMY_API_URL=api) as this,
    ):
        assert endpoint.observe(this, h.case()).targets is None
    assert asked == ["DescribeTargetGroups", "arn:api"]
