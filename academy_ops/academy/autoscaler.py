"""The autoscaler: desired capacity from the queue's depth, set on every run.

A Lambda function runs `handler` once a minute; ``academy-ops serve autoscaler`` does the same anywhere else.
"""

import logging
import signal
import threading
from typing import Any, Final

from academy_ops.academy.config import CLOUD_ERRORS, read
from academy_ops.contract import desired_capacity

_log: Final = logging.getLogger("academy.autoscaler")


def handler(_event: object, _context: object) -> dict[str, Any]:
    """Run once, as a Lambda function; return what was seen and set.

    Raises:
        ClientError: AWS refused; Lambda reports it and the next run tries again.
        LookupError: There is no such group.
    """
    config = read()
    sqs = config.sqs()
    url = sqs.get_queue_url(QueueName=config.queue)["QueueUrl"]
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    depth = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    waiting, in_flight = (int(depth[name]) for name in names)
    scaling = config.autoscaling()
    groups = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[config.group])["AutoScalingGroups"]
    if not groups:
        raise LookupError(f"no Auto Scaling group {config.group}")
    desired = desired_capacity(groups[0]["MinSize"], groups[0]["MaxSize"], waiting, in_flight)
    scaling.set_desired_capacity(AutoScalingGroupName=config.group, DesiredCapacity=desired, HonorCooldown=False)
    before = groups[0]["DesiredCapacity"]
    return {"waiting": waiting, "in_flight": in_flight, "before": before, "desired": desired}


def run(every_seconds: float = 60) -> int:
    """Run `handler` again and again until SIGTERM or Ctrl-C; return 0."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.is_set():
        try:
            _log.info("%s", handler(None, None))
        except (*CLOUD_ERRORS, LookupError) as error:
            _log.warning("%s", error)
        stopping.wait(every_seconds)
    return 0
