"""The edge in front of the origin, as Cloudflare is: speaks TLS to the client, passes on or answers with its own page.

The pages and their codes are those of https://developers.cloudflare.com/support/troubleshooting/http-status-codes/.
"""

import html
import secrets
import ssl
import sys
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

import httpx
import trustme
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from academy_ops.contract import JOBS_PATH
from academy_ops.lab import LabError
from academy_ops.lab.processes import until
from academy_ops.messages import say

if not find_spec("sniffio"):
    # httpcore would look through the disk for it at each step of a request.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

_ADDRESS: Final = "127.0.0.1"
_READY_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 2.0
"""Cloudflare waits 19 s."""
_RESPONSE_SECONDS: Final = 60.0
"""Cloudflare waits 100 s."""
_HOP_BY_HOP: Final = frozenset(
    b"connection expect keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split()
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
_LATE: Final = frozenset({522, 524})
_BALANCER_TITLES: Final = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
"""Of the load balancer's pages; its own codes, such as 460, are titles themselves."""
_PAGE: Final = (
    "<!DOCTYPE html>\n<html lang='en-US'><head><title>{}</title></head>\n<body><div id='cf-wrapper'><h1>{}</h1>"
    "<p>Cloudflare Ray ID: <strong>{{ray}}</strong></p></div></body></html>\n"
)
_BARE: Final = (
    "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center>"
    "<hr><center>cloudflare</center></body></html>"
)
_CODE: Final = '{{"cloudflare_error": true, "error_code": {0}, "title": "Error {0}: {1}"}}'
_OWN_PAGES: Final[dict[str, tuple[int, str, dict[str, str]]]] = {
    "challenge": (403, _PAGE.format("Just a moment...", "Verify you are human."), {"cf-mitigated": "challenge"}),
    "block": (403, _PAGE.format("Attention Required! | Cloudflare", "Sorry, you have been blocked"), {}),
    "limit": (429, _PAGE.format("Access denied", "Error 1015: You are being rate limited"), {"retry-after": "30"}),
    "rule": (403, _CODE.format(1020, "Access denied"), {}),
    "access": (302, "", {"location": "https://lab.cloudflareaccess.com/cdn-cgi/access/login/api?kid=lab"}),
    "dns": (530, _CODE.format(1016, "Origin DNS error"), {}),
    "tunnel": (530, "error code: 1033", {}),
    "tunnel-origin": (502, "Unable to reach the origin service, which takes no traffic from cloudflared", {}),
    "worker": (500, _PAGE.format("Worker threw exception", "Error <span>1101</span>"), {}),
    "own": (502, _BARE.format("502 Bad Gateway"), {}),
}
"""What the edge may answer in the origin's place: status, body, headers of its own."""
_OLD_JOB: Final = '{"job_id": "lab", "status": "PENDING", "result": null, "error_message": null}'
"""What a cache that knows no better has kept of every job."""


class Edge:
    """The edge, at ``url``; ``certificate`` is its own, with its key; ``ca_file`` is that of the CA that signed it."""

    def __init__(
        self, place: Path, port: int, origin: int, front: Literal["cloudflare", "awselb"] = "cloudflare"
    ) -> None:
        """Prepare it in the lab's folder, between two ports of 127.0.0.1: its own and the origin's."""
        self.url = f"https://{_ADDRESS}:{port}"
        self.port = port
        self.ca_file = place / "ca.pem"
        self._ca = trustme.CA()
        self._ca.cert_pem.write_to_path(str(self.ca_file))
        self.certificate = place / "edge.pem"
        self._certified: tuple[str, datetime | None, datetime | None] | None = None
        self._policy = Policy(f"{_ADDRESS}:{origin}", front=front)
        self._relay = Relay(self._policy)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def change(self, **changed: Any) -> None:  # noqa: ANN401 - whatever fields Policy has
        """Set it up as at the start, but for what is ``changed`` of its `Policy`."""
        self._relay.policy = replace(self._policy, **changed)

    def start(self, name: str = _ADDRESS, begins: datetime | None = None, expires: datetime | None = None) -> None:
        """Start it, or start it anew where its certificate changes: its name, or from or until when it is valid.

        Raises:
            LabError: It does not start.
        """
        wanted = (name, begins, expires)
        if self.running() and self._certified == wanted:
            return
        self.stop()
        if self._certified != wanted:
            issued = self._ca.issue_cert(name, not_before=begins, not_after=expires)
            self.certificate.touch(mode=0o600)
            issued.private_key_and_cert_chain_pem.write_to_path(str(self.certificate))
            self._certified = wanted
        config = uvicorn.Config(
            self._relay,
            host=_ADDRESS,
            port=self.port,
            ssl_certfile=self.certificate,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, name="edge", daemon=True)
        thread.start()
        self._server, self._thread = server, thread
        if not until(lambda: server.started or not thread.is_alive(), _READY_SECONDS) or not server.started:
            raise LabError(say("{name} did not start: {line}", name="edge", line="see lab.log"))

    def untrusted_certificate(self) -> Path:
        """Return a file with a key and a certificate for the origin's address that no CA known here has signed."""
        path = self.ca_file.with_name("origin.pem")
        path.touch(mode=0o600)
        trustme.CA().issue_cert(_ADDRESS).private_key_and_cert_chain_pem.write_to_path(str(path))
        return path

    def running(self) -> bool:
        """Return whether it runs."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_READY_SECONDS)


@dataclass(frozen=True, slots=True)
class Policy:
    """How the edge is set up.

    Attributes:
        origin: Host and port of the origin.
        ssl_mode: How it speaks to the origin: ``flexible`` is plain HTTP, ``full`` TLS with any certificate,
            ``strict`` TLS with a certificate that a CA known to this machine has signed.
        response_seconds: How long it waits for the origin's answer.
        front: Whose pages it answers with: Cloudflare's, or those of a load balancer of AWS that stands in its place.
        refuses: The status with which that load balancer itself answers every request: 503 where it has no target to
            send one to; 0 where it asks the origin.
        page: Which of its own pages it answers every request with; none for the origin's answer.
        caches_jobs: Whether it answers for a job with what it once was told; only a query goes past its cache.
    """

    origin: str
    ssl_mode: Literal["flexible", "full", "strict"] = "flexible"
    response_seconds: float = _RESPONSE_SECONDS
    front: Literal["cloudflare", "awselb"] = "cloudflare"
    refuses: int = 0
    page: str = ""
    caches_jobs: bool = False


class Relay:
    """The ASGI application; its ``policy`` may be replaced at any time."""

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
        own = _own_page(policy, request, ray)
        if own is not None:
            await _with_headers(own, ray)(scope, receive, send)
            return
        if policy.front == "awselb" and policy.refuses:
            await _balancer_page(policy.refuses)(scope, receive, send)
            return
        tls = self._strict if policy.ssl_mode == "strict" else self._lenient
        # No connection is kept: the origin may be stopped and started at any time.
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits) as origin:
            try:
                response = _from_origin(await origin.handle_async_request(_request_to_origin(request, policy, ray)))
                if policy.front == "awselb":
                    response.raw_headers.append((b"set-cookie", b"AWSALB=lab; Path=/"))
            except httpx.TransportError as error:
                status = _status(error)
                balanced = policy.front == "awselb"
                response = (
                    _balancer_page(504 if status in _LATE else 502) if balanced else _error_page(status, request, ray)
                )
            except ClientDisconnect:
                return
            await (response if policy.front == "awselb" else _with_headers(response, ray))(scope, receive, send)


def _request_to_origin(request: Request, policy: Policy, ray: str) -> httpx.Request:
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


def _from_origin(answer: httpx.Response) -> Response:
    response = StreamingResponse(answer.aiter_raw(), answer.status_code)
    response.raw_headers = [
        (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _HOP_BY_HOP | _REPLACED
    ]
    return response


def _status(error: httpx.TransportError) -> int:
    """Return Cloudflare's code for what happened between it and the origin."""
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


def _own_page(policy: Policy, request: Request, ray: str) -> Response | None:
    """Return what the edge answers without the origin, if anything."""
    if policy.page:
        status, body, headers = _OWN_PAGES[policy.page]
        kind = "application/json" if body.startswith("{") else "text/html" if body.startswith("<") else "text/plain"
        return Response(body.replace("{ray}", ray), status, headers, kind)
    if policy.caches_jobs and request.url.path.startswith(JOBS_PATH) and not request.url.query:
        return Response(_OLD_JOB, 200, {"cf-cache-status": "HIT", "age": "300"}, "application/json")
    return None


def _balancer_page(status: int) -> Response:
    """Return a page of AWS's load balancer, which signs only what it answers itself."""
    title = f"{status} {_BALANCER_TITLES.get(status, status)}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return HTMLResponse(page, status, {"server": "awselb/2.0"})


def _with_headers(response: Response, ray: str) -> Response:
    response.headers["server"] = "cloudflare"
    response.headers["cf-ray"] = ray
    return response
