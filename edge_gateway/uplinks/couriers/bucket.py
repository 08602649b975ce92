"""A token bucket: so many requests a minute, and not one more in any minute. Pure: told the time."""

from __future__ import annotations

from typing import Final

MINUTE_S: Final = 60.0
BURST_SHARE: Final = 10
"""A tenth of a minute's requests may go at once: what gathered in a pause needs no minute to leave."""


class TokenBucket:
    """Refills slowly enough that a full bucket and what flows in within a minute stay within the limit together."""

    def __init__(self, requests_per_minute_max: int, now_s: float = 0.0) -> None:
        self._capacity = max(1, requests_per_minute_max // BURST_SHARE)
        # Within less than a minute fewer than one more than the limit come together: the limit at most.
        self._per_s = (requests_per_minute_max - self._capacity + 1) / MINUTE_S
        self._tokens = float(self._capacity)
        self._filled_at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Until there is a token."""
        self._fill(now_s)
        return max(0.0, (1.0 - self._tokens) / self._per_s)

    def take(self, now_s: float) -> bool:
        """Take a token; False if there is none."""
        self._fill(now_s)
        # A billionth less is a token: who waited for as long as he was told must find one.
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True

    def _fill(self, now_s: float) -> None:
        if now_s > self._filled_at_s:
            self._tokens = min(self._capacity, self._tokens + (now_s - self._filled_at_s) * self._per_s)
            self._filled_at_s = now_s
