"""What is done with a cash drawer is kept for the cloud, and what nobody ordered alarms a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_gateway.contracts.clock import EventIds
from edge_gateway.contracts.errors import StorageFullError
from edge_gateway.contracts.events import DeviceEvent, OutboxEvent, StampedEvent
from edge_gateway.contracts.store import Appended
from edge_gateway.schemas.payloads.drawers import DrawerUsedData
from edge_gateway.services.alerts import Alerts
from edge_gateway.services.drawers import ALERT_INTERVAL_S, Drawers
from tests.support.bus import STORE
from tests.support.clock import FakeClock
from tests.support.stores import open_store

COMMAND = {
    "name": "open_drawer",
    "reason": "no_sale",
    "operator": "op-7",
    "request_id": "r-1",
    "job_id": None,
    "pin": None,
}


class Counter:
    """A drawer's events come in; what is told and kept comes out."""

    def __init__(self, outbox: Any, clock: FakeClock, told_elsewhere: frozenset[str] = frozenset()) -> None:
        self.clock = clock
        self.alerts: list[dict[str, Any]] = []
        ids = EventIds(clock)
        alerts = Alerts(STORE, lambda severity, payload: self.alerts.append(json.loads(payload)), ids, clock)
        holder = {"drawer": "T3"}.get
        self.drawers = Drawers(
            STORE, outbox, alerts, ids, lambda: 7, lambda printer, _: printer in told_elsewhere, holder
        )
        self._sequence = 0

    def say(
        self, name: str, data: Mapping[str, Any], device_id: str = "drawer", device_class: str = "cash_drawer"
    ) -> None:
        self._sequence += 1
        self.drawers.note(
            StampedEvent(
                device_id, device_class, "lane-3", self._sequence, DeviceEvent(name, data), self.clock.now(),
                self.clock.monotonic(),
            )
        )  # fmt: skip

    @property
    def alarmed(self) -> list[str]:
        return [alert["type"].split(".")[-2] for alert in self.alerts]


async def test_every_use_is_kept_with_operator_reason_and_terminal(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        it = Counter(store.outbox, clock)
        it.say("drawer_pulsed", {"command": COMMAND})
        it.say("drawer_opened", {"command": COMMAND, "uncommanded": False})
        it.say("drawer_closed", {"open_s": 9.5})
        it.say("drawer_opened", {"command": None, "uncommanded": True})
        it.say("drawer_left_open", {"open_s": 120.0})
        it.say("barcode_scanned", {"text": "4006381333931"})
        await it.drawers.finish(5)
        kept = [json.loads(event.payload) for event in await store.pending("audit", 100)]
    assert {event["type"] for event in kept} == {"com.edge-gateway.cash_drawer.drawer_used.v1"}
    used = [DrawerUsedData.model_validate(event["data"]) for event in kept]
    assert [each.what for each in used] == ["pulsed", "opened", "closed", "opened", "left_open"]
    assert [each.uncommanded for each in used] == [None, False, None, True, None]
    assert used[0].command is not None
    assert (used[0].command.operator, used[0].command.reason, used[0].terminal) == ("op-7", "no_sale", "T3")
    assert used[2].open_s == 9.5
    assert it.alarmed == ["drawer_opened_uncommanded", "drawer_left_open"]
    assert it.drawers.counters["kept"] == 5


async def test_printer_whose_drawer_is_a_device_is_not_counted_twice(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        it = Counter(store.outbox, clock, frozenset({"printer"}))
        it.say("drawer_opened", {"command": None, "uncommanded": True}, "printer", "pos_printer")
        it.say("drawer_opened", {"command": None, "uncommanded": True}, "other-printer", "pos_printer")
        await it.drawers.finish(5)
        (kept,) = [json.loads(event.payload)["data"] for event in await store.pending("audit", 100)]
    assert (kept["device_id"], kept["device_class"], kept["terminal"]) == ("other-printer", "pos_printer", None)
    assert it.alarmed == ["drawer_opened_uncommanded"]


class FullOutbox:
    """Of a disk without room."""

    async def append(self, event: OutboxEvent) -> Appended:
        raise StorageFullError("no room")


async def test_loose_cable_alarms_once_and_a_full_disk_stops_nothing() -> None:
    clock = FakeClock()
    it = Counter(FullOutbox(), clock)
    for _ in range(20):
        it.say("drawer_opened", {"command": None, "uncommanded": True})
    assert it.alarmed == ["drawer_opened_uncommanded"]
    assert it.drawers.counters["alerts_joined"] == 19
    await clock.advance(ALERT_INTERVAL_S)
    it.say("drawer_opened", {"command": None, "uncommanded": True})
    assert len(it.alerts) == 2
    await it.drawers.finish(5)
    assert it.drawers.counters["not_kept"] == 21
