"""What is given up undelivered: only what may be, only when it has to be, and counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_gateway.contracts.store import StreamNames
from edge_gateway.settings import OutboxSettings
from edge_gateway.store import database as database_module
from edge_gateway.store import inspection, trim
from edge_gateway.store.database import Database
from edge_gateway.store.outbox import SqliteOutbox
from tests.support.clock import FakeClock
from tests.support.stores import InlineSqlite, event

DAY_S = 86_400
EVERYTHING = {"a": tuple(StreamNames)}


@asynccontextmanager
async def opened(
    directory: Path,
    clock: FakeClock,
    uplinks: Mapping[str, Collection[str]] = EVERYTHING,
    keep_days: Mapping[str, int] | None = None,
) -> AsyncIterator[SqliteOutbox]:
    """The database retains as in the daemon: move the clock."""
    settings = OutboxSettings(directory=directory, disk_free_bytes_min=0)
    database = Database(settings, clock, InlineSqlite.start)
    outbox = SqliteOutbox(database, clock, uplinks, keep_days=keep_days or {})
    await database.open()
    try:
        yield outbox
    finally:
        await database.close()
    with inspection.opened(directory) as connection:
        assert inspection.problems(connection) == []


async def pass_days(outbox: SqliteOutbox, clock: FakeClock, days: int) -> None:
    """As a store runs them: minute after minute would take long, and a day is what counts."""
    for _ in range(days):
        await clock.advance(DAY_S)
        await outbox.counts()


async def days_until_dropped(outbox: SqliteOutbox, clock: FakeClock, stream: str, days_max: int = 12) -> int | None:
    for day in range(1, days_max + 1):
        await pass_days(outbox, clock, 1)
        if (await outbox.counts())[stream].dropped_total:
            return day
    return None


@pytest.fixture
def hourly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention looks once an hour, so that a day of a test is soon over."""
    monkeypatch.setattr(database_module, "INTERVAL_S", 3600.0)


@pytest.mark.usefixtures("hourly")
async def test_trim_drops_what_is_older_than_its_days_of_running(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path, clock, keep_days={"telemetry": 3}) as outbox:
        await outbox.append(event("t1", stream="telemetry"))
        await outbox.append(event("d1", stream="device_events"))
        assert await days_until_dropped(outbox, clock, "telemetry") in (3, 4)
        counts = await outbox.counts()
        assert (counts["telemetry"].pending, counts["device_events"].pending) == (0, 1)
        assert outbox.feed("a").lag("telemetry") == 0
    async with opened(tmp_path, clock) as outbox:
        assert (await outbox.counts())["telemetry"].dropped_total == 1, "counted durably"


@pytest.mark.usefixtures("hourly")
@pytest.mark.parametrize("stream", ["transactions", "audit"])
async def test_trim_never_drops_sales_and_audit(tmp_path: Path, stream: str) -> None:
    clock = FakeClock()
    async with opened(tmp_path, clock, keep_days={stream: 1}) as outbox:
        await outbox.append(event("e1", stream=stream))
        assert await days_until_dropped(outbox, clock, stream, days_max=5) is None


@pytest.mark.usefixtures("hourly")
async def test_trim_drops_old_dead_letters_too_but_not_of_sales_and_audit(tmp_path: Path) -> None:
    clock = FakeClock()
    streams = ("telemetry", "transactions", "audit")
    async with opened(tmp_path, clock, keep_days=dict.fromkeys(streams, 3)) as outbox:
        for stream in streams:
            await outbox.append(event(f"e-{stream}", stream=stream))
            [found] = await outbox.feed("a").backlog(stream, after=0, limit=1)
            await outbox.feed("a").settle([], {found.sequence: "refused"})
        assert await days_until_dropped(outbox, clock, "telemetry") in (3, 4)
        counts = await outbox.counts()
        assert [counts[stream].dead for stream in streams] == [0, 1, 1]
        assert [counts[stream].dropped_total for stream in streams] == [1, 0, 0]
        assert counts["telemetry"].delivered_total == 0
    async with opened(tmp_path, clock) as outbox:
        assert (await outbox.counts())["telemetry"] == counts["telemetry"], "counted durably"


@pytest.mark.usefixtures("hourly")
async def test_trim_is_not_fooled_by_a_clock_that_jumps(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path, clock, keep_days={"telemetry": 3}) as outbox:
        await outbox.append(event("t1", stream="telemetry"))
        for jump in (DAY_S, -DAY_S, 5 * DAY_S, 400 * DAY_S, -405 * DAY_S):
            clock.jump_wall_clock(jump)
            await clock.advance(2 * 3600)
        assert (await outbox.counts())["telemetry"].dropped_total == 0
        assert await days_until_dropped(outbox, clock, "telemetry") in (3, 4)


@pytest.mark.usefixtures("hourly")
async def test_trim_ages_also_where_the_wall_clock_stands_still(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path, clock, keep_days={"telemetry": 2}) as outbox:
        await outbox.append(event("t1", stream="telemetry"))
        for _ in range(4):
            await clock.advance(DAY_S)
            clock.jump_wall_clock(-DAY_S)
        assert (await outbox.counts())["telemetry"].dropped_total == 1


@pytest.mark.usefixtures("hourly")
async def test_trim_counts_days_of_running_over_nightly_switch_offs(tmp_path: Path) -> None:
    clock = FakeClock()
    days = 0
    async with opened(tmp_path, clock, keep_days={"telemetry": 3}) as outbox:
        await outbox.append(event("t1", stream="telemetry"))
    for day in range(1, 10):
        await clock.advance(DAY_S / 2)
        async with opened(tmp_path, clock, keep_days={"telemetry": 3}) as outbox:
            await clock.advance(DAY_S / 2)
            if (await outbox.counts())["telemetry"].dropped_total:
                days = day
                break
    assert 3 <= days <= 5


@pytest.mark.usefixtures("hourly")
async def test_trim_lets_go_of_what_a_removed_uplink_held_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trim, "ROWS_PER_BITE", 3)
    clock = FakeClock()
    async with opened(tmp_path, clock, {"a": ("audit",), "b": ("audit",)}) as outbox:
        for number in range(10):
            await outbox.append(event(f"e{number}", stream="audit"))
        found = await outbox.feed("a").backlog("audit", after=0, limit=10)
        await outbox.feed("a").settle([one.sequence for one in found if one.event.id != "e4"], {})
        await outbox.feed("b").settle([found[5].sequence], {})
        assert (await outbox.counts())["audit"].pending == 9
    async with opened(tmp_path, clock, {"a": ("audit",)}) as outbox:
        assert [one.event.id for one in await outbox.feed("a").backlog("audit", after=0, limit=10)] == ["e4"]
        await clock.advance(4000)
        counts = (await outbox.counts())["audit"]
        assert (counts.pending, counts.dropped_total) == (1, 0), "nothing is lost by it"
        assert outbox.feed("a").lag("audit") == 1
