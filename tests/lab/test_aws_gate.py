"""Nobody else on the machine drives the lab's AWS, and a policy says what a key may do."""

from __future__ import annotations

from typing import Any, Final

import httpx
import pytest
from botocore.exceptions import ClientError

from academy_ops.lab.state import Keys
from tests.lab.conftest import Aws

# moto tells of each refusal that no service's model knows it.
pytestmark = pytest.mark.filterwarnings("ignore:Exception.*Refusal:UserWarning")

CALLS: Final[dict[str, tuple[str, dict[str, Any], str]]] = {
    "autoscaling": ("describe_auto_scaling_groups", {}, "autoscaling:DescribeAutoScalingGroups"),
    "cloudwatch": ("list_metrics", {}, "cloudwatch:ListMetrics"),
    "ec2": ("describe_instances", {}, "ec2:DescribeInstances"),
    "events": ("list_rules", {}, "events:ListRules"),
    "lambda": ("list_functions", {}, "lambda:ListFunctions"),
    "sqs": ("list_queues", {}, "sqs:ListQueues"),
    "ssm": ("describe_instance_information", {}, "ssm:DescribeInstanceInformation"),
}
SAYS_NOTHING = {"ec2", "sqs"}


def call(aws: Aws, service: str, keys: Keys) -> Any:
    operation, values, _action = CALLS[service]
    return getattr(aws.client(service, keys), operation)(**values)


@pytest.mark.parametrize("service", CALLS)
def test_the_operators_key_is_let_in(aws: Aws, service: str) -> None:
    assert call(aws, service, aws.users["operator"])["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("service", CALLS)
def test_a_key_that_is_not_known_is_refused_as_aws_would(aws: Aws, service: str) -> None:
    with pytest.raises(ClientError) as error:
        call(aws, service, Keys("AKIAIOSFODNN7EXAMPLE", "secret"))
    assert error.value.response["Error"]["Code"] in {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
    }
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] in {401, 403}


@pytest.mark.parametrize("service", CALLS)
def test_a_wrong_secret_is_refused_as_aws_would(aws: Aws, service: str) -> None:
    with pytest.raises(ClientError) as error:
        call(aws, service, Keys(aws.users["operator"].key_id, "wrong"))
    assert error.value.response["Error"]["Code"] in {
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "AuthFailure",
    }


@pytest.mark.parametrize("service", CALLS)
def test_a_denied_action_is_refused_and_named_where_aws_names_it(aws: Aws, service: str) -> None:
    action = CALLS[service][2]
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    denied = {"Effect": "Deny", "Action": [action], "Resource": "*"}
    keys = aws.keys(f"no-{service}", {"Version": "2012-10-17", "Statement": [everything, denied]})
    with pytest.raises(ClientError) as error:
        call(aws, service, keys)
    assert error.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
    assert (action in error.value.response["Error"]["Message"]) == (service not in SAYS_NOTHING)


def test_what_no_statement_allows_is_denied(aws: Aws) -> None:
    allowed = {"Effect": "Allow", "Action": "sqs:Get*", "Resource": "*"}
    keys = aws.keys("sqs-only", {"Version": "2012-10-17", "Statement": [allowed]})
    with pytest.raises(ClientError):
        aws.client("ssm", keys).describe_instance_information()


def test_everyone_may_ask_who_they_are(aws: Aws) -> None:
    keys = aws.keys(
        "nobody", {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    )
    assert aws.client("sts", keys).get_caller_identity()["Arn"].endswith(":user/nobody")


def test_motos_own_control_pages_are_closed(aws: Aws) -> None:
    assert httpx.post(f"{aws.cloud.url}/moto-api/reset", trust_env=False).status_code == 403
    assert aws.client("iam").list_users()["Users"] != []


def test_a_request_signed_by_a_wrong_clock_is_refused(aws: Aws) -> None:
    aws.cloud.set_clock_offset(1200)
    try:
        with pytest.raises(ClientError) as error:
            aws.client("sts").get_caller_identity()
    finally:
        aws.cloud.set_clock_offset(0)
    assert error.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    assert error.value.response["Error"]["Message"].startswith("Signature expired: ")
