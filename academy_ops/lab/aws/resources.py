"""What the academy owns in AWS."""

from __future__ import annotations

import base64
import io
import json
import threading
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from academy_ops import contract
from academy_ops.lab.state import ACCOUNT, Keys

if TYPE_CHECKING:
    import boto3

Clients = Callable[[str], Any]
"""Returns the boto3 client of a service, by its name."""

AGE_METRIC: Final = "ApproximateAgeOfOldestMessage"
MIN_SIZE: Final = 0
MAX_SIZE: Final = 20
DESIRED: Final = 1
# Making a client is slow and not safe in several threads; using one is both quick and safe.
_making: Final = threading.Lock()


def client(url: str, keys: Keys, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients' types at run time
    """Return the client of ``service`` for the lab's AWS at ``url``."""
    with _making:
        return _client(url, keys, service)


@cache
def _client(url: str, keys: Keys, service: Any) -> Any:  # noqa: ANN401 - boto3 declares its services as literals
    # Only now: what names the lab's faults, as a shell's completion does, need not load the SDK.
    from botocore.config import Config  # noqa: PLC0415

    return _session().client(
        service,
        endpoint_url=url,
        region_name=contract.REGION,
        aws_access_key_id=keys.key_id,
        aws_secret_access_key=keys.secret,
        config=Config(
            connect_timeout=3,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 2},
            user_agent="academy-lab",  # botocore would put its own together anew for each request
        ),
    )


def share_models() -> None:
    """Decode each of botocore's models once in this process: of several sessions, as moto makes them, each would."""
    import botocore.session  # noqa: PLC0415 - as above

    botocore.session.create_loader = cache(botocore.session.create_loader)


@cache
def _session() -> boto3.Session:
    import boto3  # noqa: PLC0415 - as above

    return boto3.Session()


def empty_queue(aws: Clients, name: str) -> None:
    """Remove what waits in a queue; SQS itself purges a queue once a minute only."""
    sqs = aws("sqs")
    queue = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages"):
        entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)


def create_function_and_rule(aws: Clients) -> None:
    """Record the autoscaler's function, and the rule that runs it once a minute; leave alone what is there."""
    from moto.events.models import events_backends  # noqa: PLC0415 - as below

    functions = aws("lambda")
    try:
        function = functions.get_function_configuration(FunctionName=contract.AUTOSCALER_NAME)["FunctionArn"]
    except functions.exceptions.ResourceNotFoundException:
        function = _create_function(aws)
    events = events_backends[ACCOUNT][contract.REGION]
    events.put_rule(contract.AUTOSCALER_RULE, scheduled_expression="rate(1 minute)", state="ENABLED")
    events.put_targets(contract.AUTOSCALER_RULE, None, [{"Id": "autoscaler", "Arn": function}])


