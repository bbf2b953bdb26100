"""What this machine's own network does to whatever it asks: no answer, a sign-in page, certificates of others."""

from typing import Final
from urllib.parse import urlsplit

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.clients import Answer
from checks.facts import AccessFacts, Case, EndpointFacts, R2Facts

_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "es", "go", "gov", "hs", "ms", "ne", "net", "or", "org", "pe"})
"""Nobody's own below a country's domain: what is registered stands before them."""
_NOT_SENT: Final = frozenset({"not-configured", "malformed", "not-asked", "credentials-missing", "crashed", "deadline"})
_ANSWERS: Final = frozenset(
    {"denied", "credentials-invalid", "clock-skew", "throttled", "not-found", "server-error", "unexpected-answer"}
)


def anything_answered(case: Case) -> bool:
    """Return whether anything outside answered this machine at all.

    Where nothing did, a time-out says as much about this machine's own network as about the other side.
    """
    api = case.endpoint
    layers = (api.main, api.health, api.healthz, api.origin, api.app) if isinstance(api, EndpointFacts) else ()
    seen = [*_of_others(case), *layers]
    return any(not isinstance(answer, Unavailable) or answer.reason in _ANSWERS for answer in seen)


def nothing_answers(case: Case) -> bool:
    """Return whether AWS or R2 were asked beside the API, and none has answered: then it is this machine."""
    asked = any(isinstance(seen, Unavailable) and seen.reason not in _NOT_SENT for seen in _of_others(case))
    return asked and not anything_answered(case)


def redirects_all(case: Case, redirect: Answer) -> bool:
    """Return whether the network redirects so whatever it is asked, as one does until somebody signs in."""
    where = _host(redirect)
    of_api = case.endpoint.main if isinstance(case.endpoint, EndpointFacts) else None
    asked = (of_api, case.r2.foreign if isinstance(case.r2, R2Facts) else None)
    others = [answer for answer in asked if isinstance(answer, Answer) and answer.url != redirect.url]
    return bool(where) and any(_host(answer) == where for answer in others)


def no_certificate_fits(case: Case) -> bool:
    """Return whether no certificate that this machine was shown is right, the API's and others'.

    Then its own certificates are not those that it needs here, or somebody opens TLS on its way out.
    """
    main = case.endpoint.main if isinstance(case.endpoint, EndpointFacts) else None
    refused = [isinstance(seen, Unavailable) and seen.reason == "tls" for seen in _of_others(case)]
    return isinstance(main, Unavailable) and main.why in {"issuer", "name"} and bool(refused) and all(refused)


def _of_others(case: Case) -> list[object]:
    """Return what AWS and R2 have answered, as far as they are asked beside the API."""
    account = [case.access.account] if isinstance(case.access, AccessFacts) else []
    return [*account, *([case.r2.reach] if isinstance(case.r2, R2Facts) else [])]


def _host(answer: Answer) -> str:
    """Return the host of somebody else to which an answer redirects; empty where to none."""
    try:
        where, here = urlsplit(answer.headers.get("location", "")).hostname, urlsplit(answer.url).hostname
    except ValueError:
        return ""
    return where if where and _domain(where) != _domain(here or "") else ""


def _domain(host: str) -> str:
    """Return the domain that somebody has registered, such as ``example.com`` or ``example.co.kr``."""
    *_, second, top = "", *host.split(".")
    of_country = len(top) == len("kr") and second in _SECOND_LEVEL
    return ".".join(host.split(".")[-3 if of_country else -2 :])
