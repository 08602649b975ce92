"""A display's driver on a loopback with a simulated display at the other end, and a clock that tests move."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from drivers.line_display import LineDisplay
from drivers.line_display_settings import LineDisplaySettings
from edge_gateway.transports.loopback import LoopbackTransport
from simulators.line_display import LineDisplay as SimulatedDisplay
from tests.support.clock import FakeClock
from tests.support.sessions import RecordingSession


@dataclass
class DisplayBench:
    """What runs, and what it hangs on."""

    driver: LineDisplay
    session: RecordingSession
    simulated: SimulatedDisplay
    clock: FakeClock
    transport: LoopbackTransport

    async def lines(self) -> tuple[str, str]:
        """What a customer reads."""
        await self.clock.settle()
        upper, lower = self.simulated.lines
        return upper.rstrip(), lower.rstrip()

    async def execute(self, name: str, **params: Any) -> Any:
        result = await self.driver.execute(name, params)
        await self.clock.settle()
        return result

    @property
    def errors(self) -> list[str]:
        return self.simulated.display.errors


@contextlib.asynccontextmanager
async def display_bench(**settings: Any) -> AsyncIterator[DisplayBench]:
    """It runs, and its first screen is shown. What the display did not understand fails the test at the end."""
    made = LineDisplaySettings(**settings)
    clock, transport = FakeClock(), LoopbackTransport()
    simulated = SimulatedDisplay(transport.far_end, made.dialect)
    await simulated.start()
    session = RecordingSession(clock, transport)
    driver = LineDisplay(session, made)

    class Sink:
        def data_received(self, data: bytes) -> None:
            driver.data_received(data)

        def connection_lost(self, error: Exception | None) -> None:
            """The far end does not go."""

    await transport.open(Sink())
    running = asyncio.create_task(driver.run())
    await clock.settle()
    try:
        yield DisplayBench(driver, session, simulated, clock, transport)
        assert simulated.display.errors == []
    finally:
        running.cancel()
        await asyncio.wait({running})
        await transport.close()
