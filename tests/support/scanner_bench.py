"""A scanner's driver on a loopback with a simulated scanner at the other end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from drivers.barcode_scanner import BarcodeScanner
from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.devices.profiles import load_driver, load_profile
from edge_gateway.transports.loopback import FarEnd, LoopbackTransport
from tests.support.sessions import RecordingSession
from tests.support.waiting import wait_until


class Simulated(Protocol):
    """What every simulated scanner has."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


Scanner = TypeVar("Scanner", bound=Simulated)


class ReportLoopback(LoopbackTransport):
    """A loopback in reports: implements ``contracts.transport.ReportTransport``."""

    def __init__(self, report_descriptor: bytes = b"") -> None:
        super().__init__()
        self.report_descriptor = report_descriptor
        self.features: list[bytes] = []

    async def send_feature(self, report: bytes) -> None:
        self.features.append(report)

    async def get_feature(self, report_id: int, length: int) -> bytes:
        raise AssertionError("no driver of a scanner asks for one")


@dataclass
class ScannerBench(Generic[Scanner]):
    """A driver that runs, the scanner it talks to, and what it said."""

    driver: BarcodeScanner
    session: RecordingSession
    scanner: Scanner

    def texts(self) -> list[str | None]:
        return [data["text"] for name, data in self.session.events if name == "barcode_scanned"]

    async def until_texts(self, *expected: str) -> None:
        await wait_until(lambda: self.texts() == list(expected), what=f"scans {expected}")

    async def execute(self, name: str, **params: Any) -> Any:
        return await self.driver.execute(name, params)


class _Sink:
    def __init__(self, driver: BarcodeScanner) -> None:
        self._driver = driver

    def data_received(self, data: bytes) -> None:
        self._driver.data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        raise AssertionError("the loopback was not to end")


@contextlib.asynccontextmanager
async def scanner_bench(
    profile_name: str,
    make_scanner: Callable[[FarEnd], Scanner],
    *,
    clock: Clock | None = None,
    transport: LoopbackTransport | None = None,
    **settings: Any,
) -> AsyncIterator[ScannerBench[Scanner]]:
    """With the settings of the profile, and over them ``settings``."""
    transport = transport or LoopbackTransport()
    scanner = make_scanner(transport.far_end)
    session = RecordingSession(clock or SystemClock(), transport)
    profile = load_profile(profile_name)
    driver_class: Any = load_driver(profile)
    driver = driver_class(session, driver_class.Settings.model_validate({**profile.settings, **settings}))
    await scanner.start()
    await transport.open(_Sink(driver))
    task = asyncio.create_task(driver.run())
    try:
        yield ScannerBench(driver, session, scanner)
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await transport.close()
        await scanner.stop()
