"""Mettler Toledo 8217 (and 8213, SASI, Brecknell and Rice Lake clones): what the scale answers.

::

    STX 01.235 CR      gross, kg (0WW.WW: lb); without the point the decimals are implied: kg 3, lb 2
    STX 01.235N CR     net
    STX 01.235   kg CR Brecknell: a unit of five characters after the weight; then without the point nothing is implied,
                       unless the profile says so (unit_decimals): 01235 g is not 1.235 g
    STX ? status CR    no weight now; status is a bit field (SASI: a letter of a list)
    STX CR             confidence test started;  STX E CR: echo mode, bare bytes follow

The frame has no checksum. What protects a weight: the number of its digits, the place of its point, and parity, which
is checked here where the port delivers it (7E1 read as 8N1: bit 7). Source: Mettler Toledo DIVA Service Manual, 6.1.4;
Brecknell 67XXU service manual, p. 71.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, JsonEvent, Side, escaped, event_json, reading_in_brief
from protocols.scales import toledo_8217_commands as commands
from protocols.scales.lines import is_parity_whole
from protocols.scales.polled import PolledScaleProtocol, ScaleCommand, WeightUnchanged
from protocols.scales.toledo_8217_status import Toledo8217Read, read_status

STX, CR, LF = 0x02, 0x0D, 0x0A
FRAME_BYTES_MAX = 20
"""STX, sign, 7 digits, point, 5 characters of unit, N, CR is 17; the rest is room for padding."""
NOISE_BYTES_MAX = 64
"""Bytes outside frames told as one event."""
DIGITS_MIN, DIGITS_MAX = 4, 7
DECIMALS = {"kg": 3, "lb": 2}
UNITS = {decimals: unit for unit, decimals in DECIMALS.items()}

_WEIGHT = re.compile(
    r"(?P<pad>[ ]*)(?P<sign>[+-]?)(?P<inner_pad>[ ]*)(?P<whole>[0-9]+)(?:\.(?P<fraction>[0-9]+))?"
    r"(?:(?P<net>N?)|(?P<net_before>N?)(?=.{5}N?$)[ ]*(?P<unit>[KkGgLlBbOoZz]{1,2})[ ]*(?P<net_after>N?))"
)


class Toledo8217Options(BaseModel):
    """Settings of a profile for this protocol. ``unit`` and ``weight_digits`` None: take it as it comes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["kg", "lb"] | None = Field("kg", description="Unit the scale is set to; the frame does not say.")
    weight_digits: int | None = Field(
        5, ge=DIGITS_MIN, le=DIGITS_MAX, description="Digits of a weight, leading zeros included (8213 in lb: 4)."
    )
    unit_decimals: Mapping[Literal["kg", "g", "lb", "oz"], Annotated[int, Field(ge=0, le=4)]] = Field(
        {}, description="Decimals of a weight without a point, by the unit named after it; others are rejected."
    )
    has_high_resolution: bool = Field(
        False, description="The model knows H (8213, Brecknell): one digit more than the display, only when asked."
    )
    status_codes: Literal["bits", "sasi"] = Field("bits", description="How the status byte is read; sasi: a list.")
    no_bit_status: Literal["not_ready", "unchanged"] = Field(
        "not_ready",
        description="A status without any bit; unchanged: from scales that send a weight once and then only this.",
    )


AS_SENT = Toledo8217Options(unit=None, weight_digits=None)
"""For tools that look at bytes of a scale they know nothing of."""


@dataclass(frozen=True, slots=True)
class EchoStarted(CodecEvent):
    """Answer to ``E``: from now on the scale sends back what it gets."""


