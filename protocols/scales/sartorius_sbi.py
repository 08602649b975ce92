"""Sartorius SBI: ``ESC P`` asks; a line of 16 characters, or of 22 with an identifier in front, CR LF included.

::

    "+   123.56 g  "          sign, blank, number in eight columns, blank, unit; without a unit: in motion
    "N     +   123.56 g  "    N net, G gross, T tare (or another name) in six columns
    "      High    "  "      Low     "  "      Cal.    "  " Err  54      "  "Stat      ERR 054   "

Digits in square brackets are not verified and are no weight to sell: such a line is rejected; switch the mark off, or
the digits. Source: Sartorius LE2202S manual p. 51; Entris II, data output formats p. 3; MSE operating instructions
p. 71.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, Side
from protocols.scales.line_events import HostCommandRead, describe, no_weight, overload, underload, weight_read
from protocols.scales.lines import LineCodec, LineOptions, decimal_text, is_width, unit_text
from protocols.scales.polled import PolledScaleProtocol, ScaleCommand, StreamingScaleProtocol

LINE_CHARS, ID_CHARS = 14, 6
"""Without CR LF."""
ESC = 0x1B
COMMAND_BYTES_MAX = 20
"""A command has up to 20 characters."""

_LINE = re.compile(r"(?P<value>(?P<sign>[+ -]) *(?P<digits>\d+(?:\.\d*)?)(?: (?P<unit>[^\s\d\[\]]{1,3}) *| *))")
_ID = re.compile(r"(?P<id>[A-Za-z#][\w #.\-]{5}|[ ]{6})(?P<rest>[+ -].*)")
_STATUS = re.compile(
    r" *(?:Stat)? *(?:(?P<over>High|H)|(?P<under>Low|L)|(?P<adjusting>Cal\.?(?: ?(?:Ext|Int)\.?)?|C)"
    r"|(?P<off>OFF|off|-{2,}(?: +-{2,})?)|(?P<kind>(?:APP\.|DIS\.|PRT\.)?E[Rr][Rr]?) *(?P<error>\d{0,3}))? *"
)
_NAMES = {"N": True, "G": False}

LETTERS = {
    "P": "print",
    "T": "tare",
    "U": "tare_only",
    "V": "zero",
    "K": "filter_very_stable",
    "L": "filter_stable",
    "M": "filter_unstable",
    "N": "filter_very_unstable",
    "O": "lock_keys",
    "R": "unlock_keys",
    "Q": "beep",
    "S": "restart",
    "Z": "internal_adjustment",
    "W": "external_adjustment",
}
EXTENDED = {
    "x1_": "read_model",
    "x2_": "read_serial",
    "x3_": "read_software",
    "f3_": "zero",
    "f4_": "tare_only",
    "kP_": "print_key",
    "p_": "print_key",
    "s3_": "cancel",
}


class SartoriusSbiOptions(LineOptions):
    """Settings of a profile for this protocol."""

    line_chars: int | None = Field(
        LINE_CHARS, ge=LINE_CHARS, le=LINE_CHARS + ID_CHARS, description="14, or 20 with an identifier; null: any."
    )


AS_SENT = SartoriusSbiOptions(line_chars=None)


class SartoriusSbiCodec(LineCodec):
    """Scale to host."""

    def __init__(self, options: SartoriusSbiOptions = AS_SENT) -> None:
        super().__init__(options.unit)
        self._line_chars = options.line_chars

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return b"\x1bP\r\n"
            case ScaleCommand.ZERO:
                return b"\x1bV\r\n"
            case ScaleCommand.TARE if weight is None:
                return b"\x1bU\r\n"
        return None

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        if not is_width(text, self._line_chars):
            return None
        if (match := _LINE.fullmatch(text)) is not None:
            return self._weight(match, None)
        if (match := _STATUS.fullmatch(text)) is not None:
            return _status(match)
        if (match := _ID.fullmatch(text)) is not None and (value := _LINE.fullmatch(match["rest"])) is not None:
            return self._weight(value, match["id"].strip() or None)
        return None

    def _weight(self, match: re.Match[str], name: str | None) -> CodecEvent:
        told: dict[str, Any] = {} if name is None else {"id": name}
        weight = decimal_text(match["sign"], match["digits"])
        unit = unit_text(match["unit"]) if match["unit"] else None
        is_net = None if name is None else _NAMES.get(name)
        if name is not None and is_net is None:
            return no_weight(value=weight, unit=unit, tare=weight if name == "T" else None, **told)
        is_known = self._line_chars is not None
        return weight_read(weight, unit, is_stable=unit is not None, is_net=is_net, is_width_known=is_known, told=told)


def _status(match: re.Match[str]) -> CodecEvent:
    text = match[0].strip()
    if match["over"]:
        return overload(text=text)
    if match["under"]:
        return underload(text=text)
    if match["kind"]:
        return no_weight(error=int(match["error"]) if match["error"] else match["kind"], text=text)
    if match["adjusting"]:
        return no_weight(calibrating=True, text=text)
    return no_weight(text=text)


class SbiCommandCodec:
    """Host to scale: ESC and a letter, or ESC, a lower-case letter, a parameter and ``_``; CR LF may follow."""

    def __init__(self) -> None:
        self._buffer: bytearray | None = None

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._take(byte & 0x7F, events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._reject("line went idle inside a command", events)
        return events

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        if byte == ESC:
            self._reject("new command began inside a command", events)
            self._buffer = bytearray()
        elif self._buffer is None:
            if byte not in b"\r\n":
                events.append(FrameRejected.of("byte outside a command", bytes((byte,))))
        else:
            self._buffer.append(byte)
            is_letter = len(self._buffer) == 1 and chr(byte).isupper()
            if is_letter or byte == ord("_"):
                text, self._buffer = self._buffer.decode("ascii"), None
                events.append(_command(text))
            elif len(self._buffer) == COMMAND_BYTES_MAX or byte in b"\r\n":
                self._reject("no command", events)

    def _reject(self, reason: str, events: list[CodecEvent]) -> None:
        if self._buffer is not None:
            events.append(FrameRejected.of(reason, b"\x1b" + self._buffer))
        self._buffer = None


def _command(text: str) -> CodecEvent:
    name = LETTERS.get(text) or EXTENDED.get(text)
    if name is None and not text.endswith("_"):
        return FrameRejected.of("unknown command", b"\x1b" + text.encode())
    return HostCommandRead(name or "extended", {"text": f"ESC {text}"})


SCALE = PolledScaleProtocol(SartoriusSbiOptions, SartoriusSbiCodec)
STREAM = StreamingScaleProtocol(SartoriusSbiOptions, SartoriusSbiCodec)
PROTOCOLS = {
    "scale/sartorius-sbi": Decodable(
        device_to_host=Side(
            SartoriusSbiCodec,
            examples=(
                b"+   123.56 g  \r\n",
                b"-     0.12    \r\n",
                b"N     +   123.56 g  \r\n",
                b"      High    \r\n",
                b" Err  54      \r\n",
                b"Stat      ERR 054   \r\n",
            ),
        ),
        host_to_device=Side(SbiCommandCodec, examples=(b"\x1bP\r\n", b"\x1bx1_\r\n")),
        describe=describe,
    )
}
