"""What is said of the queue: its own numbers, the reason behind a code, and what another region is not said to lack."""

from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.records import Finding, Unavailable
from checks import Case
from checks.facts import AccessFacts
from tests.checks import facts_factory as h
from tests.checks.scenarios import CUT_OFF, NOTHING_THERE, STARTED, TAKEN, fresh, misconfigured, waiting


def of(case: Case, code: str) -> list[Finding]:
    return [finding for finding in h.findings(case) if finding.cause == code]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (misconfigured(arn=None), "no-dead-letter-queue"),
        ({"queue": replace(misconfigured()["queue"], dead_letters=None)}, "dead-letter-queue-missing"),
        (misconfigured(max_receives=1), "few-receives"),
        (misconfigured(visibility_seconds=299), "short-visibility"),
        (misconfigured(visibility_seconds=0), "short-visibility"),
        (misconfigured(retention_seconds=86_399), "short-retention"),
        (misconfigured(delay_seconds=900), "delay"),
    ],
)
def test_each_attribute_has_its_own_reason_and_remedy(facts: dict[str, Any], reason: str) -> None:
    case = h.case(**facts)
    (finding,) = of(case, "queue-misconfigured")
    assert (finding.status, finding.reason) == ("warn", reason)
    assert any(remedy.risk == "change" for remedy in finding.remedies)
    assert "1 times" not in str(finding.remedies[0].text)
    assert (h.verdict(case).status, h.verdict(case).warnings) == ("healthy", ("queue-misconfigured",))


def test_what_sqs_does_not_say_of_its_attributes_is_no_fault() -> None:
    unseen = dict.fromkeys(("visibility_seconds", "retention_seconds", "delay_seconds", "max_receives"))
    assert of(h.case(**misconfigured(**unseen)), "queue-misconfigured") == []
    assert of(h.case(queue=h.queue(h.depth())), "queue-misconfigured") == []


def test_a_dead_letter_queue_that_could_not_be_seen_is_not_called_missing() -> None:
    denied = Unavailable("denied", "sqs:GetQueueUrl")
    case = h.case(queue=replace(misconfigured()["queue"], dead_letters=denied))
    assert of(case, "queue-misconfigured") == []
    assert [one.missing_permission for one in h.findings(case) if one.status == "unknown"] == ["sqs:GetQueueUrl"]


def test_a_delayed_message_is_not_called_nothing_wrong() -> None:
    case = h.case(document=h.job("PENDING", age=60), **misconfigured(h.depth(delayed=1), delay_seconds=900))
    verdict = h.verdict(case)
    assert (verdict.status, verdict.warnings) == ("in-progress", ("queue-misconfigured",))
    assert "nothing is wrong" not in str(verdict.summary)


def test_a_stuck_message_is_waited_for_as_long_as_its_own_queue_hides_it() -> None:
    case = h.case(**waiting(**misconfigured(h.depth(0, 1), visibility_seconds=43_200)))
    (finding,) = of(case, "message-stuck")
    assert "at most 720 minutes" in str(finding.remedies[0].text)


def test_dead_letters_are_told_with_their_own_queues_receives() -> None:
    facts = misconfigured(max_receives=1)
    (finding,) = of(h.case(queue=replace(facts["queue"], dead_letters=h.depth(2))), "queue-dead-letters")
    assert "maxReceiveCount 1" in str(finding.summary)
    facts = misconfigured(arn=None, max_receives=None)
    (finding,) = of(h.case(queue=replace(facts["queue"], dead_letters=h.depth(2))), "queue-dead-letters")
    assert "receives" not in str(finding.summary)


