"""Why a worker's connection to a server does not come about: what its SDK writes of that."""

import re
from collections.abc import Sequence
from typing import Final

from academy_ops.contract import LOG_RECEIVED
from academy_ops.thresholds import COMPLAINT_SECONDS
from checks.facts import Case
from checks.host_facts import Container, HostReport, LogLine, WorkerLog
from checks.log_forms import level, plain
from checks.times import age, of_last_process
from checks.words import meaning, table

_SQS: Final = re.compile(r"\bsqs\.[a-z0-9-]{1,30}\.(amazonaws|vpce|api\.aws)|\bqueue\.amazonaws\.", re.IGNORECASE)
_NO_ROUTE: Final = re.compile(
    r"connect ?timeout|(could not|cannot|failed to) connect|failed to resolve"
    r"|failed to establish a new connection|connection .{0,60}(timed out|refused)"
    r"|i/o timeout|unreachable|no route to host|name resolution|could not resolve|name or service not known"
    r"|no address associated with|no such host|\b(ENOTFOUND|ETIMEDOUT|ECONNREFUSED)\b",
    re.IGNORECASE,
)
"""What an SDK writes where it does not get through; a read time-out may be a long poll's, and is none of these."""
_PROXY: Final = re.compile(
    r"ProxyConnectionError|connect to proxy|tunnel connection failed|proxy authentication required|\bProxyError\b",
    re.IGNORECASE,
)
_OF_A_HOST: Final = re.compile(r"\bhost=['\"]|\bfor https?://")
_TLS: Final = re.compile(
    r"SSL validation failed|\bSSL[A-Za-z]{0,20}Error\b|\[SSL\b|certificate[ _]verify[ _]failed"
    r"|\b(tls|ssl)(v[\d.]{1,3})?[ _](alert|handshake)|TLS CA certificate|\bx509: ",
    re.IGNORECASE,
)
_EXPIRED: Final = "certificate has expired"
_CERTIFICATES: Final = table(
    ("clock", r"(certificate is )?not yet valid"),
    ("tls", r"host ?name mismatch|ip address mismatch|is not valid for|does ?n[o']t match"),
    (
        "untrusted",
        r"certificate[ _]verify[ _]failed|self[- ]signed|unable to get (local )?issuer|unknown[ _]ca\b",
        r"CA certificate|invalid path|Errno 2\b|no such file|unknown authority",
    ),
)


def tls_reason(text: str, ahead: int = 0) -> str | None:
    """Return why TLS fails: ``clock``, ``untrusted`` (nobody whom the client trusts has signed it) or ``tls``.

    None where the text does not speak of TLS. The host's clock is ``ahead`` of the servers' by so many seconds.
    """
    if not _TLS.search(text):
        return None
    if _EXPIRED in text.lower():
        return "clock" if ahead else "untrusted"
    return meaning(text, _CERTIFICATES) or "tls"


def connection_reason(text: str, ahead: int = 0) -> str | None:
    """Return why a connection failed that ``text`` speaks of: as `tls_reason`, ``proxy``, ``no-route``, or None."""
    if _PROXY.search(text):
        return "proxy"
    return tls_reason(text, ahead) or ("no-route" if _NO_ROUTE.search(text) else None)


def _of_sqs(text: str, ahead: int) -> str | None:
    """Return why SQS is not reached. botocore names a proxy that is away, and not whom it was to be asked for."""
    if not _SQS.search(text) and (not _PROXY.search(text) or _OF_A_HOST.search(text)):
        return None
    return connection_reason(text, ahead)


def sqs_unreachable(
    case: Case, host: HostReport, container: Container, log: WorkerLog, within: float | None
) -> tuple[str, LogLine] | None:
    """Return why a worker does not get through to SQS, and its last line that says so; None where it has since.

    Only the lines of the process that runs now count, of the last seconds that are given; where none runs (``within``
    is None), of the last process, whenever it wrote them, and what those before it wrote lately.
    """
    lines = [
        line
        for line in (*log.errors, *log.tail)
        if container.wrote(line) or (within is None and of_last_process(case.observed_at, container, line))
    ]
    ahead = host.clock_ahead_seconds
    complaints = [line for line in lines if _of_sqs(line.text, ahead) and level(plain(line.text)) != "less"]
    received = _latest(case, [line for line in lines if LOG_RECEIVED in line.text])
    since = _latest(case, complaints)
    if since is None or (within is not None and since >= within) or (received is not None and received <= since):
        return None
    # Of one moment, the last says most.
    last = next(line for line in reversed(complaints) if age(case.observed_at, line.at) == since)
    return _of_sqs(last.text, ahead) or "", last


def any_sqs_unreachable(case: Case) -> tuple[str, LogLine] | None:
    """Return why a worker that runs does not get through to SQS, and the line that says so."""
    for host in case.inside.hosts:
        log = case.inside.logs.get(host.instance_id)
        if log and host.container and host.container.status == "running":
            found = sqs_unreachable(case, host, host.container, log, COMPLAINT_SECONDS)
            if found:
                return found
    return None


def _latest(case: Case, lines: Sequence[LogLine]) -> float | None:
    ages = [age(case.observed_at, line.at) for line in lines]
    return min((known for known in ages if known is not None), default=None)
