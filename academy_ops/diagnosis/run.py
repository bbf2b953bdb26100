"""The runner: observes concurrently, judges in runbook order, and ends in time whatever the world does."""

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic

from academy_ops.diagnosis.catalogue import faults_of
from academy_ops.diagnosis.check import C, Check, T_contra
from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, Unavailable
from academy_ops.diagnosis.redact import printable, redacted
from academy_ops.messages import say
from academy_ops.outside.time_limits import left, start


class Observer:
    """Sees a run while it goes on; this one looks away."""

    def started(self, check: str) -> None:
        """``check`` begins to observe."""

    def observed(self, check: str) -> None:
        """The facts of ``check`` have arrived, or time is up."""

    def finished(self, check: str, findings: Sequence[Finding]) -> None:
        """``check`` is judged; checks finish in runbook order."""

    def answered(self, hosts: int, of: int) -> None:
        """So many of the workers' hosts have answered so far."""


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
    correct: Callable[[C], C] = lambda case: case,
) -> tuple[Observed[C], tuple[Finding, ...]]:
    """Observe, and judge each check that is asked for as soon as its facts are there.

    Each field of ``case`` that is named like a check takes that check's facts; what has not been observed when
    `time.monotonic` is at ``ends_at`` is `Unavailable`. Each time that facts have arrived, ``correct`` sets in the case
    what they can't know.
    """
    asked = frozenset(asked)
    unjudged = [check for check in runbook if check.name in asked]
    observed, findings = Observed(case, {}), list[Finding]()
    names = closure(runbook, asked)
    for observed in _observations(runbook, target, case, names, ends_at, observer, correct):
        blocked = (n for n, check in enumerate(unjudged) if observed.pending.intersection((check.name, *check.reads)))
        ready = next(blocked, len(unjudged))
        findings += judge(unjudged[:ready], observed, observer)
        del unjudged[:ready]
    return observed, tuple(findings)


def _observations(  # noqa: PLR0917 - what `run` is given
    runbook: Sequence[Check[T_contra, C]],
    target: T_contra,
    case: C,
    names: frozenset[str],
    ends_at: float,
    observer: Observer,
    correct: Callable[[C], C],
) -> Iterator[Observed[C]]:
    """Yield what has been observed, each time that facts have arrived; nothing is pending in the last one."""
    waiting = [check for check in runbook if check.name in names]
    ahead: dict[str, Future[tuple[object, float]]] = {}
    running: dict[Future[tuple[object, float]], str] = {}
    took_ms: dict[str, int] = {}
    pending = set(names)
    for check in waiting:
        if check.prefetch:
            observer.started(check.name)
            ahead[check.name] = start(partial(_timed, check, check.prefetch, target))
    while pending:
        for check in [check for check in waiting if not pending.intersection(check.needs)]:
            waiting.remove(check)
            if not check.prefetch:
                observer.started(check.name)
            running[start(partial(_observe, check, target, case, ahead.get(check.name)))] = check.name
        done, _ = wait(running, left(ends_at), FIRST_COMPLETED)
        arrived = {running.pop(future): future.result() for future in done}
        took_ms |= {name: round(seconds * 1000) for name, (_, seconds) in arrived.items()}
        facts = {name: seen for name, (seen, _) in arrived.items()}
        facts = facts or {name: Unavailable("deadline", name) for name in pending}
        case = correct(replace(case, **facts))
        for name in facts:
            observer.observed(name)
        pending.difference_update(facts)
        yield Observed(case, dict(took_ms), frozenset(pending))


def judge(checks: Iterable[Check[Any, C]], observed: Observed[C], observer: Observer) -> tuple[Finding, ...]:
    """Judge what was observed, with no I/O, no clock and no environment; return the findings in the checks' order."""
    findings: list[Finding] = []
    for check in checks:
        took = observed.took_ms.get(check.name, 0)
        judged = tuple(replace(finding, elapsed_ms=took) for finding in _judged(check, observed.case))
        findings += judged
        observer.finished(check.name, judged)
    return tuple(findings)


def _judged(check: Check[Any, C], case: C) -> Iterator[Finding]:
    """Yield a check's findings; where it crashes, those before that, and that any cause of its section may be there."""
    try:
        yield from check.judge(case)
    except Exception as error:  # noqa: BLE001 - it costs this check only, and is a finding of it
        build = FindingBuilder(check.name, check.section, {})
        yield build.unknown(
            say("the check {check}", check=check.name), _crashed(check, error), faults_of(check.section)
        )


def _observe(
    check: Check[T_contra, C], target: T_contra, case: C, ahead: Future[tuple[object, float]] | None
) -> tuple[object, float]:
    """Return a check's facts, and for how many seconds it has looked."""
    if ahead is None:
        return _timed(check, check.observe, target, case)
    seen, before = ahead.result()
    if isinstance(seen, Unavailable):
        return seen, before
    facts, took = _timed(check, check.observe, target, case, seen)
    return facts, before + took


def _timed(check: Check[Any, Any], look: Callable[..., object], *arguments: object) -> tuple[object, float]:
    started = time.monotonic()
    try:
        facts = look(*arguments)
    except Exception as error:  # noqa: BLE001 - it costs this check only, and is a fact of it
        facts = _crashed(check, error)
    return facts, time.monotonic() - started


def _crashed(check: Check[Any, Any], error: Exception) -> Unavailable:
    """Say what went wrong in the tool itself, and where; no path of this machine."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}, line {frame.lineno}"
    return Unavailable("crashed", check.name, printable(redacted(f"{type(error).__name__}: {error} ({where})")))
