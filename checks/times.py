"""Ages, and times as the API, AWS and Docker write them."""

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime

from academy_ops.thresholds import CLOCK_TOLERANCE_SECONDS, COMPLAINT_SECONDS
from checks.host_facts import Container, LogLine

_NANOSECONDS = re.compile(r"(\.\d{6})\d+")
_EPOCH_DIGITS = 10


def parse(value: object) -> datetime | None:
    """Read an RFC 3339 time; None for anything else. A time without a zone is UTC; nanoseconds are cut."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(_NANOSECONDS.sub(r"\1", value.strip()))
    except ValueError:
        return None
    # Docker writes year 1 for "never", others the last year there is.
    if moment.year in {MINYEAR, MAXYEAR}:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def since_1970(seconds: str) -> datetime | None:
    """Read a time in whole seconds since 1970; None for anything else."""
    known = seconds.isascii() and seconds.isdecimal() and len(seconds) <= _EPOCH_DIGITS
    return datetime.fromtimestamp(int(seconds), UTC) if known and int(seconds) else None


def age(now: datetime, then: datetime | None) -> float | None:
    """Return the seconds from ``then`` to ``now``, never negative.

    None when ``then`` is unknown, or so far ahead that one of the two clocks must be wrong.
    """
    seconds = (now - then).total_seconds() if then is not None else None
    return None if seconds is None or seconds < -CLOCK_TOLERANCE_SECONDS else max(0.0, seconds)


def under(known: float | None, seconds: float) -> bool:
    """Return whether an age is known and less than ``seconds``."""
    return known is not None and known < seconds


def at_least(known: float | None, seconds: float) -> bool:
    """Return whether an age is known and ``seconds`` or more."""
    return known is not None and known >= seconds


def written_at(line: LogLine) -> datetime:
    """Return when a line was written, to sort by; one of unknown time comes first."""
    return line.at or datetime.min.replace(tzinfo=UTC)


def of_last_process(now: datetime, container: Container, line: LogLine) -> bool:
    """Return whether a container's last process wrote a line, or one before it, but lately."""
    return container.wrote(line) or under(age(now, line.at), COMPLAINT_SECONDS)
