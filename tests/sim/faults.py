"""What goes wrong in a day, drawn from the seed: when, for how long, and what it excuses."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tests.sim.store import SimulatedStore

RECOVERY_S: Final = 3.0
"""After a fault a device is back on the bus within 2 s, and a gateway that starts has its devices."""
SLOWNESS: Final = 40.0
"""A card that is worn: a commit takes a second."""
EVERYWHERE: Final = ""


@dataclass(frozen=True, slots=True)
class Excuse:
    """From ``start_s`` to ``end_s`` scans of a device (or of all: EVERYWHERE) may be missing on the bus."""

    device: str
    start_s: float
    end_s: float

    def covers(self, device: str, at_s: float) -> bool:
        return self.device in (EVERYWHERE, device) and self.start_s <= at_s <= self.end_s


class Faults:
    """Each is a coroutine that breaks something and mends it; they overlap as they come."""

    def __init__(self, store: SimulatedStore) -> None:
        self.excuses: list[Excuse] = []
        self.counters: Counter[str] = Counter()
        self._store = store
        self._random = store.random("faults")
        self._gateway = asyncio.Lock()
        self._kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "kill": self._kill,
            "stop": self._stop,
            "unplug": self._unplug,
            "broker_down": self._broker_down,
            "cloud_away": self._cloud_away,
            "cloud_stalled": self._cloud_stalled,
            "cloud_busy": self._cloud_busy,
            "disk_slow": self._disk_slow,
            "disk_full": self._disk_full,
            "clock_jump": self._clock_jump,
        }

    async def run(self, day_s: float, count: int) -> None:
        """So many faults within a day; returns when all but the clock is mended."""
        async with asyncio.TaskGroup() as tasks:
            for kind in self._random.choices(list(self._kinds), k=count):
                tasks.create_task(self._later(self._random.uniform(0.0, day_s), kind), name=kind)

    async def kill_now(self) -> None:
        """At night: nobody starts it again before the morning."""
        self.counters["kill"] += 1
        await self._store.kill_gateway()

    async def _later(self, delay_s: float, kind: str) -> None:
        await asyncio.sleep(delay_s)
        self.counters[kind] += 1
        await self._kinds[kind]()

    async def _kill(self) -> None:
        async with self._gateway:
            start_s = self._now_s()
            self._store.check_gateway()
            await self._store.kill_gateway()
            await asyncio.sleep(self._random.choice((0.0, 0.5, 5.0, 20.0)))
            self._store.start_gateway()
            self._excuse(EVERYWHERE, start_s)

    async def _stop(self) -> None:
        async with self._gateway:
            start_s = self._now_s()
            await self._store.stop_gateway()
            await asyncio.sleep(self._random.uniform(0.0, 10.0))
            self._store.start_gateway()
            self._excuse(EVERYWHERE, start_s)

    async def _unplug(self) -> None:
        lane = self._random.choice(self._store.lanes)
        kind = self._random.choice(list(lane.wires))
        start_s = self._now_s()
        lane.wires[kind].unplug()
        await asyncio.sleep(self._random.choice((0.1, 1.0, 5.0, 30.0)))
        lane.wires[kind].plug()
        self._excuse(lane.devices[kind], start_s)

    async def _broker_down(self) -> None:
        if not self._store.broker.is_up:
            return
        start_s = self._now_s()
        self._store.broker.stop()
        await asyncio.sleep(self._random.choice((0.0, 2.0, 10.0, 40.0)))
        self._store.broker.start()
        self._excuse(EVERYWHERE, start_s)

    async def _cloud_away(self) -> None:
        cloud = self._random.choice(list(self._store.clouds.values()))
        cloud.is_away = True
        await asyncio.sleep(self._random.choice((1.0, 20.0, 200.0)))
        cloud.is_away = False

    async def _cloud_stalled(self) -> None:
        cloud = self._random.choice(list(self._store.clouds.values()))
        cloud.is_stalled = True
        await asyncio.sleep(self._random.choice((1.0, 20.0, 60.0)))
        cloud.is_stalled = False

    async def _cloud_busy(self) -> None:
        cloud = self._random.choice(list(self._store.clouds.values()))
        cloud.is_busy = True
        await asyncio.sleep(self._random.uniform(1.0, 30.0))
        cloud.is_busy = False

    async def _disk_slow(self) -> None:
        self._store.disk.slowness = SLOWNESS
        await asyncio.sleep(self._random.uniform(1.0, 30.0))
        self._store.disk.slowness = 1.0

    async def _disk_full(self) -> None:
        self._store.disk.is_full = True
        await asyncio.sleep(self._random.uniform(5.0, 60.0))
        self._store.disk.is_full = False

    async def _clock_jump(self) -> None:
        """Of the box alone: to another day, or back to the right time."""
        self._store.gateway_clock.wall_offset = timedelta(days=self._random.choice((-1, 0, 1)))

    def _excuse(self, device: str, start_s: float) -> None:
        self.excuses.append(Excuse(device, start_s, self._now_s() + RECOVERY_S))

    def _now_s(self) -> float:
        return self._store.clock.monotonic()
