"""An id for each request, in the log and in the answer, and the headers that keep answers where they belong."""

from __future__ import annotations

import logging
import re
import uuid
from contextvars import ContextVar
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
"""For answers that say nothing else, as those of the API do."""

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

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[_NAME] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_marked)


def mark(record: logging.LogRecord) -> bool:
    """Give a line of the log the id of the request that it is about; a filter that keeps every line."""
    record.request_id = _request_id.get()
    return True
