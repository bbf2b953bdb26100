"""The root-cause rule, as the product's contract states it."""

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest

from academy_ops.diagnosis.catalogue import CATALOGUE, explained_by
from academy_ops.diagnosis.findings import FindingBuilder
from academy_ops.diagnosis.records import Finding, JobProgress, JobState, Reason, Unavailable
from academy_ops.diagnosis.verdict import decide, judge_step
from academy_ops.messages import say

PENDING = JobProgress(JobState.PENDING)
RUNNING = JobProgress(JobState.RUNNING)
FAILED = JobProgress(JobState.FAILED)
DONE = JobProgress(JobState.DONE)
NO_JOB = JobProgress(JobState.NONE)


def fault(code: str, check: str = "any") -> Finding:
    return Finding(check, CATALOGUE[code].section, "fail", say("x"), cause=code)


def warning(code: str) -> Finding:
    return Finding("any", CATALOGUE[code].section, "warn", say("x"), cause=code)


def fine(check: str) -> Finding:
    return Finding(check, "0", "ok", say("x"))


def unknown(*may_conceal: str) -> Finding:
    return Finding("any", "0", "unknown", say("x"), may_conceal=frozenset(may_conceal))


def test_a_fault_that_another_explains_is_a_symptom() -> None:
    verdict = decide([fault("job-stalled"), fault("worker-scaled-to-zero")], RUNNING)
    assert verdict.cause == "worker-scaled-to-zero"
    assert verdict.symptoms == ("job-stalled",)
    assert verdict.also == ()


def test_of_one_step_too_a_fault_that_another_explains_is_a_symptom() -> None:
    for codes in itertools.permutations(("worker-crash-loop", "worker-dependency-missing", "worker-disk-full")):
        verdict = judge_step([fault(code) for code in codes])
        roots = [code for code in codes if code != "worker-crash-loop"]
        assert (verdict.status, [verdict.cause, *verdict.also]) == ("faulty", roots)
        assert verdict.symptoms == ("worker-crash-loop",)


def test_a_fault_explained_through_a_third_is_a_symptom_even_where_the_third_is_absent() -> None:
    assert "excel-object-missing" in explained_by("worker-env-stale")
    verdict = decide([fault("excel-object-missing", "job"), fault("worker-env-stale")], FAILED)
    assert verdict.cause == "worker-env-stale"
    assert verdict.symptoms == ("excel-object-missing",)


def test_the_verdict_has_the_reason_of_its_cause() -> None:
    findings = [replace(fault("r2-bucket-missing"), reason="a"), replace(fault("worker-scaled-to-zero"), reason="b")]
    verdict = decide(findings, PENDING)
    assert (verdict.cause, verdict.reason) == ("worker-scaled-to-zero", "b")


def test_what_explains_the_state_of_the_job_comes_before_what_stands_earlier_in_the_pipeline() -> None:
    verdict = decide([fault("r2-bucket-missing"), fault("worker-scaled-to-zero")], PENDING)
    assert verdict.cause == "worker-scaled-to-zero"
    assert verdict.also == ("r2-bucket-missing",)


def test_among_equals_the_order_of_the_pipeline_decides() -> None:
    verdict = decide([fault("worker-scaled-to-zero"), fault("queue-missing")], PENDING)
    assert verdict.cause == "queue-missing"
    assert verdict.also == ("worker-scaled-to-zero",)


def test_without_a_job_the_order_of_the_pipeline_decides_alone() -> None:
    verdict = decide([fault("worker-scaled-to-zero"), fault("proxy-upstream-down"), fault("r2-env-missing")], NO_JOB)
    assert (verdict.cause, verdict.also) == ("r2-env-missing", ("proxy-upstream-down", "worker-scaled-to-zero"))


