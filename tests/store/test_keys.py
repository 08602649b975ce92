"""Keys wait beside their events until thousands are sorted in: none is lost on the way, whatever happens."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_gateway.contracts.store import Appended
from edge_gateway.store import inspection, keys
from tests.support.stores import Store, event, open_store


async def _sell(store: Store, numbers: Sequence[int]) -> list[Appended]:
    appends = [store.outbox.append(event(f"e{one}"), key=f"till-{one % 7}-{one}", digest=f"d{one}") for one in numbers]
    return await asyncio.gather(*appends)


async def _sorted_in(store: Store) -> int:
    def count(connection: sqlite3.Connection) -> int:
        found: int = connection.execute("SELECT count(*) FROM idempotency_key").fetchone()[0]
        return found

    return await store.database.read(count)


@pytest.fixture
def few_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorted in after 50, 8 at a time."""
    monkeypatch.setattr(keys, "YOUNG_MAX", 50)
    monkeypatch.setattr(keys, "BITE_KEYS", 8)


@pytest.mark.usefixtures("few_keys")
async def test_key_is_known_at_every_step_of_being_sorted_in(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for number in range(180):
            assert await _sell(store, [number]) == [Appended(f"e{number}", True)]
            for old in (0, number // 2, number):
                assert await store.outbox.find(f"till-{old % 7}-{old}", f"d{old}") == Appended(f"e{old}", False)
        assert 100 <= await _sorted_in(store) < 180
        assert await _sell(store, range(180)) == [Appended(f"e{one}", False) for one in range(180)]


@pytest.mark.usefixtures("few_keys")
@pytest.mark.parametrize("count", [10, 50, 55, 120, 163])
async def test_keys_are_known_after_a_restart_at_any_moment(tmp_path: Path, count: int) -> None:
    async with open_store(tmp_path) as store:
        for number in range(count):
            await _sell(store, [number])
    with inspection.opened(tmp_path) as connection:
        assert keys.count_keys(connection) == count
    async with open_store(tmp_path) as store:
        assert await _sell(store, range(count)) == [Appended(f"e{one}", False) for one in range(count)]
        assert await _sell(store, range(count, 200)) == [Appended(f"e{one}", True) for one in range(count, 200)]


@pytest.mark.usefixtures("few_keys")
async def test_keys_of_events_that_were_delivered_at_once_stay(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for number in range(70):
            await _sell(store, [number])
            await store.settle([f"e{number}"], {})
    async with open_store(tmp_path) as store:
        assert await _sell(store, range(70)) == [Appended(f"e{one}", False) for one in range(70)]


async def test_key_that_comes_twice_in_one_commit_is_one_event(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        outcomes = await _sell(store, [1, 2, 1, 1])
        assert outcomes == [Appended("e1", True), Appended("e2", True), Appended("e1", False), Appended("e1", False)]
        assert (await store.outbox.counts())["transactions"].pending == 2


async def test_key_of_a_commit_that_failed_is_not_known(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.database.read(
            lambda connection: connection.execute(
                "CREATE TRIGGER no_more BEFORE INSERT ON pending BEGIN SELECT raise(ABORT, 'no'); END"
            ).fetchall()
        )
        with pytest.raises(Exception, match="no"):
            await _sell(store, [1])
        await store.database.read(lambda connection: connection.execute("DROP TRIGGER no_more").fetchall())
        assert await store.outbox.find("till-1-1", "d1") is None
        assert await _sell(store, [1]) == [Appended("e1", True)]
