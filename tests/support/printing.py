"""A simulated printer and the real driver under its real supervisor, over a loopback or over TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.profiles import load_driver, load_profile
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import TcpTransportSettings
from edge_gateway.transports.factory import make_transport
from edge_gateway.transports.loopback import Chunker, LoopbackTransport
from simulators.escpos_printer import EscposPrinter
from tests.support.print_watch import Watch
from tests.support.waiting import wait_until

Way = Literal["loopback", "tcp", "serial"]
DEADLINE_S = 20.0
QUICK: Mapping[str, Any] = {"status_interval_s": 0.1, "status_timeout_s": 0.2, "confirm_timeout_s": 5.0}
"""Short times: a simulated printer answers at once, and nobody adds paper in a test that waits for none."""

RECEIPT: list[dict[str, Any]] = [
    {"type": "text", "text": "Grüße aus Köln", "align": "center", "bold": True, "size": [2, 2]},
    {"type": "rule"},
    {"type": "columns", "left": "Highlighter", "right": "2,50 €"},
    {"type": "text", "text": "underlined", "underline": True},
    {"type": "cut"},
]


@dataclass
class Lane:
    """A printer that is driven. ``events``: what the driver said, by name. ``powers``: as told, without repeats."""

    printer: EscposPrinter
    supervisor: Supervisor
    loopback: LoopbackTransport | None = None
    events: list[StampedEvent] = field(default_factory=list)
    powers: list[str] = field(default_factory=list)

    async def execute(self, name: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """One command. Raises RequestError."""
        return await self.supervisor.execute(name, params or {}, deadline_s=DEADLINE_S)

    async def print(self, document: list[dict[str, Any]], watch: Watch | None = None) -> Mapping[str, Any]:
        """One print, as the print service asks for it."""
        content = {"document": document}
        rendered = self.supervisor.render(content)
        return await self.supervisor.print_job(content, rendered, watch or Watch())

    async def plug_in(self) -> None:
        """Put back a loopback that was cut; a TCP printer is found again by itself."""
        if self.loopback is not None:
            await self.printer.attach(self.loopback.far_end, self.loopback.far_end.hang_up)

    async def until_flags(self, *flags: str) -> None:
        """Wait until the device's state has exactly these condition flags."""
        await wait_until(lambda: set(self.supervisor.state.flags) == set(flags), what=f"flags {flags}")

    @property
    def event_names(self) -> list[str]:
        return [stamped.event.name for stamped in self.events]


@asynccontextmanager
async def driven_printer(
    printer: EscposPrinter,
    *,
    way: Way = "loopback",
    profile: str = "epson-tm-t20",
    settings: Mapping[str, Any] | None = None,
    chunker: Chunker | None = None,
    is_online_expected: bool = True,
    make_loopback: Callable[..., LoopbackTransport] = LoopbackTransport,
) -> AsyncIterator[Lane]:
    """The printer on a wire and its supervisor running; both are stopped at the end."""
    transport: Transport
    loopback: LoopbackTransport | None = None
    if way == "tcp":
        port = await printer.listen_tcp()
        transport = make_transport(TcpTransportSettings(kind="tcp", host="127.0.0.1", port=port))
    else:
        transport = loopback = make_loopback(chunker=chunker)
        await printer.attach(loopback.far_end, loopback.far_end.hang_up)
    known = load_profile(profile)
    device = DeviceSettings(
        id="lane1-printer",
        lane="lane-1",
        profile=profile,
        transport={},
        settings={**QUICK, **(settings or {})},
    )
    events: list[StampedEvent] = []
    powers: list[str] = []

    def note_power(changed: Supervisor) -> None:
        if powers[-1:] != [changed.state.power]:
            powers.append(changed.state.power)

    supervisor = Supervisor(
        device,
        known,
        transport,
        load_driver(known),
        SystemClock(),
        Random(1),
        events.append,
        note_power,
    )
    task = asyncio.create_task(supervisor.run())
    try:
        lane = Lane(printer, supervisor, loopback, events, powers)
        if is_online_expected:
            await wait_until(lambda: supervisor.state.power == "online", what="printer online")
        yield lane
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await printer.stop()
