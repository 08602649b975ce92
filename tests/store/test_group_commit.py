"""Many producers share a commit, and each still gets its own answer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.errors import ConflictError, EdgeGatewayError, StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import Appended
from edge_gateway.store import writer as writer_module
from edge_gateway.store.condition import StoreCondition
from edge_gateway.store.transactor import Operation, Rank, Transactor
from edge_gateway.store.writer import Writer
from tests.support.stores import TRANSACTIONS, event, open_store

PRODUCERS = 100


async def test_group_commit_is_shared_by_all_who_wait(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        before = store.database.counters["commits"]

        async def produce(producer: int) -> None:
            for number in range(10):
                await store.outbox.append(event(f"e{producer}-{number}"), key=f"k{producer}-{number}", digest="d")

        await asyncio.gather(*(produce(producer) for producer in range(PRODUCERS)))
        commits = store.database.counters["commits"] - before
        assert (await store.outbox.counts())[TRANSACTIONS].pending == PRODUCERS * 10
        assert commits <= 30, f"{PRODUCERS * 10} appends took {commits} commits"


async def test_group_commit_gives_each_producer_its_own_outcome(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("old"), key="known", digest="d")
        outcomes = await asyncio.gather(
            store.outbox.append(event("a"), key="new", digest="d"),
            store.outbox.append(event("b"), key="known", digest="other"),
            store.outbox.append(event("c"), key="known", digest="d"),
            store.outbox.append(event("d"), key="new", digest="d"),
            store.outbox.append(event("e"), key="new", digest="other"),
            store.outbox.append(event("f")),
            store.outbox.append(event("g", stream="gossip")),
            return_exceptions=True,
        )
        assert outcomes[0] == Appended("a", True)
        assert isinstance(outcomes[1], ConflictError)
        assert outcomes[2] == Appended("old", False)
        assert outcomes[3] == Appended("a", False)
        assert isinstance(outcomes[4], ConflictError)
        assert outcomes[5] == Appended("f", True)
        assert isinstance(outcomes[6], StoreError)
        assert [one.id for one in await store.pending(TRANSACTIONS, 10)] == ["old", "a", "f"]


@pytest.mark.parametrize(
    "poison",
    [
        OutboxEvent("p", TRANSACTIONS, "half a character: \ud800", "t", b"{}"),
        OutboxEvent("p", TRANSACTIONS, "s", "t", "text"),  # type: ignore[arg-type]
        OutboxEvent(None, TRANSACTIONS, "s", "t", b"{}"),  # type: ignore[arg-type]
    ],
    ids=["not UTF-8", "payload of the wrong type", "no id"],
)
async def test_group_commit_lets_a_value_that_cannot_be_stored_fail_alone(tmp_path: Path, poison: OutboxEvent) -> None:
    async with open_store(tmp_path) as store:
        outcomes = await asyncio.gather(
            *(store.outbox.append(event(f"e{number}"), key=f"k{number}", digest="d") for number in range(5)),
            store.outbox.append(poison, key="p", digest="d"),
            *(store.outbox.append(event(f"f{number}")) for number in range(5)),
            return_exceptions=True,
        )
        failed = [outcome for outcome in outcomes if not isinstance(outcome, Appended)]
        assert [type(outcome) for outcome in failed] == [StoreError]
        assert (await store.outbox.counts())[TRANSACTIONS].pending == 10
        # Nothing of the failed one is left, its key neither.
        assert await store.outbox.append(event("p"), key="p", digest="other") == Appended("p", True)


async def test_group_commit_keeps_what_a_producer_that_went_away_had_appended(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        gone = asyncio.ensure_future(store.outbox.append(event("gone")))
        await asyncio.sleep(0)
        gone.cancel()
        await store.outbox.append(event("stayed"))
        await asyncio.wait_for(store.wait_for_pending(TRANSACTIONS), 1)
        assert "stayed" in [one.id for one in await store.pending(TRANSACTIONS, 10)]


async def test_writer_refuses_more_waiting_writes_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "WAITING_MAX", 3)
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("first"))  # and the store's own housekeeping at its start
        outcomes = await asyncio.gather(
            *(store.outbox.append(event(f"e{number}")) for number in range(5)), return_exceptions=True
        )
        assert [isinstance(outcome, Appended) for outcome in outcomes] == [True, True, True, False, False]
        assert "the store is busy: 3 writes wait for the disk" in str(outcomes[-1])
        assert store.database.counters["refused:busy"] == 2


async def test_store_commits_what_waits_when_it_is_closed(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        appends = [asyncio.ensure_future(store.outbox.append(event(f"e{number}"))) for number in range(20)]
        await asyncio.sleep(0)
        await store.database.close()
        assert all(isinstance(outcome, Appended) for outcome in await asyncio.gather(*appends))
        with pytest.raises(StoreError, match="the store is not open"):
            await store.outbox.append(event("late"))
    async with open_store(tmp_path) as store:
        assert (await store.outbox.counts())[TRANSACTIONS].pending == 20


class Nothing(Operation[int, int]):
    """Needs no room, and never comes to be written."""

    def apply(self, connection: sqlite3.Connection, items: Sequence[int]) -> list[int | EdgeGatewayError]:
        raise AssertionError("the thread is gone")


async def test_writer_tells_all_who_wait_when_its_thread_is_gone() -> None:
    class DeadThread:
        async def run(self, work: Callable[[sqlite3.Connection], list[Any]]) -> list[Any]:
            raise StoreError("the store is closed")

    class Roomy:
        is_roomy = True

        def refusal(self, connection: sqlite3.Connection, new_bytes: int, rank: Rank) -> None:
            return None

    writer = Writer(DeadThread(), Transactor(Roomy()), Counter(), StoreCondition())
    running = asyncio.create_task(writer.run())
    with pytest.raises(StoreError, match="the store is closed"):
        await writer.submit(Nothing(), 1)
    writer.finish()
    await running


async def test_writer_leaves_nobody_waiting_when_the_disk_hangs_at_close() -> None:
    """The commit in the thread never ends and the collector is cancelled: the batch hears of it, and all behind it."""

    class HangingThread:
        async def run(self, work: Callable[[sqlite3.Connection], list[Any]]) -> list[Any]:
            await asyncio.Event().wait()
            return []

    class Roomy:
        is_roomy = True

        def refusal(self, connection: sqlite3.Connection, new_bytes: int, rank: Rank) -> None:
            return None

    writer = Writer(HangingThread(), Transactor(Roomy()), Counter(), StoreCondition())
    running = asyncio.create_task(writer.run())
    first = writer.submit(Nothing(), 1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = writer.submit(Nothing(), 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    writer.abandon(StoreError("the store was closed before this was written"))
    with pytest.raises(StoreError, match="before this was certain"):
        await first
    with pytest.raises(StoreError, match="before this was written"):
        await second
