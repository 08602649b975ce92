"""What alarms a person: on its topic, in its shape, and not a thousand times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge_gateway.contracts.clock import EventIds
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.schemas.catalogue import ALERTS
from edge_gateway.services.alerts import STORE_FULL_INTERVAL_S, Alerts
from tests.support.clock import FakeClock
from tests.support.stores import event

SET_ASIDE = Path("/var/lib/edge-gateway/outbox.db.corrupt-20261121T100000Z")


class Watch:
    """What was published, as severity and CloudEvent; each is held against its schema."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.alerts = Alerts("S001", self._publish, EventIds(self.clock), self.clock)

    def _publish(self, severity: str, cloud_event: bytes) -> None:
        body = json.loads(cloud_event)
        [alert] = [each for each in ALERTS if body["type"] == f"com.edge-gateway.alert.{each.name}.v1"]
        alert.data.model_validate(body["data"])
        assert body["source"] == "/stores/S001/gateway"
        assert body["dataschema"] == f"urn:edge-gateway:schema:alert.{alert.name}.v1"
        self.heard.append((severity, body))

    def look(self, *, is_store_full: bool = False, store_set_aside_as: Path | None = None) -> list[tuple[str, str]]:
        """What this look told: severity and name."""
        before = len(self.heard)
        self.alerts.look(is_store_full=is_store_full, store_set_aside_as=store_set_aside_as)
        return [(severity, body["type"].split(".")[-2]) for severity, body in self.heard[before:]]


def test_dead_letter_of_a_sale_is_critical_and_tells_the_reason() -> None:
    watch = Watch()
    watch.alerts.dead_letter(event("e-1"), "totals.gross: missing, near 4111 1111 1111 1111")
    assert watch.look() == [("critical", "event_dead_lettered")]
    data = watch.heard[0][1]["data"]
    assert (data["stream"], data["count"], data["event_id"]) == ("transactions", 1, "e-1")
    assert data["event_type"] == "com.edge-gateway.scanner.barcode_scanned.v1"
    assert data["reason"] == "totals.gross: missing, near [digits]"
    assert "e-1" in data["text"]
    assert "outbox list" in data["text"]
    assert watch.look() == []


def test_many_dead_letters_make_one_alert_for_each_stream() -> None:
    watch = Watch()
    for number in range(10_000):
        watch.alerts.dead_letter(event(f"sale-{number}"), "no")
        watch.alerts.dead_letter(OutboxEvent(f"scan-{number}", "device_events", "s", "t", b"{}"), "no")
    assert watch.look() == [("critical", "event_dead_lettered"), ("warning", "event_dead_lettered")]
    assert [body["data"]["count"] for _, body in watch.heard] == [10_000, 10_000]
    assert watch.heard[1][1]["data"]["event_id"] == "scan-0"


async def test_full_store_alarms_once_until_there_was_room_and_not_again_within_a_minute() -> None:
    watch = Watch()
    assert watch.look(is_store_full=True) == [("critical", "store_full")]
    assert watch.look(is_store_full=True) == []
    assert watch.look() == []
    assert watch.look(is_store_full=True) == []
    await watch.clock.advance(STORE_FULL_INTERVAL_S)
    assert watch.look(is_store_full=True) == [("critical", "store_full")]
    assert watch.look(is_store_full=True) == []


def test_store_that_was_set_aside_alarms_once_and_names_the_file() -> None:
    watch = Watch()
    assert watch.look(store_set_aside_as=SET_ASIDE) == [("critical", "store_set_aside")]
    assert watch.heard[0][1]["data"]["kept_as"] == str(SET_ASIDE)
    assert watch.look(store_set_aside_as=SET_ASIDE) == []
