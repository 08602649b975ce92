"""What the gateway tells of itself: the models of ``/status``, and the promise of whoever fills them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.attached_report import AttachedReport
from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.contracts.states import Health, PowerState


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reason(_Part):
    """Why a part is not healthy, in words for the store's staff."""

    part: str = Field(description="gateway, store, bus, uplink/{name} or device/{id}.")
    health: Health
    text: str = Field(description="What is wrong, and what to do where that is known.")


class HealthReport(_Part):
    """The roll-up: the worst of the parts, and every reason that is not healthy."""

    status: Health
    reasons: tuple[Reason, ...] = ()


class GatewayStatus(_Part):
    """The daemon itself."""

    store_id: str
    timezone: str = Field(description="IANA name of the store's time zone: what its staff read on their clocks.")
    version: str
    started_at: datetime
    uptime_s: float = Field(ge=0)
    is_ready: bool = Field(description="The store is open and every part is running; broker and cloud may be away.")
    state: Literal["starting", "running", "stopping"] = "running"


class DisconnectStatus(_Part):
    """A device that was lost, or fell silent."""

    time: datetime
    power: PowerState = Field(description="off: the connection was lost; offline: it did not answer any more.")
    reason: str
    connected_s: float = Field(ge=0, description="How long the connection had lasted.")
    away_s: float | None = Field(None, ge=0, description="Until it answered again; null: it does not yet.")


class ClaimStatus(_Part):
    """Who holds a device alone."""

    owner: str
    owner_lane: str
    claimed_at: datetime
    expires_at: datetime = Field(description="If it is not used.")
    ttl_s: float


class JobsStatus(_Part):
    """Print jobs of one printer."""

    waiting: int = Field(ge=0, description="Accepted and not begun.")
    printing: str | None = Field(None, description="Id of the job that is being printed.")
    waiting_for: str | None = Field(None, description="What a person has to mend first, such as paper_empty.")
    unknown: int = Field(ge=0, description="Ended so that a person has to look at the paper: reprint or dismiss.")


class DeviceStatus(_Part):
    """One peripheral."""

    id: str
    lane: str
    device_class: str
    profile: str
    power: PowerState
    since: datetime = Field(description="Since when it has this power state.")
    reason: str | None = Field(None, description="Why it is not online.")
    flags: tuple[str, ...] = Field((), description="Conditions such as cover_open.")
    last_frame_age_s: float | None = Field(None, ge=0, description="Age of the newest valid frame.")
    reconnect_count: int = Field(0, ge=0)
    disconnects: tuple[DisconnectStatus, ...] = Field((), description="The newest losses, the last at the end.")
    disconnects_total: int = Field(0, ge=0, description="Since the start of the gateway.")
    statistics: dict[str, float] = Field(default_factory=dict, description="UnifiedPOS names; kept over restarts.")
    claim: ClaimStatus | None = Field(None, description="Who holds it alone; null: nobody.")
    jobs: JobsStatus | None = Field(None, description="Of a printer, once it had one.")
    details: dict[str, Any] = Field(default_factory=dict, description="Of its class; for a scale: its reading.")
    info: dict[str, Any] = Field(default_factory=dict, description="Model, firmware, capabilities, tier.")
    firmware: str | None = Field(None, description="The version that the device reports; null: it reports none.")
    firmware_status: FirmwareStatus | None = Field(
        None, description="How that stands to the policy of its profile; null: there is no policy."
    )
    profile_problems: tuple[str, ...] = Field(
        (), description="Of its profile on disk, which was changed and refused: the device goes on as it was."
    )
    firmware_policy: str = Field("", description="The policy in words; empty: none.")


class BusStatus(_Part):
    """The connection to the store's broker."""

    is_connected: bool
    address: str
    reason: str | None = Field(None, description="Why it is not connected, or what the broker refuses.")
    queued_messages: int = Field(0, ge=0, description="Kept in memory until the broker is back.")


class StreamStatus(_Part):
    """One queue of the outbox."""

    pending: int = Field(ge=0)
    dead: int = Field(ge=0, description="Dead letters: refused for good by the cloud, and kept.")
    delivered_total: int = Field(ge=0)
    dropped_total: int = Field(0, ge=0, description="Given up undelivered, for room or for their age.")
    oldest_pending_age_s: float | None = Field(None, ge=0)


