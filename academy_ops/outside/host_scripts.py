"""The shell scripts that run on a worker's host through SSM: built here from validated, quoted parts.

A script reads and never changes anything. Its output is kept small on the host, because SSM keeps only the first
24,000 characters of a command's output. `is_ours` recognises exactly what is built here, so that the lab's SSM
agent can refuse everything else.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Final

CONTAINER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
UNIT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.@-]{0,250}")
_JOB_ID: Final = re.compile(r"[A-Za-z0-9_-]{0,64}")
_SALT: Final = re.compile(r"[0-9a-f]{32}")

_PROBE: Final = "probe.sh"
_LOG_LINES: Final = "log_lines.sh"
_SINCE: Final = re.compile(r"[1-9][0-9]{0,6}s")


def _script(file: str, **parts: tuple[str, re.Pattern[str]]) -> str:
    for value, form in parts.values():
        if form.fullmatch(value) is None:
            raise ValueError(value)
    return "".join(f"{name}='{value}'\n" for name, (value, _form) in parts.items()) + _body(file)


@cache
def _pattern(file: str, **forms: re.Pattern[str]) -> re.Pattern[str]:
    header = "".join(f"{name}='{form.pattern}'\n" for name, form in forms.items())
    return re.compile(header + re.escape(_body(file)))


def probe(container: str, job_id: str | None, salt: str) -> str:
    """Build the script that reports a worker container's state, environment digests and log tail.

    Each environment value is reported as ``sha256(salt + value)``; the salt has 32 hexadecimal digits.

    Raises:
        ValueError: A part is not of its form and could break out of its quotes.
    """
    return _script(_PROBE, container=(container, CONTAINER_NAME), job=(job_id or "", _JOB_ID), salt=(salt, _SALT))


def log_lines(container: str, job_id: str | None, since: int) -> str:
    """Build the script that writes the last seconds of a container's log, of a job or all, each line with its time.

    Raises:
        ValueError: A part is not of its form and could break out of its quotes.
    """
    parts = {"container": (container, CONTAINER_NAME), "job": (job_id or "", _JOB_ID), "since": (f"{since}s", _SINCE)}
    return _script(_LOG_LINES, **parts)


def is_ours(script: str) -> bool:
    """Return whether ``script`` is one that could have been built here."""
    probes = _pattern(_PROBE, container=CONTAINER_NAME, job=_JOB_ID, salt=_SALT)
    readers = _pattern(_LOG_LINES, container=CONTAINER_NAME, job=_JOB_ID, since=_SINCE)
    return any(pattern.fullmatch(script) for pattern in (probes, readers))


def _body(file: str) -> str:
    return (files("academy_ops.outside") / file).read_text(encoding="utf-8")
