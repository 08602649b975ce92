"""The forwarder with a real outbox, against the cloud and its faults."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError, StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.states import Health
from edge_gateway.contracts.store import Outbox
from edge_gateway.contracts.uplink import DELIVERED, Uplink
from edge_gateway.settings_uplinks import CloudSettings
from edge_gateway.uplinks.conduct import UNHEALTHY_AFTER_S
from edge_gateway.uplinks.forwarder import REFUSALS_IN_A_ROW_MAX, Forwarder
from edge_gateway.uplinks.https import HttpsUplink
from simulators.cloud import CloudSimulator
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, Store, event, open_store
from tests.support.waiting import wait_until

SETTINGS = CloudSettings(
    base_url="http://127.0.0.1:1", retry_s_min=0.01, retry_s_max=0.05, response_timeout_s=0.5, batch_events_max=10
)


class ScriptedUplink:
    """A far end in memory: ``answer`` decides what becomes of each batch; remembers every batch."""

    name = "scripted"

    def __init__(self, answer: Callable[[Sequence[OutboxEvent]], Mapping[str, str]]) -> None:
        self.answer = answer
        self.batches: list[list[str]] = []

    async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> Mapping[str, str]:
        self.batches.append([one.id for one in events])
        return self.answer(events)

    async def close(self) -> None:
        return


def accept(events: Sequence[OutboxEvent]) -> dict[str, str]:
    return {one.id: DELIVERED for one in events}


@contextlib.asynccontextmanager
async def forwarding(
    outbox: Outbox, uplink: Uplink, *, clock: Clock | None = None, **options: Any
) -> AsyncIterator[Forwarder]:
    forwarder = Forwarder(outbox, uplink, TRANSACTIONS, SETTINGS, clock or SystemClock(), random.Random(1), **options)
    running = asyncio.create_task(forwarder.run())
    try:
        yield forwarder
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def append(store: Store, count: int, start: int = 0) -> list[str]:
    ids = [f"e{number:03}" for number in range(start, start + count)]
    for event_id in ids:
        await store.outbox.append(event(event_id))
    return ids


async def delivered(store: Store, count: int) -> None:
    """Wait until so many are delivered."""
    async with asyncio.timeout(20):
        # What is asked is on disk and changes without an event of ours: asked again until it is true.
        while (await store.outbox.counts())[TRANSACTIONS].delivered_total < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_forwarder_delivers_in_order_in_batches_and_then_rests(tmp_path: Path) -> None:
    uplink = ScriptedUplink(accept)
    async with open_store(tmp_path) as store:
        ids = await append(store, 25)
        async with forwarding(store.outbox, uplink) as forwarder:
            await delivered(store, 25)
            assert uplink.batches == [ids[:10], ids[10:20], ids[20:]]
            ids += await append(store, 1, start=25)
            await delivered(store, 26)
            assert uplink.batches[-1] == ids[-1:]
            assert len(uplink.batches) == 4
            await wait_until(lambda: forwarder.health is Health.HEALTHY)
            assert forwarder.last_delivery is not None
            await wait_until(lambda: forwarder.counters["delivered"] == 26)


FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "500": {"probability": 0.6},
    "429": {"probability": 0.6, "retry_after_s": 0},
    "stall": {"requests": 2},
    "partial": {"probability": 0.7},
    "lost_reply": {"probability": 0.6},
    "garbage": {"probability": 0.6},
    "unauthorized": {"probability": 0.5},
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_forwarder_delivers_everything_once_in_effect_through(tmp_path: Path, fault: str) -> None:
    (tmp_path / "secret").write_text("edge-gateway-test-secret")
    async with CloudSimulator() as cloud, open_store(tmp_path) as store:
        oauth = {"token_url": cloud.token_url, "client_id": cloud.client_id, "client_secret_file": tmp_path / "secret"}
        settings = CloudSettings.model_validate({**SETTINGS.model_dump(), "base_url": cloud.url, "oauth": oauth})
        uplink = HttpsUplink(settings, SystemClock())
        cloud.set_fault(fault, seed=3, **FAULTS[fault])
        ids = await append(store, 60)
        async with forwarding(store.outbox, uplink) as forwarder:
            await delivered(store, 60)
        assert (await store.outbox.counts())[TRANSACTIONS].dead == 0
        summary = cloud.ledger.summary()
        assert (summary["events_applied"], summary["applied_twice"], summary["conflicts"]) == (60, 0, 0)
        assert set(cloud.ledger.entries) == set(ids)
        if fault == "none":
            assert summary["events_received"] == 60
        elif fault not in ("partial", "unauthorized"):  # progress without a failed attempt is possible there
            assert forwarder.counters["attempts_failed"] > 0
        await uplink.close()


async def test_forwarder_starts_without_a_cloud_and_delivers_when_it_comes(tmp_path: Path) -> None:
    cloud = CloudSimulator(is_token_required=False)
    await cloud.start()
    await cloud.stop()
    uplink = HttpsUplink(SETTINGS.model_copy(update={"base_url": cloud.url}), SystemClock())
    async with open_store(tmp_path) as store, forwarding(store.outbox, uplink) as forwarder:
        await append(store, 15)
        await wait_until(lambda: forwarder.counters["attempts_failed"] >= 3, what="three failed attempts")
        async with cloud:
            await delivered(store, 15)
            assert cloud.ledger.summary()["events_received"] == 15
    await uplink.close()


async def test_forwarder_sends_again_under_the_same_id_what_was_not_settled_before_a_crash(tmp_path: Path) -> None:
    """The cloud has the batch, the power fails before the outbox knows."""
    async with CloudSimulator(is_token_required=False) as cloud:
        uplink = HttpsUplink(CloudSettings(base_url=cloud.url), SystemClock())
        async with open_store(tmp_path) as store:
            await append(store, 5)
            await uplink.deliver(TRANSACTIONS, await store.outbox.pending(TRANSACTIONS, 5))
        async with open_store(tmp_path) as store, forwarding(store.outbox, uplink):
            await delivered(store, 5)
        await uplink.close()
        summary = cloud.ledger.summary()
        assert (summary["events_applied"], summary["duplicates"], summary["applied_twice"]) == (5, 5, 0)


async def test_forwarder_buries_what_the_cloud_rejects_and_goes_on(tmp_path: Path) -> None:
    uplink = ScriptedUplink(lambda events: {**accept(events), "e003": "unknown article"})
    told: list[tuple[str, str]] = []
    async with open_store(tmp_path) as store:
        await append(store, 12)
        async with forwarding(
            store.outbox, uplink, on_dead_letter=lambda one, reason: told.append((one.id, reason))
        ) as forwarder:
            await delivered(store, 11)
            await wait_until(lambda: len(told) == 1)
            assert forwarder.counters["dead_lettered"] == 1
        counts = (await store.outbox.counts())[TRANSACTIONS]
    assert (counts.dead, counts.pending) == (1, 0)
    assert told == [("e003", "unknown article")]


async def test_forwarder_isolates_the_event_that_has_the_whole_batch_refused(tmp_path: Path) -> None:
    def refuse_poison(events: Sequence[OutboxEvent]) -> dict[str, str]:
        if any(one.id in ("e004", "e017") for one in events):
            raise CloudPermanentError("400 (I choke)")
        return accept(events)

    uplink = ScriptedUplink(refuse_poison)
    told: list[str] = []
    async with open_store(tmp_path) as store:
        ids = await append(store, 30)
        async with forwarding(store.outbox, uplink, on_dead_letter=lambda one, _: told.append(one.id)):
            await delivered(store, 28)
            await wait_until(lambda: len(told) == 2)
        assert (await store.outbox.counts())[TRANSACTIONS].dead == 2
    assert told == ["e004", "e017"]
    delivered_ids = [one for batch in uplink.batches if not {"e004", "e017"} & set(batch) for one in batch]
    assert delivered_ids == [one for one in ids if one not in told], "in order, each once"


async def test_forwarder_slows_down_when_the_cloud_refuses_one_event_after_the_other(tmp_path: Path) -> None:
    clock = FakeClock()
    is_broken = True

    def refuse(events: Sequence[OutboxEvent]) -> dict[str, str]:
        if is_broken:
            raise CloudPermanentError("400 (no)")
        return accept(events)

    async with open_store(tmp_path) as store:
        await append(store, 10)
        async with forwarding(store.outbox, ScriptedUplink(refuse), clock=clock) as forwarder:
            await wait_until(lambda: clock.sleeper_count == 1, what="the back-off")
            assert forwarder.counters["dead_lettered"] == REFUSALS_IN_A_ROW_MAX
            assert forwarder.health is Health.DEGRADED
            assert "refuses one event after the other" in (forwarder.reason or "")
            is_broken = False
            await clock.advance(1)
            await delivered(store, 10 - REFUSALS_IN_A_ROW_MAX)
            await wait_until(lambda: forwarder.health is Health.HEALTHY)


async def test_forwarder_still_gets_past_many_poisoned_events(tmp_path: Path) -> None:
    def refuse_most(events: Sequence[OutboxEvent]) -> dict[str, str]:
        if any(one.id != "e019" for one in events):
            raise CloudPermanentError("400 (no)")
        return accept(events)

    async with open_store(tmp_path) as store:
        await append(store, 20)
        async with forwarding(store.outbox, ScriptedUplink(refuse_most)):
            await delivered(store, 1)
        assert (await store.outbox.counts())[TRANSACTIONS].dead == 19


async def test_forwarder_waits_as_long_as_the_cloud_asks(tmp_path: Path) -> None:
    clock = FakeClock()
    is_busy = True

    def answer(events: Sequence[OutboxEvent]) -> dict[str, str]:
        if is_busy:
            raise CloudTransientError("429", retry_after_s=40)
        return accept(events)

    uplink = ScriptedUplink(answer)
    async with open_store(tmp_path) as store:
        await append(store, 1)
        async with forwarding(store.outbox, uplink, clock=clock) as forwarder:
            await wait_until(lambda: clock.sleeper_count == 1, what="the back-off")
            is_busy = False
            await clock.advance(39.9)
            assert len(uplink.batches) == 1
            await clock.advance(0.2)
            await delivered(store, 1)
            await wait_until(lambda: forwarder.health is Health.HEALTHY)


async def test_forwarder_tells_how_it_is_doing(tmp_path: Path) -> None:
    clock = FakeClock()

    def fail(events: Sequence[OutboxEvent]) -> dict[str, str]:
        raise CloudTransientError("no route to host", retry_after_s=UNHEALTHY_AFTER_S - 1)

    async with (
        open_store(tmp_path) as store,
        forwarding(store.outbox, ScriptedUplink(fail), clock=clock) as forwarder,
    ):
        assert (forwarder.health, forwarder.last_delivery) == (Health.INACTIVE, None)
        assert forwarder.name == "scripted/transactions"
        await append(store, 1)
        await wait_until(lambda: clock.sleeper_count == 1, what="the back-off")
        assert (forwarder.health, forwarder.reason) == (Health.DEGRADED, "no route to host")
        await clock.advance(UNHEALTHY_AFTER_S)
        assert (forwarder.health, forwarder.reason) == (Health.UNHEALTHY, "no route to host")


async def test_forwarder_backs_off_when_the_cloud_answers_for_no_event(tmp_path: Path) -> None:
    clock = FakeClock()
    uplink = ScriptedUplink(lambda events: {})
    async with open_store(tmp_path) as store:
        await append(store, 3)
        async with forwarding(store.outbox, uplink, clock=clock) as forwarder:
            await wait_until(lambda: clock.sleeper_count == 1, what="the back-off")
            assert len(uplink.batches) == 1
            assert forwarder.reason == "the cloud answered for none of 3 events"


async def test_forwarder_keeps_trying_to_note_a_delivery_that_the_disk_refuses(tmp_path: Path) -> None:
    class FailingDisk:
        """The real outbox on a disk that fails the first writes."""

        def __init__(self, outbox: Outbox) -> None:
            self._outbox = outbox
            self.failures_left = 3

        def __getattr__(self, name: str) -> Any:
            return getattr(self._outbox, name)

        async def settle(self, settled: Sequence[str], dead: Mapping[str, str]) -> None:
            if self.failures_left:
                self.failures_left -= 1
                raise StoreError("the outbox could not be used (SQLITE_IOERR)")
            await self._outbox.settle(settled, dead)

    uplink = ScriptedUplink(accept)
    async with open_store(tmp_path) as store:
        await append(store, 3)
        async with forwarding(FailingDisk(store.outbox), uplink) as forwarder:  # type: ignore[arg-type]
            await delivered(store, 3)
            await wait_until(lambda: forwarder.health is Health.HEALTHY)
    assert len(uplink.batches) == 1, "delivered once, noted at the fourth attempt"


async def test_forwarder_outlives_an_outbox_that_cannot_be_read(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path) as store:
        await store.database.close()
        async with forwarding(store.outbox, ScriptedUplink(accept), clock=clock) as forwarder:
            await wait_until(lambda: clock.sleeper_count == 1, what="the back-off")
            assert forwarder.reason == "the outbox cannot be read: the store is not open"
