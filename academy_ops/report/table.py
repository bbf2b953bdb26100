"""The form for people: a line for each check as it finishes, the pipeline, then one verdict block."""

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Line

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.command import Steps
from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy, Verdict, VerdictStatus
from academy_ops.diagnosis.redact import printable
from academy_ops.diagnosis.run import Observer
from academy_ops.messages import Text, _, current
from academy_ops.report.content import (
    cause_label,
    fixing,
    line,
    local_time,
    next_steps,
    not_observed,
    other_faults,
    title,
)
from academy_ops.report.evidence import all_evidence, cause_evidence, key_evidence
from academy_ops.report.pipeline import draw
from academy_ops.report.runbook import section_link
from academy_ops.report.shell import Shell, commands, print_call, print_command, shell_needs
from academy_ops.report.terminal import STYLES, facts, hanging, live, marks
from academy_ops.smoke.records import HOPS, SMOKE_TITLES, Hop, Result, Smoke
from checks import RUNBOOK

_NAME_WIDTH: Final = 10
_BAR_WIDTH: Final = 40
_WIDTH: Final = 100
_INDENT: Final = 2
_MOST_ROWS: Final = 6
"""Of a workbook's rows: more would push the answer out of view; documents have all of them."""
_WAITS_FOR: Final[Mapping[str, Text]] = {check.name: check.waits_for for check in RUNBOOK}
_VERDICT_STYLES: Final[Mapping[VerdictStatus | Result, str]] = {
    "healthy": "bold green",
    "in-progress": "bold cyan",
    "faulty": "bold red",
    "undetermined": "bold magenta",
    "passed": "bold green",
    "failed": "bold red",
}


def render_diagnosis(
    diagnosis: Diagnosis, ops: str = "academy-ops", *, width: int = _WIDTH, verbose: bool = False
) -> str:
    """Return what a run prints, as plain text."""
    written = io.StringIO()
    console = Console(
        file=written, width=width, no_color=True, color_system=None, force_terminal=False, markup=False, emoji=False
    )
    report = TableReport(console, ops=ops, verbose=verbose, of_step=bool(diagnosis.step))
    for check, findings in groupby(diagnosis.findings, lambda finding: finding.check):
        report.finished(check, tuple(findings))
    report.verdict(diagnosis)
    return written.getvalue()


def print_hop(console: Console, hop: Hop, elapsed_ms: int) -> None:
    """Print when a smoke check reached a hop."""
    console.print(_("{seconds} s", seconds=f"{elapsed_ms / 1000:5.1f}") + f"  {HOPS[hop]}")


def print_smoke(console: Console, smoke: Smoke) -> None:
    """Print the end of a smoke check; why it did not pass has been printed before its diagnosis."""
    for text in (smoke.summary if smoke.result == "passed" else None, smoke.left):
        if text:
            hanging(console, Line(), Line(printable(str(text))), 0)
    console.print(_title(str(SMOKE_TITLES[smoke.result]), smoke.result, smoke.cause))


