"""The input of a Bixolon label printer (SLCS), taken apart: the one byte that answers ^cu.

Source: Bixolon, "SLCS Programming Manual" Rev. 1.24, 2-8-5 (^cu: bits 7 to 2 of one byte). The second byte of an answer
to ^cp (2-8-4: what it is printing) looks like a status of its own; no driver here asks that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.printers.label_commands import LineCommandCodec
from protocols.printers.slcs_host import SLCS


@dataclass(frozen=True, slots=True)
class SlcsStatus(CodecEvent):
    """The answer to ^cu. ``state``: its conditions in words, the highest bit first."""

    query: str
    state: str
    value: int
    paper_empty: bool
    cover_open: bool
    cutter_jam: bool
    head_overheat: bool
    gap_error: bool
    ribbon_end: bool


STATES: Final = {
    0x80: "paper empty",
    0x40: "cover open",
    0x20: "cutter jam",
    0x10: "TPH overheat",
    0x08: "gap detection error",
    0x04: "ribbon end",
}
UNASSIGNED: Final = 0x03
"""Bits of the byte that are never set."""


class SlcsStatusCodec:
    """Implements Codec. A byte with an unassigned bit is no status."""

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [_status(value) for value in data]

    def flush(self) -> Sequence[CodecEvent]:
        return []


def _status(value: int) -> CodecEvent:
    if value & UNASSIGNED:
        return FrameRejected.of("no status byte", bytes((value,)))
    words = [word for mask, word in STATES.items() if value & mask]
    return SlcsStatus("^cu", " + ".join(words) or "normal", value, *(bool(value & mask) for mask in STATES))


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools; ``ready``: it would print now."""
    described = event_json(event)
    if isinstance(event, SlcsStatus):
        described["ready"] = not event.value
    return described


_PICTURE: Final = b"LD\x0a\x00\x0d\x00\x01\x00\x02\x00\x0a\x0d\r\n"

PROTOCOLS = {
    "bixolon_slcs.status": Decodable(
        device_to_host=Side(SlcsStatusCodec, examples=(b"\x00", b"\x80", b"\xc4")),
        host_to_device=Side(
            lambda: LineCommandCodec(SLCS),
            examples=(
                b"^cu\r\n",
                b"^cp\r\n",
                b"CB\r\n",
                b"T50,100,3,1,1,0,0,N,N,'Apples'\r\n",
                b"LD\x0a\x00\x0d\x00\x01\x00\x02\x00\x0a\x0d\r\nP1\r\n",
            ),
        ),
        describe=describe,
    )
}
