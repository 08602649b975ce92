"""How the courier behaves towards a far end that fails, and what it tells of itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from edge_gateway.contracts import log_events
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.states import Health
from edge_gateway.contracts.store import Feed, StreamNames
from edge_gateway.settings import OutboxSettings
from edge_gateway.store.database import Database
from edge_gateway.store.outbox import SqliteOutbox
from edge_gateway.uplinks.couriers.breaker import FAILURES_MAX, PROBE_APART_S_MAX, BreakerState
from edge_gateway.uplinks.couriers.conduct import UNHEALTHY_AFTER_S
from edge_gateway.uplinks.couriers.places import HANGING_AFTER_S
from edge_gateway.uplinks.couriers.refusals import REFUSALS_IN_A_ROW_MAX
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


class Line:
    """A far end that can be broken: ``failure`` is raised for each batch while it is set."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.uplink = ScriptedUplink(self._answer)

    def _answer(self, events: Sequence[OutboxEvent]) -> dict[str, str]:
        if self.failure is not None:
            raise self.failure
        return accept(events)


async def test_courier_slows_down_when_the_cloud_refuses_one_event_after_the_other(tmp_path: Path) -> None:
    clock, line = FakeClock(), Line()
    line.failure = CloudPermanentError("400 (no)")
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 10)
        async with carrying(outbox.feed(UPLINK), line.uplink, clock=clock) as courier:
            await wait_until(lambda: courier.health is Health.DEGRADED)
            assert courier.counters["dead_lettered"] == REFUSALS_IN_A_ROW_MAX
            assert "refuses one event after the other" in (courier.reason or "")
            line.failure = None
            await advance_until(clock, lambda: line.uplink.arrived, seconds_max=1)
            await delivered(outbox, 10 - REFUSALS_IN_A_ROW_MAX)
            await wait_until(lambda: courier.health is Health.HEALTHY)


async def test_courier_waits_as_long_as_the_cloud_asks(tmp_path: Path) -> None:
    clock, line = FakeClock(), Line()
    line.failure = CloudTransientError("429", retry_after_s=40)
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 1)
        async with carrying(outbox.feed(UPLINK), line.uplink, clock=clock) as courier:
            await wait_until(lambda: courier.health is Health.DEGRADED)
            line.failure = None
            courier.network_returned()
            await clock.advance(39.9)
            assert len(line.uplink.batches) == 1
            await clock.advance(0.2)
            await delivered(outbox, 1)
            await wait_until(lambda: courier.health is Health.HEALTHY)


async def test_courier_tells_how_it_is_doing(tmp_path: Path) -> None:
    clock, line = FakeClock(), Line()
    line.failure = CloudTransientError("no route to host", retry_after_s=UNHEALTHY_AFTER_S - 1)
    async with open_outbox(tmp_path) as outbox, carrying(outbox.feed(UPLINK), line.uplink, clock=clock) as courier:
        assert (courier.health, courier.reason) == (Health.INACTIVE, "nothing to deliver so far")
        assert (courier.name, courier.last_sync) == ("scripted", None)
        await append(outbox, 2)
        await wait_until(lambda: courier.health is Health.DEGRADED)
        assert courier.reason == "no route to host"
        sync = courier.syncs()[TRANSACTIONS]
        assert (sync.lag_events, sync.last_sync, sync.next_sync, sync.reason) == (2, None, None, "no route to host")
        assert courier.syncs()["inventory"].reason is None
        await clock.advance(UNHEALTHY_AFTER_S)
        assert (courier.health, courier.reason) == (Health.UNHEALTHY, "no route to host")
        assert courier.syncs()[TRANSACTIONS].lag_s >= UNHEALTHY_AFTER_S


async def test_outage_is_logged_once_and_so_is_its_end(tmp_path: Path) -> None:
    line = Line()
    line.failure = CloudTransientError("no route to host")
    with capture_logs() as logs:
        async with open_outbox(tmp_path) as outbox, carrying(outbox.feed(UPLINK), line.uplink) as courier:
            for stream in StreamNames:
                await append(outbox, 3, stream=stream)
            await wait_until(lambda: courier.counters["attempts_failed"] > 10)
            line.failure = None
            for stream in StreamNames:
                await delivered(outbox, 3, stream=stream)
            await wait_until(lambda: courier.health is Health.HEALTHY)
    events = Counter(entry["event"] for entry in logs)
    assert (events[log_events.UPLINK_LOST], events[log_events.UPLINK_RECOVERED]) == (1, 1)


