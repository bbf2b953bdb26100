"""A server that answers as a test says, over real HTTP or TLS; and one way to ask a server on this machine."""

import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import httpx

_POLL_SECONDS = 0.02
"""How soon a server ends that is told to."""
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: to read the certificates that httpx trusts takes longer than most answers."""
ask = partial(httpx.request, verify=NO_TLS, trust_env=False, timeout=30)
"""Send a request over plain HTTP, as `httpx.request` does."""


class Handler(BaseHTTPRequestHandler):
    """Answers as the test says, and remembers the headers of what it was asked."""

    answer: Callable[["Handler"], None]
    seen: list[dict[str, str]]
    body: bytes

    def _answer(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).seen.append({name.lower(): value for name, value in self.headers.items()})
        type(self).answer(self)

    do_GET = do_POST = do_HEAD = do_DELETE = do_CONNECT = _answer  # noqa: N815 - http.server calls them by these names

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that has gone."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # as `socketserver` has it


@contextmanager
def server(
    answer: Callable[[Handler], None], tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Run a server; yield its address and the headers of every request."""
    seen: list[dict[str, str]] = []
    handler = type("ThisHandler", (Handler,), {"answer": staticmethod(answer), "seen": seen})
    with _Server(("127.0.0.1", 0), handler) as running:
        if tls:
            running.socket = tls.wrap_socket(running.socket, server_side=True)
        threading.Thread(target=running.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{running.server_port}", seen
        running.shutdown()


def respond(handler: Handler, status: int, body: bytes = b"{}", **headers: str) -> None:
    """Answer with a status, a body and headers."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def pouring(chunk: bytes, times: int | None = None) -> Callable[[Handler], None]:
    """Answer with ``chunk`` so often; without ``times``, without end."""

    def pour(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in count() if times is None else range(times):
                handler.wfile.write(chunk)
        except OSError:
            return

    return pour


def dripping(first: bytes, drop: bytes) -> Callable[[Handler], None]:
    """Begin an answer, then write a drop at a time; each comes long before a read of the socket is too late."""

    def drip(handler: Handler) -> None:
        handler.wfile.write(first)
        try:
            while True:
                handler.wfile.write(drop)
                time.sleep(0.1)
        except OSError:
            return

    return drip
