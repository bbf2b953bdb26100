"""Two faults at once, for every two that can stand together: which is the cause follows from the contract's rule."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Finding, JobProgress, JobState, Unavailable
from academy_ops.diagnosis.verdict import decide
from checks import RUNBOOK, Case
from checks.facts import JobFacts
from checks.job_progress import job_progress
from checks.workers import past_boot
from tests.checks import facts_factory as h
from tests.checks.scenarios import SCENARIOS, Facts

PIPELINE = ("0", "1", "2", "3-3", "3-1", "3-4", "4")
ORDER = sorted(CATALOGUE, key=lambda code: PIPELINE.index(CATALOGUE[code].section))
OF_A_BOOTED_WORKER = {"queue-not-consumed", "ssm-offline", "worker-docker-down", "worker-container-missing"}
WRONG_AT_THE_API = {"queue-missing", *(code for code in ORDER if code.startswith("r2-"))}
NOT_ASKED = {"job_id": None, "job": JobFacts(Unavailable("not-asked", "job"))}
WELL = h.case()
BLANK = Case(WELL.observed_at, WELL.job_id, WELL.names)
JUDGED: dict[tuple[object, ...], tuple[Finding, ...]] = {}


def of_one_fact(facts: Facts) -> Facts:
    """Write the job's document as the job's facts, so that two forms can be compared."""
    known = dict(facts)
    document = known.pop("document", None)
    return known if document is None else {"job": JobFacts(document), **known}


def without_job(facts: Facts) -> Facts:
    return {name: fact for name, fact in facts.items() if name != "job"}


FORMS = [(code, of_one_fact(facts)) for code, found in SCENARIOS.items() for facts in found[:2]]


def judged(case: Case) -> tuple[Finding, ...]:
    """Return the findings; each check is given what it says it reads and nothing else, the same facts once."""
    found: list[Finding] = []
    for check in RUNBOOK:
        read = {name: getattr(case, name) for name in (check.name, *check.reads)}
        key = (check.name, case.job_id, *map(id, read.values()))
        if key not in JUDGED:
            JUDGED[key] = tuple(check.judge(replace(BLANK, job_id=case.job_id, **read)))
        found += JUDGED[key]
    return tuple(found)


def told(findings: Sequence[Finding]) -> set[str]:
    return {finding.cause for finding in findings if finding.status == "fail" and finding.cause}


@cache
def told_alone(form: int, with_job_of: int | None) -> set[str]:
    """Return what one form of a fault is told as, with its own job, with that of another form, or without one."""
    return told(judged(replace(WELL, **together(form, with_job_of))))


def together(form: int, with_job_of: int | None) -> Facts:
    job = NOT_ASKED
    if with_job_of is not None:
        job = {name: fact for name, fact in FORMS[with_job_of][1].items() if name == "job"}
    return {**without_job(FORMS[form][1]), **job}


def explains(one: str, other: str) -> bool:
    """Return whether one code explains another, directly or through a third."""
    ahead, seen = [one], set[str]()
    while ahead:
        code = ahead.pop()
        for next_one in CATALOGUE[code].explains - seen:
            seen.add(next_one)
            ahead.append(next_one)
    return other in seen


def ruled(codes: set[str], where: JobProgress, job_says: set[str]) -> tuple[list[str], set[str]]:
    """State the contract's rule: the root faults in their order, and the symptoms."""
    symptoms = {code for code in codes if any(explains(other, code) for other in codes)}

    def rank(code: str) -> tuple[bool, bool, int]:
        own_words = where.state is JobState.FAILED and any(code == said or explains(code, said) for said in job_says)
        of_state = where.state is not JobState.NONE and where.state in CATALOGUE[code].states
        return not own_words, not of_state, ORDER.index(code)

    return sorted(codes - symptoms, key=rank), symptoms


def pairs() -> Iterator[tuple[str, str, Case]]:
    """Yield every two codes that can stand together, and the case of both: each is told when it stands alone."""
    ordered = sorted(range(len(FORMS)), key=lambda form: ORDER.index(FORMS[form][0]))
    for one, two in itertools.combinations(ordered, 2):
        first, second = FORMS[one][0], FORMS[two][0]
        # A parameter that has been given what is wrong at the API is not the right one.
        if first == second or (second == "worker-env-stale" and first in WRONG_AT_THE_API):
            continue
        # With the job of one of them, with the job of the other, and without a job.
        for job in (one, two, None):
            a, b = together(one, job), together(two, job)
            contradict = any(a[name] != b[name] for name in a.keys() & b.keys())
            if contradict or first not in told_alone(one, job) or second not in told_alone(two, job):
                continue
            case = replace(WELL, **{**a, **b})
            if past_boot(case) or not {first, second} & OF_A_BOOTED_WORKER:
                yield first, second, case


def test_two_faults_at_once_are_both_told_and_ranked_by_the_rule(compared: Callable[[int], None]) -> None:
    seen: list[tuple[str, str]] = []
    for first, second, case in pairs():
        findings = judged(case)
        both = told(findings)
        assert {first, second} <= both, (first, second)
        verdict = decide(findings, job_progress(case))
        said = {finding.cause for finding in findings if finding.check == "job" and finding.cause}
        roots, symptoms = ruled(both, job_progress(case), said)
        expected = ("faulty", roots[0], tuple(roots[1:]))
        assert (verdict.status, verdict.cause, verdict.also) == expected, (first, second)
        assert set(verdict.symptoms) == symptoms, (first, second)
        seen.append((first, second))
    assert {code for pair in seen for code in pair} == set(SCENARIOS)
    compared(len(seen))
