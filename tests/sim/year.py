"""A store's year: days of trading with faults, nights in between, all promises looked at each evening."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.sim.faults import Faults
from tests.sim.promises import BrokenPromiseError, Promises
from tests.sim.store import START_S, SimulatedStore
from tests.sim.virtual_time import run

LANES: Final = (("scanner", "scale", "printer"), ("scanner", "printer"), ("scanner",))
UPLINKS: Final = ("https", "bridge")
DAY_S: Final = 86_400.0
TRADING_S: Final = 240.0
"""Opening hours. A store has ten hours, and a thousand customers in them; what can go wrong between two of them happens
here in four minutes, so that a year fits into minutes."""
PAUSE_S_MIN: Final = 5.0
PAUSE_S_MAX: Final = 60.0
CUSTOMERS_MAX: Final = 6
"""Of a lane and day."""
FAULTS_MAX: Final = 5
MEMORY_GROWTH_MB_MAX: Final = 40.0
"""From the first tenth to the end. The world remembers a year's ids; a gateway that is not freed is 2 MB, a year has
hundreds."""
EVENING_S_MAX: Final = 3600.0
"""For tills that still wait for an answer, and on some days for the cloud to have it all."""


@dataclass
class YearReport:
    """Of so many days."""

    seed: int
    days: int = 0
    sales: int = 0
    starts: int = 0
    digest: str = ""
    faults: dict[str, int] = field(default_factory=dict)
    clouds: dict[str, dict[str, int]] = field(default_factory=dict)
    tills: dict[str, int] = field(default_factory=dict)
    """Error codes of replies; all of these sales were accepted in the end."""
    promises: dict[str, int] = field(default_factory=dict)
    owed_at_most: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    memory_mb: list[float] = field(default_factory=list)
    """Resident, each tenth of the time."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


OnDay = Callable[[YearReport], None]


class Year:
    """Raises BrokenPromiseError, or what the gateway died of; ``report`` says how far it came."""

    def __init__(self, seed: int, days: int, directory: Path, on_day: OnDay | None = None) -> None:
        self.report = YearReport(seed)
        self._days = days
        self._directory = directory
        self._on_day = on_day

    def run(self) -> YearReport:
        """In virtual time."""
        run(self._run())
        return self.report

    async def _run(self) -> None:
        store = SimulatedStore(self.report.seed, self._directory / "outbox", LANES, UPLINKS)
        try:
            await self._live(store)
        except BaseException:
            if store.process is not None:
                await store.kill_gateway()  # it could not stop in order without the world it was made for
            raise

    async def _live(self, store: SimulatedStore) -> None:
        began = time.monotonic()
        faults, promises, random = Faults(store), Promises(store), store.random("days")
        for day in range(self._days):
            await asyncio.sleep(max(0.0, day * DAY_S - store.clock.monotonic()))
            is_last = day == self._days - 1
            if store.process is None:
                store.start_gateway()
            await store.switch_on()
            await asyncio.sleep(START_S)
            await self._trade(store, faults, random.randint(0, FAULTS_MAX))
            if is_last or random.random() < 0.5:
                async with asyncio.timeout(EVENING_S_MAX):
                    await store.delivered()
            await store.switch_off()
            promises.look(faults.excuses)
            faults.excuses.clear()
            night = random.random()
            if night < 0.4:
                await store.stop_gateway()
            elif night < 0.8 and not is_last:
                await faults.kill_now()
            else:
                await asyncio.sleep(
                    60.0
                )  # idle for a while, and then off all the same: a night of polling shows nothing
                await store.stop_gateway()
            self._tell(day, store, faults, promises, began)
        promises.look_at_the_end()
        growth_mb = self.report.memory_mb[-1] - self.report.memory_mb[0]
        if growth_mb > MEMORY_GROWTH_MB_MAX:
            raise BrokenPromiseError(f"memory grew by {growth_mb} MB: {self.report.memory_mb}")

    async def _trade(self, store: SimulatedStore, faults: Faults, fault_count: int) -> None:
        closing, random = asyncio.Event(), store.random(f"customers/{self.report.days}")
        async with asyncio.timeout(EVENING_S_MAX), asyncio.TaskGroup() as tasks:
            for lane in store.lanes:
                customers, pause_s = random.randint(1, CUSTOMERS_MAX), random.uniform(PAUSE_S_MIN, PAUSE_S_MAX)
                tasks.create_task(lane.trade(customers, closing, pause_s), name=lane.name)
            tasks.create_task(faults.run(TRADING_S, fault_count), name="faults")
        store.check_gateway()

    def _tell(self, day: int, store: SimulatedStore, faults: Faults, promises: Promises, began: float) -> None:
        report = self.report
        report.days = day + 1
        report.sales = sum(lane.statistics.sales for lane in store.lanes)
        report.starts = store.starts
        report.digest = promises.digest
        report.faults = dict(faults.counters)
        report.clouds = {name: dict(cloud.counters) for name, cloud in store.clouds.items()}
        report.tills = dict(sum((lane.statistics.errors for lane in store.lanes), Counter[str]()))
        report.promises = dict(promises.counters)
        report.owed_at_most = max(report.owed_at_most, promises.owed)
        report.wall_s = round(time.monotonic() - began, 1)
        report.cpu_s = round(time.process_time(), 1)
        if report.days % max(1, self._days // 10) == 0:
            report.memory_mb.append(_resident_mb())
        if self._on_day is not None:
            self._on_day(report)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * 4096 / 1e6, 1)
