"""What the simulated cloud takes, and what it refuses."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from simulators.cloud import CloudSimulator
from simulators.cloud.batches import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, BODY_BYTES_MAX
from tests.support.cloud_client import CloudClient, cloud_client, event, sale_event


@pytest.fixture
async def cloud() -> AsyncIterator[CloudSimulator]:
    async with CloudSimulator() as cloud:
        yield cloud


@pytest.fixture
async def client(cloud: CloudSimulator) -> AsyncIterator[CloudClient]:
    async with cloud_client(cloud) as client:
        yield client


async def test_event_is_applied_once_however_often_it_comes(cloud: CloudSimulator, client: CloudClient) -> None:
    sale = sale_event("e1", "S001-T1-1", sold=[("12345", Decimal(2))])
    assert await client.send(sale, event("e2"), sale) == [("e1", "accepted"), ("e2", "accepted"), ("e1", "duplicate")]
    assert await client.send(sale) == [("e1", "duplicate")]
    entry = cloud.ledger.entries["e1"]
    assert (entry.received, entry.applied, entry.duplicates) == (3, 1, 2)
    assert (entry.transaction_id, entry.amount, entry.currency, entry.endpoint) == (
        "S001-T1-1",
        "6.19",
        "EUR",
        "/v1/orders/events",
    )
    stock = await client.get("/api/inventory", product_id=12345)
    assert stock.json() == {"product_id": 12345, "stock_level": 48}


async def test_content_is_the_same_in_any_order_and_spacing(client: CloudClient) -> None:
    first = event("e1")
    assert await client.send(first) == [("e1", "accepted")]
    response = await client.post(json.dumps([dict(reversed(first.items()))], indent=4).encode())
    assert response.json()["results"][0]["status"] == "duplicate"


async def test_same_id_with_other_content_is_a_conflict(cloud: CloudSimulator, client: CloudClient) -> None:
    await client.send(event("e1"))
    response = await client.post([event("e1", data={"sequence": 2})])
    (result,) = response.json()["results"]
    assert result["status"] == "rejected"
    assert "conflict" in result["error"]
    assert cloud.ledger.entries["e1"].conflicts == 1
    assert await client.send(event("e1")) == [("e1", "duplicate")]


async def test_transaction_under_two_event_ids_shows_as_booked_twice(client: CloudClient) -> None:
    await client.send(sale_event("e1", "S001-T1-1"), sale_event("e2", "S001-T1-1"), sale_event("e3", "S001-T1-2"))
    summary = await client.summary()
    assert (summary["transactions_applied"], summary["transactions_applied_twice"]) == (2, 1)
    found = (await client.http.get("/oracle/events", params={"transaction_id": "S001-T1-1"})).json()["events"]
    assert [entry["id"] for entry in found] == ["e1", "e2"]
    assert (await client.http.get("/oracle/transactions")).json()["S001-T1-1"] == ["e1", "e2"]


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"source": ""}, "source"),
        ({"type": "Not A Type"}, "type"),
        ({"time": "2026-11-21"}, "time"),
        ({"time": "2026-11-21T10:16:20"}, "time"),
        ({"time": 1763720180}, "time"),
        ({"time": "2026-13-41T10:16:20Z"}, "time"),
        ({"datacontenttype": "text/plain"}, "datacontenttype"),
        ({"data": "text"}, "data"),
        ({"data_base64": "AAAA"}, "data_base64"),
        ({"type": "com.edge-gateway.pos.transaction_completed.v1"}, "transaction_id"),
        (
            {"type": "com.edge-gateway.pos.transaction_completed.v1", "data": {"transaction": {"transaction_id": "x"}}},
            "totals.gross",
        ),
    ],
)
async def test_event_that_is_wrong_is_rejected_alone(
    cloud: CloudSimulator, client: CloudClient, broken: dict[str, Any], complaint: str
) -> None:
    response = await client.post([event("bad", **broken), event("good")])
    bad, good = response.json()["results"]
    assert (bad["id"], bad["status"], good["status"]) == ("bad", "rejected", "accepted")
    assert complaint in bad["error"]
    # A refusal does not burn the id.
    assert await client.send(event("bad")) == [("bad", "accepted")]


@pytest.mark.parametrize("strange", [3, None, "text", [], {}, {"id": 7}, {"id": ""}])
async def test_what_has_no_id_is_rejected_without_one(client: CloudClient, strange: Any) -> None:
    response = await client.post([strange])
    (result,) = response.json()["results"]
    assert (result["id"], result["status"]) == (None, "rejected")
    assert result["error"]


async def test_extension_attributes_are_taken(client: CloudClient) -> None:
    assert await client.send(event("e1", traceparent="00-ab-cd-01", subject="T1")) == [("e1", "accepted")]


async def test_gzip_is_taken(client: CloudClient) -> None:
    body = gzip.compress(json.dumps([event("e1")]).encode())
    response = await client.post(body, headers={"Content-Encoding": "gzip"})
    assert response.json()["results"] == [{"id": "e1", "status": "accepted", "error": None}]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[]", {"Content-Type": "application/json"}, 415),
        (b"[]", {"Content-Encoding": "br"}, 415),
        (b"{", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"{}", {}, 400),
        (b"[NaN]", {}, 400),
        (b'["\\ud800"]', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"not gzip", {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"[]", mtime=0)[:-4], {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b" " * (BATCH_BYTES_MAX + 1), mtime=0), {"Content-Encoding": "gzip"}, 413),
        (b" " * (BODY_BYTES_MAX + 1), {}, 413),
        (b"[" + b"1," * BATCH_EVENTS_MAX + b"1]", {}, 413),
    ],
)
async def test_request_that_is_wrong_as_a_whole_is_a_problem(
    cloud: CloudSimulator, client: CloudClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    response = await client.post(body, headers=headers)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert not cloud.ledger.entries
    assert await client.send(event("e1")) == [("e1", "accepted")]


async def test_empty_batch_is_answered_with_no_results(client: CloudClient) -> None:
    assert await client.send() == []


async def test_order_is_counted_per_source(client: CloudClient) -> None:
    other = "/stores/S001/devices/scanner-2"
    await client.send(event("a1"), event("a3"), event("a0", source=other), event("a2"))
    assert (await client.summary())["received_out_of_order"] == 1
    await client.send(event("a1"))
    assert (await client.summary())["received_out_of_order"] == 1


async def test_order_of_application_is_counted_by_boot_epoch_and_sequence(client: CloudClient) -> None:
    def placed(event_id: str, epoch: int, sequence: int, **changes: Any) -> dict[str, Any]:
        return event(event_id, data={"epoch": epoch, "sequence": sequence}, **changes)

    await client.send(placed("b", 1, 7), placed("a", 1, 8), placed("c", 2, 1))
    assert (await client.summary())["out_of_order"] == 0
    await client.send(placed("d", 1, 9), placed("e", 1, 1, source="/stores/S001/devices/scanner-2"), event("f"))
    assert (await client.summary())["out_of_order"] == 1
    assert (await client.post([placed("g", 1, 1)], path="/v1/events")).status_code == 200
    await client.send(placed("d", 1, 9), placed("h", 2, 2))
    assert (await client.summary())["out_of_order"] == 1


async def test_order_is_remembered_with_the_ledger(tmp_path: Path) -> None:
    for event_id, sequence in (("e1", 5), ("e2", 4)):
        async with CloudSimulator(ledger_path=tmp_path / "ledger") as cloud, cloud_client(cloud) as client:
            await client.send(event(event_id, data={"epoch": 1, "sequence": sequence}))
            assert cloud.ledger.summary()["out_of_order"] == (1 if event_id == "e2" else 0)


async def test_each_endpoint_is_noted(client: CloudClient) -> None:
    for index, path in enumerate(("/v1/orders/events", "/v1/inventory/events", "/v1/events")):
        assert (await client.post([event(f"e{index}")], path=path)).status_code == 200
    summary = await client.summary()
    assert summary["by_endpoint"] == {"/v1/orders/events": 1, "/v1/inventory/events": 1, "/v1/events": 1}
