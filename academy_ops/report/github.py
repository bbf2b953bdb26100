"""The diagnosis as workflow commands of GitHub Actions: annotations on the run.

A command is one line, ``::error title=…::message``. Its escapes are those of the runner's own toolkit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import _
from academy_ops.report.facts import Fact, proof, telling
from academy_ops.report.reading import TITLES, indented, line, others, to_do

Level = Literal["error", "warning", "notice"]
_LEVELS: Final[dict[str, Level]] = {"faulty": "error", "undetermined": "error"}


def as_text(diagnosis: Diagnosis, ops: str = "academy-ops") -> str:
    """Return the annotations of ``diagnosis``, a line for each; sentences are in the current language.

    The verdict comes first: GitHub shows ten annotations of a level at most.

    Args:
        diagnosis: The finished run.
        ops: How to call this tool again.
    """
    return "".join(f"{one}\n" for one in _annotations(diagnosis, ops))


def _annotations(diagnosis: Diagnosis, ops: str) -> Iterator[str]:
    verdict = diagnosis.verdict
    title = str(TITLES[verdict.status])
    why = proof(verdict.cause, diagnosis.findings) if verdict.cause else []
    yield command(
        _LEVELS.get(verdict.status, "notice"),
        f"{title}: {verdict.cause}" if verdict.cause else title,
        _message(line(verdict.summary), why, to_do(diagnosis, ops)),
    )
    for finding in others(diagnosis):
        level: Level = "warning" if finding.status == "warn" else "error"
        yield command(level, _title(finding), _message(line(finding.summary), telling(finding), finding.remedies))
    for finding in diagnosis.findings:
        if finding.status == "unknown":
            told = _message(line(finding.because or finding.summary), [], ())
            yield command("warning", _title(finding), told)


def _title(finding: Finding) -> str:
    return f"{finding.check}: {finding.cause or line(finding.summary)}"


def _message(summary: str, facts: list[Fact], remedies: tuple[Remedy, ...]) -> str:
    lines = [summary, *(f"{name}: {indented(value)}" for name, value in facts)]
    for remedy in remedies:
        lines.append(_("What to do: ") + line(remedy.text))
        lines += [remedy.command] if remedy.command else []
        lines += [_("Then check that it worked:"), remedy.verify] if remedy.verify else []
    return "\n".join(lines)


def command(level: Level, title: str, message: str) -> str:
    """Return the workflow command for one annotation; ``message`` may have several lines."""
    escaped = _data(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={escaped}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
