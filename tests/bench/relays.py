"""Relays before the lab's servers: they add a fixed time to every answer, as distance does, and may speak TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 65536


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, seconds: float) -> None:
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        while data := await source.read(_CHUNK):
            if seconds:
                await asyncio.sleep(seconds)
            sink.write(data)
            await sink.drain()
    sink.close()


async def _relay(host: str, port: int, seconds: float, tls: ssl.SSLContext | None) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, port)
        await asyncio.gather(_pass_on(reader, back, 0), _pass_on(there, writer, seconds))

    return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)


@contextlib.contextmanager
def relayed(
    urls: Mapping[str, str], milliseconds: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[dict[str, str]]:
    """Give the same addresses, each behind a relay of its own.

    Args:
        urls: Addresses by the setting that names them.
        milliseconds: How long each answer is held back.
        tls: What the relays show to those who ask; None where they only pass on, TLS too.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        behind = {}
        for name, url in urls.items():
            parts = urlsplit(url)
            relay = _relay(str(parts.hostname), int(parts.port or 80), milliseconds / 1000, tls)
            server = asyncio.run_coroutine_threadsafe(relay, loop).result(10)
            port = server.sockets[0].getsockname()[1]
            scheme = "https" if tls else parts.scheme
            behind[name] = urlunsplit(parts._replace(scheme=scheme, netloc=f"{parts.hostname}:{port}"))
        yield behind
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
