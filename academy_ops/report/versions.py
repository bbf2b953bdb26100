"""What ran: the tool, Python, the platform, and the libraries that the tool depends on."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Final

from academy_ops import __version__

_LIBRARIES: Final = ("boto3", "botocore", "httpx", "python-dotenv", "rich", "typer")


def versions() -> Mapping[str, str]:
    """Return name to version; the platform stands under ``platform``."""
    libraries = {name: metadata.version(name) for name in _LIBRARIES}
    return {
        "academy-ops": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        **libraries,
    }