def test_a_failed_job_is_explained_by_its_own_message_whatever_else_is_broken_today() -> None:
    verdict = decide([fault("r2-credentials-rejected"), fault("excel-no-students", "job")], FAILED)
    assert verdict.cause == "excel-no-students"
    assert verdict.also == ("r2-credentials-rejected",)


def test_a_failed_job_is_explained_by_what_explains_its_message() -> None:
    verdict = decide([fault("queue-missing"), fault("excel-object-missing", "job"), fault("r2-bucket-missing")], FAILED)
    assert verdict.cause == "r2-bucket-missing"


def test_a_school_is_told_to_upload_again_where_the_job_has_ended_for_a_reason_that_is_not_its_own() -> None:
    ours = decide([fault("excel-object-missing", "job"), fault("worker-env-stale")], FAILED)
    theirs = decide([fault("excel-no-students", "job")], FAILED)
    assert [str(remedy.text).startswith("Then have the school upload") for remedy in ours.remedies] == [True]
    assert theirs.remedies == ()


@pytest.mark.parametrize(("progress", "status"), [(NO_JOB, "healthy"), (DONE, "healthy"), (PENDING, "in-progress")])
def test_a_warning_is_never_the_cause(progress: JobProgress, status: str) -> None:
    verdict = decide([fine("workers"), warning("autoscaler-off")], progress)
    assert (verdict.status, verdict.cause, verdict.warnings) == (status, None, ("autoscaler-off",))


def test_what_is_unseen_and_could_explain_the_state_leaves_it_undetermined() -> None:
    assert decide([fine("r2"), unknown("queue-missing")], PENDING).status == "undetermined"


def test_what_is_unseen_and_could_not_explain_the_state_does_not_matter() -> None:
    assert decide([fine("queue"), unknown("r2-access-denied")], PENDING).status == "in-progress"


def test_a_job_that_is_done_needs_nothing_more() -> None:
    assert decide([fine("job"), unknown("queue-missing")], DONE).status == "healthy"


def test_a_job_that_moves_needs_no_explanation() -> None:
    assert decide([unknown("queue-missing")], JobProgress(JobState.PENDING, moving=True)).status == "in-progress"


def test_without_a_job_every_check_is_needed() -> None:
    assert decide([fine("r2"), unknown()], NO_JOB).status == "undetermined"


@pytest.mark.parametrize("words", ["no such group", "no such group."])
def test_why_it_is_undetermined_is_a_sentence_with_one_full_stop(words: str) -> None:
    verdict = decide([replace(unknown("queue-missing"), because=say("{words}", words=words))], PENDING)
    assert str(verdict.summary).endswith("Reason: no such group.")


def test_a_job_whose_state_is_unseen_is_undetermined() -> None:
    assert decide([fine("queue")], JobProgress(JobState.UNSEEN)).status == "undetermined"


def test_a_job_that_could_not_be_asked_about_is_undetermined_even_beside_a_fault() -> None:
    verdict = decide([fault("r2-env-missing")], JobProgress(JobState.UNASKED))
    assert (verdict.status, verdict.cause, verdict.also) == ("undetermined", None, ("r2-env-missing",))


@pytest.mark.parametrize("progress", [NO_JOB, PENDING, DONE])
def test_an_access_cause_says_that_the_tool_could_not_look(progress: JobProgress) -> None:
    verdict = decide([fault("aws-credentials-missing"), fine("r2")], progress)
    assert (verdict.status, verdict.cause) == ("undetermined", "aws-credentials-missing")


def test_an_access_cause_stands_under_also_beside_a_fault() -> None:
    verdict = decide([fault("aws-credentials-missing"), fault("r2-bucket-missing")], NO_JOB)
    assert (verdict.status, verdict.cause, verdict.also) == (
        "faulty",
        "r2-bucket-missing",
        ("aws-credentials-missing",),
    )


def test_r2_keys_in_place_of_aws_keys_are_a_fault_and_explain_the_rejection() -> None:
    verdict = decide([fault("aws-keys-are-r2-keys"), fault("aws-credentials-invalid")], NO_JOB)
    assert (verdict.status, verdict.cause) == ("faulty", "aws-keys-are-r2-keys")


