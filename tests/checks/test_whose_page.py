"""Each page of the way in its real form, and who has written it: the code and the advice follow the author."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from academy_ops.diagnosis.records import Finding, Unavailable
from academy_ops.outside.clients import Answer
from checks import endpoint
from checks.authors import page_of
from tests.checks import facts_factory as h
from tests.checks.scenarios import AWS, BAD_GATEWAY, BARE, NGINX, REFUSED, UNSIGNED, way

EDGE = {"server": "cloudflare", "cf-ray": "8f2c1a-ICN"}
DETAILS = (
    "<!DOCTYPE html><html lang='en-US'><head><title>{title}</title></head><body><div id='cf-wrapper'>"
    "<div id='cf-error-details'><h1>Error <span class='inline-block'>{code}</span></h1></div></div></body></html>"
)
HOST_ERROR = (
    "<html><head><title>api.example | {0}: Web server is down</title></head><body>"
    '<span class="cf-error-code">{0}</span><p>Cloudflare Ray ID: <strong>1</strong></p></body></html>'
)
DRF = {"detail": "Authentication credentials were not provided."}
PROBLEM = {"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "no"}
SQUID = (
    "<html><head><title>ERROR: The requested URL could not be retrieved</title></head><body><p>Access Denied.</p>"
    "<p>Generated Fri, 27 Nov 2026 by proxy.school.example (squid/5.7)</p></body></html>"
)
SIGN_IN = "https://academy.cloudflareaccess.com/cdn-cgi/access/login/api.example?kid=x"
HAPROXY = (
    "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"
)


def of_edge(code: int, status: int = 403) -> Answer:
    told = {"cloudflare_error": True, "error_code": code, "status": status, "title": f"Error {code}"}
    return h.answer(status, told, **EDGE)


ALB = "AWS load balancer"
BALANCED = {"server": "awselb/2.0"}
NO_TARGET = AWS.format("503 Service Temporarily Unavailable")
PLAIN_HTTP = NGINX.format("400 The plain HTTP request was sent to HTTPS port")
FORTINET = "<html><title>Web Filter Violation</title>FortiGuard</html>"
FILTERED = "<html><title>차단</title>유해사이트 접속이 차단되었습니다</html>"


FREE = NGINX.format("403 Forbidden").replace("nginx", "freenginx/1.27")
F5 = "<title>Request Rejected</title>The requested URL was rejected. Please consult with your administrator."
IMPERVA = "<iframe src='/_Incapsula_Resource?x=1'></iframe>"
API_GATEWAY, NO_ROUTE = "Amazon API Gateway", {"x-amzn-errortype": "MissingAuthenticationTokenException"}
Pages = list[tuple[Answer, str, str, str | None]]
"""The answer, who has written it, the cause, and the reason."""

STAND_INS = {502: ("bad-gateway", "one-path"), 504: ("gateway-timeout", "one-path")}
"""What Cloudflare writes in the place of the origin's own page; here /healthz comes through."""
CLOUDFLARE: Pages = [
    *((of_edge(code), "Cloudflare", "edge-blocked", None) for code in (1005, 1006, 1009, 1010, 1012, 1020)),
    (h.answer(403, DETAILS.format(title="Access denied | x", code=1020), **EDGE), "Cloudflare", "edge-blocked", None),
    (h.answer(403, "error code: 1010", **EDGE), "Cloudflare", "edge-blocked", None),
    (h.answer(403, BARE.format("403 Forbidden"), **EDGE), "Cloudflare", "edge-blocked", None),
    (
        h.answer(403, DETAILS.format(title="Attention Required! | Cloudflare", code="-"), **EDGE),
        "Cloudflare",
        "edge-blocked",
        None,
    ),
    (h.answer(403, "<title>Just a moment...</title>", **EDGE), "Cloudflare", "edge-blocked", None),
    (h.answer(200, "<html>", **{"cf-mitigated": "challenge"}), "Cloudflare", "edge-blocked", None),
    (
        replace(h.answer(302, "", location=SIGN_IN, **EDGE), redirects=(SIGN_IN,)),
        "Cloudflare Access",
        "edge-blocked",
        "access",
    ),
    (
        h.answer(403, "<title>Error ・ Cloudflare Access</title>", **EDGE, **{"cf-access-domain": "api.example"}),
        "Cloudflare Access",
        "edge-blocked",
        "access",
    ),
    (of_edge(1015, 429), "Cloudflare", "api-throttled", "edge"),
    (h.answer(429, "error code: 1015", **EDGE), "Cloudflare", "api-throttled", "edge"),
    *((of_edge(code, 409), "Cloudflare", "edge-error", "dns") for code in (1000, 1001, 1002, 1003, 1014)),
    (of_edge(1016, 530), "Cloudflare", "edge-error", "dns"),
    (h.answer(530, DETAILS.format(title="Origin DNS error", code=1016), **EDGE), "Cloudflare", "edge-error", "dns"),
    (h.answer(530, "error code: 1033", **EDGE), "Cloudflare", "edge-error", "tunnel"),
    (of_edge(1101, 500), "Cloudflare", "edge-error", "worker"),
    (
        h.answer(409, DETAILS.format(title="DNS points to prohibited IP", code=1000), **EDGE),
        "Cloudflare",
        "edge-error",
        "dns",
    ),
    *(
        (h.answer(status, BARE.format(f"{status} Error"), **EDGE), "Cloudflare", "edge-error", "own")
        for status in (409, 500, 502, 503, 504)
    ),
    *((h.answer(code, f"error code: {code}", **EDGE), "Cloudflare", *told) for code, told in STAND_INS.items()),
    (h.answer(200, {"cfWaitingRoom": {"inWaitingRoom": True}}, **EDGE), "Cloudflare", "edge-blocked", None),
    (of_edge(1200, 429), "Cloudflare", "api-throttled", "edge"),
    (h.answer(521, HOST_ERROR.format(521), **EDGE), "Cloudflare", "edge-origin-down", None),
    (h.answer(521, {"message": "our own page"}, **EDGE), "Cloudflare", "edge-origin-down", None),
    (of_edge(522, 522), "Cloudflare", "edge-origin-timeout", None),
    (h.answer(526, HOST_ERROR.format(526), **EDGE), "Cloudflare", "edge-tls-mode", None),
]
ORIGIN: Pages = [
    (h.answer(401, NGINX.format("401 Authorization Required"), **EDGE), "nginx", "api-auth-rejected", "nginx"),
    (h.answer(403, NGINX.format("403 Forbidden"), server="nginx/1.24.0"), "nginx", "api-auth-rejected", "nginx"),
    (h.answer(429, NGINX.format("429 Too Many Requests")), "nginx", "api-throttled", "nginx"),
    (h.answer(500, NGINX.format("500 Internal Server Error"), **EDGE), "nginx", "bad-gateway", "nginx"),
    (h.answer(503, NGINX.format("503 Service Temporarily Unavailable")), "nginx", "bad-gateway", "nginx"),
    (h.answer(404, NGINX.format("404 Not Found").replace("nginx", "openresty")), "openresty", "bad-gateway", "nginx"),
    (h.answer(400, PLAIN_HTTP), "nginx", "api-not-json", "https-wanted"),
    (h.answer(503, NO_TARGET, **BALANCED), ALB, "proxy-upstream-down", "load-balancer"),
    (h.answer(503, NO_TARGET, **EDGE), ALB, "proxy-upstream-down", "load-balancer"),
    (h.answer(403, AWS.format("403 Forbidden"), **BALANCED), ALB, "api-auth-rejected", "load-balancer"),
    (h.answer(403, {"message": "Forbidden"}, **BALANCED), ALB, "api-auth-rejected", "load-balancer"),
    (h.answer(503, HAPROXY), "HAProxy", "proxy-upstream-down", "load-balancer"),
    (h.answer(503, "no healthy upstream", server="envoy"), "Envoy", "proxy-upstream-down", "load-balancer"),
    (h.answer(504, AWS.format("504 Gateway Time-out"), **BALANCED), ALB, "gateway-timeout", "one-path"),
    (h.answer(403, SQUID, **{"x-squid-error": "ERR_ACCESS_DENIED 0"}), "squid", "api-auth-rejected", "proxy"),
    (h.answer(403, SQUID), "squid", "api-auth-rejected", "proxy"),
    (h.answer(503, SQUID), "squid", "bad-gateway", "proxy"),
    (h.answer(407, SQUID), "squid", "bad-gateway", "proxy"),
    (h.answer(403, FORTINET), "Fortinet", "api-auth-rejected", "proxy"),
    (h.answer(200, FILTERED), "web filter", "bad-gateway", "proxy"),
    (h.answer(511, "<html>Sign in to the network</html>"), "proxy", "bad-gateway", "proxy"),
    (h.answer(403, FREE), "freenginx", "api-auth-rejected", "nginx"),
    (h.answer(403, "RBAC: access denied", server="istio-envoy"), "Envoy", "api-auth-rejected", "load-balancer"),
    (h.answer(200, F5), "F5 BIG-IP", "bad-gateway", "load-balancer"),
    (h.answer(401, {"message": "No API key found"}, server="kong/3.4.2"), "Kong", "api-auth-rejected", "proxy"),
    (h.answer(503, {"message": "no peer"}, server="kong/3.4.2"), "Kong", "bad-gateway", "proxy"),
    (h.answer(403, {"message": "Missing Authentication Token"}, **NO_ROUTE), API_GATEWAY, "api-auth-rejected", "proxy"),
    (h.answer(403, IMPERVA), "Imperva", "api-auth-rejected", "proxy"),
    (h.answer(403, UNSIGNED), "unknown", "bad-gateway", "unknown"),
    (h.answer(401, UNSIGNED, **EDGE), "unknown", "bad-gateway", "unknown"),
    (h.answer(503, UNSIGNED, **EDGE), "unknown", "bad-gateway", "unknown"),
]  # fmt: skip
API: Pages = [
    (h.answer(403, DRF, **EDGE), "API", "api-auth-rejected", None),
    (h.answer(401, DRF, server="nginx"), "API", "api-auth-rejected", None),
    (h.answer(403, PROBLEM, **EDGE), "API", "api-auth-rejected", None),
    (h.answer(401, "", **{"www-authenticate": 'Bearer realm="api"'}), "API", "api-auth-rejected", None),
    (h.answer(502, {"detail": "the payment service is away"}), "API", "api-error", None),
    (h.answer(504, PROBLEM), "API", "api-error", None),
    (h.answer(503, {"detail": "x"}, **EDGE), "API", "api-error", None),
    (h.answer(500, "<h1>Server Error (500)</h1>", **EDGE), "API", "api-error", None),
    (h.answer(500, "Internal Server Error", server="nginx"), "API", "api-error", None),
    (h.answer(500, "<html>", server="uvicorn"), "API", "api-error", None),
    (h.answer(429, DRF, **EDGE), "API", "api-throttled", None),
]