async def test_courier_backs_off_when_the_cloud_answers_for_no_event(tmp_path: Path) -> None:
    clock, uplink = FakeClock(), ScriptedUplink(lambda events: {})
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 3)
        async with carrying(outbox.feed(UPLINK), uplink, clock=clock) as courier:
            await wait_until(lambda: courier.health is Health.DEGRADED)
            await clock.settle()
            assert len(uplink.batches) == 1
            assert courier.reason == "the cloud answered for none of 3 events"


async def test_courier_outlives_a_store_that_is_opened_later(tmp_path: Path) -> None:
    clock = FakeClock()
    database = Database(OutboxSettings(directory=tmp_path, disk_free_bytes_min=0), clock)
    outbox = SqliteOutbox(database, clock, {UPLINK: (TRANSACTIONS,)})
    uplink = ScriptedUplink()
    async with carrying(outbox.feed(UPLINK), uplink, clock=clock) as courier:
        await wait_until(lambda: courier.health is Health.DEGRADED)
        assert courier.reason == "the outbox cannot be read: the store is not open"
        await database.open()
        await append(outbox, 1)
        await advance_until(clock, lambda: uplink.arrived, seconds_max=60)
        await delivered(outbox, 1)
        await wait_until(lambda: courier.health is Health.HEALTHY)
    await database.close()


async def test_drain_goes_on_within_ten_seconds_of_the_clouds_return_after_hours(tmp_path: Path) -> None:
    clock, line = FakeClock(), Line()
    line.failure = CloudTransientError("no route to host")
    settings = SETTINGS.model_copy(update={"retry_s_min": 0.5, "retry_s_max": 30.0})
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 200, sources=["T1", "T2", "T3"])
        async with carrying(outbox.feed(UPLINK), line.uplink, clock=clock, settings=settings) as courier:
            await wait_until(lambda: len(line.uplink.batches) > 0)
            await clock.advance(2 * 3600)
            assert courier.breaker_state is not BreakerState.CLOSED
            attempts = len(line.uplink.batches)
            assert attempts < 2 * 3600, "not one a second"
            assert {len(batch) for batch in line.uplink.batches[FAILURES_MAX:]} == {1}
            line.failure = None
            await advance_until(clock, lambda: len(line.uplink.arrived) == 200, seconds_max=10)
            await delivered(outbox, 200)
            assert courier.breaker_state is BreakerState.CLOSED


async def test_network_that_returns_wakes_the_courier_at_once(tmp_path: Path) -> None:
    clock, line = FakeClock(), Line()
    line.failure = CloudTransientError("no route to host")
    settings = SETTINGS.model_copy(update={"retry_s_min": 5.0, "retry_s_max": 30.0})
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 5)
        async with carrying(outbox.feed(UPLINK), line.uplink, clock=clock, settings=settings) as courier:
            await wait_until(lambda: line.uplink.batches)
            await clock.advance(600)
            line.failure = None
            courier.network_returned()
            await delivered(outbox, 5)  # the clock stands


async def test_one_service_that_is_down_does_not_hold_up_the_others(tmp_path: Path) -> None:
    clock = FakeClock()
    is_down = True

    def answer(events: Sequence[OutboxEvent]) -> dict[str, str]:
        if is_down and events[0].stream == TRANSACTIONS:
            raise CloudTransientError("503")
        return accept(events)

    uplink = ScriptedUplink(answer)
    settings = SETTINGS.model_copy(update={"retry_s_min": 0.5, "retry_s_max": 30.0})
    async with (
        open_outbox(tmp_path) as outbox,
        carrying(outbox.feed(UPLINK), uplink, clock=clock, settings=settings) as courier,
    ):
        await append(outbox, 5)
        await wait_until(lambda: courier.health is Health.DEGRADED)
        await clock.advance(120)
        await append(outbox, 1, stream="inventory")
        await advance_until(clock, lambda: "inventory" in uplink.streams, seconds_max=3 * PROBE_APART_S_MAX)
        await delivered(outbox, 1, stream="inventory")
        for number in range(1, 20):
            await clock.advance(30)
            await append(outbox, 1, start=number, stream="inventory")
            await delivered(outbox, number + 1, stream="inventory")  # the clock stands
        assert courier.health is Health.DEGRADED, "something still goes through"
        assert courier.breaker_state is BreakerState.CLOSED
        assert courier.syncs()[TRANSACTIONS].reason == "503"
        is_down = False
        await advance_until(clock, lambda: "e004" in uplink.arrived, seconds_max=PROBE_APART_S_MAX)
        await delivered(outbox, 5)
        await wait_until(lambda: courier.health is Health.HEALTHY)


