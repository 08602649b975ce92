"""Mettler Toledo 8217, host to device: the commands, as bytes and back.

Source: Mettler Toledo DIVA Service Manual, chapter 6.1.4.2. Commands are single upper-case letters. Only the tare
command has an end (CR), because it may carry five digits; clones that know ``T`` alone answer the CR with one status
more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.scales.polled import ScaleCommand

CR = 0x0D
TARE = 0x54
ENTER_ECHO_MODE = 0x45
LEAVE_ECHO_MODE = 0x46
TARE_DIGITS = 5
ECHO_BYTES_MAX = 64
"""Bytes of one echo told as one event; more become further events."""

SINGLE_LETTERS = {
    ord("W"): "request_weight",
    ord("H"): "request_weight_high_resolution",
    ord("Z"): "zero",
    ord("C"): "clear_tare",
    ord("A"): "start_confidence_test",
    ord("B"): "request_confidence_result",
    LEAVE_ECHO_MODE: "leave_echo_mode",
}


@dataclass(frozen=True, slots=True)
class CommandRead(CodecEvent):
    """What a host asked. ``tare``: of a digital tare, its five digits as sent; ``payload``: bytes to be echoed."""

    command: str
    tare: str | None = None
    payload: bytes | None = None


def encode(command: ScaleCommand, weight: Decimal | None, decimals: int) -> bytes:
    """The bytes of a command. Raises ValueError when a known tare does not fit five digits with ``decimals``."""
    match command:
        case ScaleCommand.READ_WEIGHT:
            return b"W"
        case ScaleCommand.ZERO:
            return b"Z"
        case ScaleCommand.CLEAR_TARE:
            return b"C"
        case ScaleCommand.READ_HIGH_RESOLUTION:
            return b"H"
        case ScaleCommand.TARE:
            return b"T\r" if weight is None else b"T%s\r" % _tare_digits(weight, decimals)


def _tare_digits(weight: Decimal, decimals: int) -> bytes:
    # The range first: scaling a number with a giant exponent raises.
    is_in_range = weight.is_finite() and 0 < weight < 10**TARE_DIGITS
    steps = weight.scaleb(decimals) if is_in_range else Decimal(0)
    if not 0 < steps < 10**TARE_DIGITS or steps != steps.to_integral_value():
        largest = Decimal(10**TARE_DIGITS - 1).scaleb(-decimals)
        raise ValueError(f"tare {weight}: expected more than 0, at most {largest}, with {decimals} decimals")
    return b"%05d" % int(steps)


class Toledo8217CommandCodec:
    """Understands what a host sends. ``T`` alone and an echo's end need the next byte, or an idle line."""

    def __init__(self) -> None:
        self._tare: bytearray | None = None
        self._echo: bytearray | None = None

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._take(byte & 0x7F, events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._end_tare(events, is_whole=False)
        self._end_echo(events)
        return events

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        if self._echo is not None:
            if byte != LEAVE_ECHO_MODE:
                self._echo.append(byte)
                if len(self._echo) == ECHO_BYTES_MAX:
                    self._end_echo(events)
                    self._echo = bytearray()
                return
            self._end_echo(events)
        elif self._tare is not None:
            if byte == CR:
                self._end_tare(events, is_whole=True)
                return
            if chr(byte).isdigit() and len(self._tare) < TARE_DIGITS:
                self._tare.append(byte)
                return
            self._end_tare(events, is_whole=False)
        self._start(byte, events)

    def _start(self, byte: int, events: list[CodecEvent]) -> None:
        if byte == TARE:
            self._tare = bytearray()
        elif byte == ENTER_ECHO_MODE:
            self._echo = bytearray()
        elif (command := SINGLE_LETTERS.get(byte)) is not None:
            events.append(CommandRead(command))
        else:
            events.append(FrameRejected.of("unknown command", bytes((byte,))))

    def _end_tare(self, events: list[CodecEvent], *, is_whole: bool) -> None:
        if self._tare is None:
            return
        digits, self._tare = self._tare, None
        if not digits:
            events.append(CommandRead("tare"))
        elif is_whole and len(digits) == TARE_DIGITS:
            events.append(CommandRead("digital_tare", tare=digits.decode()))
        else:
            events.append(FrameRejected.of(f"digital tare without {TARE_DIGITS} digits and CR", b"T" + digits))

    def _end_echo(self, events: list[CodecEvent]) -> None:
        if self._echo is None:
            return
        payload, self._echo = bytes(self._echo), None
        command = "enter_echo_mode_then_payload" if payload else "enter_echo_mode"
        events.append(CommandRead(command, payload=payload or None))
