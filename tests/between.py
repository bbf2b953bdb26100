"""A proxy in front of the lab's AWS, which a test may tell to answer some calls itself, or to alter or hold them."""

import http.client
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlsplit

from tests.wire import Handler, respond, server

Answer = Callable[[Handler], None]
Trick = Callable[[Handler, Answer], None]
"""What is done instead of passing a call on; the second argument passes it on after all."""
SECONDS = 60.0
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


def action(handler: Handler) -> str:
    """Return the name of the action that was called, as IAM knows it."""
    if target := handler.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    found = _ACTION.search(handler.body)
    return found[1].decode() if found else handler.path


def passed_on(handler: Handler, aws: str) -> tuple[int, bytes, str]:
    """Send a call on as it came, signed for the address that it came to; return status, body and content type."""
    there = http.client.HTTPConnection(urlsplit(aws).netloc, timeout=60)
    there.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
    for name, value in handler.headers.items():
        there.putheader(name, value)
    there.endheaders(handler.body)
    answer = there.getresponse()
    result = answer.status, answer.read(), answer.headers.get("Content-Type", "")
    there.close()
    return result


@contextmanager
def between(aws: str, tricks: Mapping[str, Trick]) -> Iterator[str]:
    """Run the proxy.

    Args:
        aws: What is behind it.
        tricks: The action, or for a REST service the beginning of its path, to what is done instead of passing it on.

    Yields:
        Its address.
    """

    def on(handler: Handler) -> None:
        status, body, kind = passed_on(handler, aws)
        respond(handler, status, body, **{"Content-Type": kind})

    def answer(handler: Handler) -> None:
        called = action(handler)
        trick = next((one for name, one in tricks.items() if called == name or called.startswith(f"/{name}")), None)
        if trick:
            trick(handler, on)
        else:
            on(handler)

    with server(answer) as (url, _):
        yield url


def altered(aws: str, alter: Callable[[bytes], bytes]) -> Trick:
    """Pass a call on, and give its answer back altered."""

    def trick(handler: Handler, _on: Answer) -> None:
        status, body, kind = passed_on(handler, aws)
        respond(handler, status, alter(body), **{"Content-Type": kind})

    return trick


def refused(code: str = "AccessDenied", status: int = 403) -> Trick:
    """Refuse a call in AWS's words, in XML or in JSON as it was asked."""

    def trick(handler: Handler, _on: Answer) -> None:
        if handler.headers.get("X-Amz-Target"):
            respond(handler, status, f'{{"__type": "{code}", "message": "no"}}'.encode())
        else:
            error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
            respond(handler, status, f"<ErrorResponse>{error}</ErrorResponse>".encode())

    return trick


def answered(body: bytes) -> Trick:
    """Answer a call, as if it had succeeded."""
    return lambda handler, _on: respond(handler, 200, body)


class Held:
    """Holds a call until it is let go; then it is passed on, or done with as ``then`` does."""

    def __init__(self, then: Trick | None = None) -> None:
        self._then = then
        self._called = threading.Event()
        self._go = threading.Event()

    def __call__(self, handler: Handler, on: Answer) -> None:
        self._called.set()
        self._go.wait(SECONDS)
        if self._then:
            self._then(handler, on)
        else:
            on(handler)

    def arrived(self) -> None:
        """Wait until it was called."""
        assert self._called.wait(SECONDS)

    def let_go(self) -> None:
        """Let it pass."""
        self._go.set()


def lost(handler: Handler, _on: Answer) -> None:
    """Hang up without an answer."""
    handler.close_connection = True


def after(times: int, trick: Trick) -> Trick:
    """Pass a call on so often, then do as ``trick`` does."""
    calls = count()
    return lambda handler, on: trick(handler, on) if next(calls) >= times else on(handler)


def about(name: str, trick: Trick) -> Trick:
    """Do as ``trick`` does where the call names ``name`` as a whole, and pass it on otherwise."""
    return lambda handler, on: trick(handler, on) if f'"{name}"'.encode() in handler.body else on(handler)
