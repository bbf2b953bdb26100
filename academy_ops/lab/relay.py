"""What Cloudflare does with one request: pass it on to the origin, or answer with a page of its own.

The pages and their codes are those of https://developers.cloudflare.com/support/troubleshooting/http-status-codes/.
"""

from __future__ import annotations

import html
import secrets
import ssl
from dataclasses import dataclass
from typing import Final, Literal

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

_CONNECT_SECONDS: Final = 2.0
"""Cloudflare waits 19 s."""
_RESPONSE_SECONDS: Final = 60.0
"""Cloudflare waits 100 s."""
_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_ADDED: Final = frozenset({b"cf-connecting-ip", b"cf-ray", b"x-forwarded-proto"})
_REPLACED: Final = frozenset({b"date", b"server"})
_PAGES: Final[dict[int, str]] = {
    520: "Web server is returning an unknown error",
    521: "Web server is down",
    522: "Connection timed out",
    523: "Origin is unreachable",
    524: "A timeout occurred",
    525: "SSL handshake failed",
    526: "Invalid SSL certificate",
}
_CONNECT_ERRORS: Final[tuple[tuple[type[Exception], int], ...]] = (
    (ssl.SSLCertVerificationError, 526),
    (ssl.SSLError, 525),
    (ConnectionRefusedError, 521),
    (OSError, 523),
)
_BROKEN_HANDSHAKE: Final = 525


_GUARD_PAGES: Final[dict[str, tuple[int, str, str, dict[str, str]]]] = {
    "challenge": (403, "Just a moment...", "Verify you are human.", {"cf-mitigated": "challenge"}),
    "block": (403, "Attention Required! | Cloudflare", "Sorry, you have been blocked", {}),
    "limit": (429, "Access denied", "Error 1015: You are being rate limited", {"retry-after": "30"}),
}
"""For what a rule does: status, title, heading, headers of its own."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How the edge is set up.

    Attributes:
        origin: Host and port of the origin.
        ssl_mode: How it speaks to the origin: ``flexible`` is plain HTTP, ``full`` TLS with any certificate,
            ``strict`` TLS with a certificate that a CA known to this machine has signed.
        response_seconds: How long it waits for the origin's answer.
        guard: What a security rule does with every request: nothing, a challenge, a block, or a limit of its rate.
    """

    origin: str
    ssl_mode: Literal["flexible", "full", "strict"] = "flexible"
    response_seconds: float = _RESPONSE_SECONDS
    guard: Literal["off", "challenge", "block", "limit"] = "off"


class Relay:
    """The ASGI application.

    Attributes:
        policy: How it is set up; may be replaced at any time.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._strict = ssl.create_default_context()
        self._lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._lenient.check_hostname = False
        self._lenient.verify_mode = ssl.CERT_NONE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request, policy = Request(scope, receive), self.policy
        ray = f"{secrets.token_hex(8)}-ICN"
        if policy.guard != "off":
            await _marked(_refusal(policy.guard, ray), ray)(scope, receive, send)
            return
        tls = self._strict if policy.ssl_mode == "strict" else self._lenient
        # No connection is kept: the origin may be stopped and started at any time.
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(verify=tls, trust_env=False, limits=limits) as client:
            try:
                response = _relayed(await client.send(_passed_on(request, policy, ray), stream=True))
            except httpx.TransportError as error:
                response = _error_page(_status(error), request, ray)
            except ClientDisconnect:
                return
            await _marked(response, ray)(scope, receive, send)


def _passed_on(request: Request, policy: Policy, ray: str) -> httpx.Request:
    """Make the request that the origin gets: the same, with what Cloudflare adds."""
    client = request.client.host if request.client else ""
    headers = [(name, value) for name, value in request.headers.raw if name not in _HOP_BY_HOP | _ADDED]
    headers += [
        (b"cf-connecting-ip", client.encode()),
        (b"cf-ray", ray.encode()),
        (b"x-forwarded-for", client.encode()),
        (b"x-forwarded-proto", b"https"),
    ]
    query = request.scope["query_string"]
    path = request.scope["raw_path"] + (b"?" + query if query else b"")
    scheme = "http" if policy.ssl_mode == "flexible" else "https"
    has_body = not {"content-length", "transfer-encoding"}.isdisjoint(request.headers)
    timeout = httpx.Timeout(policy.response_seconds, connect=_CONNECT_SECONDS)
    return httpx.Request(
        request.method,
        httpx.URL(f"{scheme}://{policy.origin}").copy_with(raw_path=path),
        headers=headers,
        content=request.stream() if has_body else None,
        extensions={"timeout": timeout.as_dict()},
    )


def _relayed(answer: httpx.Response) -> Response:
    response = StreamingResponse(answer.aiter_raw(), answer.status_code)
    response.raw_headers = [
        (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _HOP_BY_HOP | _REPLACED
    ]
    return response


def _status(error: httpx.TransportError) -> int:
    """Return Cloudflare's code for what happened on the way to the origin."""
    if isinstance(error, httpx.TimeoutException):
        return 522 if isinstance(error, httpx.ConnectTimeout) else 524
    if not isinstance(error, httpx.ConnectError):
        return 520
    # The libraries wrap the socket's error several times.
    links: list[BaseException] = [error]
    while (link := links[-1].__cause__ or links[-1].__context__) is not None:
        links.append(link)
    for kind, status in _CONNECT_ERRORS:
        if any(isinstance(link, kind) for link in links):
            return status
    return _BROKEN_HANDSHAKE


def _error_page(status: int, request: Request, ray: str) -> Response:
    host = html.escape(request.headers.get("host", ""))
    reason = _PAGES[status]
    return HTMLResponse(
        f"<!DOCTYPE html>\n<html lang='en-US'><head><title>{host} | {status}: {reason}</title></head>\n"
        f"<body><h1>{reason} <span>Error code {status}</span></h1>\n"
        f"<p>You &#10003; Cloudflare &#10003; {host} &#10007;</p>\n"
        f"<p>Cloudflare Ray ID: <strong>{ray}</strong></p></body></html>\n",
        status,
        {"cache-control": "private, no-store"},
    )


def _refusal(guard: str, ray: str) -> Response:
    status, title, heading, headers = _GUARD_PAGES[guard]
    return HTMLResponse(
        f"<!DOCTYPE html>\n<html lang='en-US'><head><title>{title}</title></head>\n"
        f"<body><h1>{heading}</h1><p>Cloudflare Ray ID: <strong>{ray}</strong></p></body></html>\n",
        status,
        headers,
    )


def _marked(response: Response, ray: str) -> Response:
    response.headers["server"] = "cloudflare"
    response.headers["cf-ray"] = ray
    return response
