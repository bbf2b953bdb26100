"""The verdict on a terminal: what is wrong, why we say so, what was ruled out, what to type, how to see it worked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Line

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy, VerdictStatus
from academy_ops.messages import _
from academy_ops.report.command import print_command
from academy_ops.report.explanation import RISKS
from academy_ops.report.facts import proof
from academy_ops.report.layout import facts, hanging
from academy_ops.report.reading import TITLES, line, others, to_do, unseen
from academy_ops.report.shell import Shell

_STYLES: Final[Mapping[VerdictStatus, str]] = {
    "healthy": "bold green",
    "in-progress": "bold cyan",
    "faulty": "bold red",
    "undetermined": "bold magenta",
}
_INDENT: Final = 2


def print_verdict(console: Console, diagnosis: Diagnosis, ops: str, *, shell: Shell, verbose: bool) -> None:
    """Print what it all means.

    Args:
        console: Where.
        diagnosis: The finished run.
        ops: How to call this tool again.
        shell: The shell that commands are shown for.
        verbose: Say also what is left out otherwise: what symptoms mean, every remedy of a warning.
    """
    verdict = diagnosis.verdict
    style = _STYLES[verdict.status]
    head = Line().append(str(TITLES[verdict.status]), f"{style} reverse")
    if verdict.cause:
        head.append(f"  {verdict.cause}", "bold")
        head.append("  " + _("(runbook section {section})", section=verdict.section), "dim")
    console.print(head)
    hanging(console, Line(), Line(line(verdict.summary), "bold"), 0)
    column = _INDENT + max(cell_len(name) for name in (_("Why"), _("Not seen"), _("Symptoms"), _("Ruled out")))
    rows = list(_rows(diagnosis, verbose=verbose))
    if verdict.cause and (told := proof(verdict.cause, diagnosis.findings)):
        console.print(Line(_("Why"), "bold"))
        facts(console, told, _INDENT)
    for name, text in rows:
        hanging(console, Line(name, "bold"), Line(text), column)
    for remedy in to_do(diagnosis, ops):
        console.print()
        print_remedy(console, remedy, shell)
    for finding in others(diagnosis):
        console.print()
        _print_other(console, finding, shell, every=verbose)


def print_remedy(console: Console, remedy: Remedy, shell: Shell) -> None:
    """Print what to do, with its risk in words, the command, and how to see that it worked."""
    head = Line().append(_("What to do: "), "bold")
    head.append(line(remedy.text)).append(f" ({RISKS[remedy.risk]})", "dim")
    hanging(console, Line(), head, 0)
    _print_command(console, remedy.command, shell)
    if remedy.verify:
        console.print(Line(_("Then check that it worked:")))
        _print_command(console, remedy.verify, shell)


def _rows(diagnosis: Diagnosis, *, verbose: bool) -> Iterator[tuple[str, str]]:
    verdict = diagnosis.verdict
    if verdict.status == "undetermined":
        for reason, checks in unseen(diagnosis):
            yield _("Not seen"), f"{', '.join(checks)}: {line(reason)}"
    if verdict.symptoms and verbose:
        for code in verdict.symptoms:
            yield _("Symptoms"), f"{code}: {CATALOGUE[code].meaning}"
    elif verdict.symptoms:
        yield _("Symptoms"), ", ".join(verdict.symptoms)
    if verdict.ruled_out:
        yield _("Ruled out"), ", ".join(verdict.ruled_out)


def _print_other(console: Console, finding: Finding, shell: Shell, *, every: bool) -> None:
    label, style = (_("Warning"), "bold yellow") if finding.status == "warn" else (_("Also"), "bold red")
    head = Line(f"{label}  ", style)
    body = Line().append(f"{finding.cause}", "bold").append(f": {line(finding.summary)}")
    hanging(console, head, body, head.cell_len)
    for remedy in finding.remedies if every else finding.remedies[:1]:
        hanging(console, Line(), Line(line(remedy.text)), _INDENT)
        _print_command(console, remedy.command, shell)


def _print_command(console: Console, command: str | None, shell: Shell) -> None:
    if command:
        # In a pipe it stays one line, to be searched for.
        print_command(console, command, "bold cyan", shell=shell, folded=console.is_terminal)
