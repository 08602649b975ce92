"""Mettler L2: a unit price is sent, then the result is asked for until the scale has one.

::

    G00123 CR LF          unit price 1.23;  G00123T0123 CR LF: and a tare of 0.123
    D CR LF               the result, please; every 300 ms while the scale is busy
    WWWWW SP PPPPPP CR LF weight and price of the goods
    ACK CR LF             taken;  NAK CR LF: invalid, or not ready;  Enn CR LF: an error

Source: Ohaus Aviator 5000 service manual, p. 41. 2400 baud, 7O1.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.scales.digits import digits_of, implied, is_zero
from protocols.scales.framed_codec import describe_rejected, weight_json
from protocols.scales.line_codec import LineCodec
from protocols.scales.polled import ScaleCommand
from protocols.scales.price_dialogue import (
    Dialogue,
    Means,
    PricedRead,
    PriceRequest,
    PriceScaleProtocol,
    Step,
    Weighing,
)

ANSWER_S = 0.5
"""At 2400 baud a result alone takes 65 ms."""
ASK_AGAIN_S = 0.3
"""The scale wants to be asked no more often (manual, p. 41)."""
TRIES_MAX = 3
LINE_BYTES_MAX = 32
PRICE_DECIMALS, WEIGHT_DECIMALS = 2, 3
_ASK = b"D\r\n"

_RESULT = re.compile(r"([0-9]{5}) ([0-9]{6})")
_ERROR = re.compile(r"E ?([0-9A-Za-z]{0,4})")
_SET_PRICE = re.compile(r"G([0-9]{5})(?:T([0-9]{4}))?")

Error = Literal["invalid_or_not_ready", "error"]


class L2Options(BaseModel):
    """Settings of a profile for this protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["kg", "lb"] = Field("kg", description="Unit the scale is set to; the frame does not say.")
    weight_decimals: int = Field(WEIGHT_DECIMALS, ge=0, le=4, description="Decimals of a weight of five digits.")
    price_decimals: int = Field(PRICE_DECIMALS, ge=0, le=3, description="Decimals of prices.")


@dataclass(frozen=True, slots=True)
class L2Acknowledged(CodecEvent):
    """Initialised, or the price was taken."""


@dataclass(frozen=True, slots=True)
class L2Refused(CodecEvent):
    """NAK, or a line that starts with E. ``code``: what stood after the E."""

    error: Error
    code: str | None = None


@dataclass(frozen=True, slots=True)
class L2CommandRead(CodecEvent):
    """What a till sent."""

    command: str
    unit_price: str | None = None
    tare: str | None = None


class L2Codec(LineCodec):
    """Device to host."""

    frame_bytes_max = LINE_BYTES_MAX

    def __init__(self, options: L2Options | None = None) -> None:
        super().__init__()
        self._options = options or L2Options()

    def understand_line(self, line: str, frame: bytes) -> CodecEvent:
        if line == "\x06":
            return L2Acknowledged()
        if line == "\x15":
            return L2Refused("invalid_or_not_ready")
        if match := _RESULT.fullmatch(line):
            weight = implied(match[1], self._options.weight_decimals)
            price = implied(match[2], self._options.price_decimals)
            status = ScaleStatus.WEIGHT_ZERO if is_zero(weight) else ScaleStatus.STABLE_WEIGHT
            return PricedRead(status, weight, self._options.unit, price=price)
        if match := _ERROR.fullmatch(line):
            return L2Refused("error", match[1] or None)
        return FrameRejected.of("no answer of an L2 scale", frame)


class L2HostCodec(LineCodec):
    """Host to device."""

    frame_bytes_max = LINE_BYTES_MAX

    def understand_line(self, line: str, frame: bytes) -> CodecEvent:
        if line == "D":
            return L2CommandRead("request_weight")
        if match := _SET_PRICE.fullmatch(line):
            tare = implied(match[2], WEIGHT_DECIMALS) if match[2] else None
            return L2CommandRead("set_price", implied(match[1], PRICE_DECIMALS), tare)
        return FrameRejected.of("no command of an L2 scale", frame)


