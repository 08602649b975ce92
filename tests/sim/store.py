"""A whole store in one process and in virtual time, from a seed: the real gateway, and all that it reaches simulated.

Real: composition root, store on SQLite, services, supervisors, drivers, codecs, and the tills that sell. Simulated:
devices behind loopback transports, the broker, the cloud, and how long the disk takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from edge_gateway.app import Gateway
from edge_gateway.contracts.transport import Transport
from edge_gateway.settings import GatewaySettings, SerialTransportSettings, TransportSettings
from edge_gateway.status.source import Snapshot, StatusSource
from edge_gateway.world import World
from simulators.escpos_printer import EscposPrinter
from simulators.pos_client_lane import LaneSimulation
from simulators.pos_client_link import PosAddress
from simulators.pos_client_requests import PosRequests
from simulators.pos_client_statistics import PosStatistics
from simulators.serial_scanner import SerialScanner
from simulators.toledo_8217 import Toledo8217Scale
from tests.sim.broker import MemoryBus, MemoryPosLink
from tests.sim.cloud import MemoryCloud
from tests.sim.sqlite import InlineSqlite
from tests.sim.virtual_time import VirtualClock
from tests.sim.wire import LoopbackLink

STORE_ID, LANE, TERMINAL = "SIM", "lane-1", "T1"
PAUSE_S = 8.0
"""Between two customers."""
START_S = 5.0
"""For devices to come online before the doors open."""
CLOSE_S_MAX = 300.0
"""For the last sale, and for what was sold to reach the cloud."""
SETTLE_S = 0.5

PROFILES = {"scanner": "generic-serial-scanner", "scale": "mettler-toledo-8217", "printer": "epson-tm-t20"}


class SimulatedStore:
    """One lane with a scanner, a scale, a printer and a till."""

    def __init__(self, seed: int, directory: Path) -> None:
        print(f"seed {seed}")
        self.seed = seed
        self._directory = directory
        self.clock = VirtualClock()
        self.statistics = PosStatistics()
        self.wires = {name: LoopbackLink(name, self._random(seed, f"{name} wire")) for name in PROFILES}
        self.scanner = SerialScanner(self.wires["scanner"])
        self.scale = Toledo8217Scale(self.wires["scale"], settle_s=0.4)
        self.printer = EscposPrinter()
        self.cloud = MemoryCloud(self._random(seed, "cloud"))
        self._status: StatusSource | None = None
        self._bus: MemoryBus | None = None
        world = World(
            clock=self.clock,
            random=self._random(seed, "gateway"),
            random_bytes=self._random(seed, "ids").randbytes,
            make_transport=self._make_transport,
            make_bus=self._make_bus,
            make_uplink=lambda settings, store_id, clock: self.cloud,
            make_network_watch=lambda on_return: _NobodyAsks(),
            make_status_server=self._make_status_server,
            start_sqlite=partial(_start_sqlite, random=self._random(seed, "disk")),
        )
        self._gateway = Gateway(_settings(directory), world)
        requests = PosRequests(
            PosAddress(STORE_ID, LANE, TERMINAL),
            self._random(seed, "till"),
            self.statistics,
            clock=self.clock,
            scale_id="scale",
            printer_id="printer",
            make_link=partial(MemoryPosLink, self.bus),
        )
        self._lane = LaneSimulation(
            requests, scanner=self.scanner, scale=self.scale, random=self._random(seed, "shopper")
        )

    @property
    def bus(self) -> MemoryBus:
        assert self._bus is not None
        return self._bus

    def status(self) -> Snapshot:
        """What the status page would say."""
        assert self._status is not None
        return self._status.snapshot()

    @asynccontextmanager
    async def trading(self) -> AsyncIterator[None]:
        """Customers come for as long as the block lasts; break what is to be broken in it.

        At its end the last one leaves, what was sold reaches the cloud, and the gateway stops. A part that dies ends
        the day and is raised.
        """
        stop, closing = asyncio.Event(), asyncio.Event()
        self._directory.mkdir(exist_ok=True)
        await self.scanner.start()
        await self.scale.start()
        self.wires["printer"].plug()
        await self.printer.attach(self.wires["printer"])
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._gateway.run(stop), name="gateway")
            await asyncio.sleep(START_S)
            selling = parts.create_task(self._lane.run(None, closing, PAUSE_S), name="lane")
            yield
            closing.set()
            async with asyncio.timeout(CLOSE_S_MAX):
                await selling
                while not self._is_delivered():
                    await self.clock.sleep(SETTLE_S)
            stop.set()
        await self.scanner.stop()
        await self.scale.stop()
        await self.printer.stop()

    def _is_delivered(self) -> bool:
        """As far as the status knows: it counts the outbox every few seconds, and must have seen the last sale."""
        streams = self.status().outbox.streams
        is_seen = streams["transactions"].delivered_total >= len(self.statistics.accepted)
        return is_seen and not any(stream.pending for stream in streams.values())

    def _make_transport(self, settings: TransportSettings) -> Transport:
        assert isinstance(settings, SerialTransportSettings)
        return self.wires[settings.path.name].transport

    def _make_bus(self, settings: Any, store_id: str, clock: Any, random: Any, version: str) -> MemoryBus:
        self._bus = MemoryBus(store_id, clock, version)
        return self._bus

    def _make_status_server(self, settings: Any, source: StatusSource, clock: Any) -> _NobodyAsks:
        self._status = source
        return _NobodyAsks()

    @staticmethod
    def _random(seed: int, part: str) -> Random:
        """A source of its own for each part: what one draws does not move the others."""
        return Random(f"{seed}/{part}")


class _NobodyAsks:
    async def run(self) -> None:
        await asyncio.Event().wait()


async def _start_sqlite(path: Path, random: Random) -> InlineSqlite:
    return InlineSqlite(path, random)


def _settings(directory: Path) -> GatewaySettings:
    devices = [
        {
            "id": name,
            "lane": LANE,
            "profile": profile,
            "transport": {"kind": "serial", "path": f"/dev/{name}"},
            "forward": ["barcode_scanned"] if name == "scanner" else [],
        }
        for name, profile in PROFILES.items()
    ]
    return GatewaySettings.model_validate(
        {
            "store": {"id": STORE_ID},
            "outbox": {"directory": directory, "disk_free_bytes_min": 0},
            "cloud": {"base_url": "https://cloud.invalid"},
            "device": devices,
        }
    )
