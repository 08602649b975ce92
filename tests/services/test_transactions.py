"""A sale from a terminal's MQTT client to the disk: through a real broker and a real store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from edge_gateway.bus.subscriber import RequestSubscriber
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts.clock import EventIds, SystemClock
from edge_gateway.contracts.commands import Request
from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.services import transactions
from edge_gateway.services.transactions import TransactionService
from tests.support.broker import MQTT_5, MQTT_311, Broker, BusClient, wait_until
from tests.support.bus import STORE, make_bus, running
from tests.support.clock import FakeClock
from tests.support.stores import Store, open_store
from tests.support.transactions import example, valid_transaction

SUBMIT = "edge/v1/S001/lane-3/pos/T3/command/submit_transaction"
REPLY = "edge/v1/S001/lane-3/pos/T3/reply"


@asynccontextmanager
async def serving(broker: Broker, directory: Path, **limits: int) -> AsyncIterator[tuple[Store, TransactionService]]:
    clock, bus = SystemClock(), make_bus(broker)
    async with open_store(directory, **limits) as store:
        service = TransactionService(STORE, store.outbox, clock, EventIds(clock), lambda: store.database.epoch)
        RequestSubscriber(bus, Topics(STORE), service.handle, clock)
        async with running(bus):
            yield store, service


async def submit(client: BusClient, transaction: Any, request_id: str = "r-1", **params: Any) -> dict[str, Any]:
    """One submit and its one reply."""
    client.messages.clear()
    await client.publish(SUBMIT, {"id": request_id, "params": {"transaction": transaction, **params}})
    reply: dict[str, Any] = client.json((await client.wait_for_count(1, REPLY))[0])
    assert reply["id"] == request_id
    return reply


async def wait_for_accepted(service: TransactionService, count: int) -> None:
    await wait_until(lambda: service.counters["accepted"] >= count)


@pytest.mark.parametrize("version", [MQTT_5, MQTT_311])
async def test_sale_is_on_disk_when_it_is_accepted(broker: Broker, tmp_path: Path, version: Any) -> None:
    async with serving(broker, tmp_path) as (store, _), broker.client(version) as client:
        await client.subscribe(REPLY)
        reply = await submit(client, example())
        assert reply["status"] == "accepted"
        assert "error" not in reply
        [event] = await store.pending("transactions", 10)
        assert reply["result"] == {"transaction_id": example()["transaction_id"], "event_id": event.id}
        body = json.loads(event.payload)
        assert body["id"] == event.id
        assert body["type"] == "com.edge-gateway.pos.transaction_completed.v1"
        assert body["source"] == "/stores/S001/devices/T3"
        assert body["time"] == "2026-11-21T10:16:20.000Z"
        assert body["data"] == {
            "device_id": "T3",
            "lane": "lane-3",
            "epoch": store.database.epoch,
            "sequence": 1,
            "transaction": example(),
        }
        assert event.source == "lane-3/T3"


async def test_sale_repeated_gets_the_same_answer_and_is_stored_once(broker: Broker, tmp_path: Path) -> None:
    async with broker.client() as client:
        await client.subscribe(REPLY)
        results = []
        for life in range(2):
            async with serving(broker, tmp_path) as (store, service):
                results += [(await submit(client, example(), f"r-{life}-{number}"))["result"] for number in range(3)]
                assert len(await store.pending("transactions", 10)) == 1
                assert service.counters["repeated"] == (2 if life == 0 else 3)
        assert all(result == results[0] for result in results)


async def test_sale_repeated_a_hundred_times_at_once_is_stored_once(broker: Broker, tmp_path: Path) -> None:
    async with serving(broker, tmp_path) as (store, _), broker.client() as client:
        await client.subscribe(REPLY)
        envelope = json.dumps({"id": "r", "params": {"transaction": example()}})
        async with asyncio.TaskGroup() as group:
            for number in range(100):
                text = envelope.replace('"r"', f'"r-{number}"', 1)
                group.create_task(client.publish(SUBMIT, text))
        replies = [client.json(message) for message in await client.wait_for_count(100)]
        assert {reply["id"] for reply in replies} == {f"r-{number}" for number in range(100)}
        assert len({reply["result"]["event_id"] for reply in replies}) == 1
        assert len(await store.pending("transactions", 10)) == 1


async def test_sales_are_numbered_without_gaps(broker: Broker, tmp_path: Path) -> None:
    """Repeats, conflicts, refusals and expired ones take no number, one after the other and all at once."""
    async with serving(broker, tmp_path) as (store, service), broker.client() as client:
        await client.subscribe(REPLY)
        sales = [example(transaction_id=f"sale-{number}") for number in range(4)]
        for number, sale in enumerate(sales[:2]):
            for attempt in range(3):
                assert (await submit(client, sale, f"r-{number}-{attempt}"))["status"] == "accepted"
            assert (await submit(client, {**sale, "notes": "changed"}))["error"]["code"] == "conflict"
        client.messages.clear()
        for attempt in range(20):
            for number, sale in enumerate(sales):
                await client.publish(SUBMIT, {"id": f"all-{number}-{attempt}", "params": {"transaction": sale}})
        await client.wait_for_count(80, REPLY)
        bodies = [json.loads(event.payload) for event in await store.pending("transactions", 10)]
        assert sorted(body["data"]["sequence"] for body in bodies) == [1, 2, 3, 4]
        assert service.counters["accepted"] == 4


async def test_sale_that_the_disk_refuses_takes_no_number(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        service = TransactionService(STORE, store.outbox, clock, EventIds(clock), lambda: store.database.epoch)
        await store.database.read(lambda connection: connection.execute("PRAGMA query_only = ON").close())
        refused = await service.handle(ask(example()))
        await store.database.read(lambda connection: connection.execute("PRAGMA query_only = OFF").close())
        accepted = await service.handle(ask(example()))
        assert (refused.error_code, accepted.status.value) == (ErrorCode.INTERNAL, "accepted")
        [event] = await store.pending("transactions", 10)
        assert json.loads(event.payload)["data"]["sequence"] == 1


async def test_numbers_of_terminals_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "TERMINALS_MAX", 3)
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        service = TransactionService(STORE, store.outbox, clock, EventIds(clock), lambda: store.database.epoch)
        for number in range(10):
            sale = example(transaction_id=f"sale-{number}", terminal_id=f"T{number}")
            assert (await service.handle(ask(sale, target=f"T{number}"))).status.value == "accepted"
        assert len(service._sequences) == 3
        assert len(service._locks) == 0


async def test_sale_that_has_expired_is_not_accepted_and_its_repeat_after_the_expiry_is(tmp_path: Path) -> None:
    """A till that repeats the same bytes until it is answered: what was accepted was accepted in time."""
    clock = FakeClock()
    in_time = ask(example(transaction_id="in-time"), expires_at=clock.now() + timedelta(seconds=5))
    too_late = ask(example(transaction_id="too-late"), expires_at=clock.now() + timedelta(seconds=5))
    async with open_store(tmp_path, clock=clock) as store:
        service = TransactionService(STORE, store.outbox, clock, EventIds(clock), lambda: store.database.epoch)
        first = await service.handle(in_time)
        await clock.advance(60)
        assert await service.handle(in_time) == first
        refused = await service.handle(too_late)
        assert (first.status.value, refused.error_code) == ("accepted", ErrorCode.EXPIRED)
        assert len(await store.pending("transactions", 10)) == 1
        assert (await service.handle(replace(too_late, expires_at=None))).status.value == "accepted"


def ask(transaction: dict[str, Any], target: str = "T3", **changes: Any) -> Request:
    """As the bus hands it over."""
    return Request("r-1", "lane-3", "pos", target, "submit_transaction", {"transaction": transaction}, **changes)


async def test_same_id_with_other_content_is_a_conflict(broker: Broker, tmp_path: Path) -> None:
    async with serving(broker, tmp_path) as (store, _), broker.client() as client:
        await client.subscribe(REPLY)
        await submit(client, example())
        reply = await submit(client, example(notes="changed"), "r-2")
        assert (reply["status"], reply["error"]["code"]) == ("failed", "conflict")
        assert reply["error"]["retryable"] is False
        assert len(await store.pending("transactions", 10)) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"store_id": "S002"}, "store_id: S002, but the topic says S001"),
        ({"lane": "lane-4"}, "lane: lane-4, but the topic says lane-3"),
        ({"terminal_id": "T4"}, "terminal_id: T4, but the topic says T3"),
        ({"totals": {**example()["totals"], "gross": "6.18"}}, "totals.gross"),
        ({"notes": "4111 1111 1111 1111"}, "card number"),
    ],
)
async def test_sale_that_is_not_right_is_refused_and_not_stored(
    broker: Broker, tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    async with serving(broker, tmp_path) as (store, _), broker.client() as client:
        await client.subscribe(REPLY)
        reply = await submit(client, example(**changes))
        assert reply["error"]["code"] == "invalid_request"
        assert expected in reply["error"]["message"]
        assert not await store.pending("transactions", 10)
        # The corrected sale may use the same request id.
        assert (await submit(client, example()))["status"] == "accepted"


async def test_full_disk_refuses_loudly_and_says_that_it_can_be_tried_again(broker: Broker, tmp_path: Path) -> None:
    limits = {"disk_free_bytes_min": 1 << 60}
    async with serving(broker, tmp_path, **limits), broker.client() as client:
        await client.subscribe(REPLY)
        reply = await submit(client, example())
        assert (reply["error"]["code"], reply["error"]["retryable"]) == ("storage_full", True)


async def test_unknown_command_of_a_terminal_is_answered_with_the_known_ones(broker: Broker, tmp_path: Path) -> None:
    async with serving(broker, tmp_path), broker.client() as client:
        await client.subscribe(REPLY)
        await client.publish(SUBMIT.replace("submit_transaction", "sing"), {"id": "r-1"})
        reply = client.json((await client.wait_for_count(1))[0])
        assert reply["error"]["code"] == "unsupported"
        assert "submit_transaction" in reply["error"]["message"]


async def test_terminal_that_repeats_until_accepted_loses_no_sale_when_the_broker_dies(
    broker: Broker, tmp_path: Path
) -> None:
    """Sales go on while the broker is killed twice. Each is stored exactly once, whatever was lost on the way."""
    sales = [valid_transaction(seed) for seed in range(60)]
    async with serving(broker, tmp_path) as (store, service):
        selling = asyncio.create_task(sell(broker, sales))
        for count in (20, 40):
            await wait_for_accepted(service, count)
            await broker.kill()
            await broker.start()
        async with asyncio.timeout(30):
            accepted = await selling
        events = await store.pending("transactions", 1000)
    assert {sale["transaction_id"] for sale in sales} == set(accepted)
    assert sorted(accepted.values()) == sorted(event.id for event in events)


async def sell(broker: Broker, sales: list[dict[str, Any]]) -> dict[str, str]:
    """A terminal: ten at a time, each again and again until it is accepted. Transaction id to event id."""
    accepted: dict[str, str] = {}
    attempts = 0
    while len(accepted) < len(sales):
        with suppress(aiomqtt.MqttError):
            async with broker.client(MQTT_311) as client:
                await client.subscribe(REPLY)
                waiting = [sale for sale in sales if sale["transaction_id"] not in accepted][:10]
                for sale in waiting:
                    attempts += 1
                    await client.publish(SUBMIT, {"id": f"r-{attempts}", "params": {"transaction": sale}})
                with suppress(TimeoutError):
                    await client.wait_for_count(len(waiting), timeout_s=0.5)
                for reply in map(client.json, client.messages):
                    assert reply["status"] == "accepted", reply
                    accepted[reply["result"]["transaction_id"]] = reply["result"]["event_id"]
        await asyncio.sleep(0)
    return accepted
