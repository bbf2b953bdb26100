"""The bundled academy on one machine: AWS, R2, nginx, API and workers, over real protocols on loopback.

`academy_ops.lab.operate` holds what a command calls; everything else runs inside the lab's supervisor.
"""

from __future__ import annotations

from academy_ops.messages import Text


class LabError(Exception):
    """The lab can't do what was asked; ``message`` is one line for a person."""

    def __init__(self, message: Text) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)
