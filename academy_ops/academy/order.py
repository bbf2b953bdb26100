"""The message that orders a job: what its body must hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from academy_ops import contract

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef


@dataclass(frozen=True, slots=True)
class Order:
    """A well-formed message.

    Attributes:
        job_id: The job.
        tier: Its tier.
        file_key: The workbook's key in R2.
        bucket: The bucket that the API put it in.
        receives: How often this message has been received.
        attempt: The number of this message among those of its job.
        body: The whole of it.
    """

    job_id: str
    tier: str
    file_key: str
    bucket: str
    receives: int
    attempt: int
    body: Mapping[str, object]


def read_order(message: MessageTypeDef) -> Order | None:
    """Read a message; None when it is malformed."""
    try:
        body: Any = json.loads(message.get("Body", ""))
        payload = body["payload"]
        order = Order(
            job_id=body["job_id"],
            tier=body.get("tier", contract.TIER),
            file_key=payload["file_key"],
            bucket=payload.get("bucket", ""),
            receives=int(message.get("Attributes", {}).get("ApproximateReceiveCount", "1")),
            attempt=int(body.get("attempt", 1)),
            body=body,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    texts = (order.job_id, order.tier, order.file_key)
    well_formed = body.get("job_type") == contract.JOB_TYPE and all(isinstance(one, str) and one for one in texts)
    return order if well_formed else None