class TableReport(Observer):
    """Prints a run while it goes on, and its verdict at the end.

    The answer comes last, where it is in view: whatever else was found stands above the verdict, and below it are
    only the proof, what to do, and where to read on.
    """

    def __init__(
        self,
        console: Console,
        *,
        ops: str = "academy-ops",
        shell: Shell = "posix",
        verbose: bool = False,
        of_step: bool = False,
        fixable: Callable[[Verdict], bool] = lambda _verdict: False,
        quiet: bool = False,
    ) -> None:
        """Make a report.

        Of one step (``of_step``) the evidence stands with the findings, as no verdict follows that would show it. A
        verdict is ``fixable`` where ``--fix`` has a remedy for it; ``quiet`` shows the verdict alone.
        """
        self._console = console
        self._ops = ops
        self._shell = shell
        self._verbose = verbose
        self._of_step = of_step
        self._fixable = fixable
        self._quiet = quiet
        self._marks = marks(console)
        self._waiting = _Waiting()
        self._shown: list[Steps] = []

    def live(self) -> AbstractContextManager[None]:
        """Show what is being waited for, on a terminal, while the run goes on."""
        return nullcontext() if self._quiet else live(self._console, self._waiting)

    def started(self, check: str) -> None:
        """Name the check among those being waited for."""
        self._waiting.started[check] = self._waiting.now()

    def observed(self, check: str) -> None:
        """Wait for the check no more."""
        self._waiting.ended[check] = self._waiting.now()

    def answered(self, hosts: int, of: int) -> None:
        """Show how many of the workers' hosts have answered."""
        self._waiting.hosts = hosts, of

    def finished(self, check: str, findings: Sequence[Finding]) -> None:  # noqa: ARG002 - the observer's form
        """Print the check's findings."""
        for finding in () if self._quiet else findings:
            self._print_finding(finding)

    def again(self, diagnosis: Diagnosis) -> None:
        """Print a later diagnosis of the same: when it was made, its findings, and what they mean now."""
        self._console.print()
        self._console.print(Line(local_time(diagnosis.started_at), "bold"))
        for check, findings in groupby(diagnosis.findings, lambda finding: finding.check):
            self.finished(check, tuple(findings))
        self.verdict(diagnosis)

    def verdict(self, diagnosis: Diagnosis) -> None:
        """Print what it all means, and what to do."""
        console = self._console
        if self._quiet:
            verdict = diagnosis.verdict
            hanging(console, Line(), _title(title(diagnosis), verdict.status, cause_label(verdict)), 0)
            hanging(console, Line(), Line(line(verdict.summary)), 0)
            return
        if self._verbose and self._waiting.started:
            console.print()
            self._print_timeline()
        seconds = f"{diagnosis.elapsed_ms / 1000:.1f}"
        ending = _("Findings: {checks}, in {seconds} s", checks=len(diagnosis.findings), seconds=seconds)
        for name, checks in (
            (_("Not the cause"), diagnosis.verdict.ruled_out),
            (_("Symptoms"), diagnosis.verdict.symptoms),
        ):
            if checks and not diagnosis.step:
                ending += f". {name}: {', '.join(checks)}"
        hanging(console, Line(), Line(ending, "dim"), 0)
        console.print()
        if not diagnosis.step:
            draw(console, diagnosis)
            console.print()
        self._print_others(diagnosis)
        self._print_verdict(diagnosis)
        self._print_remedies(next_steps(diagnosis, self._ops))
        self._print_pointers(diagnosis)

    def _print_finding(self, finding: Finding) -> None:
        style = STYLES[finding.status]
        summary = Line(line(finding.summary))
        if finding.because:
            summary.append(f" ({line(finding.because)})", "dim")
        head = Line(f"{self._marks[finding.status]} ", style).append(finding.check, style)
        hanging(self._console, head, summary, 2 + _NAME_WIDTH)
        unfolded = self._of_step and finding.status in {"warn", "fail"}
        shown = all_evidence(finding, local_time) if self._verbose else []
        if unfolded and not self._verbose:
            shown = key_evidence(finding, local_time, _MOST_ROWS)
        facts(self._console, shown, 2 + _NAME_WIDTH)

    def _print_timeline(self) -> None:
        """Print when each check began and how long it took; saved evidence has no such times."""
        started, ended = self._waiting.started, self._waiting.ended
        whole = max(ended.values(), default=0.0)
        for check, begun in started.items():
            took = ended.get(check, whole) - begun
            before, length = (round(part / max(whole, 0.001) * _BAR_WIDTH) for part in (begun, took))
            row = Line(f"  {check:<{_NAME_WIDTH}}")
            row.append(_("{length} s, from {start} s on", start=f"{begun:4.1f}", length=f"{took:4.1f}"), "dim")
            self._console.print(row.append("  " + " " * before).append(self._marks["bar"] * max(1, length), "cyan"))

    def _print_others(self, diagnosis: Diagnosis) -> None:
        """Print what else was found: warnings, then the faults that remain once the cause is fixed."""
        others = other_faults(diagnosis)
        for finding in [other for other in others if other.status == "warn"]:
            self._print_other(finding, Line(_("Warning") + "  ", "bold yellow"))
        faults = [other for other in others if other.status == "fail"]
        if faults:
            self._console.print(Line(_("Fix these after the cause below, in this order:"), "bold"))
        for number, finding in enumerate(faults, 1):
            self._print_other(finding, Line(f"{number}. ", "bold red"))

    def _print_verdict(self, diagnosis: Diagnosis) -> None:
        console, verdict = self._console, diagnosis.verdict
        head = _title(title(diagnosis), verdict.status, cause_label(verdict))
        for name, value in ((_("Context"), diagnosis.context), (_("Tier"), diagnosis.tier)):
            if value:
                head.append(f"  {name}: {printable(value)}")
        hanging(console, Line(), head, 0)
        if diagnosis.step:
            # The findings above have said the rest.
            return
        hanging(console, Line(), Line(line(verdict.summary), "bold"), 0)
        if evidence := cause_evidence(diagnosis, local_time, _MOST_ROWS):
            facts(console, evidence, _INDENT)
        rows = list(self._rows(diagnosis))
        column = 2 + max((cell_len(name) for name, _text in rows), default=0)
        for name, text in rows:
            hanging(console, Line(name, "bold"), Line(text), column)

    def _rows(self, diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
        verdict = diagnosis.verdict
        for finding in diagnosis.findings:
            if finding.status == "skip":
                # An upload that nobody has asked about may be the one.
                yield from key_evidence(finding, local_time, _MOST_ROWS)
        if verdict.status == "undetermined":
            said = line(verdict.summary)
            for reason, checks in not_observed(diagnosis):
                if line(reason) not in said:
                    yield _("Not observed"), f"{', '.join(checks)}: {line(reason)}"

    def _print_remedies(self, remedies: Sequence[Remedy]) -> None:
        """Print what to do step by step, each with its risk in words, and last how to see that it worked."""
        for number, remedy in enumerate(remedies, 1):
            if number == 1:
                self._console.print()
            head = Line().append(_("What to do: ") if number == 1 else "", "bold")
            head.append(f"{number}. " if len(remedies) > 1 else "", "bold").append(line(remedy.text))
            if remedy.steps:
                head.append(f" ({remedy.effect})", "dim")
            hanging(self._console, Line(), head, 0)
            self._print_command(remedy.steps)
        checks = [remedy.check for remedy in remedies if remedy.check]
        # One of the steps may have been that very command.
        if checks and all(checks[-1] != remedy.steps for remedy in remedies):
            self._print_check(checks[-1])
        for need in shell_needs(self._shown):
            hanging(self._console, Line(), Line(str(need), "dim"), 0)

    def _print_check(self, steps: Steps) -> None:
        """Print how to see that it worked: in one line where that holds it, so that no command seems to come last."""
        label = _("Then check:")
        written = list(commands(steps, self._shell))
        whole = f"{label} {' '.join(written[0])}"
        if len(written) == 1 and cell_len(whole) <= self._console.width:
            self._shown.append(steps)
            self._console.print(Line(whole, "dim"), soft_wrap=True)
        else:
            self._console.print(Line(label, "dim"))
            self._print_command(steps, "dim")

    def _print_pointers(self, diagnosis: Diagnosis) -> None:
        """Print in one line where to go on from here; a terminal that knows links has the runbook behind them."""
        verdict = diagnosis.verdict
        job = [diagnosis.job_id] if diagnosis.job_id else []
        code = verdict.cause or next(iter(verdict.warnings), None)
        section = CATALOGUE[code].section if code else None
        page = f"link {section_link(section, current())}" if section else ""
        pointers = []
        # What warns in a healthy state can wait until somebody has read what it is.
        if verdict.cause and self._fixable(verdict) and not (diagnosis.step or diagnosis.of_smoke):
            fix = " ".join([self._ops, "diagnose", *job, "--fix"])
            if self._fits(fix):
                pointers.append((fix, page))
            else:
                self._console.print(Line(_("To apply it here:"), "dim"))
                print_call(self._console, self._ops, "diagnose", *job, "--fix", shell=self._shell, style="dim")
        if code:
            explain = f"{self._ops} explain {code}"
            # It needs no settings: they only fill its commands.
            pointers.append((explain if self._fits(explain) else f"academy-ops explain {code}", page))
        if section:
            pointers.append((f"academy-ops runbook {section}", page))
        row = Line(_("See also:"), "dim")
        for number, (text, link) in enumerate(pointers):
            # In one line: what is to be copied is not broken over two.
            if not number or row.cell_len + cell_len(text) + 3 <= self._console.width:
                row.append(" · " if number else " ").append(text, link)
        if pointers:
            self._console.print(row, soft_wrap=True)

    def _fits(self, pointer: str) -> bool:
        """Return whether the last line holds a command unbroken; in a pipe each does."""
        return not self._console.is_terminal or cell_len(_("See also:") + pointer) < self._console.width

    def _print_other(self, finding: Finding, head: Line) -> None:
        console = self._console
        body = Line().append(cause_label(finding), "bold").append(f": {line(finding.summary)}")
        hanging(console, head, body, head.cell_len)
        if not self._verbose:
            facts(console, key_evidence(finding, local_time, _MOST_ROWS), _INDENT)
        for remedy in finding.remedies if self._verbose else fixing(finding.remedies):
            hanging(console, Line(), Line(line(remedy.text)), _INDENT)
            self._print_command(remedy.steps)
        console.print()

    def _print_command(self, steps: Steps, style: str = "bold cyan") -> None:
        if steps:
            self._shown.append(steps)
            # In a pipe it stays one line, to be searched for.
            folded = self._console.is_terminal
            print_command(self._console, steps, style, shell=self._shell, folded=folded)


@dataclass(slots=True)
class _Waiting:
    """The checks that observe, as one line on a terminal; times are in seconds since the run ``began``.

    Attributes:
        ended: When each check's facts had arrived.
        hosts: How many of the workers' hosts have answered, and of how many.
    """

    began: float = field(default_factory=time.monotonic)
    started: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    hosts: tuple[int, int] = (0, 0)

    def now(self) -> float:
        return time.monotonic() - self.began

    def __rich__(self) -> Line:
        """The line as it is now; rich asks for it several times a second."""
        running = [name for name in self.started if name not in self.ended]
        if not running:
            return Line()
        text = _(
            "{seconds} s, waiting for {check}: {what}",
            seconds=round(self.now()),
            check=running[0],
            what=_WAITS_FOR.get(running[0]),
        )
        if self.hosts[1] > 1:
            text += "; " + _("{hosts} of {all} workers have answered", hosts=self.hosts[0], all=self.hosts[1])
        if len(running) > 1:
            text += "; " + ", ".join(running[1:])
        return Line(text, "dim", no_wrap=True, overflow="ellipsis")


def _title(title: str, status: VerdictStatus | Result, cause: str | None) -> Line:
    head = Line().append(title, f"{_VERDICT_STYLES[status]} reverse")
    return head.append(f"  {cause}", "bold") if cause else head