class L2Scale:
    """Implements ``protocols.scales.price_dialogue.PriceScale``."""

    def __init__(self, options: L2Options, means: Means) -> None:
        self.codec = L2Codec(options)
        self.unit: str = options.unit
        self._options = options

    def look(self) -> Dialogue:
        return self._look()

    def weigh(self) -> Dialogue | None:
        return None

    def price(self, request: PriceRequest) -> Dialogue:
        return self._price(self._price_line(request), request)

    def carry_out(self, command: ScaleCommand) -> Dialogue | None:
        return None

    def _look(self) -> Dialogue:
        """Any answer shows that it is there; what it weighs belongs to a price that is not known any more."""
        if (yield Step(_ASK, ANSWER_S)) is None:
            raise TimeoutError
        return Weighing(WeightRead(ScaleStatus.NOT_READY, None, self.unit))

    def _price(self, line: bytes, request: PriceRequest) -> Dialogue:
        yield from self._send_price(line)
        silent_count = 0
        while silent_count < TRIES_MAX:
            answer = yield Step(_ASK, ANSWER_S)
            if isinstance(answer, PricedRead):
                is_net = bool(request.tare)
                # The scale does not echo the unit price: what is told is what it took.
                read = PricedRead(
                    answer.status,
                    answer.weight,
                    answer.unit,
                    is_net,
                    unit_price=str(request.unit_price),
                    price=answer.price,
                )
                return Weighing(read, None if request.tare is None else str(request.tare))
            if isinstance(answer, L2Refused) and answer.error == "error":
                raise DeviceError(ErrorCode.DEVICE_ERROR, f"the scale answers with error {answer.code or 'E'}")
            silent_count = silent_count + 1 if answer is None else 0
            yield Step(wait_s=ASK_AGAIN_S, is_pause=True, status=ScaleStatus.WEIGHT_UNSTABLE)
        raise TimeoutError

    def _send_price(self, line: bytes) -> Generator[Step, CodecEvent | None, None]:
        """Some scales acknowledge the price, some only answer the next question."""
        for _ in range(TRIES_MAX):
            answer = yield Step(line, ASK_AGAIN_S)
            if not isinstance(answer, L2Refused):
                return
            if answer.error == "error":
                raise DeviceError(ErrorCode.INVALID_REQUEST, "the scale does not take this unit price or tare")
        raise DeviceError(ErrorCode.INVALID_REQUEST, f"the scale refused the unit price {TRIES_MAX} times (NAK)")

    def _price_line(self, request: PriceRequest) -> bytes:
        if request.unit_price is None:
            raise ValueError("unit_price is missing: this scale computes with the price it is sent")
        if request.text is not None:
            raise ValueError("text: this scale shows none")
        line = "G" + digits_of(request.unit_price, 5, self._options.price_decimals, "unit_price")
        if request.tare is not None:
            line += "T" + digits_of(request.tare, 4, self._options.weight_decimals, "tare")
        return f"{line}\r\n".encode("ascii")


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools."""
    if isinstance(event, FrameRejected):
        return describe_rejected(event)
    told = weight_json(event) if isinstance(event, WeightRead) else event_json(event)
    if isinstance(event, L2Acknowledged):
        told["ack"] = True
    elif isinstance(event, L2Refused):
        told["nak"] = event.error == "invalid_or_not_ready"
    elif isinstance(event, PricedRead):
        told |= {"stable": True, "total": event.price, "unit_by_config": event.unit}
    return told


PRICE_SCALE = PriceScaleProtocol(L2Options, L2Scale)
PROTOCOLS = {
    "scale/l2-mettler": Decodable(
        device_to_host=Side(L2Codec, examples=(b"01235 000246\r\n", b"\x06\r\n", b"\x15\r\n", b"E01\r\n")),
        host_to_device=Side(L2HostCodec, examples=(b"G00123\r\n", b"G00123T0123\r\n", b"D\r\n")),
        describe=describe,
    )
}
