"""Gathers what the parts know into the one snapshot that status page, metrics and the bus show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Literal

from edge_gateway import __version__
from edge_gateway.contracts.attached_report import AttachedReport
from edge_gateway.contracts.bus import StoreBus
from edge_gateway.contracts.claims import ClaimView
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.states import Health, PowerState
from edge_gateway.contracts.store import StreamCounts
from edge_gateway.devices.attached.discovery import Discovery
from edge_gateway.devices.claims import Claims
from edge_gateway.devices.registry import Registry
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.services.alerts import Finding, StoreLook, StoreLoss
from edge_gateway.settings import GatewaySettings
from edge_gateway.settings_uplinks import UplinkSettings
from edge_gateway.status.health import firmware_words, roll_up
from edge_gateway.status.source import (
    BusStatus,
    ClaimStatus,
    DeviceStatus,
    DisconnectStatus,
    GatewayStatus,
    JobsStatus,
    OutboxStatus,
    RawBytes,
    RawChunk,
    Snapshot,
    StreamStatus,
    UplinkStatus,
    UplinkStreamStatus,
)
from edge_gateway.store.database import Database
from edge_gateway.store.feed import SqliteFeed
from edge_gateway.store.fill import FillAlarm, FillLevel
from edge_gateway.store.outbox import SqliteOutbox
from edge_gateway.uplinks.couriers.courier import Courier

PROBLEMS_TOLD = 10
"""Of a profile, in one alert: a file that is something else has hundreds."""


class Overview:
    """Implements ``status.source.StatusSource``. The outbox is counted by ``refresh``, all else is read as it is."""

    def __init__(
        self,
        settings: GatewaySettings,
        clock: Clock,
        *,
        registry: Registry,
        discovery: Discovery,
        claims: Claims,
        bus: StoreBus,
        database: Database,
        outbox: SqliteOutbox,
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
        self._database = database
        self._outbox = outbox
        self._couriers = couriers
        self._counters = counters
        self._dropped = {"broker": bus.dropped, "disk": kept}
        self._dropped_told: Counter[tuple[str, str]] = Counter()
        self._started_at, self._started_s = clock.now(), clock.monotonic()
        self._counts: Mapping[str, StreamCounts] = {}
        self._store_problem: str | None = None
        self._fill = FillAlarm()

    async def refresh(self) -> None:
        """Count and measure the outbox. A store that cannot be read is a finding, not an error."""
        try:
            await self._database.measure()
            self._counts = await self._outbox.counts()
            self._fill.update(self._database.fill_percent)
            self._store_problem = None
        except StoreError as error:
            self._store_problem = str(error)

    def store_look(self) -> StoreLook:
        """What the alarms go by."""
        return StoreLook(
            is_full=self._database.condition.is_full,
            fill_percent=self._database.fill_percent,
            fill_level=self._fill.level.value,
            set_aside_as=self._database.set_aside_as,
            locked=self._locked(),
            locked_reason=self._locked_reason(),
            losses=tuple(
                StoreLoss(
                    state.kept_as,
                    state.report.words,
                    state.report.lost,
                    state.report.is_exact,
                    tuple(state.report.keys_lost),
                )
                for state in self._database.salvaging.unacknowledged
                if state.has_losses
            ),
        )

    def losses(self) -> Iterator[Finding]:
        """Devices that lost events since the last look, since more waited than there is room for."""
        for device in self._registry:
            for waited_for, dropped in self._dropped.items():
                key, total = (waited_for, device.device_id), dropped.get(device.device_id, 0)
                if total > self._dropped_told[key]:
                    self._dropped_told[key] = total
                    yield _loss(device, waited_for, total)

    def _locked(self) -> int:
        return max((feed.locked for feed in self._feeds()), default=0)

    def _locked_reason(self) -> str:
        return next((feed.locked_reason for feed in self._feeds() if feed.locked and feed.locked_reason), "")

    def _feeds(self) -> list[SqliteFeed]:
        return [self._outbox.feed(uplink.name) for uplink in self._settings.uplinks]

    def attached(self) -> AttachedReport:
        return self._discovery.report

    @property
    def is_ready(self) -> bool:
        return self.state == "running" and self._database.is_open

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
        outbox, bus = self._outbox_status(), self._bus_status()
        uplinks = tuple(_uplink_status(each, self._couriers[each.name]) for each in self._settings.uplinks)
        devices = tuple(
            _device_status(supervisor, self._claims.view(supervisor.device_id)) for supervisor in self._registry
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

    def _outbox_status(self) -> OutboxStatus:
        health, reason = Health.HEALTHY, None
        is_open, condition = self._database.is_open, self._database.condition
        if self._store_problem is not None:
            health, reason = Health.UNHEALTHY, self._store_problem
        elif condition.is_full:
            remedy = "make room on the disk, or see why the cloud takes nothing"
            health, reason = Health.UNHEALTHY, f"full: new transactions are refused; {remedy}"
        elif condition.is_failing:
            health, reason = Health.UNHEALTHY, "the last write failed; look at the disk"
        elif (problem := self._database.salvaging.problem) is not None:
            health, reason = (
                Health.UNHEALTHY,
                f"was damaged, and its salvage cannot go on: {problem}; new sales are kept, and wait for it",
            )
        elif condition.giving_way:
            names = " and ".join(condition.giving_way)
            health, reason = Health.DEGRADED, f"room is short: {names} are not kept for the cloud, sales still are"
        elif self._locked():
            health, reason = Health.UNHEALTHY, f"{self._locked()} events are locked: {self._locked_reason()}"
        elif self._fill.level is not FillLevel.NORMAL:
            health, reason = (
                Health.DEGRADED,
                f"{self._database.fill_percent:.0f} % full; see that the cloud can be reached",
            )
        elif self._database.sealer.ring.problem is not None:
            health, reason = Health.DEGRADED, self._database.sealer.ring.problem
        elif self._database.salvaging.is_running:
            health, reason = Health.DEGRADED, "was damaged and set aside; what is whole is being salvaged"
        elif unseen := self._database.salvaging.unacknowledged:
            health, reason = (
                Health.DEGRADED,
                f"was damaged and set aside as {unseen[-1].kept_as}: {unseen[-1].report.words}; "
                "see edge-gateway outbox acknowledge-loss",
            )
        return OutboxStatus(
            is_open=is_open,
            health=health,
            reason=reason,
            size_bytes=self._database.used_bytes,
            size_on_disk_bytes=self._database.bytes_on_disk,
            disk_free_bytes=self._database.free_bytes if is_open else None,
            fill_percent=round(self._database.fill_percent, 1) if is_open else None,
            fill_level=self._fill.level.value,
            epoch=self._database.epoch,
            locked=self._locked(),
            streams={
                name: StreamStatus(
                    pending=count.pending,
                    dead=count.dead,
                    delivered_total=count.delivered_total,
                    dropped_total=count.dropped_total,
                    oldest_pending_age_s=count.oldest_pending_age_s,
                )
                for name, count in self._counts.items()
            },
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


def device_findings(device: DeviceStatus) -> Iterator[Finding]:
    """Firmware that is not allowed, a changed profile that was refused."""
    place: dict[str, object] = {"device_id": device.id, "lane": device.lane, "profile": device.profile}
    if device.firmware_status is not None and device.firmware_status.is_drift:
        data = {
            "text": f"{device.id}: {firmware_words(device)}; update it, or change the policy",
            **place,
            "firmware": device.firmware,
            "status": device.firmware_status.value,
            "policy": device.firmware_policy,
        }
        yield Finding("warning", "firmware_drift", f"{device.id} {device.firmware}", data)
    if problems := device.profile_problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        data = {
            "text": f"{device.id} goes on as it was: profile {device.profile} was changed and has {count}",
            **place,
            "problems": list(problems[:PROBLEMS_TOLD]),
        }
        yield Finding("warning", "profile_refused", f"{device.id} {problems}", data)


def _loss(device: Supervisor, waited_for: str, total: int) -> Finding:
    text = (
        f"{device.device_id}: {total} of its events were lost since the start, since too many waited for the "
        f"{waited_for}; see whether the device sends without end, and that the {waited_for} takes what comes; no other "
        "device lost anything to it"
    )
    data = {
        "text": text,
        "device_id": device.device_id,
        "lane": device.lane,
        "waited_for": waited_for,
        "count": total,
    }
    return Finding("warning", "device_events_dropped", f"{device.device_id} {waited_for}", data)


def _uplink_status(settings: UplinkSettings, courier: Courier) -> UplinkStatus:
    syncs = courier.syncs()
    return UplinkStatus(
        name=settings.name,
        kind=settings.kind,
        health=courier.health,
        reason=courier.reason,
        last_sync=courier.last_sync,
        lag_events=sum(sync.lag_events for sync in syncs.values()),
        lag_s=max((sync.lag_s for sync in syncs.values()), default=0.0),
        breaker=courier.breaker_state.value,
        streams={
            stream: UplinkStreamStatus(
                lag_events=sync.lag_events,
                lag_s=sync.lag_s,
                last_sync=sync.last_sync,
                next_sync=sync.next_sync,
                reason=sync.reason,
            )
            for stream, sync in syncs.items()
        },
    )


def _device_status(supervisor: Supervisor, claim: ClaimView | None) -> DeviceStatus:
    state = supervisor.state
    return DeviceStatus(
        id=supervisor.device_id,
        lane=supervisor.lane,
        device_class=supervisor.device_class,
        profile=supervisor.profile.name,
        power=PowerState(state.power),
        since=state.since,
        reason=state.reason,
        flags=state.flags,
        last_frame_age_s=state.last_frame_age_s,
        reconnect_count=state.reconnect_count,
        disconnects=tuple(
            DisconnectStatus(
                time=each.time,
                power=PowerState(each.power),
                reason=each.reason,
                connected_s=each.connected_s,
                away_s=each.away_s,
            )
            for each in supervisor.disconnects.newest
        ),
        disconnects_total=supervisor.disconnects.total,
        statistics=supervisor.statistics.values(),
        claim=None if claim is None else ClaimStatus(**asdict(claim)),
        jobs=None if (jobs := state.details.get("jobs")) is None else JobsStatus(**jobs),
        details={key: value for key, value in state.details.items() if key != "jobs"},
        info=(info := supervisor.info),
        firmware=None if (firmware := info.get("firmware")) is None else str(firmware),
        firmware_status=supervisor.firmware_status,
        firmware_policy=str(supervisor.profile.firmware),
        profile_problems=supervisor.profile_problems,
    )
