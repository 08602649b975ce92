"""What every uplink promises, as one suite: run against each with its real server, or its simulator.

A test module of an uplink makes a fixture ``far_end`` that yields its ``FarEnd`` started, and inherits the promises::

    class TestNatsUplink(UplinkBehaviour):
        pass

``--uplink-events 10000 --uplink-seed 7``: the full measure of the outages; by default they are a few hundred.

Where the far end may refuse single events (a message broker refuses none), it inherits ``RefusedUplinkBehaviour``.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import pytest

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.states import Health
from edge_gateway.contracts.store import StreamNames
from edge_gateway.contracts.uplink import Uplink
from edge_gateway.settings_uplinks import UplinkSettings
from edge_gateway.store.outbox import SqliteOutbox
from edge_gateway.uplinks.couriers.courier import Courier
from edge_gateway.uplinks.factory import make_uplink
from tests.support.couriers import carrying, delivered, open_outbox
from tests.support.stores import TRANSACTIONS, event
from tests.support.waiting import wait_until

STORE_ID = "S001"
SOURCES = tuple(f"/stores/{STORE_ID}/pos/T{number}" for number in range(1, 6))
OUTAGES = 10
DEADLINE_S = 60.0
PACE: dict[str, Any] = {
    "retry_s_min": 0.02,
    "retry_s_max": 0.2,
    "connect_timeout_s": 2.0,
    "response_timeout_s": 2.0,
    "requests_per_minute_max": 1_000_000,
    "batch_events_max": 50,
}
"""Settings of delivery that every far end's settings should have: a test waits for time-outs."""


class FarEnd(Protocol):
    """The server at the other end, as a test drives it. Its port stays the same over stops and starts."""

    def settings(self, **pace: Any) -> UplinkSettings:
        """Of an uplink to it; ``pace``: settings of its delivery."""
        ...

    async def start(self) -> None:
        """Listen; what it had before it was stopped it still has."""
        ...

    async def stop(self) -> None:
        """As in a power cut: the port is closed and every connection breaks."""
        ...

    async def events(self) -> Sequence[str]:
        """Ids in the order of their effect, each once: as whoever reads it, deduplicating by id, sees them."""
        ...

    async def stall(self, is_stalled: bool) -> None:
        """Take requests and answer none."""
        ...


class RefusingFarEnd(FarEnd, Protocol):
    """It can be told to refuse single events for good."""

    async def refuse(self, event_ids: Sequence[str]) -> None:
        """From now on."""
        ...


