"""The runner: observes concurrently, judges in runbook order, and ends in time whatever the world does."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol

from academy_ops.diagnosis.check import C, Check, T_contra
from academy_ops.diagnosis.records import Finding, Unavailable
from academy_ops.diagnosis.redact import printable, redacted


class Observer(Protocol):
    """Whoever wants to see a run while it goes on."""

    def started(self, check: str) -> None:
        """``check`` begins to observe."""

    def observed(self, check: str) -> None:
        """The facts of ``check`` have arrived, or time is up."""

    def finished(self, check: str, findings: Sequence[Finding]) -> None:
        """``check`` is judged; checks finish in runbook order."""


class NullObserver:
    """An observer that looks away."""

    def started(self, check: str) -> None:
        """Do nothing."""

    def observed(self, check: str) -> None:
        """Do nothing."""

    def finished(self, check: str, findings: Sequence[Finding]) -> None:
        """Do nothing."""


def closure(runbook: Sequence[Check[Any, Any]], asked: Iterable[str]) -> frozenset[str]:
    """Return the names of the checks that must be observed so that those asked for can be judged."""
    by_name = {check.name: check for check in runbook}
    ahead = [other for name in asked for other in (name, *by_name[name].reads)]
    reached = set[str]()
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead.extend(by_name[name].needs)
    return frozenset(reached)


@dataclass(frozen=True, slots=True)
class Observed(Generic[C]):
    """What has been observed so far.

    Attributes:
        case: The facts.
        took_ms: How long each check's observation took.
        pending: The checks whose facts have not arrived.
    """

    case: C
    took_ms: Mapping[str, int]
    pending: frozenset[str] = frozenset()


def run(
    runbook: Sequence[Check[T_contra, C]],
    target: T_contra,
    case: C,
    *,
    asked: Iterable[str],
    ends_at: float,
    observer: Observer,
) -> tuple[Observed[C], tuple[Finding, ...]]:
    """Observe, and judge each check as soon as its facts are there.

    Args:
        runbook: Every check, in order.
        target: What is looked at.
        case: The case to fill; each field named like a check takes that check's facts.
        asked: The names of the checks to judge.
        ends_at: The deadline on `time.monotonic`'s clock; what has not been observed by then is `Unavailable`.
        observer: Told as checks start and finish.

    Returns:
        All that was observed, and the findings of the checks asked for in runbook order.
    """
    asked = frozenset(asked)
    unjudged = [check for check in runbook if check.name in asked]
    observed, findings = Observed(case, {}), list[Finding]()
    for observed in observe(runbook, target, case, asked=asked, ends_at=ends_at, observer=observer):
        blocked = (n for n, check in enumerate(unjudged) if observed.pending.intersection((check.name, *check.reads)))
        ready = next(blocked, len(unjudged))
        findings += judge(unjudged[:ready], observed, observer)
        del unjudged[:ready]
    return observed, tuple(findings)


def observe(
    runbook: Sequence[Check[T_contra, C]],
    target: T_contra,
    case: C,
    *,
    asked: Iterable[str],
    ends_at: float,
    observer: Observer,
) -> Iterator[Observed[C]]:
    """Fill the case; arguments as for `run`.

    Yields:
        What has been observed, each time that facts have arrived; nothing is pending in the last one.
    """
    names = closure(runbook, asked)
    waiting = [check for check in runbook if check.name in names]
    pending = set(names)
    arrived: queue.SimpleQueue[tuple[str, object, int]] = queue.SimpleQueue()
    took_ms: dict[str, int] = {}
    needed: dict[str, queue.SimpleQueue[C]] = {check.name: queue.SimpleQueue() for check in waiting}
    for check in waiting:
        # A daemon: a call that ignores its time-out must not keep the process alive past the deadline.
        threading.Thread(target=_observe, args=(check, target, needed[check.name], arrived), daemon=True).start()
        if check.prefetch or not check.needs:
            observer.started(check.name)
    while pending:
        for check in [check for check in waiting if not pending.intersection(check.needs)]:
            waiting.remove(check)
            if check.needs and not check.prefetch:
                observer.started(check.name)
            needed[check.name].put(case)
        try:
            name, facts, took = arrived.get(timeout=max(0.0, ends_at - time.monotonic()))
        except queue.Empty:
            late = {name: Unavailable("timeout", name) for name in pending}
            case = replace(case, **late)
            for name in late:
                observer.observed(name)
            pending.clear()
        else:
            case = replace(case, **{name: facts})
            took_ms[name] = took
            pending.remove(name)
            observer.observed(name)
        yield Observed(case, dict(took_ms), frozenset(pending))


def judge(checks: Iterable[Check[Any, C]], observed: Observed[C], observer: Observer) -> tuple[Finding, ...]:
    """Judge what was observed: no I/O, no clock, no environment.

    Args:
        checks: The checks to judge, in runbook order.
        observed: The facts; those that the checks read have arrived.
        observer: Told as checks finish.

    Returns:
        The findings, in the order of the checks.
    """
    findings: list[Finding] = []
    for check in checks:
        took = observed.took_ms.get(check.name, 0)
        told = tuple(replace(finding, elapsed_ms=took) for finding in check.judge(observed.case))
        findings += told
        observer.finished(check.name, told)
    return tuple(findings)


def _observe(
    check: Check[T_contra, C],
    target: T_contra,
    needed: queue.SimpleQueue[C],
    arrived: queue.SimpleQueue[tuple[str, object, int]],
) -> None:
    took = 0.0

    def timed(call: Callable[..., object], *arguments: object) -> object:
        nonlocal took
        started = time.monotonic()
        try:
            return call(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in one check is a fact of that check, told as such
            return Unavailable("unexpected-answer", check.name, printable(redacted(f"{type(error).__name__}: {error}")))
        finally:
            took += time.monotonic() - started

    seen = (timed(check.prefetch, target),) if check.prefetch else ()
    case = needed.get()
    failed = next((one for one in seen if isinstance(one, Unavailable)), None)
    facts = failed or timed(check.observe, target, case, *seen)
    arrived.put((check.name, facts, round(took * 1000)))
