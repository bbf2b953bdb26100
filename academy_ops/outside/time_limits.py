"""A call that ends in time, whatever the other side does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def call_with_timeout(call: Callable[[], T], seconds: float) -> T:
    """Run ``call`` in a thread of its own, and wait for it so long at most.

    A time-out of a socket is one of a single read: an answer that drips is never late for it. What is late here is left
    behind, in a thread that keeps no process alive.

    Raises:
        TimeoutError: It has not ended.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done.result(seconds)
