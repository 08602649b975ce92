"""Gathers what the parts know into the one snapshot that status page, metrics and the bus show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from edge_gateway import __version__
from edge_gateway.contracts.attached_report import AttachedReport
from edge_gateway.contracts.bus import StoreBus
from edge_gateway.contracts.clock import Clock
from edge_gateway.devices.attached.discovery import Discovery
from edge_gateway.devices.claims import Claims
from edge_gateway.devices.registry import Registry
from edge_gateway.overview.devices import device_status, loss_finding
from edge_gateway.overview.store import StoreOverview
from edge_gateway.overview.uplinks import uplink_status
from edge_gateway.services.alerts import Finding
from edge_gateway.settings import GatewaySettings
from edge_gateway.status.health import roll_up
from edge_gateway.status.source import (
    BusStatus,
    GatewayStatus,
    RawBytes,
    RawChunk,
    Snapshot,
)
from edge_gateway.uplinks.couriers.courier import Courier


class Overview:
    """Implements ``status.source.StatusSource``. All is read as it is, but for the ``store``."""

    def __init__(
        self,
        settings: GatewaySettings,
        clock: Clock,
        *,
        registry: Registry,
        discovery: Discovery,
        claims: Claims,
        bus: StoreBus,
        store: StoreOverview,
        couriers: Mapping[str, Courier],
        counters: Mapping[str, Counter[str]],
        kept: Mapping[str, int],
    ) -> None:
        self.state: Literal["starting", "running", "stopping"] = "starting"
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._discovery = discovery
        self._claims = claims
        self._bus = bus
        self.store = store
        self._couriers = couriers
        self._counters = counters
        self._dropped = {"broker": bus.dropped, "disk": kept}
        self._dropped_told: Counter[tuple[str, str]] = Counter()
        self._started_at, self._started_s = clock.now(), clock.monotonic()

    def losses(self) -> Iterator[Finding]:
        """Devices that lost events since the last look, since more waited than there is room for."""
        for device in self._registry:
            for waited_for, dropped in self._dropped.items():
                key, total = (waited_for, device.device_id), dropped.get(device.device_id, 0)
                if total > self._dropped_told[key]:
                    self._dropped_told[key] = total
                    yield loss_finding(device, waited_for, total)

    def attached(self) -> AttachedReport:
        return self._discovery.report

    @property
    def is_ready(self) -> bool:
        return self.state == "running" and self.store.is_open

    def snapshot(self) -> Snapshot:
        gateway = GatewayStatus(
            store_id=self._settings.store.id,
            timezone=self._settings.store.timezone,
            version=__version__,
            started_at=self._started_at,
            uptime_s=self._clock.monotonic() - self._started_s,
            is_ready=self.is_ready,
            state=self.state,
        )
        outbox, bus = self.store.status(), self._bus_status()
        uplinks = tuple(uplink_status(each, self._couriers[each.name]) for each in self._settings.uplinks)
        devices = tuple(
            device_status(supervisor, self._claims.view(supervisor.device_id)) for supervisor in self._registry
        )
        return Snapshot(
            time=self._clock.now(),
            gateway=gateway,
            health=roll_up(gateway, outbox, bus, uplinks, devices),
            devices=devices,
            bus=bus,
            outbox=outbox,
            uplinks=uplinks,
            counters={name: dict(counter) for name, counter in self._all_counters()},
        )

    def raw_bytes(self, device_id: str, after: int, age_s_min: float) -> RawBytes | None:
        supervisor = self._registry.get(device_id)
        if supervisor is None or supervisor.raw is None:
            return None
        chunks = tuple(
            RawChunk(sequence=each.sequence, at_s=each.at_s, direction=each.direction, hex=each.data.hex())
            for each in supervisor.raw.after(after, age_s_min=age_s_min)
        )
        return RawBytes(**supervisor.recording_header, is_held_back=supervisor.raw.is_held_back, chunks=chunks)

    def _bus_status(self) -> BusStatus:
        refused = ", ".join(self._bus.refused_subscriptions)
        return BusStatus(
            is_connected=self._bus.is_connected,
            address=f"{self._settings.bus.host}:{self._settings.bus.port}",
            reason=f"the broker refuses our subscription to {refused}" if refused else self._bus.reason,
            queued_messages=self._bus.queued,
        )

    def _all_counters(self) -> Iterable[tuple[str, Counter[str]]]:
        yield from self._counters.items()
        for supervisor in self._registry:
            lost = {
                f"dropped:waited_for_{waited_for}": count
                for waited_for, dropped in self._dropped.items()
                if (count := dropped.get(supervisor.device_id, 0))
            }
            yield f"device/{supervisor.device_id}", Counter({**supervisor.counters, **lost})
