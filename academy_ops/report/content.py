"""What every form of output says of a diagnosis: its words, and what to do next."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from academy_ops.contract import JOB_ID
from academy_ops.diagnosis.command import command, fill
from academy_ops.diagnosis.records import Diagnosis, Finding, Json, Remedy, Status, Verdict, VerdictStatus
from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text, Value, _, say, with_particles
from academy_ops.smoke.records import HOPS, Smoke

TITLES: Final[Mapping[VerdictStatus, Text]] = {
    "healthy": say("HEALTHY"),
    "in-progress": say("IN PROGRESS"),
    "faulty": say("FAULT FOUND"),
    "undetermined": say("UNDETERMINED"),
}
_STEP_TITLES: Final[Mapping[VerdictStatus, Text]] = {
    "healthy": say("no fault in this step"),
    "faulty": say("fault in this step"),
    "undetermined": say("step not observed"),
}
STATUSES: Final[Mapping[Status, Text]] = {
    "ok": say("ok"),
    "warn": say("warning"),
    "fail": say("fault"),
    "unknown": say("not observed"),
    "skip": say("skipped"),
}
_LONGEST_VALUE: Final = 300
_HELD: Final = re.compile("⟦([0-9]+)⟧")
"""Stands for a value while its sentence is put together."""


def title(diagnosis: Diagnosis) -> str:
    """Return the verdict in a word or two; of a step, which it was, and how it is."""
    status = diagnosis.verdict.status
    return f"{diagnosis.step}: {_STEP_TITLES[status]}" if diagnosis.step else str(TITLES[status])


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
    before = ""
    for place, piece in enumerate(_HELD.split(str(hold(sentence)))):
        text = values[int(piece)] if place % 2 else with_particles(before[-1:] + piece)[len(before[-1:]) :]
        before = text or before
        if text:
            yield brief(text), bool(place % 2)


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


def not_observed(diagnosis: Diagnosis) -> list[tuple[Text, list[str]]]:
    """Return each reason why something could not be observed, with the checks that it concerns."""
    reasons: dict[str, tuple[Text, list[str]]] = {}
    for finding in diagnosis.findings:
        if finding.status == "unknown" and finding.because:
            _text, checks = reasons.setdefault(str(finding.because), (finding.because, []))
            checks += [finding.check] if finding.check not in checks else []
    return [(because, checks) for because, checks in reasons.values()]


def other_faults(diagnosis: Diagnosis) -> list[Finding]:
    """Return a finding for each other fault that needs its own remedy, and for each warning."""
    verdict = diagnosis.verdict
    found = {finding.cause: finding for finding in reversed(diagnosis.findings) if finding.status in {"fail", "warn"}}
    return [found[code] for code in (*verdict.also, *verdict.warnings) if code in found and code != verdict.cause]


def fixing(remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    """Return the remedies without those that come first only to look: what fixes a fault that is told in passing."""
    first = next((place for place, remedy in enumerate(remedies) if remedy.risk != "read"), 0)
    return tuple(remedies[first:])


def next_steps(diagnosis: Diagnosis, ops: str) -> tuple[Remedy, ...]:
    """Return the verdict's remedies; of a job on its way, how to follow it; where a permission is missing, which."""
    names = {"ops": ops, "job_id": diagnosis.job_id or ""}
    remedies = list(diagnosis.verdict.remedies)
    job = next((finding for finding in diagnosis.findings if finding.check == "job"), None)
    if job and diagnosis.job_id is None and diagnosis.verdict.cause is None and not diagnosis.step:
        remedies += _on_to_an_upload(job.evidence.get("recent"), ops)
    if diagnosis.verdict.status == "in-progress" and diagnosis.of_smoke:
        again = say("Wait, then run the smoke check again, with more time:")
        remedies.append(Remedy(again, fill(command("<ops> --timeout 300 smoke"), names), risk="change"))
    elif diagnosis.verdict.status == "in-progress":
        follow = say("Wait. The browser shows the progress; to follow it here:")
        remedies.append(Remedy(follow, fill(command("<ops> watch <job>"), names)))
    policy = fill(command("<ops> iam-policy"), names)
    if any(finding.missing_permission for finding in diagnosis.findings) and not any(
        remedy.steps == policy for remedy in remedies
    ):
        grant = say("Ask for the missing permissions. The policy that the checks need:")
        # What the cause needs comes last, where it is seen first.
        remedies.insert(0, Remedy(grant, policy))
    return tuple(remedies)


