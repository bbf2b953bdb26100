"""The shell scripts that run on a worker's host through SSM: built here from validated, quoted parts.

A script reads and never changes anything. Its output is kept small on the host, because SSM keeps only the first
24,000 characters of a command's output. `is_ours` recognises exactly what `probe` can build, so that the lab's
SSM agent can refuse everything else.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_JOB_ID: Final = re.compile(r"[A-Za-z0-9_-]{0,64}")
_SALT: Final = re.compile(r"[0-9a-f]{32}")

_HEADER: Final = "container='{container}'\njob='{job_id}'\nsalt='{salt}'\n"
_HEADER_PATTERN: Final = re.compile(rf"container='{_NAME.pattern}'\njob='{_JOB_ID.pattern}'\nsalt='{_SALT.pattern}'\n")


def probe(container: str, job_id: str | None, salt: str) -> str:
    """Build the script that reports a worker container's state, environment digests and log tail.

    Args:
        container: The container's name.
        job_id: The job whose log lines are wanted, or None.
        salt: 32 hexadecimal digits; each environment value is reported as ``sha256(salt + value)``.

    Returns:
        A POSIX shell script.

    Raises:
        ValueError: A part is not of its form and could break out of its quotes.
    """
    for value, form in ((container, _NAME), (job_id or "", _JOB_ID), (salt, _SALT)):
        if form.fullmatch(value) is None:
            raise ValueError(value)
    return _HEADER.format(container=container, job_id=job_id or "", salt=salt) + _body()


def is_ours(script: str) -> bool:
    """Tell whether ``script`` is one that `probe` could have built."""
    header = _HEADER_PATTERN.match(script)
    return header is not None and script[header.end() :] == _body()


def _body() -> str:
    return (files("academy_ops") / "probe.sh").read_text(encoding="utf-8")
