"""What can be wrong with one worker instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Condition:
    """In what condition an instance is; a new one is well.

    Attributes:
        container: ``running``, ``stopped`` (someone stopped it) or ``missing``.
        docker: Whether the Docker daemon runs.
        agent: Whether the SSM agent runs.
        disk_percent: How full the disk is.
    """

    container: Literal["running", "stopped", "missing"] = "running"
    docker: bool = True
    agent: bool = True
    disk_percent: int = 31