@pytest.mark.parametrize("progress", [JobProgress(state) for state in JobState])
def test_no_facts_at_all_are_undetermined(progress: JobProgress) -> None:
    assert decide([], progress).status == "undetermined"


def test_where_there_was_nothing_to_look_at_it_is_undetermined() -> None:
    nothing = Finding("logs", "3-4", "skip", say("x"))
    assert decide([nothing], NO_JOB).status == "undetermined"
    assert decide([nothing, fine("queue")], NO_JOB).status == "healthy"


def test_checks_with_nothing_but_ok_are_ruled_out() -> None:
    verdict = decide([fine("r2"), fine("queue"), fault("worker-scaled-to-zero", "workers")], PENDING)
    assert verdict.ruled_out == ("r2", "queue")


def test_the_order_of_the_findings_does_not_matter() -> None:
    dice = random.Random(7)
    for state, size in itertools.product(JobState, range(2, 6)):
        for _ in range(20):
            findings = [fault(code) for code in dice.sample(sorted(CATALOGUE), size)]
            before = decide(findings, JobProgress(state))
            dice.shuffle(findings)
            after = decide(findings, JobProgress(state))
            assert (after.cause, after.also, after.symptoms) == (before.cause, before.also, before.symptoms)


def test_no_two_codes_explain_each_other() -> None:
    mutual = [(one, other) for one in CATALOGUE for other in explained_by(one) if one in explained_by(other)]
    assert mutual == []


def test_every_explained_code_is_in_the_catalogue() -> None:
    assert frozenset().union(*(cause.explains for cause in CATALOGUE.values())) <= set(CATALOGUE)


def blind(reason: Reason, tried: str, detail: str = "", check: str = "queue") -> Finding:
    return FindingBuilder(check, "3-3", {"job_id": "j", "region": "ap-northeast-2"}).unknown(
        say("the queue"), Unavailable(reason, tried, detail), ("queue-missing",)
    )


def test_an_undetermined_verdict_says_what_was_not_seen_in_the_services_words_and_how_it_can_be() -> None:
    denied = blind("denied", "sqs:GetQueueUrl", "User: ops is not authorized")
    verdict = decide([fine("r2"), denied], NO_JOB)
    assert verdict.status == "undetermined"
    assert "sqs:GetQueueUrl is denied: User: ops is not authorized" in str(verdict.summary)
    assert [one.command for one in verdict.remedies] == ["academy-ops iam-policy"]
    assert str(denied.because) in str(verdict.summary)


def test_each_way_to_see_more_is_told_once() -> None:
    denied = [blind("denied", action) for action in ("sqs:GetQueueUrl", "sqs:GetQueueAttributes")]
    verdict = decide([*denied, blind("not-configured", "ACADEMY_API_URL", check="endpoint")], NO_JOB)
    assert [one.command for one in verdict.remedies] == ["academy-ops iam-policy", "academy-ops config"]
    odd = [blind("unexpected-answer", "http://api/x", "HTTP 410", check=check) for check in ("endpoint", "job")]
    assert len(decide(odd, NO_JOB).remedies) == 1


def test_every_reason_why_something_was_not_seen_has_something_to_do(compared: Callable[[int], None]) -> None:
    reasons: tuple[Reason, ...] = get_args(Reason)
    for reason in reasons:
        (remedy,) = blind(reason, "sqs:GetQueueUrl").remedies
        assert remedy.risk == "read"
        assert remedy.command
        assert "<" not in f"{remedy.command} {remedy.verify}"
    compared(len(reasons))


def test_what_can_not_matter_for_the_job_is_no_part_of_the_verdict() -> None:
    assert decide([fine("r2"), blind("denied", "sqs:GetQueueUrl")], DONE).status == "healthy"
