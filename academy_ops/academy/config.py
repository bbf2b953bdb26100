"""What the bundled parts read from their environment, by the names of the real system, and the clients made from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError

from academy_ops import contract

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

CLOUD_ERRORS: Final = (BotoCoreError, ClientError)
"""What a boto3 call can raise."""
_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 30.0
"""Longer than the 20 s that a long poll of SQS takes."""


@dataclass(frozen=True, slots=True)
class Config:
    """The environment of a part.

    Attributes:
        database_url: SQLAlchemy's URL; an SQLite file in the working directory by default.
        missing_r2: The names of the R2 settings that are not set.
        allowed_hosts: The hosts that the API answers for; any where there are none.
        redis_url: Where all processes of the API count together; empty where each counts for itself.
    """

    database_url: str = field(repr=False)
    queue: str
    group: str
    region: str
    bucket: str
    r2_endpoint: str = field(repr=False)
    r2_access_key: str = field(repr=False)
    r2_secret_key: str = field(repr=False)
    missing_r2: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    redis_url: str = field(default="", repr=False)

    def sqs(self, read_seconds: float = _READ_SECONDS) -> SQSClient:
        """Return an SQS client that waits at most ``read_seconds`` for each answer."""
        return boto3.client("sqs", region_name=self.region, config=_bounds(read_seconds))

    def autoscaling(self) -> AutoScalingClient:
        """Return an Auto Scaling client."""
        return boto3.client("autoscaling", region_name=self.region, config=_bounds())

    def r2(self) -> S3Client | None:
        """Return an S3 client for R2; None where its settings are missing."""
        if self.missing_r2:
            return None
        return boto3.client(
            "s3",
            endpoint_url=self.r2_endpoint,
            region_name=contract.R2_REGION,
            aws_access_key_id=self.r2_access_key,
            aws_secret_access_key=self.r2_secret_key,
            config=_bounds(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


def read(environ: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration from ``environ``; a blank value counts as unset."""

    def first(*names: str) -> str:
        return next((environ[name].strip() for name in names if environ.get(name, "").strip()), "")

    return Config(
        database_url=first("DATABASE_URL") or "sqlite:///academy.sqlite3",
        queue=first(contract.QUEUE_SETTING) or contract.QUEUE_NAME,
        group=first("AI_WORKER_ASG_NAME") or contract.GROUP_NAME,
        region=first(*contract.REGION_SETTINGS) or contract.REGION,
        bucket=first(*contract.BUCKET_SETTINGS) or contract.BUCKET_NAME,
        r2_endpoint=first("R2_ENDPOINT"),
        r2_access_key=first("R2_ACCESS_KEY"),
        r2_secret_key=first("R2_SECRET_KEY"),
        missing_r2=tuple(name for name in contract.R2_SETTINGS if not first(name)),
        allowed_hosts=tuple(host.strip() for host in first("ALLOWED_HOSTS").split(",") if host.strip()),
        redis_url=first("REDIS_URL"),
    )


def _bounds(read_seconds: float = _READ_SECONDS, **more: Any) -> BotoConfig:  # noqa: ANN401 - botocore's own options
    retries: Any = {"mode": "standard", "total_max_attempts": 2}
    return BotoConfig(connect_timeout=_CONNECT_SECONDS, read_timeout=read_seconds, retries=retries, **more)
