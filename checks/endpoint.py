"""Section 2: edge, nginx and API, each asked for itself, up to the job's status."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Final

from academy_ops.contract import HEALTH_PATH, HEALTHZ_PATH, JOBS_PATH
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.check import Check, Hop
from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, Json, Reason, Unavailable
from academy_ops.messages import say
from academy_ops.outside.clients import MAX_REDIRECTS, Answer, Target
from academy_ops.outside.time_limits import gather
from checks.facts import Case, EndpointFacts
from checks.job_document import read_answer

_NO_ANSWER: Final[dict[Reason, str]] = {
    "dns": "endpoint-dns",
    "refused": "endpoint-refused",
    "unreachable": "endpoint-refused",
    "timeout": "endpoint-timeout",
    "tls": "endpoint-tls",
    # Something answers there, but not in HTTP.
    "unexpected-answer": "api-not-json",
}
_EDGES_OWN: Final = range(520, 531)
"""Statuses that Cloudflare itself answers with."""
_EDGE_TIMEOUT: Final = 524
_BY_STATUS: Final[dict[int, str]] = {
    **dict.fromkeys(_EDGES_OWN, "edge-error"),
    521: "edge-origin-down",
    522: "edge-origin-timeout",
    _EDGE_TIMEOUT: "edge-origin-timeout",
    525: "edge-tls-mode",
    526: "edge-tls-mode",
    HTTPStatus.GATEWAY_TIMEOUT: "gateway-timeout",
    HTTPStatus.UNAUTHORIZED: "api-auth-rejected",
    HTTPStatus.FORBIDDEN: "api-auth-rejected",
    HTTPStatus.TOO_MANY_REQUESTS: "api-throttled",
}
_MAY_CONCEAL: Final = tuple(code for code, cause in CATALOGUE.items() if cause.section == "2")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NO_JOB: Final = "00000000-0000-0000-0000-000000000000"
_SHOWN_CHARACTERS: Final = 300
_REFUSED_HOST: Final = re.compile(r"host header|DisallowedHost|ALLOWED_HOSTS|Bad Request \(400\)", re.IGNORECASE)
"""How Starlette and Django refuse a Host header; Django's page says no more than its title."""
_CHALLENGE: Final = re.compile(r"just a moment|attention required|challenge-platform|cf-chl|cf-error", re.IGNORECASE)
"""What Cloudflare's own pages say; a 503 of the origin comes with the same ``server`` header."""
_OF_ORIGIN: Final = re.compile(r"nginx|\A\s*<h1>403 Forbidden</h1>|<h1>403 Forbidden</h1><p>")
"""What the 403 pages of nginx and Django say; the edge's own put a centred line there."""
_EDGES_OWN_PATH: Final = "/cdn-cgi/"
"""Where Cloudflare sends who must sign in first, or solve a challenge."""
_SHOWN_HEADERS: Final = ("server", "cf-ray", "cf-mitigated", "location", "retry-after")


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

    return EndpointFacts(*gather([(name, partial(ask, name, path)) for name, path in asked], target.until))


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
        code = "api-database-down" if _database_down(facts) else _NO_ANSWER.get(facts.main.reason)
        # A refusal is an answer of the other side; silence may be this machine's own network.
        if code and (facts.main.reason == "refused" or case.anything_answered()):
            yield build.fail(code, evidence)
        else:
            yield build.unknown(say("the API"), facts.main, _MAY_CONCEAL)
        return
    if case.job_id and _id_refused(facts.main, case.job_id) and _well(facts.healthz):
        yield build.fail("job-not-found", evidence)
        return
    code = _fault(facts, facts.main, job_asked=case.job_id is not None)
    if code:
        yield build.fail(code, evidence)
    elif not (_well(facts.main) or _no_such_job(facts.main)):
        strange = Unavailable("unexpected-answer", facts.main.url, f"HTTP {facts.main.status}")
        yield replace(build.unknown(say("the API"), strange, _MAY_CONCEAL), evidence=evidence)
    elif _well(facts.main):
        yield build.ok(say("The API answers: {status}.", status=facts.main.status), evidence)
        if case.job_id is None:
            # Only /health was asked, which takes no token.
            missing = Unavailable("not-configured", "ACADEMY_API_TOKEN")
            yield build.unknown(say("whether the API takes the token"), missing, ("api-auth-rejected",))
    else:
        # Asked for a job that nobody has, which only a token that is taken can learn.
        yield build.ok(say("The API answers, and takes the token."), evidence)


def _fault(facts: EndpointFacts, main: Answer, *, job_asked: bool) -> str | None:
    """Name the fault behind the answer, or None when it is what it should be."""
    if len(main.redirects) >= MAX_REDIRECTS:
        return "redirect-loop"
    if _blocked(main):
        return "edge-blocked"
    if main.status == HTTPStatus.BAD_GATEWAY:
        return _bad_gateway(facts)
    if main.status in _BY_STATUS:
        return _BY_STATUS[main.status]
    if _database_down(facts):
        return "api-database-down"
    return "api-error" if _server_error(main) else _misread(facts, main, job_asked=job_asked)


