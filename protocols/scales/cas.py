"""CAS (AP-1, SW-II, PD-II in its ECR type): enquiry, acknowledgement, then a block with weight, or weight and price.

::

    till ENQ - scale ACK (ready) or NAK (not)
    till DC1 - scale SOH STX STA SIGN weight unit BCC ETX EOT
    till DC2 - the same with unit price and total after the unit

STA: S stable, U unstable. SIGN: space, minus, or F (too heavy). The weight has six characters, in some firmware seven;
some firmware starts with 0x81. BCC is the XOR of STA to the last character before it. The unit price is keyed in at the
scale. Source: CAS AP-1 and SW-II manuals (RS-232 protocol); Ohaus Aviator service manual, p. 36. 9600 baud, 8N1.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import xor
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.scales.digits import implied, is_zero
from protocols.scales.framed_codec import MORE, FramedCodec, describe_rejected, weight_json
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

ACK, NAK = 0x06, 0x15
BLOCK_BYTES_MAX = 48
"""With two prices of eight characters a block has 32 bytes."""
ANSWER_S = 0.3
"""A block takes 20 ms at 9600 baud."""
TRIES_MAX = 2
"""Of a weight that is asked for, not of a poll: the next one comes soon anyway."""
PRICE_DECIMALS = 2

_COMMANDS = {0x05: "enquiry", 0x11: "send_weight", 0x12: "send_weight_and_price"}
_INSIDE = re.compile(rb"[\x01\x81](?:\x02[\x20-\x7e]*)?")
_BLOCK = re.compile(
    r"(?P<sta>[SU])(?P<sign>[ +F-])(?P<weight>[ 0-9]{1,5}(?:\.[0-9]{1,4})?)(?P<unit>[KkLlOo ][GgBbZz])"
    r"(?P<prices>[ 0-9.]*)"
)
_WEIGHT_CHARACTERS = (6, 7)


class CasOptions(BaseModel):
    """Settings of a profile for this protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["kg", "lb"] = Field("kg", description="Unit told while there is no weight; a weight brings its own.")
    price_decimals: int = Field(
        PRICE_DECIMALS, ge=0, le=3, description="Decimals of prices that are sent without a point."
    )


@dataclass(frozen=True, slots=True)
class CasAnswerRead(CodecEvent):
    """ACK or NAK."""

    is_ready: bool


@dataclass(frozen=True, slots=True)
class CasRead(PricedRead):
    """``is_stable``: as STA says, whatever SIGN says."""

    is_stable: bool = True
    is_start_high: bool = False


@dataclass(frozen=True, slots=True)
class CasCommandRead(CodecEvent):
    """What a till sent."""

    command: str


class CasCodec(FramedCodec):
    """Device to host."""

    frame_bytes_max = BLOCK_BYTES_MAX

    def __init__(self, options: CasOptions | None = None) -> None:
        super().__init__()
        self._options = options or CasOptions()

    def cut(self, buffer: bytearray) -> int:
        if buffer[0] in (ACK, NAK):
            return 1
        inside = _INSIDE.match(buffer)
        if inside is None or (inside.end() == 1 and len(buffer) > 1):
            return -1
        # BCC may be any character: a printable one looks like content, any other stands before ETX EOT.
        tail = bytes(buffer[inside.end() :])
        if tail == b"\x03\x04" or (len(tail) == 3 and tail.endswith(b"\x03\x04")):
            return len(buffer)
        return MORE if len(tail) <= 1 or (len(tail) == 2 and tail[1] == 0x03) else -1

    def understand(self, frame: bytes) -> CodecEvent:
        if len(frame) == 1:
            return CasAnswerRead(frame[0] == ACK)
        body, bcc = frame[2:-3], frame[-3]
        if bcc_of(body) != bcc:
            return FrameRejected.of("bcc", frame)
        match = _BLOCK.fullmatch(body.decode("ascii"))
        if match is None or len(match["weight"]) not in _WEIGHT_CHARACTERS:
            return FrameRejected.of("no block of a CAS scale", frame)
        prices = self._prices(match["prices"])
        if prices is None:
            return FrameRejected.of("prices are not two numbers of one length", frame)
        return self._read(match, prices, is_start_high=frame[0] == 0x81)

    def _read(self, match: re.Match[str], prices: tuple[str | None, str | None], *, is_start_high: bool) -> CasRead:
        is_stable, unit = match["sta"] == "S", match["unit"].strip(" ").lower()
        weight: str | None = _plain(match["weight"])
        is_negative = match["sign"] == "-" and weight is not None and not is_zero(weight)
        if match["sign"] == "F":
            status, weight = ScaleStatus.WEIGHT_OVERWEIGHT, None
        elif weight is None:
            status = ScaleStatus.NOT_READY
        elif not is_stable:
            status = ScaleStatus.WEIGHT_UNSTABLE
        elif is_negative:
            status = ScaleStatus.WEIGHT_UNDER_ZERO
        else:
            status = ScaleStatus.WEIGHT_ZERO if is_zero(weight) else ScaleStatus.STABLE_WEIGHT
        return CasRead(
            status,
            f"-{weight}" if is_negative else weight,
            unit,
            is_net=None,
            unit_price=prices[0],
            price=prices[1],
            is_stable=is_stable,
            is_start_high=is_start_high,
        )

    def _prices(self, text: str) -> tuple[str | None, str | None] | None:
        """Unit price and total; None: the characters are something else."""
        if not text:
            return (None, None)
        half, odd = divmod(len(text), 2)
        unit_price, total = (self._price(part) for part in (text[:half], text[half:]))
        return None if odd or unit_price is None or total is None else (unit_price, total)

    def _price(self, text: str) -> str | None:
        plain = _plain(text)
        return plain if plain is None or "." in plain else implied(plain, self._options.price_decimals)


