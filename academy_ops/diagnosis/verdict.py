"""The root-cause rule: one short, pure function over the findings and the catalogue."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, get_args

from academy_ops.diagnosis.catalogue import CATALOGUE, explained_by, position
from academy_ops.diagnosis.records import Finding, JobProgress, JobState, Remedy, Section, Verdict, VerdictStatus
from academy_ops.messages import Text, say

_SECTIONS: Final = frozenset(get_args(Section))
_ACTIVE: Final = frozenset({JobState.PENDING, JobState.RUNNING})


def decide(findings: Sequence[Finding], progress: JobProgress) -> Verdict:
    """Return what all findings together mean, by the contract's rules under "Which fault is the cause"."""
    here = _failed(findings)
    failed, symptoms = here.keys(), _symptoms(here)
    blind = sorted((code for code in failed - symptoms if CATALOGUE[code].inconclusive), key=position)
    faults = {code for code in failed - symptoms if not CATALOGUE[code].inconclusive}
    of_job = _named_by_job(findings, progress)
    roots = _rank(faults, progress, of_job, here.get(of_job, frozenset()) if of_job else frozenset())

    # What keeps from looking also keeps from fixing: among the others it comes first.
    if roots and progress.state is not JobState.UNASKED:
        verdict = _verdict(findings, "faulty", roots[0], also=(*blind, *roots[1:]), symptoms=symptoms)
        # What the job itself says has its own advice for the school.
        again = progress.state is JobState.FAILED and verdict.section != "4"
        return replace(verdict, remedies=(*verdict.remedies, _AGAIN)) if again else verdict
    if blind or progress.state is JobState.UNASKED:
        also = (*roots, *blind[1:])
        verdict = _verdict(findings, "undetermined", next(iter(blind), None), also=also, symptoms=symptoms)
        return verdict if blind else _blind(verdict, _unseen(findings, progress))
    unseen = _unseen(findings, progress)
    if unseen or progress.state is JobState.UNSEEN or all(finding.status == "skip" for finding in findings):
        return _blind(_verdict(findings, "undetermined"), unseen)
    verdict = _verdict(findings, "in-progress" if progress.state in _ACTIVE else "healthy")
    complete = {finding.section for finding in findings} >= _SECTIONS
    return replace(verdict, summary=_NO_UPLOAD) if complete and progress.state is JobState.NONE else verdict


def judge_step(findings: Sequence[Finding]) -> Verdict:
    """Return what the findings of one step mean for that step: the first that explains others, nothing of the job."""
    here = _failed(findings)
    symptoms = _symptoms(here)
    faults = sorted((code for code in here if code not in symptoms), key=lambda code: CATALOGUE[code].inconclusive)
    if faults:
        status: VerdictStatus = "undetermined" if CATALOGUE[faults[0]].inconclusive else "faulty"
        return _verdict(findings, status, faults[0], also=faults[1:], symptoms=symptoms)
    unseen = [finding for finding in findings if finding.status == "unknown"]
    if unseen:
        return _blind(_verdict(findings, "undetermined"), unseen)
    if all(finding.status == "skip" for finding in findings):
        verdict = _verdict(findings, "undetermined")
        return replace(verdict, summary=findings[0].summary) if findings else verdict
    warning = next((finding for finding in findings if finding.status == "warn"), findings[0])
    return replace(_verdict(findings, "healthy"), summary=warning.summary)


def _failed(findings: Iterable[Finding]) -> Mapping[str, frozenset[str]]:
    """Return the causes that were found, each with those that explain it here besides the catalogue's."""
    return {finding.cause: finding.explained_by for finding in findings if finding.status == "fail" and finding.cause}


def _symptoms(failed: Mapping[str, frozenset[str]]) -> set[str]:
    """Return the causes that others of them explain."""
    return {
        code
        for code, explaining in failed.items()
        if explaining & failed.keys() or any(code in explained_by(other) for other in failed.keys() - {code})
    }


def _named_by_job(findings: Iterable[Finding], progress: JobProgress) -> str | None:
    """Return the code that the job's own message says, when the job has ended badly."""
    if progress.state is not JobState.FAILED:
        return None
    return next((f.cause for f in findings if f.check == "job" and f.status == "fail"), None)


