"""Back-off with full jitter: how long to wait before the next try, with no budget for a lifetime."""

from __future__ import annotations

import random
from typing import Final

DOUBLINGS_MAX: Final = 62
"""The ceiling is computed from at most this many doublings: a week of failures must not grow a number without end."""


class Backoff:
    """A delay drawn between nothing and a ceiling that doubles from ``first_s`` to ``max_s``.

    Full jitter: a chain of shops that lost the same cloud must not come back in the same second.
    """

    def __init__(self, first_s: float, max_s: float, random: random.Random) -> None:
        if not 0 < first_s <= max_s:
            raise ValueError(f"back-off from {first_s} s to {max_s} s: expected 0 < first_s <= max_s")
        self._first_s = first_s
        self._max_s = max_s
        self._random = random
        self._failures = 0

    @property
    def failures(self) -> int:
        """Delays handed out since the last reset."""
        return self._failures

    def next_delay(self) -> float:
        """Seconds to wait before the next try."""
        ceiling_s = min(self._max_s, self._first_s * 2.0 ** min(self._failures, DOUBLINGS_MAX))
        self._failures += 1
        return self._random.uniform(0.0, ceiling_s)

    def reset(self) -> None:
        """It worked: the next delay is a first one again."""
        self._failures = 0
