"""The input of an EPL2 printer, taken apart: acknowledgements, errors and warnings.

Source: Zebra, "EPL2 Programmer's Manual" 980352-001, US (error reporting: ACK for a printed form, NAK and two digits
for an error), ^ee (immediate error report: codes with commas, CR LF), eR (own character); the codes: appendix "error
codes", the same in Intermec, "ESim Programmer's Reference Manual", appendix A. 07 may name the labels that remain:
``07P003``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.printers.epl_host import EPL
from protocols.printers.label_commands import LineCommandCodec

LINE_BYTES_MAX: Final = 128
"""Of an answer to ^ee: 16 codes with what belongs to them; more is a dump that nobody asked for."""

_ACK: Final = 0x06
_NAK: Final = 0x15
_CODES: Final = re.compile(rb"(\d\d)(?:P(\d{1,5}))?")

CODES: Final = {
    "00": "no error",
    "01": "syntax error",
    "02": "object exceeds label border",
    "03": "data length error",
    "04": "insufficient memory to store data",
    "05": "memory configuration error",
    "06": "serial interface error",
    "07": "out of media",
    "08": "duplicate name",
    "09": "name not found",
    "10": "not in data input mode",
    "11": "print head open",
    "12": "pause mode",
    "13": "option does not fit in area",
    "14": "data length error",
    "20": "label taken sensor error",
    "21": "printer busy",
    "22": "serial flash error",
    "50": "does not fit in area specified",
    "51": "data length too long",
    "60": "print head not adjusted",
    "61": "print head low temperature",
    "62": "print head high temperature",
    "71": "waiting after setup",
    "72": "flashing not completed",
    "73": "download error",
    "81": "cutter jammed",
    "89": "dump mode",
    "91": "motor over temperature",
    "92": "pause mode",
    "93": "out of ribbon",
    "94": "autosensing mode",
    "98": "download mode",
    "99": "other error",
}


@dataclass(frozen=True, slots=True)
class EplAcknowledged(CodecEvent):
    """ACK: a form was printed (error reporting is on)."""

    query: str
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class EplReport(CodecEvent):
    """NAK with a code (``query`` US), or the answer to ^ee. ``errors``: without ``00``; a code that no manual names is
    told as ``unknown (55)``. ``labels_remaining``: beside an end of the media, where the printer says so."""

    query: str
    codes: tuple[str, ...]
    errors: tuple[str, ...]
    labels_remaining: int | None = None


class EplStatusCodec:
    """Implements Codec."""

    def __init__(self) -> None:
        self._line = bytearray()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._take(byte, events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._end_line(events)
        return events

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        if byte in (_ACK, _NAK):
            self._end_line(events)
            if byte == _ACK:
                events.append(EplAcknowledged("US", acknowledged=True))
            else:
                self._line.append(byte)
        elif byte in b"\r\n\x11\x13":
            self._end_line(events)  # XOFF follows a NAK on a serial line
        else:
            self._line.append(byte)
            if len(self._line) > LINE_BYTES_MAX:
                events.append(FrameRejected.of(f"longer than {LINE_BYTES_MAX} bytes", bytes(self._line)))
                self._line.clear()

    def _end_line(self, events: list[CodecEvent]) -> None:
        if not self._line:
            return
        line = bytes(self._line)
        self._line.clear()
        is_nak = line[0] == _NAK
        matches = [_CODES.fullmatch(part) for part in line[is_nak:].split(b",")]
        found = [match for match in matches if match is not None]
        if len(found) != len(matches):
            events.append(FrameRejected.of("no report of an EPL printer", line))
            return
        codes = tuple(match[1].decode() for match in found)
        remaining = next((int(match[2]) for match in found if match[2]), None)
        errors = tuple(CODES.get(code, f"unknown ({code})") for code in codes if code != "00")
        events.append(EplReport("US" if is_nak else "^ee", codes, errors, remaining))


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools: the first code and its words by themselves too."""
    described = event_json(event)
    if isinstance(event, EplReport):
        described["code"] = event.codes[0]
        described["error"] = event.errors[0] if event.errors else None
        described["state"] = " + ".join(event.errors) or "normal"
        described["acknowledged"] = False if event.query == "US" else None
        return {name: value for name, value in described.items() if value is not None}
    return described


PROTOCOLS = {
    "epl.status": Decodable(
        device_to_host=Side(
            EplStatusCodec,
            examples=(b"\x06", b"\x1511\r\n", b"\x1507P003\r\n", b"00\r\n", b"07,11\r\n"),
        ),
        host_to_device=Side(
            lambda: LineCommandCodec(EPL),
            examples=(
                b"\nN\n",
                b"US\n",
                b"^ee\n",
                b'A50,0,0,3,1,1,N,"Apples"\n',
                b"GW0,0,1,2,\x0a\x0d\n",
                b"P1\n",
            ),
        ),
        describe=describe,
    )
}
