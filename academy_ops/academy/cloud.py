"""The bundled parts' connections to AWS and R2: explicit time-outs, standard retries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError

from academy_ops import contract
from academy_ops.academy.config import Config

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

CLOUD_ERRORS: Final = (BotoCoreError, ClientError)
"""What a boto3 call can raise."""

_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 30.0
"""Longer than the 20 s that a long poll of SQS takes."""


def _bounds(read_seconds: float = _READ_SECONDS, **more: Any) -> BotoConfig:  # noqa: ANN401 - botocore's own options
    retries: Any = {"mode": "standard", "total_max_attempts": 2}
    return BotoConfig(connect_timeout=_CONNECT_SECONDS, read_timeout=read_seconds, retries=retries, **more)


def sqs(config: Config, read_seconds: float = _READ_SECONDS) -> SQSClient:
    """Return an SQS client that waits at most ``read_seconds`` for each answer."""
    return boto3.client("sqs", region_name=config.region, config=_bounds(read_seconds))


def autoscaling(config: Config) -> AutoScalingClient:
    """Return an Auto Scaling client."""
    return boto3.client("autoscaling", region_name=config.region, config=_bounds())


def r2(config: Config) -> S3Client:
    """Return an S3 client for R2."""
    return boto3.client(
        "s3",
        endpoint_url=config.r2_endpoint,
        region_name=contract.R2_REGION,
        aws_access_key_id=config.r2_access_key,
        aws_secret_access_key=config.r2_secret_key,
        config=_bounds(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


class JobQueue:
    """The job queue; its URL is looked up when it is first needed, and again after a failure."""

    def __init__(self, client: SQSClient, name: str) -> None:
        self.client = client
        self.name = name
        self._url = ""

    def url(self) -> str:
        """Return the queue's URL.

        Raises:
            ClientError: There is no such queue, or it may not be looked up.
        """
        if not self._url:
            self._url = self.client.get_queue_url(QueueName=self.name)["QueueUrl"]
        return self._url

    def forget(self) -> None:
        """Look the URL up again next time: the queue may have been made anew."""
        self._url = ""

    def send(self, body: Mapping[str, object], delay: int = 0) -> None:
        """Send one message, that nobody receives for ``delay`` seconds.

        Raises:
            ClientError: SQS refused.
            BotoCoreError: SQS could not be reached.
        """
        try:
            text = json.dumps(body, ensure_ascii=False)
            self.client.send_message(QueueUrl=self.url(), MessageBody=text, DelaySeconds=delay)
        except CLOUD_ERRORS:
            self.forget()
            raise
