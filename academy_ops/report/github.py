"""Workflow commands of GitHub Actions: annotations on the run.

A command is one line, ``::error title=…::message``. Its escapes are those of the runner's own toolkit.
"""

from collections.abc import Iterator
from typing import Final, Literal

from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import _
from academy_ops.report.content import (
    cause_label,
    indented,
    line,
    next_steps,
    other_faults,
    remedy_lines,
    smoke_lines,
    title,
)
from academy_ops.report.evidence import Fact, cause_evidence, key_evidence
from academy_ops.smoke.records import SMOKE_TITLES, Smoke

Level = Literal["error", "warning", "notice"]
_LEVELS: Final[dict[str, Level]] = {"faulty": "error", "undetermined": "error"}


def render_diagnosis(diagnosis: Diagnosis, ops: str = "academy-ops") -> str:
    """Return the annotations of ``diagnosis``, a line for each; sentences are in the current language.

    The verdict comes first: GitHub shows ten annotations of a level at most.
    """
    return "".join(f"{annotation}\n" for annotation in _annotations(diagnosis, ops))


def render_smoke(smoke: Smoke, ops: str = "academy-ops") -> str:
    """Return an annotation for the smoke check, and those of its diagnosis."""
    title = ": ".join(filter(None, (str(SMOKE_TITLES[smoke.result]), smoke.cause)))
    message = "\n".join([line(smoke.summary), *smoke_lines(smoke)])
    command = _command("notice" if smoke.result == "passed" else "error", title, message)
    return f"{command}\n" + (render_diagnosis(smoke.diagnosis, ops) if smoke.diagnosis else "")


def _annotations(diagnosis: Diagnosis, ops: str) -> Iterator[str]:
    verdict = diagnosis.verdict
    context = [(_("Context"), diagnosis.context)] if diagnosis.context else []
    yield _command(
        _LEVELS.get(verdict.status, "notice"),
        ": ".join(filter(None, (title(diagnosis), cause_label(verdict)))),
        _message(line(verdict.summary), [*context, *cause_evidence(diagnosis)], next_steps(diagnosis, ops)),
    )
    for finding in other_faults(diagnosis):
        level: Level = "warning" if finding.status == "warn" else "error"
        yield _command(level, _title(finding), _message(line(finding.summary), key_evidence(finding), finding.remedies))
    for finding in diagnosis.findings:
        if finding.status == "unknown":
            yield _command("warning", _title(finding), line(finding.because or finding.summary))


def _title(finding: Finding) -> str:
    return f"{finding.check}: {cause_label(finding) or line(finding.summary)}"


def _message(summary: str, facts: list[Fact], remedies: tuple[Remedy, ...]) -> str:
    lines = [summary, *(f"{name}: {indented(value)}" for name, value in facts)]
    return "\n".join([*lines, *(text for remedy in remedies for text in remedy_lines(remedy))])


def _command(level: Level, title: str, message: str) -> str:
    """Return the workflow command for one annotation; ``message`` may have several lines."""
    escaped = _data(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={escaped}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