def create_alarms(aws: Clients) -> None:
    """Give the group the step-scaling policies and alarms that start workers in the second generation."""
    for name, metric, threshold in (("depth", "ApproximateNumberOfMessagesVisible", 1), ("age", AGE_METRIC, 60)):
        of_group = {"AutoScalingGroupName": contract.GROUP_NAME}
        aws("autoscaling").put_scaling_policy(
            **of_group,
            PolicyName=f"academy-worker-out-{name}",
            PolicyType="StepScaling",
            AdjustmentType="ChangeInCapacity",
            StepAdjustments=[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        )
        policies = aws("autoscaling").describe_policies(**of_group, PolicyNames=[f"academy-worker-out-{name}"])
        aws("cloudwatch").put_metric_alarm(
            AlarmName=f"academy-worker-{name}-high",
            Namespace="AWS/SQS",
            MetricName=metric,
            Dimensions=[{"Name": "QueueName", "Value": contract.QUEUE_NAME}],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[policies["ScalingPolicies"][0]["PolicyARN"]],
        )
        aws("cloudwatch").set_alarm_state(
            AlarmName=f"academy-worker-{name}-high", StateValue="OK", StateReason="Threshold not crossed"
        )


def create_starters(aws: Clients, generation: int) -> None:
    """Make what starts workers, a function and its rule or alarms, and remove whatever else could."""
    # Only now: what names the lab's faults need not load moto.
    from moto.autoscaling.models import autoscaling_backends  # noqa: PLC0415
    from moto.cloudwatch.models import cloudwatch_backends  # noqa: PLC0415
    from moto.events.models import events_backends  # noqa: PLC0415
    from moto.scheduler.models import scheduler_backends  # noqa: PLC0415

    scaling = autoscaling_backends[ACCOUNT][contract.REGION]
    scaling.policies.clear()
    scaling.scheduled_actions.clear()
    cloudwatch_backends[ACCOUNT][contract.REGION].alarms.clear()
    events_backends[ACCOUNT][contract.REGION].event_buses["default"].rules.clear()
    scheduler_backends[ACCOUNT][contract.REGION].schedule_groups["default"].schedules.clear()
    if generation == 1:
        create_function_and_rule(aws)
    else:
        remove_function(aws)
        create_alarms(aws)


def remove_function(aws: Clients) -> None:
    """Delete the autoscaler's function."""
    functions = aws("lambda")
    with suppress(functions.exceptions.ResourceNotFoundException):
        functions.delete_function(FunctionName=contract.AUTOSCALER_NAME)


def _create_function(aws: Clients) -> str:
    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    iam = aws("iam")
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=contract.AUTOSCALER_NAME, AssumeRolePolicyDocument=trust)
    role = iam.get_role(RoleName=contract.AUTOSCALER_NAME)["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("README", "The lab runs academy_ops.academy.autoscaler in place of this function.\n")
    made = aws("lambda").create_function(
        FunctionName=contract.AUTOSCALER_NAME,
        Runtime="python3.12",
        Handler="academy_ops.academy.autoscaler.handler",
        Role=role,
        Code={"ZipFile": archive.getvalue()},
    )
    return str(made["FunctionArn"])


def create_network(aws: Clients) -> str:
    """Make a private subnet with a way to SQS, the workers' profile and launch template; return the subnet's id."""
    profile = contract.WORKER_NAME
    aws("iam").create_instance_profile(InstanceProfileName=profile)
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/24", AvailabilityZone=f"{contract.REGION}a")
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{contract.REGION}.sqs", VpcEndpointType="Interface")
    ec2.create_launch_template(
        LaunchTemplateName=contract.WORKER_NAME,
        LaunchTemplateData={
            "ImageId": "ami-0c9c942bd7bf113a2",
            "InstanceType": "t3.small",
            "IamInstanceProfile": {"Name": profile},
        },
    )
    return str(subnet["Subnet"]["SubnetId"])


def min_size(generation: int) -> int:
    """Return the group's minimum: in the second generation one worker is always there."""
    return MIN_SIZE if generation == 1 else 1


def create_group(aws: Clients, subnet: str, generation: int = 1) -> None:
    """Make the workers' group."""
    aws("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=contract.GROUP_NAME,
        LaunchTemplate={"LaunchTemplateName": contract.WORKER_NAME, "Version": "$Latest"},
        MinSize=min_size(generation),
        MaxSize=MAX_SIZE,
        DesiredCapacity=DESIRED,
        VPCZoneIdentifier=subnet,
        Tags=[{"Key": "Name", "Value": contract.WORKER_NAME, "PropagateAtLaunch": True}],
    )


def put_worker_environment(aws: Clients, environment: dict[str, str], *, encoded: bool = False) -> None:
    """Write the workers' parameter in one of the forms of production: dotenv text, or base64 of a JSON object."""
    text = "".join(f"{name}={value}\n" for name, value in environment.items())
    if encoded:
        text = base64.b64encode(json.dumps(environment).encode()).decode()
    aws("ssm").put_parameter(Name=contract.WORKER_ENV_PARAMETER, Value=text, Type="SecureString", Overwrite=True)
