"""A drawer's driver on a fake wire with a simulated drawer at the other end, and a clock that tests move."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from drivers.cash_drawer import CashDrawer
from drivers.gpio_drawer import GpioDrawer
from drivers.posiflex_drawer import PosiflexDrawer
from drivers.serial_drawer import SerialDrawer
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.gpio import Edge
from edge_gateway.contracts.request_in_hand import on_behalf_of
from edge_gateway.contracts.transport import ByteSink, ModemLines
from edge_gateway.transports.loopback import LoopbackTransport
from simulators.cash_drawer import Drawer, SerialTriggerDrawer
from simulators.cash_drawer import PosiflexDrawer as SimulatedPosiflex
from tests.support.clock import FakeClock
from tests.support.sessions import RecordingSession


class LoopbackModem(LoopbackTransport):
    """Implements ModemTransport; ``is_signalled``: what CTS says."""

    def __init__(self) -> None:
        super().__init__()
        self.is_signalled: Callable[[], bool] = lambda: False

    def modem_lines(self) -> ModemLines:
        return ModemLines(cts=self.is_signalled(), dsr=True, dcd=False, ri=False)

    def set_modem_lines(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        """Nobody looks."""

    async def send_break(self, duration_s: float) -> None:
        """Nobody hears."""


class WiredGpio:
    """Implements GpioPort: two wires to a simulated drawer, whose contact is to ground while it is open."""

    description = "gpio drawer, sense"
    report: Callable[[Edge], None] | None = None

    def __init__(self, drawer: Drawer) -> None:
        self.drawer = drawer
        self.pulses_ms: list[int] = []
        drawer.on_move = self._moved

    def is_there(self) -> bool:
        return True

    async def open(self, sink: ByteSink) -> None:
        """It is."""

    async def write(self, data: bytes) -> None:
        raise TransportError("carries no bytes")

    def drop_input(self) -> None:
        """There is none."""

    async def close(self) -> None:
        self.report = None

    async def pulse(self, line: str, ms: int) -> None:
        assert line == "drawer"
        self.pulses_ms.append(ms)
        self.drawer.pulse()

    async def set(self, line: str, is_active: bool) -> None:
        raise TransportError("a drawer's solenoid is not held")

    async def read(self, line: str) -> bool:
        assert line == "sense"
        return not self.drawer.is_open

    def listen(self, on_edge: Callable[[Edge], None]) -> None:
        self.report = on_edge

    def _moved(self) -> None:
        if self.report is not None:
            self.report(Edge("sense", not self.drawer.is_open))


@dataclass
class DrawerBench:
    """What runs, and what it hangs on."""

    driver: CashDrawer
    session: RecordingSession
    drawer: Drawer
    clock: FakeClock
    device: Any = None

    async def execute(self, name: str, **params: Any) -> Any:
        with on_behalf_of("r-1"):
            task = asyncio.ensure_future(self.driver.execute(name, params))
        await self.clock.settle()
        for _ in range(40):
            if task.done():
                break
            await self.clock.advance(0.1)
        return await task

    async def moves(self, move: Callable[[], None]) -> None:
        """A person's hand; until it is noticed."""
        move()
        await self.clock.advance(0.5)

    def events(self, *names: str) -> list[tuple[str, Mapping[str, Any]]]:
        return [(name, data) for name, data in self.session.events if not names or name in names]


@contextlib.asynccontextmanager
async def drawer_bench(kind: str, **settings: Any) -> AsyncIterator[DrawerBench]:
    """``serial``, ``gpio`` or ``posiflex``, each with a switch that is low while it is open."""
    clock = FakeClock()
    make: type[CashDrawer]
    simulated: Any
    match kind:
        case "serial":
            transport: Any = LoopbackModem()
            simulated, make = SerialTriggerDrawer(transport.far_end), SerialDrawer
            drawer = simulated.drawer
            transport.is_signalled = lambda: not drawer.is_open
            settings = {"sense": "cts", "open_level": "low", **settings}
        case "posiflex":
            transport = LoopbackTransport()
            simulated, make = SimulatedPosiflex(transport.far_end, settings.get("drawer_number", 0)), PosiflexDrawer
            drawer = simulated.drawer
        case _:
            drawer = Drawer()
            transport, simulated, make = WiredGpio(drawer), None, GpioDrawer
            settings = {"open_level": "low", **settings}
    if simulated is not None:
        await simulated.start()
    session = RecordingSession(clock, transport)
    driver: Any = make(session, make.Settings.model_validate(settings))  # type: ignore[attr-defined]

    class Sink:
        def data_received(self, data: bytes) -> None:
            driver.data_received(data)

        def connection_lost(self, error: Exception | None) -> None:
            """The far end does not go."""

    await transport.open(Sink())
    running = asyncio.create_task(driver.run())
    await clock.advance(0.5)
    try:
        yield DrawerBench(driver, session, drawer, clock, simulated)
    finally:
        running.cancel()
        await asyncio.wait({running})
        await transport.close()
