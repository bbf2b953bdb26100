"""What holds of `judge` and of the verdict for any facts that `observe` can return."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Finding, JobProgress, JobState, Unavailable
from academy_ops.diagnosis.verdict import decide
from academy_ops.messages import say
from academy_ops.outside.clients import Answer
from checks import RUNBOOK, Case
from checks.facts import Depth, JobFacts, QueueFacts, R2Facts
from checks.host_facts import Environment, LogsFacts
from checks.job_progress import job_progress
from tests.checks import facts_factory as h
from tests.checks.scenarios import BLIND, SCENARIOS, WARNINGS

MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
# What a log, an activity or a job says, and what a check looks for in it.
WORDS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["Launching a new EC2 instance: i-0", "No module named 'x'", "SQS_JOB_COMPLETED | job_id=x", "\x1b]0;x\x07"]
    ),
)
R2_SETTINGS = ("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY", "R2_EXCEL_BUCKET", "EXCEL_BUCKET_NAME")
STATES = st.sampled_from(["set", "missing", "quoted", "spaces", "placeholder", "not-a-url", "bucket-in-path", "no-tls"])

st.register_type_strategy(datetime, MOMENTS)
st.register_type_strategy(str, WORDS)
st.register_type_strategy(
    Answer,
    st.builds(
        Answer,
        st.just("http://api.example/x"),
        st.integers(100, 599),
        st.dictionaries(st.sampled_from(["server", "cf-ray", "cf-mitigated", "location"]), st.text(max_size=12)),
        st.one_of(WORDS, st.just('{"detail": "x"}'), st.just('{"job_id": "x", "status": "PENDING"}')),
        st.integers(0, 9000),
        st.lists(st.just("/x"), max_size=6).map(tuple),
    ),
)
# One check states always the same five settings.
st.register_type_strategy(
    R2Facts,
    st.builds(
        R2Facts,
        settings=st.fixed_dictionaries(dict.fromkeys(R2_SETTINGS, STATES)),
        bucket_source=st.sampled_from(["R2_EXCEL_BUCKET", "EXCEL_BUCKET_NAME", "default"]),
    ),
)
FIELDS = ("access", "r2", "endpoint", "job", "workers", "queue", "logs")
# Left to itself, hypothesis would never fill a field that has a default.
for kind in (JobFacts, QueueFacts, LogsFacts, Depth, Environment):
    st.register_type_strategy(kind, st.builds(kind, **{field.name: ... for field in fields(kind)}))
KNOWN = [one for table in (SCENARIOS, BLIND, WARNINGS) for found in table.values() for one in found]


def merged(several: list[dict[str, Any]]) -> Case:
    """An academy with several things wrong, whether or not they can stand together."""
    return h.case(**{name: fact for one in several for name, fact in one.items()})


ARBITRARY = st.builds(
    Case,
    observed_at=st.just(h.NOW),
    job_id=st.sampled_from([None, h.JOB_ID]),
    names=st.just(h.case().names),
    **dict.fromkeys(FIELDS, ...),
)
TROUBLED = st.lists(st.sampled_from(KNOWN), max_size=4).map(merged)
CASES = st.one_of(ARBITRARY, TROUBLED)
QUICK = settings(max_examples=60)


def judged(case: Case) -> tuple[tuple[Finding, ...], JobProgress]:
    return h.findings(case), job_progress(case)


@QUICK
@given(ARBITRARY)
def test_no_facts_raise_an_exception_and_every_check_says_something(case: Case) -> None:
    found, where = judged(case)
    assert {finding.check for finding in found} == {check.name for check in RUNBOOK}
    verdict = decide(found, where)
    if verdict.status == "faulty":
        assert verdict.cause is not None
        assert verdict.cause in {finding.cause for finding in found if finding.status == "fail"}
    assert verdict.cause is None or not (CATALOGUE[verdict.cause].warn and verdict.cause != "queue-dead-letters")


@QUICK
@given(CASES, st.randoms())
def test_the_order_of_the_findings_does_not_matter(case: Case, dice: Any) -> None:
    found, where = judged(case)
    shuffled = list(found)
    dice.shuffle(shuffled)
    before, after = decide(found, where), decide(shuffled, where)
    assert (after.status, after.cause, after.also, after.symptoms, after.warnings) == (
        before.status,
        before.cause,
        before.also,
        before.symptoms,
        before.warnings,
    )


@QUICK
@given(CASES, st.sets(st.sampled_from(sorted(CATALOGUE))))
def test_an_unknown_never_makes_a_fault_well_nor_what_is_well_a_fault(case: Case, hidden: set[str]) -> None:
    found, where = judged(case)
    unknown = Finding("any", "0", "unknown", say("x"), may_conceal=frozenset(hidden))
    before, after = decide(found, where), decide((*found, unknown), where)
    if before.status in {"healthy", "in-progress"}:
        assert after.status in {before.status, "undetermined"}
        assert after.cause is None
    else:
        assert (after.status, after.cause, after.also) == (before.status, before.cause, before.also)


@QUICK
@given(CASES)
def test_without_its_root_cause_the_verdict_is_another(case: Case) -> None:
    found, where = judged(case)
    before = decide(found, where)
    if before.cause is not None:
        after = decide([finding for finding in found if finding.cause != before.cause], where)
        assert after.cause != before.cause


@QUICK
@given(CASES, st.sampled_from(FIELDS))
def test_what_was_not_observed_is_never_a_fault_of_that_check(case: Case, name: str) -> None:
    unseen: dict[str, Any] = {name: Unavailable("timeout", name)}
    blind = replace(case, **unseen)
    result = [finding for finding in h.findings(blind) if finding.check == name]
    assert [finding.status for finding in result if finding.status in {"fail", "warn", "ok"}] == []


@given(st.sampled_from(list(JobState)), st.booleans())
def test_no_facts_at_all_are_undetermined(state: JobState, moving: bool) -> None:
    assert decide([], JobProgress(state, moving)).status == "undetermined"
