"""Faults from a seed: pulls plugs, stops the broker, stalls the cloud, kills the gateway, and heals everything."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Literal

from simulators.cloud.faults import FaultMode
from simulators.store_in_a_box.store import StoreInABox

EVERY_S = {"unplug": 5.0, "paper": 9.0, "broker": 12.0, "cloud": 8.0, "kill": 7.0}
"""Mean time between two faults of a kind. The kinds go on side by side, so that they meet each other."""
PRINTER_FAULTS: tuple[Literal["paper_out", "cover_open"], ...] = ("paper_out", "cover_open")
OUTAGE_S = (0.3, 4.0)
CLOUD_OUTAGE_S = (1.0, 6.0)
CLOUD_MODES = [mode for mode in FaultMode if mode not in (FaultMode.NONE, FaultMode.REJECTED)]
"""A sale that the cloud rejects for good is a dead letter: kept, and not lost, but not in the cloud either."""


class Chaos:
    """One fault after another; which, when and how long come from the seed."""

    def __init__(self, store: StoreInABox, seed: int) -> None:
        self.counters: Counter[str] = Counter()
        self.last = ""
        self._store = store
        self._randoms = {kind: Random(f"chaos/{seed}/{kind}") for kind in EVERY_S}

    async def run(self) -> None:
        """Until cancelled; call ``heal`` afterwards."""
        faults: dict[str, Callable[[Random], Awaitable[None]]] = {
            "unplug": self._unplug,
            "paper": self._paper,
            "broker": self._broker,
            "cloud": self._cloud,
            "kill": self._kill,
        }
        async with asyncio.TaskGroup() as group:
            for kind, fault in faults.items():
                group.create_task(self._repeat(EVERY_S[kind], fault, self._randoms[kind]))

    async def _repeat(self, mean_s: float, fault: Callable[[Random], Awaitable[None]], random: Random) -> None:
        while True:
            await asyncio.sleep(random.expovariate(1 / mean_s))
            await fault(random)

    async def heal(self) -> None:
        """Everything plugged in, running and well."""
        for lane in self._store.lanes:
            for link in lane.links.values():
                link.plug()
            for fault in PRINTER_FAULTS:
                lane.printer.set_fault(fault, False)
        self._store.cloud.set_fault(FaultMode.NONE)
        if not self._store.broker.is_running:
            await self._store.broker.start()
        if self._store.gateway.pid is None:
            await self._store.gateway.start()

    def _note(self, kind: str, detail: str) -> None:
        self.counters[kind] += 1
        self.last = f"{kind}: {detail}"

    async def _unplug(self, random: Random) -> None:
        lane = random.choice(self._store.lanes)
        name = random.choice(sorted(lane.links))
        self._note("unplugged", f"{lane.plan.name}-{name}")
        lane.links[name].unplug()
        await asyncio.sleep(random.uniform(*OUTAGE_S))
        lane.links[name].plug()

    async def _paper(self, random: Random) -> None:
        lane = random.choice(self._store.lanes)
        fault = random.choice(PRINTER_FAULTS)
        self._note(fault, f"{lane.plan.name}-printer")
        lane.printer.set_fault(fault)
        await asyncio.sleep(random.uniform(*OUTAGE_S))
        lane.printer.set_fault(fault, False)

    async def _broker(self, random: Random) -> None:
        end = random.choice((self._store.broker.stop, self._store.broker.kill))
        self._note("broker", end.__name__)
        await end()
        await asyncio.sleep(random.uniform(*OUTAGE_S))
        await self._store.broker.start()

    async def _cloud(self, random: Random) -> None:
        mode = random.choice(CLOUD_MODES)
        self._note("cloud", mode.value)
        seconds = random.uniform(*CLOUD_OUTAGE_S)
        self._store.cloud.set_fault(mode, seconds=seconds, probability=1.0, seed=random.randrange(1 << 30))

    async def _kill(self, random: Random) -> None:
        self._note("kills", "gateway kill -9")
        await self._store.gateway.kill()
        await asyncio.sleep(random.uniform(0.0, 1.0))
        await self._store.gateway.start()