def finding(**facts: object) -> Finding:
    return next(iter(endpoint.judge(h.case(**facts))))


@pytest.mark.parametrize("pages", [CLOUDFLARE, ORIGIN, API], ids=["Cloudflare", "the origin", "the API"])
def test_a_page_is_told_by_its_author(pages: Pages, compared: Callable[[int], None]) -> None:
    for answer, name, cause, reason in pages:
        told = finding(**way(answer))
        assert page_of(answer).name == name, (answer.status, answer.body)
        assert (told.cause, told.reason) == (cause, reason), (answer.status, answer.body)
    compared(len(pages))


def test_number_and_title_of_the_page_are_in_the_evidence() -> None:
    told = finding(**way(of_edge(1020)))
    shown = told.evidence["edge"]
    assert isinstance(shown, dict)
    assert (shown["author"], shown["code"], shown["title"]) == ("Cloudflare", 1020, "Error 1020")


SCRIPTED = "<html><title>Academy</title><script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script></html>"


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (h.answer(200, {"job_id": h.JOB_ID, "status": "DONE"}, **EDGE), "API"),
        (h.answer(404, {"detail": "no job"}, **EDGE), "API"),
        (h.answer(200, SCRIPTED, **EDGE), "unknown"),
        (h.answer(200, {"job_id": h.JOB_ID, "status": "DONE"}, via="1.1 proxy (squid/5.7)"), "API"),
        (h.answer(400, {"error_code": 1020, "detail": "the API's own number"}), "API"),
        (h.answer(401, DRF, server="Google Frontend"), "API"),
        *((h.answer(200, {"status": "DONE"}, server=name), "API") for name in ("awselb/2.0", "BigIP", "kong/3.4.2")),
        (h.answer(200, {"error_message": "<title>Just a moment...</title>"}, **EDGE), "API"),
    ],
)
def test_what_passes_through_is_not_of_who_passes_it_on(answer: Answer, name: str) -> None:
    assert page_of(answer).name == name


