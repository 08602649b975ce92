"""The input of a Zebra printer, taken apart: answers between STX and ETX, and variables in quotes.

~HS is answered by three strings, which make one event. A printer that is out of media or ribbon, or whose head is
open, may not answer at all, and one that is switched off in the middle leaves a part: told as not complete.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.printers.zpl_events import (
    ERRORS,
    FIELD_COUNTS,
    WARNINGS,
    ErrorStatus,
    HostIdentification,
    HostStatus,
    VariableReply,
    flag_words,
    host_status,
    malformed_string,
)
from protocols.printers.zpl_host import ZplCommandCodec

FRAME_BYTES_MAX: Final = 1024
"""Between STX and ETX: ~HQES has about 100 bytes, the longest answer that is understood."""
NOISE_BYTES_MAX: Final = 256
"""Rejected at once when so many bytes belong to no answer."""

_STX: Final = 0x02
_ETX: Final = 0x03
_QUOTE: Final = 0x22
_BETWEEN: Final = b"\r\n\x11\x13"
"""Ends of lines, and flow control of a serial printer: no part of an answer."""
_GROUPS: Final = rb"\s*:?\s+([01])\s+([0-9A-Fa-f]{8})\s+([0-9A-Fa-f]{8})"
_ERROR_STATUS: Final = re.compile(rb"\s*PRINTER STATUS\s+ERRORS" + _GROUPS + rb"\s+WARNINGS" + _GROUPS + rb"\s*")
_IDENTIFICATION: Final = re.compile(rb"([^,]{1,40}),([VX][^,]{0,20}),\s*(\d{1,2}),([^,]{0,20})(?:,(.{0,60}))?")


class ZplStatusCodec:
    """Implements Codec."""

    def __init__(self) -> None:
        self._frame = bytearray()
        self._opening: int | None = None
        self._noise = bytearray()
        self._strings: list[tuple[str, ...]] = []

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._take(byte, events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._reject_noise(events)
        self._abandon_frame(events)
        self._end_strings(events)
        return events

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        if byte == _STX:
            self._reject_noise(events)
            self._abandon_frame(events)
            self._opening = byte
        elif self._opening is None:
            self._take_between(byte, events)
        elif byte == (_ETX if self._opening == _STX else _QUOTE):
            if byte == _ETX or self._frame:
                self._end_frame(events)
            # Else two quotes: the first one was of something else, and this one begins the answer.
        elif byte == _QUOTE:  # no answer between STX and ETX has one
            self._abandon_frame(events)
            self._opening = byte
        elif len(self._frame) == FRAME_BYTES_MAX:
            self._abandon_frame(events)
        else:
            self._frame.append(byte)

    def _take_between(self, byte: int, events: list[CodecEvent]) -> None:
        if byte == _QUOTE:
            self._reject_noise(events)
            self._opening = byte
        elif byte not in _BETWEEN:
            self._noise.append(byte)
            if len(self._noise) == NOISE_BYTES_MAX:
                self._reject_noise(events)

    def _end_frame(self, events: list[CodecEvent]) -> None:
        frame, opening = bytes(self._frame), self._opening
        self._frame.clear()
        self._opening = None
        if opening == _QUOTE:
            self._end_strings(events)
            events.append(VariableReply("getvar", frame.decode("latin-1")))
            return
        fields = tuple(frame.decode("latin-1").split(","))
        number = FIELD_COUNTS.index(len(fields)) + 1 if len(fields) in FIELD_COUNTS else None
        if number is None or not _is_string(number, fields):
            self._end_strings(events)
            events.append(_other(frame))
        elif number != len(self._strings) + 1:
            self._end_strings(events)
            if number == 1:
                self._strings.append(fields)
            else:
                events.append(FrameRejected.of(f"string {number} of ~HS without the one before it", frame))
        else:
            self._strings.append(fields)
            if number == len(FIELD_COUNTS):
                self._end_strings(events)

    def _end_strings(self, events: list[CodecEvent]) -> None:
        if not self._strings:
            return
        strings, self._strings = self._strings, []
        if (number := malformed_string(strings)) is not None:
            data = ",".join(strings[number - 1]).encode("latin-1")
            events.append(FrameRejected.of(f"malformed numeric field in string {number}", data))
        else:
            events.append(host_status(strings))

    def _abandon_frame(self, events: list[CodecEvent]) -> None:
        if self._opening is not None:
            events.append(FrameRejected.of("answer without its end", bytes((self._opening,)) + bytes(self._frame)))
        self._opening = None
        self._frame.clear()

    def _reject_noise(self, events: list[CodecEvent]) -> None:
        if self._noise:
            events.append(FrameRejected.of("no answer of a Zebra printer", bytes(self._noise)))
            self._noise.clear()


def _is_string(number: int, fields: Sequence[str]) -> bool:
    """Two fields could be anything; ~HI has no field count of ~HS."""
    return number != len(FIELD_COUNTS) or all(len(field) <= 8 for field in fields)


def _other(frame: bytes) -> CodecEvent:
    if match := _IDENTIFICATION.fullmatch(frame):
        model, firmware, dots, memory, options = (part.decode("latin-1") if part else None for part in match.groups())
        return HostIdentification("~HI", model or "", firmware or "", int(dots or 0) or None, memory, options)
    if match := _ERROR_STATUS.fullmatch(frame):
        parts = [part.decode() for part in match.groups()]
        error_flags, warning_flags = parts[1] + parts[2], parts[4] + parts[5]
        return ErrorStatus(
            "~HQES",
            has_errors=parts[0] == "1",
            errors=flag_words(error_flags, ERRORS),
            has_warnings=parts[3] == "1",
            warnings=flag_words(warning_flags, WARNINGS),
            error_flags=error_flags,
            warning_flags=warning_flags,
        )
    return FrameRejected.of("no answer that is known", frame)


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools; what is wrong with a rejected answer to ~HS is told as its ``error``."""
    described = event_json(event)
    if isinstance(event, FrameRejected):
        described["error"] = event.reason
        if "string" in event.reason:
            described["query"] = "~HS"
    elif isinstance(event, HostStatus):
        described["media_out"] = event.paper_out
        if event.head_up is not None:
            described["head_open"] = event.head_up
        if not event.is_complete:
            last = 1 if event.head_up is None else 2
            described["note"] = f"only string {last} of 3: must not be reported as ready"
    elif isinstance(event, HostIdentification):
        described |= {"version": event.firmware, "dpmm": event.dots_per_mm}
    return described


_EXAMPLE: Final = (
    b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n",
    b"\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n",
    b"\x021234,0\x03\r\n",
)
PROTOCOLS = {
    "zpl.status": Decodable(
        device_to_host=Side(
            ZplStatusCodec,
            examples=(
                b"".join(_EXAMPLE),
                b"\x02ZTC ZD421-203dpi ZPL,V93.21.17Z,8,8192KB\x03\r\n",
                b"\x02\r\n\r\n  PRINTER STATUS \r\n  ERRORS:         1 00000000 00000005\r\n"
                b"  WARNINGS:       1 00000000 00000002\r\n\x03\r\n",
                b'"ready"',
            ),
        ),
        host_to_device=Side(
            ZplCommandCodec,
            examples=(b"~HS", b"~HI", b"~HQES", b"^XA", b'! U1 getvar "device.status"\r\n', b"^FO10,10^FDx^FS"),
        ),
        describe=describe,
    )
}
