"""What a command raises when it must refuse: one clear line, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from academy_ops.messages import Text

HEALTHY: Final = 0
FAULT: Final = 1
USAGE: Final = 2
UNDETERMINED: Final = 3
CRASHED: Final = 70
"""A fault of the tool itself; ``EX_SOFTWARE`` of BSD's sysexits.h."""
INTERRUPTED: Final = 130


class RefusedError(Exception):
    """The command can't go on; ``message`` says what was wrong, where, and what to do."""

    def __init__(self, message: Text, exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
