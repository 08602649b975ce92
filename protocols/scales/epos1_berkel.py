"""EPOS 1 (Berkel, Avery): a weight is asked for, sent, echoed by the till, and confirmed by the scale.

::

    till ENQ - scale ACK (there is a weight), CAN (weigh again), NAK, NUL (none)
    till DC1 - scale STX ID W5..W1 BCC ETX - till echoes it - scale CR (the echo is right) or ACK (it is not)
    till STX Z NUL*5 BCC ETX: zero;  N: tare

ID: bits 0 to 2 capacity (1: 15 kg in 0.005, 2: 30 lb in 0.01, 3: 6 kg in 0.002), bit 4 under or over the range, bit 6 a
capacity of another market. BCC is the XOR of ID to W1. The manuals print BCC after ETX in the Z and N commands: both
orders are read. It computes no price. Source: Ohaus Aviator service manual, 6.1.2; Mettler Toledo DIVA service manual,
6.1.5. 2400 baud, 7E1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.scales.digits import implied, is_zero
from protocols.scales.framed_codec import MORE, FramedCodec, describe_rejected, weight_json
from protocols.scales.polled import ScaleCommand
from protocols.scales.price_dialogue import Dialogue, Means, PriceRequest, PriceScaleProtocol, Step, Weighing

STX, ETX = 0x02, 0x03
FRAME_BYTES = 9
ANSWER_S = 0.5
"""A frame takes 40 ms at 2400 baud; the weighing cell answers with its next reading."""
TRIES_MAX = 2
"""Of a weight that is asked for, not of a poll: the next one comes soon anyway."""
OUT_OF_RANGE, OTHER_MARKET = 0x10, 0x40
CAPACITIES = {1: ("15 kg", "kg", 3), 2: ("30 lb", "lb", 2), 3: ("6 kg", "kg", 3)}
"""Bits 0 to 2 of ID: capacity, unit, decimals of the weight."""

_ANSWERS = {
    0x06: "data_available",
    0x18: "repeat_weighing",
    0x15: "no_acknowledgement",
    0x00: "no_data",
    0x0D: "confirmed",
}
_COMMANDS = {0x05: "poll", 0x11: "request_data"}
_WEIGHT = re.compile(rb"\x02(?:[\x20-\x7f](?:[0-9]{0,4}|[0-9]{5}(?:[\x00-\x7f]\x03?)?))?")
_ZERO = b"\x02Z\x00\x00\x00\x00\x00Z\x03"
_TARE = b"\x02N\x00\x00\x00\x00\x00N\x03"
_EFFECTS = {b"Z": "zero", b"N": "tare"}


class EposOptions(BaseModel):
    """Settings of a profile for this protocol: for scales whose ID does not name one of the known capacities."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["kg", "lb"] = Field("kg", description="Unit of a capacity that the protocol does not list.")
    weight_decimals: int = Field(3, ge=0, le=4, description="Decimals of a weight of such a capacity.")


@dataclass(frozen=True, slots=True)
class EposAnswerRead(CodecEvent):
    """One of the single characters."""

    answer: str


@dataclass(frozen=True, slots=True)
class EposWeightRead(WeightRead):
    """``frame``: as it came, to be echoed; ``capacity`` None: not in the list, unit and decimals are configured."""

    frame: bytes = b""
    id: int = 0
    capacity: str | None = None


@dataclass(frozen=True, slots=True)
class EposCommandRead(CodecEvent):
    """What a till sent. ``echo``: of an echo, the weight in it."""

    command: str
    echo: str | None = None


class EposCodec(FramedCodec):
    """Device to host."""

    frame_bytes_max = FRAME_BYTES

    def __init__(self, options: EposOptions | None = None) -> None:
        super().__init__()
        self._options = options or EposOptions()

    def cut(self, buffer: bytearray) -> int:
        return 1 if buffer[0] in _ANSWERS else cut_weight(buffer)

    def understand(self, frame: bytes) -> CodecEvent:
        if len(frame) == 1:
            return EposAnswerRead(_ANSWERS[frame[0]])
        if bcc_of(frame[1:7]) != frame[7]:
            return FrameRejected.of("bcc", frame)
        capacity, unit, decimals = CAPACITIES.get(
            frame[1] & 0x07, (None, self._options.unit, self._options.weight_decimals)
        )
        weight = implied(frame[2:7].decode("ascii"), decimals)
        if frame[1] & OUT_OF_RANGE:
            # The protocol does not say on which side; in either case there is nothing that could be sold.
            status = ScaleStatus.NOT_READY
        else:
            status = ScaleStatus.WEIGHT_ZERO if is_zero(weight) else ScaleStatus.STABLE_WEIGHT
        return EposWeightRead(status, weight, unit, is_net=None, frame=frame, id=frame[1], capacity=capacity)


