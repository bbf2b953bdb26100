"""What the facts must be for each cause to be told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.records import Unavailable
from checks.facts import AccessFacts, Depth, EndpointFacts, JobFacts
from checks.job_document import read_answer
from tests.checks import facts_factory as h
from tests.checks.scenarios import BLIND, SCENARIOS, WARNINGS, unseen

SHOWN = [(code, facts) for code, found in SCENARIOS.items() for facts in found]
BLINDING = [(code, facts) for code, found in BLIND.items() for facts in found]
WARNED = [(code, facts) for code, found in WARNINGS.items() for facts in found]


def test_every_code_of_the_catalogue_is_shown_in_two_forms_at_least() -> None:
    forms = {code: len(SCENARIOS.get(code, ())) + len(WARNINGS.get(code, ())) for code in CATALOGUE}
    # How AWS's refusals are told apart is tested on its own words, in tests/checks/test_aws_on_the_wire.py.
    assert {code for code, count in forms.items() if count < 2} == set(BLIND)


def test_the_facts_of_a_cause_are_told_as_that_cause(compared: Callable[[int], None]) -> None:
    for code, facts in SHOWN:
        verdict = h.verdict(h.case(**facts))
        assert (verdict.status, verdict.cause) == ("faulty", code), code
        assert verdict.section == CATALOGUE[code].section, code
    compared(len(SHOWN))


def test_an_access_cause_leaves_it_undetermined(compared: Callable[[int], None]) -> None:
    for code, facts in BLINDING:
        verdict = h.verdict(h.case(**facts))
        assert (verdict.status, verdict.cause) == ("undetermined", code), code
    compared(len(BLINDING))


def test_a_warning_is_told_and_is_not_the_cause(compared: Callable[[int], None]) -> None:
    for code, facts in WARNED:
        verdict = h.verdict(h.case(**facts))
        assert (verdict.status in {"healthy", "in-progress"}, verdict.cause) == (True, None), code
        assert code in verdict.warnings, code
    compared(len(WARNED))


def test_silence_of_everything_is_no_fault_of_the_endpoint_or_of_r2() -> None:
    dark = h.case(
        access=AccessFacts(unseen("timeout"), "", None, key_is_r2_key=False),
        r2=h.r2(reach=Unavailable("timeout", "https://account.r2.example")),
        endpoint=EndpointFacts(*[unseen("timeout")] * 5),
        job=JobFacts(unseen("timeout")),
        workers=unseen("timeout"),
        queue=unseen("timeout"),
        logs=unseen("timeout"),
    )
    verdict = h.verdict(dark)
    assert (verdict.status, verdict.cause) == ("undetermined", "aws-unreachable")


@pytest.mark.parametrize(
    ("facts", "action"),
    [
        ({"queue": h.queue(Unavailable("denied", "sqs:GetQueueAttributes"))}, "sqs:GetQueueAttributes"),
        (
            {"workers": replace(h.workers(), group=Unavailable("denied", "autoscaling:DescribeAutoScalingGroups"))},
            "autoscaling:DescribeAutoScalingGroups",
        ),
        (
            {"logs": replace(h.NO_LOGS, online=Unavailable("denied", "ssm:DescribeInstanceInformation"))},
            "ssm:DescribeInstanceInformation",
        ),
    ],
)
def test_a_denied_permission_is_unknown_and_named(facts: dict[str, Any], action: str) -> None:
    case = h.case(document=h.job("PENDING", age=1200), **{"queue": h.queue(h.depth(3, 1)), **facts})
    result = [finding for finding in h.findings(case) if finding.missing_permission == action]
    assert [finding.status for finding in result] == ["unknown"]
    assert h.verdict(case).status == "undetermined"


def test_a_status_that_is_not_listed_is_unknown_and_breaks_nothing() -> None:
    case = h.case(document=h.job("ARCHIVED"))
    assert h.verdict(case).status == "undetermined"


def test_the_remedy_carries_the_live_names() -> None:
    case = h.case(**SCENARIOS["worker-launch-suspended"][0])
    command = h.verdict(case).remedies[0].command
    assert command is not None
    assert "--region ap-northeast-2" in command
    assert "academy-ai-worker-asg" in command


def test_an_api_that_returns_two_fields_is_read() -> None:
    document = h.job("PENDING", age=None)
    assert (document.status, document.created_at, document.result) == ("PENDING", None, None)
    assert isinstance(h.depth(), Depth)


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"status": "RUNNING", "progress": {"percent": NaN}, "result": {"created": true, "failed": [1, null, {}]}}',
        '{"status": "DONE", "progress": [], "result": "none", "error_message": 7, "created_at": "yesterday"}',
        '{"status": "PENDING", "created_at": "9999-12-31T23:59:59Z", "progress": {"percent": 1e999}}',
    ],
)
def test_a_job_document_of_any_shape_is_read_without_an_exception(body: str) -> None:
    main = h.answer(200, body)
    case = h.case(endpoint=h.endpoint(main), job=JobFacts(read_answer(main)))
    assert h.verdict(case).status in {"healthy", "in-progress", "faulty", "undetermined"}
