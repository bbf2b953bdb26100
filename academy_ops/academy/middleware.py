"""What surrounds every request: its id in the log and the answer, default headers, and bounds on its body."""

import asyncio
import logging
import re
import uuid
from contextvars import ContextVar
from typing import Final

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from academy_ops.contract import MAX_UPLOAD_BYTES

LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s"
_NAME: Final = "X-Request-ID"
_SAFE: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
"""What a proxy may have given a request as its id; anything else could forge a line of the log."""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""For answers that don't set their own, as those of the API do not."""
_FORM_BYTES: Final = 64 * 1024
"""Room for the form's other parts and its boundaries."""
_BODY_SECONDS: Final = 120.0
_MOST_DISCARDED: Final = 4 * MAX_UPLOAD_BYTES

_request_id: Final[ContextVar[str]] = ContextVar("request_id", default="-")


class RequestIds:
    """Middleware that gives each request its id, and each answer its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(_NAME, "")
        request_id = given if _SAFE.fullmatch(given) else uuid.uuid4().hex
        _request_id.set(request_id)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[_NAME] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def add_request_id(record: logging.LogRecord) -> bool:
    """Give a line of the log the id of its request; a filter that keeps every line."""
    record.request_id = _request_id.get()
    return True


class WholeBody:
    """Middleware that discards the rest of a body before an early answer goes out, and closes on one without end.

    Without end is also one that takes minutes: its sender counts as gone.

    A proxy that is still sending when the connection closes answers its client 502 instead of our answer; without the
    close, the server would go on reading for as long as someone sends.
    """

    def __init__(self, app: ASGIApp, seconds: float = _BODY_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read, more, late = 0, True, False
        ends_at = asyncio.get_running_loop().time() + self._seconds

        async def counted() -> Message:
            nonlocal read, more, late
            try:
                async with asyncio.timeout_at(ends_at if more else None):
                    message = await receive()
            except TimeoutError:
                late = True
                return {"type": "http.disconnect"}
            read += len(message.get("body", b""))
            more = message.get("more_body", False)
            return message

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                while more and not late and read < _MOST_DISCARDED:
                    await counted()
                if more:
                    message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, counted, send_after_body)


class TooLargeError(Exception):
    """The upload is larger than the contract allows."""


def limited(request: Request) -> Request:
    """Return ``request`` with its body bounded.

    Reading it raises `TooLargeError` as soon as more than the limit has come in, whatever Content-Length says.
    """
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > MAX_UPLOAD_BYTES + _FORM_BYTES:
            raise TooLargeError
        return message

    return Request(request.scope, receive)
