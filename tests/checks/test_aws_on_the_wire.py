"""What AWS really answers, byte for byte, where no local system can give that answer."""

import json
import ssl
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from botocore.exceptions import ClientError
from botocore.model import StructureShape
from botocore.parsers import QueryParser

from academy_ops.diagnosis.records import Unavailable
from academy_ops.outside.failures import aws_reason, queue_missing
from academy_ops.remedies import queues
from academy_ops.remedies.refusal import RemedyError
from checks import access, logs, queue, queue_attributes, worker_group, workers
from checks.group_facts import Group, WorkersFacts
from checks.host_facts import LogsFacts, Parameter
from tests.checks.on_the_wire import (
    KEYS,
    STS_ERROR,
    STS_IDENTITY,
    asked_sts,
    empty_case,
    json_error,
    target,
)
from tests.wire import Handler, dripping, respond, server

EXPIRED = "Signature expired: 20261122T000000Z is now earlier than 20261122T001500Z (20261122T002000Z - 5 min.)"


@pytest.mark.parametrize(
    ("status", "code", "message", "cause"),
    [
        (403, "InvalidClientTokenId", "The security token included in the request is invalid.", "credentials-invalid"),
        (403, "ExpiredToken", "The security token included in the request is expired", "credentials-invalid"),
        (403, "OptInRequired", "The AWS Access Key Id needs a subscription for the service", "credentials-invalid"),
        (400, "InvalidToken", "The provided token is malformed or otherwise invalid.", "credentials-invalid"),
        (403, "SignatureDoesNotMatch", "The request signature we calculated does not match", "credentials-invalid"),
        (403, "SignatureDoesNotMatch", EXPIRED, "clock-skew"),
        (403, "SignatureDoesNotMatch", EXPIRED.replace("expired", "not yet current"), "clock-skew"),
        (403, "RequestTimeTooSkewed", "The difference between the request time and the current time", "clock-skew"),
    ],
)
def test_what_sts_refuses_is_told_apart(status: int, code: str, message: str, cause: str) -> None:
    finding = asked_sts(status, STS_ERROR.format(code, message))
    assert (finding.status, (finding.cause or "").removeprefix("aws-")) == ("fail", cause)
    assert message.split(":", maxsplit=1)[0] in str(finding.evidence["detail"])
    assert finding.reason == {"OptInRequired": "account", "ExpiredToken": "expired"}.get(code)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, STS_ERROR.format("Throttling", "Rate exceeded"), "throttled"),
        (500, STS_ERROR.format("InternalFailure", "?"), "server-error"),
        (503, "<html>upstream", "server-error"),
        (200, "<html>a captive portal</html", "unexpected-answer"),
        (200, STS_IDENTITY.format("1").replace("Arn>", "Name>"), "unexpected-answer"),
    ],
)
def test_an_answer_of_sts_that_tells_nothing_of_us_is_unknown(status: int, body: str, reason: str) -> None:
    finding = asked_sts(status, body)
    assert (finding.status, finding.evidence["reason"]) == ("unknown", reason)


def test_another_account_than_the_academys_is_told() -> None:
    finding = asked_sts(200, STS_IDENTITY.format("210987654321"), ACADEMY_AWS_ACCOUNT_ID="123456789012")
    assert (finding.cause, finding.reason) == ("aws-wrong-account", None)
    assert finding.evidence["account"] == "210987654321"


def test_an_account_that_is_no_number_is_told_as_that() -> None:
    finding = asked_sts(200, STS_IDENTITY.format("210987654321"), ACADEMY_AWS_ACCOUNT_ID="academy-prod")
    assert (finding.cause, finding.reason) == ("aws-wrong-account", "not-an-account")


def test_an_sso_session_that_has_expired_is_renewed_for_its_profile(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile ops]\nsso_session = school\nsso_account_id = 123456789012\nsso_role_name = ops\n"
        "[sso-session school]\nsso_region = ap-northeast-2\nsso_start_url = https://school.awsapps.com/start\n",
        "utf-8",
    )
    no_keys = dict.fromkeys(KEYS, "")
    with target(AWS_CONFIG_FILE=str(config), AWS_PROFILE="ops", HOME=str(tmp_path), **no_keys) as this:
        facts = access.observe(this, empty_case())
    (finding,) = access.judge(replace(empty_case(), access=facts))
    assert finding.cause == "aws-credentials-invalid"
    assert finding.remedies[0].command == "aws sso login --profile ops"


def test_where_keys_were_rejected_no_session_is_renewed() -> None:
    finding = asked_sts(403, STS_ERROR.format("InvalidClientTokenId", "The security token is invalid."))
    assert finding.evidence["credentials"] == "env"
    assert [remedy.command for remedy in finding.remedies] == ["academy-ops config"]


