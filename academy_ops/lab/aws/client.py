"""A boto3 client for the lab's AWS."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from academy_ops.lab import names
from academy_ops.lab.state import Keys


def client(url: str, keys: Keys, service: Any) -> Any:  # noqa: ANN401 - boto3 makes its clients' types at run time
    """Return a boto3 client for the lab's AWS at ``url``."""
    return boto3.Session().client(
        service,
        endpoint_url=url,
        region_name=names.REGION,
        aws_access_key_id=keys.key_id,
        aws_secret_access_key=keys.secret,
        config=Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}),
    )
