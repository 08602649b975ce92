"""Several streams and sources over one uplink: whose turn it is, when, and how many batches at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.states import Health
from edge_gateway.settings import StreamSettings
from edge_gateway.uplinks.couriers.priority import SHARE
from tests.support.clock import FakeClock
from tests.support.couriers import (
    SETTINGS,
    UPLINK,
    ScriptedUplink,
    accept,
    advance_until,
    append,
    carrying,
    delivered,
    open_outbox,
)
from tests.support.stores import TRANSACTIONS
from tests.support.waiting import wait_until

REAL_TIME = StreamSettings()


async def test_higher_streams_go_first_and_the_lowest_has_its_share(tmp_path: Path) -> None:
    uplink = ScriptedUplink()
    async with open_outbox(tmp_path) as outbox:
        for stream in (TRANSACTIONS, "inventory", "telemetry"):
            await append(outbox, 200, stream=stream)
        async with carrying(outbox.feed(UPLINK), uplink):
            for stream in (TRANSACTIONS, "inventory", "telemetry"):
                await delivered(outbox, 200, stream=stream)
    streams = [stream for stream in uplink.streams if stream != "telemetry"]
    assert uplink.streams[: SHARE - 1] == [TRANSACTIONS] * (SHARE - 1)
    assert uplink.streams.index("telemetry") < 3 * SHARE, "long before the others were done"
    last_sale = max(index for index, stream in enumerate(streams) if stream == TRANSACTIONS)
    assert streams[:last_sale].count("inventory") < 6


async def test_live_source_overtakes_a_backlog_that_it_has_no_part_in(tmp_path: Path) -> None:
    gate, uplink = asyncio.Event(), ScriptedUplink()
    uplink.gate = lambda stream, events: gate
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 3000, sources=["T1", "T2"])
        async with carrying(outbox.feed(UPLINK), uplink):
            await wait_until(lambda: uplink.batches)
            await append(outbox, 1, start=5000, sources=["T9"])
            await append(outbox, 1, start=5001, sources=["T1"])
            gate.set()
            await wait_until(lambda: "e5000" in uplink.arrived, what="the live sale")
            assert len(uplink.arrived) < 1500, "long before the backlog is through"
            await delivered(outbox, 3002)
    own = [one for one in uplink.arrived if one == "e5001" or (int(one[1:]) % 2 == 0 and one != "e5000")]
    assert own[-1] == "e5001", "behind what its own till sold before"


async def test_batches_of_different_sources_travel_together_and_never_two_of_one(tmp_path: Path) -> None:
    under_way: list[set[str]] = []
    most = 0

    class Watching(ScriptedUplink):
        async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> dict[str, str]:
            nonlocal most
            sources = {one.source for one in events}
            assert not any(sources & others for others in under_way), "one source in two batches"
            under_way.append(sources)
            most = max(most, len(under_way))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            under_way.remove(sources)
            self.arrived += [one.id for one in events]
            return accept(events)

    uplink = Watching()
    settings = SETTINGS.model_copy(update={"batches_concurrent_max": 4, "batch_events_max": 50})
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 1000, sources=[f"T{number}" for number in range(8)])
        async with carrying(outbox.feed(UPLINK), uplink, settings=settings):
            await delivered(outbox, 1000)
    assert 2 <= most <= 4
    for source in range(8):
        own = [number for number in (int(one[1:]) for one in uplink.arrived) if number % 8 == source]
        assert all(one < other for one, other in pairwise(own))


async def test_stream_on_a_schedule_waits_for_its_time_drains_and_is_healthy_meanwhile(tmp_path: Path) -> None:
    clock, uplink = FakeClock(), ScriptedUplink()
    streams = {TRANSACTIONS: REAL_TIME, "telemetry": StreamSettings(sync="hourly")}
    async with (
        open_outbox(tmp_path, uplinks={UPLINK: tuple(streams)}) as outbox,
        carrying(outbox.feed(UPLINK), uplink, clock=clock, streams=streams) as courier,
    ):
        await append(outbox, 25, stream="telemetry")
        await append(outbox, 1)
        await delivered(outbox, 1)
        await wait_until(lambda: courier.health is Health.HEALTHY)
        sync = courier.syncs()["telemetry"]
        assert (sync.lag_events, sync.last_sync, sync.reason) == (25, None, None)
        assert sync.next_sync is not None
        assert "telemetry" not in uplink.streams
        await clock.advance((sync.next_sync - clock.now()).total_seconds() + 1)
        await delivered(outbox, 25, stream="telemetry")
        await wait_until(lambda: (late := courier.syncs()["telemetry"].next_sync) is not None and late > clock.now())
        await append(outbox, 1, start=25, stream="telemetry")
        await clock.advance(60)
        assert courier.syncs()["telemetry"].lag_events == 1
        courier.sync_now()
        await delivered(outbox, 26, stream="telemetry")


async def test_courier_keeps_to_the_requests_a_minute(tmp_path: Path) -> None:
    clock, uplink = FakeClock(), ScriptedUplink()
    settings = SETTINGS.model_copy(update={"requests_per_minute_max": 20, "batch_events_max": 1})
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 60)
        async with carrying(outbox.feed(UPLINK), uplink, clock=clock, settings=settings):
            await wait_until(lambda: len(uplink.batches) == 2, what="the burst")
            begun_s = clock.monotonic()
            await advance_until(clock, lambda: len(uplink.batches) >= 12, seconds_max=60)
            assert clock.monotonic() - begun_s >= 29, "each of the ten waited three seconds"


async def test_each_uplink_has_its_own_place(tmp_path: Path) -> None:
    """One is away, the other goes on; what both have is gone."""
    is_away = True

    def answer(events: Sequence[OutboxEvent]) -> dict[str, str]:
        if is_away:
            raise CloudTransientError("away")
        return accept(events)

    away, near = ScriptedUplink(answer), ScriptedUplink()
    async with open_outbox(tmp_path, uplinks={"away": (TRANSACTIONS,), "near": (TRANSACTIONS, "audit")}) as outbox:
        streams = {TRANSACTIONS: REAL_TIME}
        async with (
            carrying(outbox.feed("away"), away, streams=streams) as slow,
            carrying(outbox.feed("near"), near, streams={**streams, "audit": REAL_TIME}) as quick,
        ):
            ids = await append(outbox, 30)
            await append(outbox, 3, stream="audit")
            await wait_until(lambda: len(near.arrived) == 33)
            await wait_until(lambda: quick.syncs()[TRANSACTIONS].lag_events == 0)
            assert slow.syncs()[TRANSACTIONS].lag_events == 30
            is_away = False
            await wait_until(lambda: away.arrived == ids)
            await wait_until(lambda: slow.syncs()[TRANSACTIONS].lag_events == 0)
        assert (await outbox.counts())[TRANSACTIONS].pending == 0


@pytest.mark.parametrize("seed", range(6))
async def test_courier_that_is_cancelled_at_any_moment_loses_nothing_and_keeps_the_order(
    tmp_path: Path, seed: int
) -> None:
    """A far end that fails, refuses, answers half, and a courier that is stopped again and again. From a seed."""
    print(f"seed {seed}")
    dice = random.Random(seed)
    arrived: list[str] = []
    poison = {f"e{number:03}" for number in dice.sample(range(200), 5)}

    class Capricious(ScriptedUplink):
        async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> dict[str, str]:
            for _ in range(dice.randrange(4)):
                await asyncio.sleep(0)
            throw = dice.random()
            if throw < 0.15:
                raise CloudTransientError("502")
            if poison & {one.id for one in events}:
                raise CloudPermanentError("400")
            # The far end takes the events in order up to some point, and says so of as many or fewer.
            taken = events[: dice.randint(1, len(events))]
            arrived.extend(one.id for one in taken)
            if throw < 0.3:
                raise CloudTransientError("the answer was lost")
            return accept(taken[: dice.randint(1, len(taken))] if throw < 0.5 else taken)

    settings = SETTINGS.model_copy(update={"batches_concurrent_max": 3, "retry_s_min": 0.001, "retry_s_max": 0.004})
    async with open_outbox(tmp_path) as outbox:
        ids = await append(outbox, 200, sources=["T0", "T1", "T2", "T3"])
        pending = 200
        while pending:
            async with carrying(outbox.feed(UPLINK), Capricious(), settings=settings, seed=dice.randrange(1000)):
                for _ in range(dice.randrange(1, 400)):
                    await asyncio.sleep(0)
            pending = (await outbox.counts())[TRANSACTIONS].pending
        assert (await outbox.counts())[TRANSACTIONS].dead == len(poison)
    first = list(dict.fromkeys(arrived))
    assert sorted(first) == [one for one in ids if one not in poison]
    for source in range(4):
        own = [int(one[1:]) for one in first if int(one[1:]) % 4 == source]
        assert own == sorted(own)