@pytest.mark.parametrize("process", ["echo not JSON", "echo []", "echo '{\"Version\": 1}'", "no-such-program"])
def test_a_credential_process_that_gives_none_is_a_fault_of_the_credentials(process: str, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {process}\n", "utf-8")
    no_keys = dict.fromkeys(KEYS, "")
    with target(AWS_CONFIG_FILE=str(config), HOME=str(tmp_path), **no_keys) as this:
        facts = access.observe(this, empty_case())
    assert [one.cause for one in access.judge(replace(empty_case(), access=facts))] == ["aws-credentials-invalid"]


@pytest.mark.parametrize("trusted", [True, False])
def test_aws_is_trusted_by_the_bundle_that_every_sdk_reads(trusted: bool, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    identity = STS_IDENTITY.format("123456789012").encode()
    environ = {"AWS_CA_BUNDLE": str(bundle)} if trusted else {}
    with (
        server(lambda handler: respond(handler, 200, identity), tls=context) as (url, _),
        target(AWS_ENDPOINT_URL=url, **environ) as this,
    ):
        account = access.observe(this, empty_case()).account
    assert account == "123456789012" if trusted else isinstance(account, Unavailable) and account.reason == "tls"


def test_aws_is_asked_through_the_proxy_of_the_environment_unless_it_is_excepted() -> None:
    identity = STS_IDENTITY.format("123456789012").encode()
    with server(lambda handler: respond(handler, 200, identity)) as (proxy, seen):
        elsewhere = {"AWS_ENDPOINT_URL": "http://aws.invalid", "HTTP_PROXY": proxy, "http_proxy": proxy}
        with target(**elsewhere, no_proxy="", NO_PROXY="") as this:
            through = access.observe(this, empty_case()).account
        with target(**elsewhere, no_proxy="aws.invalid", NO_PROXY="aws.invalid") as this:
            past = access.observe(this, empty_case()).account
    assert [one["host"] for one in seen] == ["aws.invalid"]
    assert through == "123456789012"
    assert isinstance(past, Unavailable)
    assert past.reason == "dns"


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        pytest.param([503, 200], 2, id="a server error is asked again"),
        pytest.param([503, 503, 200], 2, id="once"),
        pytest.param([403], 1, id="a refusal is not"),
    ],
)
def test_how_often_aws_is_asked(answers: list[int], asked: int) -> None:
    left = iter(answers)
    identity = STS_IDENTITY.format("123456789012").encode()
    with (
        server(lambda handler: respond(handler, next(left), identity)) as (url, seen),
        target(AWS_ENDPOINT_URL=url) as this,
    ):
        access.observe(this, empty_case())
    assert len(seen) == asked


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_an_aws_that_can_not_be_reached_is_told(url: str) -> None:
    with target(AWS_ENDPOINT_URL=url) as this:
        facts = access.observe(this, empty_case())
    assert [finding.cause for finding in access.judge(replace(empty_case(), access=facts))] == ["aws-unreachable"]


def parameter_of(answer: Any) -> Parameter | Unavailable | None:
    nobody = WorkersFacts(Group(0, 0, 20, (), ()), (), (), None)
    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        facts = logs.observe(this, replace(empty_case(), workers=nobody))
    assert isinstance(facts, LogsFacts)
    return facts.parameter


def test_where_aws_names_the_action_that_it_denies_that_one_is_told() -> None:
    message = "User: arn:aws:iam::1:user/ops is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x"
    result = parameter_of(json_error(400, "AccessDeniedException", message))
    assert isinstance(result, Unavailable)
    assert (result.reason, result.tried) == ("denied", "kms:Decrypt")


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        ("ThrottlingException", "Rate exceeded", "throttled"),
        ("InvalidSignatureException", EXPIRED, "clock-skew"),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            "credentials-invalid",
        ),
        ("ExpiredTokenException", "The security token included in the request is expired", "credentials-invalid"),
    ],
)
def test_what_a_service_that_speaks_json_refuses_is_unknown_and_says_why(code: str, message: str, reason: str) -> None:
    result = parameter_of(json_error(400, code, message))
    assert isinstance(result, Unavailable)
    assert result.reason == reason


def test_half_an_answer_is_unknown() -> None:
    result = parameter_of(lambda handler: respond(handler, 200, b'{"Parameter": {"Val'))
    assert isinstance(result, Unavailable)


