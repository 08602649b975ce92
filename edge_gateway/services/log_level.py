"""A log level for a while: set by a command, and set back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.waiting import within


class TemporaryLogLevel:
    """``apply`` sets the level of the process. ``run`` must be running for a level to be set back."""

    def __init__(self, configured: str, apply: Callable[[str], None], clock: Clock) -> None:
        self._configured = configured
        self._apply = apply
        self._clock = clock
        self._until_s: float | None = None
        self._changed = asyncio.Event()

    def set(self, level: str, for_s: float) -> None:
        """From now on; the last one wins."""
        self._apply(level)
        self._until_s = self._clock.monotonic() + for_s
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._changed.wait()
            while self._until_s is not None:
                self._changed.clear()
                rest_s = self._until_s - self._clock.monotonic()
                if rest_s <= 0:
                    self._until_s = None
                    self._apply(self._configured)
                else:
                    await within(self._clock, rest_s, self._changed.wait())
