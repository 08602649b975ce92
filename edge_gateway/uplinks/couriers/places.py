"""How many batches may be under way at once. Pure: told the time."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from edge_gateway.uplinks.couriers.breaker import PROBE_APART_S_MAX

HANGING_AFTER_S: Final = PROBE_APART_S_MAX
"""A batch that is under way for longer holds its sources, but no place among those that may be under way at once; up to
as many more may hang. So a line that went dead in the middle of a drain is found alive again before the time-out."""


class Places:
    """``count``: that many, and at most as many more that hang."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._begun_s: dict[Hashable, float] = {}

    def __len__(self) -> int:
        """Batches under way."""
        return len(self._begun_s)

    def free(self, now_s: float) -> int:
        hanging = sum(now_s - begun_s >= HANGING_AFTER_S for begun_s in self._begun_s.values())
        return self.count + min(hanging, self.count) - len(self._begun_s)

    def take(self, who: Hashable, now_s: float) -> None:
        self._begun_s[who] = now_s

    def give_back(self, who: Hashable) -> None:
        del self._begun_s[who]

    def waits_s(self, now_s: float) -> list[float]:
        """After what times a place may become free without a batch having ended."""
        return [begun_s + HANGING_AFTER_S - now_s for begun_s in self._begun_s.values()]
