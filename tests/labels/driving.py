"""A driver of label printers joined with a simulated one, over a loopback or over TCP, without a supervisor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from drivers.label_base import LabelPrinter as LabelDriver
from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.printing import Rendered
from edge_gateway.contracts.transport import Transport
from edge_gateway.settings_transports import TcpTransportSettings
from edge_gateway.transports.factory import make_transport
from edge_gateway.transports.loopback import LoopbackTransport
from simulators.label_printer import LabelPrinter
from tests.labels.support import DRIVERS, GENEROUS
from tests.support.print_watch import Watch
from tests.support.sessions import RecordingSession
from tests.support.waiting import wait_until

Way = Literal["loopback", "tcp"]
QUICK: Mapping[str, Any] = {"status_interval_s": 0.05, "status_timeout_s": 0.1, "poll_interval_s": 0.01}


@dataclass
class Bench:
    """One driver at work."""

    printer: LabelPrinter
    session: RecordingSession
    driver: LabelDriver
    settings: Any
    running: asyncio.Task[None]
    losses: list[Exception | None] = field(default_factory=list)

    def render(self, label: Mapping[str, Any]) -> Rendered:
        return self.driver.render(self.settings, {"label": label})

    def print(self, label: Mapping[str, Any], watch: Watch | None = None) -> asyncio.Task[Mapping[str, Any]]:
        return asyncio.create_task(self.driver.print_rendered(self.render(label), watch or Watch()))

    async def until_flags(self, *flags: str) -> None:
        await wait_until(lambda: set(self.session.flags) == set(flags), what=f"flags {flags}")

    # as a ByteSink
    def data_received(self, data: bytes) -> None:
        self.driver.data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.losses.append(error)


@asynccontextmanager
async def driven(
    language: str, *, way: Way = "loopback", seconds_per_label: float = 0.0, is_answering: bool = True, **settings: Any
) -> AsyncIterator[Bench]:
    """The driver's ``run`` goes on until the end; the printer is stopped then."""
    printer = LabelPrinter(language, seconds_per_label=seconds_per_label)
    transport: Transport
    if way == "tcp":
        port = await printer.listen_tcp()
        transport = make_transport(TcpTransportSettings(kind="tcp", host="127.0.0.1", port=port))
    else:
        transport = loopback = LoopbackTransport()
        await printer.attach(loopback.far_end, loopback.far_end.hang_up)
    if not is_answering:
        printer.set_fault("silent", True)
    session = RecordingSession(SystemClock(), transport, "label-1")
    kind: Any = DRIVERS[language]
    options = kind.Settings(**{**GENEROUS.get(language, {}), **QUICK, **settings})
    driver = kind(session, options)
    bench = Bench(printer, session, driver, options, asyncio.create_task(_run(transport, driver, session)))
    await transport.open(bench)
    session.counters["open"] = 1
    try:
        if is_answering:
            await wait_until(lambda: (True, None) in session.answering, what="the printer answers")
        yield bench
    finally:
        bench.running.cancel()
        await asyncio.gather(bench.running, return_exceptions=True)
        await transport.close()
        await printer.stop()


async def _run(transport: Transport, driver: LabelDriver, session: RecordingSession) -> None:
    await wait_until(lambda: session.counters["open"] == 1, what="the port open")
    await driver.run()
