"""What a process asks of a lab: every request passes on to the real server, and its name is kept."""

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import trustme

from tests.lab_driver import ADDRESSES
from tests.wire import Handler, server

_EDGE: Final = "ACADEMY_API_URL"
_ACTION: Final = re.compile(r"\bAction=(\w+)")
_OWN: Final = frozenset({"connection", "transfer-encoding"})


@contextmanager
def overheard(settings: Mapping[str, str], folder: Path) -> Iterator[tuple[dict[str, str | None], list[str]]]:
    """Stand between a process and a lab: as its HTTP proxy, and before the edge, which speaks TLS, as another edge.

    Args:
        settings: The lab's settings.
        folder: Where a file may be left.

    Yields:
        What of the environment is otherwise for the process; and what it has asked so far: an AWS operation, or the
        setting that names the server, the method and the path.
    """
    names = {urlsplit(settings[name]).netloc: name for name in ADDRESSES}
    own, trusted = trustme.CA(), ssl.create_default_context(cafile=settings["SSL_CERT_FILE"])
    own.cert_pem.write_to_path(str(folder / "overheard.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.issue_cert("127.0.0.1").configure_cert(tls)
    asked: list[str] = []

    def answer(handler: Handler, edge: str = "") -> None:
        url = urlsplit(edge + handler.path)
        asked.append(_operation(handler) or f"{names[url.netloc]}: {handler.command} {url.path}")
        there = HTTPSConnection(url.netloc, context=trusted) if edge else HTTPConnection(url.netloc)
        _pass_on(handler, there, url.path + (f"?{url.query}" if url.query else ""))

    with server(answer) as (proxy, _), server(partial(answer, edge=settings[_EDGE]), tls) as (edge, _):
        proxies: dict[str, str | None] = {"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": None, "no_proxy": None}
        yield {**proxies, _EDGE: edge, "SSL_CERT_FILE": str(folder / "overheard.pem")}, asked


def _pass_on(handler: Handler, there: HTTPConnection, path: str) -> None:
    there.request(handler.command, path, handler.body, dict(handler.headers))
    answer = there.getresponse()
    body = answer.read()
    handler.send_response_only(answer.status)
    for header, value in answer.getheaders():
        if header.lower() not in _OWN:
            handler.send_header(header, value)
    there.close()
    with suppress(ConnectionError):  # the process may have given up waiting
        handler.end_headers()
        handler.wfile.write(body)


def _operation(handler: Handler) -> str | None:
    """Return the AWS operation, where the request names one."""
    if target := handler.headers.get("X-Amz-Target"):
        return str(target).rpartition(".")[2]
    named = _ACTION.search(handler.body.decode("utf-8", "replace"))
    return named[1] if named else None
