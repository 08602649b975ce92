"""A clock that tests move by hand."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

SETTLE_ROUNDS = 40
"""Turns of the event loop after each wake-up: enough for a woken task to run on and go to sleep again."""


class FakeClock:
    """Implements ``edge_gateway.contracts.clock.Clock``. Sleepers wake in order while ``advance`` moves the time."""

    def __init__(self, start: datetime = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._wall_jump = timedelta()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s) + self._wall_jump

    def monotonic(self) -> float:
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._elapsed_s + seconds, self._count, waiter))
        await waiter

    @property
    def sleeper_count(self) -> int:
        """How many tasks sleep now."""
        return sum(not waiter.done() for _, _, waiter in self._sleepers)

    def jump_wall_clock(self, seconds: float) -> None:
        """Set the wall clock off (NTP, a wrong battery clock); the monotonic clock does not notice."""
        self._wall_jump += timedelta(seconds=seconds)

    async def settle(self) -> None:
        """Let every task that can run do so."""
        for _ in range(SETTLE_ROUNDS):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Move both clocks on, waking each sleeper at its own time."""
        await self.settle()
        end = self._elapsed_s + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            wake_at, _, waiter = heapq.heappop(self._sleepers)
            if waiter.done():
                continue
            self._elapsed_s = max(self._elapsed_s, wake_at)
            waiter.set_result(None)
            await self.settle()
        self._elapsed_s = end
        await self.settle()
