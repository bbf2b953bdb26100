"""How often a caller may try in a minute, counted by this process alone or, for all processes, in one Redis.

The API's wall clock does not count here: set back or forth, it would lock callers out, or let them all in. A process
goes by its monotonic clock; Redis by its own, and what lies ahead of that after a step back is forgotten.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from academy_ops.academy.refusals import too_often

if TYPE_CHECKING:
    from academy_ops.academy.redis_counts import RedisCounts

WRONG_TOKENS: Final = 60
"""How many a minute from one address."""
MOST_COUNTED: Final = 10_000
"""Callers; of more, whoever was quiet the longest is forgotten."""
_MINUTE: Final = 60.0


class Throttle:
    """Counts wrong tokens by address and uploads by school."""

    def __init__(self, uploads: int, redis_url: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count ``uploads`` a minute, in Redis where there is one; ``clock`` is never set back."""
        shared = None
        if redis_url:
            from academy_ops.academy.redis_counts import RedisCounts  # noqa: PLC0415 - takes long, and few need it

            shared = RedisCounts(redis_url, clock)
        self._wrong_tokens = _LastMinute("wrong-token", WRONG_TOKENS, shared, clock)
        self._uploads = _LastMinute("upload", uploads, shared, clock)

    def may_sign_in(self, address: str) -> None:
        """Refuse every token from an address that has sent too many wrong ones, the right one, too, by a 429."""
        if seconds := self._wrong_tokens.wait(address, count=False):
            raise too_often("잘못된 토큰으로 너무 여러 번 요청했습니다.", seconds)

    def wrong_token(self, address: str) -> None:
        """Count one wrong token."""
        self._wrong_tokens.wait(address, count=True)

    def upload(self, tenant: str) -> None:
        """Count one upload; answer 429 to one too many."""
        if seconds := self._uploads.wait(tenant, count=True):
            raise too_often("짧은 시간에 너무 많은 파일을 보냈습니다.", seconds)


class _LastMinute:
    """How often something was done in the last minute, and by whom."""

    def __init__(self, name: str, most: int, shared: RedisCounts | None, clock: Callable[[], float]) -> None:
        self._name = name
        self._most = most
        self._shared = shared
        self._clock = clock
        self._lock = threading.Lock()
        self._times: dict[str, deque[float]] = {}

    def wait(self, key: str, *, count: bool) -> float:
        """Return for how many seconds ``key`` has to wait; 0 where it need not, and then ``count`` counts once more."""
        if self._shared:
            counted_together = self._shared.wait(f"{self._name}:{key}", self._most, count=count)
            if counted_together is not None:
                return counted_together
        with self._lock:
            now, times = self._clock(), self._times.get(key, deque(maxlen=self._most))
            if len(times) == self._most and (seconds := times[0] + _MINUTE - now) > 0:
                return seconds
            if count:
                times.append(now)
                # Who was counted last stands last, so that whoever is forgotten has been quiet the longest.
                self._times.pop(key, None)
                self._times[key] = times
                if len(self._times) > MOST_COUNTED:
                    del self._times[next(iter(self._times))]
        return 0.0
