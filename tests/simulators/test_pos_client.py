"""The POS client on a real broker, against a gateway that is scripted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any, Literal

import pytest

from edge_gateway.contracts.document import parse_document
from edge_gateway.contracts.transaction import read_transaction
from simulators import pos_client_requests
from simulators.catalogue import SCANNED_ITEMS
from simulators.pos_client_link import NoAnswerError, PosAddress
from simulators.pos_client_requests import PosRequests
from simulators.pos_client_statistics import PosStatistics, percentiles_ms
from simulators.pos_client_till import BusItems, KeyedItems, Till
from simulators.pos_shopper import Shopper
from tests.support.broker import Broker
from tests.support.scripted_gateway import (
    BASE,
    LANE,
    STORE,
    TERMINAL,
    Asked,
    ScriptedGateway,
    accepted,
    failed,
    scripted_gateway,
)
from tests.support.waiting import wait_until

DEADLINE_S = 20.0
SALE = {"transaction_id": "S001-T1-1"}


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an answer. Without one the till waits as long as it really does: an answer may take its time here too."""
    for name in ("RETRY_S_MIN", "RETRY_S_MAX"):
        monkeypatch.setattr(pos_client_requests, name, 0.1)


@pytest.fixture
def quick_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test that gives no answers."""
    for name in ("SUBMIT_REPEAT_S", "PRINT_REPEAT_S"):
        monkeypatch.setattr(pos_client_requests, name, 0.1)


def _address(broker: Broker, version: Literal["5", "3.1.1"] = "5") -> PosAddress:
    return PosAddress(STORE, LANE, TERMINAL, broker.host, broker.port, version=version)


@asynccontextmanager
async def _running(broker: Broker, version: Literal["5", "3.1.1"] = "5") -> AsyncIterator[PosRequests]:
    requests = PosRequests(_address(broker, version), Random(1), PosStatistics())
    async with asyncio.TaskGroup() as group, asyncio.timeout(DEADLINE_S):
        connection = group.create_task(requests.run())
        await requests.link.wait_connected()
        yield requests
        connection.cancel()


def _does_everything(asked: Asked) -> dict[str, Any] | None:
    if asked.name == "submit_transaction":
        read_transaction(asked.params)
        return accepted(asked)
    if asked.name == "print":
        assert parse_document(asked.params["document"])
        return {"status": "completed", "result": {}}
    return {"status": "completed", "result": {"status": "stable_weight", "weight": "1.234", "unit": "kg", "age_ms": 5}}


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_till_sells_what_is_scanned_and_weighed_at_its_lane(
    broker: Broker, version: Literal["5", "3.1.1"]
) -> None:
    async with scripted_gateway(broker, _does_everything) as gateway, _running(broker, version) as requests:
        await gateway.announce("scale", "scale-1")
        await gateway.announce("pos_printer", "printer-1")
        assert await requests.wait_for_device("pos_printer", DEADLINE_S)
        till = Till(requests, Shopper(Random(4)), BusItems(requests), timezone="Europe/Berlin")
        for _ in range(60):
            await gateway.scan(SCANNED_ITEMS[0].gtin or "")
        await till.run(10, asyncio.Event())
        statistics = requests.statistics
        assert len(statistics.accepted) == statistics.submitted == statistics.prints_completed == 10
        # On a busy machine the till may ask once more, and this gateway answers each time.
        assert set(statistics.errors) <= ({"reply_unasked"} if statistics.repeats else set())
        assert 0 < statistics.weights <= len(gateway.named("read_weight")) <= statistics.weights + statistics.repeats
        lines = [line for asked in gateway.named("submit_transaction") for line in asked.params["transaction"]["lines"]]
        assert {line["sku"] for line in lines if line["unit"] == "each"} == {SCANNED_ITEMS[0].sku}
        assert {line["quantity"] for line in lines if line["unit"] == "kg"} == {"1.234"}
        for asked in gateway.asked:
            assert (asked.response_topic is not None) == (version == "5")
            has_reply_to = version == "3.1.1" and asked.name != "submit_transaction"
            assert ("reply_to" in asked.body) == has_reply_to
        counts = json.loads(json.dumps(statistics.to_json()))
        assert counts["latency_ms"]["submit_transaction"]["p99"] > 0


@pytest.mark.usefixtures("quick_repeats")
async def test_submit_is_repeated_under_its_id_until_it_is_answered(broker: Broker) -> None:
    def answer(asked: Asked) -> dict[str, Any] | None:
        return accepted(asked) if len(gateway.asked) >= 4 else None

    async with scripted_gateway(broker, answer) as gateway, _running(broker) as requests:
        assert await requests.submit(SALE)
        assert len({asked.id for asked in gateway.asked}) == 1
        assert all(asked.params == {"transaction": SALE} for asked in gateway.asked)
        assert requests.statistics.repeats >= 3
        assert requests.statistics.accepted == {"S001-T1-1": "event-S001-T1-1"}


async def test_submit_that_may_succeed_later_is_asked_again_under_a_new_id(broker: Broker) -> None:
    def answer(asked: Asked) -> dict[str, Any] | None:
        return accepted(asked) if len(gateway.asked) == 3 else failed("storage_full", is_retryable=True)

    async with scripted_gateway(broker, answer) as gateway, _running(broker) as requests:
        assert await requests.submit(SALE)
        assert len({asked.id for asked in gateway.asked}) == 3
        assert requests.statistics.errors == {"storage_full": 2}


async def test_submit_that_is_refused_is_counted_and_not_repeated(broker: Broker) -> None:
    async with (
        scripted_gateway(broker, lambda _: failed("conflict", is_retryable=False)) as gateway,
        _running(broker) as requests,
    ):
        assert not await requests.submit(SALE)
        assert len(gateway.asked) == 1
        assert requests.statistics.conflicts == 1
        assert requests.statistics.refused == ["S001-T1-1"]


async def test_submit_outlives_the_broker(broker: Broker) -> None:
    async with _running(broker) as requests:
        submitting = asyncio.create_task(requests.submit(SALE))
        await broker.kill()
        await wait_until(lambda: not requests.link.is_connected, timeout_s=DEADLINE_S)
        await broker.start()
        async with scripted_gateway(broker, accepted):
            assert await submitting


async def test_print_whose_outcome_is_unknown_is_not_repeated(broker: Broker) -> None:
    sold = await _sell_keyed(broker, lambda asked: {"status": "unknown", "error": {"code": "unknown_outcome"}})
    assert (sold.statistics.prints_unknown, sold.prints) == (1, 1)


async def test_print_that_could_not_be_done_is_tried_again_under_a_new_id(broker: Broker) -> None:
    replies = iter([failed("paper_empty", is_retryable=True), failed("cover_open", is_retryable=True)])
    sold = await _sell_keyed(broker, lambda asked: next(replies, {"status": "completed"}))
    assert (sold.statistics.prints_completed, sold.prints, sold.print_ids) == (1, 3, 3)


async def test_print_that_is_still_being_done_is_asked_for_under_the_same_id(broker: Broker) -> None:
    replies = iter([failed("busy", is_retryable=True), failed("busy", is_retryable=True)])
    sold = await _sell_keyed(broker, lambda asked: next(replies, {"status": "completed"}))
    assert (sold.statistics.prints_completed, sold.prints, sold.print_ids) == (1, 3, 1)


async def test_print_that_can_never_succeed_is_given_up(broker: Broker) -> None:
    sold = await _sell_keyed(broker, lambda asked: failed("invalid_request", is_retryable=False))
    assert (sold.statistics.prints_failed, sold.prints) == (1, 1)


@pytest.mark.usefixtures("quick_repeats")
async def test_print_without_an_answer_is_counted_as_such(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pos_client_requests, "PRINT_DEADLINE_S", 0.35)
    sold = await _sell_keyed(broker, lambda asked: None)
    assert (sold.statistics.prints_unanswered, sold.print_ids) == (1, 1)
    assert sold.prints > 1


async def test_receipt_without_a_printer_is_counted_as_failed(broker: Broker) -> None:
    async with scripted_gateway(broker, _does_everything), _running(broker) as requests:
        await Till(requests, Shopper(Random(1)), KeyedItems(requests)).sell()
        assert requests.statistics.prints_failed == 1
        assert requests.statistics.errors == {"no_printer": 1}


@pytest.mark.parametrize(
    "reading",
    [
        {"status": "weight_unstable", "weight": None, "unit": "kg"},
        {"status": "weight_zero", "weight": "0.000", "unit": "kg"},
        {"status": "no_answer", "weight": None, "unit": "kg"},
        {"status": "stable_weight", "weight": "1.000", "unit": "lb"},
        {"status": "stable_weight", "weight": "much", "unit": "kg"},
        {},
    ],
)
async def test_weight_that_is_not_stable_kilograms_is_none(broker: Broker, reading: dict[str, Any]) -> None:
    answer = {"status": "completed", "result": reading}
    async with scripted_gateway(broker, lambda _: answer) as gateway, _running(broker) as requests:
        await gateway.announce("scale", "scale-1")
        assert await requests.wait_for_device("scale", DEADLINE_S)
        assert await requests.read_weight() is None


async def test_weight_is_taken_from_events_too(broker: Broker) -> None:
    async with scripted_gateway(broker, _does_everything) as gateway, _running(broker) as requests:
        waiting = asyncio.create_task(requests.next_weight(DEADLINE_S))
        for status, weight in (("weight_unstable", None), ("stable_weight", "0.455")):
            await gateway.event("scale", "weight_changed", status=status, weight=weight, unit="kg")
        assert await waiting == Decimal("0.455")
        assert not gateway.asked


async def test_item_that_cannot_be_weighed_is_left_out_and_the_sale_goes_on(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.pos_client_till.WEIGHT_TIMEOUT_S", 0.05)

    def answer(asked: Asked) -> dict[str, Any] | None:
        return failed("offline", is_retryable=True) if asked.name == "read_weight" else accepted(asked)

    async with scripted_gateway(broker, answer) as gateway, _running(broker) as requests:
        await gateway.announce("scale", "scale-1")
        assert await requests.wait_for_device("scale", DEADLINE_S)
        for _ in range(60):
            await gateway.scan(SCANNED_ITEMS[0].gtin or "")
        await Till(requests, Shopper(Random(4)), BusItems(requests), is_printing=False).run(10, asyncio.Event())
        statistics = requests.statistics
        assert len(statistics.accepted) == 10
        assert statistics.weights_failed == statistics.items_skipped == statistics.errors["offline"] > 0


async def test_what_is_not_understood_on_the_bus_is_counted_and_harmless(broker: Broker) -> None:
    async with scripted_gateway(broker, accepted) as gateway, _running(broker) as requests:
        for topic in (f"{BASE}/pos/{TERMINAL}/reply", f"{BASE}/scanner/s/event/barcode_scanned"):
            for payload in (b"\xff", b"[]", b"{", b'{"id": 3, "data": 4}', b""):
                await gateway.publish_raw(topic, payload)
        assert await requests.submit(SALE)
        assert requests.statistics.errors["not_json"] == 6
        assert requests.statistics.errors["wrong_correlation"] == 1
        assert requests.statistics.scans_seen == 0


async def test_request_that_nobody_answers_ends_at_its_deadline(broker: Broker) -> None:
    async with _running(broker) as requests:
        with pytest.raises(NoAnswerError):
            await requests.link.request("scale/x/command/zero", {}, request_id="r1", repeat_s=0.05, deadline_s=0.2)
        assert requests.statistics.repeats >= 1


async def test_transaction_ids_are_not_used_twice(broker: Broker) -> None:
    async with scripted_gateway(broker, accepted), _running(broker) as requests:
        for _ in range(2):
            till = Till(requests, Shopper(Random(1)), KeyedItems(requests), is_printing=False)
            await till.run(3, asyncio.Event())
        assert len(requests.statistics.accepted) == 6


async def test_client_waits_for_a_broker_that_is_not_there_yet(broker: Broker) -> None:
    await broker.stop()
    requests = PosRequests(_address(broker), Random(1), PosStatistics())
    connection = asyncio.create_task(requests.run())
    await wait_until(lambda: requests.statistics.errors["broker_not_reached"] > 0)
    await broker.start()
    await asyncio.wait_for(requests.link.wait_connected(), DEADLINE_S)
    connection.cancel()
    await asyncio.wait({connection})


def test_percentiles_are_latencies_that_were_seen() -> None:
    assert percentiles_ms([value / 1000 for value in range(1, 101)]) == {"p50": 50, "p99": 99, "p100": 100}
    assert percentiles_ms([]) == {"p50": None, "p99": None, "p100": None}
    assert percentiles_ms([0.0015]) == {"p50": 1.5, "p99": 1.5, "p100": 1.5}


class _Sold:
    def __init__(self, gateway: ScriptedGateway, statistics: PosStatistics) -> None:
        self.statistics = statistics
        self.prints = len(gateway.named("print"))
        self.print_ids = len({asked.id for asked in gateway.named("print")})


async def _sell_keyed(broker: Broker, print_answer: Any) -> _Sold:
    def answer(asked: Asked) -> dict[str, Any] | None:
        reply: dict[str, Any] | None = print_answer(asked) if asked.name == "print" else accepted(asked)
        return reply

    async with scripted_gateway(broker, answer) as gateway, _running(broker) as requests:
        await gateway.announce("pos_printer", "printer-1")
        assert await requests.wait_for_device("pos_printer", DEADLINE_S)
        await Till(requests, Shopper(Random(1)), KeyedItems(requests)).sell()
        return _Sold(gateway, replace(requests.statistics))