def _on_to_an_upload(recent: Json, ops: str) -> Iterator[Remedy]:
    """Yield how to go on where no upload was looked at: with the last one that failed or waits, or from the list."""
    rows = (row for row in recent if isinstance(row, dict)) if isinstance(recent, list) else ()
    job_ids = (str(row.get("job_id") or "") for row in rows)
    if job_id := next(filter(re.compile(JOB_ID).fullmatch, job_ids), None):
        newest = say("Diagnose the latest upload that failed or is waiting:")
        yield Remedy(newest, fill(command("<ops> diagnose <job>"), {"ops": ops, "job_id": job_id}))
    listing = say("Find the upload, then diagnose it by its job id:")
    yield Remedy(listing, fill(command("<ops> jobs --since 1h"), {"ops": ops}))


def duration(seconds: float) -> str:
    """Return a length of time as people say it: in the largest unit that loses little."""
    if abs(seconds) < 2 * 60:
        return _("{seconds} s", seconds=round(seconds))
    minutes = round(seconds / 60)
    if abs(minutes) < 2 * 60:
        return _("{minutes} min", minutes=minutes)
    hours = round(minutes / 60)
    return _("{hours} h", hours=hours) if abs(hours) < 2 * 24 else _("{days} days", days=round(hours / 24))


def timestamp(time: datetime) -> str:
    """Return a time as people read it, to the second; in UTC, as AWS shows it."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def local_time(time: datetime) -> str:
    """Return a time as this machine's clock shows it, to the second, with its zone."""
    here = time.astimezone()
    return f"{here:%Y-%m-%d %H:%M:%S} {zone(here)}"


def zone(here: datetime) -> str:
    """Return the name of a local time's zone."""
    name = here.strftime("%Z")
    # Windows spells a zone out, in its own language.
    return name if name.isascii() and name.isalpha() else f"UTC{here:%z}"


def upload_state(status: str | None, *, all_rejected: bool) -> str:
    """Return the state of an upload's job; one that is DONE may have created nobody."""
    return _("{status}, all rejected", status=status) if status and all_rejected else status or "?"


def cause_label(found: Finding | Verdict) -> str:
    """Return the cause, with its reason where it has one; empty where there is no cause."""
    return f"{found.cause} ({found.reason})" if found.reason else found.cause or ""


def frame(result: Diagnosis | Smoke) -> list[tuple[str, str]]:
    """Return what was asked about: the context, the tier and the job, as far as there are such."""
    tier = result.tier if isinstance(result, Diagnosis) else None
    rows = ((_("Context"), result.context), (_("Tier"), tier), (_("Job id"), result.job_id))
    return [(name, value) for name, value in rows if value]


def remedy_lines(remedy: Remedy, indent: str = "") -> Iterator[str]:
    """Return a remedy, its command and how to see that it worked, as plain text."""
    yield _("What to do: ") + line(remedy.text)
    if remedy.command:
        yield indent + remedy.command
    if remedy.verify:
        yield _("Then check:")
        yield indent + remedy.verify


def smoke_lines(smoke: Smoke) -> Iterator[str]:
    """Return the job of a smoke check, when each hop was reached, and what may have stayed behind."""
    yield from (f"{name}: {value}" for name, value in frame(smoke))
    for hop, ms in smoke.seen.reached_ms.items():
        yield f"{HOPS[hop]}: " + _("{seconds} s", seconds=f"{ms / 1000:.3f}")
    if smoke.left:
        yield line(smoke.left)
