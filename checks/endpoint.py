"""Section 2: edge, nginx and API, each asked for itself, up to the job's status."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from academy_ops.contract import HEALTH_PATH, HEALTHZ_PATH, JOBS_PATH
from academy_ops.diagnosis.catalogue import CATALOGUE, faults_of
from academy_ops.diagnosis.check import Check, Grant, Hop
from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, Json, Reason, Unavailable
from academy_ops.messages import say
from academy_ops.outside.clients import MAX_REDIRECTS, Answer, Target
from academy_ops.outside.time_limits import begin, gather
from academy_ops.thresholds import CLOCK_WRONG_SECONDS, SECOND_LOOK_SECONDS, YOUNG_SECONDS
from checks.authors import ACCESS, AWS_LOAD_BALANCER, STORAGE, Page, balanced_by, cached, is_json, page_of, place
from checks.facts import AccessFacts, Case, EndpointFacts, JobDocument
from checks.job_document import read_answer
from checks.targets import none_serves, read_targets
from checks.words import Fault

_NO_ANSWER: Final[dict[Reason, str]] = {
    "dns": "endpoint-dns",
    "refused": "endpoint-refused",
    "unreachable": "endpoint-refused",
    "timeout": "endpoint-timeout",
    "tls": "endpoint-tls",
    # Something answers there, but not in HTTP.
    "unexpected-answer": "api-not-json",
}
_MAY_CONCEAL: Final = faults_of("2")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NO_JOB: Final = "00000000-0000-0000-0000-000000000000"
_SHOWN_CHARACTERS: Final = 300
_PAST_CACHES: Final = "academy-ops"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OF_BEHIND: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
_REFUSALS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_CLIENT_CLOSED: Final = 460
"""AWS's load balancer records it where who asked, such as the edge, hung up before the API had answered."""
_EDGE_LATE: Final = frozenset({522, 524})
_BY_NUMBER: Final[tuple[tuple[Fault, frozenset[int]], ...]] = (
    (Fault("api-throttled", "edge"), frozenset({1015, 1200, 429})),
    (Fault("edge-origin-down"), frozenset({521})),
    (Fault("edge-origin-timeout"), _EDGE_LATE),
    (Fault("edge-tls-mode"), frozenset({525, 526})),
    # By address, country, client, or a rule.
    (Fault("edge-blocked"), frozenset({401, 403, 451, *range(1005, 1013), 1020, 1106})),
    (Fault("edge-error", "dns"), frozenset({*range(1000, 1005), 1013, 1014, 1016, 1018, 1023, 1034})),
    (Fault("edge-error", "tunnel"), frozenset({1033})),
    (
        Fault("edge-error", "worker"),
        frozenset({1019, 1021, 1024, 1025, 1027, *range(1035, 1038), 1042, *range(1101, 1105)}),
    ),
    (Fault("edge-error", "own"), frozenset({409, *range(500, 505)})),
)
"""What Cloudflare's numbers mean, those of its pages and the statuses that it gives no other number to."""
_BY_CLOCK: Final = frozenset({"expired", "not-yet"})
"""What is said of a certificate by the clock of who looks at it."""
_NO_WAY_IN: Final = frozenset({521, 522})
_ALL_BUT_EDGE: Final = ("edge-origin-down/firewall", "edge-origin-timeout/firewall")
"""Who asks the origin past the edge gets an answer."""
_SIGN_IN: Final = re.compile(r"log-?in|sign-?in|/sso\b|/auth\b|oauth", re.IGNORECASE)
_REFUSED_HOST: Final = re.compile(r"host header|DisallowedHost|ALLOWED_HOSTS|Bad Request \(400\)", re.IGNORECASE)
"""How Starlette and Django refuse a Host header; Django's page says no more than its title."""
_TLS_WANTED: Final = re.compile(
    r"plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server", re.IGNORECASE
)
"""What nginx, Apache and Go answer where https is asked by http."""
_CERTIFICATE_WANTED: Final = re.compile(r"No required SSL certificate was sent|The SSL certificate error")
"""nginx, of the certificate of who asks."""
_OF_BALANCER: Final = {463: "forwarded-for", 464: "protocol-version"}
"""What statuses that only AWS's load balancer has mean: too many addresses, and HTTP/2 or gRPC on one side only."""
_SIGN_IN_FAILED: Final = frozenset({561, 562})
"""Its own, too: the identity provider that signs users in for it has refused, or did not give its keys."""
_FROM_TUNNEL: Final = re.compile(r"traffic from cloudflared")
"""The tunnel is up, and what it leads to is not."""
_SHOWN_HEADERS: Final = (
    *("server", "cf-ray", "cf-mitigated", "cf-cache-status", "age", "location", "retry-after", "www-authenticate"),
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
        for row in document["result"]["failed"]:
            row.pop("name", None)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
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
        fault = _unanswered(facts, facts.main)
        # A refusal is an answer of the other side; silence may be this machine's own network.
        if fault and ((facts.main.reason == "refused" and not case.nothing_answers()) or case.anything_answered()):
            yield build.fail(fault.code, evidence, reason=fault.reason)
        else:
            yield build.unknown(say("the API"), facts.main, _MAY_CONCEAL)
        return
    if case.job_id and _id_refused(facts.main, case.job_id) and _well(facts.healthz):
        yield build.fail("job-not-found", evidence)
        return
    fault = _fault(facts, facts.main, job_asked=case.job_id is not None)
    if fault and not case.sent_to(facts.main):
        yield build.fail(fault.code, evidence, reason=fault.reason)
    elif unseen := _unseen(case, facts.main):
        unknown = build.unknown(say("the API"), unseen, _MAY_CONCEAL)
        yield replace(unknown, evidence={**unknown.evidence, **evidence})
    elif _well(facts.main):
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
    if not case.trusts_nobody():
        return None
    return Unavailable("trust-store", "SSL_CERT_FILE", main.detail) if main.why == "issuer" else main


def _unseen(case: Case, main: Answer) -> Unavailable | None:
    """Say why an answer that shows no fault does not show the API either; None where it does."""
    page = page_of(main)
    if case.sent_to(main):
        return Unavailable("signed-out", main.headers["location"])
    if _own_proxy(main, page):
        return Unavailable("proxy", main.proxy, page.title)
    if cached(main):
        return Unavailable("cached", main.url)
    if _well(main) or _no_such_job(main):
        return None
    return Unavailable("unexpected-answer", main.url, f"HTTP {main.status}")


def _unanswered(facts: EndpointFacts, main: Unavailable) -> Fault | None:
    """Name the fault behind silence."""
    if _database_down(facts):
        return Fault("api-database-down")
    if _late(main) and _well(facts.healthz):
        return Fault("endpoint-timeout", "one-path")
    if main.reason == "unreachable" and main.why == "no-route":
        return None
    code = _NO_ANSWER.get(main.reason)
    return Fault(code, main.why if main.why in CATALOGUE[code].reasons else None) if code else None


def _fault(facts: EndpointFacts, main: Answer, *, job_asked: bool) -> Fault | None:
    """Name the fault behind the answer, or None when it is what it should be; first of all, whose answer it is."""
    came_back = len(set(main.redirects)) < len(main.redirects)
    if main.status in _REDIRECTS and (came_back or len(main.redirects) >= MAX_REDIRECTS):
        return Fault("redirect-loop", _loop(main.redirects))
    if isinstance(facts.cached, Answer) and _outdated(facts.cached, main):
        return Fault("edge-error", "cached")
    if main.status == HTTPStatus.BAD_REQUEST and _TLS_WANTED.search(main.body):
        return Fault("api-not-json", "https-wanted")
    return _by_author(facts, main, page_of(main), job_asked=job_asked)


def _by_author(facts: EndpointFacts, main: Answer, page: Page, *, job_asked: bool) -> Fault | None:
    if _own_proxy(main, page):
        return None
    if page.author == "cloudflare":
        return _of_edge(facts, main, page)
    if page.name == STORAGE:
        return Fault("api-not-json", "storage")
    if main.status in _REDIRECTS and "location" in main.headers:
        return Fault("api-not-json", _elsewhere(main))
    if page.author == "api" or (page.author == "unknown" and main.status not in _REFUSALS and not _server_error(main)):
        return _of_api(facts, main, job_asked=job_asked)
    return _of_gateway(facts, main, page)


def _own_proxy(main: Answer, page: Page) -> bool:
    """Return whether it is this machine's own proxy that has answered, or has sent on to where one signs in."""
    away = main.status in _REDIRECTS and page.author == "unknown" and _elsewhere(main) == "elsewhere"
    return bool(main.proxy) and (page.on_the_way_out or away)


def _of_edge(facts: EndpointFacts, main: Answer, page: Page) -> Fault:
    """Name the fault behind a page of Cloudflare's own, by its number where it tells one."""
    number = page.code or main.status
    if page.challenge or page.name == ACCESS or main.status < HTTPStatus.BAD_REQUEST:
        return Fault("edge-blocked", "access" if page.name == ACCESS else None)
    if _FROM_TUNNEL.search(main.body):
        return Fault("edge-error", "tunnel-origin")
    if number in _NO_WAY_IN and _well(facts.origin):
        return Fault(_by_number(number).code, "firewall")
    # Cloudflare replaces the origin's 502 and 504 by a page with their number; its own has none.
    of_origin = page.code is not None or _refused(facts.app) or _server_error(facts.origin)
    if number in _OF_BEHIND and of_origin and not _well(facts.origin):
        return _behind(facts, main, page)
    return _by_number(number)


def _by_number(number: int) -> Fault:
    return next((fault for fault, numbers in _BY_NUMBER if number in numbers), Fault("edge-error"))


def _of_api(facts: EndpointFacts, main: Answer, *, job_asked: bool) -> Fault | None:
    """Name the fault behind an answer of the API itself, or of nobody known that is no error of a server."""
    if main.status in _REFUSALS:
        return Fault("api-auth-rejected")
    if main.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Fault("api-throttled")
    if _database_down(facts):
        return Fault("api-database-down")
    return Fault("api-error") if _server_error(main) else _misread(facts, main, job_asked=job_asked)


def _of_gateway(facts: EndpointFacts, main: Answer, page: Page) -> Fault:
    """Name the fault behind a page of who stands between edge and API, or of nobody known."""
    author = page.author
    balanced = author == "load-balancer"
    limited = isinstance(facts.again, Answer) and facts.again.status != main.status
    refused = (main.status in _REFUSALS and author != "unknown") or (balanced and main.status in _SIGN_IN_FAILED)
    if refused or page.challenge or _CERTIFICATE_WANTED.search(main.body):
        return Fault("api-auth-rejected", author)
    if main.status == HTTPStatus.TOO_MANY_REQUESTS or limited:
        return Fault("api-throttled", author if author == "nginx" else None)
    # A proxy of the network knows as little of what is behind it as we do.
    if page.before_the_api and (main.status in _OF_BEHIND or main.status == _CLIENT_CLOSED):
        return _behind(facts, main, page)
    if author == "unknown":
        return Fault("api-database-down") if _database_down(facts) else Fault("bad-gateway", author)
    # With a target that serves, a rule of its own has answered.
    serves = isinstance(facts.targets, tuple) and not _none_serves(facts)
    down = (balanced and not serves) or (author == "proxy" and page.before_the_api and _refused(facts.app))
    if main.status == HTTPStatus.SERVICE_UNAVAILABLE and down:
        return Fault("proxy-upstream-down", (_none_serves(facts) or author) if balanced else None)
    return Fault("bad-gateway", _OF_BALANCER.get(main.status, author) if balanced else author)


def _misread(facts: EndpointFacts, main: Answer, *, job_asked: bool) -> Fault | None:
    """Name what is wrong with an answer that is no server error."""
    if main.status == HTTPStatus.BAD_REQUEST and _REFUSED_HOST.search(main.body):
        return Fault("api-host-rejected")
    if not is_json(main):
        # /health may answer in plain text.
        return None if _well(main) and not job_asked else Fault("api-not-json", _why_not_json(main))
    if _no_such_job(main):
        # An API that has no /healthz either is another one, or is not at this path.
        strange = page_of(main).author != "api" and not _well(facts.healthz)
        elsewhere = strange or (isinstance(facts.healthz, Answer) and facts.healthz.status == HTTPStatus.NOT_FOUND)
        return Fault("api-not-json") if elsewhere else Fault("job-not-found") if job_asked else None
    no_job = _well(main) and job_asked and isinstance(read_answer(main), Unavailable) and not cached(main)
    return Fault("api-not-json") if no_job else None


def _why_not_json(main: Answer) -> str | None:
    if not main.body.strip():
        return "empty"
    return "broken" if page_of(main).author == "api" and main.broken else None


def _outdated(before: Answer, now: Answer) -> bool:
    """Return whether a cache says something else of the job than the API itself, and not for a moment only."""
    was, job = read_answer(replace(before, headers={})), read_answer(now)
    if not isinstance(job, JobDocument) or (isinstance(was, JobDocument) and was.status == job.status):
        return False
    age = before.headers.get("age", "")
    return not age.isdecimal() or int(age) >= YOUNG_SECONDS


def _loop(redirects: Sequence[str]) -> str | None:
    """Return what goes round in circles."""
    turns = [place(where) for where in redirects[-4:]]
    if len({where.path for where in turns}) > len({where.path.rstrip("/") for where in turns}):
        return "slash"
    if any(_SIGN_IN.search(where.path) for where in turns):
        return "login"
    to_https = all(where.scheme == "https" for where in turns) and len({where.geturl() for where in turns}) == 1
    return "https" if to_https else None


def _elsewhere(main: Answer) -> str:
    """Return what a redirect wants that was not followed: https at the same host, or another address."""
    here, there = place(main.url), place(main.redirects[-1] if main.redirects else "")
    to_https = here.hostname == there.hostname and (here.scheme, there.scheme) == ("http", "https")
    return "https-wanted" if to_https else "elsewhere"


def _id_refused(main: Answer, job_id: str) -> bool:
    """Return whether the API's router refuses a job id that is no UUID, as one that was not copied whole."""
    django = main.status == HTTPStatus.NOT_FOUND and "The requested resource was not found on this server" in main.body
    fastapi = main.status == HTTPStatus.UNPROCESSABLE_ENTITY and '"uuid_parsing"' in main.body
    return (django or fastapi) and not _UUID.fullmatch(job_id)


def _no_such_job(main: Answer) -> bool:
    return main.status == HTTPStatus.NOT_FOUND and is_json(main) and not cached(main)


def _database_down(facts: EndpointFacts) -> bool:
    """Return whether the process answers and its database does not: /healthz is well, /health fails or hangs."""
    health = facts.health
    if isinstance(health, Unavailable):
        return _well(facts.healthz) and _late(health)
    page = page_of(health)
    # A /health that does not answer waits for the database.
    late = page.code in _EDGE_LATE or (health.status == HTTPStatus.GATEWAY_TIMEOUT and page.before_the_api)
    # What /health says in JSON has no form that is known.
    own = page.author == "api" or (page.author == "unknown" and is_json(health))
    return _well(facts.healthz) and (late or (own and _server_error(health)))


def _behind(facts: EndpointFacts, main: Answer, page: Page) -> Fault:
    """Distinguish a dead app, a wrong upstream, and one answer that fails; without a view of the app, none."""
    balanced = "load-balancer" if page.author == "load-balancer" else None
    if main.status == _CLIENT_CLOSED:
        return Fault("gateway-timeout", "client-closed")
    if main.status == HTTPStatus.GATEWAY_TIMEOUT:
        return Fault("gateway-timeout", "one-path" if _well(facts.healthz) else balanced)
    if _well(facts.healthz) or _well(facts.origin):
        # The same way leads to the API: it is this answer that the gateway can't take.
        return Fault("bad-gateway", "one-path")
    if isinstance(facts.app, Answer):
        return Fault("proxy-misrouted", balanced)
    nobody = _none_serves(facts) if balanced else None
    if _refused(facts.app) or nobody:
        return Fault("proxy-upstream-down", nobody or balanced)
    return Fault("bad-gateway", page.author if page.author == "proxy" else balanced)


def _none_serves(facts: EndpointFacts) -> str | None:
    """Return why the load balancer has nobody to send a request to; None where it has, or that was not seen."""
    return none_serves(facts.targets) if isinstance(facts.targets, tuple) else None


def _well(answer: Answer | Unavailable) -> bool:
    return isinstance(answer, Answer) and answer.status == HTTPStatus.OK and not cached(answer)


def _late(unseen: Unavailable) -> bool:
    """Return whether no answer came in time, directly or through a proxy."""
    return "timeout" in {unseen.reason, unseen.why}


def _refused(answer: Answer | Unavailable) -> bool:
    return isinstance(answer, Unavailable) and answer.reason == "refused"


def _server_error(answer: Answer | Unavailable) -> bool:
    return isinstance(answer, Answer) and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR


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
    # A layer whose address is not set was not asked; there is nothing to show of it.
    asked = {name: answer for name, answer in layers.items() if not _not_asked(answer)}
    evidence: dict[str, Json] = {name: _layer(name, answer) for name, answer in asked.items()}
    if isinstance(facts.targets, Unavailable):
        evidence["targets"] = {"reason": facts.targets.reason, "tried": facts.targets.tried}
    elif facts.targets is not None:
        evidence["targets"] = [
            " ".join(filter(None, (one.target, one.state, one.reason, one.description))) for one in facts.targets
        ]
    return evidence


def _not_asked(answer: Answer | Unavailable) -> bool:
    return isinstance(answer, Unavailable) and answer.reason in {"not-configured", "not-asked"}


def _layer(name: str, answer: Answer | Unavailable) -> Json:
    if isinstance(answer, Unavailable):
        return {"url": answer.tried, "reason": answer.reason, "detail": answer.detail}
    page = page_of(answer)
    shown: dict[str, Json] = {"url": answer.url, "status": answer.status, "elapsed_ms": answer.elapsed_ms}
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES or not is_json(answer):
        breaks = answer.broken if answer.status < HTTPStatus.BAD_REQUEST else ""
        known = {"author": page.name, "title": page.title, "code": page.code, "breaks": breaks}
        shown |= {name: value for name, value in known.items() if value}
    shown |= {name: answer.headers[name] for name in _SHOWN_HEADERS if name in answer.headers}
    if name != "app" and (sign := balanced_by(answer.headers, answer.url)):
        shown["balanced_by"] = sign
    if answer.status >= HTTPStatus.BAD_REQUEST and is_json(answer):
        shown["answer"] = answer.body[:_SHOWN_CHARACTERS]
    if answer.redirects:
        shown["redirects"] = len(answer.redirects)
    return shown


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
