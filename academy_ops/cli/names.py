"""The live names that fill the commands of remedies, and of the runbook's steps by hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from academy_ops.settings import Settings


def live_names(settings: Settings, ops: str, job_id: str | None = None) -> Mapping[str, str]:
    """Return placeholder to name, of those that are known before anything is observed.

    Args:
        settings: The settings in force.
        ops: How to call this tool again.
        job_id: The job asked about.
    """
    api_url = settings.get("ACADEMY_API_URL") or ""
    names = {
        "ops": ops,
        "region": settings.region,
        "group": settings.group,
        "queue": settings.queue,
        "worker": settings.worker,
        "bucket": settings.bucket,
        "parameter": settings.parameter,
        "autoscaler_function": settings.autoscaler,
        "endpoint": settings.get("R2_ENDPOINT"),
        "api_url": api_url.rstrip("/"),
        "api_host": _host(api_url),
        "origin_url": (settings.get("ACADEMY_ORIGIN_URL") or "").rstrip("/"),
        "app_url": (settings.get("ACADEMY_APP_URL") or "").rstrip("/"),
        # A shell's "." looks a bare name up in the PATH.
        "env_file": os.path.join(os.curdir, settings.env_file or ".env"),  # noqa: PTH118 - Path drops the "./"
        "job_id": job_id,
    }
    return {name: value for name, value in names.items() if value}


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
