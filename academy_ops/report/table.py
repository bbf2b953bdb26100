"""The diagnosis for people: a line for each check as it finishes, the pipeline, then one verdict block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text as Line

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Diagnosis, Finding, Json, Remedy, Verdict
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text, _, say
from academy_ops.report.pipeline import HOPS, hop_of

_STYLES: Final = {"ok": "green", "warn": "yellow", "fail": "bold red", "unknown": "magenta", "skip": "dim"}
_MARKS: Final = {"ok": "✓", "warn": "!", "fail": "✗", "unknown": "?", "skip": "-", "arrow": "→", "dot": "·"}
_PLAIN_MARKS: Final = {"ok": "v", "warn": "!", "fail": "x", "unknown": "?", "skip": "-", "arrow": "->", "dot": ","}
_VERDICTS: Final[Mapping[str, tuple[Text, str]]] = {
    "healthy": (say("HEALTHY"), "bold green"),
    "in-progress": (say("IN PROGRESS"), "bold cyan"),
    "faulty": (say("FAULT FOUND"), "bold red"),
    "undetermined": (say("UNDETERMINED"), "bold magenta"),
}
_LONGEST_VALUE: Final = 200
_NAME_WIDTH: Final = 9


class TableReport:
    """Prints a run while it goes on, and its verdict at the end; an observer of the runner."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._verbose = verbose
        self._running: list[str] = []
        self._status: Status | None = None
        self._marks = _marks(console)

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Show what is being waited for, on a terminal, while the run goes on."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status("") as self._status:
            yield
        self._status = None

    def started(self, check: str) -> None:
        """Name the check among those being waited for."""
        self._running.append(check)
        self._show_waiting()

    def observed(self, check: str) -> None:
        """Wait for the check no more."""
        if check in self._running:
            self._running.remove(check)
        self._show_waiting()

    def finished(self, check: str, findings: Sequence[Finding]) -> None:  # noqa: ARG002 - the observer's form
        """Print the check's findings."""
        for finding in findings:
            self._print_finding(finding)

    def verdict(self, diagnosis: Diagnosis) -> None:
        """Print what it all means, and what to do."""
        verdict = diagnosis.verdict
        title, style = _VERDICTS[verdict.status]
        console = self._console
        console.print()
        console.print(self._pipeline(verdict))
        console.print()
        head = Line(str(title), style)
        if verdict.cause:
            head.append(f"  {verdict.cause}", "bold")
            head.append("  " + _("(runbook section {section})", section=verdict.section), "dim")
        console.print(head)
        console.print(Line(str(verdict.summary)))
        rows = Table.grid(padding=(0, 1))
        rows.add_column(style="bold", no_wrap=True)
        rows.add_column(overflow="fold")
        for name, value in self._facts(diagnosis):
            rows.add_row(name, Line(value))
        console.print(rows)
        for remedy in verdict.remedies:
            self._print_remedy(remedy)
        seconds = diagnosis.elapsed_ms / 1000
        console.print(
            Line(_("{checks} findings in {seconds} s", checks=len(diagnosis.findings), seconds=f"{seconds:.1f}"), "dim")
        )

    def _facts(self, diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
        verdict = diagnosis.verdict
        proof = [finding for finding in diagnosis.findings if verdict.cause and finding.cause == verdict.cause]
        if proof:
            yield _("Evidence"), self._shown(proof[0].evidence)
        if verdict.status == "undetermined":
            unseen = [finding for finding in diagnosis.findings if finding.status == "unknown"]
            for reason in dict.fromkeys(str(finding.because) for finding in unseen):
                yield _("Not seen"), reason
        for name, codes in (
            (_("Also"), verdict.also),
            (_("Symptoms"), verdict.symptoms),
            (_("Warnings"), verdict.warnings),
        ):
            for code in codes:
                yield name, f"{code}: {CATALOGUE[code].meaning}"
        if verdict.ruled_out:
            yield _("Ruled out"), ", ".join(verdict.ruled_out)

    def _print_finding(self, finding: Finding) -> None:
        row = Table.grid(padding=(0, 1))
        row.add_column(width=1)
        row.add_column(width=_NAME_WIDTH)
        row.add_column(overflow="fold")
        summary = Line(printable(str(finding.summary)))
        if finding.because:
            summary.append(printable(f" ({finding.because})"), "dim")
        style = _STYLES[finding.status]
        row.add_row(Line(self._marks[finding.status], style), Line(finding.check, style), summary)
        self._console.print(row)
        if finding.evidence and (self._verbose or finding.status == "fail"):
            self._console.print(Padding(Line(self._shown(finding.evidence), "dim"), (0, 0, 0, _NAME_WIDTH + 3)))

    def _print_remedy(self, remedy: Remedy) -> None:
        self._console.print()
        self._console.print(Line(_("What to do: "), "bold").append(str(remedy.text), "not bold"))
        for label, command in ((None, remedy.command), (_("Then check that it worked:"), remedy.verify)):
            if command:
                if label:
                    self._console.print(Line(label))
                # Never wrapped: a command must survive being copied.
                self._console.print(Line(f"  {command}", "bold cyan"), soft_wrap=True)

    def _pipeline(self, verdict: Verdict) -> Line:
        broken = hop_of(verdict.cause)
        line = Line()
        for number, hop in enumerate(HOPS):
            if number:
                line.append(f" {self._marks['arrow']} ", "dim")
            if hop == broken:
                line.append(f"{self._marks['fail']} {hop.name}", "bold red")
            else:
                line.append(str(hop.name))
        return line

    def _shown(self, evidence: Mapping[str, Json]) -> str:
        limit = None if self._verbose else _LONGEST_VALUE
        told = {name: value for name, value in evidence.items() if value not in (None, "", [], {})}
        shown = [f"{name} {_short(value)[:limit]}" for name, value in told.items()]
        nested = any(isinstance(value, dict) for value in told.values())
        return "\n".join(shown) if nested else f" {self._marks['dot']} ".join(shown)

    def _show_waiting(self) -> None:
        if self._status is not None:
            self._status.update(_("waiting for: {checks}", checks=", ".join(self._running)) if self._running else "")


def _short(value: Json) -> str:
    """Write a value of the evidence on one line, with nothing in it that a terminal would act on."""
    if isinstance(value, dict):
        return " ".join(f"{name}={_short(inner)}" for name, inner in value.items() if inner not in (None, ""))
    if isinstance(value, list):
        return "; ".join(_short(inner) for inner in value)
    if isinstance(value, float):
        return f"{value:.0f}"
    return printable(str(value)).replace("\n", " ")


def _marks(console: Console) -> Mapping[str, str]:
    try:
        "".join(_MARKS.values()).encode(console.encoding)
    except (LookupError, UnicodeEncodeError):
        return _PLAIN_MARKS
    return _MARKS
