"""What hangs on a printer: the drawer on its connector, the display on its cable. Both are reached past a print."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from drivers.drawer_watch import DrawerWatch
from drivers.printer_condition import Conditions
from drivers.printer_dialect import PrinterDialect
from drivers.printer_job import PrinterJob
from drivers.printer_line import PrinterLine
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode

DRAWER_SENSE_S: Final = 1.0
"""A drawer that was kicked is open within this, or stuck."""
SENSE_INTERVAL_S: Final = 0.1
PULSE_TURN_S: Final = 4.0
"""A picture is sent within this on most lines; a drawer that would open later is answered busy instead."""
DISPLAY_TURN_S: Final = 1.5
"""A piece of a print is sent within this on the slowest line; more, and the printer takes nothing."""


class PrinterConnector:
    """``job``: what is being printed. ``questions``: held while the printer is asked; a job asks only between two
    commands."""

    def __init__(
        self,
        name: str,
        session: Session,
        line: PrinterLine,
        dialect: PrinterDialect,
        condition: Conditions,
        questions: asyncio.Lock,
    ) -> None:
        self.drawer = DrawerWatch(session)
        self.job: PrinterJob | None = None
        self._name = name
        self._clock = session.clock
        self._line = line
        self._dialect = dialect
        self._condition = condition
        self._questions = questions

    async def open_drawer_now(self, pulse: bytes, command: Mapping[str, Any]) -> None:
        """Between two commands of what is being printed."""
        self.drawer.expect(command)
        if not await self._line.write_now(pulse, PULSE_TURN_S):
            self.drawer.withdraw()
            raise DeviceError(ErrorCode.BUSY, self.busy_words())
        self.drawer.sent()
        await self.sense_drawer()

    async def write_display(self, data: bytes) -> None:
        """For a display on its cable, which takes its own out of what is sent: between two commands of a job."""
        if not await self._line.write_now(data, DISPLAY_TURN_S, is_patient=True):
            raise DeviceError(ErrorCode.BUSY, f"{self._name}: it takes nothing now; the display was not written")

    def busy_words(self) -> str:
        obstacle = None if self.job is None else self.job.obstacle
        why = "" if obstacle is None else f", which waits ({obstacle[1]})"
        return f"{self._name}: a print is under way{why}; the drawer was not opened: mend it, or cancel the print"

    async def sense_drawer(self) -> None:
        deadline_s = self._clock.monotonic() + DRAWER_SENSE_S
        while self._condition.drawer == "closed" and self._clock.monotonic() < deadline_s:
            await self._clock.sleep(SENSE_INTERVAL_S)
            async with self._questions:
                await self._dialect.is_there()
