"""What a server says before anyone has understood it: a banner of something else than HTTP is no silence."""

from functools import partial
from typing import Any, Final

import httpx

_KEPT: Final = 2000
"""More than is shown: of a secret that is cut off, nobody knows the beginning."""
_OPENED: Final = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})
"""httpcore's words for a connection that is there."""


def listen(heard: bytearray, request: httpx.Request) -> None:
    """Keep the first bytes that come in answer to a request; a hook of httpx's clients."""
    heard.clear()
    request.extensions = {**request.extensions, "trace": partial(_opened, heard)}


def is_foreign(heard: bytes | bytearray) -> bool:
    """Return whether these first bytes are of something else than HTTP/1."""
    start = b"HTTP/"
    return heard[: len(start)] != start[: len(heard)]


def first_line(heard: bytes | bytearray) -> str:
    """Return the first line of what was said, as far as it is text."""
    return heard.decode("ascii", "replace").strip().partition("\n")[0].strip()


def _opened(heard: bytearray, event: str, info: dict[str, Any]) -> None:
    if event not in _OPENED:
        return
    stream = info["return_value"]
    read = stream.read

    def reading(max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = read(max_bytes, timeout)
        heard.extend(data[: _KEPT - len(heard)])
        return data

    stream.read = reading
