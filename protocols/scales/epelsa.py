"""Epelsa Eco: lines of text that the scale sends by itself.

::

    s SP PP.PPP CR LF           basic: sign (space or minus), weight; nothing says whether it is stable
    ESC S s PP.PPP CR LF        extended: S stable, U unstable (also under zero and too heavy)

Source: Epelsa Eco Multifunction manual, p. 33. 9600 baud, 8N1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.scales.digits import is_zero
from protocols.scales.framed_codec import describe_rejected, weight_json
from protocols.scales.line_codec import LineCodec
from protocols.scales.polled import ScaleCommand, StreamingScaleProtocol

LINE_BYTES_MAX = 24

_BASIC = re.compile(r"([ +-]) ([ 0-9]{1,2}[0-9]?\.[0-9]{3})")
_EXTENDED = re.compile(r"\x1bE?([SU])([ +-]?)([ 0-9]{1,2}\.[0-9]{3})")


class EpelsaOptions(BaseModel):
    """Settings of a profile for this protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["kg", "lb"] = Field("kg", description="Unit the scale is set to; the frame does not say.")


@dataclass(frozen=True, slots=True)
class EpelsaRead(WeightRead):
    """``is_stable`` None: the basic format does not say."""

    is_stable: bool | None = None


class EpelsaCodec(LineCodec):
    """Device to host."""

    frame_bytes_max = LINE_BYTES_MAX

    def __init__(self, options: EpelsaOptions | None = None) -> None:
        super().__init__()
        self.unit: str = (options or EpelsaOptions()).unit

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        return None

    def understand_line(self, line: str, frame: bytes) -> CodecEvent:
        if match := _EXTENDED.fullmatch(line):
            return self._read(match[2] or " ", match[3], is_stable=match[1] == "S")
        if match := _BASIC.fullmatch(line):
            return self._read(match[1], match[2], is_stable=None)
        return FrameRejected.of("no line of an Epelsa scale", frame)

    def _read(self, sign: str, digits: str, *, is_stable: bool | None) -> EpelsaRead:
        whole, _, fraction = digits.strip(" ").partition(".")
        weight = f"{whole.lstrip('0') or '0'}.{fraction}"
        is_negative = sign == "-" and not is_zero(weight)
        weight = f"-{weight}" if is_negative else weight
        if is_stable is False:
            status = ScaleStatus.WEIGHT_UNSTABLE
        elif is_negative:
            status = ScaleStatus.WEIGHT_UNDER_ZERO
        else:
            status = ScaleStatus.WEIGHT_ZERO if is_zero(weight) else ScaleStatus.STABLE_WEIGHT
        return EpelsaRead(status, weight, self.unit, None, is_stability_sent=is_stable is not None, is_stable=is_stable)


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools."""
    if isinstance(event, FrameRejected):
        return describe_rejected(event)
    told = weight_json(event) if isinstance(event, WeightRead) else event_json(event)
    if isinstance(event, EpelsaRead):
        told |= {"format": "basic" if event.is_stable is None else "extended", "unit_by_config": event.unit}
    return told


STREAM = StreamingScaleProtocol(EpelsaOptions, EpelsaCodec)
PROTOCOLS = {
    "scale/epelsa": Decodable(
        device_to_host=Side(
            EpelsaCodec,
            examples=(b"   1.235\r\n", b"-  0.120\r\n", b"\x1bS 01.235\r\n", b"\x1bU+01.235\r\n", b"\x1bU- 0.120\r\n"),
        ),
        describe=describe,
    )
}
