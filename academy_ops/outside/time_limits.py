"""How long the outside is waited for, and the one way to wait for it.

A call runs in a daemon thread: one that ignores its own time-out is left behind, and keeps no process alive.
"""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from typing import Final, TypeVar

from academy_ops.diagnosis.records import Unavailable

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 8.0
"""For one answer in all: to connect, follow redirects, and read the last byte."""
MARGIN_SECONDS: Final = 0.5
"""So long before its run a check stops waiting, so that what it has seen is not lost."""
SSM_SECONDS: Final = 5.0
"""Between two looks into the workers: SSM and the parameter store are asked no more often."""
_AT_ONCE: Final = 16

T = TypeVar("T")


def start(call: Callable[[], T]) -> Future[T]:
    """Run ``call`` in a daemon thread from now on."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def call_with_timeout(call: Callable[[], T], seconds: float) -> T:
    """Return what ``call`` returns within ``seconds``; a socket's own time-out is one of a single read.

    Raises:
        TimeoutError: It has not ended by then.
    """
    return start(call).result(seconds)


def begin(tried: str, call: Callable[[], T], until: float) -> Callable[[], T | Unavailable]:
    """Run ``call`` from now on, beside others; return what waits for it, and gives its result, or that it was late.

    ``tried`` is what it asks: an IAM action, a URL, or a setting's name; ``until`` is on `time.monotonic`'s clock.
    """
    future = start(call)

    def result() -> T | Unavailable:
        wait((future,), left(until))
        return future.result() if future.done() else Unavailable("deadline", tried)

    return result


def gather(calls: Iterable[tuple[str, Callable[[], T]]], until: float) -> list[T | Unavailable]:
    """Run calls, each with what it asks, at most sixteen at once; return each one's result, or that it was late."""
    calls = tuple(calls)
    results: list[T | Unavailable] = [Unavailable("deadline", tried) for tried, _ in calls]
    numbers = iter(range(len(calls)))

    def work() -> None:
        for number in numbers:
            if not left(until):
                return
            results[number] = calls[number][1]()

    for worker in [begin("", work, until) for _ in range(min(_AT_ONCE, len(calls)))]:
        worker()
    return list(results)


def left(until: float) -> float:
    """Return the seconds until then, never negative, and never more than a lock can wait."""
    return min(max(0.0, until - time.monotonic()), threading.TIMEOUT_MAX)
