"""AWS's schedule expressions, as EventBridge takes them: ``rate(…)``, ``cron(…)`` and ``at(…)``."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from academy_ops.thresholds import AUTOSCALER_PERIOD_SECONDS

_RATE: Final = re.compile(r"rate\((\d{1,6}) (minute|hour|day)s?\)")
_CRON: Final = re.compile(r"cron\((\S{1,200}) (\S{1,99}) (\S{1,99}) (\S{1,99}) (\S{1,99}) (\S{1,99})\)")
_ONCE: Final = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_SECONDS: Final = {"minute": 60, "hour": 3600, "day": 86400}
_SPAN: Final = re.compile(r"(\*|\d{1,4}|[A-Z]{3})(?:-(\d{1,4}|[A-Z]{3}))?(?:/(\d{1,2}))?")
_MONTHS: Final = ("", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("", "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_YEARS: Final = (1970, 2199)
_HOUR: Final = 60


def period(schedule: str) -> int | None:
    """Return after how many seconds a schedule runs something again; None where its form is not known."""
    if rate := _RATE.fullmatch(schedule):
        return int(rate[1]) * _SECONDS[rate[2]]
    cron = _CRON.fullmatch(schedule)
    if cron is None:
        return None
    minutes = sorted(_values(cron[1], 0, _HOUR - 1))
    return 60 * max(after - before for before, after in pairwise([*minutes, minutes[0] + _HOUR]))


def often_enough(schedule: str, now: datetime, zone: str = "") -> bool:
    """Return whether a schedule runs something every few minutes at this time of day; one of no known form does.

    It is kept by the time of ``zone``, such as ``Asia/Seoul``; by UTC where that is empty, or none.
    """
    if (period(schedule) or 0) > AUTOSCALER_PERIOD_SECONDS:
        return False
    with suppress(ZoneInfoNotFoundError, ValueError):
        now = now.astimezone(ZoneInfo(zone)) if zone else now
    if once := _ONCE.fullmatch(schedule):
        return once[1][:16] == now.isoformat()[:16]
    cron = _CRON.fullmatch(schedule)
    return cron is None or (
        now.hour in _values(cron[2], 0, 23)
        and now.day in _values(cron[3], 1, 31)
        and now.month in _values(cron[4], 1, 12, _MONTHS)
        and now.isoweekday() % 7 + 1 in _values(cron[5], 1, 7, _DAYS)
        and now.year in _values(cron[6], *_YEARS)
    )


def _values(field: str, first: int, last: int, names: Sequence[str] = ()) -> set[int]:
    """Return the numbers that a field of a cron expression of AWS means; all of them where its form is not known."""
    everything = set(range(first, last + 1))
    found = set[int]()
    for part in field.upper().split(","):
        span = _SPAN.fullmatch(part)
        if span is None:
            return everything
        low, high = (
            names.index(word) if word in names else int(word) if word and word.isdecimal() else None
            for word in span.group(1, 2)
        )
        low = first if low is None else low
        high = high if high is not None else last if span[1] == "*" or span[3] else low
        # From ten in the evening to six in the morning.
        numbers = range(low, high + 1) if low <= high else [*range(low, last + 1), *range(first, high + 1)]
        found.update(numbers[:: int(span[3] or 1) or 1])
    return found & everything or everything
