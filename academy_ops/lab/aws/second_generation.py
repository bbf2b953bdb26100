"""What production has in AWS since its second generation: the workers' logs in CloudWatch, and alarms that scale.

Both go to moto directly: Docker's driver and CloudWatch's own evaluation ask nobody's leave.
"""

import math
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from moto.logs.exceptions import ResourceAlreadyExistsException
from moto.logs.models import logs_backends

from academy_ops.contract import GROUP_NAME, QUEUE_NAME, REGION
from academy_ops.lab.aws.resources import Clients
from academy_ops.lab.state import ACCOUNT

_KEPT_DAYS: Final = "30"
_COMPARED: Final = "GreaterThanOrEqualToThreshold"
_writing: Final = threading.Lock()


def write_log(group: str, stream: str, line: str, at: float) -> None:
    """Add a line to a log stream, as Docker's awslogs driver does; both are made where they are not there.

    ``at`` is when it was written, in seconds since 1970.
    """
    backend = logs_backends[ACCOUNT][REGION]
    with _writing:
        with suppress(ResourceAlreadyExistsException):
            backend.create_log_group(group, {})
            backend.put_retention_policy(group, _KEPT_DAYS)
        with suppress(ResourceAlreadyExistsException):
            backend.create_log_stream(group, stream)
        # Not by the backend's own method: it refuses lines that are older than the driver's clock says.
        backend.groups[group].put_log_events(stream, [{"timestamp": math.floor(at * 1000), "message": line}])


def act(aws: Clients) -> None:
    """Evaluate the alarms of the group's policies once, and carry out the policies of those that are in ALARM."""
    try:
        group = aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP_NAME])["AutoScalingGroups"]
        policies = aws("autoscaling").describe_policies(AutoScalingGroupName=GROUP_NAME)["ScalingPolicies"]
        names = [alarm["AlarmName"] for policy in policies for alarm in policy.get("Alarms", ())]
        alarms = aws("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"] if names else []
        rings = [_evaluate(aws, alarm) for alarm in alarms]
        if group and any(rings) and group[0]["DesiredCapacity"] < group[0]["MaxSize"]:
            aws("autoscaling").set_desired_capacity(
                AutoScalingGroupName=GROUP_NAME, DesiredCapacity=group[0]["DesiredCapacity"] + 1
            )
    except (BotoCoreError, ClientError):
        return  # without group or queue no alarm acts, as after some faults


def _evaluate(aws: Clients, alarm: dict[str, Any]) -> bool:
    """Set an alarm's state by the queue's depth or age; return whether its policy is carried out."""
    if alarm["StateValue"] == "INSUFFICIENT_DATA":
        return False
    above = _measured(aws, alarm["MetricName"]) >= alarm["Threshold"]
    state = "ALARM" if above else "OK"
    if state != alarm["StateValue"]:
        aws("cloudwatch").set_alarm_state(
            AlarmName=alarm["AlarmName"], StateValue=state, StateReason=f"{_COMPARED}: {above}"
        )
    return above and bool(alarm["ActionsEnabled"])


def _measured(aws: Clients, metric: str) -> float:
    sqs = aws("sqs")
    if metric == "ApproximateNumberOfMessagesVisible":
        url = sqs.get_queue_url(QueueName=QUEUE_NAME)["QueueUrl"]
        wanted = ["ApproximateNumberOfMessages"]
        return float(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"][wanted[0]])
    now = datetime.now(UTC)
    points = aws("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName=metric,
        Dimensions=[{"Name": "QueueName", "Value": QUEUE_NAME}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max((float(point["Maximum"]) for point in points), default=0.0)