WELL = h.answer(200)
STAND_IN = h.answer(502, HOST_ERROR.format(502), **EDGE)


@pytest.mark.parametrize(
    ("main", "layers", "cause", "reason"),
    [
        (BAD_GATEWAY, {"app": WELL}, "bad-gateway", "one-path"),
        (BAD_GATEWAY, {"app": REFUSED}, "bad-gateway", "one-path"),
        (BAD_GATEWAY, {"healthz": BAD_GATEWAY, "origin": WELL}, "bad-gateway", "one-path"),
        (BAD_GATEWAY, {"healthz": BAD_GATEWAY, "app": WELL}, "proxy-misrouted", None),
        (BAD_GATEWAY, {"healthz": BAD_GATEWAY, "app": REFUSED}, "proxy-upstream-down", None),
        (BAD_GATEWAY, {"healthz": BAD_GATEWAY}, "bad-gateway", None),
        (h.answer(502, AWS.format("502 Bad Gateway")), {"healthz": BAD_GATEWAY}, "bad-gateway", "load-balancer"),
        (h.answer(504, NGINX.format("504 Gateway Time-out")), {}, "gateway-timeout", "one-path"),
        (h.answer(504, NGINX.format("504 Gateway Time-out")), {"healthz": BAD_GATEWAY}, "gateway-timeout", None),
        (h.answer(502, BARE.format("502 Bad Gateway"), **EDGE), {"origin": WELL, "app": WELL}, "edge-error", "own"),
        (STAND_IN, {"healthz": STAND_IN, "origin": BAD_GATEWAY}, "bad-gateway", None),
        (STAND_IN, {"healthz": STAND_IN, "origin": BAD_GATEWAY, "app": WELL}, "proxy-misrouted", None),
        (STAND_IN, {"healthz": STAND_IN, "app": REFUSED}, "proxy-upstream-down", None),
        (STAND_IN, {"healthz": STAND_IN, "origin": WELL}, "edge-error", "own"),
        (h.answer(502, BARE.format("502"), **EDGE), {"healthz": STAND_IN, "origin": BAD_GATEWAY}, "bad-gateway", None),
        (h.answer(502, BARE.format("502"), **EDGE), {"healthz": STAND_IN}, "edge-error", "own"),
        (h.answer(521, HOST_ERROR.format(521), **EDGE), {"origin": WELL}, "edge-origin-down", "firewall"),
        (h.answer(522, HOST_ERROR.format(522), **EDGE), {"origin": WELL}, "edge-origin-timeout", "firewall"),
        (h.answer(524, HOST_ERROR.format(524), **EDGE), {"origin": WELL}, "edge-origin-timeout", None),
        (Unavailable("timeout", "x"), {}, "endpoint-timeout", "one-path"),
        (Unavailable("timeout", "x"), {"healthz": Unavailable("timeout", "x")}, "endpoint-timeout", None),
    ],
)  # fmt: skip
def test_a_gateway_that_fails_is_looked_at_from_both_sides(
    main: Answer | Unavailable, layers: dict[str, Answer | Unavailable], cause: str, reason: str | None
) -> None:
    told = finding(**way(main, **layers))
    assert (told.cause, told.reason) == (cause, reason)


