"""Cash drawers: who opened them and why goes into the audit trail, and what nobody ordered alarms a person."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.cash_drawer import DRAWER_CLOSED, DRAWER_LEFT_OPEN, DRAWER_OPENED, DRAWER_PULSED
from edge_gateway.contracts.clock import EventIds
from edge_gateway.contracts.cloudevents import cloud_event, device_source, event_type
from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.events import OutboxEvent, StampedEvent
from edge_gateway.contracts.store import Outbox, StreamNames
from edge_gateway.services.alerts import Alerts, Finding

EVENT_TYPE: Final = event_type("cash_drawer", "drawer_used")
ALERT_INTERVAL_S: Final = 10.0
"""Openings without a command that follow each other closer make one alert: a loose cable chatters."""
APPENDING_MAX: Final = 256
"""Events that wait for the disk; a person opens a drawer a few times a minute."""

_WHAT: Final[Mapping[str, str]] = {
    DRAWER_PULSED: "pulsed",
    DRAWER_OPENED: "opened",
    DRAWER_CLOSED: "closed",
    DRAWER_LEFT_OPEN: "left_open",
}

log = structlog.get_logger(__name__)


class Drawers:
    """``note`` is called with every event of every device; it waits for nothing and raises nothing.

    ``told_elsewhere``: whether the drawer of a printer, on a pin of it, is a device of its own. ``holder``: the
    terminal that has claimed a device, by its id.
    """

    def __init__(
        self,
        store_id: str,
        outbox: Outbox,
        alerts: Alerts,
        ids: EventIds,
        epoch: Callable[[], int | None],
        told_elsewhere: Callable[[str, int | None], bool],
        holder: Callable[[str], str | None],
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._store_id = store_id
        self._outbox = outbox
        self._alerts = alerts
        self._ids = ids
        self._epoch = epoch
        self._told_elsewhere = told_elsewhere
        self._holder = holder
        self._alerted_s: dict[str, float] = {}
        self._appending: set[asyncio.Task[None]] = set()

    def note(self, stamped: StampedEvent) -> None:
        what = _WHAT.get(stamped.event.name)
        if what is None:
            return
        # A switch is of the whole connector, a pulse of one of its two pins.
        pin = (stamped.event.data.get("command") or {}).get("pin") if what == "pulsed" else None
        if self._told_elsewhere(stamped.device_id, pin):
            return
        self._audit(stamped, what)
        if what == "opened" and stamped.event.data.get("uncommanded"):
            self._alert_uncommanded(stamped)
        elif what == "left_open":
            self._alert_left_open(stamped)

    async def finish(self, deadline_s: float) -> None:
        """At a stop: wait until what was noted is on disk, no longer than the deadline."""
        if self._appending:
            await asyncio.wait(self._appending, timeout=deadline_s)

    def _alert_uncommanded(self, stamped: StampedEvent) -> None:
        last_s = self._alerted_s.get(stamped.device_id)
        if last_s is not None and stamped.monotonic_s - last_s < ALERT_INTERVAL_S:
            self.counters["alerts_joined"] += 1
            return
        self._alerted_s[stamped.device_id] = stamped.monotonic_s
        text = (
            f"{stamped.device_id}: the drawer was opened and no till had asked for it: by its key, by force, or by a "
            "device beside the gateway; ask who was there"
        )
        self._tell(stamped, "drawer_opened_uncommanded", text)

    def _alert_left_open(self, stamped: StampedEvent) -> None:
        open_s = stamped.event.data.get("open_s")
        self._tell(stamped, "drawer_left_open", f"{stamped.device_id}: the drawer is open for {open_s:.0f} s; close it")

    def _tell(self, stamped: StampedEvent, name: str, text: str) -> None:
        data = {"text": text, "device_id": stamped.device_id, "lane": stamped.lane}
        self._alerts.tell(Finding("warning", name, stamped.device_id, data))

    def _audit(self, stamped: StampedEvent, what: str) -> None:
        if len(self._appending) >= APPENDING_MAX:
            self._not_kept(f"{APPENDING_MAX} events wait for the disk")
            return
        told = stamped.event.data
        event_id = self._ids()
        data: dict[str, Any] = {
            "device_id": stamped.device_id,
            "device_class": stamped.device_class,
            "lane": stamped.lane,
            "epoch": self._epoch(),
            "sequence": stamped.sequence,
            "what": what,
            "command": told.get("command"),
            "uncommanded": told.get("uncommanded"),
            "open_s": told.get("open_s"),
            "terminal": self._holder(stamped.device_id),
        }
        source = device_source(self._store_id, stamped.device_id)
        payload = cloud_event(event_id=event_id, source=source, event_type=EVENT_TYPE, time=stamped.time, data=data)
        place = f"{stamped.lane}/{stamped.device_id}"
        event = OutboxEvent(event_id, StreamNames.AUDIT, place, EVENT_TYPE, payload)
        task = asyncio.get_running_loop().create_task(self._keep(event))
        self._appending.add(task)
        task.add_done_callback(self._appending.discard)

    async def _keep(self, event: OutboxEvent) -> None:
        try:
            await self._outbox.append(event)
        except StoreError as error:
            self._not_kept(str(error))
        else:
            self.counters["kept"] += 1

    def _not_kept(self, reason: str) -> None:
        self.counters["not_kept"] += 1
        log.error(log_events.DRAWER_AUDIT_NOT_KEPT, reason=reason)
