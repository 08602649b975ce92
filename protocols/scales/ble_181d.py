"""Bluetooth weight scale (service 0x181D): the values of its characteristics 0x2A9D (measurement) and 0x2A9E (feature).

::

    2A9D: flags, weight (uint16) [, year (uint16), month, day, hour, minute, second] [, user] [, BMI, height (uint16)]
    2A9E: 32 bits

Flags: bit 0 imperial, 1 timestamp, 2 user, 3 BMI and height. Weight counts in 0.005 kg or 0.01 lb, 0xFFFF is none; BMI
in 0.1, height in 0.001 m or 0.1 in. A value carries no mark and no length: each is fed whole, and an idle line ends it.
BMI, height and user say something of a person: tools show them, the driver never reads them.
Source: Bluetooth SIG, GATT Specification Supplement, Weight Measurement and Weight Scale Feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, JsonEvent, Side
from protocols.scales.digits import is_zero
from protocols.scales.framed_codec import MORE, FramedCodec, describe_rejected
from protocols.scales.polled import ScaleCommand, StreamingScaleProtocol

IMPERIAL, HAS_TIMESTAMP, HAS_USER, HAS_BODY = 0x01, 0x02, 0x04, 0x08
RESERVED_FLAGS = 0xF0
UNSUCCESSFUL = 0xFFFF
UNKNOWN_USER = 0xFF
MEASUREMENT_BYTES_MAX = 15
MEASUREMENT_BYTES_MIN = 3
FEATURE_BYTES = 4
FEATURE_RESERVED = 0xFFFF_FC00
"""Bits 10 and up."""

_RESOLUTION = {"kg": Decimal("0.005"), "lb": Decimal("0.01")}
_FEATURE_RESOLUTIONS = {
    0: "not specified",
    1: "0.5 kg or 1 lb",
    2: "0.2 kg or 0.5 lb",
    3: "0.1 kg or 0.2 lb",
    4: "0.05 kg or 0.1 lb",
    5: "0.02 kg or 0.05 lb",
    6: "0.01 kg or 0.02 lb",
    7: "0.005 kg or 0.01 lb",
}
_HEIGHT_RESOLUTIONS = {0: "not specified", 1: "0.01 m or 1 in", 2: "0.005 m or 0.5 in", 3: "0.001 m or 0.1 in"}


class BleScaleOptions(BaseModel):
    """Settings of a profile for this protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["kg", "lb"] = Field("kg", description="Unit told while there is no measurement.")


@dataclass(frozen=True, slots=True)
class BleWeightRead(WeightRead):
    """``timestamp``: by the scale's own clock; ``person``: flags and bytes from the user on, for tools alone."""

    timestamp: datetime | None = None
    person: bytes = b""
    flags: int = 0


@dataclass(frozen=True, slots=True)
class BleFeatureRead(CodecEvent):
    """What the scale can do."""

    bits: int


class BleScaleCodec(FramedCodec):
    """Device to host. A value is whole with the bytes that its flags announce; four bytes without reserved bits are a
    feature."""

    frame_bytes_max = MEASUREMENT_BYTES_MAX

    def __init__(self, options: BleScaleOptions | None = None) -> None:
        super().__init__()
        self.unit: str = (options or BleScaleOptions()).unit

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        return None

    def cut(self, buffer: bytearray) -> int:
        if _may_be_feature(buffer) and len(buffer) <= FEATURE_BYTES:
            return MORE  # until the line is idle: next to no weight, or what the scale can do
        length = _length(buffer[0])
        return length if len(buffer) >= length else MORE

    def understand_message(self, message: bytes) -> CodecEvent:
        """One value: with the bytes that its flags announce, or four that are a feature."""
        if message and not message[0] & RESERVED_FLAGS and len(message) == _length(message[0]):
            return self.understand(message)
        return self.at_idle(message) or FrameRejected.of("not the bytes that its flags announce", message)

    def understand(self, frame: bytes) -> CodecEvent:
        flags, raw = frame[0], int.from_bytes(frame[1:3], "little")
        unit = "lb" if flags & IMPERIAL else "kg"
        place = MEASUREMENT_BYTES_MIN + (7 if flags & HAS_TIMESTAMP else 0)
        timestamp = _timestamp(frame[3:10]) if flags & HAS_TIMESTAMP else None
        person = frame[place:]
        if raw == UNSUCCESSFUL:
            return BleWeightRead(ScaleStatus.NOT_READY, None, unit, timestamp=timestamp, person=person, flags=flags)
        weight = _weight(raw, unit)
        # Such a scale sends only measurements that have come to an end.
        status = ScaleStatus.WEIGHT_ZERO if is_zero(weight) else ScaleStatus.STABLE_WEIGHT
        return BleWeightRead(status, weight, unit, timestamp=timestamp, person=person, flags=flags)

    def at_idle(self, rest: bytes) -> CodecEvent | None:
        if len(rest) == FEATURE_BYTES and _may_be_feature(rest):
            return BleFeatureRead(int.from_bytes(rest, "little"))
        if rest and not rest[0] & RESERVED_FLAGS and len(rest) == _length(rest[0]):
            return self.understand(rest)
        return None

    def flush(self) -> Sequence[CodecEvent]:
        return [
            FrameRejected(_reason(event.data), event.data, event.length) if isinstance(event, FrameRejected) else event
            for event in super().flush()
        ]


