"""The one way to wait: calls at the same time, until a deadline, each with its own result."""

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.time_limits import begin, gather


def soon() -> float:
    return time.monotonic() + 20


def test_results_come_in_the_order_of_the_calls_though_the_first_is_the_last_to_end() -> None:
    second_done = threading.Event()

    def second() -> str:
        second_done.set()
        return "second"

    calls: list[tuple[str, Callable[[], bool | str]]] = [("x", partial(second_done.wait, 10)), ("y", second)]
    assert gather(calls, soon()) == [True, "second"]


def test_a_late_call_costs_its_own_result_only() -> None:
    forever = threading.Event()
    calls: list[tuple[str, Callable[[], bool]]] = [
        ("sqs:GetQueueUrl", partial(forever.wait, 30)),
        ("second", lambda: True),
    ]
    assert gather(calls, time.monotonic() + 1) == [Unavailable("deadline", "sqs:GetQueueUrl"), True]
    forever.set()


def test_no_more_than_sixteen_run_at_once() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def call() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    assert gather([("x", call)] * 60, soon()) == [None] * 60
    assert 1 < most <= 16


def test_none_begins_after_the_deadline() -> None:
    asked = list[int]()
    assert gather([("x", partial(asked.append, 1))], time.monotonic() - 1) == [Unavailable("deadline", "x")]
    assert asked == []


def test_a_time_out_of_the_call_s_own_is_not_taken_for_the_deadline() -> None:
    def call() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        begin("x", call, soon())()


def test_a_deadline_further_away_than_a_lock_can_wait_is_one_too() -> None:
    assert begin("x", lambda: 1, 1e12)() == 1
