"""Wires that go on and off by themselves: blinking lights, tones. One task sets them all, at their times."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, cast

from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.gpio import GpioPort
from edge_gateway.contracts.waiting import within

NEVER_S: Final = 3600.0
"""Where nothing is due."""


@dataclass(slots=True)
class _Cycle:
    """``left``: times on that are still to come; None: without end."""

    on_s: float
    off_s: float
    left: int | None
    is_on: bool
    at_s: float


class GpioCycles:
    """``run`` until cancelled; the others from any task."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._cycles: dict[str, _Cycle] = {}
        self._changed = asyncio.Event()

    def is_cycling(self, line: str) -> bool:
        return line in self._cycles

    async def set(self, line: str, is_on: bool) -> None:
        """For good. Raises TransportError."""
        self._cycles.pop(line, None)
        await self._port.set(line, is_on)

    async def cycle(self, line: str, on_s: float, off_s: float, count: int | None = None) -> None:
        """On at once. Raises TransportError."""
        await self._port.set(line, True)
        left = None if count is None else count - 1
        self._cycles[line] = _Cycle(on_s, off_s, left, True, self._now_s + on_s)
        self._changed.set()

    async def run(self) -> None:
        while True:
            due_s = min((cycle.at_s for cycle in self._cycles.values()), default=self._now_s + NEVER_S)
            await within(self._session.clock, due_s - self._now_s, self._changed.wait())
            self._changed.clear()
            for line, cycle in list(self._cycles.items()):
                if cycle.at_s <= self._now_s:
                    await self._turn(line, cycle)

    async def _turn(self, line: str, cycle: _Cycle) -> None:
        cycle.is_on = not cycle.is_on
        cycle.at_s = self._now_s + (cycle.on_s if cycle.is_on else cycle.off_s)
        if cycle.is_on and cycle.left is not None:
            cycle.left -= 1
        if not cycle.is_on and cycle.left == 0:
            del self._cycles[line]
        await self._port.set(line, cycle.is_on)

    @property
    def _now_s(self) -> float:
        return self._session.clock.monotonic()

    @property
    def _port(self) -> GpioPort:
        return cast(GpioPort, self._session.transport)
