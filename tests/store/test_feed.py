"""What the outbox promises to several uplinks, each with a place of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.store import Pending, StreamNames
from edge_gateway.settings import OutboxSettings
from edge_gateway.store import feed as feed_module
from edge_gateway.store import inspection
from edge_gateway.store.database import Database
from edge_gateway.store.outbox import SqliteOutbox
from edge_gateway.store.streams import UPLINKS_MAX
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, event

BOTH = {"a": (TRANSACTIONS,), "b": (TRANSACTIONS, "audit")}


@asynccontextmanager
async def opened(
    directory: Path, uplinks: Mapping[str, Collection[str]] = BOTH
) -> AsyncIterator[tuple[Database, SqliteOutbox]]:
    clock = FakeClock()
    database = Database(OutboxSettings(directory=directory, disk_free_bytes_min=0), clock)
    await database.open()
    try:
        yield database, SqliteOutbox(database, clock, uplinks)
    finally:
        await database.close()
    with inspection.opened(directory) as connection:
        assert inspection.problems(connection) == []


async def ids(outbox: SqliteOutbox, uplink: str, stream: str = TRANSACTIONS, limit: int = 100) -> list[str]:
    return [one.event.id for one in await outbox.feed(uplink).backlog(stream, after=0, limit=limit)]


async def take(outbox: SqliteOutbox, uplink: str, count: int, stream: str = TRANSACTIONS) -> Sequence[Pending]:
    """Deliver the oldest of them."""
    found = await outbox.feed(uplink).backlog(stream, after=0, limit=count)
    await outbox.feed(uplink).settle([one.sequence for one in found], {})
    return found


async def test_feed_delivers_to_each_uplink_and_lets_go_of_what_all_have(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, outbox):
        for number in range(4):
            await outbox.append(event(f"e{number}"))
        await take(outbox, "a", 3)
        assert await ids(outbox, "a") == ["e3"]
        assert await ids(outbox, "b") == ["e0", "e1", "e2", "e3"]
        assert (outbox.feed("a").lag(TRANSACTIONS), outbox.feed("b").lag(TRANSACTIONS)) == (1, 4)
        assert (await outbox.counts())[TRANSACTIONS].pending == 4
        await take(outbox, "b", 2)
        assert (await outbox.counts())[TRANSACTIONS].pending == 2
        assert (outbox.feed("a").lag(TRANSACTIONS), outbox.feed("b").lag(TRANSACTIONS)) == (1, 2)
    async with opened(tmp_path) as (_, outbox):
        assert await ids(outbox, "a") == ["e3"]
        assert await ids(outbox, "b") == ["e2", "e3"]
        assert (outbox.feed("a").lag(TRANSACTIONS), outbox.feed("b").lag(TRANSACTIONS)) == (1, 2)
        assert (await outbox.counts())[TRANSACTIONS].delivered_total == 5


async def test_feed_gives_nothing_of_a_stream_its_uplink_does_not_take(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, outbox):
        await outbox.append(event("e1", stream="audit"))
        assert await ids(outbox, "a", "audit") == []
        assert await outbox.feed("a").live("audit", beyond=0, limit=5) == []
        assert outbox.feed("a").lag("audit") == 0
        [one] = await outbox.feed("b").backlog("audit", after=0, limit=5)
        await outbox.feed("a").settle([one.sequence], {})
        assert await ids(outbox, "b", "audit") == ["e1"], "another uplink cannot settle it"
        await outbox.append(event("e2", stream=StreamNames.INVENTORY))
        assert (await outbox.counts())["inventory"].pending == 1, "what nobody takes is kept"
        with pytest.raises(StoreError, match="uplink 'c' is not configured; expected one of a, b"):
            outbox.feed("c")


async def test_feed_keeps_dead_letters_of_each_uplink_apart(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, outbox):
        for number in range(3):
            await outbox.append(event(f"e{number}"))
        [first, second, _] = await outbox.feed("a").backlog(TRANSACTIONS, after=0, limit=3)
        await outbox.feed("a").settle([second.sequence], {first.sequence: "not for a"})
        await outbox.feed("b").settle([], {first.sequence: "not for b"})
        counts = (await outbox.counts())[TRANSACTIONS]
        assert (counts.pending, counts.dead, counts.delivered_total) == (2, 2, 1)
        with inspection.opened(tmp_path, is_writing=True) as connection:
            found = [(one.id, one.uplink, one.reason) for one in inspection.events(connection, "dead")]
            assert found == [("e0", "a", "not for a"), ("e0", "b", "not for b")]
            assert inspection.replay(connection, uplink="b") == ["e0"]
        assert await ids(outbox, "a") == ["e2"]
        assert await ids(outbox, "b") == ["e0", "e1", "e2"]
        with inspection.opened(tmp_path, is_writing=True) as connection:
            assert inspection.replay(connection) == ["e0"]
        assert await ids(outbox, "a") == ["e0", "e2"]
        assert await ids(outbox, "b") == ["e0", "e1", "e2"]


async def test_feed_that_is_new_gets_what_is_still_kept(tmp_path: Path) -> None:
    async with opened(tmp_path, {"a": (TRANSACTIONS,)}) as (_, outbox):
        for number in range(4):
            await outbox.append(event(f"e{number}"))
        await take(outbox, "a", 2)
    async with opened(tmp_path) as (_, outbox):
        assert await ids(outbox, "b") == ["e2", "e3"]
        await take(outbox, "b", 1)
        await take(outbox, "a", 2)
        assert (await outbox.counts())[TRANSACTIONS].pending == 1


async def test_feed_reads_on_above_a_sequence(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, outbox):
        for number in range(5):
            await outbox.append(event(f"e{number}"))
        found = await outbox.feed("a").backlog(TRANSACTIONS, after=0, limit=2)
        more = await outbox.feed("a").backlog(TRANSACTIONS, after=found[-1].sequence, limit=10)
        assert [one.event.id for one in more] == ["e2", "e3", "e4"]
        await outbox.feed("a").settle([more[0].sequence], {})
        assert await ids(outbox, "a") == ["e0", "e1", "e3", "e4"]


async def test_feed_wakes_its_uplink_when_a_stream_of_it_grows(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, outbox):
        waits = {name: asyncio.create_task(outbox.feed(name).wait_for_growth(0)) for name in BOTH}
        await asyncio.sleep(0)
        await outbox.append(event("e1", stream="audit"))
        assert await asyncio.wait_for(waits["b"], 1) == 1
        assert not waits["a"].done()
        await outbox.append(event("e2"))
        assert await asyncio.wait_for(waits["a"], 1) == 1
        assert await asyncio.wait_for(outbox.feed("b").wait_for_growth(1), 1) == 2


async def test_feed_notices_a_replay_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "OTHER_WRITER_CHECK_S", 0.02)
    async with opened(tmp_path) as (_, outbox):
        feed = outbox.feed("a")
        await outbox.append(event("e1"))
        [one] = await feed.backlog(TRANSACTIONS, after=0, limit=5)
        await feed.settle([], {one.sequence: "no"})
        rewinds, growth = feed.rewinds, feed.growth
        with inspection.opened(tmp_path, is_writing=True) as connection:
            inspection.replay(connection)

        async def wait() -> None:
            known = growth
            while known == growth:
                known = await feed.wait_for_growth(known)

        await asyncio.wait_for(wait(), 5)
        assert feed.rewinds != rewinds
        assert await ids(outbox, "a") == ["e1"]


async def test_feed_makes_a_damaged_row_a_dead_letter_and_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, outbox):
        for number in range(3):
            await outbox.append(event(f"e{number}"))
    connection = sqlite3.connect(tmp_path / "outbox.db")
    connection.execute("UPDATE pending SET payload = x'7b7d' WHERE id IN ('e0', 'e1')")
    connection.commit()
    connection.close()
    told = []
    clock = FakeClock()
    database = Database(OutboxSettings(directory=tmp_path, disk_free_bytes_min=0), clock)
    await database.open()
    outbox = SqliteOutbox(
        database, clock, {"a": (TRANSACTIONS,)}, on_dead_letter=lambda one, reason: told.append((one.id, reason))
    )
    assert await ids(outbox, "a", limit=2) == ["e2"]
    assert told == [("e0", "damaged on disk"), ("e1", "damaged on disk")]
    assert database.counters["damaged"] == 2
    assert (await outbox.counts())[TRANSACTIONS].dead == 2
    await database.close()


async def test_feed_says_when_a_store_has_seen_too_many_names_of_uplinks(tmp_path: Path) -> None:
    names = {f"u{number}": (TRANSACTIONS,) for number in range(UPLINKS_MAX)}
    async with opened(tmp_path, names) as (_, outbox):
        await outbox.append(event("e1"))
        with pytest.raises(StoreError, match="this store has seen 62 names of uplinks"):
            await outbox.feed("u0").backlog(TRANSACTIONS, after=0, limit=1)
        await outbox.append(event("e2"))
        assert (await outbox.counts())[TRANSACTIONS].pending == 2, "sales go on"


async def test_live_events_overtake_the_backlog_but_not_their_own_source(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, outbox):
        for number in range(6):
            await outbox.append(event(f"old{number}", source=f"s{number % 2}"))
    async with opened(tmp_path) as (_, outbox):
        feed = outbox.feed("a")
        backlog = await feed.backlog(TRANSACTIONS, after=0, limit=4)
        beyond = backlog[-1].sequence
        assert await feed.live(TRANSACTIONS, beyond=beyond, limit=10) == []
        await outbox.append(event("s0-new", source="s0"))
        await outbox.append(event("s9-new1", source="s9"))
        await outbox.append(event("s9-new2", source="s9"))
        live = await feed.live(TRANSACTIONS, beyond=beyond, limit=10)
        assert [one.event.id for one in live] == ["s9-new1", "s9-new2"]
        await feed.settle([live[0].sequence], {})
        assert [one.event.id for one in await feed.live(TRANSACTIONS, beyond=beyond, limit=10)] == ["s9-new2"]
        await feed.settle([one.sequence for one in backlog], {})
        live = await feed.live(TRANSACTIONS, beyond=beyond, limit=10)
        assert [one.event.id for one in live if one.event.source == "s9"] == ["s9-new2"]


async def test_feed_knows_its_lag_before_it_was_ever_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, outbox):
        await outbox.append(event("e1"))
    async with opened(tmp_path) as (_, outbox):
        await outbox.counts()
        assert outbox.feed("a").lag(TRANSACTIONS) == 1
        assert outbox.feed("a").lag("audit") == 0
