"""The circuit breaker: a failure is followed by a pause, some in a row by probes only. Pure: told the time."""

from __future__ import annotations

from enum import StrEnum
from math import inf
from random import Random
from typing import Final

from edge_gateway.contracts.backoff import Backoff

FAILURES_MAX: Final = 3
"""One lost answer is an accident, three in a row with nothing delivered in between are an outage."""

PROBE_APART_S_MAX: Final = 8.0
"""Probes are never further apart, after hours neither: what waits goes on within 10 s of the cloud's return."""


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Closed: send, after a failure not at once. Open: wait. Half-open: one probe is under way, and decides."""

    def __init__(self, first_s: float, max_s: float, random: Random) -> None:
        max_s = min(max_s, PROBE_APART_S_MAX)
        self._backoff = Backoff(min(first_s, max_s), max_s, random)
        self._failures = 0
        self._next_at_s = 0.0
        self.state = BreakerState.CLOSED

    def wait_s(self, now_s: float) -> float:
        """Until something may be sent; endless while a probe is under way."""
        return inf if self.state is BreakerState.HALF_OPEN else max(0.0, self._next_at_s - now_s)

    def begin_probe(self) -> None:
        """The probe is under way. In the closed state it is a batch like any other."""
        if self.state is BreakerState.OPEN:
            self.state = BreakerState.HALF_OPEN

    def failed(self, now_s: float) -> None:
        """A batch or the probe failed. What comes late from before it opened changes nothing."""
        if self.state is BreakerState.OPEN:
            return
        self._failures += 1
        if self.state is BreakerState.HALF_OPEN or self._failures >= FAILURES_MAX:
            self.state = BreakerState.OPEN
        self._next_at_s = now_s + self._backoff.next_delay()

    def succeeded(self) -> bool:
        """An answer came. True if it is closed by that."""
        was_closed = self.state is BreakerState.CLOSED
        self.state, self._failures, self._next_at_s = BreakerState.CLOSED, 0, 0.0
        self._backoff.reset()
        return not was_closed

    def undecided(self, now_s: float) -> None:
        """The probe ended without an answer that says anything: the next one is due now."""
        if self.state is BreakerState.HALF_OPEN:
            self.state, self._next_at_s = BreakerState.OPEN, now_s

    def hurry(self, now_s: float) -> None:
        """The way may be back: the next try is due now."""
        self._next_at_s = min(self._next_at_s, now_s)
        self._backoff.reset()
