"""Toledo continuous: a scale that sends some ten frames a second by itself (Jaguar, 8142, 8530, IND445, many others).

::

    STX SWA SWB SWC wwwwww tttttt CR [CHK]      weight and tare, six digits each, no point
    STX SWA SWB SWC wwwwww CR [CHK]             the short form

SWA: bits 0-2 place of the point (2: none, 3: one decimal ... 7: five; 1: x10, 0: x100), bits 3-4 division (1, 2, 5).
SWB: 0 net, 1 negative, 2 out of range, 3 motion, 4 kg (else lb), 6 not zeroed since power-up.
SWC: 0-2 unit (0: as SWB says, then g, t, oz, ozt, dwt, ton, own), 3 print key, 4 ten times the resolution.
CHK: two's complement of the sum of the seven-bit bytes from STX to CR. The three words always have bit 5, so that no
byte inside a frame looks like its ends.

Sources: Mettler Toledo Jaguar, Wildcat (12/00, appendix 2) and IND445 (22013194B, 5.2) manuals; Kern FTC manual, 5.2;
Cardinal 225 manual, p. 118 (the short form).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LetterCommandCodec
from protocols.scales.line_events import LineRead, describe
from protocols.scales.lines import LineOptions, decimal_text, is_parity_whole
from protocols.scales.polled import ScaleCommand, StreamingScaleProtocol

STX, CR = 0x02, 0x0D
LONG_BYTES, SHORT_BYTES = 17, 11
"""STX to CR."""
UNCHECKED_MAX = 3
"""Frames in a row with nothing behind them, after which a checksum that was seen once was noise."""
NOISE_BYTES_MAX = 64
"""Bytes outside frames told as one event."""

NET, NEGATIVE, OUT_OF_RANGE, MOTION, IS_KG, NOT_ZEROED = 0x01, 0x02, 0x04, 0x08, 0x10, 0x40
PRINT, EXPANDED = 0x08, 0x10
ALWAYS_SET = 0x20
DIVISIONS = {1: 1, 2: 2, 3: 5}
UNITS = {1: "g", 2: "t", 3: "oz", 4: "ozt", 5: "dwt", 6: "ton", 7: "custom"}
NO_DECIMALS = 2

COMMANDS = {"P": "print", "T": "tare", "Z": "zero", "C": "clear_tare", "S": "send", "U": "next_unit"}
COMMAND_ENDS = {"none": b"", "cr": b"\r", "crlf": b"\r\n"}


class ToledoContinuousOptions(LineOptions):
    """Settings of a profile for this protocol."""

    checksum: Literal["none", "sent", "auto"] = Field(
        "none",
        description="none: not known; once a right one was seen, frames without are rejected; sent: they always are; "
        "auto: for tools, told when the next frame begins.",
    )
    command_end: Literal["none", "cr", "crlf"] = Field("none", description="What follows the letter of a command.")


AS_SENT = ToledoContinuousOptions(checksum="auto")


class ToledoContinuousCodec:
    """Scale to host. A new STX always starts a new frame."""

    def __init__(self, options: ToledoContinuousOptions = AS_SENT) -> None:
        self._options = options
        self._buffer = bytearray()
        self._is_in_frame = False
        self._whole: bytes | None = None
        self._passed_over: int | None = None
        self._is_learnt = False
        self._unchecked_count = 0

    @property
    def unit(self) -> str:
        return self._options.unit

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        letters = {ScaleCommand.ZERO: b"Z", ScaleCommand.TARE: b"T", ScaleCommand.CLEAR_TARE: b"C"}
        if weight is not None or command not in letters:
            return None
        return letters[command] + COMMAND_ENDS[self._options.command_end]

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._take(byte, events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._end_without_checksum(events)
        self._passed_over = None
        self._drop(events, "line went idle inside a frame")
        return events

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        if self._whole is not None and self._take_checksum(byte, events):
            return
        character, passed_over = byte & 0x7F, self._passed_over
        self._passed_over = None
        if character == STX:
            self._drop(events, "new frame began inside a frame")
            self._is_in_frame = True
            self._buffer.append(byte)
        elif character == passed_over:
            self._is_learnt = True
        elif not self._is_in_frame:
            self._buffer.append(byte)
            if len(self._buffer) == NOISE_BYTES_MAX:
                self._drop(events, "")
        else:
            self._buffer.append(byte)
            if character == CR:
                self._end(events)
            elif len(self._buffer) == LONG_BYTES:
                self._drop(events, f"no CR after {LONG_BYTES} bytes")

    def _end(self, events: list[CodecEvent]) -> None:
        if len(self._buffer) not in (LONG_BYTES, SHORT_BYTES):
            self._drop(events, f"frame of {len(self._buffer)} bytes; expected {LONG_BYTES} or {SHORT_BYTES}")
            return
        frame, self._is_in_frame = bytes(self._buffer), False
        self._buffer.clear()
        if self._options.checksum == "none" and not self._is_learnt:
            events.append(_understand(frame, is_checked=None))
            self._passed_over = checksum_of(frame)
        else:
            self._whole = frame

    def _take_checksum(self, byte: int, events: list[CodecEvent]) -> bool:
        """The byte after a frame. False: it is no checksum but belongs to what follows."""
        frame = self._whole or b""
        if byte & 0x7F == checksum_of(frame):
            self._whole = None
            self._unchecked_count = 0
            events.append(_understand(frame, is_checked=True))
            return True
        if byte & 0x7F == STX:
            self._end_without_checksum(events)
            return False
        self._whole = None
        events.append(FrameRejected.of("checksum", frame + bytes((byte,))))
        return True

    def _end_without_checksum(self, events: list[CodecEvent]) -> None:
        frame, self._whole = self._whole, None
        if frame is None:
            return
        is_wanted = self._options.checksum == "sent" or self._is_learnt
        self._unchecked_count += 1
        if self._unchecked_count == UNCHECKED_MAX:
            self._is_learnt, self._unchecked_count = False, 0
        events.append(FrameRejected.of("no checksum", frame) if is_wanted else _understand(frame, is_checked=None))

    def _drop(self, events: list[CodecEvent], reason_in_frame: str) -> None:
        data, was_in_frame = bytes(self._buffer), self._is_in_frame
        self._buffer.clear()
        self._is_in_frame = False
        if data:
            events.append(FrameRejected.of(reason_in_frame if was_in_frame else "bytes outside a frame", data))


def checksum_of(frame: bytes) -> int:
    """The byte that makes the sum of all zero in seven bits."""
    return -sum(byte & 0x7F for byte in frame) & 0x7F


def _understand(frame: bytes, *, is_checked: bool | None) -> CodecEvent:
    if not is_parity_whole(frame):
        return FrameRejected.of("parity", frame)
    bare = bytes(byte & 0x7F for byte in frame)
    word_a, word_b, word_c = bare[1:4]
    if not word_a & word_b & word_c & ALWAYS_SET:
        return FrameRejected.of("status word without bit 5", frame)
    fields = [bare[4:10].decode("ascii"), *([bare[10:16].decode("ascii")] if len(bare) == LONG_BYTES else [])]
    place, division = word_a & 0x07, DIVISIONS.get(word_a >> 3 & 0x03)
    texts = [_decimal(field, place) for field in fields]
    is_blank = bool(word_b & OUT_OF_RANGE)
    if texts[0] is None and not is_blank:
        return FrameRejected.of("no weight", frame)
    weight = None if texts[0] is None else decimal_text("-" if word_b & NEGATIVE else "", texts[0])
    return _read(weight, texts[1] if len(texts) > 1 else None, division, place, word_b, word_c, is_checked)


def _read(
    weight: str | None,
    tare: str | None,
    division: int | None,
    place: int,
    word_b: int,
    word_c: int,
    is_checked: bool | None,
) -> LineRead:
    told: dict[str, Any] = {"motion": bool(word_b & MOTION), "negative": bool(word_b & NEGATIVE)}
    told |= {name: True for name, bit in (("print_requested", PRINT), ("expanded", EXPANDED)) if word_c & bit}
    if is_checked is not None:
        told["checksum_valid"] = is_checked
    if word_b & OUT_OF_RANGE:
        told |= {"out_of_range": True, "underload" if word_b & NEGATIVE else "overload": True}
    if word_b & NOT_ZEROED:
        told["not_zeroed"] = True
    return LineRead(
        _status(weight, word_b, word_c),
        weight,
        UNITS.get(word_c & 0x07, "kg" if word_b & IS_KG else "lb"),
        bool(word_b & NET),
        tare=None if tare is None else decimal_text("", tare),
        resolution=None if division is None else _scaled(division, place),
        is_stable=not word_b & MOTION,
        told=told,
    )


def _status(weight: str | None, word_b: int, word_c: int) -> ScaleStatus:
    """Motion first: over and under are momentary while the plate moves."""
    if word_b & MOTION:
        return ScaleStatus.WEIGHT_UNSTABLE
    if word_b & OUT_OF_RANGE:
        return ScaleStatus.WEIGHT_UNDER_ZERO if word_b & NEGATIVE else ScaleStatus.WEIGHT_OVERWEIGHT
    if word_b & NOT_ZEROED or word_c & EXPANDED:
        return ScaleStatus.NOT_READY  # digits of ten times the resolution are not for trade
    if weight is None or not weight.strip("-0."):
        return ScaleStatus.WEIGHT_ZERO
    return ScaleStatus.WEIGHT_UNDER_ZERO if weight.startswith("-") else ScaleStatus.STABLE_WEIGHT


def _decimal(field: str, place: int) -> str | None:
    """Six columns of digits, blanks in front, and the point of SWA; None: no number."""
    digits = field.lstrip(" ")
    if not digits.isdigit():
        return None
    if place < NO_DECIMALS:
        return digits + "0" * (NO_DECIMALS - place)
    padded, decimals = digits.rjust(6, "0"), place - NO_DECIMALS
    return f"{padded[: 6 - decimals]}.{padded[6 - decimals :]}" if decimals else padded


def _scaled(division: int, place: int) -> str:
    if place <= NO_DECIMALS:
        return f"{division}{'0' * (NO_DECIMALS - place)}"
    return f"0.{str(division).rjust(place - NO_DECIMALS, '0')}"


STREAM = StreamingScaleProtocol(ToledoContinuousOptions, ToledoContinuousCodec)
PROTOCOLS = {
    "scale/toledo-continuous": Decodable(
        device_to_host=Side(
            ToledoContinuousCodec,
            examples=tuple(
                frame + bytes((checksum_of(frame),))
                for frame in (
                    b"\x02\x2d\x30\x20001234000000\r",
                    b"\x02\x2d\x31\x20001114000120\r",
                    b"\x02\x2d\x38\x20 01234     0\r",
                    b"\x02\x2d\x30\x20001234\r",
                )
            ),
        ),
        host_to_device=Side(lambda: LetterCommandCodec(COMMANDS), examples=(b"Z", b"T\r\n", b"C")),
        describe=describe,
    )
}
