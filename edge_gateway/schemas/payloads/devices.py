"""What every device has: its state, who holds it, what was counted of it; and terminals."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.contracts.states import ClaimEnd, PowerState
from edge_gateway.schemas.payloads.bases import AlertData, DeviceEventData, Sent


class ClaimHolder(Sent):
    """Who holds a device alone."""

    owner: str = Field(description="Id of the terminal.")
    owner_lane: str
    claimed_at: datetime
    ttl_s: float = Field(description="It ends so long after its last use; each request with its token is one.")


class ClaimLostData(DeviceEventData):
    """A claim ended without its owner's doing."""

    owner: str = Field(description="The terminal that held the device.")
    owner_lane: str
    why: ClaimEnd
    new_owner: str | None = Field(description="Who has it now, where it was stolen.")


class AddressChangedData(DeviceEventData):
    """A network device that is known by its MAC address was found at another address, and is used there."""

    address: str = Field(description="Where it is now.")
    former_address: str = Field(description="Where it was, or was expected.")


class ClaimResult(Sent):
    """The device is yours alone."""

    claim: str = Field(description="Token for the `claim` of every request to the device.")
    owner: str
    owner_lane: str
    ttl_s: float
    expires_at: datetime = Field(description="If nothing renews it.")


class TerminalStatePayload(BaseModel):
    """Retained, published by the terminal; ``offline`` also by the broker, as the terminal's last will."""

    model_config = ConfigDict(extra="allow")

    state: Literal["online", "offline"]


class DisconnectPayload(Sent):
    """A device that was lost, or fell silent."""

    time: datetime
    power: PowerState = Field(description="off: the connection was lost; offline: it did not answer any more.")
    reason: str
    connected_s: float = Field(ge=0, description="How long the connection had lasted.")
    away_s: float | None = Field(description="Until it answered again; null: it had not yet.")


class StatisticsResult(Sent):
    """As UnifiedPOS names them. Counts are cumulative, over restarts of the gateway, until they are reset."""

    UnifiedPOSVersion: str
    DeviceCategory: str = Field(description="Scanner, Scale, POSPrinter ...")
    ManufacturerName: str
    ModelName: str
    SerialNumber: str | None
    FirmwareRevision: str | None
    Interface: str = Field(description="serial, tcp, evdev, hidraw, usb_printer ...")
    statistics: dict[str, float] = Field(description="By name; those that begin with M_ are the gateway's own.")
    disconnects: list[DisconnectPayload] = Field(description="The newest since the gateway's start.")


class ResetStatisticsResult(Sent):
    """They begin again at nothing."""

    reset: list[str]


class DeviceStatePayload(Sent):
    """Retained. A scale's reading and a printer's condition stand beside these fields."""

    power: PowerState
    since: datetime = Field(description="When the power state became this.")
    reason: str | None = Field(description="Why it is not online.")
    flags: list[str] = Field(description="Conditions: cover_open, paper_empty, paper_near_end, drawer_open ...")
    last_frame_age_s: float | None = Field(description="Since the last valid frame, when this was published.")
    reconnect_count: int = Field(ge=0)
    claim: ClaimHolder | None = Field(description="Who holds the device; null: nobody.")
    last_disconnect: DisconnectPayload | None = Field(description="The newest since the gateway's start; null: none.")


class DeviceInfoPayload(Sent):
    """Retained: who the device is."""

    device_id: str
    lane: str
    device_class: str
    vendor: str
    model: str
    profile: str
    tier: str = Field(description="How well the profile is known: experimental, or verified by a capture of hardware.")
    transport: str
    capabilities: dict[str, Any]
    commands: list[str]
    firmware: str | None = Field(None, description="As the device reports it; absent where it reports none.")
    firmware_status: FirmwareStatus | None = Field(
        None, description="How that stands to the policy of its profile; absent without a policy."
    )


class FirmwareDriftData(AlertData):
    """A device reports firmware that the policy of its profile does not allow."""

    device_id: str
    lane: str
    profile: str
    firmware: str = Field(description="The version that the device reports.")
    status: Literal["below_minimum", "not_approved", "not_comparable", "other_profile"]
    policy: str = Field(description="What is allowed, in words.")


class ProfileRefusedData(AlertData):
    """A firmware profile on disk was changed and has problems: the device goes on as it was."""

    device_id: str
    lane: str
    profile: str
    problems: list[str] = Field(description="Each with its file, line, key and what was expected; the first ten.")


class DeviceEventsDroppedData(AlertData):
    """A device sent more than the broker or the disk took: it lost events of its own, and no other device did."""

    device_id: str
    lane: str
    waited_for: Literal["broker", "disk"] = Field(description="What its events waited for, and never reached.")
    count: int = Field(ge=1, description="Events of this device that were lost so since the gateway's start.")
