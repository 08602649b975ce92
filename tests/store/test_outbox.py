"""What the outbox promises to those who append and to those who deliver."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import ConflictError, StoreError
from edge_gateway.contracts.store import Appended, StreamNames
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, event, open_store


async def test_outbox_gives_events_back_in_order_and_byte_for_byte(tmp_path: Path) -> None:
    events = [event(f"e{number}", padding=number * 100) for number in range(50)]
    async with open_store(tmp_path) as store:
        for one in events:
            assert await store.outbox.append(one) == Appended(one.id, True)
        assert await store.pending(TRANSACTIONS, 1000) == events
        assert await store.pending(TRANSACTIONS, 3) == events[:3]
        assert await store.pending(StreamNames.TELEMETRY, 3) == []


async def test_outbox_answers_the_same_key_and_content_with_the_first_event(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        first = await store.outbox.append(event("e1"), key="sale-1", digest="d1")
        again = await store.outbox.append(event("e2"), key="sale-1", digest="d1")
        assert (first, again) == (Appended("e1", True), Appended("e1", False))
        assert [one.id for one in await store.pending(TRANSACTIONS, 10)] == ["e1"]


async def test_outbox_refuses_the_same_key_with_other_content(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("e1"), key="sale-1", digest="d1")
        with pytest.raises(ConflictError, match="'sale-1' was stored before with other content, as event e1"):
            await store.outbox.append(event("e2"), key="sale-1", digest="d2")
        assert (await store.outbox.counts())[TRANSACTIONS].pending == 1


async def test_outbox_remembers_a_key_after_delivery_and_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("e1"), key="sale-1", digest="d1")
        await store.settle(["e1"], {})
    async with open_store(tmp_path) as store:
        assert await store.outbox.append(event("e2"), key="sale-1", digest="d1") == Appended("e1", False)
        assert (await store.outbox.counts())[TRANSACTIONS].pending == 0


async def test_outbox_settles_each_event_as_it_is_told(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for number in range(5):
            await store.outbox.append(event(f"e{number}"))
        await store.pending(TRANSACTIONS, 5)
        await store.settle(["e0", "e3"], {"e1": "unknown article"})
        await store.settle(["e0", "never seen"], {"e1": "said twice"})
        counts = (await store.outbox.counts())[TRANSACTIONS]
        assert (counts.pending, counts.dead, counts.delivered_total) == (2, 1, 2)
        assert [one.id for one in await store.pending(TRANSACTIONS, 10)] == ["e2", "e4"]
    async with open_store(tmp_path) as store:
        counts = (await store.outbox.counts())[TRANSACTIONS]
        assert (counts.pending, counts.dead, counts.delivered_total) == (2, 1, 2)


async def test_outbox_settles_events_that_an_earlier_run_handed_out(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("e1"))
    async with open_store(tmp_path) as store:
        await store.settle(["e1"], {})
        assert await store.pending(TRANSACTIONS, 1) == []


async def test_outbox_never_gives_a_number_twice(tmp_path: Path) -> None:
    """The newest event is settled before a restart: what is appended then must not take its place."""
    for round_number in range(3):
        async with open_store(tmp_path) as store:
            await store.outbox.append(event(f"e{round_number}"))
            await store.pending(TRANSACTIONS, 1)
            await store.settle([f"e{round_number}"], {})
            counts = (await store.outbox.counts())[TRANSACTIONS]
            assert (counts.pending, counts.delivered_total) == (0, round_number + 1)


async def test_outbox_refuses_a_stream_it_does_not_have(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(StoreError, match="stream 'gossip' does not exist; expected one of audit, device_events"):
            await store.outbox.append(event("e1", stream="gossip"))
        with pytest.raises(StoreError, match="stream 'gossip'"):
            await store.wait_for_pending("gossip")


async def test_outbox_wakes_the_forwarder_of_the_stream_that_grew(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        waits = {name: asyncio.create_task(store.wait_for_pending(name)) for name in (TRANSACTIONS, "telemetry")}
        await store.outbox.append(event("e1"))
        await asyncio.wait_for(waits[TRANSACTIONS], 1)
        assert not waits["telemetry"].done()
        await store.outbox.append(event("e2", stream="telemetry"))
        await asyncio.wait_for(waits["telemetry"], 1)
        await asyncio.wait_for(store.wait_for_pending(TRANSACTIONS), 1)


async def test_outbox_tells_how_old_the_oldest_event_is(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        await store.outbox.append(event("e1"))
        await clock.advance(90)
        await store.outbox.append(event("e2"))
        assert (await store.outbox.counts())[TRANSACTIONS].oldest_pending_age_s == 90
        clock.jump_wall_clock(-86_400)
        assert (await store.outbox.counts())[TRANSACTIONS].oldest_pending_age_s == 0
        await store.settle(["e1", "e2"], {})
        assert (await store.outbox.counts())[TRANSACTIONS].oldest_pending_age_s is None


async def test_outbox_reads_no_more_bytes_at_once_than_a_request_may_carry(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for number in range(4):
            await store.outbox.append(event(f"e{number}", padding=1_500_000))
        assert len(await store.pending(TRANSACTIONS, 100)) == 2
        await store.outbox.append(event("huge", stream="audit", padding=5_000_000))
        assert len(await store.pending("audit", 100)) == 1
