"""A whole store in one process and in virtual time, from a seed: the real gateway, and all that it reaches simulated.

Real: composition root, store on SQLite, services, supervisors, drivers, codecs, and the tills that sell. Simulated:
devices behind loopback transports, the broker, the cloud, and the disk: how long it takes, and how full it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from edge_gateway.app import Gateway
from edge_gateway.contracts.attachment import Locator
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.attached.discovery import Discovery
from edge_gateway.settings import GatewaySettings
from edge_gateway.settings_transports import SerialTransportSettings, TransportSettings
from edge_gateway.status.source import Snapshot, StatusSource
from edge_gateway.world import World
from tests.sim.broker import MemoryBroker, MemoryBus
from tests.sim.cloud import MemoryCloud, MemoryUplink
from tests.sim.lane import SimulatedLane
from tests.sim.process import SimulatedProcess
from tests.sim.sqlite import Disk
from tests.sim.virtual_time import VirtualClock, VirtualTimeLoop

STORE_ID: Final = "SIM"
CLOUD: Final = "https"
"""Name of the uplink that [cloud] describes."""
LANES: Final = (("scanner", "scale", "printer"),)
PAUSE_S: Final = 8.0
"""Between two customers."""
START_S: Final = 5.0
"""For devices to come online before the doors open."""
CLOSE_S_MAX: Final = 300.0
"""For the last sale, and for what was sold to reach the cloud."""
SETTLE_S: Final = 0.5


class SimulatedStore:
    """Lanes of devices and tills, and a gateway that can be started, stopped and killed."""

    def __init__(
        self,
        seed: int,
        directory: Path,
        lanes: Sequence[Sequence[str]] = LANES,
        uplinks: Sequence[str] = (CLOUD,),
    ) -> None:
        print(f"seed {seed}")
        self.seed = seed
        self._directory = directory
        self.clock = VirtualClock()
        self.gateway_clock = VirtualClock()
        """The box has a wall clock of its own, which may be wrong."""
        self.disk = Disk(directory, self.random("disk"))
        self.clouds = {name: MemoryCloud(self.random(f"cloud {name}")) for name in uplinks}
        self.broker = MemoryBroker(STORE_ID, self.clock)
        self.lanes = [
            SimulatedLane(number, kinds, STORE_ID, self.broker, self.clock, self.random)
            for number, kinds in enumerate(lanes, 1)
        ]
        self.process: SimulatedProcess | None = None
        self.starts = 0
        self._wires = {lane.devices[kind]: wire for lane in self.lanes for kind, wire in lane.wires.items()}
        self._randoms = {name: self.random(name) for name in ("gateway", "ids", "bus")}
        self._bus: MemoryBus | None = None
        self._status: StatusSource | None = None
        self._running: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    @property
    def cloud(self) -> MemoryCloud:
        """The central one."""
        return self.clouds[CLOUD]

    def status(self) -> Snapshot:
        """What the status page would say."""
        assert self._status is not None
        return self._status.snapshot()

    @property
    def accepted(self) -> int:
        """Sales that were answered so."""
        return sum(len(lane.statistics.accepted) for lane in self.lanes)

    async def switch_on(self) -> None:
        """The devices, not the gateway."""
        self._directory.mkdir(parents=True, exist_ok=True)
        for lane in self.lanes:
            await lane.switch_on()

    async def switch_off(self) -> None:
        for lane in self.lanes:
            await lane.switch_off()

    def start_gateway(self) -> None:
        """A new process on what the last one left on the disk."""
        self.starts += 1
        self._stop = asyncio.Event()
        self.process = SimulatedProcess(f"gateway {self.starts}")
        for wire in self._wires.values():
            wire.transport.process = self.process
        world = World(
            clock=self.gateway_clock,
            random=self._randoms["gateway"],
            random_bytes=self._randoms["ids"].randbytes,
            make_transport=self._make_transport,
            make_bus=partial(self._make_bus, self.process),
            make_uplink=lambda settings, store_id, clock: MemoryUplink(settings.name, self.clouds[settings.name]),
            make_discovery=_NothingAttached,
            make_network_watch=lambda on_return: _NobodyAsks(),
            make_status_server=self._make_status_server,
            start_sqlite=self.disk.start,
        )
        gateway = self.process.run_inside(Gateway, self._settings(), world)
        assert gateway is not None
        self._running = self.process.start(gateway.run(self._stop))

    async def stop_gateway(self) -> None:
        """SIGTERM. Raises what a part of it died of."""
        assert self._running is not None
        self._stop.set()
        await self._running
        self._running = self.process = None

    async def kill_gateway(self) -> None:
        """kill -9: at whatever await each of its tasks is."""
        assert self.process is not None
        assert self._bus is not None
        if self._running is not None and self._running.done():
            self._running.result()
        process, self.process, self._running = self.process, None, None
        process.kill()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.forget(process)
        self.disk.kill_user()
        self._bus.die()
        for wire in self._wires.values():
            await wire.transport.close()
            wire.transport.process = None
        process.bury()

    def check_gateway(self) -> None:
        """Raises what a part of it died of."""
        if self._running is not None and self._running.done():
            self._running.result()
            raise AssertionError("the gateway ended by itself")

    @asynccontextmanager
    async def trading(self) -> AsyncIterator[None]:
        """Customers come for as long as the block lasts; break what is to be broken in it.

        At its end the last one leaves, what was sold reaches the cloud, and the gateway stops. A part that dies ends
        the day and is raised.
        """
        closing = asyncio.Event()
        await self.switch_on()
        self.start_gateway()
        await asyncio.sleep(START_S)
        async with asyncio.TaskGroup() as selling:
            for lane in self.lanes:
                selling.create_task(lane.trade(None, closing, PAUSE_S), name=lane.name)
            yield
            closing.set()
        async with asyncio.timeout(CLOSE_S_MAX):
            await self.delivered()
        await self.stop_gateway()
        await self.switch_off()

    async def delivered(self) -> None:
        """Return when all that was accepted is in the cloud, as far as the status knows: it counts every few seconds,
        and must have seen the last sale."""
        seen = self.status().time
        while self.status().time <= seen or any(stream.pending for stream in self.status().outbox.streams.values()):
            self.check_gateway()
            await self.clock.sleep(SETTLE_S)

    def random(self, part: str) -> Random:
        """A source of its own for each part: what one draws does not move the others."""
        return Random(f"{self.seed}/{part}")

    def _make_transport(self, settings: TransportSettings, locator: Locator) -> Transport:
        assert isinstance(settings, SerialTransportSettings)
        assert settings.path is not None
        return self._wires[settings.path.name].transport

    def _make_bus(
        self, process: SimulatedProcess, settings: Any, store_id: str, clock: Any, random: Any, version: str
    ) -> MemoryBus:
        self._bus = MemoryBus(self.broker, process, self._randoms["bus"], store_id, clock, version)
        return self._bus

    def _make_status_server(self, settings: Any, source: StatusSource, clock: Any) -> _NobodyAsks:
        self._status = source
        return _NobodyAsks()

    def _settings(self) -> GatewaySettings:
        return GatewaySettings.model_validate(
            {
                "store": {"id": STORE_ID},
                "outbox": {"directory": self._directory, "disk_free_bytes_min": 0},
                "cloud": {"base_url": "https://cloud.invalid"},
                "uplink": [
                    {"kind": "mqtt", "name": name, "host": "127.0.0.1"} for name in self.clouds if name != CLOUD
                ],
                "device": [device for lane in self.lanes for device in lane.settings()],
            }
        )


class _NothingAttached(Discovery):
    """The box that the tests run on is not the store's."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def reload_profiles(self) -> None:
        pass


class _NobodyAsks:
    async def run(self) -> None:
        await asyncio.Event().wait()