class CasHostCodec(FramedCodec):
    """Host to device."""

    frame_bytes_max = 1

    def cut(self, buffer: bytearray) -> int:
        return 1 if buffer[0] in _COMMANDS else -1

    def understand(self, frame: bytes) -> CodecEvent:
        return CasCommandRead(_COMMANDS[frame[0]])


class CasScale:
    """Implements ``protocols.scales.price_dialogue.PriceScale``."""

    def __init__(self, options: CasOptions, means: Means) -> None:
        self.codec = CasCodec(options)
        self.unit: str = options.unit

    def look(self) -> Dialogue:
        return self._weigh(tries=1)

    def weigh(self) -> Dialogue:
        return self._weigh(tries=TRIES_MAX)

    def price(self, request: PriceRequest) -> Dialogue:
        if request.tare is not None or request.text is not None:
            raise ValueError("tare and text: this protocol has neither; key the tare in at the scale")
        return self._price(request.unit_price)

    def carry_out(self, command: ScaleCommand) -> Dialogue | None:
        return None

    def _weigh(self, tries: int) -> Dialogue:
        return Weighing((yield from self._block(b"\x11", tries)))

    def _price(self, unit_price: Decimal | None) -> Dialogue:
        read = yield from self._block(b"\x12", TRIES_MAX)
        if isinstance(read, CasRead) and read.status in {ScaleStatus.STABLE_WEIGHT, ScaleStatus.WEIGHT_ZERO}:
            if read.unit_price is None:
                raise DeviceError(ErrorCode.UNSUPPORTED, "the scale sends no price")
            if unit_price is not None and Decimal(read.unit_price) != unit_price:
                raise DeviceError(
                    ErrorCode.DEVICE_ERROR,
                    f"the scale computed with its own unit price {read.unit_price}, not with {unit_price}: "
                    "key the price in at the scale",
                )
        return Weighing(read)

    def _block(self, request: bytes, tries: int) -> Generator[Step, CodecEvent | None, WeightRead]:
        for _ in range(tries):
            answer = yield Step(b"\x05", ANSWER_S)
            if answer == CasAnswerRead(is_ready=False):
                return WeightRead(ScaleStatus.NOT_READY, None, self.unit)
            # A block that comes now was asked for before, and is as old as that question.
            read = (yield Step(request, ANSWER_S)) if answer == CasAnswerRead(is_ready=True) else None
            if isinstance(read, CasRead):
                return read
        raise TimeoutError


def _plain(text: str) -> str | None:
    """Decimal text without padding; None: no number."""
    whole, point, fraction = text.strip(" ").partition(".")
    if not whole.isdecimal() or (point and not fraction.isdecimal()):
        return None
    return f"{whole.lstrip('0') or '0'}{point}{fraction}"


def bcc_of(data: bytes) -> int:
    return reduce(xor, data, 0)


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools."""
    match event:
        case FrameRejected():
            return describe_rejected(event)
        case CasAnswerRead():
            word = "ack" if event.is_ready else "nak"
            return {"event": "answer_read", word: True, "ready": event.is_ready, "status": word}
        case CasRead():
            told = weight_json(event)
            del told["start_high"]
            is_over = event.status is ScaleStatus.WEIGHT_OVERWEIGHT
            told |= {"overload": is_over, "bcc_ok": True} | ({"weight": None} if is_over else {})
            return told if event.price is None else told | {"total": event.price}
    return event_json(event)


PRICE_SCALE = PriceScaleProtocol(CasOptions, CasScale)
PROTOCOLS = {
    "scale/cas": Decodable(
        device_to_host=Side(
            CasCodec,
            examples=(
                b"\x06",
                b"\x15",
                b"\x01\x02S 01.235kgd\x03\x04",
                b"\x01\x02SF00.000kg\x07\x03\x04",
                b"\x81\x02S 001.235kgT\x03\x04",
            ),
        ),
        host_to_device=Side(CasHostCodec, examples=(b"\x05", b"\x11", b"\x12")),
        describe=describe,
    )
}
