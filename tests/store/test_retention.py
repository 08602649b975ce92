"""The store forgets what it no longer needs, and nothing sooner."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from edge_gateway.contracts.store import Appended
from edge_gateway.store import retention
from edge_gateway.store.retention import Bite, Retention
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, Store, event, open_store

DAY_S = 86_400
KEEP_DAYS = 3


async def test_retention_keeps_a_key_its_days_after_delivery_and_then_forgets_it(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        await store.outbox.append(event("e1"), key="sale-1", digest="d")
        await store.settle(["e1"], {})
        days_kept = await _days_until_forgotten(store, clock)
    assert KEEP_DAYS <= days_kept <= KEEP_DAYS + 1


async def test_retention_keeps_the_key_of_an_event_that_waits_however_long(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        await store.outbox.append(event("e1"), key="sale-1", digest="d")
        for _ in range(20):
            assert (await _bite(store, clock)).keys == 0
        await store.settle(["e1"], {})
        assert KEEP_DAYS <= await _days_until_forgotten(store, clock) <= KEEP_DAYS + 1


async def test_retention_is_not_fooled_by_a_clock_that_jumps_ten_years(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        await store.outbox.append(event("e1"), key="sale-1", digest="d")
        await store.settle(["e1"], {})
        await store.database.submit(Retention(clock, KEEP_DAYS), None)
        clock.jump_wall_clock(10 * 365 * DAY_S)
        assert (await store.database.submit(Retention(clock, KEEP_DAYS), None)).keys == 0
        assert await store.outbox.append(event("e2"), key="sale-1", digest="d") == Appended("e1", False)


async def test_retention_goes_through_the_keys_in_bites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "KEYS_PER_BITE", 10)
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        for number in range(25):
            await store.outbox.append(event(f"e{number}"), key=f"k{number:02}", digest="d")
        await store.pending(TRANSACTIONS, 100)
        await store.settle([f"e{number}" for number in range(25)], {})
        for _ in range(KEEP_DAYS + 1):
            await _bite(store, clock)
        sweeper = Retention(clock, KEEP_DAYS)
        bites = [(await store.database.submit(sweeper, None)).keys for _ in range(5)]
    assert sum(bites) >= 15
    assert max(bites) <= 10


async def test_retention_gives_unused_pages_back_but_keeps_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "FREE_PAGES_KEPT", 50)
    monkeypatch.setattr(retention, "PAGES_PER_BITE", 100)
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        for number in range(500):
            await store.outbox.append(event(f"e{number}", padding=3500))
        await store.pending(TRANSACTIONS, 1000)
        await store.settle([f"e{number}" for number in range(500)], {})
        sizes = []
        for _ in range(10):
            await store.database.submit(Retention(clock, KEEP_DAYS), None)
            sizes.append(await store.database.read(lambda one: one.execute("PRAGMA page_count").fetchone()[0]))
    assert sizes[0] > 300
    assert 50 < sizes[-1] < 250
    assert all(before - after <= 110 for before, after in itertools.pairwise(sizes))


async def _bite(store: Store, clock: FakeClock) -> Bite:
    """One a day."""
    clock.jump_wall_clock(DAY_S)
    return await store.database.submit(Retention(clock, KEEP_DAYS), None)


async def _days_until_forgotten(store: Store, clock: FakeClock) -> int:
    for day in range(1, 30):
        if (await _bite(store, clock)).keys:
            return day
    raise AssertionError("never forgotten")
