"""Zebra SSI packets: ``[length][opcode][source][status][data][checksum]``, the length without the two of the checksum.

The checksum is the two's complement of the sum of all bytes before it. Over Bluetooth LE (ATT) each packet has its
whole length in front, two bytes, low one first. Source: Zebra, Simple Serial Interface Programmer's Guide
72E-40451, chapter 2.

A packet has no start mark: after noise only its opcode, its source and its checksum, or an idle line, show where the
next one begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.scanners.licence_frames import holds_licence_head
from protocols.scanners.zebra_ssi_tables import DECODER_OPCODES, Opcode, Source, Status

PACKET_BYTES_MAX = 255
"""Without its checksum: the length is one byte."""
HEADER_BYTES = 4
CHECKSUM_BYTES = 2
ATT_BYTES = 2
DATA_BYTES_MAX = PACKET_BYTES_MAX - HEADER_BYTES
CHECKSUM_WRONG = "checksum"
"""The reason of a rejected frame that deserves a NAK: it looked like a packet from front to end."""
_JUNK_BYTES_MAX = 64
_MULTIPACKET_SOURCES = (0, 2)
"""In multipacket segments the first of them has 2 where other packets name their source."""


@dataclass(frozen=True, slots=True)
class SsiPacket(CodecEvent):
    """One packet whose checksum is right. ``data``: between status and checksum."""

    opcode: int
    source: int
    status: int
    data: bytes
    length: int

    @property
    def is_retransmission(self) -> bool:
        return bool(self.status & Status.RETRANSMIT)

    @property
    def is_continued(self) -> bool:
        return bool(self.status & Status.CONTINUED)

    @property
    def is_permanent(self) -> bool:
        return bool(self.status & Status.PERMANENT)


def checksum(packet: bytes | bytearray) -> int:
    """Two's complement of the sum, 16 bits."""
    return -sum(packet) & 0xFFFF


def encode_packet(
    opcode: int, data: bytes = b"", *, status: int = 0, source: int = Source.HOST, is_att: bool = False
) -> bytes:
    """A packet as it goes over the wire. Raises ValueError for more data than a packet holds."""
    if len(data) > DATA_BYTES_MAX:
        raise ValueError(f"{len(data)} bytes of data: an SSI packet holds at most {DATA_BYTES_MAX}")
    body = bytes((HEADER_BYTES + len(data), opcode, source, status)) + data
    packet = body + checksum(body).to_bytes(CHECKSUM_BYTES, "big")
    return (len(packet) + ATT_BYTES).to_bytes(ATT_BYTES, "little") + packet if is_att else packet


class SsiCodec:
    """Bytes of one side to packets, with or without the length that ATT puts in front.

    What has a packet's header and a wrong checksum is rejected at once with the reason ``checksum``; a packet that an
    idle line cut short with ``incomplete``; other noise with ``no_packet``. Bytes of a rejected packet are looked
    through again: a lost byte costs no more than its own packet.
    """

    def __init__(self, source: Source = Source.DECODER) -> None:
        self._source = source
        self._buffer = bytearray()
        self._junk = bytearray()
        self._told = 0
        """Bytes at the front of the buffer that were part of a rejected frame already."""
        self._junk_reason = "no_packet"

    @property
    def is_ended_by_idle(self) -> bool:
        """Never: a packet has its length."""
        return False

    @property
    def has_pending(self) -> bool:
        """Part of a packet has come."""
        return bool(self._buffer) or bool(self._junk)

    @property
    def is_in_licence(self) -> bool:
        """The packet that is on its way holds the beginning of a driving licence."""
        return holds_licence_head(self._buffer)

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        self._buffer += data
        events: list[CodecEvent] = []
        while self._buffer:
            skip, size = self._frame()
            if size is None:
                break
            if size == 0:
                self._drop_one(events)
            elif len(self._buffer) < skip + size:
                break
            else:
                self._take(skip, size, events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        """The line is idle: what is not complete never will be. Looks for packets inside of it."""
        events: list[CodecEvent] = []
        self._tell_junk(events)
        self._junk_reason = "incomplete"
        while self._buffer:
            self._drop_one(events)
            events += self.feed(b"")
        self._tell_junk(events)
        self._junk_reason = "no_packet"
        self._told = 0
        return events

    def _frame(self) -> tuple[int, int | None]:
        """Bytes in front of the packet, and its size; None: cannot be told yet; 0: no packet begins here."""
        is_att = self._is_att()
        if is_att is None:
            return 0, None
        skip = ATT_BYTES if is_att else 0
        is_header = is_att or self._header(0)
        if is_header is None:
            return 0, None
        return skip, self._buffer[skip] + CHECKSUM_BYTES if is_header else 0

    def _header(self, start: int) -> bool | None:
        """A packet's header may be at ``start``; None where too few bytes are there to say no."""
        buffer = self._buffer
        if len(buffer) <= start:
            return None
        if buffer[start] < HEADER_BYTES:
            return False
        if len(buffer) <= start + 1:
            return None
        opcode = buffer[start + 1]
        if self._source is Source.DECODER and opcode not in DECODER_OPCODES:
            return False
        if len(buffer) <= start + 2:
            return None
        sources = _MULTIPACKET_SOURCES if opcode == Opcode.MULTIPACKET else (self._source,)
        return buffer[start + 2] in sources

    def _is_att(self) -> bool | None:
        """The buffer begins with the length that ATT puts in front of a packet; None where that cannot be told yet."""
        buffer = self._buffer
        if len(buffer) > 1 and buffer[1] > 1:
            return False
        if len(buffer) > ATT_BYTES:
            sent = int.from_bytes(buffer[:ATT_BYTES], "little")
            if sent != buffer[ATT_BYTES] + CHECKSUM_BYTES + ATT_BYTES:
                return False
        return self._header(ATT_BYTES)

    def _take(self, skip: int, size: int, events: list[CodecEvent]) -> None:
        frame = bytes(self._buffer[skip : skip + size])
        body, sent = frame[:-CHECKSUM_BYTES], int.from_bytes(frame[-CHECKSUM_BYTES:], "big")
        self._tell_junk(events)
        if checksum(body) == sent:
            del self._buffer[: skip + size]
            self._told = max(0, self._told - skip - size)
            events.append(SsiPacket(body[1], body[2], body[3], body[HEADER_BYTES:], body[0]))
            return
        if self._told < skip + size:
            events.append(FrameRejected.of(CHECKSUM_WRONG, frame))
            self._told = skip + size
        self._drop_one(events)

    def _drop_one(self, events: list[CodecEvent]) -> None:
        byte = self._buffer.pop(0)
        if self._told:
            self._told -= 1
            return
        self._junk.append(byte)
        if len(self._junk) == _JUNK_BYTES_MAX:
            self._tell_junk(events)

    def _tell_junk(self, events: list[CodecEvent]) -> None:
        if self._junk:
            events.append(FrameRejected.of(self._junk_reason, bytes(self._junk)))
            self._junk.clear()