LIMITED = h.answer(503, NGINX.format("503 Service Temporarily Unavailable"))


def test_nginx_that_lets_one_through_who_waits_has_a_limit_and_else_is_under_maintenance() -> None:
    facts = h.endpoint(LIMITED)
    passed = replace(facts, again=h.answer(200, {"job_id": h.JOB_ID, "status": "PENDING"}))
    assert finding(endpoint=passed).cause == "api-throttled"
    assert finding(endpoint=replace(facts, again=LIMITED)).reason == "nginx"


def job_at(status: str, **headers: str) -> Answer:
    return h.answer(200, {"job_id": h.JOB_ID, "status": status}, **headers)


def test_a_cache_that_says_what_once_was_is_a_fault_where_the_api_says_otherwise() -> None:
    old = job_at("PENDING", **{"cf-cache-status": "HIT", "age": "300"})
    told = finding(endpoint=replace(h.endpoint(job_at("DONE")), cached=old))
    assert (told.cause, told.reason) == ("edge-error", "cached")
    same = finding(endpoint=replace(h.endpoint(job_at("PENDING")), cached=old))
    assert same.status == "ok"
    moment = replace(old, headers={**old.headers, "age": "1"})
    assert finding(endpoint=replace(h.endpoint(job_at("DONE")), cached=moment)).status == "ok"


