"""The model of a firmware profile: one TOML file, what is known of one model as data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from edge_gateway.contracts.fields import LEVEL_PATTERN
from edge_gateway.contracts.firmware import FirmwareStatus, VersionRange, judge
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.settings import Name

PACKAGED: Final = "packaged:"
"""Before a name in ``extends``: the profile that comes with the gateway, also where the site has one of this name."""
USB_ID: Final = r"^[0-9a-f]{4}:[0-9a-f]{4}$"
_USAGE: Final = r"^[0-9a-f]{2,4}:[0-9a-f]{2,4}$"
_BLE_UUID: Final = r"^([0-9a-f]{4}|[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12})$"

PATTERN_WORDS: Final[Mapping[str, str]] = {
    USB_ID: "vendor:product as 4 and 4 hexadecimal digits in lower case, such as 0c2e:0b61",
    _USAGE: "usage page:usage in hexadecimal, such as 8c:02",
    _BLE_UUID: "a UUID in lower case, of 16 bits (181d) or of 128",
}

SERIAL_CHIPS: Final = frozenset(
    {
        *("0403:6001", "0403:6010", "0403:6011", "0403:6014", "0403:6015"),  # FTDI FT232, FT2232, FT4232, FT232H, FT-X
        *("067b:2303", "067b:23a3", "067b:23c3", "067b:23d3"),  # Prolific PL2303
        *("10c4:ea60", "10c4:ea70", "10c4:ea71"),  # Silicon Labs CP210x
        *("1a86:7523", "1a86:5523", "1a86:55d4", "1a86:55d3"),  # WCH CH340, CH341, CH9102, CH343
        *("04d8:00df", "04d8:000a"),  # Microchip MCP2200, CDC example
        *("0483:5740", "04b4:0003"),  # STMicroelectronics and Cypress virtual COM ports
        *("9710:7720", "9710:7840", "110a:1110"),  # MosChip and Moxa adapters
    }
)
"""Adapters that stand before any serial device: such an id says nothing of what is behind it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _range(text: str) -> str:
    VersionRange.parse(text)
    return text


UsbId = Annotated[str, StringConstraints(pattern=USB_ID)]
VersionText = Annotated[str, AfterValidator(_range)]
Uuid = Annotated[str, StringConstraints(pattern=_BLE_UUID)]
Sentence = Annotated[str, StringConstraints(min_length=12)]


class Match(_Part):
    """How to recognise the model among what is attached: of each field that is given, one entry must fit."""

    usb_ids: tuple[UsbId, ...] = Field((), description="vendor:product in hex, such as 0c2e:0b61.")
    by_id: tuple[str, ...] = Field((), description="Patterns of names below /dev/serial/by-id or /dev/input/by-id.")
    serial: tuple[str, ...] = Field((), description="Patterns of the USB serial number.")
    manufacturer: tuple[str, ...] = Field((), description="Patterns of the manufacturer's name as the device says it.")
    product: tuple[str, ...] = Field((), description="Patterns of the product's name as the device says it.")
    usage: tuple[Annotated[str, StringConstraints(pattern=_USAGE)], ...] = Field(
        (), description="HID usage page and usage of a top-level collection, in hex: 8c:02 is a bar code scanner."
    )
    firmware: VersionText | None = Field(None, description="Versions that this profile is for, such as >=1.2,<2.")
    ble_names: tuple[str, ...] = Field((), description="Patterns of the name that a Bluetooth device advertises.")
    ble_services: tuple[Uuid, ...] = Field((), description="UUIDs of services that it advertises.")
    mdns: tuple[str, ...] = Field((), description="Patterns of service names, such as _pdl-datastream._tcp*.")

    @property
    def is_announced(self) -> bool:
        """Something here is compared with what devices announce."""
        return bool(self.ble_names or self.ble_services or self.mdns)

    @model_validator(mode="after")
    def _chip_is_no_model(self) -> Match:
        chips = sorted(SERIAL_CHIPS.intersection(self.usb_ids))
        if chips and not (self.serial or self.manufacturer or self.product):
            raise ValueError(
                f"usb_ids: {', '.join(chips)} is an adapter that stands before any device; "
                "expected manufacturer, product or serial beside it"
            )
        return self


