"""Room that gets short: what matters least gives way first, and a sale fits until the very end."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from edge_gateway.contracts.clock import EventIds, SystemClock
from edge_gateway.contracts.commands import Request
from edge_gateway.contracts.errors import StorageFullError
from edge_gateway.contracts.states import ReplyStatus
from edge_gateway.contracts.store import Appended, StreamNames
from edge_gateway.services.transactions import TransactionService
from edge_gateway.store import inspection
from edge_gateway.store.database import Database
from edge_gateway.store.space import EVENTS_SHARE, FREE_FACTOR, TELEMETRY_SHARE
from edge_gateway.store.transactor import Rank
from tests.support.clock import FakeClock
from tests.support.disks import tmpfs
from tests.support.stores import TRANSACTIONS, Store, event, open_store
from tests.support.transactions import example

BYTES_MAX = 8_000_000
"""The clock of these tests stands still: the WAL, whose size depends on the moment of looking, is not counted."""
PADDING = 3000
EVENTS_MAX = 100_000

GIVING_WAY = [name for name in StreamNames if name is not StreamNames.TRANSACTIONS]


async def fill(store: Store, stream: str) -> int:
    """Append to one stream until it is refused, telemetry until it gives way; answers how many were taken."""
    for number in range(EVENTS_MAX):
        try:
            await store.outbox.append(event(f"{stream}-{number}", stream=stream, padding=PADDING))
        except StorageFullError:
            return number
        if stream == StreamNames.TELEMETRY and store.database.counters["dropped:room"]:
            return number
    raise AssertionError("never full")


@pytest.mark.parametrize("stream", GIVING_WAY)
async def test_sale_fits_when_another_stream_is_refused(tmp_path: Path, stream: StreamNames) -> None:
    async with open_store(tmp_path, clock=FakeClock(), bytes_max=BYTES_MAX) as store:
        assert await fill(store, stream) > 100
        share = TELEMETRY_SHARE if stream is StreamNames.TELEMETRY else EVENTS_SHARE
        assert store.database.used_bytes <= BYTES_MAX * share
        sales = await fill(store, TRANSACTIONS)
        left = 1.0 if stream is StreamNames.TELEMETRY else 1 - share
        assert sales * PADDING > BYTES_MAX * left * 0.7, "the rest is for sales"
        assert store.database.used_bytes > BYTES_MAX * 0.95


async def test_sale_of_a_till_is_accepted_while_scans_are_refused(tmp_path: Path) -> None:
    async with open_store(tmp_path, clock=FakeClock(), bytes_max=BYTES_MAX) as store:
        await fill(store, StreamNames.DEVICE_EVENTS)
        clock = SystemClock()
        service = TransactionService("S001", store.outbox, clock, EventIds(clock))
        request = Request("r1", "lane-3", "pos", "T3", "submit_transaction", {"transaction": example()})
        assert (await service.handle(request)).status is ReplyStatus.ACCEPTED


async def test_telemetry_drops_its_oldest_for_its_newest_and_counts_them(tmp_path: Path) -> None:
    async with open_store(tmp_path, clock=FakeClock(), bytes_max=BYTES_MAX) as store:
        taken = await fill(store, StreamNames.TELEMETRY)
        used = store.database.used_bytes
        for number in range(500):
            await store.outbox.append(event(f"t{number}", stream=StreamNames.TELEMETRY, padding=PADDING))
        assert store.database.used_bytes <= used + 100_000, "it does not grow by it"
        counts = (await store.outbox.counts())[StreamNames.TELEMETRY]
        assert counts.dropped_total >= 500
        assert counts.pending + counts.dropped_total == taken + 501
        assert store.database.counters["dropped:room"] == counts.dropped_total
        [oldest, *_] = await store.outbox.feed("https").backlog(StreamNames.TELEMETRY, after=0, limit=1)
        assert oldest.event.id == f"telemetry-{counts.dropped_total}"
    async with open_store(tmp_path, clock=FakeClock(), bytes_max=BYTES_MAX) as store:
        assert (await store.outbox.counts())[StreamNames.TELEMETRY] == counts, "counted durably"
    with inspection.opened(tmp_path) as connection:
        assert inspection.problems(connection) == []


async def test_telemetry_gives_way_to_other_events_down_to_the_last(tmp_path: Path) -> None:
    async with open_store(tmp_path, clock=FakeClock(), bytes_max=BYTES_MAX) as store:
        await fill(store, StreamNames.TELEMETRY)
        await fill(store, StreamNames.DEVICE_EVENTS)
        counts = await store.outbox.counts()
        assert counts[StreamNames.TELEMETRY].pending < 10
        assert counts[StreamNames.DEVICE_EVENTS].pending * PADDING > BYTES_MAX * EVENTS_SHARE * 0.7
        assert counts[StreamNames.DEVICE_EVENTS].dropped_total == 0
        with pytest.raises(StorageFullError):
            await store.outbox.append(event("big", stream=StreamNames.TELEMETRY, padding=10 * PADDING))


async def test_telemetry_that_is_dropped_while_under_way_is_settled_in_vain(tmp_path: Path) -> None:
    async with open_store(tmp_path, clock=FakeClock(), bytes_max=BYTES_MAX) as store:
        await store.outbox.append(event("first", stream=StreamNames.TELEMETRY))
        feed = store.outbox.feed("https")
        [under_way] = await feed.backlog(StreamNames.TELEMETRY, after=0, limit=1)
        await fill(store, StreamNames.TELEMETRY)
        await feed.settle([under_way.sequence], {})
        counts = (await store.outbox.counts())[StreamNames.TELEMETRY]
        assert counts.delivered_total == 0
        assert counts.dropped_total >= 1
    with inspection.opened(tmp_path) as connection:
        assert inspection.problems(connection) == []


async def test_full_store_still_settles_buries_replays_and_keeps_replies(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk", "24m"):
        async with open_store(tmp_path / "disk", disk_free_bytes_min=4_000_000) as store:
            assert await store.commands.claim("printer-1/r1", "d") is None
            taken = await fill(store, TRANSACTIONS)
            feed = store.outbox.feed("https")
            found = await feed.backlog(TRANSACTIONS, after=0, limit=300)
            await store.commands.finish("printer-1/r1", b"{}")
            await feed.settle([], {one.sequence: "unknown article" for one in found[:100]})
            with inspection.opened(tmp_path / "disk", is_writing=True) as connection:
                assert len(inspection.replay(connection)) == 100
            await feed.settle([one.sequence for one in found], {})
            counts = (await store.outbox.counts())[TRANSACTIONS]
            assert (counts.pending, counts.dead, counts.delivered_total) == (taken - 300, 0, 300)
            assert not [name for name in store.database.counters if name.startswith("dropped")]
            with inspection.opened(tmp_path / "disk") as connection:
                assert inspection.problems(connection) == []


async def test_sale_and_scan_of_one_commit_have_outcomes_of_their_own(tmp_path: Path) -> None:
    async with open_store(tmp_path, clock=FakeClock(), bytes_max=BYTES_MAX) as store:
        await fill(store, StreamNames.DEVICE_EVENTS)
        before = store.database.counters["commits"]
        outcomes = await asyncio.gather(
            store.outbox.append(event("scan", stream=StreamNames.DEVICE_EVENTS, padding=PADDING)),
            store.outbox.append(event("sale"), key="sale", digest="d"),
            return_exceptions=True,
        )
        assert store.database.counters["commits"] == before + 1
        assert isinstance(outcomes[0], StorageFullError)
        assert outcomes[1] == Appended("sale", True)


async def test_sale_is_not_refused_for_the_scans_of_its_commit_that_the_disk_does_not_take(tmp_path: Path) -> None:
    """The disk itself says no, in the middle of a shared commit: the sale gets a try of its own."""
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("first"))
        pages = await store.database.read(lambda one: one.execute("PRAGMA page_count").fetchone()[0])
        await store.database.read(lambda one: one.execute(f"PRAGMA max_page_count = {pages + 3}").fetchone())
        outcomes = await asyncio.gather(
            *(store.outbox.append(event(f"s{n}", stream=StreamNames.DEVICE_EVENTS, padding=PADDING)) for n in range(9)),
            store.outbox.append(event("sale"), key="sale", digest="d"),
            return_exceptions=True,
        )
        assert {type(outcome) for outcome in outcomes[:9]} == {StorageFullError}
        assert outcomes[9] == Appended("sale", True)


async def test_events_need_more_free_disk_than_sales(tmp_path: Path) -> None:
    reserve = 4_000_000
    with tmpfs(tmp_path / "disk", "24m"):
        async with open_store(tmp_path / "disk", disk_free_bytes_min=reserve) as store:
            assert await fill(store, StreamNames.DEVICE_EVENTS) > 200
            with pytest.raises(StorageFullError, match=r"outbox\.disk_free_bytes_min is 4000000, events need 8000000"):
                await store.outbox.append(event("e", stream=StreamNames.DEVICE_EVENTS, padding=PADDING))
            free = shutil.disk_usage(tmp_path / "disk").free
            assert free > reserve * FREE_FACTOR[Rank.EVENTS] * 0.8
            assert await fill(store, TRANSACTIONS) > 200


async def test_store_counts_and_tells_who_gives_way(tmp_path: Path) -> None:
    async with open_store(tmp_path, clock=FakeClock(), bytes_max=BYTES_MAX) as store:
        database = store.database
        await fill(store, StreamNames.TELEMETRY)
        assert _condition(database) == (["telemetry"], False)
        await fill(store, StreamNames.DEVICE_EVENTS)
        assert _condition(database) == (["telemetry", "events"], False)
        await fill(store, TRANSACTIONS)
        assert _condition(database) == (["telemetry", "events"], True)
        assert {name: count for name, count in database.counters.items() if name.startswith("refused:full")} == {
            "refused:full_for_events": 1,
            "refused:full": 1,
        }
        while events := await store.pending(TRANSACTIONS, 100):
            await store.settle([one.id for one in events], {})
        await store.outbox.append(event("sale"))
        assert _condition(database) == (["telemetry", "events"], False), "a sale says nothing of room for events"
        while events := await store.pending(StreamNames.DEVICE_EVENTS, 100):
            await store.settle([one.id for one in events], {})
        await store.outbox.append(event("scan", stream=StreamNames.DEVICE_EVENTS))
        await store.outbox.append(event("count", stream=StreamNames.TELEMETRY))
        assert _condition(database) == ([], False)


def _condition(database: Database) -> tuple[list[str], bool]:
    return list(database.condition.giving_way), database.condition.is_full


async def test_store_that_was_drained_has_recovered_before_anybody_sells(tmp_path: Path) -> None:
    async with open_store(tmp_path, clock=FakeClock(), bytes_max=BYTES_MAX) as store:
        await fill(store, TRANSACTIONS)
        await store.database.measure()
        assert store.database.condition.is_full
        while found := await store.feed.backlog(TRANSACTIONS, after=0, limit=1000):
            await store.feed.settle([one.sequence for one in found], {})
        await store.database.measure()
        assert not store.database.condition.is_full
