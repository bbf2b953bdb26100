"""The autoscaler: the rule, and the group that gets it."""

import uuid
from typing import TYPE_CHECKING

import pytest

from academy_ops.contract import desired_capacity
from academy_ops.lab import processes
from tests.academy.conftest import KEY, SECONDS, Academy, client

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient


@pytest.mark.parametrize(
    ("waiting", "in_flight", "minimum", "maximum", "desired"),
    [
        (0, 0, 0, 20, 0),
        (0, 0, 1, 20, 1),
        (1, 0, 0, 20, 1),
        (20, 0, 1, 20, 1),
        (21, 0, 1, 20, 2),
        (0, 1, 0, 20, 1),
        (0, 21, 1, 20, 2),
        (15, 15, 1, 20, 2),
        (400, 0, 1, 20, 20),
        (10_000, 10_000, 1, 20, 20),
        (0, 0, 3, 20, 3),
        (5, 0, 0, 0, 0),
    ],
)
def test_one_worker_for_twenty_jobs_within_the_group_s_bounds(
    waiting: int, in_flight: int, minimum: int, maximum: int, desired: int
) -> None:
    assert desired_capacity(minimum, maximum, waiting, in_flight) == desired


class Group:
    """An Auto Scaling group in moto."""

    def __init__(self, academy: Academy) -> None:
        self.name = f"workers-{uuid.uuid4().hex[:8]}"
        self._client: AutoScalingClient = client("autoscaling", academy.env["AWS_ENDPOINT_URL"], KEY, KEY)

    def make(self, minimum: int, maximum: int) -> None:
        self._client.create_launch_configuration(
            LaunchConfigurationName=self.name, ImageId="ami-12c6146b", InstanceType="t3.small"
        )
        self._client.create_auto_scaling_group(
            AutoScalingGroupName=self.name,
            LaunchConfigurationName=self.name,
            MinSize=minimum,
            MaxSize=maximum,
            DesiredCapacity=minimum,
            AvailabilityZones=["ap-northeast-2a"],
        )

    def desired(self) -> int:
        (group,) = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"]
        return group["DesiredCapacity"]

    def set_by_hand(self, desired: int) -> None:
        self._client.set_desired_capacity(AutoScalingGroupName=self.name, DesiredCapacity=desired)

    def gets(self, desired: int) -> bool:
        return processes.until(lambda: self.desired() == desired, SECONDS, 0.2)


def start(academy: Academy, group: Group) -> processes.Process:
    return academy.start("autoscaler", "--every", "1", AI_WORKER_ASG_NAME=group.name)


def test_the_group_follows_the_queue(academy: Academy) -> None:
    group = Group(academy)
    group.make(0, 3)
    academy.make_queue()
    for number in range(21):
        academy.send({"number": number})
    process = start(academy, group)
    assert group.gets(2), academy.log()
    url = academy.sqs.get_queue_url(QueueName=academy.queue)["QueueUrl"]
    for _ in range(3):
        academy.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
    group.set_by_hand(1)
    assert group.gets(2), "messages in flight count, and the next run overrides a value set by hand"
    academy.sqs.purge_queue(QueueUrl=url)
    assert group.gets(0), academy.log()
    process.terminate()
    assert process.wait(SECONDS) == 0


def test_it_goes_on_when_queue_and_group_appear(academy: Academy) -> None:
    group = Group(academy)
    start(academy, group)
    assert academy.logged("NonExistentQueue")
    academy.make_queue()
    assert academy.logged(f"no Auto Scaling group {group.name}")
    group.make(0, 3)
    academy.send({})
    assert group.gets(1), academy.log()