def test_a_throttled_group_is_unknown_and_names_what_was_asked() -> None:
    body = STS_ERROR.format("Throttling", "Rate exceeded").encode()
    with server(lambda handler: respond(handler, 400, body)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        facts = workers.observe(this, empty_case())
    (finding,) = workers.judge(replace(empty_case(), workers=facts))
    assert (finding.status, finding.evidence["tried"]) == ("unknown", "autoscaling:DescribeAutoScalingGroups")


GROUP = (
    "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>"
    "<AutoScalingGroupName>workers</AutoScalingGroupName><MinSize>0</MinSize><MaxSize>20</MaxSize>"
    "<DesiredCapacity>3</DesiredCapacity></member></AutoScalingGroups></DescribeAutoScalingGroupsResult>"
    "</DescribeAutoScalingGroupsResponse>"
)


@pytest.mark.parametrize("deleting", [False, True])
def test_a_group_that_is_being_deleted_says_so(deleting: bool) -> None:
    said = "<Status>Delete in progress</Status></member>" if deleting else "</member>"
    body = GROUP.replace("</member>", said).encode()
    with server(lambda handler: respond(handler, 200, body)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        group = worker_group.read_group(this)
    assert isinstance(group, Group)
    assert group.deleting is deleting


def test_an_autoscaler_that_answers_late_costs_its_own_fact_and_the_group_is_kept() -> None:
    slowly = dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" ")

    def answer(handler: Handler) -> None:
        if "/functions/" in handler.path:
            slowly(handler)
        else:
            respond(handler, 200, GROUP.encode())

    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        for service in ("autoscaling", "ec2", "lambda"):
            this.connect.aws(service)  # a client is slow to make
        facts = workers.observe(replace(this, ends_at=time.monotonic() + 7), empty_case())
    assert isinstance(facts.group, Group)
    assert facts.group.desired == 3
    assert facts.autoscaler == Unavailable("deadline", "lambda:GetFunctionConfiguration")


@pytest.mark.parametrize("attributes", [{}, {"QueueArn": "arn:x"}, {"ApproximateNumberOfMessages": "many"}])
def test_half_an_answer_is_not_an_empty_queue(attributes: dict[str, str]) -> None:
    whole = {
        "QueueArn": "arn:aws:sqs:ap-northeast-2:1:jobs",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
    }
    result = {**whole, **attributes} if "many" in attributes.values() else attributes
    body = json.dumps({"QueueUrl": "http://127.0.0.1/jobs", "Attributes": result}).encode()
    with server(lambda handler: respond(handler, 200, body)) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        depth = queue_attributes.depth(this, "jobs")
    assert isinstance(depth, Unavailable)
    assert (depth.reason, depth.tried) == ("unexpected-answer", "sqs:GetQueueAttributes")


def test_a_queue_that_another_owner_denies_names_the_action_that_was_called() -> None:
    def answer(handler: Handler) -> None:
        json_error(403, "com.amazonaws.sqs#AccessDenied", "Access to the resource is denied.")(handler)

    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        facts = queue.observe(this, empty_case(), queue.look(this))
    finding = next(iter(queue.judge(replace(empty_case(), queue=facts))))
    assert (finding.status, finding.missing_permission) == ("unknown", "sqs:GetQueueUrl")


SQS_QUERY = (
    '<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type>'
    "<Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>{}</Message><Detail/></Error>"
    "<RequestId>1</RequestId></ErrorResponse>"
)
OR_NO_ACCESS = "The specified queue does not exist or you do not have access to it."


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("The specified queue does not exist.", "fail"),
        ("The specified queue does not exist for this wsdl version.", "fail"),
        (OR_NO_ACCESS, "unknown"),
        ("The specified queue doesn't exist or you don't have access to it.", "unknown"),
        ("The specified queue does not exist, or you are not authorized to see it.", "unknown"),
    ],
)
@pytest.mark.parametrize("compatible", [True, False])
def test_a_queue_is_missing_only_where_sqs_says_so_plainly(words: str, status: str, *, compatible: bool) -> None:
    query = {"x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"} if compatible else {}

    def answer(handler: Handler) -> None:
        body = json.dumps({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": words}).encode()
        respond(handler, 400, body, **{"Content-Type": "application/x-amz-json-1.0", **query})

    with server(answer) as (url, _), target(AWS_ENDPOINT_URL=url) as this:
        facts = queue.observe(this, empty_case(), queue.look(this))
        with pytest.raises(RemedyError) if status == "unknown" else nullcontext():
            assert queues.look(this).missing == ("academy-ai-jobs-basic-dlq", "academy-ai-jobs-basic")
    result = [finding for finding in queue.judge(replace(empty_case(), queue=facts)) if finding.status != "ok"]
    assert [
        (one.status, one.cause, one.missing_permission) for one in result if "dead-letter" not in str(one.summary)
    ] == [("fail", "queue-missing", None) if status == "fail" else ("unknown", None, "sqs:GetQueueUrl")]


@pytest.mark.parametrize(("words", "missing"), [("The specified queue does not exist.", True), (OR_NO_ACCESS, False)])
def test_the_words_count_in_the_older_protocol_too(words: str, *, missing: bool) -> None:
    """Older versions of botocore speak it; its parser makes the same error of it."""
    shape = StructureShape("Nothing", {"type": "structure", "members": {}})
    parsed = QueryParser().parse({"body": SQS_QUERY.format(words).encode(), "headers": {}, "status_code": 400}, shape)
    error = ClientError(parsed, "GetQueueUrl")
    assert queue_missing(error) is missing
    assert aws_reason(error) == ("unexpected-answer" if missing else "denied")
