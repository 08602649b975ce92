"""Time, ids and randomness are injected, so that a store's day can run in virtual time from a seed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from edge_gateway.contracts.instants import rfc3339 as rfc3339  # where everybody looks for it


class Clock(Protocol):
    """Wall clock (for people and the cloud) and monotonic clock (for ages, back-off, time-outs)."""

    def now(self) -> datetime:
        """UTC, timezone aware. May jump."""
        ...

    def monotonic(self) -> float:
        """Seconds; never jumps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep on the monotonic clock."""
        ...


class SystemClock:
    """The real clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class EventIds:
    """UUIDv7 (RFC 9562, counter in rand_a): unique and rising even if the wall clock stands or jumps back."""

    def __init__(self, clock: Clock, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._clock = clock
        self._random_bytes = random_bytes
        self._last_ticks = 0

    def __call__(self) -> str:
        # 60 bits: 48 of milliseconds, 12 of counter; an overflowing counter borrows from the next millisecond.
        ticks = int(self._clock.now().timestamp() * 1000) << 12
        self._last_ticks = max(ticks, self._last_ticks + 1)
        milliseconds, counter = self._last_ticks >> 12, self._last_ticks & 0xFFF
        tail = int.from_bytes(self._random_bytes(8), "big") & ((1 << 62) - 1)
        return str(UUID(int=milliseconds << 80 | 7 << 76 | counter << 64 | 2 << 62 | tail))