class EposHostCodec(FramedCodec):
    """Host to device."""

    frame_bytes_max = FRAME_BYTES

    def cut(self, buffer: bytearray) -> int:
        if buffer[0] in _COMMANDS:
            return 1
        head = bytes(buffer[:7])
        if head[1:2] in _EFFECTS and any(head == frame[: len(head)] for frame in (_ZERO, _TARE)):
            letter = head[1:2]
            tail = bytes(buffer[7:])
            if tail in {letter + b"\x03", b"\x03" + letter}:
                return FRAME_BYTES
            if tail in {b"", letter, b"\x03"}:
                return MORE
        return cut_weight(buffer)

    def understand(self, frame: bytes) -> CodecEvent:
        if len(frame) == 1:
            return EposCommandRead(_COMMANDS[frame[0]])
        if frame[2:7] == bytes(5):
            return EposCommandRead(_EFFECTS[frame[1:2]])
        if bcc_of(frame[1:7]) != frame[7]:
            return FrameRejected.of("bcc", frame)
        return EposCommandRead("echo", frame[2:7].decode("ascii"))


class EposScale:
    """Implements ``protocols.scales.price_dialogue.PriceScale``."""

    def __init__(self, options: EposOptions, means: Means) -> None:
        self.codec = EposCodec(options)
        self.unit: str = options.unit

    def look(self) -> Dialogue:
        return self._weigh(tries=1)

    def weigh(self) -> Dialogue:
        return self._weigh(tries=TRIES_MAX)

    def price(self, request: PriceRequest) -> Dialogue | None:
        return None

    def carry_out(self, command: ScaleCommand) -> Dialogue | None:
        frames = {ScaleCommand.ZERO: _ZERO, ScaleCommand.TARE: _TARE}
        return self._send(frames[command]) if command in frames else None

    def _weigh(self, tries: int) -> Dialogue:
        for _ in range(tries):
            answer = yield Step(b"\x05", ANSWER_S)
            if answer is None:
                continue
            if answer != EposAnswerRead("data_available"):
                return self._no_weight(answer)
            read = yield Step(b"\x11", ANSWER_S)
            if isinstance(read, EposWeightRead):
                verdict = yield Step(read.frame, ANSWER_S)
                if verdict == EposAnswerRead("confirmed"):
                    return Weighing(WeightRead(read.status, read.weight, read.unit, None))
            elif read is not None:
                return self._no_weight(read)
        raise TimeoutError

    def _send(self, frame: bytes) -> Dialogue:
        """Zero or tare; whether it was done shows in the weight after it."""
        yield Step(frame, ANSWER_S)
        return (yield from self._weigh(tries=TRIES_MAX))

    def _no_weight(self, answer: CodecEvent) -> Weighing:
        is_moving = answer == EposAnswerRead("repeat_weighing")
        return Weighing(
            WeightRead(ScaleStatus.WEIGHT_UNSTABLE if is_moving else ScaleStatus.NOT_READY, None, self.unit)
        )


def cut_weight(buffer: bytearray) -> int:
    """``STX ID W5..W1 BCC ETX`` at the start, as ``FramedCodec.cut`` says it."""
    if (match := _WEIGHT.fullmatch(buffer)) is None:
        return -1
    return FRAME_BYTES if match.end() == FRAME_BYTES else MORE


def bcc_of(data: bytes) -> int:
    return reduce(xor, data, 0)


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools. ACK means one thing after ENQ and another after the echo: both are told."""
    match event:
        case FrameRejected():
            return describe_rejected(event)
        case EposAnswerRead():
            told: JsonEvent = {"event": "answer_read", "answer": event.answer, "status": event.answer}
            return told | {word: word == event.answer for word in _ANSWERS.values()}
        case EposWeightRead():
            told = weight_json(event)
            told |= {"id": f"0x{event.id:02X}", "bcc": f"0x{event.frame[7]:02X}", "bcc_ok": True, "valid": True}
            told |= {"capacity_class": event.id & 0x07, "under_or_over": bool(event.id & OUT_OF_RANGE)}
            told |= {"stable": not event.id & OUT_OF_RANGE, "other_market": bool(event.id & OTHER_MARKET)}
            return told | ({"unit_by_config": event.unit} if event.capacity is None else {})
        case EposCommandRead(command="echo"):
            expects = "CR (confirmed) or ACK (not confirmed)"
            return {
                "event": "echo_read",
                "command": "echo",
                "echo_of": "epos-weight",
                "digits": event.echo,
                "expects": expects,
            }
    return event_json(event)


PRICE_SCALE = PriceScaleProtocol(EposOptions, EposScale)
PROTOCOLS = {
    "scale/epos1-berkel": Decodable(
        device_to_host=Side(
            EposCodec,
            examples=(
                b"\x02)01235\x1c\x03",
                b"\x02@01235u\x03",
                b"\x02900000\x09\x03",
                b"\x06",
                b"\x18",
                b"\x15",
                b"\x00",
                b"\x0d",
            ),
        ),
        host_to_device=Side(EposHostCodec, examples=(b"\x05", b"\x11", b"\x02@01235u\x03", _ZERO, _TARE)),
        describe=describe,
    )
}
