"""Counts how often callers try in the last minute, for all API processes, in one Redis."""

import logging
from collections.abc import Callable
from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

_ANSWER_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 5.0
"""After so long a Redis that did not answer is asked again."""
_SCRIPT: Final = """
local minute, time = 60 * 1000000, redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - minute)
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + 1, '+inf')
local oldest = redis.call('ZRANGE', KEYS[1], -ARGV[1], -ARGV[1], 'WITHSCORES')[2]
if oldest then
  return oldest + minute - now
end
if ARGV[2] == '1' then
  redis.call('ZADD', KEYS[1], now, now)
  redis.call('PEXPIRE', KEYS[1], minute / 1000)
end
return 0
"""
"""Returns for how many microseconds a caller who may try ARGV[1] times has to wait; ARGV[2]: whether to count a try."""
_log: Final = logging.getLogger("academy.throttle")


class RedisCounts:
    """A Redis that counts; while it does not answer, each process has to count for itself."""

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        once_more = Retry(NoBackoff(), 1)  # on a new connection, where Redis was restarted
        client = Redis.from_url(
            url, socket_connect_timeout=_ANSWER_SECONDS, socket_timeout=_ANSWER_SECONDS, retry=once_more
        )
        self._ask = client.register_script(_SCRIPT)
        self._clock = clock
        self._away_until: float | None = None

    def wait(self, key: str, most: int, *, count: bool) -> float | None:
        """Return for how many seconds ``key`` has to wait; 0 where it need not, and then ``count`` counts once more.

        None says that Redis does not answer.
        """
        away_until = self._away_until
        if away_until is not None and self._clock() < away_until:
            return None
        try:
            microseconds = self._ask([f"academy:{key}"], [most, int(count)])
        except RedisError as error:
            if away_until is None:
                _log.warning("Redis: %s; each process counts for itself until it answers", type(error).__name__)
            self._away_until = self._clock() + AGAIN_SECONDS
            return None
        if away_until is not None:
            _log.warning("Redis answers again")
            self._away_until = None
        return float(microseconds) / 1_000_000
