"""One lane of a simulated store: a scanner, perhaps a scale and a printer, a till, and what was scanned there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

from edge_gateway.contracts.clock import Clock
from simulators.escpos_printer import EscposPrinter
from simulators.pos_client_lane import LaneSimulation
from simulators.pos_client_link import PosAddress
from simulators.pos_client_requests import PosRequests
from simulators.pos_client_statistics import PosStatistics
from simulators.serial_scanner import SerialScanner
from simulators.toledo_8217 import Toledo8217Scale
from tests.sim.broker import MemoryBroker, MemoryPosLink
from tests.sim.wire import LoopbackLink

PROFILES: Final = {"scanner": "generic-serial-scanner", "scale": "mettler-toledo-8217", "printer": "epson-tm-t20"}
SCALE_SETTLE_S: Final = 0.4


@dataclass(frozen=True, slots=True)
class ScanDone:
    """A code that a scanner sent off."""

    at_s: float
    text: str


class SimulatedLane:
    """``number`` 1 has all devices; the others have what ``kinds`` says. Device ids: ``scanner-2`` and so on."""

    def __init__(
        self,
        number: int,
        kinds: Sequence[str],
        store_id: str,
        broker: MemoryBroker,
        clock: Clock,
        random_of: Callable[[str], Random],
    ) -> None:
        self.name, self.terminal = f"lane-{number}", f"T{number}"
        self.devices = {kind: f"{kind}-{number}" for kind in kinds}
        self.wires = {kind: LoopbackLink(device, random_of(f"{device} wire")) for kind, device in self.devices.items()}
        self.statistics = PosStatistics()
        self.scans: list[ScanDone] = []
        """Whoever has looked at them may clear them."""
        self._clock = clock
        self.scanner = SerialScanner(self.wires["scanner"])
        self.scale = Toledo8217Scale(self.wires["scale"], settle_s=SCALE_SETTLE_S) if "scale" in kinds else None
        self.printer = EscposPrinter() if "printer" in kinds else None
        requests = PosRequests(
            PosAddress(store_id, self.name, self.terminal),
            random_of(f"till-{number}"),
            self.statistics,
            clock=clock,
            scale_id=self.devices.get("scale"),
            printer_id=self.devices.get("printer"),
            make_link=partial(MemoryPosLink, broker),
        )
        self._lane = LaneSimulation(
            requests,
            scanner=self,
            scale=self.scale,
            random=random_of(f"shopper-{number}"),
            is_printing=self.printer is not None,
        )

    async def scan(self, text: str) -> None:
        """As a scanner does, and remember it."""
        if self.wires["scanner"].is_plugged:
            self.scans.append(ScanDone(self._clock.monotonic(), text))
        await self.scanner.scan(text)

    async def switch_on(self) -> None:
        await self.scanner.start()
        if self.scale is not None:
            await self.scale.start()
        if self.printer is not None:
            self.wires["printer"].plug()
            await self.printer.attach(self.wires["printer"])

    async def switch_off(self) -> None:
        await self.scanner.stop()
        if self.scale is not None:
            await self.scale.stop()
        if self.printer is not None:
            await self.printer.stop()
            self.wires["printer"].unplug()

    async def trade(self, sales: int | None, closing: asyncio.Event, pause_s: float) -> None:
        """Customers come, until so many were served or the doors close."""
        await self._lane.run(sales, closing, pause_s)

    def settings(self) -> list[dict[str, Any]]:
        """Its [[device]] tables."""
        return [
            {
                "id": device,
                "lane": self.name,
                "profile": PROFILES[kind],
                "transport": {"kind": "serial", "path": f"/dev/{device}"},
                "forward": ["barcode_scanned"] if kind == "scanner" else [],
            }
            for kind, device in self.devices.items()
        ]
