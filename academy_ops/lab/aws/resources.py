"""What the academy owns in AWS, made over the wire as its operators once did."""

from __future__ import annotations

import base64
import io
import json
import zipfile

from academy_ops.contract import MAX_RECEIVES, QUEUE_ATTRIBUTES
from academy_ops.lab import names
from academy_ops.lab.aws.client import client
from academy_ops.lab.state import Keys


def create_queues(url: str, keys: Keys) -> None:
    """Make the queue and its dead-letter queue, or give those that are there the attributes of production."""
    sqs = client(url, keys, "sqs")
    dead_letters, queue = (
        sqs.create_queue(QueueName=name)["QueueUrl"] for name in (names.DEAD_LETTER_QUEUE, names.QUEUE)
    )
    arn = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    retention = {"MessageRetentionPeriod": QUEUE_ATTRIBUTES["MessageRetentionPeriod"]}
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
    sqs.set_queue_attributes(QueueUrl=dead_letters, Attributes=retention)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={**QUEUE_ATTRIBUTES, "RedrivePolicy": redrive})


def empty_queue(url: str, keys: Keys, name: str) -> None:
    """Remove what waits in a queue; SQS itself purges a queue once a minute only."""
    sqs = client(url, keys, "sqs")
    queue = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages"):
        entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)


def create_function_and_rule(url: str, keys: Keys) -> None:
    """Record the autoscaler's function, and the rule that runs it once a minute."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = client(url, keys, "iam").create_role(
        RoleName="academy-worker-autoscale", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    function = client(url, keys, "lambda").create_function(
        FunctionName=names.FUNCTION,
        Runtime="python3.12",
        Handler="academy_ops.academy.autoscaler.handler",
        Role=role,
        Code={"ZipFile": _empty_zip()},
    )["FunctionArn"]
    events = client(url, keys, "events")
    events.put_rule(Name=names.RULE, ScheduleExpression="rate(1 minute)", State="ENABLED")
    events.put_targets(Rule=names.RULE, Targets=[{"Id": "autoscaler", "Arn": function}])


def create_network(url: str, keys: Keys) -> str:
    """Make a private subnet and the workers' launch template; return the subnet's id."""
    ec2 = client(url, keys, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/24", AvailabilityZone=f"{names.REGION}a")
    ec2.create_launch_template(
        LaunchTemplateName=names.WORKER,
        LaunchTemplateData={"ImageId": "ami-0c9c942bd7bf113a2", "InstanceType": "t3.small"},
    )
    return str(subnet["Subnet"]["SubnetId"])


def create_group(url: str, keys: Keys, subnet: str) -> None:
    """Make the workers' group."""
    client(url, keys, "autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=names.GROUP,
        LaunchTemplate={"LaunchTemplateName": names.WORKER, "Version": "$Latest"},
        MinSize=names.MIN_SIZE,
        MaxSize=names.MAX_SIZE,
        DesiredCapacity=names.DESIRED,
        VPCZoneIdentifier=subnet,
        Tags=[{"Key": "Name", "Value": names.WORKER, "PropagateAtLaunch": True}],
    )


def put_worker_environment(url: str, keys: Keys, environment: dict[str, str], *, encoded: bool = False) -> None:
    """Write the workers' parameter in one of the forms of production: dotenv text, or base64 of a JSON object."""
    text = "".join(f"{name}={value}\n" for name, value in environment.items())
    if encoded:
        text = base64.b64encode(json.dumps(environment).encode()).decode()
    client(url, keys, "ssm").put_parameter(Name=names.PARAMETER, Value=text, Type="SecureString", Overwrite=True)


def _empty_zip() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("README", "The lab runs academy_ops.academy.autoscaler in place of this function.\n")
    return archive.getvalue()
