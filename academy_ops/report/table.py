"""The diagnosis for people: a line for each check as it finishes, the pipeline, then one verdict block."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

from rich.console import Console
from rich.text import Text as Line

from academy_ops.diagnosis.records import Diagnosis, Finding
from academy_ops.messages import _
from academy_ops.report.drawing import draw
from academy_ops.report.facts import everything, telling
from academy_ops.report.layout import STYLES, facts, hanging, marks
from academy_ops.report.reading import line
from academy_ops.report.shell import Shell
from academy_ops.report.verdict_block import print_verdict
from academy_ops.report.waiting import Waiting, shown

_NAME_WIDTH: Final = 10
_BAR_WIDTH: Final = 40


class TableReport:
    """Prints a run while it goes on, and its verdict at the end; an observer of the runner."""

    def __init__(
        self, console: Console, *, ops: str = "academy-ops", shell: Shell = "posix", verbose: bool = False
    ) -> None:
        self._console = console
        self._ops = ops
        self._shell = shell
        self._verbose = verbose
        self._marks = marks(console)
        self._waiting = Waiting()

    def live(self) -> AbstractContextManager[None]:
        """Show what is being waited for, on a terminal, while the run goes on."""
        return shown(self._console, self._waiting)

    def started(self, check: str) -> None:
        """Name the check among those being waited for."""
        self._waiting.start(check)

    def observed(self, check: str) -> None:
        """Wait for the check no more."""
        self._waiting.end(check)

    def finished(self, check: str, findings: Sequence[Finding]) -> None:  # noqa: ARG002 - the observer's form
        """Print the check's findings."""
        for finding in findings:
            self._print_finding(finding)

    def verdict(self, diagnosis: Diagnosis) -> None:
        """Print what it all means, and what to do."""
        console = self._console
        if self._verbose and self._waiting.started:
            console.print()
            self._print_timeline()
        console.print()
        draw(console, diagnosis)
        console.print()
        print_verdict(console, diagnosis, self._ops, shell=self._shell, verbose=self._verbose)
        seconds = f"{diagnosis.elapsed_ms / 1000:.1f}"
        console.print(
            Line(_("Findings: {checks}, in {seconds} s", checks=len(diagnosis.findings), seconds=seconds), "dim")
        )

    def _print_finding(self, finding: Finding) -> None:
        style = STYLES[finding.status]
        summary = Line(line(finding.summary))
        if finding.because:
            summary.append(f" ({line(finding.because)})", "dim")
        head = Line(f"{self._marks[finding.status]} ", style).append(finding.check, style)
        hanging(self._console, head, summary, 2 + _NAME_WIDTH)
        told = everything(finding) if self._verbose else telling(finding) if finding.status == "fail" else []
        facts(self._console, told, 2 + _NAME_WIDTH)

    def _print_timeline(self) -> None:
        """Print when each check began and how long it took; saved evidence does not tell when."""
        started, ended = self._waiting.started, self._waiting.ended
        whole = max(ended.values(), default=0.0)
        for check, begun in started.items():
            took = ended.get(check, whole) - begun
            before, length = (round(part / max(whole, 0.001) * _BAR_WIDTH) for part in (begun, took))
            row = Line(f"  {check:<{_NAME_WIDTH}}")
            row.append(_("at {start} s for {length} s", start=f"{begun:4.1f}", length=f"{took:4.1f}"), "dim")
            self._console.print(row.append("  " + " " * before).append(self._marks["bar"] * max(1, length), "cyan"))
