"""Bounds an upload while it streams in."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.types import Message

from academy_ops.academy.contract import MAX_UPLOAD_BYTES

_FORM_BYTES: Final = 64 * 1024
"""Room for the form's other parts and its boundaries."""


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
