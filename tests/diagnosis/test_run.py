"""The runner: concurrent, in order, and over in time."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from academy_ops.diagnosis.check import Check
from academy_ops.diagnosis.records import Finding, Section, Unavailable
from academy_ops.diagnosis.run import Observed, Observer, closure, judge, run
from academy_ops.messages import say


@dataclass(frozen=True)
class Case:
    first: object = None
    second: object = None


@dataclass
class Recorder(Observer):
    told: list[str]

    def finished(self, check: str, findings: Sequence[Finding]) -> None:  # noqa: ARG002 - the observer's form
        self.told.append(check)


def judge_first(case: Case) -> Iterator[Finding]:
    yield Finding("first", "1", "ok", say("{facts}", facts=str(case.first)))


def judge_second(case: Case) -> Iterator[Finding]:
    yield Finding("second", "2", "ok", say("{facts}", facts=str(case.second)))


def made(name: str, section: Section, observe: Callable[..., object], judge: Any, **others: Any) -> Check[Any, Case]:
    return Check(name, section, say("an answer"), observe, judge, **others)


def soon() -> float:
    return time.monotonic() + 20


def test_a_check_that_needs_anothers_facts_is_given_them() -> None:
    first = made("first", "1", lambda _target, _case: 20, judge_first)
    second = made("second", "2", lambda _target, case: f"{case.first}+1", judge_second, needs=("first",))
    observed, _ = run((first, second), None, Case(), asked=("first", "second"), ends_at=soon(), observer=Observer())
    assert observed.case.second == "20+1"


def test_checks_observe_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=10)
    first = made("first", "1", lambda _target, _case: meeting.wait() >= 0, judge_first)
    second = made("second", "2", lambda _target, _case: meeting.wait() >= 0, judge_second)
    observed, _ = run((first, second), None, Case(), asked=("first", "second"), ends_at=soon(), observer=Observer())
    assert (observed.case.first, observed.case.second) == (True, True)


def test_a_check_looks_ahead_while_what_it_needs_is_still_observed() -> None:
    meeting = threading.Barrier(2, timeout=10)
    first = made("first", "1", lambda _target, _case: meeting.wait() >= 0, judge_first)
    second = made(
        "second",
        "2",
        lambda _target, case, seen: (case.first, seen),
        judge_second,
        needs=("first",),
        prefetch=lambda _target: meeting.wait() >= 0,
    )
    observed, _ = run((first, second), None, Case(), asked=("first", "second"), ends_at=soon(), observer=Observer())
    assert observed.case.second == (True, True)


def assert_crashed(facts: object, name: str) -> None:
    """Tell what went wrong and where, without a path of this machine."""
    assert isinstance(facts, Unavailable)
    assert (facts.reason, facts.tried) == ("crashed", name)
    assert re.fullmatch(r"ZeroDivisionError: one by none \(test_run\.py, line \d+\)", facts.detail)


def test_a_crash_of_a_prefetch_is_a_fact_of_its_check() -> None:
    def broken(_target: None) -> object:
        raise ZeroDivisionError("one by none")

    first = made("first", "1", lambda _target, _case, seen: seen, judge_first, prefetch=broken)
    observed, _ = run((first,), None, Case(), asked=("first",), ends_at=soon(), observer=Observer())
    assert_crashed(observed.case.first, "first")


def test_checks_finish_in_runbook_order_though_the_second_is_quicker() -> None:
    second_done = threading.Event()
    first = made("first", "1", lambda _target, _case: second_done.wait(10), judge_first)
    second = made("second", "2", lambda _target, _case: second_done.set(), judge_second)
    recorder = Recorder([])
    run((first, second), None, Case(), asked=("first", "second"), ends_at=soon(), observer=recorder)
    assert recorder.told == ["first", "second"]


def test_a_check_that_hangs_is_unseen_at_the_deadline_and_the_others_are_kept() -> None:
    forever = threading.Event()
    first = made("first", "1", lambda _target, _case: forever.wait(), judge_first)
    second = made("second", "2", lambda _target, _case: 2, judge_second)
    ends_at = time.monotonic() + 2
    observed, findings = run(
        (first, second), None, Case(), asked=("first", "second"), ends_at=ends_at, observer=Observer()
    )
    forever.set()
    assert observed.case.first == Unavailable("deadline", "first")
    assert observed.case.second == 2
    assert [finding.check for finding in findings] == ["first", "second"]


def test_a_crash_of_a_check_is_a_fact_of_that_check() -> None:
    def broken(_target: None, _case: Case) -> object:
        raise ZeroDivisionError("one by none")

    first = made("first", "1", broken, judge_first)
    observed, _ = run((first,), None, Case(), asked=("first",), ends_at=soon(), observer=Observer())
    assert_crashed(observed.case.first, "first")


def test_a_crash_of_a_judge_costs_its_own_check_only() -> None:
    def broken(_case: Case) -> Iterator[Finding]:
        yield Finding("first", "3-3", "ok", say("{facts}", facts="seen before"))
        raise ZeroDivisionError("one by none")

    first = made("first", "3-3", lambda _target, _case: 1, broken)
    second = made("second", "2", lambda _target, _case: 2, judge_second)
    _, findings = run((first, second), None, Case(), asked=("first", "second"), ends_at=soon(), observer=Observer())
    assert [(one.check, one.status) for one in findings] == [("first", "ok"), ("first", "unknown"), ("second", "ok")]
    crashed = findings[1]
    assert str(crashed.because).startswith("first: academy-ops itself failed: ZeroDivisionError: one by none")
    assert str(crashed.evidence["detail"]).startswith("ZeroDivisionError: one by none")
    assert "queue-missing" in crashed.may_conceal


def test_one_check_asked_for_observes_what_it_reads_and_tells_only_its_own() -> None:
    first = made("first", "1", lambda _target, _case: 1, judge_first)
    second = made("second", "2", lambda _target, _case: 2, judge_second, reads=("first",))
    observed, findings = run((first, second), None, Case(), asked=("second",), ends_at=soon(), observer=Observer())
    assert observed.case.first == 1
    assert [finding.check for finding in findings] == ["second"]
    assert closure((first, second), ("second",)) == {"first", "second"}


def test_what_was_observed_can_be_judged_again_without_a_look() -> None:
    first = made("first", "1", lambda _target, _case: 1, judge_first)
    second = made("second", "2", lambda _target, _case: 2, judge_second, needs=("first",))
    observed, findings = run(
        (first, second), None, Case(), asked=("first", "second"), ends_at=soon(), observer=Observer()
    )
    recorder = Recorder([])
    assert judge((first, second), observed, recorder) == findings
    assert recorder.told == ["first", "second"]


def test_how_long_a_check_took_stands_on_its_findings() -> None:
    first = made("first", "1", lambda _target, _case: 1, judge_first)
    assert [finding.elapsed_ms for finding in judge((first,), Observed(Case(1), {"first": 7}), Observer())] == [7]
