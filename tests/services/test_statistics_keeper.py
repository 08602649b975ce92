"""Statistics outlive the gateway, and cost it next to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.statistics import DeviceStatistics
from edge_gateway.services.statistics_keeper import LOAD_RETRY_S, NAME, SAVE_INTERVAL_S, StatisticsKeeper
from edge_gateway.store.gateway_values import GatewayValues, Value
from tests.support.broker import wait_until
from tests.support.clock import FakeClock
from tests.support.stores import open_store


class CountingValues:
    """Named values on disk, and how often they were written. ``is_away``: the store cannot be used."""

    def __init__(self, values: GatewayValues) -> None:
        self._values = values
        self.puts = 0
        self.is_away = False

    async def get(self, name: str) -> Value | None:
        if self.is_away:
            raise StoreError("the store is not open")
        return await self._values.get(name)

    async def put(self, name: str, value: str) -> None:
        await self._values.put(name, value)
        self.puts += 1


class Life:
    """One run of a gateway with some scanners."""

    def __init__(self, values: CountingValues, clock: FakeClock, device_ids: tuple[str, ...]) -> None:
        self.values = values
        self.clock = clock
        self.devices = {each: DeviceStatistics(DeviceClass.SCANNER, clock) for each in device_ids}
        self.keeper = StatisticsKeeper(lambda: list(self.devices.items()), values, clock)
        self._task = asyncio.create_task(self.keeper.run())

    def join(self, device_id: str) -> None:
        """A device that is found while the gateway runs."""
        statistics = self.devices[device_id] = DeviceStatistics(DeviceClass.SCANNER, self.clock)
        self.keeper.joined(device_id, statistics)

    def leave(self, device_id: str) -> None:
        self.keeper.left(device_id, self.devices.pop(device_id))

    def scan(self, device_id: str, count: int) -> None:
        for _ in range(count):
            self.devices[device_id].happened("barcode_scanned", {})

    def scans(self) -> Mapping[str, float]:
        return {each: statistics.values()["GoodScanCount"] for each, statistics in self.devices.items()}

    async def loaded(self) -> None:
        await wait_until(lambda: self.keeper._kept is not None)

    async def end(self, *, is_orderly: bool = True) -> None:
        self._task.cancel()
        if is_orderly:
            await self.keeper.stop()


@asynccontextmanager
async def life(directory: Path, *device_ids: str, is_away: bool = False) -> AsyncIterator[Life]:
    clock = FakeClock()
    async with open_store(directory, clock=clock) as store:
        values = CountingValues(GatewayValues(store.database))
        values.is_away = is_away
        yield Life(values, clock, device_ids)


async def test_statistics_outlive_an_orderly_stop_and_go_on(tmp_path: Path) -> None:
    for run in range(3):
        async with life(tmp_path, "s-1", "s-2") as gateway:
            await gateway.loaded()
            gateway.scan("s-1", 5)
            assert gateway.scans() == {"s-1": 5 * (run + 1), "s-2": 0}
            await gateway.end()
            assert gateway.values.puts == 1


async def test_statistics_lose_ten_minutes_in_a_crash_at_most(tmp_path: Path) -> None:
    async with life(tmp_path, "s-1") as gateway:
        await gateway.loaded()
        gateway.scan("s-1", 5)
        await gateway.clock.advance(SAVE_INTERVAL_S)
        await wait_until(lambda: gateway.values.puts == 1)
        gateway.scan("s-1", 3)
        await gateway.end(is_orderly=False)
    async with life(tmp_path, "s-1") as gateway:
        await gateway.loaded()
        assert gateway.scans() == {"s-1": 5}
        await gateway.end()


async def test_statistics_that_did_not_change_are_not_written(tmp_path: Path) -> None:
    async with life(tmp_path, "s-1") as gateway:
        await gateway.loaded()
        await gateway.end()
        written = gateway.values.puts
        for _ in range(3):
            await gateway.end()
        assert gateway.values.puts == written <= 1


async def test_statistics_counted_before_the_store_was_open_are_added(tmp_path: Path) -> None:
    async with life(tmp_path, "s-1") as gateway:
        await gateway.loaded()
        gateway.scan("s-1", 5)
        await gateway.end()
    async with life(tmp_path, "s-1", is_away=True) as gateway:
        await wait_until(lambda: gateway.clock.sleeper_count > 0)
        gateway.scan("s-1", 2)
        await gateway.keeper.stop()
        assert gateway.values.puts == 0, "what was kept is not written over before it was read"
        gateway.values.is_away = False
        await gateway.clock.advance(LOAD_RETRY_S)
        await gateway.loaded()
        assert gateway.scans() == {"s-1": 7}
        await gateway.end()


async def test_statistics_of_a_device_that_is_away_for_a_while_come_back_with_it(tmp_path: Path) -> None:
    for device_ids in (("s-1", "s-2"), ("s-2",), ("s-1", "s-2")):
        async with life(tmp_path, *device_ids) as gateway:
            await gateway.loaded()
            for device_id in device_ids:
                gateway.scan(device_id, 1)
            scans = gateway.scans()
            await gateway.end()
    assert scans == {"s-1": 2, "s-2": 3}


async def test_statistics_that_are_none_do_not_keep_the_gateway_from_counting(tmp_path: Path) -> None:
    for stored in (
        "no JSON", "[1]", '{"s-1": 5}', '{"s-1": {"GoodScanCount": "many"}}', 17, None,
        '{"s-1": {"GoodScanCount": Infinity}}', '{"s-1": {"GoodScanCount": NaN}}',
        '{"s-1": {"GoodScanCount": "1e999"}}', f'{{"s-1": {{"GoodScanCount": 1{"0" * 400}}}}}', "",
    ):  # fmt: skip
        async with life(tmp_path, "s-1") as gateway:
            await gateway.loaded()
            assert not gateway._task.done(), "the keeper goes on"
            gateway.scan("s-1", 1)
            assert gateway.scans() == {"s-1": 1}
            await gateway.end(is_orderly=False)
            await gateway.values._values.put(NAME, stored or "")


async def test_statistics_of_a_device_that_is_found_after_the_start_go_on(tmp_path: Path) -> None:
    for run in range(3):
        async with life(tmp_path, "s-1") as gateway:
            await gateway.loaded()
            gateway.join("s-2")
            gateway.scan("s-2", 5)
            assert gateway.scans() == {"s-1": 0, "s-2": 5 * (run + 1)}
            await gateway.end()


async def test_statistics_of_a_device_that_goes_and_comes_back_meanwhile_go_on(tmp_path: Path) -> None:
    async with life(tmp_path, "s-1") as gateway:
        await gateway.loaded()
        for count in range(1, 4):
            gateway.scan("s-1", 1)
            gateway.leave("s-1")
            gateway.join("s-1")
            assert gateway.scans() == {"s-1": count}
        gateway.leave("s-1")
        await gateway.end()
        assert gateway.values.puts == 1, "what went is written too"
    async with life(tmp_path, "s-1") as gateway:
        await gateway.loaded()
        assert gateway.scans() == {"s-1": 3}
        await gateway.end()
