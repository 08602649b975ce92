"""TISA (Dibal, Epelsa, Baxtran): a price is sent, weight and total come back with a check character.

::

    98PPPPPC CR LF            unit price of five digits
    99SWWWWWEIIIIIIC CR LF    S 1: the weight was not stable in 7 s; weight; E 1: the total cannot be shown; total

C is the XOR of all characters before it. The scale answers only a stable weight that differs by 20 divisions or more of
the last one; else it answers after 7 seconds with S = 1. So it must not be asked without a reason: a question put in
between would use up the weighing that the till wants. Source: Dibal DPOS-400 manual; an exchange of a Dibal G310.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor
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

ANSWER_S = 8.0
"""The scale itself gives up after 7 s."""
LINE_BYTES_MAX = 32
PRICE_DECIMALS, WEIGHT_DECIMALS = 2, 3

_ANSWER = re.compile(r"99([01])([0-9]{5})([01])([0-9]{6})(.)")
_REQUEST = re.compile(r"98([0-9]{5})(.)")


class TisaOptions(BaseModel):
    """Settings of a profile for this protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["kg", "lb"] = Field("kg", description="Unit the scale is set to; the frame does not say.")
    weight_decimals: int = Field(WEIGHT_DECIMALS, ge=0, le=4, description="Decimals of a weight of five digits.")
    price_decimals: int = Field(PRICE_DECIMALS, ge=0, le=3, description="Decimals of prices.")


@dataclass(frozen=True, slots=True)
class TisaRead(PricedRead):
    """``is_price_wrong``: the total does not fit the display (E); ``check``: the check character as sent."""

    is_price_wrong: bool = False
    check: str = ""


@dataclass(frozen=True, slots=True)
class TisaPriceRead(CodecEvent):
    """What a till sent."""

    command: str
    unit_price: str
    check: str


class TisaCodec(LineCodec):
    """Device to host."""

    frame_bytes_max = LINE_BYTES_MAX

    def __init__(self, options: TisaOptions | None = None) -> None:
        super().__init__()
        self._options = options or TisaOptions()

    def understand_line(self, line: str, frame: bytes) -> CodecEvent:
        match = _ANSWER.fullmatch(line)
        if match is None:
            return FrameRejected.of("no answer of a TISA scale", frame)
        if check_of(line[:-1]) != match[5]:
            return FrameRejected.of("xor", frame)
        weight = implied(match[2], self._options.weight_decimals)
        is_stable = match[1] == "0"
        status = ScaleStatus.WEIGHT_ZERO if is_zero(weight) else ScaleStatus.STABLE_WEIGHT
        return TisaRead(
            status if is_stable else ScaleStatus.WEIGHT_UNSTABLE,
            weight,
            self._options.unit,
            is_net=None,
            price=implied(match[4], self._options.price_decimals),
            is_price_wrong=match[3] == "1",
            check=match[5],
        )


class TisaHostCodec(LineCodec):
    """Host to device."""

    frame_bytes_max = LINE_BYTES_MAX

    def understand_line(self, line: str, frame: bytes) -> CodecEvent:
        match = _REQUEST.fullmatch(line)
        if match is None:
            return FrameRejected.of("no request of a till", frame)
        if check_of(line[:-1]) != match[2]:
            return FrameRejected.of("xor", frame)
        return TisaPriceRead("request_weight", implied(match[1], PRICE_DECIMALS), match[2])


class TisaScale:
    """Implements ``protocols.scales.price_dialogue.PriceScale``."""

    def __init__(self, options: TisaOptions, means: Means) -> None:
        self.codec = TisaCodec(options)
        self.unit: str = options.unit
        self._options = options
        self._is_owed = False
        """A request was given up before its answer came: what comes next may be that answer, with another price."""

    def look(self) -> Dialogue | None:
        return None

    def weigh(self) -> Dialogue:
        return self._ask(None)

    def price(self, request: PriceRequest) -> Dialogue:
        if request.unit_price is None:
            raise ValueError("unit_price is missing: this scale computes with the price it is sent")
        if request.tare is not None or request.text is not None:
            raise ValueError("tare and text: this protocol has neither; key the tare in at the scale")
        return self._ask(digits_of(request.unit_price, 5, self._options.price_decimals, "unit_price"))

    def carry_out(self, command: ScaleCommand) -> Dialogue | None:
        return None

    def _ask(self, digits: str | None) -> Dialogue:
        """``digits`` of the unit price; None: only the weight, with the price zero."""
        if self._is_owed:
            yield Step(wait_s=ANSWER_S)
        self._is_owed = True
        body = f"98{digits or '00000'}"
        answer = yield Step(f"{body}{check_of(body)}\r\n".encode("ascii"), ANSWER_S, status=ScaleStatus.WEIGHT_UNSTABLE)
        self._is_owed = False
        if answer is None:
            raise TimeoutError
        if not isinstance(answer, TisaRead) or answer.status is ScaleStatus.WEIGHT_UNSTABLE:
            return Weighing(WeightRead(ScaleStatus.WEIGHT_UNSTABLE, None, self.unit))
        if digits is None:
            return Weighing(WeightRead(answer.status, answer.weight, answer.unit, None))
        if answer.is_price_wrong:
            raise DeviceError(
                ErrorCode.DEVICE_ERROR, "the scale cannot show the total: weight and unit price are too big"
            )
        # The scale does not echo the unit price: what is told is what it was sent.
        unit_price = implied(digits, self._options.price_decimals)
        return Weighing(
            PricedRead(answer.status, answer.weight, answer.unit, unit_price=unit_price, price=answer.price)
        )


def check_of(text: str) -> str:
    """The XOR of all characters, as a character."""
    return chr(reduce(xor, text.encode("ascii"), 0))


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools."""
    if isinstance(event, FrameRejected):
        return describe_rejected(event)
    told = weight_json(event) if isinstance(event, WeightRead) else event_json(event)
    if isinstance(event, TisaRead):
        is_stable = event.status is not ScaleStatus.WEIGHT_UNSTABLE
        del told["price_wrong"]
        told |= {"stable": is_stable, "error": not is_stable, "price_error": event.is_price_wrong}
        told |= {"total": event.price, "unit_by_config": event.unit, "valid": True}
    return told


PRICE_SCALE = PriceScaleProtocol(TisaOptions, TisaScale)
PROTOCOLS = {
    "scale/tisa": Decodable(
        device_to_host=Side(
            TisaCodec, examples=(b"9900031600000004\r\n", b"9900123500002465\r\n", b"9910123500000004\r\n")
        ),
        host_to_device=Side(TisaHostCodec, examples=(b"98001990\r\n", b"98000001\r\n")),
        describe=describe,
    )
}