async def test_event_that_always_fails_holds_up_its_own_source_only(tmp_path: Path) -> None:
    def answer(events: Sequence[OutboxEvent]) -> dict[str, str]:
        if any(one.id == "e000" for one in events):
            raise CloudTransientError("500: a bug of the far end, met by this event")
        return accept(events)

    uplink = ScriptedUplink(answer)
    async with open_outbox(tmp_path) as outbox, carrying(outbox.feed(UPLINK), uplink) as courier:
        await append(outbox, 100, sources=["bad", "good-1", "good-2", "good-3"])
        await delivered(outbox, 75)
        for number in range(100, 130):
            await append(outbox, 1, start=number, sources=["good-1"])
        await delivered(outbox, 105)
        await wait_until(lambda: courier.counters["attempts_failed"] > 8)
        assert courier.syncs()[TRANSACTIONS].lag_events == 25
        assert courier.health in (Health.DEGRADED, Health.UNHEALTHY)


async def test_batch_that_hangs_holds_up_neither_other_sources_nor_other_streams(tmp_path: Path) -> None:
    never = asyncio.Event()
    uplink = ScriptedUplink()
    uplink.gate = lambda stream, events: never if any(one.source.endswith("/hung") for one in events) else None
    settings = SETTINGS.model_copy(update={"batches_concurrent_max": 3, "batch_events_max": 10})
    clock = FakeClock()
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 300, sources=["hung"])
        async with carrying(outbox.feed(UPLINK), uplink, settings=settings, clock=clock):
            await wait_until(lambda: uplink.batches)
            await append(outbox, 40, start=300, sources=["T2", "T3"])
            await append(outbox, 10, stream="telemetry")
            await advance_until(clock, lambda: len(uplink.arrived) == 50, seconds_max=2)
            await delivered(outbox, 40)
            await delivered(outbox, 10, stream="telemetry")


async def test_line_that_went_dead_in_a_drain_is_found_alive_before_the_time_out(tmp_path: Path) -> None:
    """All places are taken by batches that hang; the cloud is back, but their connections are dead."""
    never, clock, uplink = asyncio.Event(), FakeClock(), ScriptedUplink()
    uplink.gate = lambda stream, events: never
    settings = SETTINGS.model_copy(update={"batches_concurrent_max": 2})
    async with open_outbox(tmp_path) as outbox:
        await append(outbox, 60, sources=["T1", "T2", "T3", "T4", "T5", "T6"])
        async with carrying(outbox.feed(UPLINK), uplink, settings=settings, clock=clock):
            await wait_until(lambda: uplink.batches)
            uplink.gate = lambda stream, events: None
            await advance_until(clock, lambda: uplink.arrived, seconds_max=HANGING_AFTER_S + 1)


class LockedFeed:
    """The real feed, with events whose key is not here."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.locked = 0
        self.locked_reason = "12 events are locked: key 0a1b is not in the key file; put it back"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)


async def test_courier_is_unhealthy_while_events_are_locked(tmp_path: Path) -> None:
    async with open_outbox(tmp_path) as outbox:
        feed = LockedFeed(outbox.feed(UPLINK))
        async with carrying(feed, ScriptedUplink()) as courier:  # type: ignore[arg-type]
            await append(outbox, 1)
            await delivered(outbox, 1)
            await wait_until(lambda: courier.health is Health.HEALTHY)
            feed.locked = 12
            assert (courier.health, courier.reason) == (Health.UNHEALTHY, feed.locked_reason)
