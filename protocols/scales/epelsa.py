"""Epelsa Eco: lines of text that the scale sends by itself.

::

    s SP PP.PPP CR LF           basic: sign (space or minus), weight; nothing says whether it is stable; some have
                                a blank in front
    ESC S s PP.PPP CR LF        extended: S stable, U unstable (also under zero and too heavy); some have an E before
                                it and no sign

Of an extended line one is believed only where the profile says whether a sign is sent (``has_sign``): otherwise a lost
minus, or a lost digit, would be another weight.

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

_BASIC = re.compile(r" ?([ +-]) ([ 0-9]{1,2}[0-9]?\.[0-9]{3})")
_EXTENDED = re.compile(r"\x1bE?([SU])([ +-]?)([ 0-9]?[0-9]\.[0-9]{3})")
WEIGHT_CHARS = 6


class EpelsaOptions(BaseModel):
    """Settings of a profile for this protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["kg", "lb"] = Field("kg", description="Unit the scale is set to; the frame does not say.")
    has_sign: bool | None = Field(
        None,
        description="An extended line has a column for the sign; null: not known, and a weight is believed when two "
        "lines in a row are equal.",
    )


@dataclass(frozen=True, slots=True)
class EpelsaRead(WeightRead):
    """``is_stable`` None: the basic format does not say."""

    is_stable: bool | None = None


class EpelsaCodec(LineCodec):
    """Device to host."""

    frame_bytes_max = LINE_BYTES_MAX

    def __init__(self, options: EpelsaOptions | None = None) -> None:
        super().__init__()
        self._options = options or EpelsaOptions()
        self.unit: str = self._options.unit

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        return None

    def understand_line(self, line: str, frame: bytes) -> CodecEvent:
        if match := _EXTENDED.fullmatch(line):
            if self._is_in_its_columns(match[2], match[3]):
                return self._read(match[2] or " ", match[3], is_stable=match[1] == "S")
            return FrameRejected.of("sign and number are not in their columns", frame)
        if match := _BASIC.fullmatch(line):
            return self._read(match[1], match[2], is_stable=None)
        return FrameRejected.of("no line of an Epelsa scale", frame)

    def _is_in_its_columns(self, sign: str, digits: str) -> bool:
        has_sign = self._options.has_sign
        return has_sign is None or (bool(sign) == has_sign and len(digits) == WEIGHT_CHARS)

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
        is_proof = is_stable is not None and self._options.has_sign is not None
        return EpelsaRead(status, weight, self.unit, None, is_stability_sent=is_proof, is_stable=is_stable)


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
