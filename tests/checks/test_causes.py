"""What the facts must be for each cause to be told."""

from dataclasses import replace
from typing import Any

import pytest

from academy_ops.clients import Answer
from academy_ops.diagnosis.records import Reason, Unseen
from checks import Case
from checks.facts import AccessFacts, Depth, Host, JobFacts, Parameter
from checks.job_document import read_answer
from tests.checks import at_hand as h

HTML = "<html><h1>Bad Request (400)</h1></html>"
REFUSED = Unseen("refused", "http://127.0.0.1:8000/healthz")


def access(account: Any = "1", *, expected: str | None = None, same_key: bool = False) -> Case:
    return h.case(access=AccessFacts(account, "", expected, key_is_r2_key=same_key))


def unseen(reason: Reason) -> Unseen:
    return Unseen(reason, "sts:GetCallerIdentity")


def way(main: Answer | Unseen, **layers: Any) -> Case:
    """A job whose state can't be read, as the endpoint answers otherwise."""
    return h.case(endpoint=h.endpoint(main, **layers), job=JobFacts(Unseen("unexpected-answer", "x")))


def waiting(**facts: Any) -> Case:
    """A job that has waited for 20 minutes with its message in the queue."""
    facts.setdefault("document", h.job("PENDING", age=1200))
    facts.setdefault("queue", h.queue(h.depth(1)))
    return h.case(**facts)


def inside(**changes: Any) -> Case:
    return waiting(logs=h.logs(h.container(**changes)))


def own(**changes: Any) -> Case:
    return inside(environment=replace(h.SAME, **changes))


def ended(message: str | None, status: str = "FAILED", **fields: Any) -> Case:
    return h.case(document=h.job(status, error_message=message, **fields))


def rejected(*errors: str, created: int = 0) -> Case:
    rows = [{"row": number, "name": "x", "error": error} for number, error in enumerate(errors, 3)]
    return ended(None, "DONE", result={"created": created, "total": len(rows) + created, "failed": rows})


def lost(dead: int = 0) -> Case:
    document = h.job("PENDING", age=300)
    return h.case(document=document, queue=h.queue(h.depth(), dead, again=h.depth(), job_again=document))


