"""Section 2: edge, nginx and API, each asked for itself, up to the job's status."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from academy_ops.contract import HEALTH_PATH, HEALTHZ_PATH, JOBS_PATH
from academy_ops.diagnosis.catalogue import faults_of
from academy_ops.diagnosis.check import Check, Grant, Hop
from academy_ops.diagnosis.findings import FindingBuilder, present
from academy_ops.diagnosis.records import Finding, Json, Unavailable
from academy_ops.messages import say
from academy_ops.outside.clients import Answer, Target
from academy_ops.outside.time_limits import begin, gather
from academy_ops.thresholds import CLOCK_WRONG_SECONDS, SECOND_LOOK_SECONDS
from checks.author_signs import AWS_LOAD_BALANCER
from checks.authors import balanced_by, cached, is_json, page_of
from checks.endpoint_faults import fault_of_answer, fault_of_silence, id_refused, is_ok, no_such_job, of_own_proxy
from checks.facts import AccessFacts, Case, EndpointFacts
from checks.own_network import anything_answered, no_certificate_fits, nothing_answers, redirects_all
from checks.targets import read_targets

_MAY_CONCEAL: Final = faults_of("2")
_NO_JOB: Final = "00000000-0000-0000-0000-000000000000"
_SHOWN_CHARACTERS: Final = 300
_PAST_CACHES: Final = "academy-ops"
_BY_CLOCK: Final = frozenset({"expired", "not-yet"})
"""What is said of a certificate by the clock of who looks at it."""
_ALL_BUT_EDGE: Final = ("edge-origin-down/firewall", "edge-origin-timeout/firewall")
"""Who asks the origin past the edge gets an answer."""
_SHOWN_HEADERS: Final = (
    *("server", "cf-ray", "cf-mitigated", "cf-cache-status", "age", "location", "retry-after"),
    "www-authenticate",
)


def observe(target: Target, case: Case) -> EndpointFacts:  # noqa: ARG001 - every check has the same form
    """Ask each layer at the same time."""
    settings = target.settings
    # Without a job an id that no job has shows whether the API takes the token; without a token /health must do.
    job_id = target.job_id or (_NO_JOB if settings.get("ACADEMY_API_TOKEN") else None)
    path = f"{JOBS_PATH}{job_id}/" if job_id else HEALTH_PATH
    asked = (
        ("ACADEMY_API_URL", path),
        ("ACADEMY_API_URL", HEALTH_PATH),
        ("ACADEMY_API_URL", HEALTHZ_PATH),
        ("ACADEMY_ORIGIN_URL", HEALTHZ_PATH),
        ("ACADEMY_APP_URL", HEALTHZ_PATH),
    )

    def ask(name: str, path: str) -> Answer | Unavailable:
        base = settings.get(name)
        if base is None:
            return Unavailable("not-configured", name)
        # The token goes to the API as users reach it, and nowhere else.
        answer = target.connect.get(base.rstrip("/") + path, authorised=path.startswith(JOBS_PATH))
        return replace(answer, body=_without_students(answer.body)) if isinstance(answer, Answer) else answer

    main, health, healthz, origin, app = gather(
        [(name, partial(ask, name, path)) for name, path in asked], target.until
    )
    facts = EndpointFacts(main, health, healthz, origin, app)
    if not isinstance(facts.main, Answer):
        return facts
    if page_of(facts.main).name == AWS_LOAD_BALANCER:
        targets = begin("elasticloadbalancing:DescribeTargetHealth", partial(read_targets, target), target.until)()
        return replace(facts, targets=targets)
    if cached(facts.main):
        # A cache keeps one answer for each query, and nobody has asked with this one.
        return replace(facts, main=ask("ACADEMY_API_URL", f"{path}?{_PAST_CACHES}={uuid4().hex}"), cached=facts.main)
    if facts.main.status == HTTPStatus.SERVICE_UNAVAILABLE and page_of(facts.main).author == "nginx":
        # nginx says the same of a limit and of maintenance; only a limit lets one through who waits.
        waited = target.pause(SECOND_LOOK_SECONDS)
        return replace(facts, again=ask("ACADEMY_API_URL", path) if waited else Unavailable("deadline", path))
    return facts


def _without_students(body: str) -> str:
    """Leave the names of students out of a job's result: nothing here needs them, and evidence is passed on."""
    try:
        document = json.loads(body)
        if isinstance(document["result"], str):
            document["result"] = json.loads(document["result"])
        for row in document["result"]["failed"]:
            if isinstance(row, dict):
                row.pop("name", None)
    except (ValueError, LookupError, TypeError, RecursionError):
        return body
    return json.dumps(document, ensure_ascii=False)


