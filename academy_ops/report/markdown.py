"""The diagnosis as Markdown, for a ticket: the verdict first, then why, what to do, and every finding.

What comes from outside stands in code spans and code blocks alone: there no tag, link, mention or reference is one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rich.cells import cell_len

from academy_ops import __version__
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy, Status, Verdict, VerdictStatus
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text, _, current
from academy_ops.report.content import (
    STATUSES,
    brief,
    frame,
    next_steps,
    not_observed,
    other_faults,
    parts,
    timestamp,
    title,
)
from academy_ops.report.evidence import Fact, cause_evidence, key_evidence
from academy_ops.report.pipeline import HopState, hop_statuses
from academy_ops.report.runbook import heading
from academy_ops.report.shell import needs
from academy_ops.smoke.records import HOPS, SMOKE_TITLES, Result, Smoke

_MARKS: Final[Mapping[Status | HopState, str]] = {
    "ok": "✅", "warn": "⚠️", "fail": "❌", "unknown": "❔", "skip": "⏭️", "unchecked": "",
}  # fmt: skip
_VERDICT_MARKS: Final[Mapping[VerdictStatus | Result, str]] = {
    "healthy": "✅", "in-progress": "⏳", "faulty": "❌", "undetermined": "❔", "passed": "✅", "failed": "❌",
}  # fmt: skip
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>&~#])")
_TICKS: Final = re.compile("`+")
_FENCE: Final = 3


def render_diagnosis(diagnosis: Diagnosis, ops: str = "academy-ops") -> str:
    """Return the Markdown (GitHub's dialect) of ``diagnosis``; sentences are in the current language."""
    blocks = [
        *_head(diagnosis),
        *_why(diagnosis),
        *_what_to_do(diagnosis, ops),
        *_more(diagnosis),
        *_findings(diagnosis),
    ]
    return "\n\n".join(blocks) + "\n"


def render_smoke(smoke: Smoke, ops: str = "academy-ops") -> str:
    """Return the Markdown of ``smoke``, and of its diagnosis below it."""
    blocks = [f"# {_VERDICT_MARKS[smoke.result]} {SMOKE_TITLES[smoke.result]}", f"**{_sentence(smoke.summary)}**"]
    rows = [f"| {HOPS[hop]} | {ms / 1000:.3f} |" for hop, ms in smoke.seen.reached_ms.items()]
    if rows:
        head = " | ".join([_("hop"), _("seconds")])
        blocks.append("\n".join([f"| {head} |", "| --- | ---: |", *rows]))
    blocks += [f"- {name}: {_code(value)}" for name, value in frame(smoke)]
    if smoke.left:
        blocks.append(_sentence(smoke.left))
    if smoke.diagnosis:
        blocks.append(render_diagnosis(smoke.diagnosis, ops).rstrip())
    return "\n\n".join(blocks) + "\n"


def _head(diagnosis: Diagnosis) -> Iterator[str]:
    verdict = diagnosis.verdict
    head = f"# {_VERDICT_MARKS[verdict.status]} {title(diagnosis)}"
    yield f"{head}: {_cause(verdict)}" if verdict.cause else head
    yield f"**{_sentence(verdict.summary)}**"
    if not diagnosis.step:
        yield " → ".join(f"{hop.name} {_MARKS[hop.state]}".strip() for hop in hop_statuses(diagnosis))
    yield "\n".join(f"- {name}: {value}" for name, value in _frame(diagnosis))


def _frame(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    verdict = diagnosis.verdict
    yield from ((name, _code(value)) for name, value in frame(diagnosis))
    took = _("{seconds} s", seconds=f"{diagnosis.elapsed_ms / 1000:.1f}")
    yield _("Observed"), f"{timestamp(diagnosis.started_at)} ({took}, academy-ops {__version__})"
    if verdict.section:
        yield _("Runbook"), heading(verdict.section, current())
    if verdict.ruled_out and not diagnosis.step:
        yield _("Not the cause"), ", ".join(verdict.ruled_out)
    for cause in verdict.symptoms:
        yield _("Symptoms"), f"{_code(cause)}: {_sentence(CATALOGUE[cause].meaning)}"
    for reason, checks in not_observed(diagnosis):
        yield _("Not observed"), f"{', '.join(checks)}: {_sentence(reason)}"


def _why(diagnosis: Diagnosis) -> Iterator[str]:
    if evidence := cause_evidence(diagnosis):
        yield "## " + _("Why")
        yield _facts(evidence)


def _what_to_do(diagnosis: Diagnosis, ops: str) -> Iterator[str]:
    remedies = next_steps(diagnosis, ops)
    if remedies:
        yield "## " + _("What to do")
    yield from _remedies(remedies)
    yield from map(_sentence, needs(remedies))


def _more(diagnosis: Diagnosis) -> Iterator[str]:
    for finding in other_faults(diagnosis):
        name = _("Warning") if finding.status == "warn" else _("Also")
        yield f"## {_MARKS[finding.status]} {name}: {_cause(finding)}"
        yield _sentence(finding.summary)
        if evidence := key_evidence(finding):
            yield _facts(evidence)
        yield from _remedies(finding.remedies)


def _findings(diagnosis: Diagnosis) -> Iterator[str]:
    yield "## " + _("Findings")
    head = " | ".join([_("check"), _("status"), _("finding")])
    yield "\n".join([f"| {head} |", "| --- | --- | --- |", *(_row(finding) for finding in diagnosis.findings)])


def _row(finding: Finding) -> str:
    text = _sentence(finding.summary)
    if finding.cause:
        text = f"{_cause(finding)}: {text}"
    if finding.because:
        text += f" ({_sentence(finding.because)})"
    # In a table a pipe ends its cell, in a code span, too, unless there is a backslash before it.
    text = text.replace("|", "\\|")
    return f"| {finding.check} | {_MARKS[finding.status]} {STATUSES[finding.status]} | {text} |"


def _remedies(remedies: Iterable[Remedy]) -> Iterator[str]:
    for remedy in remedies:
        yield f"{_sentence(remedy.text)} ({remedy.effect})"
        if remedy.command:
            yield _fenced(remedy.command, "sh")
        if remedy.verify:
            yield _("Then check:")
            yield _fenced(remedy.verify, "sh")


def _facts(facts: Sequence[Fact]) -> str:
    width = max(cell_len(name) for name, _value in facts) + 2
    lines = []
    for name, value in facts:
        first, *rest = value.split("\n")
        lines += [name + " " * (width - cell_len(name)) + first, *(" " * width + line for line in rest)]
    return _fenced("\n".join(lines), "text")


def _sentence(text: Text) -> str:
    """Return a sentence in Markdown; the values in it are code spans."""
    return "".join(_code(piece) if is_value else _SPECIAL.sub(r"\\\1", piece) for piece, is_value in parts(text))


def _cause(found: Finding | Verdict) -> str:
    return _code(found.cause or "") + (f" ({_code(found.reason)})" if found.reason else "")


def _code(text: str) -> str:
    """Write a value as a code span, which may also stand in a table."""
    text = brief(text)
    ticks = "`" * (_longest_run(text) + 1)
    space = " " if "`" in text else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _fenced(text: str, language: str) -> str:
    text = printable(text)
    fence = "`" * max(_FENCE, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
