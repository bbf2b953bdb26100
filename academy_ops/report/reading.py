"""What people read of a diagnosis, in whatever form it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy, Section, Status, VerdictStatus
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Language, Text, Value, say
from academy_ops.report.runbook import FILES
from checks import RUNBOOK

SECTIONS: Final[Mapping[Section, Text]] = {
    check.section: check.title for check in sorted(RUNBOOK, key=lambda check: check.section)
}
"""Their titles, in the order of the runbook; a test holds them to its headings."""
TITLES: Final[Mapping[VerdictStatus, Text]] = {
    "healthy": say("HEALTHY"),
    "in-progress": say("IN PROGRESS"),
    "faulty": say("FAULT FOUND"),
    "undetermined": say("UNDETERMINED"),
}
STATUSES: Final[Mapping[Status, Text]] = {
    "ok": say("well"),
    "warn": say("warning"),
    "fail": say("fault"),
    "unknown": say("not seen"),
    "skip": say("skipped"),
}
_LONGEST_VALUE: Final = 300
_HELD: Final = re.compile("⟦([0-9]+)⟧")
"""Stands for a value while its sentence is put together."""


def parts(sentence: Text) -> Iterator[tuple[str, bool]]:
    """Return a sentence in the current language as its own words and the values in it, one after another.

    The words are the tool's; a value may be anybody's.

    Yields:
        A piece on one line, without control characters, and whether it is a value.
    """
    values: list[str] = []

    def hold(value: Value | Text) -> Value | Text:
        if isinstance(value, Text):
            return Text(value.template, {name: hold(inner) for name, inner in value.values.items()})
        if not isinstance(value, str):
            return value
        values.append(value)
        return f"⟦{len(values) - 1}⟧"

    # What is split off by a pattern with one group stands at every second place.
    for place, piece in enumerate(_HELD.split(str(hold(sentence)))):
        told = values[int(piece)] if place % 2 else piece
        if told:
            yield brief(told), bool(place % 2)


def brief(text: str) -> str:
    """Return ``text`` on one line of bounded length, without control characters."""
    line = " ".join(printable(text).split("\n"))
    return f"{line[:_LONGEST_VALUE]}…" if len(line) > _LONGEST_VALUE else line


def line(sentence: Text) -> str:
    """Return a sentence as one line of plain text; each value in it is bounded."""
    return "".join(piece for piece, _is_value in parts(sentence))


def indented(value: str) -> str:
    """Return a value of several lines so that all but its first are seen to go on with it."""
    return value.replace("\n", "\n  ")


def unseen(diagnosis: Diagnosis) -> list[tuple[Text, list[str]]]:
    """Return why something could not be observed, and the checks that this concerns."""
    reasons: dict[str, tuple[Text, list[str]]] = {}
    for finding in diagnosis.findings:
        if finding.status == "unknown" and finding.because:
            _text, checks = reasons.setdefault(str(finding.because), (finding.because, []))
            checks += [finding.check] if finding.check not in checks else []
    return [(because, checks) for because, checks in reasons.values()]


def others(diagnosis: Diagnosis) -> list[Finding]:
    """Return a finding for each other fault that needs its own remedy, and for each warning."""
    verdict = diagnosis.verdict
    told = {finding.cause: finding for finding in reversed(diagnosis.findings) if finding.status in {"fail", "warn"}}
    return [told[code] for code in (*verdict.also, *verdict.warnings) if code in told and code != verdict.cause]


def to_do(diagnosis: Diagnosis, ops: str) -> tuple[Remedy, ...]:
    """Return the remedies of the verdict; of a job on its way, how to follow it; where a permission is missing, which.

    Args:
        diagnosis: The finished run.
        ops: How to call this tool again.
    """
    remedies = list(diagnosis.verdict.remedies)
    if diagnosis.verdict.status == "in-progress":
        follow = say("Wait; the browser shows the progress. To follow it here:")
        remedies.append(Remedy(follow, f"{ops} watch {diagnosis.job_id}"))
    if any(finding.missing_permission for finding in diagnosis.findings):
        grant = say("Have the missing permissions granted. The policy that the checks need:")
        remedies.append(Remedy(grant, f"{ops} iam-policy"))
    return tuple(remedies)


def moment(time: datetime) -> str:
    """Return a time as people read it, to the second; in UTC, as AWS shows it."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def heading(section: Section, language: Language) -> str:
    """Return the heading of ``section`` as the runbook has it."""
    return f"{section}. {SECTIONS[section].render(language)}"


def anchor(section: Section, language: Language) -> str:
    """Return the link to ``section``; as GitHub makes it: lower case, punctuation dropped, spaces to hyphens."""
    plain = re.sub(r"[^\w\- ]", "", heading(section, language).lower())
    return f"{FILES[language]}#{plain.replace(' ', '-')}"