class TransportDefaults(_Part):
    """Settings of each way the model can be attached; a device's own settings go over them."""

    serial: dict[str, Any] | None = None
    tcp: dict[str, Any] | None = None
    evdev: dict[str, Any] | None = None
    hidraw: dict[str, Any] | None = None
    usb_printer: dict[str, Any] | None = None
    ble: dict[str, Any] | None = None
    rfcomm: dict[str, Any] | None = None
    gpio: dict[str, Any] | None = None
    printer: dict[str, Any] | None = None

    @cached_property
    def kinds(self) -> Mapping[str, dict[str, Any]]:
        """Those that the model has."""
        return self.model_dump(exclude_none=True)

    def has(self, kind: str) -> bool:
        """Asked of every profile for every device that is plugged in, on the event loop."""
        return getattr(self, kind, None) is not None

    def of(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """A device's transport with what the profile knows of its kind; the kind too, where there is only one."""
        kinds = self.kinds
        kind = own.get("kind", next(iter(kinds)) if len(kinds) == 1 else None)
        return {**({} if kind is None else {"kind": kind}), **kinds.get(str(kind), {}), **own}


class FirmwarePolicy(_Part):
    """Which firmware the model may run: what devices report is compared with it, and drift is told."""

    minimum: str | None = Field(None, description="The oldest that may be used.")
    approved: tuple[VersionText, ...] = Field((), description="Versions, or ranges such as >=1.2,<2; none: any.")

    @model_validator(mode="after")
    def _minimum_is_one_version(self) -> FirmwarePolicy:
        if self.minimum is not None and [each[0] for each in VersionRange.parse(self.minimum).clauses] != ["=="]:
            raise ValueError(f"minimum: {self.minimum!r} is a range; expected one version")
        return self

    def __str__(self) -> str:
        parts = [f"at least {self.minimum}"] if self.minimum else []
        return ", ".join(parts + ([f"one of {'; '.join(self.approved)}"] if self.approved else []))


class Profile(_Part):
    """One model: which driver speaks with it, how it is set, what it can do, and from where this is known."""

    name: Name
    extends: str | None = Field(
        None,
        pattern=f"^({PACKAGED})?{LEVEL_PATTERN[1:]}",
        description="Another profile, whose keys hold where this one has none; packaged:NAME leaves out the site's.",
    )
    vendor: str = Field(min_length=1)
    model: str = Field(min_length=1)
    device_class: DeviceClass
    driver: str = Field(pattern=r"^[a-z_][a-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$", description="module:Class")
    codec: str = Field(description="Protocol name, as in `edge-gateway decode`.")
    tier: Literal["experimental", "verified"] = Field(description="verified: a capture of real hardware shows it.")
    recording: str | None = Field(None, description="That capture: a file below tests/recordings.")
    source: str = Field(min_length=8, description="The document this comes from: title, section, revision.")
    quirks: tuple[Sentence, ...] = Field(
        (), description="What the model does against its document or its family, and what the settings do about it."
    )
    transport: TransportDefaults = TransportDefaults()
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of the driver.")
    capabilities: dict[str, Any] = Field(default_factory=dict, description="What clients may rely on.")
    match: Match = Match()
    firmware: FirmwarePolicy = FirmwarePolicy()
    declarative: dict[str, Any] = Field(default_factory=dict, description="Framing as data, for the declarative codec.")

    def judge_firmware(self, reported: Any) -> FirmwareStatus | None:
        """How what a device reports stands to the policy and to the versions this profile is for; None: neither is
        given."""
        wanted = self.match.firmware
        if wanted is None:
            return judge(reported, self.firmware.minimum, self.firmware.approved)
        fits = judge(reported, None, (wanted,))
        if fits in {FirmwareStatus.NOT_APPROVED, FirmwareStatus.NOT_COMPARABLE}:
            return FirmwareStatus.OTHER_PROFILE
        return judge(reported, self.firmware.minimum, self.firmware.approved) or fits

    @model_validator(mode="after")
    def _verified_has_its_recording(self) -> Profile:
        if self.tier == "verified" and self.recording is None:
            raise ValueError("tier verified needs the recording that shows it; without one it is experimental")
        return self
