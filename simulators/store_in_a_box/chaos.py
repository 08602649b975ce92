"""Faults from a seed: pulls plugs, stops the broker, stalls the cloud, kills the gateway, and heals everything."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Literal

from simulators.cloud.faults import FaultMode
from simulators.store_in_a_box.store import StoreInABox

FAULT_EVERY_S = (1.0, 4.0)
PRINTER_FAULTS: tuple[Literal["paper_out", "cover_open"], ...] = ("paper_out", "cover_open")
OUTAGE_S = (0.3, 4.0)
CLOUD_OUTAGE_S = (1.0, 6.0)
CLOUD_MODES = [mode for mode in FaultMode if mode is not FaultMode.NONE]


class Chaos:
    """One fault after another; which, when and how long come from the seed."""

    def __init__(self, store: StoreInABox, seed: int) -> None:
        self.counters: Counter[str] = Counter()
        self.last = ""
        self._store = store
        self._random = Random(f"chaos/{seed}")
        faults: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (4, self._unplug), (2, self._paper), (2, self._broker), (4, self._cloud), (3, self._kill),
        ]  # fmt: skip
        self._weights = [weight for weight, _ in faults]
        self._faults = [fault for _, fault in faults]

    async def run(self) -> None:
        """Until cancelled; call ``heal`` afterwards."""
        while True:
            await asyncio.sleep(self._random.uniform(*FAULT_EVERY_S))
            (fault,) = self._random.choices(self._faults, self._weights)
            await fault()

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

    async def _outage(self) -> None:
        await asyncio.sleep(self._random.uniform(*OUTAGE_S))

    def _note(self, kind: str, detail: str) -> None:
        self.counters[kind] += 1
        self.last = f"{kind}: {detail}"

    async def _unplug(self) -> None:
        lane = self._random.choice(self._store.lanes)
        name = self._random.choice(sorted(lane.links))
        self._note("unplugged", f"{lane.plan.name}-{name}")
        lane.links[name].unplug()
        await self._outage()
        lane.links[name].plug()

    async def _paper(self) -> None:
        lane = self._random.choice(self._store.lanes)
        fault = self._random.choice(PRINTER_FAULTS)
        self._note(fault, f"{lane.plan.name}-printer")
        lane.printer.set_fault(fault)
        await self._outage()
        lane.printer.set_fault(fault, False)

    async def _broker(self) -> None:
        end = self._random.choice((self._store.broker.stop, self._store.broker.kill))
        self._note("broker", end.__name__)
        await end()
        await self._outage()
        await self._store.broker.start()

    async def _cloud(self) -> None:
        mode = self._random.choice(CLOUD_MODES)
        self._note("cloud", mode.value)
        seconds = self._random.uniform(*CLOUD_OUTAGE_S)
        self._store.cloud.set_fault(mode, seconds=seconds, probability=1.0, seed=self._random.randrange(1 << 30))

    async def _kill(self) -> None:
        self._note("kills", "gateway kill -9")
        await self._store.gateway.kill()
        await asyncio.sleep(self._random.uniform(0.0, 1.0))
        await self._store.gateway.start()
