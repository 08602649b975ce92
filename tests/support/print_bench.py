"""A printer's driver alone with its simulated printer: printed as the print service does, watched, policies chosen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.printing import PrinterDriver
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.profiles import load_driver, load_profile
from edge_gateway.settings_transports import SerialTransportSettings, TcpTransportSettings
from edge_gateway.transports.factory import make_transport
from edge_gateway.transports.loopback import LoopbackTransport
from simulators.link import PtyLink
from simulators.printer_wires import WiredPrinter
from tests.support.print_watch import Watch
from tests.support.sessions import RecordingSession
from tests.support.waiting import wait_until

Way = Literal["loopback", "tcp", "serial"]
QUICK: Mapping[str, Any] = {"status_interval_s": 0.05, "status_timeout_s": 0.1, "confirm_timeout_s": 1.0}
"""Short times: a simulated printer answers at once."""


@dataclass
class Bench:
    """``end``: why the conversation ended; None while it lives."""

    printer: WiredPrinter
    driver: PrinterDriver
    settings: Any
    session: RecordingSession
    running: asyncio.Task[None]
    is_lost: bool = False

    async def print(self, document: list[dict[str, Any]], watch: Watch | None = None) -> Mapping[str, Any]:
        rendered = await asyncio.to_thread(self.driver.render, self.settings, {"document": document})
        return await self.driver.print_rendered(rendered, watch or Watch())

    def begin_print(self, document: list[dict[str, Any]], watch: Watch) -> asyncio.Task[Mapping[str, Any]]:
        return asyncio.create_task(self.print(document, watch))

    async def execute(self, name: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        return await self.driver.execute(name, params or {})

    def data_received(self, data: bytes) -> None:
        self.driver.data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True


@asynccontextmanager
async def print_bench(
    printer: WiredPrinter,
    *,
    way: Way = "loopback",
    profile: str = "epson-tm-t20",
    settings: Mapping[str, Any] | None = None,
    directory: Path | None = None,
    is_answer_expected: bool = True,
    clock: Clock | None = None,
) -> AsyncIterator[Bench]:
    """``directory``: for the pty of ``serial``."""
    known = load_profile(profile)
    driver_class = cast(Any, load_driver(known))
    chosen = driver_class.Settings.model_validate({**known.settings, **QUICK, **(settings or {})})
    transport, unplug = await _wired(printer, way, directory)
    session = RecordingSession(clock or SystemClock(), transport)
    driver = driver_class(session, chosen)
    bench = Bench(printer, driver, chosen, session, running=cast(Any, None))
    await transport.open(bench)
    bench.running = asyncio.create_task(driver.run())
    try:
        if is_answer_expected:
            await wait_until(lambda: session.answering[-1:] == [(True, None)], what="an answer of the printer")
        yield bench
    finally:
        bench.running.cancel()
        with suppress(asyncio.CancelledError, TransportError):
            await bench.running
        await transport.close()
        await printer.stop()
        unplug()


async def _wired(printer: WiredPrinter, way: Way, directory: Path | None) -> tuple[Transport, Callable[[], None]]:
    if way == "tcp":
        port = await printer.listen_tcp()
        return make_transport(TcpTransportSettings(kind="tcp", host="127.0.0.1", port=port)), lambda: None
    if way == "serial":
        assert directory is not None
        link = PtyLink(directory / "printer")
        link.plug()
        await printer.attach(link, link.unplug)
        return make_transport(SerialTransportSettings(kind="serial", path=link.path, baud=9600)), link.unplug
    loopback = LoopbackTransport()
    await printer.attach(loopback.far_end, loopback.far_end.hang_up)
    return loopback, lambda: None