def _rank(roots: set[str], progress: JobProgress, of_job: str | None, behind_job: frozenset[str]) -> list[str]:
    """Order the root faults; the first is the cause."""

    def rank(code: str) -> tuple[bool, bool, int]:
        named = of_job is not None and (code in behind_job | {of_job} or of_job in explained_by(code))
        explains_state = progress.state is not JobState.NONE and progress.state in CATALOGUE[code].states
        return (not named, not explains_state, position(code))

    return sorted(roots, key=rank)


def _remaining(findings: Sequence[Finding], symptoms: Collection[str]) -> Iterator[Remedy]:
    """Yield the remedies of symptoms that are not gone when their cause is."""
    for finding in findings:
        code = finding.cause
        if code and code in symptoms and finding.status == "fail" and CATALOGUE[code].remains:
            yield from finding.remedies


def _unseen(findings: Sequence[Finding], progress: JobProgress) -> list[Finding]:
    """Return what could not be observed and could still explain the job's state."""
    unknown = [finding for finding in findings if finding.status == "unknown"]
    if progress.state is JobState.DONE or (progress.state in _ACTIVE and progress.moving):
        return []
    if progress.state in {JobState.NONE, JobState.UNSEEN, JobState.UNASKED}:
        return unknown
    return [
        finding for finding in unknown if any(progress.state in CATALOGUE[code].states for code in finding.may_conceal)
    ]


def _blind(verdict: Verdict, unseen: Sequence[Finding]) -> Verdict:
    """Let a verdict that could not be reached say what was not seen, why, and how it can be."""
    if not unseen:
        return verdict
    first = unseen[0]
    summary = first.summary
    if why := first.because:
        # The words of another side may end with a full stop of their own.
        whole = str(why).endswith(".")
        summary = (
            say("{what} Reason: {why}", what=summary, why=why)
            if whole
            else say("{what} Reason: {why}.", what=summary, why=why)
        )
    others = len({str(unknown.summary) for unknown in unseen} - {str(first.summary)})
    if others:
        summary = say("{what} {count} more could not be checked.", what=summary, count=others)
    # What was not seen for the same reason is seen by the same remedy.
    firsts: dict[str, Finding] = {}
    for unknown in unseen:
        firsts.setdefault(str(unknown.because or unknown.summary), unknown)
    remedies = {
        (remedy.text.template, remedy.command): remedy
        for finding in reversed(firsts.values())
        for remedy in finding.remedies
    }
    return replace(verdict, summary=summary, remedies=tuple(reversed(remedies.values())))


def _verdict(
    findings: Sequence[Finding],
    status: VerdictStatus,
    cause: str | None = None,
    *,
    also: Iterable[str] = (),
    symptoms: Collection[str] = (),
) -> Verdict:
    warnings = {finding.cause for finding in findings if finding.status == "warn" and finding.cause}
    checks = list(dict.fromkeys(finding.check for finding in findings))
    clean = [check for check in checks if all(f.status == "ok" for f in findings if f.check == check)]
    row = CATALOGUE[cause] if cause else None
    found = [finding for finding in findings if finding.status == "fail" and finding.cause == cause]
    own = next((finding for finding in found if finding.reason), found[0] if found else None)
    summary = own.summary if own else _SUMMARY[status]
    if status == "healthy" and not {finding.section for finding in findings} >= _SECTIONS:
        summary = say("No fault found. Checks run: {checks}.", checks=", ".join(checks))
    if status == "in-progress" and warnings:
        summary = say("The job is in progress. See the warnings for what may delay it.")
    return Verdict(
        status=status,
        summary=summary,
        cause=cause,
        section=row.section if row else None,
        remedies=(*own.remedies, *_remaining(findings, symptoms)) if own else (),
        also=tuple(also),
        symptoms=tuple(sorted(symptoms, key=position)),
        warnings=tuple(sorted(warnings, key=position)),
        ruled_out=tuple(clean),
        reason=own.reason if own else None,
    )


_AGAIN: Final = Remedy(say("Then have the school upload the file again; a job that has ended is not retried."))
_NO_UPLOAD: Final = say("No fault found. No upload was checked, because no job id was given.")
_SUMMARY: Final[dict[VerdictStatus, Text]] = {
    "healthy": say("No fault found."),
    "in-progress": say("The job is in progress; nothing is wrong."),
    "undetermined": say("No fault found, but some required data could not be read."),
}