def test_a_cache_that_can_not_be_passed_leaves_the_job_unseen_unless_it_has_ended() -> None:
    hit = {"cf-cache-status": "HIT", "age": "300"}
    assert h.verdict(h.case(**way(job_at("PENDING", **hit)))).status == "undetermined"
    assert h.verdict(h.case(**way(h.answer(404, {"detail": "x"}, **hit)))).status == "undetermined"
    assert h.verdict(h.case(**way(job_at("DONE", **hit)))).status == "healthy"
    passed = h.endpoint(job_at("PENDING", **{"cf-cache-status": "DYNAMIC", "age": "0"}))
    assert finding(endpoint=passed).status == "ok"


HERE = "https://api.example/api/v1/jobs/x"
LOOPS = {
    "https": (f"{HERE}/",) * 20,
    "slash": (HERE, f"{HERE}/") * 10,
    "login": ("https://api.example/accounts/login/?next=/", f"{HERE}/") * 10,
}


@pytest.mark.parametrize("reason", LOOPS)
def test_what_goes_round_in_circles_is_told(reason: str) -> None:
    told = finding(**way(replace(h.answer(301, ""), redirects=LOOPS[reason])))
    assert (told.cause, told.reason) == ("redirect-loop", reason)


def test_redirects_that_end_are_no_loop() -> None:
    hops = tuple(f"https://api.example/{number}" for number in range(6))
    ended = replace(job_at("DONE"), redirects=hops)
    assert finding(endpoint=h.endpoint(ended)).status == "ok"


def test_what_breaks_every_browser_is_told_with_its_place() -> None:
    broken = replace(
        h.answer(200, json.dumps({"job_id": h.JOB_ID, "status": "DONE", "score": float("nan")})), broken="NaN: char 9"
    )
    told = finding(**way(broken))
    assert (told.cause, told.reason) == ("api-not-json", "broken")
    assert "NaN: char 9" in str(told.evidence)


def test_who_stands_before_the_api_is_not_this_machines_proxy() -> None:
    page = h.answer(403, "<title>ERROR: The request could not be satisfied</title>", server="CloudFront")
    told = finding(**way(replace(page, proxy="HTTPS_PROXY")))
    assert (told.cause, told.reason) == ("api-auth-rejected", "proxy")
    assert finding(**way(replace(h.answer(403, FORTINET), proxy="HTTPS_PROXY"))).status == "unknown"