ELSEWHERE = Unseen("not-configured", "ACADEMY_APP_URL")
RIGHT = {
    "r2-env-missing": [h.case(r2=h.r2({"R2_SECRET_KEY": "missing"}, Unseen("not-configured", "R2_SECRET_KEY")))],
    "r2-env-malformed": [
        h.case(r2=h.r2({"R2_ENDPOINT": state}))
        for state in ("quoted", "spaces", "placeholder", "bucket-in-path", "not-a-url", "no-tls")
    ],
    "r2-endpoint-unreachable": [
        h.case(r2=h.r2(reach=Unseen(reason, "https://account.r2.example")))
        for reason in ("dns", "timeout", "tls", "unreachable")
    ],
    "r2-credentials-rejected": [
        h.case(r2=h.r2(reach=Unseen("credentials-invalid", "s3:ListBucket"), error_code=code))
        for code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "Unauthorized")
    ],
    "r2-access-denied": [h.case(r2=h.r2(reach=Unseen("denied", "s3:ListBucket"), error_code="AccessDenied"))],
    "r2-bucket-missing": [h.case(r2=h.r2(reach=None, error_code="NoSuchBucket"))],
    "r2-server-error": [h.case(r2=h.r2(reach=Unseen("server-error", "s3:ListBucket"), error_code="InternalError"))],
    "upload-object-missing": [waiting(job=JobFacts(h.job("PENDING", age=1200), object_there=False))],
    "endpoint-dns": [way(unseen("dns"))],
    "endpoint-refused": [way(unseen("refused"))],
    "endpoint-timeout": [way(unseen("timeout"))],
    "endpoint-tls": [way(unseen("tls"))],
    "edge-origin-down": [way(h.answer(521, HTML, server="cloudflare"))],
    "edge-origin-timeout": [way(h.answer(status, HTML, server="cloudflare")) for status in (522, 524)],
    "edge-tls-mode": [way(h.answer(status, HTML, server="cloudflare")) for status in (525, 526)],
    "edge-blocked": [
        way(h.answer(403, HTML, server="cloudflare")),
        way(h.answer(503, HTML, **{"cf-mitigated": "challenge"})),
    ],
    "edge-error": [way(h.answer(status, HTML, server="cloudflare")) for status in (520, 523, 527, 530)],
    "redirect-loop": [way(replace(h.answer(301), redirects=("https://api.example/",) * 5))],
    "proxy-upstream-down": [way(h.answer(502, HTML, server="nginx"), app=REFUSED)],
    "proxy-misrouted": [way(h.answer(502, HTML, server="nginx"), app=h.answer(200))],
    "bad-gateway": [way(h.answer(502, HTML), app=ELSEWHERE), way(h.answer(502, HTML), app=unseen("timeout"))],
    "gateway-timeout": [way(h.answer(504, HTML, server="nginx"))],
    "api-error": [way(h.answer(500, {"detail": "x"}))],
    "api-database-down": [
        way(h.answer(500, {"detail": "x"}), health=h.answer(503)),
        way(h.answer(503, {"detail": "x"}), health=h.answer(500)),
    ],
    "api-auth-rejected": [way(h.answer(401, {"detail": "x"})), way(h.answer(403, {"detail": "x"}, server="nginx"))],
    "api-throttled": [way(h.answer(429, {"detail": "x"}))],
    "api-host-rejected": [way(h.answer(400, HTML))],
    "api-not-json": [way(h.answer(200, "<html>")), way(h.answer(404, "<html>"))],
    "job-not-found": [h.case(endpoint=h.endpoint(h.answer(404, {"detail": "x"})), job=JobFacts(None))],
    "asg-missing": [waiting(workers=replace(h.workers(), group=None), logs=h.NO_LOGS)],
    "worker-scaled-to-zero": [
        waiting(workers=h.workers(h.group(0), autoscaler=None), logs=h.NO_LOGS),
        waiting(workers=h.workers(h.group(0)), logs=h.NO_LOGS),
        waiting(workers=h.workers(h.group(0), autoscaler=None), logs=h.NO_LOGS, queue=h.queue(h.depth(0, 1))),
    ],
    "worker-launch-suspended": [
        waiting(workers=h.workers(h.group(1, instances=(), suspended=("Launch",))), logs=h.NO_LOGS)
    ],
    "worker-launch-failing": [
        waiting(
            workers=h.workers(h.group(1, instances=()), activities=(h.failed_launch("InsufficientInstanceCapacity"),)),
            logs=h.NO_LOGS,
        )
    ],
    "worker-launch-loop": [
        waiting(
            workers=h.workers(
                h.group(1, instances=()),
                activities=(replace(h.failed_launch(""), status="Successful"),) * 4,
            ),
            logs=h.NO_LOGS,
        )
    ],
    "worker-launch-stuck": [
        waiting(workers=h.workers(h.group(1, instances=(h.instance(lifecycle="Pending:Wait"),))), logs=h.NO_LOGS)
    ],
    "worker-no-instances": [
        waiting(workers=h.workers(h.group(1, instances=())), logs=h.NO_LOGS),
        waiting(workers=h.workers(h.group(1, instances=(h.instance(lifecycle="Standby"),))), logs=h.NO_LOGS),
    ],
    "worker-unhealthy": [waiting(workers=h.workers(h.group(1, instances=(h.instance(health="Unhealthy"),))))],
    "queue-missing": [h.case(document=h.job("PENDING", age=200), queue=h.queue(None)), h.case(queue=h.queue(None))],
    "message-lost": [lost()],
    "queue-dead-letters": [lost(dead=1)],
    "queue-not-consumed": [waiting()],
    "message-stuck": [waiting(queue=h.queue(h.depth(0, 1)))],
    "ssm-offline": [waiting(logs=replace(h.NO_LOGS, online={"i-0": False}))],
    "worker-docker-down": [waiting(logs=h.logs(docker="down")), waiting(logs=h.logs(docker="missing"))],
    "worker-container-missing": [waiting(logs=replace(h.logs(), hosts=(Host("i-0", "up", 40, None),)))],
    "worker-container-exited": [inside(status="exited", exit_code=1)],
    "worker-crash-loop": [inside(status="restarting"), inside(restarts=5, started_at=h.ago(20))],
    "worker-out-of-memory": [
        inside(status="exited", exit_code=137, out_of_memory=True),
        inside(restarts=3, started_at=h.ago(5), oom_kills=3),
    ],
    "worker-disk-full": [waiting(logs=h.logs(disk_percent=100)), waiting(logs=h.logs(disk_percent=97, docker="down"))],
    "worker-env-missing": [own(endpoint="missing"), own(secret_key="blank")],
    "worker-queue-mismatch": [own(queue="different"), replace(own(queue="different"), queue=h.queue(None))],
    "worker-r2-mismatch": [
        own(bucket="different"),
        own(endpoint="different"),
        replace(
            ended("download failed: SignatureDoesNotMatch"),
            logs=h.logs(h.container(environment=replace(h.SAME, secret_key="different"))),
        ),
    ],
    "worker-env-stale": [
        waiting(
            logs=replace(
                h.logs(h.container(environment=replace(h.SAME, bucket="different"))),
                parameter=Parameter("dotenv", h.ago(60), h.SAME),
            )
        )
    ],
    "worker-aws-credentials": [inside(tail=("botocore NoCredentialsError: Unable to locate credentials",))],
    "worker-queue-denied": [inside(tail=("AccessDenied when calling the ReceiveMessage operation",))],
    "worker-dependency-missing": [
        inside(status="restarting", tail=("ModuleNotFoundError: No module named 'openpyxl'",)),
        ended("No module named 'openpyxl'"),
    ],
    "worker-database-down": [inside(tail=("OperationalError: connection refused",)), ended("too many connections")],
    "excel-unreadable": [ended("File is not a zip file")],
    "excel-header-missing": [ended("헤더 행을 찾지 못했습니다."), ended("no header row found")],
    "excel-phone-column-missing": [ended("학부모전화번호 열이 없습니다."), ended("no parent-phone column")],
    "excel-phone-invalid": [
        ended("phone check failed for 3 rows"),
        rejected("전화번호 형식 오류", "전화번호 형식 오류"),
    ],
    "excel-no-students": [ended("no student rows"), ended("등록할 학생 행이 없습니다.")],
    "excel-object-missing": [ended("An error occurred (NoSuchKey) when calling the GetObject operation")],
    "job-failed": [
        ended("something else"),
        ended(None),
        ended("something else", "REJECTED_BAD_INPUT"),
        ended("something else", "DONE"),
        rejected("전화번호 형식 오류", "이름 없음"),
    ],
    "job-stalled": [h.case(document=h.job("RUNNING", age=4000, updated=700), queue=h.queue(h.depth(0, 1)))],
}
CASES = [(code, case) for code, cases in RIGHT.items() for case in cases]


