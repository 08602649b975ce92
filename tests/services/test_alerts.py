"""What alarms a person: on its topic, in its shape, and not a thousand times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge_gateway.contracts.clock import EventIds
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.overview.devices import device_findings
from edge_gateway.schemas.catalogue import ALERTS
from edge_gateway.services.alerts import (
    FINDING_INTERVAL_S,
    STORE_FULL_INTERVAL_S,
    Alerts,
    Finding,
    StoreLook,
    StoreLoss,
)
from tests.status.snapshots import scale
from tests.support.clock import FakeClock
from tests.support.stores import event

NOTHING_WRONG = StoreLook()
FULL = StoreLook(is_full=True)
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

    def look(self, store: StoreLook = NOTHING_WRONG) -> list[tuple[str, str]]:
        """What this look told: severity and name."""
        before = len(self.heard)
        self.alerts.look(store)
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
    assert watch.look(FULL) == [("critical", "store_full")]
    assert watch.look(FULL) == []
    assert watch.look() == []
    assert watch.look(FULL) == []
    await watch.clock.advance(STORE_FULL_INTERVAL_S)
    assert watch.look(FULL) == [("critical", "store_full")]
    assert watch.look(FULL) == []


def test_store_that_was_set_aside_alarms_once_and_names_the_file() -> None:
    watch = Watch()
    assert watch.look(StoreLook(set_aside_as=SET_ASIDE)) == [("critical", "store_set_aside")]
    assert watch.heard[0][1]["data"]["kept_as"] == str(SET_ASIDE)
    assert watch.look(StoreLook(set_aside_as=SET_ASIDE)) == []


def test_lost_events_alarm_once_and_name_the_sales_that_are_known() -> None:
    watch = Watch()
    loss = StoreLoss("outbox.db.corrupt-1", "2 of transactions are lost", {"transactions": 2}, True, ("S001-T3-1",))
    assert watch.look(StoreLook(losses=(loss,))) == [("critical", "events_lost")]
    data = watch.heard[0][1]["data"]
    assert (data["lost"], data["transaction_ids"]) == ({"transactions": 2}, ["S001-T3-1"])
    assert "outbox acknowledge-loss" in data["text"]
    assert watch.look(StoreLook(losses=(loss,))) == []
    assert watch.look(StoreLook()) == []


def test_store_that_fills_alarms_at_each_level_on_the_way_up_and_again_after_it_drained() -> None:
    watch = Watch()
    assert watch.look(StoreLook(fill_level=70, fill_percent=71.26)) == [("warning", "store_filling")]
    assert watch.heard[0][1]["data"]["fill_percent"] == 71.3
    assert watch.look(StoreLook(fill_level=70, fill_percent=80)) == []
    assert watch.look(StoreLook(fill_level=95, fill_percent=96)) == [("critical", "store_filling")]
    assert watch.look(StoreLook(fill_level=85, fill_percent=86)) == []
    assert watch.look() == []
    assert watch.look(StoreLook(fill_level=70, fill_percent=70)) == [("warning", "store_filling")]


def test_locked_events_alarm_once_until_their_key_is_back() -> None:
    watch = Watch()
    locked = StoreLook(locked=3, locked_reason="they need the key ab12cd34")
    assert watch.look(locked) == [("critical", "events_locked")]
    assert "they need the key ab12cd34" in watch.heard[0][1]["data"]["text"]
    assert watch.look(locked) == []
    assert watch.look() == []
    assert watch.look(locked) == [("critical", "events_locked")]


def drift(firmware: str = "1.9") -> list[Finding]:
    device = scale(firmware=firmware, firmware_status=FirmwareStatus.BELOW_MINIMUM, firmware_policy="at least 1.10")
    return list(device_findings(device))


def test_firmware_that_is_not_allowed_alarms_once_for_each_version() -> None:
    watch = Watch()
    watch.alerts.look_at(drift())
    watch.alerts.look_at(drift())
    watch.alerts.look_at([])
    watch.alerts.look_at(drift())
    [(severity, body)] = watch.heard
    assert severity == "warning"
    assert body["data"]["status"] == "below_minimum"
    assert body["data"]["text"].startswith("lane1-scale: firmware 1.9 is older than allowed (at least 1.10);")
    watch.alerts.look_at(drift("1.8"))
    assert len(watch.heard) == 2


async def test_firmware_that_comes_back_alarms_at_most_once_an_hour() -> None:
    watch = Watch()
    watch.alerts.look_at(drift())
    await watch.clock.advance(FINDING_INTERVAL_S / 2)
    watch.alerts.look_at(drift())
    await watch.clock.advance(FINDING_INTERVAL_S)
    watch.alerts.look_at([])
    watch.alerts.look_at(drift())
    assert len(watch.heard) == 2


def test_profile_that_was_refused_alarms_with_its_problems() -> None:
    watch = Watch()
    watch.alerts.look_at(device_findings(scale(profile_problems=("a.toml: line 9: baud = 1: no",) * 12)))
    [(severity, body)] = watch.heard
    assert severity == "warning"
    assert body["data"]["problems"] == ["a.toml: line 9: baud = 1: no"] * 10
    assert "12 problems" in body["data"]["text"]