class UplinkBehaviour:
    """Inherit it in a module that has the fixture ``far_end``. Each test has a real store and a real courier."""

    store_id = STORE_ID

    def make_uplink(self, settings: UplinkSettings) -> Uplink:
        return make_uplink(settings, self.store_id, SystemClock())

    async def test_uplink_delivers_each_source_in_its_order(self, far_end: FarEnd, tmp_path: Path) -> None:
        async with Line(self, far_end, tmp_path) as line:
            ids = await line.append(100)
            await line.all_delivered()
            assert_in_order(await far_end.events(), ids)
            assert line.courier.health is Health.HEALTHY

    async def test_uplink_takes_every_stream(self, far_end: FarEnd, tmp_path: Path) -> None:
        async with Line(self, far_end, tmp_path) as line:
            streams = line.settings.streams
            ids = [one for stream in streams for one in await line.append(3, stream=stream)]
            for stream in streams:
                await delivered(line.outbox, 3, stream=stream, timeout_s=DEADLINE_S)
            assert sorted(await far_end.events()) == sorted(ids)

    async def test_uplink_loses_nothing_when_the_far_end_comes_later(self, far_end: FarEnd, tmp_path: Path) -> None:
        await far_end.stop()
        async with Line(self, far_end, tmp_path) as line:
            ids = await line.append(30)
            await line.fails(2)
            await far_end.start()
            await line.all_delivered()
            assert_in_order(await far_end.events(), ids)

    async def test_uplink_that_delivers_again_has_one_effect(self, far_end: FarEnd, tmp_path: Path) -> None:
        """The power fails between the delivery and the note of it."""
        async with open_outbox(tmp_path) as outbox:
            ids = await append_to(outbox, 20)
            uplink = self.make_uplink(far_end.settings(**PACE))
            found = await outbox.feed("https").backlog(TRANSACTIONS, after=0, limit=100)
            for _ in range(2):
                answers = await until_taken(lambda: uplink.deliver(TRANSACTIONS, [each.event for each in found]))
                assert dict(answers) == dict.fromkeys(ids, "")
            await uplink.close()
        async with Line(self, far_end, tmp_path) as line:
            line.count = len(ids)
            await line.all_delivered()
            assert_in_order(await far_end.events(), ids)

    async def test_uplink_health_follows_the_far_end(self, far_end: FarEnd, tmp_path: Path) -> None:
        async with Line(self, far_end, tmp_path) as line:
            assert line.courier.health is Health.INACTIVE
            await line.append(5)
            await line.all_delivered()
            await wait_until(lambda: line.courier.health is Health.HEALTHY)
            await far_end.stop()
            await line.append(5)
            await wait_until(lambda: line.courier.health is Health.DEGRADED)
            assert line.courier.reason
            assert line.courier.syncs()[TRANSACTIONS].lag_events == 5
            await far_end.start()
            await line.all_delivered()
            await wait_until(lambda: line.courier.health is Health.HEALTHY)

    async def test_uplink_outlives_a_far_end_that_stalls(self, far_end: FarEnd, tmp_path: Path) -> None:
        async with Line(self, far_end, tmp_path) as line:
            ids = await line.append(5)
            await line.all_delivered()
            await far_end.stall(True)
            ids += await line.append(20)
            await line.fails(1)
            await far_end.stall(False)
            await line.all_delivered()
            assert_in_order(await far_end.events(), ids)

    async def test_uplink_loses_nothing_through_ten_outages(
        self, far_end: FarEnd, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        """Stops in the middle of deliveries, and restarts of the courier beside them. Sizes and pauses from a seed."""
        count = request.config.getoption("--uplink-events")
        seed = request.config.getoption("--uplink-seed")
        print(f"seed {seed}, {count} events")
        dice = random.Random(seed)
        ids: list[str] = []
        line = Line(self, far_end, tmp_path)
        await line.open()
        try:
            for outage in range(OUTAGES):
                ids += await line.append(count // OUTAGES)
                part_of_them = len(ids) - dice.randrange(count // OUTAGES)
                await delivered(line.outbox, part_of_them, timeout_s=DEADLINE_S)
                await far_end.stop()
                ids += await line.append(5)
                await line.fails(1)
                if outage % 3 == 2:
                    await line.close()
                    line = Line(self, far_end, tmp_path, count=len(ids))
                    await line.open()
                await far_end.start()
            await line.all_delivered()
            assert_in_order(await far_end.events(), ids)
            assert line.dead == {}
        finally:
            await line.close()


class RefusedUplinkBehaviour(UplinkBehaviour):
    """Where the far end may refuse single events."""

    async def test_uplink_buries_what_the_far_end_refuses(self, far_end: RefusingFarEnd, tmp_path: Path) -> None:
        async with Line(self, far_end, tmp_path) as line:
            poison = ["e00003", "e00011"]
            await far_end.refuse(poison)
            ids = await line.append(40)
            await line.all_delivered(but=len(poison))
            await wait_until(lambda: len(line.dead) == len(poison), what="the dead letters")
            assert sorted(line.dead) == poison
            assert all(line.dead.values()), "each with its reason"
            assert_in_order(await far_end.events(), [one for one in ids if one not in poison])


class Line:
    """A store, an uplink to the far end, and the courier between them."""

    def __init__(self, behaviour: UplinkBehaviour, far_end: FarEnd, directory: Path, *, count: int = 0) -> None:
        self.settings = far_end.settings(**PACE)
        self.count = count
        self.dead: dict[str, str] = {}
        self._behaviour = behaviour
        self._directory = directory
        self._opened: list[Any] = []
        self.outbox: SqliteOutbox
        self.courier: Courier

    async def __aenter__(self) -> Line:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        opening = open_outbox(self._directory)
        self.outbox = await opening.__aenter__()
        uplink = self._behaviour.make_uplink(self.settings)
        running = carrying(
            self.outbox.feed("https"), uplink, settings=self.settings, on_dead_letter=self._note_dead_letter
        )
        self.courier = await running.__aenter__()
        self._opened = [opening, uplink, running]

    async def close(self) -> None:
        """As in a stop of the daemon: the courier first, then the uplink, then the store. Twice is harmless."""
        if self._opened:
            opening, uplink, running = self._opened
            self._opened = []
            await running.__aexit__(None, None, None)
            await uplink.close()
            await opening.__aexit__(None, None, None)

    async def append(self, count: int, *, stream: str = TRANSACTIONS) -> list[str]:
        ids = await append_to(self.outbox, count, start=self.count, stream=stream)
        if stream == TRANSACTIONS:
            self.count += count
        return ids

    async def all_delivered(self, *, but: int = 0) -> None:
        await delivered(self.outbox, self.count - but, timeout_s=DEADLINE_S)

    async def fails(self, attempts: int) -> None:
        """Wait until the courier noticed that often."""
        known = self.courier.counters["attempts_failed"]
        await wait_until(
            lambda: self.courier.counters["attempts_failed"] >= known + attempts or self.courier.reason,
            timeout_s=DEADLINE_S,
            what="a failed attempt",
        )

    def _note_dead_letter(self, one: Any, reason: str) -> None:
        self.dead[one.id] = reason


async def append_to(outbox: SqliteOutbox, count: int, *, start: int = 0, stream: str = TRANSACTIONS) -> list[str]:
    """Of five sources in turn; ids rise."""
    prefix = "e" if stream == TRANSACTIONS else f"{StreamNames(stream).value}-"
    ids = [f"{prefix}{number:05}" for number in range(start, start + count)]
    events = [event(one, stream=stream, source=SOURCES[int(one[-5:]) % len(SOURCES)]) for one in ids]
    await asyncio.gather(*(outbox.append(one) for one in events))
    return ids


async def until_taken(deliver: Callable[[], Awaitable[Any]]) -> Any:
    """A server that was just started may not take the very first."""
    deadline_s = time.monotonic() + DEADLINE_S
    while True:
        try:
            return await deliver()
        except CloudTransientError:
            if time.monotonic() > deadline_s:
                raise
            await asyncio.sleep(0.05)


def assert_in_order(got: Sequence[str], expected: Sequence[str]) -> None:
    """All of them, once each, and those of each source in order."""
    missing = sorted(set(expected) - set(got))
    assert not missing, f"{len(missing)} of {len(expected)} lost, such as {missing[:5]}"
    assert len(got) == len(set(got)) == len(expected), "an effect twice, or of something that was not sent"
    for number in range(len(SOURCES)):
        mine = [one for one in got if int(one[-5:]) % len(SOURCES) == number]
        assert all(one < other for one, other in pairwise(mine)), f"out of order: {mine}"
