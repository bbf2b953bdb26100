"""Readers for one workbook after another, without an interpreter's start and its imports for each."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from academy_ops.academy.excel.workbook import Process, new_process
from academy_ops.academy.forks import Forks

_LIBRARIES: Final = (
    "academy_ops.academy.excel.sheets",
    "academy_ops.academy.excel.package",
    "python_calamine",
    "resource",
)
"""What each reader needs; the process that imports them never sees a workbook."""


class Readers:
    """Starts each reader as a fork of one process, which itself starts with the first of them."""

    def __init__(self) -> None:
        self._forks: Forks | None = None

    def start(self, command: Sequence[str], env: Mapping[str, str], errors: IO[bytes]) -> Process:
        """Start a reader; where it can't be forked, as where a package is missing, in a process that can say why."""
        try:
            if self._forks is None or not self._forks.can_start(command, env):
                self.close()
                self._forks = Forks(_LIBRARIES, env)
            return self._forks.start(command, env, subprocess.PIPE, Path("/"), errors.fileno())
        except OSError:
            self.close()
            return new_process(command, env, errors)

    def close(self) -> None:
        """End the process that is forked, and a reader that still runs."""
        if self._forks is not None:
            self._forks.close()
