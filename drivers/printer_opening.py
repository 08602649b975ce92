"""``open_drawer`` of a printer: in print order and confirmed; at once where it cannot print but has a pulse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from drivers.printer_at_once import AtOnce
from drivers.printer_condition import Conditions
from drivers.printer_connector import PrinterConnector
from drivers.printer_presence import Presence
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.printing import PaperPolicy, Rendered
from edge_gateway.contracts.waiting import within

DRAWER_TURN_S_MAX: Final = 4.0
"""Most prints end within this; a drawer that would open later is answered busy instead."""
DRAWER_CONFIRM_S: Final = 5.0
"""A pulse that was not confirmed by then is cleared where the model can: a drawer must not open minutes later."""

RunPulse = Callable[[Rendered, AtOnce, Mapping[str, Any], float], Awaitable[bool]]
"""Prints a pulse as a job, within a time. True: confirmed. Raises DeviceError."""


class DrawerOpening:
    """``paper``: held by whoever prints."""

    def __init__(
        self,
        connector: PrinterConnector,
        condition: Conditions,
        presence: Presence,
        paper: asyncio.Lock,
        clock: Clock,
        run: RunPulse,
    ) -> None:
        self._connector = connector
        self._condition = condition
        self._presence = presence
        self._paper = paper
        self._clock = clock
        self._run = run

    async def open(self, pulse: bytes, now: bytes | None, command: Mapping[str, Any]) -> bool:
        """True: confirmed. ``now``: passes a job that is being printed, and is obeyed by a printer that cannot print;
        None: it has no such pulse. The money is needed without paper too. Raises DeviceError."""
        is_stopped = self._condition.obstacle() is not None and self._presence.is_answering
        if now is not None and (self._connector.job is not None or is_stopped):
            return await self._at_once(now, command)
        if not await within(self._clock, DRAWER_TURN_S_MAX, self._paper.acquire()):
            raise DeviceError(ErrorCode.BUSY, self._connector.busy_words())
        try:
            return await self._in_order(pulse, now, command)
        finally:
            self._paper.release()

    async def _in_order(self, pulse: bytes, now: bytes | None, command: Mapping[str, Any]) -> bool:
        watch = AtOnce(PaperPolicy.FAIL)  # a drawer must not open minutes later
        deadline = asyncio.ensure_future(self._clock.sleep(DRAWER_CONFIRM_S))
        deadline.add_done_callback(lambda done: None if done.cancelled() else watch.cancelled.set())
        try:
            is_confirmed = await self._run(Rendered(pulse), watch, command, DRAWER_CONFIRM_S)
        except DeviceError:
            if watch.is_begun or now is None or self._condition.obstacle() is None:
                raise
            return await self._at_once(now, command)
        finally:
            deadline.cancel()
        await self._connector.sense_drawer()
        return is_confirmed

    async def _at_once(self, pulse: bytes, command: Mapping[str, Any]) -> bool:
        await self._connector.open_drawer_now(pulse, command)
        return False
