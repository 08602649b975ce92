"""A snapshot such as a running two-lane store gives, and a source that tests can change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from edge_gateway.contracts.attached_report import AttachedReport, Claim, SeenDevice, SeenNode
from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.contracts.states import Health, PowerState
from edge_gateway.status.health import roll_up
from edge_gateway.status.source import (
    BusStatus,
    ClaimStatus,
    DeviceStatus,
    DisconnectStatus,
    GatewayStatus,
    OutboxStatus,
    RawBytes,
    RawChunk,
    Snapshot,
    StreamStatus,
    UplinkStatus,
    UplinkStreamStatus,
)

NOW = datetime(2026, 11, 21, 10, 15, 3, 250_000, tzinfo=UTC)


def gateway(**changes: Any) -> GatewayStatus:
    base = GatewayStatus(
        store_id="S001", timezone="Europe/Berlin", version="1.2.3", started_at=NOW, uptime_s=12.5, is_ready=True
    )
    return base.model_copy(update=changes)


def scale(**changes: Any) -> DeviceStatus:
    base = DeviceStatus(
        id="lane1-scale",
        lane="lane-1",
        device_class="scale",
        profile="mettler-toledo-8217",
        power=PowerState.ONLINE,
        since=NOW,
        last_frame_age_s=0.05,
        reconnect_count=2,
        disconnects=(
            DisconnectStatus(time=NOW, power=PowerState.OFF, reason="pulled out", connected_s=12.5, away_s=1.25),
        ),
        disconnects_total=3,
        statistics={"HoursPoweredCount": 12.25, "GoodWeightReadCount": 7},
        claim=ClaimStatus(owner="T1", owner_lane="lane-1", claimed_at=NOW, expires_at=NOW, ttl_s=30),
        details={"status": "stable_weight", "weight": "1.234", "unit": "kg", "net": False, "age_ms": 12},
        info={"tier": "experimental"},
        firmware="1.10",
        firmware_status=FirmwareStatus.APPROVED,
        firmware_policy="at least 1.9",
    )
    return base.model_copy(update=changes)


def printer(**changes: Any) -> DeviceStatus:
    base = DeviceStatus(
        id="lane1-printer",
        lane="lane-1",
        device_class="pos_printer",
        profile="epson-tm-t20",
        power=PowerState.ONLINE,
        since=NOW,
        flags=("paper_near_end",),
    )
    return base.model_copy(update=changes)


def bus(**changes: Any) -> BusStatus:
    return BusStatus(is_connected=True, address="127.0.0.1:1883").model_copy(update=changes)


def outbox(**changes: Any) -> OutboxStatus:
    base = OutboxStatus(
        is_open=True,
        size_bytes=40_960,
        disk_free_bytes=10_000_000_000,
        streams={
            "transactions": StreamStatus(pending=3, dead=0, delivered_total=120, oldest_pending_age_s=1.5),
            "device_events": StreamStatus(pending=0, dead=0, delivered_total=7),
        },
    )
    return base.model_copy(update=changes)


def uplink(**changes: Any) -> UplinkStatus:
    base = UplinkStatus(
        name="https",
        health=Health.HEALTHY,
        last_sync=NOW,
        lag_events=3,
        lag_s=1.5,
        streams={
            "transactions": UplinkStreamStatus(lag_events=3, lag_s=1.5, last_sync=NOW),
            "telemetry": UplinkStreamStatus(next_sync=NOW),
        },
    )
    return base.model_copy(update=changes)


def snapshot(**parts: Any) -> Snapshot:
    """Healthy but for what is given: ``snapshot(bus=bus(is_connected=False))``."""
    values: dict[str, Any] = {
        "gateway": gateway(),
        "bus": bus(),
        "outbox": outbox(),
        "uplinks": (uplink(),),
        "devices": (scale(), printer()),
        **parts,
    }
    health = roll_up(values["gateway"], values["outbox"], values["bus"], values["uplinks"], values["devices"])
    counters = {"bus": {"published": 10, "dropped:queue_full": 1}, "device/lane1-scale": {"frames": 99}}
    return Snapshot(time=NOW, health=health, counters=counters, **values)


ATTACHED = AttachedReport(
    source="udev",
    devices=(
        SeenDevice(
            identity="usb:0403:6001:A9X1",
            bus="usb",
            usb_id="0403:6001",
            nodes=(SeenNode(path="/dev/ttyUSB0", kind="serial"),),
            claim=Claim.CONFIGURED,
            device_ids=("lane1-scale",),
            why="configured as lane1-scale",
        ),
    ),
)


class ChangingSource:
    """A StatusSource whose snapshot a test sets."""

    def __init__(self, current: Snapshot | None = None) -> None:
        self.current = current or snapshot()
        self.asked = 0

    @property
    def is_ready(self) -> bool:
        return self.current.gateway.is_ready

    def snapshot(self) -> Snapshot:
        self.asked += 1
        return self.current

    def attached(self) -> AttachedReport:
        return ATTACHED

    def raw_bytes(self, device_id: str, after: int, age_s_min: float) -> RawBytes | None:
        if device_id != "lane1-scale":
            return None
        chunks = [RawChunk(sequence=number, at_s=float(number), direction="<", hex="57") for number in range(1, 4)]
        return RawBytes(
            profile="mettler-toledo-8217",
            transport={"kind": "serial"},
            settings={},
            chunks=tuple(each for each in chunks if each.sequence > after and 10.0 - each.at_s >= age_s_min),
        )