def judge(case: Case) -> Iterator[Finding]:
    """Name the layer at which the request fails."""
    build = FindingBuilder("endpoint", "2", case.names)
    facts = case.endpoint
    if isinstance(facts, Unavailable):
        yield build.unknown(say("the API"), facts, _MAY_CONCEAL)
        return
    evidence = _evidence(facts)
    if isinstance(facts.main, Unavailable):
        if own := _of_this_machine(case, facts.main):
            yield build.unknown(say("the API"), own, _MAY_CONCEAL)
            return
        fault = fault_of_silence(facts, facts.main)
        # A refusal is an answer of the other side; silence may be this machine's own network.
        if fault and ((facts.main.reason == "refused" and not nothing_answers(case)) or anything_answered(case)):
            yield build.fail(fault.code, evidence, reason=fault.reason)
        else:
            yield build.unknown(say("the API"), facts.main, _MAY_CONCEAL)
        return
    if case.job_id and id_refused(facts.main, case.job_id) and is_ok(facts.healthz):
        yield build.fail("job-not-found", evidence)
        return
    fault = fault_of_answer(facts, facts.main, job_asked=case.job_id is not None)
    if fault and not redirects_all(case, facts.main):
        yield build.fail(fault.code, evidence, reason=fault.reason)
    elif unseen := _unseen(case, facts.main):
        unknown = build.unknown(say("the API"), unseen, _MAY_CONCEAL)
        yield replace(unknown, evidence={**unknown.evidence, **evidence})
    elif is_ok(facts.main):
        yield build.ok(say("API response: {status}.", status=facts.main.status), evidence)
        if case.job_id is None:
            # Only /health was asked, which takes no token.
            missing = Unavailable("not-configured", "ACADEMY_API_TOKEN")
            yield build.unknown(say("whether the API accepts the token"), missing, ("api-auth-rejected",))
    else:
        # Asked for a job that nobody has, which only a token that is taken can learn.
        yield build.ok(say("The API responds and accepts the token."), evidence)


def _of_this_machine(case: Case, main: Unavailable) -> Unavailable | None:
    """Return what of this machine's own lets a certificate fail; None where that is the other side's."""
    ahead = case.access.clock_ahead_seconds if isinstance(case.access, AccessFacts) else None
    if main.why in _BY_CLOCK and abs(ahead or 0) >= CLOCK_WRONG_SECONDS:
        return Unavailable("clock-skew", main.tried, main.detail)
    if not no_certificate_fits(case):
        return None
    return Unavailable("trust-store", "SSL_CERT_FILE", main.detail) if main.why == "issuer" else main


def _unseen(case: Case, main: Answer) -> Unavailable | None:
    """Say why an answer that shows no fault does not show the API either; None where it does."""
    page = page_of(main)
    if redirects_all(case, main):
        return Unavailable("signed-out", main.headers["location"])
    if of_own_proxy(main, page):
        return Unavailable("proxy", main.proxy, page.title)
    if cached(main):
        return Unavailable("cached", main.url)
    if is_ok(main) or no_such_job(main):
        return None
    return Unavailable("unexpected-answer", main.url, f"HTTP {main.status}")


def _evidence(facts: EndpointFacts) -> dict[str, Json]:
    layers = {
        "edge": facts.main,
        "health": facts.health,
        "healthz": facts.healthz,
        "origin": facts.origin,
        "app": facts.app,
        "again": facts.again,
        "cached": facts.cached,
    }
    evidence: dict[str, Json] = {}
    for name, answer in layers.items():
        # A layer whose address is not set was not asked; there is nothing to show of it.
        if not (isinstance(answer, Unavailable) and answer.reason in {"not-configured", "not-asked"}):
            evidence[name] = _layer(name, answer)
    if isinstance(facts.targets, Unavailable):
        evidence["targets"] = {"reason": facts.targets.reason, "tried": facts.targets.tried}
    elif facts.targets is not None:
        evidence["targets"] = [
            " ".join(filter(None, (target.target, target.state, target.reason, target.description)))
            for target in facts.targets
        ]
    return evidence


def _layer(name: str, answer: Answer | Unavailable) -> Json:
    if isinstance(answer, Unavailable):
        return {"url": answer.tried, "reason": answer.reason, "detail": answer.detail}
    shown: dict[str, Json] = {"url": answer.url, "status": answer.status, "elapsed_ms": answer.elapsed_ms}
    refused, document = answer.status >= HTTPStatus.BAD_REQUEST, is_json(answer)
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES or not document:
        page = page_of(answer)
        breaks = None if refused else answer.broken
        shown |= present(author=page.name, title=page.title, code=page.code, breaks=breaks)
    shown |= {name: answer.headers[name] for name in _SHOWN_HEADERS if name in answer.headers}
    return shown | present(
        balanced_by=balanced_by(answer.headers, answer.url) if name != "app" else None,
        answer=answer.body[:_SHOWN_CHARACTERS] if refused and document else None,
        redirects=len(answer.redirects) or None,
    )


CHECK: Final = Check(
    name="endpoint",
    section="2",
    waits_for=say("the API, through the edge and directly"),
    observe=observe,
    judge=judge,
    reads=("access", "r2"),
    hops=(
        Hop(1, say("edge"), ("edge-", "endpoint-", "redirect-", "api-throttled/edge", *_ALL_BUT_EDGE)),
        Hop(
            2,
            say("proxy"),
            (
                *("edge-origin-", "proxy-", "bad-gateway", "api-throttled/nginx", "api-not-json/https-wanted"),
                *(f"api-auth-rejected/{author}" for author in ("nginx", "load-balancer", "proxy")),
            ),
            asked_as="origin",
        ),
        Hop(
            3,
            say("API"),
            (
                *("api-", "proxy-upstream-down", "gateway-timeout", "bad-gateway/one-path"),
                *("endpoint-timeout/one-path", "job-not-found", "aws-keys-"),
            ),
            asked_as="app",
        ),
    ),
    shows=("edge", "health", "origin", "app", "targets"),
    # Only where a load balancer has answered, and no more than evidence: without them nothing is undetermined.
    grants=(
        Grant(
            "CheckEndpointTargets",
            ("elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth"),
        ),
    ),
)
