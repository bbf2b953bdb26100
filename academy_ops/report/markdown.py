"""The diagnosis as Markdown, for a ticket: the verdict first, then why, what to do, and every finding.

What comes from outside stands in code spans and code blocks alone: there no tag, link, mention or reference is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rich.cells import cell_len

from academy_ops import __version__
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy, Status
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text, _, current
from academy_ops.report.explanation import RISKS
from academy_ops.report.facts import Fact, proof, telling
from academy_ops.report.pipeline import HOPS, HopState, states
from academy_ops.report.reading import STATUSES, TITLES, brief, heading, moment, others, parts, to_do, unseen

_MARKS: Final[Mapping[Status | HopState, str]] = {
    "ok": "✅", "warn": "⚠️", "fail": "❌", "unknown": "❔", "skip": "⏭️", "unseen": "",
}  # fmt: skip
_VERDICT_MARKS: Final = {"healthy": "✅", "in-progress": "⏳", "faulty": "❌", "undetermined": "❔"}
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>&~#])")
_TICKS: Final = re.compile("`+")
_FENCE: Final = 3


def as_text(diagnosis: Diagnosis, ops: str = "academy-ops") -> str:
    """Return the Markdown (GitHub's dialect) of ``diagnosis``; sentences are in the current language.

    Args:
        diagnosis: The finished run.
        ops: How to call this tool again.
    """
    blocks = [
        *_head(diagnosis),
        *_why(diagnosis),
        *_what_to_do(diagnosis, ops),
        *_more(diagnosis),
        *_findings(diagnosis),
    ]
    return "\n\n".join(blocks) + "\n"


def _head(diagnosis: Diagnosis) -> Iterator[str]:
    verdict = diagnosis.verdict
    title = f"# {_VERDICT_MARKS[verdict.status]} {TITLES[verdict.status]}"
    yield f"{title}: {code(verdict.cause)}" if verdict.cause else title
    yield f"**{sentence(verdict.summary)}**"
    yield " → ".join(f"{hop.name} {_MARKS[state]}".strip() for hop, state in zip(HOPS, states(diagnosis), strict=True))
    yield "\n".join(f"- {name}: {value}" for name, value in _frame(diagnosis))


def _frame(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    verdict = diagnosis.verdict
    if diagnosis.job_id:
        yield _("Job id"), code(diagnosis.job_id)
    yield (
        _("Observed"),
        f"{moment(diagnosis.started_at)} ({diagnosis.elapsed_ms / 1000:.1f} s, academy-ops {__version__})",
    )
    if verdict.section:
        yield _("Runbook"), heading(verdict.section, current())
    if verdict.ruled_out:
        yield _("Ruled out"), ", ".join(verdict.ruled_out)
    for cause in verdict.symptoms:
        yield _("Symptoms"), f"{code(cause)}: {sentence(CATALOGUE[cause].meaning)}"
    for reason, checks in unseen(diagnosis):
        yield _("Not seen"), f"{', '.join(checks)}: {sentence(reason)}"


def _why(diagnosis: Diagnosis) -> Iterator[str]:
    cause = diagnosis.verdict.cause
    if cause and (told := proof(cause, diagnosis.findings)):
        yield "## " + _("Why")
        yield _facts(told)


def _what_to_do(diagnosis: Diagnosis, ops: str) -> Iterator[str]:
    remedies = to_do(diagnosis, ops)
    if remedies:
        yield "## " + _("What to do")
    yield from _remedies(remedies)


def _more(diagnosis: Diagnosis) -> Iterator[str]:
    for finding in others(diagnosis):
        name = _("Warning") if finding.status == "warn" else _("Also")
        yield f"## {_MARKS[finding.status]} {name}: {code(finding.cause or '')}"
        yield sentence(finding.summary)
        if told := telling(finding):
            yield _facts(told)
        yield from _remedies(finding.remedies)


def _findings(diagnosis: Diagnosis) -> Iterator[str]:
    yield "## " + _("Findings")
    head = " | ".join([_("check"), _("status"), _("finding")])
    yield "\n".join([f"| {head} |", "| --- | --- | --- |", *(_row(finding) for finding in diagnosis.findings)])


def _row(finding: Finding) -> str:
    told = sentence(finding.summary)
    if finding.cause:
        told = f"{code(finding.cause)}: {told}"
    if finding.because:
        told += f" ({sentence(finding.because)})"
    # In a table a pipe ends its cell, in a code span, too, unless there is a backslash before it.
    told = told.replace("|", "\\|")
    return f"| {finding.check} | {_MARKS[finding.status]} {STATUSES[finding.status]} | {told} |"


def _remedies(remedies: Iterable[Remedy]) -> Iterator[str]:
    for remedy in remedies:
        yield f"{sentence(remedy.text)} ({RISKS[remedy.risk]})"
        if remedy.command:
            yield _fenced(remedy.command, "sh")
        if remedy.verify:
            yield _("Then check that it worked:")
            yield _fenced(remedy.verify, "sh")


def _facts(told: Sequence[Fact]) -> str:
    width = max(cell_len(name) for name, _value in told) + 2
    lines = []
    for name, value in told:
        first, *rest = value.split("\n")
        lines += [name + " " * (width - cell_len(name)) + first, *(" " * width + line for line in rest)]
    return _fenced("\n".join(lines), "text")


def sentence(text: Text) -> str:
    """Return a sentence in Markdown; the values in it are code spans."""
    return "".join(code(piece) if is_value else _SPECIAL.sub(r"\\\1", piece) for piece, is_value in parts(text))


def code(text: str) -> str:
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