def _length(flags: int) -> int:
    return (
        MEASUREMENT_BYTES_MIN
        + (7 if flags & HAS_TIMESTAMP else 0)
        + (1 if flags & HAS_USER else 0)
        + (4 if flags & HAS_BODY else 0)
    )


def _may_be_feature(data: bytes | bytearray) -> bool:
    """So far: no reserved bit is set. A measurement of such bytes would be one of a few grams."""
    return not int.from_bytes(data[:FEATURE_BYTES], "little") & FEATURE_RESERVED


def _reason(data: bytes) -> str:
    wanted = MEASUREMENT_BYTES_MIN if len(data) < MEASUREMENT_BYTES_MIN else _length(data[0])
    return f"needs at least {wanted} bytes"


def _weight(raw: int, unit: str) -> str:
    """Exact: a number of steps of the characteristic's resolution. Two decimals, three where the third is not zero."""
    text = str(raw * _RESOLUTION[unit])
    return text[:-1] if unit == "kg" and text.endswith("0") else text


def _timestamp(data: bytes) -> datetime | None:
    """None: the scale does not know the time (zeros), or it is none."""
    try:
        return datetime(int.from_bytes(data[:2], "little"), *data[2:7])
    except ValueError:
        return None


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools; the only place where user, BMI and height are read."""
    match event:
        case FrameRejected():
            return describe_rejected(event)
        case BleWeightRead():
            return _describe_weight(event)
        case BleFeatureRead():
            return {
                "event": "feature_read",
                "characteristic": "2A9E",
                "timestamp": bool(event.bits & 1),
                "multi_user": bool(event.bits & 2),
                "bmi": bool(event.bits & 4),
                "weight_resolution": _FEATURE_RESOLUTIONS.get(event.bits >> 3 & 0x0F, "reserved"),
                "height_resolution": _HEIGHT_RESOLUTIONS.get(event.bits >> 7 & 0x07, "reserved"),
            }
    raise ValueError(f"{type(event).__name__}: no event of a Bluetooth scale")


def _describe_weight(event: BleWeightRead) -> JsonEvent:
    is_successful = event.weight is not None
    told: JsonEvent = {"event": "weight_read", "characteristic": "2A9D", "status": event.status.value}
    told |= {"weight": event.weight, "unit": event.unit, "stable": is_successful, "valid": True}
    told |= {"successful": is_successful, "imperial": bool(event.flags & IMPERIAL)}
    if not is_successful:
        told |= {"error": "measurement_unsuccessful", "unsuccessful": True}
    if event.timestamp is not None:
        told["timestamp"] = event.timestamp.isoformat()
    person = event.person
    if event.flags & HAS_USER:
        told["user_id"] = "unknown" if person[0] == UNKNOWN_USER else person[0]
        person = person[1:]
    if event.flags & HAS_BODY:
        height = int.from_bytes(person[2:4], "little")
        told["bmi"] = int.from_bytes(person[:2], "little") / 10
        told |= {"height_in": height / 10} if event.flags & IMPERIAL else {"height_m": height / 1000}
    return told


STREAM = StreamingScaleProtocol(BleScaleOptions, BleScaleCodec)
PROTOCOLS = {
    "scale/ble-181d": Decodable(
        device_to_host=Side(
            BleScaleCodec,
            examples=(
                b"\x00\xb0\x36",
                b"\x02\xb0\x36\xe7\x07\x0c\x19\x0e\x1e\x2d",
                b"\x0f\x54\x3d\xe7\x07\x0c\x19\x0e\x1e\x2d\x03\xf5\x00\xa8\x02",
                b"\x00\xff\xff",
            ),
            is_self_synchronising=False,
        ),
        describe=describe,
    )
}