def _misread(facts: EndpointFacts, main: Answer, *, job_asked: bool) -> str | None:
    """Name what is wrong with an answer that is no server error."""
    if main.status == HTTPStatus.BAD_REQUEST and _REFUSED_HOST.search(main.body):
        return "api-host-rejected"
    if not _is_json(main):
        # /health may answer in plain text.
        return None if _well(main) and not job_asked else "api-not-json"
    if _no_such_job(main):
        # An API that has no /healthz either is another one, or is not at this path.
        elsewhere = isinstance(facts.healthz, Answer) and facts.healthz.status == HTTPStatus.NOT_FOUND
        return "api-not-json" if elsewhere else "job-not-found" if job_asked else None
    return "api-not-json" if _well(main) and job_asked and isinstance(read_answer(main), Unavailable) else None


def _id_refused(main: Answer, job_id: str) -> bool:
    """Return whether the API's router refuses a job id that is no UUID, as one that was not copied whole."""
    django = main.status == HTTPStatus.NOT_FOUND and "The requested resource was not found on this server" in main.body
    fastapi = main.status == HTTPStatus.UNPROCESSABLE_ENTITY and '"uuid_parsing"' in main.body
    return (django or fastapi) and not _UUID.fullmatch(job_id)


def _no_such_job(main: Answer) -> bool:
    return main.status == HTTPStatus.NOT_FOUND and _is_json(main)


def _database_down(facts: EndpointFacts) -> bool:
    """Return whether the process answers and its database does not: /healthz is well, /health fails or hangs."""
    hangs = isinstance(facts.health, Unavailable) and facts.health.reason == "timeout"
    fails = _server_error(facts.health) and not _by_gateway(facts.health)
    return _well(facts.healthz) and (hangs or fails)


def _by_gateway(answer: Answer | Unavailable) -> bool:
    """Return whether nginx or the edge says that it did not reach the API; a time-out of theirs is the API's."""
    status = answer.status if isinstance(answer, Answer) else None
    return status == HTTPStatus.BAD_GATEWAY or (status in _EDGES_OWN and status != _EDGE_TIMEOUT)


def _bad_gateway(facts: EndpointFacts) -> str:
    """Distinguish a dead app from a wrong upstream; without a view of the app, neither."""
    if isinstance(facts.app, Answer):
        return "proxy-misrouted"
    return "proxy-upstream-down" if facts.app.reason == "refused" else "bad-gateway"


def _blocked(answer: Answer) -> bool:
    """Return whether the edge shows a page of its own; what nginx or the API refuses passes through it, too."""
    if "cf-mitigated" in answer.headers or any(_EDGES_OWN_PATH in where for where in answer.redirects):
        return True
    if answer.headers.get("server", "").lower() != "cloudflare" or _is_json(answer):
        return False
    if answer.status == HTTPStatus.FORBIDDEN:
        return not _OF_ORIGIN.search(answer.body)
    return answer.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE} and bool(
        _CHALLENGE.search(answer.body)
    )


def _well(answer: Answer | Unavailable) -> bool:
    return isinstance(answer, Answer) and answer.status == HTTPStatus.OK


def _server_error(answer: Answer | Unavailable) -> bool:
    return isinstance(answer, Answer) and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _is_json(answer: Answer) -> bool:
    try:
        return isinstance(json.loads(answer.body), dict)
    except (ValueError, RecursionError):
        return False


def _evidence(facts: EndpointFacts) -> dict[str, Json]:
    layers = {
        "edge": facts.main,
        "health": facts.health,
        "healthz": facts.healthz,
        "origin": facts.origin,
        "app": facts.app,
    }
    # A layer whose address is not set was not asked; there is nothing to show of it.
    asked = {name: answer for name, answer in layers.items() if not _not_configured(answer)}
    return {name: _layer(answer) for name, answer in asked.items()}


def _not_configured(answer: Answer | Unavailable) -> bool:
    return isinstance(answer, Unavailable) and answer.reason == "not-configured"


def _layer(answer: Answer | Unavailable) -> Json:
    if isinstance(answer, Unavailable):
        return {"url": answer.tried, "reason": answer.reason, "detail": answer.detail}
    shown: dict[str, Json] = {"url": answer.url, "status": answer.status, "elapsed_ms": answer.elapsed_ms}
    shown |= {name: answer.headers[name] for name in _SHOWN_HEADERS if name in answer.headers}
    if answer.status >= HTTPStatus.BAD_REQUEST and _is_json(answer):
        shown["answer"] = answer.body[:_SHOWN_CHARACTERS]
    if answer.redirects:
        shown["redirects"] = len(answer.redirects)
    return shown


CHECK: Final = Check(
    name="endpoint",
    section="2",
    waits_for=say("the API, through the edge and past it"),
    observe=observe,
    judge=judge,
    reads=("access", "r2"),
    hops=(
        Hop(1, say("edge"), ("edge-", "endpoint-", "redirect-")),
        Hop(2, say("nginx"), ("proxy-", "bad-gateway", "gateway-")),
        Hop(3, say("API"), ("api-", "job-not-found", "aws-keys-")),
    ),
    shows=("edge", "origin", "app"),
)
