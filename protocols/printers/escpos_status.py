"""The input of an ESC/POS printer, taken apart: four kinds of answers and flow control, interleaved on one line.

No framing: a byte's class is in its fixed bits (Epson "ID bits"; receiptio). ``b & 93 == 12``: DLE EOT; ``b & 93 ==
10``: first of four ASB bytes; ``b & 90 == 0``: GS r, GS I, or the other ASB bytes; ``5F 37 35 3B 3D``: a block up to
its 00; ``11 13``: flow control.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.printers.command_stream import HostCommand
from protocols.printers.escpos_events import (
    AutomaticStatus,
    BlockReply,
    BufferCleared,
    OrderedReply,
    ProcessIdReply,
    Query,
    RealTimeStatus,
    TextReply,
    VendorStatus,
    automatic_status,
    custom_status,
    ordered_reply,
    real_time_status,
    sii_status,
)
from protocols.printers.escpos_print_data import EscposCommandCodec, command_in_brief
from protocols.printers.escpos_print_data import describe as describe_print
from protocols.printers.flow_control import XOFF, XON, flow_control

BLOCK_BYTES_MAX: Final = 128
"""Longest block without its 00: GS I answers have 80 characters at most."""
EXPECTED_QUERIES_MAX: Final = 32
"""Questions without an answer that are remembered; a caller asks one at a time."""

_ASB_BYTES: Final = 4
_CUSTOM_BYTES: Final = 6
_SII_BYTES: Final = 8
_BLOCK_HEADERS: Final = frozenset(b"\x5f\x37\x35\x3b\x3d")


class EscposStatusCodec:
    """Implements Codec. ``expect`` says what was asked, so that one-byte answers can be read."""

    def __init__(self) -> None:
        self._asb = bytearray()
        self._block = bytearray()
        self._vendor = bytearray()
        self._is_sii = False
        self._real_time: deque[Query] = deque(maxlen=EXPECTED_QUERIES_MAX)
        self._ordered: deque[Query] = deque(maxlen=EXPECTED_QUERIES_MAX)

    def expect(self, query: Query) -> None:
        """This was asked: the next byte of its kind answers it."""
        (self._real_time if query.is_real_time else self._ordered).append(query)

    def forget(self, query: Query) -> None:
        """No longer expect the answer to the newest asking of this."""
        expected = self._real_time if query.is_real_time else self._ordered
        if query in expected:
            expected.reverse()
            expected.remove(query)
            expected.reverse()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._take(byte, events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._reject_partial("ended in the middle", events)
        return events

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        if byte in (XON, XOFF):
            # Neither can be part of an ASB or of a block: flow control goes through the middle of both.
            events.append(flow_control(byte))
        elif self._block:
            self._take_in_block(byte, events)
        elif self._vendor and self._take_in_vendor_status(byte, events):
            pass
        elif byte & 0x93 == 0x12:
            # Real-time answers have bit 4, which the rest of an ASB has not: they too may stand in its middle.
            events.append(real_time_status(byte, self._real_time.popleft() if self._real_time else None))
        elif self._asb == b"\x10" and byte == 0x0F:
            # As an ASB it would be online with every error at once: it is the full status of a Custom printer.
            self._asb.clear()
            self._vendor += b"\x10\x0f"
        elif self._asb and byte & 0x90 == 0:
            self._asb.append(byte)
            if len(self._asb) == _ASB_BYTES:
                events.append(automatic_status(bytes(self._asb)))
                self._asb.clear()
        else:
            self._take_first(byte, events)

    def _take_first(self, byte: int, events: list[CodecEvent]) -> None:
        """A byte that begins something; a half ASB before it is lost."""
        self._reject_partial("cut short", events)
        if byte in _BLOCK_HEADERS:
            self._block.append(byte)
        elif byte & 0x93 == 0x10:
            self._asb.append(byte)
        elif byte & 0x90 == 0 or (self._is_sii and byte & 0xF0 == 0x80):
            events.append(ordered_reply(byte & 0x7F, self._ordered.popleft() if self._ordered else None))
        elif byte & 0xF0 == 0xC0:
            self._vendor.append(byte)
        else:
            events.append(FrameRejected.of("no status byte", bytes((byte,))))

    def _take_in_vendor_status(self, byte: int, events: list[CodecEvent]) -> bool:
        """False: the byte is no part of it."""
        held = self._vendor
        if held[0] == 0x10:
            held.append(byte)
            if len(held) == _CUSTOM_BYTES:
                events.append(custom_status(bytes(held)))
                held.clear()
            return True
        if byte & 0xF0 != 0xD0:
            self._reject_partial("cut short", events)
            return False
        held.append(byte)
        if len(held) == _SII_BYTES:
            self._is_sii = True
            events.append(sii_status(bytes(held)))
            held.clear()
        return True

    def _take_in_block(self, byte: int, events: list[CodecEvent]) -> None:
        if byte == 0:
            events.append(_block_event(bytes(self._block)))
            self._block.clear()
        elif not 0x20 <= byte <= 0x7E:
            self._reject_partial("cut short", events)
            self._take(byte, events)
        elif len(self._block) == BLOCK_BYTES_MAX:
            self._reject_partial(f"longer than {BLOCK_BYTES_MAX} bytes", events)
            self._take(byte, events)
        else:
            self._block.append(byte)

    def _reject_partial(self, how: str, events: list[CodecEvent]) -> None:
        for name, partial in (("ASB", self._asb), ("block", self._block), ("status", self._vendor)):
            if partial:
                events.append(FrameRejected.of(f"{name} {how}", bytes(partial)))
                partial.clear()


def _block_event(block: bytes) -> CodecEvent:
    header, content = block[:1].hex(), block[1:].decode("ascii")
    match block[:2]:
        case b"\x37\x22" if len(block) == 6:
            return ProcessIdReply("GS ( H", content[1:])
        case b"\x37\x25" if len(block) == 2:
            return BufferCleared("DLE DC4 8")
        case _ if header == "5f":
            return TextReply("GS I", header, content)
        case _:
            return BlockReply("block", header, block[1:2].hex(), content[1:])


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools, with the likeliest meaning of what only a configuration or a question can settle.

    A text reply is told as the model too (GS I 67), and the drawer as most are wired: pin 3 low is open.
    """
    if isinstance(event, HostCommand):
        return describe_print(event)
    described = event_json(event)
    if isinstance(event, TextReply):
        described["model_name"] = event.text
    elif isinstance(event, RealTimeStatus | AutomaticStatus | OrderedReply | VendorStatus):
        if event.drawer_pin3_high is not None:
            is_open = not event.drawer_pin3_high
            described |= {"drawer_open": is_open, "drawer_open(when pin3 LOW means open)": is_open}
        if event.paper_loaded is not None:
            described |= {"paper_near_end": bool(event.paper_low), "paper_end": not event.paper_loaded}
        if isinstance(event, RealTimeStatus | AutomaticStatus) and event.recoverable_error is not None:
            described["mechanical_error"] = event.recoverable_error
    elif isinstance(event, ProcessIdReply):
        described["reply"] = "process id response = everything before it has been printed"
    return described


PROTOCOLS = {
    "escpos.status": Decodable(
        device_to_host=Side(
            EscposStatusCodec,
            examples=(
                b"\x16",
                b"\x14\x00\x00\x0f",
                b"\x5fTM-T20II\x00",
                b"\x37\x22ABCD\x00",
                b"\x00",
                b"\x13",
                bytes.fromhex("100f00000000"),
                bytes.fromhex("c0d0d0d0d0d0d0d0"),
            ),
        ),
        host_to_device=Side(
            EscposCommandCodec,
            examples=(b"\x1b@", b"\x10\x04\x01", b"\x1b=\x01", b"\x1da\xff", b"\x1d(H\x06\x0000ABCD"),
        ),
        describe=describe,
        brief=command_in_brief,
        brief_name="commands",
    )
}
