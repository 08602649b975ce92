"""USB HID scale (usage page 0x8D): what its input reports say, and the report that sets it to zero.

The report that nearly all of them send is ``id 3, status, unit, exponent (int8), weight (uint16, low byte first)``.
Where the device gives a report descriptor, ``hid_8d_layout`` finds the same four values wherever they stand. The weight
is ``raw`` x 10^exponent, which moves the point and computes nothing. Status 5 (under zero) makes it negative.

The first report after opening may be from before; the driver drops it. Some scales sleep after three minutes and send
nothing more: they are still there, and what was shown has become too old to be told.
Source: USB HID Point of Sale Usage Tables 1.02, chapter 4; reports of Dymo scales (erjiang/usbscale).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.scales.digits import implied, is_zero
from protocols.scales.framed_codec import MORE, FramedCodec, describe_rejected, weight_json
from protocols.scales.hid_8d_layout import DEFAULT_LAYOUT, Layout
from protocols.scales.polled import ScaleCommand, StreamingScaleProtocol

EXPONENT_MAX = 9
"""No scale shows more than nine decimals, or tonnes by the thousand million; an exponent beyond is noise."""
CONTROL_REPORT_ID = 2
ENFORCED_ZERO_RETURN, ZERO_SCALE = 0x01, 0x02
ZERO_REPORT = bytes((CONTROL_REPORT_ID, ZERO_SCALE))

UNITS = ("mg", "g", "kg", "ct", "tael", "gr", "dwt", "t", "ton", "oz t", "oz", "lb")
"""From 1 on: usages 0x51 to 0x5C."""
STATUSES = {
    1: ("fault", ScaleStatus.NOT_READY),
    2: ("stable_at_zero", ScaleStatus.WEIGHT_ZERO),
    3: ("in_motion", ScaleStatus.WEIGHT_UNSTABLE),
    4: ("stable", ScaleStatus.STABLE_WEIGHT),
    5: ("under_zero", ScaleStatus.WEIGHT_UNDER_ZERO),
    6: ("over", ScaleStatus.WEIGHT_OVERWEIGHT),
    7: ("calibrate", ScaleStatus.NOT_READY),
    8: ("re_zero", ScaleStatus.NOT_READY),
}
"""Usages 0x71 to 0x78."""
UNDER_ZERO = 5


class HidScaleOptions(BaseModel):
    """Settings of a profile for this protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["kg", "g", "lb", "oz"] = Field("kg", description="Unit told while there is no report.")


@dataclass(frozen=True, slots=True)
class HidScaleRead(WeightRead):
    """``status_code`` and ``exponent``: as sent."""

    report_id: int = 0
    status_code: int = 0
    exponent: int = 0


@dataclass(frozen=True, slots=True)
class HidScaleControl(CodecEvent):
    """The control report that a host sent."""

    command: str


class HidScaleCodec(FramedCodec):
    """Input reports. ``layout``: where the values stand; of a device with a descriptor, ``layout_of(descriptor)``."""

    def __init__(self, options: HidScaleOptions | None = None, layout: Layout = DEFAULT_LAYOUT) -> None:
        super().__init__()
        self.unit: str = (options or HidScaleOptions()).unit
        self._layout = layout
        self.frame_bytes_max = layout.report_bytes

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        return ZERO_REPORT if command is ScaleCommand.ZERO else None

    def use_descriptor(self, descriptor: bytes) -> None:
        """What the device says of its reports; kept as it is where that says nothing of a scale."""
        self._layout = Layout.of(descriptor) or self._layout
        self.frame_bytes_max = self._layout.report_bytes

    def cut(self, buffer: bytearray) -> int:
        layout = self._layout
        if layout.report_id and buffer[0] != layout.report_id:
            return -1
        if len(buffer) < layout.report_bytes:
            return MORE
        values = layout.values(bytes(buffer))
        is_scale = values.status in STATUSES and (1 <= values.unit <= len(UNITS) or values.status not in (2, 4))
        return layout.report_bytes if is_scale else -1

    def understand_message(self, message: bytes) -> CodecEvent:
        """One input report. Bytes of padding behind it say nothing; one of another id is no weight."""
        layout = self._layout
        frame = message[: layout.report_bytes]
        if self.cut(bytearray(message)) == layout.report_bytes:
            return self.understand(frame)
        return FrameRejected.of("no report of a scale", message)

    def understand(self, frame: bytes) -> CodecEvent:
        values = self._layout.values(frame)
        _, status = STATUSES[values.status]
        if abs(values.exponent) > EXPONENT_MAX:
            return FrameRejected.of(f"exponent {values.exponent}; expected -{EXPONENT_MAX} to {EXPONENT_MAX}", frame)
        weight = _shifted(values.weight, values.exponent)
        if is_zero(weight) and status is ScaleStatus.STABLE_WEIGHT:
            status = ScaleStatus.WEIGHT_ZERO
        elif not is_zero(weight) and status is ScaleStatus.WEIGHT_ZERO:
            return FrameRejected.of(f"zero, it says, with a weight of {weight}", frame)
        is_negative = values.status == UNDER_ZERO and not is_zero(weight)
        return HidScaleRead(
            status,
            f"-{weight}" if is_negative else weight,
            UNITS[values.unit - 1] if 1 <= values.unit <= len(UNITS) else None,
            is_net=None,
            report_id=self._layout.report_id,
            status_code=values.status,
            exponent=values.exponent,
        )


class HidScaleControlCodec(FramedCodec):
    """Output or feature reports."""

    frame_bytes_max = 2

    def cut(self, buffer: bytearray) -> int:
        if buffer[0] != CONTROL_REPORT_ID:
            return -1
        if len(buffer) == 1:
            return MORE
        return 2 if buffer[1] in (ZERO_SCALE, ENFORCED_ZERO_RETURN) else -1

    def understand(self, frame: bytes) -> CodecEvent:
        return HidScaleControl("zero" if frame[1] == ZERO_SCALE else "enforced_zero_return")


def _shifted(raw: int, exponent: int) -> str:
    """``raw`` x 10^exponent as decimal text, by moving the point."""
    if exponent <= 0:
        return implied(str(raw), -exponent)
    return f"{raw}{'0' * exponent}" if raw else "0"


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools: the status under the name of the usage table, ours beside it."""
    if isinstance(event, FrameRejected):
        return describe_rejected(event)
    told = weight_json(event) if isinstance(event, WeightRead) else event_json(event)
    if isinstance(event, HidScaleRead):
        told |= {"status": STATUSES[event.status_code][0], "scale_status": event.status.value}
        told |= {"stable": event.status_code in (2, 4), "overload": event.status_code == 6}
    elif isinstance(event, HidScaleControl):
        told["report_id"] = CONTROL_REPORT_ID
    return told


STREAM = StreamingScaleProtocol(HidScaleOptions, HidScaleCodec)
PROTOCOLS = {
    "scale/hid-8d": Decodable(
        device_to_host=Side(
            HidScaleCodec,
            examples=(b"\x03\x02\x0b\xff\x00\x00", b"\x03\x04\x0c\xfe\xd7\x00", b"\x03\x05\x02\x00\x0a\x00"),
        ),
        host_to_device=Side(HidScaleControlCodec, examples=(ZERO_REPORT,)),
        describe=describe,
    )
}