@dataclass(frozen=True, slots=True)
class EchoRead(CodecEvent):
    """Bytes the scale sent back."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ConfidenceTestStarted(CodecEvent):
    """Answer to ``A``."""


class Toledo8217Codec:
    """Device to host. A new STX always starts a new frame: what stood before it is rejected."""

    def __init__(self, options: Toledo8217Options = AS_SENT) -> None:
        self._options = options
        self._decimals = DECIMALS[options.unit or "kg"]
        self._unit_decimals: Mapping[str, int] = {str(unit): count for unit, count in options.unit_decimals.items()}
        self._buffer = bytearray()
        self._is_in_frame = False
        self._is_after_frame = False
        self._is_echoing = False

    @property
    def unit(self) -> str:
        return self._options.unit or "kg"

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        if command is ScaleCommand.READ_HIGH_RESOLUTION and not self._options.has_high_resolution:
            return None
        return commands.encode(command, weight, self._decimals)

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._take(byte, events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._drop(events, "line went idle inside a frame")
        return events

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        character, was_after_frame = byte & 0x7F, self._is_after_frame
        self._is_after_frame = False
        if character == STX:
            self._drop(events, "new frame began inside a frame")
            self._is_in_frame, self._is_echoing = True, False
            self._buffer.append(byte)
        elif character == LF and was_after_frame:
            return  # some clones end a frame with CR LF
        elif not self._is_in_frame:
            self._buffer.append(byte)
            if len(self._buffer) == NOISE_BYTES_MAX or (character == CR and not self._is_echoing):
                self._drop(events, "")
        elif len(self._buffer) == FRAME_BYTES_MAX:
            self._drop(events, f"frame longer than {FRAME_BYTES_MAX} bytes")
            self._buffer.append(byte)
        else:
            self._buffer.append(byte)
            if character == CR:
                frame, self._is_in_frame, self._is_after_frame = bytes(self._buffer), False, True
                self._buffer.clear()
                events.append(self._understand(frame))

    def _drop(self, events: list[CodecEvent], reason_in_frame: str) -> None:
        """What is in the buffer is no whole frame."""
        data, was_in_frame = bytes(self._buffer), self._is_in_frame
        self._buffer.clear()
        self._is_in_frame = False
        if not data:
            return
        if self._is_echoing:
            events.append(EchoRead(bytes(byte & 0x7F for byte in data)))
        else:
            events.append(FrameRejected.of(reason_in_frame if was_in_frame else "bytes outside a frame", data))

    def _understand(self, frame: bytes) -> CodecEvent:
        if not is_parity_whole(frame):
            return FrameRejected.of("parity", frame)
        body = bytes(byte & 0x7F for byte in frame[1:-1]).decode("ascii")
        is_masked = any(byte & 0x80 for byte in frame)
        if body == "":
            return ConfidenceTestStarted()
        if body == "E":
            self._is_echoing = True
            return EchoStarted()
        if body.startswith("?"):
            return self._status(body, frame, is_masked)
        return self._weight(body, frame, is_masked)

    def _status(self, body: str, frame: bytes, is_masked: bool) -> CodecEvent:
        read = read_status(ord(body[1]), self._options.status_codes, is_masked) if len(body) == 2 else None
        if read is None:
            return FrameRejected.of("status is not one byte with bit 6 set, or not in the list", frame)
        return WeightUnchanged() if read.bits == 0 and self._options.no_bit_status == "unchanged" else read

    def _weight(self, body: str, frame: bytes, is_masked: bool) -> CodecEvent:
        match = _WEIGHT.fullmatch(body)
        if match is None:
            return FrameRejected.of("no weight", frame)
        fraction = match["fraction"]
        digits = len(match["pad"]) + len(match["inner_pad"]) + len(match["whole"]) + len(fraction or "")
        wanted = self._options.weight_digits or digits
        # A sign may stand in the place of the first digit.
        more = int(self._options.has_high_resolution and digits == wanted + 1)
        if digits - more not in {wanted, wanted - len(match["sign"])} or not DIGITS_MIN <= digits <= DIGITS_MAX:
            return FrameRejected.of(f"{digits} digits; expected {self._options.weight_digits or 'other'}", frame)
        sent_unit = match["unit"].lower() if match["unit"] else None
        if sent_unit not in {None, "kg", "g", "lb", "oz"}:
            return FrameRejected.of(f"unknown unit {sent_unit!r}", frame)
        # A scale set to lb sends two decimals: without this check its pounds would be sold as kilograms.
        if fraction is not None and sent_unit is None and self._options.unit and len(fraction) - more != self._decimals:
            return FrameRejected.of(f"{len(fraction)} decimals; {self.unit} has {self._decimals}", frame)
        decimals = self._decimals if sent_unit is None else self._unit_decimals.get(sent_unit)
        if fraction is None and decimals is None:
            return FrameRejected.of(f"names the unit {sent_unit} and has no point; set unit_decimals", frame)
        weight = _plain(match["whole"], fraction, (decimals or 0) + more)
        is_zero = not weight.strip("0.")
        is_negative = match["sign"] == "-" and not is_zero
        unit = (
            sent_unit or self._options.unit or UNITS.get(self._decimals if fraction is None else len(fraction) - more)
        )
        return Toledo8217Read(
            ScaleStatus.WEIGHT_ZERO
            if is_zero
            else ScaleStatus.WEIGHT_UNDER_ZERO
            if is_negative
            else ScaleStatus.STABLE_WEIGHT,
            weight=f"-{weight}" if is_negative else weight,
            unit=unit,
            is_net="N" in (match["net"], match["net_before"], match["net_after"]),
            is_unit_sent=sent_unit is not None,
            is_parity_masked=is_masked,
            is_high_resolution=bool(more),
            implied_decimals=(decimals or 0) + more if fraction is None else None,
        )


def _plain(whole: str, fraction: str | None, decimals: int) -> str:
    """Decimal text without leading zeros; the decimals as sent, or implied."""
    if fraction is None:
        padded = whole.zfill(decimals + 1)
        whole, fraction = padded[: len(padded) - decimals], padded[len(padded) - decimals :]
    return f"{whole.lstrip('0') or '0'}{'.' if fraction else ''}{fraction}"


def describe(event: CodecEvent) -> JsonEvent:
    """For ``decode``: rejected bytes also as escaped text; for reads see ``Toledo8217Read.describe``."""
    if isinstance(event, Toledo8217Read):
        return event.describe()
    described = event_json(event)
    if isinstance(event, FrameRejected):
        described["discard"] = escaped(event.data.decode("latin-1"))
    return described


SCALE = PolledScaleProtocol(Toledo8217Options, Toledo8217Codec)
PROTOCOLS = {
    "scale/toledo-8217": Decodable(
        device_to_host=Side(
            Toledo8217Codec,
            examples=(b"\x0201.235\r", b"\x02002.15N\r", b"\x0201235\r", b"\x0201.235   kg\r", b"\x02?A\r", b"\x02\r"),
        ),
        host_to_device=Side(
            commands.Toledo8217CommandCodec, examples=(b"W", b"Z", b"T\r", b"T00010\r", b"C", b"Ehello")
        ),
        describe=describe,
        brief=reading_in_brief,
    )
}
