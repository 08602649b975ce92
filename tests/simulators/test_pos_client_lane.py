"""A simulated lane: what is put on the belt is what is sold, whatever the devices do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from simulators.pos_client_lane import LaneSimulation
from simulators.pos_client_link import PosAddress
from simulators.pos_client_requests import PosRequests
from simulators.pos_client_statistics import PosStatistics
from tests.support.broker import Broker
from tests.support.scripted_gateway import LANE, STORE, TERMINAL, Asked, ScriptedGateway, accepted, scripted_gateway
from tests.support.waiting import wait_until

DEADLINE_S = 30.0


class _Store:
    """Scanner and scale with their way through the gateway: what is scanned and weighed appears on the bus."""

    def __init__(self) -> None:
        self.gateway: ScriptedGateway
        self.is_scanner_working: Callable[[int], bool] = lambda number: True
        self.is_scale_working = True
        self.scans = 0
        self.plate = Decimal(0)

    async def scan(self, text: str) -> float:
        self.scans += 1
        sent = time.monotonic()
        if self.is_scanner_working(self.scans):
            await self.gateway.scan(text)
        return sent

    async def put(self, weight: Decimal) -> None:
        self.plate = weight
        if self.is_scale_working:
            await self.gateway.event("scale", "weight_changed", **self._reading())

    def answer(self, asked: Asked) -> dict[str, Any] | None:
        if asked.name == "submit_transaction":
            return accepted(asked)
        return {"status": "completed", "result": self._reading() if self.is_scale_working else {"status": "no_answer"}}

    def _reading(self) -> dict[str, Any]:
        status = "stable_weight" if self.plate > 0 else "weight_zero"
        return {"status": status, "weight": str(self.plate), "unit": "kg"}


@asynccontextmanager
async def _lane(broker: Broker, store: _Store, seed: int = 1) -> AsyncIterator[LaneSimulation]:
    address = PosAddress(STORE, LANE, TERMINAL, broker.host, broker.port)
    requests = PosRequests(address, Random(seed), PosStatistics(), scale_id="scale-1")
    async with scripted_gateway(broker, store.answer) as gateway:
        store.gateway = gateway
        yield LaneSimulation(
            requests,
            scanner=store,
            scale=store,
            random=Random(seed),
            is_printing=False,
            scan_timeout_s=0.3,
            weigh_timeout_s=0.3,
        )


@pytest.mark.parametrize("seed", [1, 2])
async def test_lane_sells_what_is_put_on_the_belt(broker: Broker, seed: int) -> None:
    store = _Store()
    async with _lane(broker, store, seed) as lane:
        await asyncio.wait_for(lane.run(8, asyncio.Event()), DEADLINE_S)
        statistics = lane.statistics
        assert statistics.sales == len(statistics.accepted) == 8
        assert statistics.scans_sent == statistics.scans_seen == len(statistics.scan_to_bus_s) > 0
        assert statistics.weights > 0
        assert (statistics.scans_lost, statistics.items_keyed, statistics.items_skipped) == (0, 0, 0)
        assert all(0 <= latency < DEADLINE_S for latency in statistics.scan_to_bus_s)
        assert store.plate == 0
        lines = [
            line for asked in store.gateway.named("submit_transaction") for line in asked.params["transaction"]["lines"]
        ]
        assert sum(line["unit"] == "each" for line in lines) == statistics.scans_sent
        assert sum(line["unit"] == "kg" for line in lines) == statistics.weights


async def test_scan_that_is_lost_is_scanned_again(broker: Broker) -> None:
    store = _Store()
    store.is_scanner_working = lambda number: number % 3 > 0
    async with _lane(broker, store) as lane:
        await asyncio.wait_for(lane.run(3, asyncio.Event()), DEADLINE_S)
        assert lane.statistics.scans_lost == store.scans // 3 > 0
        assert lane.statistics.items_keyed == 0
        assert lane.statistics.scans_seen == lane.statistics.scans_sent - lane.statistics.scans_lost


async def test_item_is_keyed_in_when_the_scanner_is_dead(broker: Broker) -> None:
    store = _Store()
    store.is_scanner_working = lambda number: False
    async with _lane(broker, store) as lane:
        await asyncio.wait_for(lane.run(1, asyncio.Event()), DEADLINE_S)
        assert lane.statistics.items_keyed > 0
        assert len(lane.statistics.accepted) == 1


async def test_goods_are_put_aside_when_the_scale_is_dead(broker: Broker) -> None:
    store = _Store()
    store.is_scale_working = False
    async with _lane(broker, store) as lane:
        await asyncio.wait_for(lane.run(5, asyncio.Event()), DEADLINE_S)
        statistics = lane.statistics
        assert statistics.weights_failed == statistics.items_skipped > 0
        assert statistics.weights == 0
        assert len(statistics.accepted) == 5


async def test_lane_stops_after_the_sale_at_hand(broker: Broker) -> None:
    store, stopping = _Store(), asyncio.Event()
    async with _lane(broker, store) as lane:
        running = asyncio.create_task(lane.run(None, stopping, pause_s=60))
        await wait_until(lambda: lane.statistics.sales >= 1)
        stopping.set()
        await asyncio.wait_for(running, DEADLINE_S)
        assert lane.statistics.sales == len(lane.statistics.accepted) == 1
