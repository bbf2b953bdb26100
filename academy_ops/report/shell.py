"""The shell for which commands are shown to the person at the keyboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Shell = Literal["posix", "powershell"]
SHELLS: Final[tuple[Shell, ...]] = get_args(Shell)
VARIABLE: Final = "ACADEMY_OPS_SHELL"


def in_use(environ: Mapping[str, str]) -> Shell:
    """Return the shell that ``environ`` tells of.

    PowerShell sets PSModulePath, and so does Windows for every process; the shells of Unix set SHELL, Git's and
    MSYS2's bash on Windows MSYSTEM.

    Args:
        environ: The environment; ``ACADEMY_OPS_SHELL`` in it decides.

    Raises:
        ValueError: ``ACADEMY_OPS_SHELL`` names no shell that is known here.
    """
    wish = environ.get(VARIABLE, "").strip()
    for shell in SHELLS:
        if wish == shell:
            return shell
    if wish:
        raise ValueError(wish)
    posix = "SHELL" in environ or "MSYSTEM" in environ
    return "powershell" if "PSModulePath" in environ and not posix else "posix"
