"""Boto3 clients for the lab's AWS."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from academy_ops.lab import names
from academy_ops.lab.state import Keys

if TYPE_CHECKING:
    import boto3

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
        region_name=names.REGION,
        aws_access_key_id=keys.key_id,
        aws_secret_access_key=keys.secret,
        config=Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 2}),
    )


@cache
def _session() -> boto3.Session:
    import boto3  # noqa: PLC0415 - as above

    return boto3.Session()
