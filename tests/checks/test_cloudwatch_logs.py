"""What CloudWatch Logs keeps of workers that are gone, or that can't be looked into."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from academy_ops.diagnosis.records import NOT_ASKED, Unavailable
from checks import cloudwatch_logs, worker_logs
from checks.cloudwatch_logs import Place
from checks.host_facts import Archive, LogDriver, LogLine, LogsFacts, WorkerLog
from tests.checks import facts_factory as h
from tests.checks.on_the_wire import target
from tests.wire import Handler, respond, server

GROUP = "/academy/ai-worker"
GONE = "i-0123456789abcdef0"
STREAM = f"academy-ai-worker-cpu/{GONE}"
NEVER = {"timestamp": 9 * 10**17, "message": "x", "logStreamName": "x"}
DENIED = "User: arn:aws:iam::1:user/ops is not authorized to perform: logs:FilterLogEvents"


def archive(of_job: tuple[LogLine, ...] = (), tail: tuple[LogLine, ...] = (), instance: str = GONE) -> Archive:
    return Archive(GROUP, {instance: WorkerLog(len(of_job) + len(tail), of_job, (), tail)})


def about(text: str, seconds: float = 300) -> LogLine:
    return h.line(text.format(job=h.JOB_ID), seconds)


TAKEN = about("SQS_MESSAGE_RECEIVED | job_id={job} | tier=basic", 310)
FAILED = about("EXCEL_PARSING failed job_id={job} : unexpected error")


def case(archived: Archive | Unavailable, document: Any, **facts: Any) -> Any:
    return h.case(document=document, logs=replace(h.logs(), archive=archived), **facts)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("ModuleNotFoundError: No module named 'openpyxl'", "worker-dependency-missing"),
        (
            "botocore.errorfactory.NoSuchKey: An error occurred (NoSuchKey)",
            "excel-object-missing",
        ),
        (
            "OperationalError: connection to server at 10.0.0.3 failed: Connection refused",
            "worker-database-down",
        ),
        (
            "ClientError: An error occurred (AccessDenied) when calling the GetObject",
            "r2-access-denied",
        ),
    ],
)
def test_a_job_is_told_by_what_its_worker_wrote_before_it_was_terminated(line: str, cause: str) -> None:
    kept = archive((TAKEN, FAILED, about(line)))
    result = h.verdict(case(kept, h.job("FAILED", age=400, updated=300, error_message="unexpected error")))
    assert result.cause == cause


def test_a_pending_job_too() -> None:
    kept = archive((TAKEN, FAILED, about("ModuleNotFoundError: No module named 'x'")))
    result = h.verdict(case(kept, h.job("PENDING", age=400), queue=h.queue(h.depth(in_flight=1))))
    assert result.cause == "worker-dependency-missing"


def test_no_worker_is_left_and_the_job_is_still_told() -> None:
    none = replace(h.NO_LOGS, archive=archive((TAKEN, FAILED, about("ImportError: No module named 'x'"))))
    result = h.case(
        document=h.job("FAILED", age=400, error_message="failed"),
        logs=none,
        workers=h.workers(h.group(0)),
        queue=h.queue(h.depth()),
    )
    assert h.verdict(result).cause == "worker-dependency-missing"


def test_the_lines_of_a_job_that_went_well_are_no_fault() -> None:
    kept = archive((TAKEN, about("SQS_JOB_COMPLETED | job_id={job}")))
    result = case(kept, h.job("DONE", age=400))
    assert h.verdict(result).status == "healthy"
    (shown,) = [one for one in h.findings(result) if one.check == "logs" and "log_group" in one.evidence]
    assert (shown.status, shown.evidence["instance"]) == ("ok", GONE)


def test_a_worker_that_went_with_its_job_leaves_the_message_stuck() -> None:
    waits = h.queue(h.depth(visible=4, in_flight=3))
    result = case(archive((TAKEN,)), h.job("PENDING", age=400), queue=waits)
    assert h.verdict(result).cause == "message-stuck"


def test_a_worker_that_is_still_there_does_not() -> None:
    waits = h.queue(h.depth(visible=4, in_flight=3))
    result = case(archive((TAKEN,), instance="i-0"), h.job("PENDING", age=400), queue=waits)
    assert h.verdict(result).cause != "message-stuck"


def offline(tail: tuple[LogLine, ...]) -> LogsFacts:
    return replace(h.NO_LOGS, online={"i-0": False}, archive=archive(tail=tail, instance="i-0"))


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (
            "ClientError: (AccessDenied) when calling the ReceiveMessage operation",
            "worker-queue-denied",
        ),
        ("botocore.exceptions.NoCredentialsError: Unable to locate credentials", "worker-aws-credentials"),
    ],
)
def test_a_worker_that_ssm_does_not_reach_is_told_by_its_last_errors(line: str, cause: str) -> None:
    result = h.case(document=h.job("PENDING", age=400), logs=offline((h.line(line, 20),)), queue=h.queue(h.depth(1)))
    assert cause in {one.cause for one in h.findings(result) if one.status == "fail"}


def test_an_agent_that_has_lost_the_workers_credentials_too_is_a_symptom() -> None:
    lost = h.line("botocore.exceptions.NoCredentialsError: Unable to locate credentials", 5)
    offline = replace(h.NO_LOGS, online={"i-0": False}, pings={"i-0": "ConnectionLost"})
    waits = {"document": h.job("PENDING", age=1200), "queue": h.queue(h.depth(1))}
    told = h.verdict(h.case(**waits, logs=replace(offline, archive=archive(tail=(lost,), instance="i-0"))))
    assert (told.cause, "ssm-offline" in told.symptoms) == ("worker-aws-credentials", True)
    polls = archive(tail=(h.line("polling", 5),), instance="i-0")
    assert h.verdict(h.case(**waits, logs=replace(offline, archive=polls))).cause == "ssm-offline"


def test_later_work_disproves_them() -> None:
    lines = (
        h.line("NoCredentialsError: Unable to locate credentials", 60),
        h.line("SQS_MESSAGE_RECEIVED | job_id=b", 20),
    )
    result = h.case(document=h.job("PENDING", age=400), logs=offline(lines), queue=h.queue(h.depth(1)))
    assert "worker-aws-credentials" not in {one.cause for one in h.findings(result)}


def test_what_a_worker_that_is_gone_complained_of_is_no_fault_where_others_work() -> None:
    kept = archive(tail=(h.line("NoCredentialsError: Unable to locate credentials", 60),))
    result = case(kept, h.job("DONE", age=400))
    assert h.verdict(result).status == "healthy"
    assert "warn" not in {one.status for one in h.findings(result)}


def test_a_queue_that_a_worker_out_of_reach_works_on_is_consumed() -> None:
    works = offline((h.line("SQS_JOB_COMPLETED | job_id=other", 30),))
    result = h.case(document=h.job("PENDING", age=400), logs=works, queue=h.queue(h.depth(2), oldest_seconds=400.0))
    assert h.verdict(result).cause != "queue-not-consumed"


def test_a_log_group_that_may_not_be_read_is_named_and_hides_no_verdict() -> None:
    result = case(Unavailable("denied", "logs:FilterLogEvents", DENIED), h.job("FAILED", age=400, error_message="boom"))
    assert h.verdict(result).cause == "job-failed"
    assert "logs:FilterLogEvents" in {one.missing_permission for one in h.findings(result)}


# What CloudWatch Logs answers


Asked = Mapping[str, Any]


def cloudwatch(*answers: Callable[[Asked], Any]) -> tuple[Callable[[Handler], None], list[dict[str, Any]]]:
    """Answer each request with the first of ``answers`` that has something to say."""
    asked: list[dict[str, Any]] = []

    def answer(handler: Handler) -> None:
        asked.append(json.loads(handler.body))
        body: Any = next((said for one in answers if (said := one(asked[-1])) is not None), {"events": []})
        status = 400 if "__type" in body else 200
        respond(handler, status, json.dumps(body).encode(), **{"Content-Type": "application/x-amz-json-1.1"})

    return answer, asked


def event(text: str, seconds: float = 300, stream: str = STREAM) -> dict[str, Any]:
    at = int(h.ago(seconds).timestamp() * 1000)
    return {"timestamp": at, "message": text.format(job=h.JOB_ID), "logStreamName": stream, "eventId": text}


def read(*answers: Callable[[Asked], Any]) -> tuple[Archive | Unavailable, list[dict[str, Any]]]:
    answer, asked = cloudwatch(*answers)
    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as plain:
        this = replace(plain, job_id=h.JOB_ID)
        return cloudwatch_logs.of_job(this, Place(GROUP), h.NOW), asked


def test_a_jobs_lines_are_found_with_the_traceback_that_names_no_job() -> None:
    heading, trace = (
        event("EXCEL_PARSING failed job_id={job} : boom"),
        event("ModuleNotFoundError: No module named 'x'"),
    )
    found, asked = read(
        lambda one: {"events": [heading, trace]} if one.get("logStreamNames") == [STREAM] else None,
        lambda _: {"events": [heading]},
    )
    assert isinstance(found, Archive)
    assert [line.text for line in found.logs[GONE].of_job] == [
        heading["message"],
        trace["message"],
    ]
    assert asked[0]["filterPattern"] == f'"{h.JOB_ID}"'
    assert asked[0]["logGroupName"] == GROUP


def test_a_line_is_cut_where_no_secret_is_any_more() -> None:
    long = event("SQS_JOB_FAILED | job_id={job} | error=".ljust(960) + "AKIAIOSFODNN7EXAMPLE")
    found, _ = read(lambda _: {"events": [long]})
    assert isinstance(found, Archive)
    assert "AKIA" not in found.logs[GONE].of_job[0].text


def test_a_page_may_be_empty_and_not_be_the_last() -> None:
    found, asked = read(
        lambda one: {"events": [], "nextToken": "2"} if "nextToken" not in one else None,
        lambda _: {"events": [event("SQS_JOB_COMPLETED | job_id={job}")]},
    )
    assert isinstance(found, Archive)
    assert found.logs[GONE].of_job
    assert len(asked) == 2


def test_pages_without_end_are_left_and_that_is_said() -> None:
    found, asked = read(lambda one: {"events": [], "nextToken": "x" + one.get("nextToken", "")})
    assert isinstance(found, Archive)
    assert not found.complete
    assert len(asked) <= 60


def test_a_token_that_stays_the_same_is_the_end() -> None:
    _, asked = read(lambda _: {"events": [], "nextToken": "same"})
    assert len(asked) == 2 * 3


def test_an_older_job_is_looked_for_further_back() -> None:
    old = event("SQS_JOB_COMPLETED | job_id={job}", seconds=9 * 86400)
    found, asked = read(lambda one: {"events": [old]} if one["startTime"] <= old["timestamp"] else None)
    assert isinstance(found, Archive)
    assert list(found.logs) == [GONE]
    starts = [h.NOW - timedelta(milliseconds=h.NOW.timestamp() * 1000 - one["startTime"]) for one in asked]
    assert [(h.NOW - one).days for one in starts] == [0, 3, 30]


def test_another_job_whose_id_only_begins_alike_is_not_this_one() -> None:
    found, _ = read(lambda _: {"events": [event("SQS_JOB_COMPLETED | job_id={job}-2")]})
    assert found == Archive(GROUP, {})


def test_one_event_may_be_a_whole_traceback() -> None:
    joined = event("SQS_JOB_FAILED | job_id={job} | error=x\r\nTraceback (most recent call last)\nKeyError: 'x'")
    found, _ = read(lambda _: {"events": [joined]})
    assert isinstance(found, Archive)
    assert [line.text for line in found.logs[GONE].of_job][1:] == [
        "Traceback (most recent call last)",
        "KeyError: 'x'",
    ]


@pytest.mark.parametrize(
    ("body", "reason", "tried"),
    [
        (
            {"__type": "ResourceNotFoundException", "message": "It does not exist."},
            "not-found",
            GROUP,
        ),
        ({"__type": "AccessDeniedException", "message": DENIED}, "denied", "logs:FilterLogEvents"),
        ({"__type": "ThrottlingException", "message": "Rate exceeded"}, "throttled", "logs:FilterLogEvents"),
        (
            {"events": [{"timestamp": 9e18, "message": "x", "logStreamName": "x"}]},
            "unexpected-answer",
            "logs:FilterLogEvents",
        ),
        ({"events": [{"message": "x"}]}, "unexpected-answer", "logs:FilterLogEvents"),
    ],
)
def test_what_can_t_be_read_says_why(body: dict[str, Any], reason: str, tried: str) -> None:
    found, _ = read(lambda _: body)
    assert isinstance(found, Unavailable)
    assert (found.reason, found.tried) == (reason, tried)


def test_a_second_page_that_fails_costs_only_itself() -> None:
    done = event("SQS_JOB_COMPLETED | job_id={job}")
    found, _ = read(
        lambda one: None if "nextToken" in one else {"events": [done], "nextToken": "2"},
        lambda _: {"__type": "ThrottlingException", "message": "Rate exceeded"},
    )
    assert isinstance(found, Archive)
    assert (list(found.logs), found.complete) == ([GONE], False)


@pytest.mark.parametrize(
    ("stream", "instance"),
    [
        (STREAM, GONE),
        ("academy-tools-worker/i-0abcdef0", "i-0abcdef0"),
        ("e3b0c44298fc1c149afbf4c8996fb924", "e3b0c44298fc1c149afbf4c8996fb924"),
    ],
)
def test_a_stream_names_its_instance(stream: str, instance: str) -> None:
    assert cloudwatch_logs.instance_of(stream) == instance


def test_what_the_hosts_have_told_is_not_told_again() -> None:
    answer, _ = cloudwatch(lambda _: {"events": [event("a line", 30, "academy-ai-worker-cpu/i-0")]})
    result = h.logs(h.container(of_job=(TAKEN,)))
    with server(answer) as (url, _log), target(AWS_ENDPOINT_URL=url) as plain:
        this = replace(plain, job_id=h.JOB_ID)
        found = cloudwatch_logs.read_rest(this, Place(GROUP), h.NOW, result, ["i-0"], archive((TAKEN,), instance="i-0"))
    assert found == Archive(GROUP, {})


def test_of_a_worker_whose_own_log_can_t_be_read_the_last_lines_are_looked_for() -> None:
    answer, asked = cloudwatch(lambda _: {"events": [event("a line", 30, "academy-ai-worker-cpu/i-0123456")]})
    with server(answer) as (url, _log), target(AWS_ENDPOINT_URL=url) as this:
        found = cloudwatch_logs.read_rest(this, Place(GROUP), h.NOW, h.NO_LOGS, ["i-0123456"], NOT_ASKED)
    assert isinstance(found, Archive)
    assert [line.text for line in found.logs["i-0123456"].tail] == ["a line"]
    assert asked[0]["logStreamNamePrefix"] == "academy-ai-worker-cpu/"


def test_logs_prints_what_a_worker_wrote_that_is_gone() -> None:
    answer, _ = cloudwatch(lambda _: {"events": [event("SQS_JOB_COMPLETED | job_id={job}")]})
    with (
        server(answer) as (url, _log),
        target(AWS_ENDPOINT_URL=url, AI_WORKER_LOG_GROUP=GROUP, job_id=h.JOB_ID) as this,
    ):
        found = worker_logs.CloudWatchLogs().read(this, [], 600)
    log = found[GONE]
    assert isinstance(log, worker_logs.InstanceLog)
    assert [line.text for line in log.lines] == [f"SQS_JOB_COMPLETED | job_id={h.JOB_ID}"]


def test_without_a_log_group_and_without_a_container_that_tells_nothing_is_read() -> None:
    none = "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups/>"
    none += "</DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>"
    asked: list[bytes] = []

    def answer(handler: Handler) -> None:
        asked.append(handler.body)
        respond(handler, 200, none.encode(), **{"Content-Type": "text/xml"})

    source = worker_logs.CloudWatchLogs()
    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        assert source.read(this, ["i-0"], 600) == {}
        assert source.read(this, ["i-0"], 600) == {}
    assert len(asked) == 1


def test_a_group_may_be_given_by_its_arn() -> None:
    given = f"arn:aws:logs:ap-northeast-2:1:log-group:{GROUP}:*"
    with target(AI_WORKER_LOG_GROUP=given) as this:
        assert this.settings.log_group == GROUP


@pytest.mark.parametrize(
    ("group", "place"),
    [
        (GROUP, Place(GROUP)),
        (f"arn:aws:logs:ap-northeast-2:1:log-group:{GROUP}:*", Place(GROUP)),
        (f"arn:aws:logs:us-east-1:1:log-group:{GROUP}", Place(GROUP, "us-east-1")),
        (f"arn:aws-cn:logs:cn-north-1:1:log-group:{GROUP}:*", Place(GROUP, "cn-north-1")),
    ],
)
def test_an_arn_also_names_the_groups_region(group: str, place: Place) -> None:
    with target(AI_WORKER_LOG_GROUP=group) as this:
        assert cloudwatch_logs.configured(this.settings) == place


def writing(*drivers: LogDriver) -> LogsFacts:
    hosts = tuple(host for one in drivers for host in h.logs(h.container(log_driver=one)).hosts)
    return replace(h.logs(), hosts=hosts)


@pytest.mark.parametrize(
    ("drivers", "places"),
    [
        ([LogDriver("awslogs", GROUP, "ap-northeast-2")], (Place(GROUP),)),
        ([LogDriver("awslogs", GROUP)], (Place(GROUP),)),
        ([LogDriver("awslogs", GROUP, "us-east-1")] * 2, (Place(GROUP, "us-east-1"),)),
        (
            [LogDriver("awslogs", "/a", "us-gov-west-1"), LogDriver("awslogs", "/b")],
            (Place("/a", "us-gov-west-1"), Place("/b")),
        ),
        ([LogDriver("awslogs", GROUP, "evil.example/x")], (Place(GROUP),)),
        ([LogDriver("json-file"), LogDriver("journald")], ()),
    ],
)
def test_a_container_tells_where_its_log_is_kept(drivers: list[LogDriver], places: tuple[Place, ...]) -> None:
    with target() as this:
        assert cloudwatch_logs.places_of(this.settings, writing(*drivers)) == places


def test_a_group_in_another_region_is_asked_there() -> None:
    answer, asked = cloudwatch(lambda _: {"events": [event("SQS_JOB_COMPLETED | job_id={job}")]})
    with server(answer) as (url, seen), target(AWS_ENDPOINT_URL=url) as plain:
        found = cloudwatch_logs.of_job(replace(plain, job_id=h.JOB_ID), Place(GROUP, "eu-west-3"), h.NOW)
    assert isinstance(found, Archive)
    assert (found.group, found.region, set(found.logs)) == (GROUP, "eu-west-3", {GONE})
    assert all("/eu-west-3/logs/" in one["authorization"] for one in seen)
    assert {one["logGroupName"] for one in asked} == {GROUP}


def test_what_is_kept_in_two_places_is_read_as_one_and_what_could_not_be_read_is_no_end() -> None:
    other = replace(archive((FAILED,), instance="i-0123456"), group="/other")
    both = cloudwatch_logs.merged((other, archive((TAKEN,))))
    assert isinstance(both, Archive)
    assert (both.group, set(both.logs), both.complete) == ("/other", {GONE, "i-0123456"}, True)
    denied = Unavailable("denied", "logs:FilterLogEvents")
    half = cloudwatch_logs.merged((denied, archive((TAKEN,))))
    assert isinstance(half, Archive)
    assert (half.group, half.complete) == (GROUP, False)
    assert cloudwatch_logs.merged((denied, denied)) == denied


def test_a_group_other_than_the_one_that_is_set_is_said() -> None:
    facts = replace(h.logs(), archive=Archive("/other", {}, region="us-east-1", instead_of=GROUP))
    texts = [str(one.summary) for one in h.findings(h.case(logs=facts)) if one.check == "logs"]
    assert any("/other (us-east-1)" in one and GROUP in one for one in texts)
    same = replace(h.logs(), archive=Archive(GROUP, {}))
    assert not any(GROUP in str(one.summary) for one in h.findings(h.case(logs=same)) if one.check == "logs")


def refusing(code: str, words: str) -> Callable[[Handler], None]:
    return lambda handler: respond(handler, 400, json.dumps({"__type": code, "message": words}).encode())


CLASS = (
    "The log group /academy/ai-worker is of log-group-class INFREQUENT_ACCESS. "
    "FilterLogEvents is not supported for this log class."
)
NO_KEY = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are "
    "not allowed to access."
)
MAY_NOT = "User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:ap-northeast-2:1:key/abc because"


@pytest.mark.parametrize(
    ("code", "words", "reason", "tried"),
    [
        ("InvalidOperationException", CLASS, "log-class", GROUP),
        ("AccessDeniedException", NO_KEY, "log-key", GROUP),
        ("KMSDisabledException", "arn:aws:kms:ap-northeast-2:1:key/abc is disabled.", "log-key", GROUP),
        ("InvalidOperationException", "The KMS key is pending deletion.", "log-key", GROUP),
        ("AccessDeniedException", MAY_NOT, "denied", "kms:Decrypt"),
        ("AccessDeniedException", DENIED, "denied", "logs:FilterLogEvents"),
        ("ResourceNotFoundException", "The specified log group does not exist.", "not-found", GROUP),
        ("InvalidParameterException", "Invalid filter pattern", "unexpected-answer", "logs:FilterLogEvents"),
    ],
)
def test_why_a_group_can_not_be_read_is_told(code: str, words: str, reason: str, tried: str) -> None:
    with server(refusing(code, words)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        found = cloudwatch_logs.recent(this, Place(GROUP), h.NOW)
    assert isinstance(found, Unavailable)
    assert (found.reason, found.tried) == (reason, tried)
    (shown,) = [one for one in h.findings(case(found, h.job("DONE"))) if one.check == "logs" and one.status != "ok"]
    assert shown.status == "unknown"
    assert words in str(shown.because)
    if reason.startswith("log-"):
        (remedy,) = shown.remedies
        assert f"--log-group-name-prefix {GROUP}" in str(remedy.command)
    assert h.verdict(case(found, h.job("DONE"))).status == "healthy"


@pytest.mark.parametrize(
    ("stream", "instance"),
    [
        (GONE, GONE),
        (f"blue/{GONE}/worker", GONE),
        (f"{'0' * 12}academy-ai-worker-cpu", f"{'0' * 12}academy-ai-worker-cpu"),
        # Another service's, in a group that many share.
        ("web/0123456789ab", None),
    ],
)
def test_streams_that_are_named_otherwise_are_found(stream: str, instance: str | None) -> None:
    def answer(handler: Handler) -> None:
        prefix = json.loads(handler.body).get("logStreamNamePrefix", "")
        event = {"timestamp": int(h.NOW.timestamp() * 1000), "message": "hello", "logStreamName": stream}
        respond(handler, 200, json.dumps({"events": [event] if stream.startswith(prefix) else []}).encode())

    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        found = cloudwatch_logs.recent(this, Place(GROUP), h.NOW)
    assert isinstance(found, Archive)
    assert set(found.logs) == ({instance} if instance else set())


@pytest.mark.parametrize("document", [h.job("FAILED", age=40 * 86400, updated=40 * 86400), h.job("DONE", age=400)])
def test_a_group_that_holds_nothing_any_more_says_nothing(document: Any) -> None:
    empty = case(Archive(GROUP, {}), document)
    without = h.case(document=document)
    assert h.verdict(empty) == h.verdict(without)
    assert [one.summary for one in h.findings(empty)] == [one.summary for one in h.findings(without)]
