"""CloudWatch as moto does it, but it knows how old the oldest message of a queue is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from academy_ops.lab.aws.sqs import messages

_OLDEST: Final = ("AWS/SQS", "ApproximateAgeOfOldestMessage")


class LabCloudWatch(CloudWatchResponse):
    """The request that moto answers from what users put in only."""

    def get_metric_statistics(self) -> ActionResult:
        """Tell the age of the oldest message; of other metrics what moto knows."""
        if (self._get_param("Namespace"), self._get_param("MetricName")) != _OLDEST:
            return super().get_metric_statistics()
        asked = {one["Name"]: one["Value"] for one in self._get_param("Dimensions", [])}
        points = _points(asked.get("QueueName"))
        return ActionResult({"Label": _OLDEST[1], "Datapoints": points})


def _points(queue_name: str | None) -> list[dict[str, Any]]:
    sent = [message.sent_timestamp for message in messages(queue_name)]
    if not sent:
        return []
    return [{"Timestamp": datetime.now(UTC), "Maximum": time.time() - min(sent) / 1000, "Unit": "Seconds"}]


def corrected() -> type[CloudWatchResponse]:
    """Make the response class."""
    return type("LabCloudWatch", (LabCloudWatch,), {})