def test_dead_letters_of_a_queue_that_names_none_are_not_moved_before_it_does() -> None:
    facts = misconfigured(arn=None, max_receives=None)
    case = h.case(queue=replace(facts["queue"], dead_letters=h.depth(2)))
    (finding,) = of(case, "queue-dead-letters")
    first = next(remedy for remedy in finding.remedies if remedy.risk == "change")
    assert finding.reason == "not-named"
    assert [" ".join(step.argv[1:3]) for step in first.steps][-2:] == [
        "sqs set-queue-attributes",
        "sqs start-message-move-task",
    ]
    facts = misconfigured()
    (finding,) = of(h.case(queue=replace(facts["queue"], dead_letters=h.depth(2))), "queue-dead-letters")
    assert finding.reason is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (waiting(queue=h.queue(h.depth(10, 1)), logs=h.logs(h.container(tail=(STARTED,)))), "hung"),
        (waiting(queue=h.queue(h.depth(10, 1)), logs=h.logs(h.container(tail=(TAKEN,)))), "hung"),
        (waiting(logs=h.logs(h.container(tail=(STARTED,)))), "hung"),
        (waiting(logs=h.logs(h.container(errors=(CUT_OFF,), tail=(CUT_OFF,)))), "no-route"),
        (fresh(h.queue(h.depth(4), oldest_seconds=1200.0)), None),
        (waiting(), None),
    ],
)
def test_why_nobody_takes_messages_is_told_apart(facts: dict[str, Any], reason: str | None) -> None:
    case = h.case(**facts)
    assert [finding.reason for finding in of(case, "queue-not-consumed")] == [reason]
    assert h.verdict(case).reason == reason


def test_another_region_explains_what_is_absent() -> None:
    verdict = h.verdict(h.case(**NOTHING_THERE))
    assert (verdict.status, verdict.cause, verdict.section) == ("undetermined", "aws-wrong-region", "0")
    assert set(verdict.symptoms) == {"queue-missing", "asg-missing", "worker-env-missing"}
    assert all("queue create" not in " ".join(step.argv) for one in verdict.remedies for step in one.steps)


DENIED = Unavailable("denied", "x:Y")


@pytest.mark.parametrize(
    "changed",
    [
        {"workers": replace(NOTHING_THERE["workers"], group=h.group())},
        {"workers": replace(NOTHING_THERE["workers"], group=DENIED)},
        {"workers": replace(NOTHING_THERE["workers"], autoscaler=DENIED)},
        {"workers": replace(NOTHING_THERE["workers"], autoscaler=h.workers().autoscaler)},
        {"logs": replace(NOTHING_THERE["logs"], parameter=DENIED)},
        {"logs": replace(NOTHING_THERE["logs"], parameter=h.logs().parameter)},
        {"queue": h.queue(h.depth())},
        {"queue": h.queue(DENIED)},
    ],
)
def test_a_region_in_which_something_is_there_or_was_denied_is_not_called_wrong(changed: dict[str, Any]) -> None:
    case = h.case(**{**NOTHING_THERE, **changed})
    assert of(case, "aws-wrong-region") == []
    assert h.verdict(case).cause != "aws-wrong-region"


@pytest.mark.parametrize(("ahead", "says"), [(240, "240 s fast"), (-240, "240 s slow"), (30, "30 s fast")])
def test_a_clock_that_is_off_is_said_and_is_no_fault(ahead: int, says: str) -> None:
    access = h.case().access
    assert isinstance(access, AccessFacts)
    case = h.case(access=replace(access, clock_ahead_seconds=ahead))
    (finding,) = of(case, "clock-skew")
    assert (finding.status, finding.evidence["clock_ahead_seconds"]) == ("warn", ahead)
    assert says in str(finding.summary)
    assert (h.verdict(case).status, h.verdict(case).cause) == ("healthy", None)


def test_a_clock_that_aws_refuses_is_told_once() -> None:
    refused = AccessFacts(
        Unavailable("clock-skew", "sts:GetCallerIdentity"), "", None, key_is_r2_key=False, clock_ahead_seconds=1200
    )
    (finding,) = of(h.case(access=refused), "clock-skew")
    assert (finding.status, finding.evidence["clock_ahead_seconds"]) == ("fail", 1200)
