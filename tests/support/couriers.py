"""A courier on a real store, and a far end in memory that answers as a test decides."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import Feed, StreamNames
from edge_gateway.contracts.uplink import DELIVERED, Uplink
from edge_gateway.settings import EncryptionSettings, OutboxSettings, StreamSettings
from edge_gateway.settings_uplinks import CloudSettings, DeliverySettings
from edge_gateway.store.database import Database
from edge_gateway.store.outbox import SqliteOutbox
from edge_gateway.uplinks.couriers.courier import Courier
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, event
from tests.support.waiting import TIMEOUT_S

UPLINK = "https"
SETTINGS = CloudSettings(
    base_url="http://127.0.0.1:1",
    retry_s_min=0.01,
    retry_s_max=0.05,
    response_timeout_s=0.5,
    batch_events_max=10,
    batches_concurrent_max=1,
    requests_per_minute_max=1_000_000,
)
Answer = Callable[[Sequence[OutboxEvent]], Mapping[str, str]]


def accept(events: Sequence[OutboxEvent]) -> dict[str, str]:
    return {one.id: DELIVERED for one in events}


class ScriptedUplink:
    """``answer`` decides what becomes of each batch; ``batches`` and ``streams`` remember every one."""

    name = "scripted"

    def __init__(self, answer: Answer = accept) -> None:
        self.answer = answer
        self.batches: list[list[str]] = []
        self.streams: list[str] = []
        self.arrived: list[str] = []
        self.probes = 0
        self.counters: Counter[str] = Counter()
        self.wanted: Callable[[OutboxEvent], bool] = lambda one: True
        self.gate: Callable[[str, Sequence[OutboxEvent]], asyncio.Event | None] = lambda stream, events: None
        """A batch waits until the event is set, if there is one."""

    async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> Mapping[str, str]:
        self.batches.append([one.id for one in events])
        self.streams.append(stream)
        if (gate := self.gate(stream, events)) is not None:
            await gate.wait()
        answers = self.answer(events)
        self.arrived += [one.id for one in events if answers.get(one.id) == DELIVERED]
        return answers

    async def probe(self) -> None:
        self.probes += 1

    def wants(self, event: OutboxEvent) -> bool:
        return self.wanted(event)

    async def close(self) -> None:
        return


@contextlib.asynccontextmanager
async def open_outbox(
    directory: Path,
    *,
    uplinks: Mapping[str, Sequence[str]] | None = None,
    clock: Clock | None = None,
    encryption: EncryptionSettings | None = None,
) -> AsyncIterator[SqliteOutbox]:
    """A real store with one uplink for all streams, or those given."""
    used_clock = clock or SystemClock()
    place = OutboxSettings(directory=directory, disk_free_bytes_min=0, encryption=encryption)
    database = Database(place, used_clock)
    await database.open()
    try:
        yield SqliteOutbox(database, used_clock, uplinks or {UPLINK: tuple(StreamNames)})
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def carrying(
    feed: Feed,
    uplink: Uplink,
    *,
    settings: DeliverySettings = SETTINGS,
    streams: Mapping[str, StreamSettings] | None = None,
    clock: Clock | None = None,
    seed: int = 1,
    before_it_runs: Callable[[], Awaitable[object]] | None = None,
    **options: Any,
) -> AsyncIterator[Courier]:
    """A courier that runs. ``streams``: all in real time, unless given."""
    wanted = streams or {stream: StreamSettings() for stream in StreamNames}
    courier = Courier(
        feed, uplink, wanted, settings, ZoneInfo("UTC"), clock or SystemClock(), random.Random(seed), **options
    )
    if before_it_runs is not None:
        await before_it_runs()
    running = asyncio.create_task(courier.run())
    try:
        yield courier
        assert not running.done(), running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def append(
    outbox: SqliteOutbox,
    count: int,
    start: int = 0,
    *,
    stream: str = TRANSACTIONS,
    sources: Sequence[str] = ("T1",),
    padding: int = 0,
) -> list[str]:
    """Events ``e000``, ``e001`` ... of the sources in turn, one after the other."""
    prefix = "e" if stream == TRANSACTIONS else f"{stream}-"
    ids = [f"{prefix}{number:03}" for number in range(start, start + count)]
    appends = []
    for number, event_id in enumerate(ids):
        source = f"/stores/S001/pos/{sources[number % len(sources)]}"
        appends.append(outbox.append(event(event_id, stream=stream, source=source, padding=padding)))
    await asyncio.gather(*appends)
    return ids


async def delivered(outbox: SqliteOutbox, count: int, *, stream: str = TRANSACTIONS, timeout_s: float = 20.0) -> None:
    """Wait until so many are delivered, on disk."""
    async with asyncio.timeout(timeout_s):
        # What is asked is on disk and changes without an event of ours: asked again until it is true.
        while (await outbox.counts())[stream].delivered_total < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def advance_until(clock: FakeClock, condition: Callable[[], object], *, seconds_max: float) -> None:
    """Move the clock on in small steps; what the store's thread does meanwhile takes real time."""
    begun_s, deadline_s = clock.monotonic(), time.monotonic() + TIMEOUT_S
    while not condition() and time.monotonic() < deadline_s:
        if clock.monotonic() - begun_s < seconds_max:
            await clock.advance(0.25)
        await asyncio.sleep(0.005)
    assert condition(), f"not within {seconds_max} s"
