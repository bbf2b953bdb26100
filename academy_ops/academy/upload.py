"""Bounds an upload while it streams in, and reads it to its end before an answer."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from academy_ops.contract import MAX_UPLOAD_BYTES

_FORM_BYTES: Final = 64 * 1024
"""Room for the form's other parts and its boundaries."""
_MOST_DISCARDED: Final = 4 * MAX_UPLOAD_BYTES


class TooLargeError(Exception):
    """The upload is larger than the contract allows."""


def limited(request: Request) -> Request:
    """Return ``request`` with its body bounded.

    Reading it raises `TooLargeError` as soon as more than the limit has come in, whatever Content-Length said.
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


class WholeBody:
    """Middleware that discards the rest of a body before an early answer goes out, and closes on an endless one.

    A proxy that is still sending when the connection closes tells its client 502 instead of what we answered; without
    the close, the server would go on reading for as long as someone sends.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read, more = 0, True

        async def counted() -> Message:
            nonlocal read, more
            message = await receive()
            read += len(message.get("body", b""))
            more = message.get("more_body", False)
            return message

        async def patient(message: Message) -> None:
            if message["type"] == "http.response.start":
                while more and read < _MOST_DISCARDED:
                    await counted()
                if more:
                    message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, counted, patient)
