"""How far this machine's clock is from the servers', by the Date of their answers."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal

Server = Literal["aws", "r2", "api"]

_PREFERRED: Final[tuple[Server, ...]] = ("aws", "r2", "api")
_EXACT_SECONDS: Final = 5
"""A Date is of whole seconds, and as old as its way here; what is less than this is no difference."""


class Clocks:
    """What the servers' clocks showed; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Server, tuple[float, timedelta]] = {}

    def note(self, server: Server, headers: Mapping[str, str], took: float) -> None:
        """Note the headers of an answer that has just come, after so many seconds."""
        here = datetime.now(UTC) - timedelta(seconds=took / 2)
        given = {name.lower(): value for name, value in headers.items()}
        if "date" not in given or given.get("age", "0") != "0":
            # A cache gives an answer with the time at which it was made.
            return
        try:
            there = parsedate_to_datetime(given["date"]) + timedelta(seconds=0.5)
            ahead = here - (there if there.tzinfo else there.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            return
        with self._lock:
            # The quickest answer is the most exact.
            if server not in self._known or took < self._known[server][0]:
                self._known[server] = took, ahead

    def ahead(self) -> int | None:
        """Return by how many seconds this machine's clock is ahead, or None where no server has told.

        AWS's word counts before R2's, and R2's before the API's.
        """
        with self._lock:
            known = next((self._known[host][1] for host in _PREFERRED if host in self._known), None)
        if known is None:
            return None
        seconds = round(known.total_seconds())
        return seconds if abs(seconds) >= _EXACT_SECONDS else 0
