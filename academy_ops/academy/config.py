"""What the bundled parts read from their environment; the names are those of the real system."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from academy_ops import contract

_R2: Final = ("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY")
DEFAULT_DATABASE_URL: Final = "sqlite:///academy.sqlite3"


@dataclass(frozen=True, slots=True)
class Config:
    """The environment of a part.

    Attributes:
        database_url: SQLAlchemy's URL; an SQLite file in the working directory by default.
        queue: The name of the SQS queue.
        group: The name of the workers' Auto Scaling group.
        region: The AWS region.
        bucket: The R2 bucket of the Excel files.
        r2_endpoint: R2's endpoint.
        r2_access_key: R2's key id.
        r2_secret_key: R2's secret.
        missing_r2: The names of the R2 settings that are not set.
        allowed_hosts: The hosts that the API answers for; any where there are none.
    """

    database_url: str
    queue: str
    group: str
    region: str
    bucket: str
    r2_endpoint: str
    r2_access_key: str
    r2_secret_key: str
    missing_r2: tuple[str, ...]
    allowed_hosts: tuple[str, ...]

    def __repr__(self) -> str:
        """Return the names that may be shown."""
        return f"Config(queue={self.queue!r}, group={self.group!r}, bucket={self.bucket!r})"


def read(environ: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration from ``environ``; a blank value counts as unset."""

    def first(*names: str) -> str:
        return next((environ[name].strip() for name in names if environ.get(name, "").strip()), "")

    return Config(
        database_url=first("DATABASE_URL") or DEFAULT_DATABASE_URL,
        queue=first(contract.QUEUE_SETTING) or contract.QUEUE_NAME,
        group=first("AI_WORKER_ASG_NAME") or contract.GROUP_NAME,
        region=first("AWS_REGION", "AWS_DEFAULT_REGION") or contract.REGION,
        bucket=first("R2_EXCEL_BUCKET", "EXCEL_BUCKET_NAME") or contract.BUCKET_NAME,
        r2_endpoint=first("R2_ENDPOINT"),
        r2_access_key=first("R2_ACCESS_KEY"),
        r2_secret_key=first("R2_SECRET_KEY"),
        missing_r2=tuple(name for name in _R2 if not first(name)),
        allowed_hosts=tuple(host.strip() for host in first("ALLOWED_HOSTS").split(",") if host.strip()),
    )
