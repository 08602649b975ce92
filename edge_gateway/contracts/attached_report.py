"""What is attached, and what the gateway does with it: the payload of ``gateway/attached``, of status and commands."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Claim(StrEnum):
    """What the gateway does with an attached device. Only the first two are ever opened or written to."""

    CONFIGURED = "configured"
    TAKEN = "taken"
    """Used without configuration: a profile names its vendor and product."""
    IGNORED = "ignored"
    RECOGNISED = "recognised"
    """A profile names it, and something is in the way of taking it."""
    POSSIBLE = "possible"
    """Profiles may fit: for a person to choose."""
    UNKNOWN = "unknown"
    WAITING = "waiting"
    """udev is not done with its nodes yet."""


class _Sent(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class SeenNode(_Sent):
    """One node of a device."""

    path: str = Field(description="As the kernel names it now.")
    kind: str | None = Field(
        description="serial, evdev (a keyboard), hidraw, usb_printer or usb_device (for libusb); null: nothing."
    )
    links: tuple[str, ...] = Field((), description="Stable names that lead to it.")
    usages: tuple[str, ...] = Field((), description="HID usage page and usage of its collections, such as 8c:02.")


class SeenDevice(_Sent):
    """One physical device with all its nodes, and why it is used or not."""

    identity: str = Field(description="Its name for good, and the selector for transport.device.")
    bus: str = Field(description="usb, bluetooth, hid, box (a port of the machine itself) or network.")
    usb_id: str | None = Field(None, description="vendor:product in hex; of Bluetooth devices from their PnP id.")
    serial: str | None = None
    manufacturer: str | None = None
    product: str | None = None
    port: str | None = Field(None, description="The socket, as the kernel names it now: 1-1.4.")
    address: str | None = Field(None, description="Of a Bluetooth or network device.")
    nodes: tuple[SeenNode, ...] = ()
    claim: Claim
    device_ids: tuple[str, ...] = Field((), description="The devices of the gateway that it is.")
    profiles: tuple[str, ...] = Field((), description="Profiles that fit, the best first.")
    why: str = Field(description="Why it was taken, or was not; for a person.")
    warning: str | None = Field(None, description="What needs care, such as a serial number that two devices have.")


class AttachedReport(_Sent):
    """Everything that is attached, configured or not."""

    source: str = Field(description="Who tells what comes and goes: udev, kernel, or none: it is looked for.")
    devices: tuple[SeenDevice, ...] = ()
