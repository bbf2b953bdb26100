"""Relays that add a fixed time to every answer, as a distant server would."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 65536


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, seconds: float) -> None:
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        while data := await source.read(_CHUNK):
            await asyncio.sleep(seconds)
            sink.write(data)
            await sink.drain()
    sink.close()


async def _relay(host: str, port: int, seconds: float) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, port)
        await asyncio.gather(_pass_on(reader, back, 0), _pass_on(there, writer, seconds))

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@contextlib.contextmanager
def delayed(urls: Mapping[str, str], milliseconds: int) -> Iterator[dict[str, str]]:
    """Give the same addresses behind relays that hold every answer back.

    Args:
        urls: Addresses by the setting that names them.
        milliseconds: How long each answer is held back.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        behind = {}
        for name, url in urls.items():
            parts = urlsplit(url)
            relay = _relay(str(parts.hostname), int(parts.port or 80), milliseconds / 1000)
            server = asyncio.run_coroutine_threadsafe(relay, loop).result(10)
            port = server.sockets[0].getsockname()[1]
            behind[name] = urlunsplit(parts._replace(netloc=f"{parts.hostname}:{port}"))
        yield behind
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