class OutboxStatus(_Part):
    """The store on disk."""

    is_open: bool
    health: Health = Health.HEALTHY
    reason: str | None = None
    size_bytes: int | None = Field(None, ge=0, description="In use, of [outbox] bytes_max: tables, indexes and WAL.")
    size_on_disk_bytes: int | None = Field(None, ge=0, description="Of its files, room for the next events included.")
    disk_free_bytes: int | None = Field(None, ge=0)
    fill_percent: float | None = Field(
        None, ge=0, le=100, description="Of what sales may use, by bytes_max or by what the disk leaves; 100: refused."
    )
    fill_level: Literal[0, 70, 85, 95] = Field(0, description="The alarm that rings: 0 is none.")
    epoch: int | None = Field(None, description="Rises with each start; part of every event.")
    locked: int = Field(0, ge=0, description="Events that no key in the key file opens; kept, and passed over.")
    streams: dict[str, StreamStatus] = Field(default_factory=dict)


class UplinkStreamStatus(_Part):
    """One stream on its way over one uplink."""

    lag_events: int = Field(0, ge=0, description="Still to be delivered over this uplink.")
    lag_s: float = Field(0.0, ge=0, description="Since when it is not up to date; 0: it is.")
    last_sync: datetime | None = Field(None, description="When something of it was delivered last, since the start.")
    next_sync: datetime | None = Field(None, description="When it is due; null: always, or now.")
    reason: str | None = Field(None, description="Why it does not go through.")


class UplinkStatus(_Part):
    """One way to the cloud."""

    name: str
    kind: str = Field("https", description="https, nats, mqtt, kafka, rabbitmq or webhook.")
    health: Health
    reason: str | None = None
    last_sync: datetime | None = Field(None, description="When something was delivered last, since the start.")
    lag_events: int = Field(0, ge=0, description="Still to be delivered, of all its streams.")
    lag_s: float = Field(0.0, ge=0, description="Of the stream that is not up to date for longest.")
    breaker: Literal["closed", "open", "half_open"] = Field(
        "closed", description="open: nothing is sent but a probe now and then."
    )
    streams: dict[str, UplinkStreamStatus] = Field(default_factory=dict)


class Snapshot(_Part):
    """Everything, at one moment."""

    time: datetime
    gateway: GatewayStatus
    health: HealthReport
    devices: tuple[DeviceStatus, ...] = ()
    bus: BusStatus
    outbox: OutboxStatus
    uplinks: tuple[UplinkStatus, ...] = ()
    counters: dict[str, dict[str, int]] = Field(
        default_factory=dict,
        description="By component (bus, outbox, uplink/{name}, device/{id} ...), then kind[:reason]; since the start.",
    )


class RawChunk(_Part):
    """One read, report, notification or write."""

    sequence: int = Field(ge=1)
    at_s: float = Field(description="Of the monotonic clock of the box.")
    direction: Literal["<", ">", "<<", ">>"] = Field(
        description="< from the device, > to it; doubled: feature reports of a HID device."
    )
    hex: str


class RawBytes(_Part):
    """The last raw bytes of one device, for a recording."""

    profile: str
    transport: dict[str, Any] = Field(description="How it is attached, without where.")
    settings: dict[str, Any] = Field(description="Of its driver, over those of the profile.")
    report_descriptor: str | None = Field(None, description="Of a HID device, in hex.")
    is_held_back: bool = Field(False, description="A driving licence is being read: ask again in some seconds.")
    chunks: tuple[RawChunk, ...] = ()


class StatusSource(Protocol):
    """Who knows: the composition root."""

    @property
    def is_ready(self) -> bool:
        """As ``snapshot().gateway.is_ready``, without all the rest: probes ask every second."""
        ...

    def snapshot(self) -> Snapshot:
        """The state now. On the event loop: cheap, no I/O, never raises."""
        ...

    def attached(self) -> AttachedReport:
        """What is plugged in, configured or not, and why it is used or not. As cheap."""
        ...

    def raw_bytes(self, device_id: str, after: int, age_s_min: float) -> RawBytes | None:
        """What passed after a sequence number and is at least so old; None: no such device, or its raw bytes are not
        kept since they would be card data."""
        ...
