"""Where API and workers differ, the side that is wrong is told, and no remedy copies it over the right one."""

from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.records import Finding, Unavailable, Verdict
from academy_ops.remedies.fixes import FIXES, to_fix
from checks.facts import Case
from checks.host_facts import Parameter
from tests.checks import facts_factory as h
from tests.checks.test_refusals import WAITING

QUEUE = {"queue": h.queue(None)}
REFUSED = Unavailable("unexpected-answer", "s3:ListBucket", "no")
DNS = Unavailable("dns", "https://acount.r2.example", "no address")


def case(own: dict[str, Any], facts: dict[str, Any], name: str = "academy-ai-jobs-basic") -> Case:
    environment = replace(h.SAME, **own)
    logs = h.logs(h.container(environment=environment), parameter=environment)
    this = h.case(**{**WAITING, **facts}, logs=logs)
    return replace(this, names={**this.names, "queue": name})


def commands(told: Verdict | Finding) -> str:
    return " ".join(remedy.command or "" for remedy in told.remedies)


@pytest.mark.parametrize(
    ("own", "facts", "cause", "reason"),
    [
        ({"queue": "different"}, QUEUE, "queue-missing", "wrong-name"),
        ({"queue": "different"}, {"queue": h.queue(None, default_there=True)}, "queue-missing", "wrong-name"),
        ({"region": "different"}, QUEUE, "queue-missing", "wrong-region"),
        ({"bucket": "different"}, {"r2": h.r2(reach=None, error_code="NoSuchBucket")}, "r2-bucket-missing", None),
        ({"bucket": "different"}, {"r2": h.r2({"R2_EXCEL_BUCKET": "not-a-bucket"}, REFUSED)}, "r2-env-malformed", None),
        ({"endpoint": "different"}, {"r2": h.r2({"R2_ENDPOINT": "unexpanded"}, REFUSED)}, "r2-env-malformed", None),
        ({"endpoint": "different"}, {"r2": h.r2(reach=DNS)}, "r2-endpoint-unreachable", None),
        (
            {"endpoint": "different", "access_key": "different"},
            {"r2": h.r2(reach=REFUSED, error_code="Unauthorized", status=401)},
            "r2-credentials-rejected",
            "unknown-key",
        ),
    ],
)
def test_the_apis_side_is_the_cause_and_is_copied_nowhere(
    own: dict[str, Any], facts: dict[str, Any], cause: str, reason: str | None
) -> None:
    this = case(own, facts)
    verdict = h.verdict(this)
    assert (verdict.cause, verdict.reason) == (cause, reason)
    mismatch = next(one for one in h.findings(this) if (one.cause or "").endswith("-mismatch"))
    assert mismatch.cause in verdict.symptoms
    assert mismatch.reason == "api-side"
    for result in (verdict, mismatch):
        assert not any(
            word in commands(result) for word in ("--from-api", "--set", "start-instance-refresh", "create-")
        )
    if cause == "queue-missing":
        assert "queue create" not in commands(verdict)
        assert to_fix(verdict) is None


def test_a_parameter_that_was_given_the_apis_typo_is_not_taken_for_the_right_one() -> None:
    logs = h.logs(h.container(environment=replace(h.SAME, bucket="different", fingerprint="old")))
    parameter = Parameter("dotenv", h.ago(60), h.SAME)
    wrong = h.r2(reach=None, error_code="NoSuchBucket")
    this = h.case(**WAITING, r2=wrong, logs=replace(logs, parameter=parameter))
    assert "worker-env-stale" not in {one.cause for one in h.findings(this)}
    right = h.case(**WAITING, logs=replace(logs, parameter=parameter))
    assert h.verdict(right).cause == "worker-env-stale"


@pytest.mark.parametrize(
    ("own", "cause"),
    [({"queue": "different"}, "worker-queue-mismatch"), ({"bucket": "different"}, "worker-r2-mismatch")],
)
def test_where_the_apis_side_works_the_workers_is_the_wrong_one(own: dict[str, Any], cause: str) -> None:
    verdict = h.verdict(case(own, {}))
    assert (verdict.cause, verdict.reason) == (cause, None)
    assert "--from-api" in commands(verdict)


def test_a_queue_that_nobody_has_is_created() -> None:
    verdict = h.verdict(case({}, QUEUE))
    assert (verdict.cause, verdict.reason) == ("queue-missing", None)
    assert to_fix(verdict) in FIXES


def test_a_worker_that_complains_of_its_own_queue_shows_no_right_one() -> None:
    complaint = "QueueDoesNotExist: The specified queue does not exist."
    environment = replace(h.SAME, queue="different")
    logs = h.logs(h.container(environment=environment, errors=(h.line(complaint, 5),)))
    assert h.verdict(h.case(**{**WAITING, **QUEUE}, logs=logs)).reason is None


@pytest.mark.parametrize("name", ["https://sqs.ap-northeast-2.amazonaws.com/1/jobs", '"jobs"', "jobs basic", "a" * 81])
@pytest.mark.parametrize("seen", [None, Unavailable("unexpected-answer", "sqs:GetQueueUrl", "InvalidParameterValue")])
def test_what_no_queue_can_be_named_is_certain(name: str, seen: Unavailable | None) -> None:
    verdict = h.verdict(case({}, {"queue": replace(h.queue(None), queue=seen)}, name))
    assert (verdict.cause, verdict.reason) == ("queue-missing", "bad-name")
    assert to_fix(verdict) is None