@pytest.mark.parametrize(("code", "case"), CASES, ids=[code for code, _ in CASES])
def test_the_facts_of_a_cause_are_told_as_that_cause(code: str, case: Case) -> None:
    verdict = h.verdict(case)
    assert (verdict.status, verdict.cause) == ("faulty", code)


@pytest.mark.parametrize(
    ("code", "case"),
    [
        ("aws-credentials-missing", access(unseen("credentials-missing"))),
        ("aws-credentials-invalid", access(unseen("credentials-invalid"))),
        ("aws-unreachable", access(unseen("timeout"))),
        ("clock-skew", access(unseen("clock-skew"))),
        ("aws-wrong-account", access("2", expected="1")),
    ],
)
def test_an_access_cause_leaves_it_undetermined(code: str, case: Case) -> None:
    verdict = h.verdict(case)
    assert (verdict.status, verdict.cause) == ("undetermined", code)


def test_r2_keys_in_place_of_the_aws_keys_are_a_fault() -> None:
    verdict = h.verdict(access(unseen("credentials-invalid"), same_key=True))
    assert (verdict.status, verdict.cause) == ("faulty", "aws-keys-are-r2-keys")


@pytest.mark.parametrize(
    ("code", "case"),
    [
        ("worker-booting", waiting(workers=h.workers(boot=100))),
        ("worker-undersized", waiting(queue=h.queue(h.depth(100, 1)))),
        ("autoscaler-off", waiting(queue=h.queue(h.depth(1, 1)), workers=h.workers(autoscaler=None))),
        ("queue-dead-letters", h.case(queue=h.queue(h.depth(), dead=2))),
        ("worker-silent", waiting(queue=h.queue(h.depth(1, 1)), logs=h.logs(h.container(log_lines=0, tail=())))),
        ("job-partial", rejected("전화번호 형식 오류", created=1)),
        ("job-review", h.case(document=h.job("REVIEW_REQUIRED"))),
    ],
)
def test_a_warning_is_told_and_is_not_the_cause(code: str, case: Case) -> None:
    verdict = h.verdict(case)
    assert verdict.cause is None
    assert code in verdict.warnings


def test_silence_of_everything_is_no_fault_of_the_endpoint_or_of_r2() -> None:
    dark = h.case(
        access=AccessFacts(unseen("timeout"), "", None, key_is_r2_key=False),
        r2=h.r2(reach=Unseen("timeout", "https://account.r2.example")),
        endpoint=h.endpoint(unseen("timeout"), origin=unseen("timeout"), app=unseen("timeout")),
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
        ({"queue": h.queue(Unseen("denied", "sqs:GetQueueAttributes"))}, "sqs:GetQueueAttributes"),
        (
            {"workers": replace(h.workers(), group=Unseen("denied", "autoscaling:DescribeAutoScalingGroups"))},
            "autoscaling:DescribeAutoScalingGroups",
        ),
        (
            {"logs": replace(h.NO_LOGS, online=Unseen("denied", "ssm:DescribeInstanceInformation"))},
            "ssm:DescribeInstanceInformation",
        ),
    ],
)
def test_a_denied_permission_is_unknown_and_named(facts: dict[str, Any], action: str) -> None:
    case = h.case(document=h.job("PENDING", age=1200), **{"queue": h.queue(h.depth(3, 1)), **facts})
    told = [finding for finding in h.findings(case) if finding.missing_permission == action]
    assert [finding.status for finding in told] == ["unknown"]
    assert h.verdict(case).status == "undetermined"


def test_a_status_that_is_not_listed_is_unknown_and_breaks_nothing() -> None:
    case = h.case(document=h.job("ARCHIVED"))
    assert h.verdict(case).status == "undetermined"


def test_the_remedy_carries_the_live_names() -> None:
    case = waiting(workers=h.workers(h.group(1, instances=(), suspended=("Launch",))), logs=h.NO_LOGS)
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
