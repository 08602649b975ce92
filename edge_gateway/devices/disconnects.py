"""The losses of one device: when, why, how long it had been there, and how long it was away."""

from __future__ import annotations

from collections import deque

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.life import Disconnect
from edge_gateway.contracts.states import PowerState

DISCONNECTS_KEPT = 20
"""Losses remembered per device: enough to see a loose plug, small enough for the status page."""


class Disconnects:
    """The newest; ``total`` counts all since the start."""

    def __init__(self, clock: Clock) -> None:
        self.newest: deque[Disconnect] = deque(maxlen=DISCONNECTS_KEPT)
        self.total = 0
        self._clock = clock
        self._connected_s: float | None = None
        self._open: list[tuple[Disconnect, float]] = []

    def connected(self) -> None:
        """There is a connection; whether the device answers on it is told by ``answers``."""
        self._connected_s = self._clock.monotonic()

    def answers(self) -> None:
        """Whatever was wrong is over."""
        now_s = self._clock.monotonic()
        for disconnect, since_s in self._open:
            disconnect.away_s = now_s - since_s
        self._open.clear()

    def fell_silent(self, reason: str) -> None:
        """It answered before, and does not any more; nothing, where the connection was lost and is told already."""
        if self._connected_s is not None:
            self._add(PowerState.OFFLINE, reason)

    def lost(self, reason: str) -> None:
        """The connection has ended; nothing, where there was none."""
        if self._connected_s is not None:
            self._add(PowerState.OFF, reason)
            self._connected_s = None

    def ended(self) -> None:
        """Nobody watches any more: that is no loss."""
        self._connected_s = None

    def _add(self, power: PowerState, reason: str) -> None:
        now_s = self._clock.monotonic()
        assert self._connected_s is not None
        lasted_s = now_s - self._connected_s
        disconnect = Disconnect(self._clock.now(), power.value, reason, lasted_s)
        self.total += 1
        self.newest.append(disconnect)
        self._open.append((disconnect, now_s))
        del self._open[:-DISCONNECTS_KEPT]
