"""Device events on their way out: the bus at once, the disk where configured, never blocked."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.clock import EventIds, SystemClock
from edge_gateway.contracts.events import DeviceEvent, StampedEvent
from edge_gateway.services.event_router import WAITING_MAX, EventRouter
from tests.support.broker import wait_until
from tests.support.stores import Store, open_store


def scan(sequence: int, device_id: str = "sc-1", name: str = "barcode_scanned") -> StampedEvent:
    event = DeviceEvent(name, {"text": f"{device_id}-{sequence}", "device_id": "forged"})
    return StampedEvent(device_id, "scanner", "lane-1", sequence, event, datetime(2026, 11, 21, tzinfo=UTC), 0.0)


class Published:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def __call__(self, stamped: StampedEvent, cloud_event: bytes) -> None:
        self.events.append(json.loads(cloud_event))


def router(store: Store, published: Published, *, durable_before_bus: bool = False) -> EventRouter:
    forward = {"sc-1": ("barcode_scanned",), "sc-2": ("barcode_scanned",)}
    return EventRouter("S001", published, store.outbox, EventIds(SystemClock()), forward, durable_before_bus)


async def test_event_becomes_a_cloud_event_that_says_where_it_is_from(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        published = Published()
        router(store, published).route(scan(7, name="other"))
        event = published.events[0]
        assert event["type"] == "com.edge-gateway.scanner.other.v1"
        assert event["source"] == "/stores/S001/devices/sc-1"
        assert event["dataschema"] == "urn:edge-gateway:schema:scanner.other.v1"
        assert event["data"] == {"text": "sc-1-7", "device_id": "sc-1", "lane": "lane-1", "epoch": None, "sequence": 7}
        assert (
            "device_events" not in await store.outbox.counts()
            or not (await store.outbox.counts())["device_events"].pending
        )


@pytest.mark.parametrize("durable_before_bus", [False, True])
async def test_forwarded_events_keep_the_order_of_their_device(tmp_path: Path, durable_before_bus: bool) -> None:
    async with open_store(tmp_path) as store:
        published = Published()
        routing = router(store, published, durable_before_bus=durable_before_bus)
        for sequence in range(100):
            routing.route(scan(sequence, "sc-1"))
            routing.route(scan(sequence, "sc-2"))
        # The bus has them before the disk, or not before.
        assert len(published.events) == (0 if durable_before_bus else 200)
        await routing.drain(10)
        stored = [json.loads(event.payload) for event in await store.pending("device_events", 1000)]
        for events in (stored, published.events):
            assert len(events) == 200
            for device in ("sc-1", "sc-2"):
                mine = [event["data"]["sequence"] for event in events if event["data"]["device_id"] == device]
                assert mine == list(range(100))
        assert {event["id"] for event in stored} == {event["id"] for event in published.events}
        assert routing.counters["forwarded"] == 200


@pytest.mark.parametrize("durable_before_bus", [False, True])
async def test_full_disk_does_not_stop_the_lane(tmp_path: Path, durable_before_bus: bool) -> None:
    async with open_store(tmp_path, disk_free_bytes_min=1 << 60) as store:
        published = Published()
        routing = router(store, published, durable_before_bus=durable_before_bus)
        for sequence in range(10):
            routing.route(scan(sequence))
        await wait_until(lambda: routing.counters["dropped:storage_full"] == 10)
        await asyncio.sleep(0)
        assert [event["data"]["sequence"] for event in published.events] == list(range(10))


@pytest.mark.parametrize("durable_before_bus", [False, True])
async def test_flooding_device_costs_no_other_its_place_on_disk(tmp_path: Path, durable_before_bus: bool) -> None:
    async with open_store(tmp_path) as store:
        published = Published()
        routing = router(store, published, durable_before_bus=durable_before_bus)
        for sequence in range(WAITING_MAX + 500):
            routing.route(scan(sequence, "sc-1"))
        for sequence in range(50):
            routing.route(scan(sequence, "sc-2"))
        assert routing.dropped == {"sc-1": 550}
        assert routing.counters["dropped:queue_full"] == 550
        await wait_until(lambda: routing.counters["forwarded"] == WAITING_MAX, timeout_s=60)
        for events in (await store.pending("device_events", 2 * WAITING_MAX), published.events):
            told = [json.loads(each.payload)["data"] if hasattr(each, "payload") else each["data"] for each in events]
            assert [each["sequence"] for each in told if each["device_id"] == "sc-2"] == list(range(50))
        assert len(published.events) == WAITING_MAX + 550
