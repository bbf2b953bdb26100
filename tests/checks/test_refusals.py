"""Why AWS refuses a worker, and whose queue it asks: each reason with the words and states that show it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from academy_ops.diagnosis.records import Finding, Verdict
from academy_ops.settings import load
from checks import Case
from checks.group_facts import WorkersFacts
from checks.host_facts import Environment, Parameter
from checks.worker_report import compare, digests_of
from tests.checks import facts_factory as h

WAITING: Mapping[str, Any] = {"document": h.job("PENDING", age=1200), "queue": h.queue(h.depth(1, 0))}
SALT = "0" * 32
NONE_FOUND = "botocore.exceptions.NoCredentialsError: Unable to locate credentials"
EXPIRED = "An error occurred (ExpiredToken) when calling the ReceiveMessage operation: The security token is expired"
INVALID = "ClientError: (InvalidClientTokenId) when calling the ReceiveMessage operation: The security token is invalid"
SKEWED = "(RequestTimeTooSkewed) when calling the GetObject operation: The difference between the request time and the"
LATE = (
    "botocore.exceptions.ClientError: An error occurred (SignatureDoesNotMatch) when calling the ReceiveMessage "
    "operation: Signature expired: 20261122T013000Z is now earlier than 20261122T014500Z (20261122T015000Z - 5 min.)"
)
ROLE = "arn:aws:sts::123456789012:assumed-role/academy-ai-worker/i-0123456789abcdef0"
QUEUE = "arn:aws:sqs:ap-northeast-2:123456789012:academy-ai-jobs-basic"
KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
RECEIVE = f"User: {ROLE} is not authorized to perform: sqs:receivemessage on resource: {QUEUE} "
DECRYPT = f"User: {ROLE} is not authorized to perform: kms:Decrypt on resource: {KEY} "
OF_KMS = "(Service: AWSKMS; Status Code: 400; Error Code: {}; Request ID: 1; Proxy: null)"


def workers(**changes: Any) -> WorkersFacts:
    well: dict[str, Any] = {"role": True, "metadata": "required", "hop_limit": 2}
    known = h.workers()
    assert isinstance(known.machines, tuple)
    return replace(known, machines=tuple(replace(one, **{**well, **changes}) for one in known.machines))


def says(text: str, machine: Mapping[str, Any] | None = None, **changes: Any) -> Case:
    inside = h.container(tail=(h.line(text, 20),), **changes)
    return h.case(**WAITING, workers=workers(**(machine or {})), logs=h.logs(inside, parameter=inside.environment))


def refused(code: str, text: str) -> Case:
    return says(f"ERROR poll botocore.exceptions.ClientError: An error occurred ({code}) when calling the "
                f"ReceiveMessage operation: {text}")  # fmt: skip


def told(case: Case) -> tuple[str | None, str | None]:
    verdict = h.verdict(case)
    return verdict.cause, verdict.reason


@pytest.mark.parametrize(
    ("text", "machine", "changes", "reason"),
    [
        (NONE_FOUND, {"hop_limit": 1}, {}, "hop-limit"),
        (NONE_FOUND, {"hop_limit": 1}, {"network": "bridge"}, "hop-limit"),
        ("CredentialRetrievalError: Error when retrieving from iam-role", {"hop_limit": 1}, {}, "hop-limit"),
        (NONE_FOUND, {"role": False, "hop_limit": 1}, {}, "no-role"),
        (NONE_FOUND, {"metadata": "disabled"}, {}, "metadata-off"),
        (EXPIRED, {}, {"environment": replace(h.SAME, static_keys=True)}, "static-keys"),
        (INVALID, {}, {"environment": replace(h.SAME, static_keys=True)}, "static-keys"),
        (LATE, {}, {}, "clock"),
        (LATE.replace("expired", "not yet current"), {"hop_limit": 1}, {}, "clock"),
        (SKEWED, {}, {}, "clock"),
        (LATE, {}, {"environment": replace(h.SAME, static_keys=True)}, "clock"),
        # Nothing tells why: the container is on the host's network, any token will do, or all is as it should be.
        (NONE_FOUND, {"hop_limit": 1}, {"network": "host"}, None),
        (NONE_FOUND, {"hop_limit": 1, "metadata": "optional"}, {}, None),
        (NONE_FOUND, {}, {}, None),
        (NONE_FOUND, {"role": None, "metadata": "", "hop_limit": None}, {}, None),
        (EXPIRED, {"role": False}, {}, None),
    ],
)  # fmt: skip
def test_why_a_worker_has_no_credentials(
    text: str, machine: dict[str, Any], changes: dict[str, Any], reason: str | None
) -> None:
    assert told(says(text, machine, **changes)) == ("worker-aws-credentials", reason)


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        ("AccessDenied", RECEIVE + "because no identity-based policy allows the sqs:receivemessage action",
         "identity-policy"),
        ("AccessDenied", RECEIVE + "with an explicit deny in an identity-based policy", "identity-policy"),
        ("AccessDenied", RECEIVE + "because no permissions boundary allows the sqs:receivemessage action",
         "identity-policy"),
        ("AccessDenied", RECEIVE + "because no session policy allows the sqs:receivemessage action", "identity-policy"),
        ("KMS.AccessDeniedException", DECRYPT + "because no identity-based policy allows the kms:Decrypt action",
         "identity-policy"),
        ("AccessDenied", RECEIVE + "with an explicit deny in a resource-based policy", "queue-policy"),
        ("AccessDenied", RECEIVE + "because no resource-based policy allows the sqs:receivemessage action",
         "queue-policy"),
        ("KMS.AccessDeniedException", DECRYPT + "because no resource-based policy allows the kms:Decrypt action",
         "key-policy"),
        ("KMS.AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not "
         "exist in this region, or you are not allowed to access. " + OF_KMS.format("AccessDeniedException"),
         "key-policy"),
        ("KmsAccessDenied", DECRYPT + "with an explicit deny in a resource-based policy", "key-policy"),
        ("KMS.DisabledException", f"{KEY} is disabled. " + OF_KMS.format("DisabledException"), "key-disabled"),
        ("KMS.InvalidStateException", f"{KEY} is pending deletion. " + OF_KMS.format("KMSInvalidStateException"),
         "key-disabled"),
        ("KmsInvalidState", f"{KEY} is pending replica deletion.", "key-disabled"),
        ("KMS.NotFoundException", f"Key '{KEY}' does not exist", "key-missing"),
        ("AccessDenied", RECEIVE + "because no VPC endpoint policy allows the sqs:receivemessage action",
         "endpoint-policy"),
        ("AccessDenied", RECEIVE + "with an explicit deny in a VPC endpoint policy", "endpoint-policy"),
        ("AccessDenied", RECEIVE + "with an explicit deny in a service control policy: "
         "arn:aws:organizations::123456789012:policy/o-1/service_control_policy/p-1", "organization"),
        ("AccessDenied", RECEIVE + "because no service control policy allows the sqs:receivemessage action",
         "organization"),
        ("AccessDenied", RECEIVE + "with an explicit deny in a resource control policy", "organization"),
        ("AccessDenied", "Access to the resource https://sqs.ap-northeast-2.amazonaws.com/ is denied.", None),
    ],
)  # fmt: skip
def test_who_denies_a_worker_its_queue(code: str, text: str, reason: str | None) -> None:
    assert told(refused(code, text)) == ("worker-queue-denied", reason)


def test_a_denial_that_a_received_job_has_followed_is_none() -> None:
    later = (h.line(RECEIVE + "with an explicit deny in a resource-based policy", 60), h.line("SQS_JOB_COMPLETED", 30))
    case = h.case(**{**WAITING, "queue": h.queue(h.depth(0, 1))}, logs=h.logs(h.container(tail=later)))
    assert h.verdict(case).status == "in-progress"


@pytest.mark.parametrize(
    ("code", "text", "wanted"),
    [
        ("KMS.DisabledException", f"{KEY} is disabled.", [f"enable-key --region ap-northeast-2 --key-id {KEY[-36:]}"]),
        ("KMS.InvalidStateException", f"{KEY} is pending deletion.", ["cancel-key-deletion", KEY[-36:]]),
        ("AccessDenied", RECEIVE + "with an explicit deny in a VPC endpoint policy", [".sqs ", "--reset-policy"]),
        ("KMS.AccessDeniedException", DECRYPT + "with an explicit deny in a VPC endpoint policy", [".kms "]),
        ("AccessDenied", RECEIVE + "with an explicit deny in a resource-based policy", ["queue-policy.json"]),
        ("KMS.AccessDeniedException", DECRYPT + "with an explicit deny in a resource-based policy",
         ["kms put-key-policy"]),
    ],
)  # fmt: skip
def test_each_denial_has_its_own_cure(code: str, text: str, wanted: list[str]) -> None:
    commands = shown(h.verdict(refused(code, text)))
    assert all(words in commands for words in wanted)
    assert ("enable-key" in commands) == ("DisabledException" in code or "InvalidState" in code)
    assert ("cancel-key-deletion" in commands) == ("InvalidState" in code)


def shown(told_of: Verdict | Finding) -> str:
    return "\n".join(str(remedy.command) for remedy in told_of.remedies)


def test_two_workers_that_are_refused_for_unlike_reasons_have_a_cure_each() -> None:
    one, two = h.logs(h.container(tail=(h.line(LATE),))), h.logs(h.container(tail=(h.line(NONE_FOUND),)))
    machines = tuple(replace(machine, role=machine.instance_id == "i-0") for machine in h.machines(h.group(2)))
    both = replace(
        one,
        online={"i-0": True, "i-1": True},
        hosts=(*one.hosts, replace(two.hosts[0], instance_id="i-1")),
        logs={"i-0": one.logs["i-0"], "i-1": two.logs["i-0"]},
    )
    case = h.case(**WAITING, workers=replace(h.workers(h.group(2)), machines=machines), logs=both)
    found = [one.reason for one in h.findings(case) if one.cause == "worker-aws-credentials"]
    assert found == ["clock", "no-role"]


def environment(values: Mapping[str, str], **environ: str) -> Environment:
    required = {"R2_ENDPOINT": "https://a.r2.example", "R2_ACCESS_KEY": "k", "R2_SECRET_KEY": "s"}
    settings = load(environ={**required, **environ}, default_env_file=None)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"):
            patch.delenv(name, raising=False)
            if name in environ:
                patch.setenv(name, environ[name])
        return compare(digests_of({**required, **values}, SALT), SALT, settings)


def with_environment(own: Environment) -> Case:
    return h.case(**WAITING, logs=h.logs(h.container(environment=own), parameter=own))


@pytest.mark.parametrize(
    ("values", "api", "reason"),
    [
        ({"AWS_DEFAULT_REGION": "us-east-1"}, {}, "region"),
        ({"AWS_REGION": "ap-northeast-1"}, {}, "region"),
        ({"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "ap-northeast-2"}, {}, "region"),
        ({"AWS_DEFAULT_REGION": "ap-northeast-2"}, {"AWS_REGION": "ap-northeast-1"}, "region"),
        ({"AWS_ENDPOINT_URL": "http://localstack:4566"}, {}, "endpoint"),
        ({"AWS_ENDPOINT_URL_SQS": "https://sqs.us-east-1.amazonaws.com"}, {}, "endpoint"),
        ({"AWS_ENDPOINT_URL": "http://a:4566"}, {"AWS_ENDPOINT_URL": "http://b:4566"}, "endpoint"),
    ],
)  # fmt: skip
def test_a_worker_of_another_region_or_aws_asks_another_queue(
    values: dict[str, str], api: dict[str, str], reason: str
) -> None:
    case = with_environment(environment(values, **api))
    assert told(case) == ("worker-queue-mismatch", reason)
    assert "put-parameter" in shown(h.verdict(case)) or "worker-env" in shown(h.verdict(case))


@pytest.mark.parametrize(
    ("values", "api"),
    [
        ({}, {}),
        ({"AWS_DEFAULT_REGION": "ap-northeast-2"}, {}),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "ap-northeast-2"}, {}),
        ({}, {"AWS_REGION": "us-east-1"}),
        ({}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}),
        ({"AWS_ENDPOINT_URL_SQS": "https://sqs.ap-northeast-2.amazonaws.com:443/"}, {}),
        ({"AWS_ENDPOINT_URL_SQS": "https://vpce-0a-1b.sqs.ap-northeast-2.vpce.amazonaws.com"}, {}),
        ({"AWS_ENDPOINT_URL_SQS": "https://ap-northeast-2.queue.amazonaws.com"}, {}),
        ({"AWS_ENDPOINT_URL": "http://B:80/"}, {"AWS_ENDPOINT_URL": "http://b"}),
        ({"R2_ENDPOINT": "https://A.r2.example:443/"}, {}),
        ({"R2_ENDPOINT": "HTTPS://a.R2.example"}, {}),
        ({"R2_ENDPOINT": "https://a.r2.example"}, {"R2_ENDPOINT": "https://a.r2.example:443/"}),
    ],
)  # fmt: skip
def test_what_is_meant_is_compared_and_not_how_it_is_written(values: dict[str, str], api: dict[str, str]) -> None:
    own = environment(values, **api)
    assert "different" not in {own.queue, own.endpoint, own.bucket, own.region, own.aws_endpoint}


@pytest.mark.parametrize(
    ("own", "facts", "cause"),
    [
        ({"queue": "different"}, {"queue": h.queue(None)}, "queue-missing"),
        ({"endpoint": "different"}, {"r2": h.r2({"R2_ENDPOINT": "quoted"})}, "r2-env-malformed"),
        ({"bucket": "different"}, {"r2": h.r2(reach=None, error_code="NoSuchBucket")}, "r2-bucket-missing"),
    ],
)
def test_where_the_apis_side_is_wrong_the_difference_is_its_symptom(
    own: dict[str, Any], facts: dict[str, Any], cause: str
) -> None:
    environment = replace(h.SAME, **own)
    logs = h.logs(h.container(environment=environment), parameter=environment)
    verdict = h.verdict(h.case(**{**WAITING, **facts}, logs=logs))
    assert verdict.cause == cause
    assert any(code.endswith("-mismatch") for code in verdict.symptoms)
    assert "put-parameter" not in shown(verdict)


def test_the_region_that_was_corrected_in_the_parameter_is_stale_in_the_container() -> None:
    own, corrected = environment({"AWS_REGION": "us-east-1"}), environment({})
    logs = h.logs(h.container(environment=own))
    verdict = h.verdict(h.case(**WAITING, logs=replace(logs, parameter=Parameter("dotenv", h.ago(60), corrected))))
    assert (verdict.cause, verdict.symptoms) == ("worker-env-stale", ("queue-not-consumed", "worker-queue-mismatch"))


def test_a_region_that_the_image_sets_is_not_stale_where_the_parameter_was_written_again() -> None:
    own, parameter = environment({"AWS_REGION": "ap-northeast-2"}), environment({})
    logs = h.logs(h.container(environment=own))
    case = h.case(logs=replace(logs, parameter=Parameter("dotenv", h.ago(60), parameter)))
    assert h.verdict(case).status == "healthy"


NOTHING = replace(h.SAME, endpoint="missing", access_key="missing", secret_key="missing", fingerprint="none")


def test_a_whole_parameter_that_the_instance_could_not_read_is_not_edited() -> None:
    case = h.case(**WAITING, logs=h.logs(h.container(environment=NOTHING)))
    assert told(case) == ("worker-env-missing", "parameter-unread")
    assert "vi" not in shown(h.verdict(case)).split()


@pytest.mark.parametrize(
    "parameter",
    [Parameter("dotenv", h.ago(9000), NOTHING), Parameter("unreadable", h.ago(9000), None), None],
)
def test_a_parameter_that_lacks_it_is_edited(parameter: Parameter | None) -> None:
    logs = replace(h.logs(h.container(environment=NOTHING)), parameter=parameter)
    assert told(h.case(**WAITING, logs=logs)) == ("worker-env-missing", None)


@pytest.mark.parametrize(
    ("pings", "reason"),
    [({}, "never-registered"), ({"i-0": "ConnectionLost"}, "connection-lost"), ({"i-0": "Inactive"}, "connection-lost"),
     (None, None)],
)  # fmt: skip
def test_whether_an_agent_was_ever_there_is_told(pings: dict[str, str] | None, reason: str | None) -> None:
    logs = replace(h.NO_LOGS, online={"i-0": False}, pings=pings)
    assert told(h.case(**WAITING, logs=logs)) == ("ssm-offline", reason)


@pytest.mark.parametrize("state", ["stopped", "stopping", "terminated", "shutting-down"])
def test_a_stopped_instance_is_unhealthy_whatever_its_agent_says(state: str) -> None:
    logs = replace(h.NO_LOGS, online={"i-0": False}, pings={"i-0": "ConnectionLost"})
    case = h.case(**WAITING, workers=workers(state=state), logs=logs)
    assert told(case) == ("worker-unhealthy", "stopped")
    assert "ssm-offline" not in {one.cause for one in h.findings(case)}
    assert "terminate-instance-in-auto-scaling-group" in shown(h.verdict(case))


def test_one_stopped_instance_of_two_is_the_groups_to_replace() -> None:
    machines = tuple(
        replace(one, state="stopped" if one.instance_id == "i-1" else "running") for one in h.machines(h.group(2))
    )
    logs = replace(h.logs(), online={"i-0": True, "i-1": False}, pings={"i-0": "Online", "i-1": "ConnectionLost"})
    case = h.case(workers=replace(h.workers(h.group(2)), machines=machines), logs=logs)
    assert h.verdict(case).status == "healthy"
    assert h.verdict(case).warnings == ()


OF_STS = "botocore.exceptions.ClientError: An error occurred ({}) when calling the {} operation: "
NO_TOKEN_FILE = "No such file or directory: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'"
SIGN_IN_AGAIN = "UnauthorizedSSOTokenError: The SSO session associated with this profile has expired or is invalid."
NO_PROCESS = "Error when retrieving credentials from custom-process: /bin/sh: 1: aws-vault: not found"
TOKEN_LATE = "Token expired: current date/time 1732240000 must be before the expiration date/time 1732230000"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("botocore.exceptions.SSOTokenLoadError: Error loading SSO Token: Token for ops does not exist", "profile"),
        (SIGN_IN_AGAIN, "profile"),
        ("TokenRetrievalError: Error when retrieving token from sso: Token has expired and refresh failed", "profile"),
        (OF_STS.format("UnauthorizedException", "GetRoleCredentials") + "Session token not found", "profile"),
        ("botocore.exceptions.ProfileNotFound: The config profile (academy) could not be found", "profile"),
        ("InvalidConfigError: The source profile references itself but has no static credentials.", "profile"),
        (NO_PROCESS, "profile"),
        (OF_STS.format("AccessDenied", "AssumeRole") + f"User: {ROLE} is not authorized: sts:AssumeRole", "role"),
        (OF_STS.format("InvalidIdentityToken", "AssumeRoleWithWebIdentity") + "No OpenIDConnect", "web-identity"),
        (OF_STS.format("ExpiredTokenException", "AssumeRoleWithWebIdentity") + TOKEN_LATE, "web-identity"),
        (f"FileNotFoundError: [Errno 2] {NO_TOKEN_FILE}", "web-identity"),
        (OF_STS.format("OptInRequired", "ReceiveMessage") + "The AWS Access Key Id needs a subscription", "account"),
    ],
)
def test_a_way_to_credentials_of_the_workers_own_is_told_with_its_remedy(text: str, reason: str) -> None:
    case = says(text)
    assert told(case) == ("worker-aws-credentials", reason)
    shown = " ".join(remedy.command or "" for remedy in h.verdict(case).remedies)
    assert ("worker-env --edit" in shown) == (reason != "account")


@pytest.mark.parametrize(
    "text",
    [
        OF_STS.format("AccessDenied", "GetMetricData") + "not authorized",
        "INFO using the config profile academy",
        "WARNING sentry: SSO session tracking is off",
    ],
)
def test_what_only_sounds_like_it_is_none(text: str) -> None:
    assert told(says(text))[0] != "worker-aws-credentials"


ACCESS_TO = "Access to the resource https://sqs.ap-northeast-2.amazonaws.com/ is denied."
IN_THE_WILD = {
    f"SQS receive message failed: {ACCESS_TO}": "worker-queue-denied",
    f"AccessDenied: {ACCESS_TO} status code: 403, request id: 1": "worker-queue-denied",
    OF_STS.format("AccessDenied", "ReceiveMessage") + ACCESS_TO.replace("sqs.", "queue."): "worker-queue-denied",
    OF_STS.format("AccessDenied", "ListQueues") + ACCESS_TO: "worker-queue-denied",
    OF_STS.format("AccessDenied", "DeleteMessageBatch") + ACCESS_TO: "worker-queue-denied",
    OF_STS.format("AccessDenied", "ChangeMessageVisibility") + ACCESS_TO: "worker-queue-denied",
    f"operation error SQS: ReceiveMessage, StatusCode: 403, api error AccessDenied: {RECEIVE}": "worker-queue-denied",
    OF_STS.format("InvalidToken", "ReceiveMessage") + "The provided token is malformed": "worker-aws-credentials",
    OF_STS.format("RegionDisabledException", "AssumeRole") + "STS is not activated": "worker-aws-credentials",
    "botocore.exceptions.NoAuthTokenError: No auth token found": "worker-aws-credentials",
    "MetadataRetrievalError: Received non 200 response 400 from container metadata": "worker-aws-credentials",
    # What passes, or is of another call.
    OF_STS.format("KMS.ThrottlingException", "ReceiveMessage") + "Rate exceeded": "queue-not-consumed",
    OF_STS.format("RequestThrottled", "ReceiveMessage") + "Request is throttled.": "queue-not-consumed",
    OF_STS.format("ReceiptHandleIsInvalid", "DeleteMessage") + "The receipt handle is invalid.": "queue-not-consumed",
    OF_STS.format("InvalidParameterValue", "DeleteMessage") + "The receipt handle has expired.": "queue-not-consumed",
    OF_STS.format("ServiceUnavailable", "ReceiveMessage") + "Currently unavailable": "queue-not-consumed",
    OF_STS.format("AccessDeniedException", "PutLogEvents") + "not authorized": "queue-not-consumed",
    OF_STS.format("AccessDenied", "SetDesiredCapacity") + "not authorized": "queue-not-consumed",
    "Access to the resource https://images.example/logo.png is denied": "queue-not-consumed",
}


def test_what_is_said_of_access_in_the_wild(compared: Callable[[int], None]) -> None:
    for text, code in IN_THE_WILD.items():
        assert told(says(text))[0] == code, text
    compared(len(IN_THE_WILD))
