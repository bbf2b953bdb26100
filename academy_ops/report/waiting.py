"""What a run waits for, told while it goes on: one line on a terminal, with the seconds that have passed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.text import Text as Line

from academy_ops.messages import Text, _
from academy_ops.report.layout import marks
from checks import RUNBOOK

_WAITS_FOR: Final[Mapping[str, Text]] = {check.name: check.waits_for for check in RUNBOOK}


@dataclass(slots=True)
class Waiting:
    """The checks that observe, and since when each did.

    Attributes:
        started: When each check began, in seconds since the run did, in the order in which they began.
        ended: When its facts had arrived.
    """

    began: float = field(default_factory=time.monotonic)
    started: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)

    def start(self, check: str) -> None:
        """Note that ``check`` has begun."""
        self.started[check] = time.monotonic() - self.began

    def end(self, check: str) -> None:
        """Note that ``check`` is over."""
        self.ended[check] = time.monotonic() - self.began

    def __rich__(self) -> Line:
        """The line as it is now; rich asks for it several times a second."""
        running = [name for name in self.started if name not in self.ended]
        if not running:
            return Line()
        told = _("{seconds} s, waiting for {check}: {what}", seconds=round(time.monotonic() - self.began),
                 check=running[0], what=_WAITS_FOR.get(running[0]))  # fmt: skip
        if len(running) > 1:
            told += "; " + ", ".join(running[1:])
        return Line(told, "dim", no_wrap=True, overflow="ellipsis")


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The seconds since ``began``, on `time.monotonic`'s clock, against what is usual."""

    began: float
    usual: Text | None

    def __rich__(self) -> Line:
        """The line as it is now."""
        line = Line(_("{seconds} s", seconds=round(time.monotonic() - self.began)), "dim")
        return line.append(f" ({self.usual})") if self.usual else line


@contextlib.contextmanager
def shown(console: Console, line: Waiting | Elapsed) -> Iterator[None]:
    """Show ``line`` at the bottom of a terminal as long as the block runs; elsewhere nothing."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield
        return
    spinner = "dots" if marks(console)["ok"] == "✓" else "line"
    with console.status(line, spinner=spinner):
        yield
