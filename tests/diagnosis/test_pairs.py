"""Two faults at once, for every two that can stand together: which is the cause follows from the contract's rule."""

import itertools
from collections.abc import Iterator

import pytest

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import JobProgress, JobState, Unavailable
from academy_ops.diagnosis.verdict import decide
from checks import Case
from checks.facts import JobFacts
from checks.job import job_progress
from checks.workers import past_boot
from tests.checks import facts_factory as h
from tests.checks.scenarios import SCENARIOS, Facts

PIPELINE = ("0", "1", "2", "3-3", "3-1", "3-4", "4")
ORDER = sorted(CATALOGUE, key=lambda code: PIPELINE.index(CATALOGUE[code].section))
OF_A_BOOTED_WORKER = {"queue-not-consumed", "ssm-offline", "worker-docker-down", "worker-container-missing"}
NOT_ASKED = {"job_id": None, "job": JobFacts(Unavailable("not-asked", "job"))}


def of_one_fact(facts: Facts) -> Facts:
    """Write the job's document as the job's facts, so that two forms can be compared."""
    known = dict(facts)
    document = known.pop("document", None)
    return known if document is None else {"job": JobFacts(document), **known}


def without_job(facts: Facts) -> Facts:
    return {name: fact for name, fact in facts.items() if name != "job"}


FORMS = [(code, of_one_fact(facts)) for code, found in SCENARIOS.items() for facts in found[:2]]


def told(case: Case) -> set[str]:
    return {finding.cause for finding in h.findings(case) if finding.status == "fail" and finding.cause}


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


def pairs(first: str) -> Iterator[tuple[str, Facts, Facts]]:
    """Yield the codes that come after ``first``, each with two forms that contradict each other in no fact."""
    mine = [facts for code, facts in FORMS if code == first]
    later = [(code, facts) for code, facts in FORMS if ORDER.index(code) > ORDER.index(first)]
    for one, (other, two) in itertools.product(mine, later):
        # With the job of one of them, with the job of the other, and without a job.
        for job in (
            {"job": one["job"]} if "job" in one else {},
            {"job": two["job"]} if "job" in two else {},
            NOT_ASKED,
        ):
            a, b = {**without_job(one), **job}, {**without_job(two), **job}
            if all(a[name] == b[name] for name in a.keys() & b.keys()):
                yield other, a, b


@pytest.mark.parametrize("first", SCENARIOS)
def test_two_faults_at_once_are_both_told_and_ranked_by_the_rule(first: str) -> None:
    for second, a, b in pairs(first):
        alone = told(h.case(**a)), told(h.case(**b))
        if first not in alone[0] or second not in alone[1]:
            continue  # told of a job only
        case = h.case(**{**a, **b})
        if not past_boot(case) and {first, second} & OF_A_BOOTED_WORKER:
            continue  # contradict each other
        both = told(case)
        assert {first, second} <= both, second
        assert both <= alone[0] | alone[1], second
        verdict = decide(h.findings(case), job_progress(case))
        said = {finding.cause for finding in h.findings(case) if finding.check == "job" and finding.cause}
        roots, symptoms = ruled(both, job_progress(case), said)
        assert (verdict.status, verdict.cause, verdict.also) == ("faulty", roots[0], tuple(roots[1:])), second
        assert set(verdict.symptoms) == symptoms, second
