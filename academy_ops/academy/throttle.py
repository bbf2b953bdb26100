"""How often a minute: wrong tokens from one address, and uploads of one school. Each API process counts for itself."""

from __future__ import annotations

import math
import time
from http import HTTPStatus
from typing import Final

from fastapi import HTTPException
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_WRONG_TOKENS: Final = 60


class Throttle:
    """Counts, and refuses what is too much."""

    def __init__(self, uploads: int) -> None:
        """Begin to count.

        Args:
            uploads: How many a school may send in a minute.
        """
        self._counts = MovingWindowRateLimiter(MemoryStorage())
        self._wrong_tokens = RateLimitItemPerMinute(_WRONG_TOKENS, namespace="wrong tokens")
        self._uploads = RateLimitItemPerMinute(uploads, namespace="uploads")

    def may_sign_in(self, address: str) -> None:
        """Refuse every token from an address that has sent too many wrong ones, the right one, too.

        Raises:
            HTTPException: A 429.
        """
        if not self._counts.test(self._wrong_tokens, address):
            raise self._refused(self._wrong_tokens, address, "잘못된 토큰으로 너무 여러 번 요청했습니다.")

    def wrong_token(self, address: str) -> None:
        """Count one wrong token."""
        self._counts.hit(self._wrong_tokens, address)

    def upload(self, tenant: str) -> None:
        """Count one upload.

        Raises:
            HTTPException: A 429; it is one too many.
        """
        if not self._counts.hit(self._uploads, tenant):
            raise self._refused(self._uploads, tenant, "짧은 시간에 너무 많은 파일을 보냈습니다.")

    def _refused(self, limit: RateLimitItemPerMinute, key: str, detail: str) -> HTTPException:
        again_at = self._counts.get_window_stats(limit, key).reset_time
        seconds = max(1, math.ceil(again_at - time.time()))
        return HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{detail} {seconds}초 뒤에 다시 시도해 주세요.",
            {"Retry-After": str(seconds)},
        )
