"""The lanes of the demo: which devices stand where, how they are wired, and who sells there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal

from simulators.escpos_printer import EscposPrinter
from simulators.link import FifoLink, Link, PtyLink
from simulators.pos_client_lane import LaneSimulation
from simulators.pos_client_link import PosAddress
from simulators.pos_client_requests import PosRequests
from simulators.pos_client_statistics import PosStatistics
from simulators.serial_scanner import SerialScanner
from simulators.toledo_8217 import Toledo8217Scale
from simulators.wedge_scanner import WedgeScanner

STORE_ID = "DEMO"
RECEIPT_COLUMNS = 48
"""Of an 80 mm roll in font A, as the printers' profile says."""
PAUSE_S = 0.3
"""Between two customers."""
PRINTER_BYTES_PER_S = 20_000.0
"""About what a thermal printer takes in."""


@dataclass(frozen=True, slots=True)
class LanePlan:
    """How a lane is equipped: lane 1 as a new store would, lane 2 as many old ones are."""

    name: str
    terminal_id: str
    scanner: Literal["serial", "wedge"]
    printer: Literal["tcp", "serial"]
    mqtt: Literal["5", "3.1.1"]


PLANS = (LanePlan("lane-1", "T1", "serial", "tcp", "5"), LanePlan("lane-2", "T2", "wedge", "serial", "3.1.1"))


class Lane:
    """A scanner, a scale, a printer and a till that sells. ``links`` are the wires that can be pulled."""

    def __init__(self, plan: LanePlan, directory: Path, seed: int) -> None:
        self.plan = plan
        self.statistics = PosStatistics()
        self.printer = EscposPrinter(columns=RECEIPT_COLUMNS)
        self.links: dict[str, Link] = {}
        self.devices: list[Mapping[str, Any]] = []
        self._directory = directory
        self._seed = seed
        scanner_path, scale_path = self._path("scanner"), self._path("scale")
        self._scanner: SerialScanner | WedgeScanner
        if plan.scanner == "serial":
            self._scanner = SerialScanner(self._wire("scanner", PtyLink(scanner_path)))
        else:
            self._scanner = WedgeScanner(self._wire("scanner", FifoLink(scanner_path)))
        self._scale = Toledo8217Scale(self._wire("scale", PtyLink(scale_path)))

    async def start(self) -> None:
        """Switch everything on and note the devices for the gateway's configuration."""
        await self._scanner.start()
        await self._scale.start()
        kind = "serial" if self.plan.scanner == "serial" else "evdev"
        profile = f"generic-{self.plan.scanner}-scanner"
        self._add("scanner", profile, {"kind": kind, "path": self._path("scanner")}, forward=["barcode_scanned"])
        self._add("scale", "mettler-toledo-8217", {"kind": "serial", "path": self._path("scale")})
        self.printer.bytes_per_s = PRINTER_BYTES_PER_S
        if self.plan.printer == "tcp":
            port = await self.printer.listen_tcp()
            transport: Mapping[str, Any] = {"kind": "tcp", "host": "127.0.0.1", "port": port}
        else:
            link = self._wire("printer", PtyLink(self._path("printer")))
            link.plug()
            await self.printer.attach(link, link.unplug)
            transport = {"kind": "serial", "path": self._path("printer"), "baud": 38400}
        self._add("printer", "epson-tm-t20", transport)

    async def sell(self, broker_port: int, stopping: asyncio.Event) -> None:
        """Until ``stopping``; the sale in hand is finished first."""
        address = PosAddress(
            STORE_ID, self.plan.name, self.plan.terminal_id, port=broker_port, version=self.plan.mqtt
        )  # fmt: skip
        requests = PosRequests(
            address,
            self._random("link"),
            self.statistics,
            scale_id=f"{self.plan.name}-scale",
            printer_id=f"{self.plan.name}-printer",
        )
        simulation = LaneSimulation(
            requests, scanner=self._scanner, scale=self._scale, random=self._random("shopper"), timezone="Europe/Berlin"
        )
        await simulation.run(None, stopping, PAUSE_S)

    async def stop(self) -> None:
        for device in (self._scanner, self._scale, self.printer):
            await device.stop()
        for link in self.links.values():
            link.unplug()

    def _add(self, name: str, profile: str, transport: Mapping[str, Any], forward: list[str] | None = None) -> None:
        device = {
            "id": f"{self.plan.name}-{name}", "lane": self.plan.name, "profile": profile, "transport": transport,
            "forward": forward or [],
        }  # fmt: skip
        self.devices.append(device)

    def _wire(self, name: str, link: Link) -> Any:
        self.links[name] = link
        return link

    def _path(self, name: str) -> Path:
        return self._directory / "dev" / f"{self.plan.name}-{name}"

    def _random(self, purpose: str) -> Random:
        return Random(f"{self._seed}/{self.plan.name}/{purpose}")
