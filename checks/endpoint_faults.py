"""What an answer of the API's address means, or none: whose it is first, then which fault that shows."""

import re
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Reason, Unavailable
from academy_ops.outside.clients import MAX_REDIRECTS, Answer
from academy_ops.thresholds import YOUNG_SECONDS
from checks.author_signs import STORAGE
from checks.authors import ACCESS, Page, cached, is_json, page_of, place
from checks.facts import EndpointFacts, JobDocument
from checks.job_document import read_answer
from checks.targets import none_serves
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
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
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
_NO_WAY_IN: Final = frozenset({521, 522})
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


def fault_of_silence(facts: EndpointFacts, main: Unavailable) -> Fault | None:
    """Name the fault behind silence."""
    if _database_down(facts):
        return Fault("api-database-down")
    if _late(main) and is_ok(facts.healthz):
        return Fault("endpoint-timeout", "one-path")
    if main.reason == "unreachable" and main.why == "no-route":
        return None
    code = _NO_ANSWER.get(main.reason)
    return Fault(code, main.why if main.why in CATALOGUE[code].reasons else None) if code else None


def fault_of_answer(facts: EndpointFacts, main: Answer, *, job_asked: bool) -> Fault | None:
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
    if of_own_proxy(main, page):
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


def of_own_proxy(main: Answer, page: Page) -> bool:
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
    if number in _NO_WAY_IN and is_ok(facts.origin):
        return Fault(_by_number(number).code, "firewall")
    # Cloudflare replaces the origin's 502 and 504 by a page with their number; its own has none.
    of_origin = page.code is not None or _refused(facts.app) or _server_error(facts.origin)
    if number in _OF_BEHIND and of_origin and not is_ok(facts.origin):
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
        return None if is_ok(main) and not job_asked else Fault("api-not-json", _why_not_json(main))
    if no_such_job(main):
        # An API that has no /healthz either is another one, or is not at this path.
        health = facts.healthz
        of_others = page_of(main).author != "api"
        elsewhere = isinstance(health, Answer) and (
            health.status == HTTPStatus.NOT_FOUND or (of_others and not is_ok(health))
        )
        return Fault("api-not-json") if elsewhere else Fault("job-not-found") if job_asked else None
    no_job = is_ok(main) and job_asked and isinstance(read_answer(main), Unavailable) and not cached(main)
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
    """Return what a redirect wants that was not followed: https or http at the same host, or another address."""
    here, there = place(main.url), place(main.redirects[-1] if main.redirects else "")
    if here.hostname != there.hostname or here.scheme == there.scheme:
        return "elsewhere"
    return "https-wanted" if there.scheme == "https" else "http-wanted"


def id_refused(main: Answer, job_id: str) -> bool:
    """Return whether the API's router refuses a job id that is no UUID, as one that was not copied whole."""
    django = main.status == HTTPStatus.NOT_FOUND and "The requested resource was not found on this server" in main.body
    fastapi = main.status == HTTPStatus.UNPROCESSABLE_ENTITY and '"uuid_parsing"' in main.body
    return (django or fastapi) and not _UUID.fullmatch(job_id)


def no_such_job(main: Answer) -> bool:
    """Return whether somebody says in JSON that there is no such job."""
    return main.status == HTTPStatus.NOT_FOUND and is_json(main) and not cached(main)


def _database_down(facts: EndpointFacts) -> bool:
    """Return whether the process answers and its database does not: /healthz is well, /health fails or hangs."""
    health = facts.health
    if isinstance(health, Unavailable):
        return is_ok(facts.healthz) and _late(health)
    page = page_of(health)
    # A /health that does not answer waits for the database.
    late = page.code in _EDGE_LATE or (health.status == HTTPStatus.GATEWAY_TIMEOUT and page.before_the_api)
    # What /health says in JSON has no form that is known.
    own = page.author == "api" or (page.author == "unknown" and is_json(health))
    return is_ok(facts.healthz) and (late or (own and _server_error(health)))


def _behind(facts: EndpointFacts, main: Answer, page: Page) -> Fault:
    """Distinguish a dead app, a wrong upstream, and one answer that fails; without a view of the app, none."""
    balanced = "load-balancer" if page.author == "load-balancer" else None
    if main.status == _CLIENT_CLOSED:
        return Fault("gateway-timeout", "client-closed")
    if main.status == HTTPStatus.GATEWAY_TIMEOUT:
        return Fault("gateway-timeout", "one-path" if is_ok(facts.healthz) else balanced)
    if is_ok(facts.healthz) or is_ok(facts.origin):
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


def is_ok(answer: Answer | Unavailable) -> bool:
    """Return whether a layer has answered with 200, and no cache in its place."""
    return isinstance(answer, Answer) and answer.status == HTTPStatus.OK and not cached(answer)


def _late(unseen: Unavailable) -> bool:
    """Return whether no answer came in time, directly or through a proxy."""
    return "timeout" in {unseen.reason, unseen.why}


def _refused(answer: Answer | Unavailable) -> bool:
    return isinstance(answer, Unavailable) and answer.reason == "refused"


def _server_error(answer: Answer | Unavailable) -> bool:
    return isinstance(answer, Answer) and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
