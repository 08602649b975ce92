"""From Zebra SSI packets to bar codes: continued packets and multipacket segments joined, repeats left out.

Source: Simple Serial Interface Programmer's Guide 72E-40451, DECODE_DATA, MULTIPACKET_SEGMENT, CMD_NAK "cancel".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from protocols.barcodes.aim import split_aim
from protocols.scanners.licence_frames import holds_licence_head
from protocols.scanners.zebra_ssi import PACKET_BYTES_MAX, SsiPacket
from protocols.scanners.zebra_ssi_tables import NOT_APPLICABLE, Opcode, Status

READ_BYTES_MAX = 16_384
"""Of one read, however many packets it takes: twice what the largest symbol holds, with macro symbols in mind."""
NO_READ = b"NR"
_STATUS_AT = 3
"""In a serial packet: length, opcode, source, status."""
_FIRST_SEGMENT_BYTES = 10
"""Sequence, opcode, size of all that follows (4), code type, a one, size of the data (2)."""


@dataclass(frozen=True, slots=True)
class SsiRead(BarcodeRead):
    """A bar code with the scanner's own word for its kind."""

    code_type: int = 0


@dataclass(frozen=True, slots=True)
class NoRead(CodecEvent):
    """A session ended and nothing was read."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One packet of a multipacket read. ``total`` and ``code_type``: of the first one only. ``chunk``: its data."""

    sequence: int
    chunk: bytes
    total: int | None = None
    code_type: int | None = None
    inner: int | None = None


def segment_of(packet: SsiPacket) -> Segment | None:
    """The parts of a multipacket segment; None for what is too short to be one."""
    data = packet.data
    if not data:
        return None
    if data[0] or len(data) < _FIRST_SEGMENT_BYTES - 1:
        return Segment(data[0], data[1:])
    total = int.from_bytes(data[8:10], "big") if len(data) >= _FIRST_SEGMENT_BYTES else None
    return Segment(0, data[10:], total, data[6], data[1])


class SsiReads:
    """Packets in, bar codes out. A packet that was acknowledged too late comes twice: its twin is left out."""

    def __init__(self) -> None:
        self._last: SsiPacket | None = None
        self._code_type = 0
        self._parts = bytearray()
        self._total: int | None = None
        self._next_sequence = 0
        self._is_continuing = False
        self._is_skipping = False
        """What follows belongs to a read that is given up."""
        self._lost: bytes | None = None
        """The damaged packet before the next one."""

    @property
    def is_joining(self) -> bool:
        """More packets of a read are to come."""
        return self._is_continuing

    @property
    def is_in_licence(self) -> bool:
        """What was joined so far is the beginning of a driving licence."""
        return self._is_continuing and holds_licence_head(self._parts)

    def take(self, packet: SsiPacket, *, is_late: bool = False) -> Sequence[CodecEvent]:
        """What the packet completes. ``is_late``: longer after the one before than a scanner takes inside a read."""
        if packet.opcode not in (Opcode.DECODE_DATA, Opcode.MULTIPACKET) or self._is_repeat(packet):
            return ()
        # A scanner that was not acknowledged sends again: what is no repeat may be the rest of a read that lost a
        # packet, or the next read after one that was given up. Nothing tells which, so it is neither.
        is_in_doubt = self._is_continuing and not packet.is_retransmission and (is_late or self._lost is not None)
        self._last, self._lost = packet, None
        events: list[CodecEvent] = []
        if packet.opcode == Opcode.MULTIPACKET:
            return self._take_segment(packet)
        if not packet.data:
            return [FrameRejected.of("no_code_type", bytes((packet.opcode,)))]
        if self._is_skipping and not is_late:
            self._is_skipping = packet.is_continued
            return events
        self._is_skipping = False
        if is_in_doubt:
            self._is_skipping = packet.is_continued
            return [*self._drop("packet_missing"), FrameRejected.of("rest_in_doubt", packet.data[1:])]
        if self._total is not None:
            events += self._drop("read_cut_short")
        code_type, data = packet.data[0], packet.data[1:]
        if self._is_continuing and code_type != self._code_type:
            events += self._drop("code_type_changed")
        self._code_type = code_type
        return [*events, *self._add(data, is_last=not packet.is_continued)]

    def packet_lost(self, frame: bytes) -> None:
        """A packet came damaged. Unless the next one repeats it, what was joined so far has lost its rest."""
        self._lost = frame

    def forget(self) -> Sequence[CodecEvent]:
        """The scanner has given up or started anew: parts of a read are of no use, and the next packet is no repeat."""
        self._last = self._lost = None
        self._is_skipping = False
        return self._drop("rest_missing")

    def _is_repeat(self, packet: SsiPacket) -> bool:
        """The retransmit bit is set, the rest is what was taken last. Not where a damaged packet without that bit came
        between: then it is the second of two equal articles that comes again."""
        last = self._last
        if (
            last is None
            or not packet.is_retransmission
            or (self._lost is not None and not _is_retransmission(self._lost))
        ):
            return False
        return (last.opcode, last.data, last.status | Status.RETRANSMIT) == (packet.opcode, packet.data, packet.status)

    def _take_segment(self, packet: SsiPacket) -> list[CodecEvent]:
        segment = segment_of(packet)
        if segment is None:
            return [FrameRejected.of("no_segment", packet.data)]
        events: list[CodecEvent] = []
        if segment.sequence == 0:
            events += self._drop("read_cut_short")
            if segment.total is None or segment.inner != Opcode.DECODE_DATA or segment.code_type is None:
                return [*events, FrameRejected.of("no_decode_data", packet.data)]
            self._code_type, self._total = segment.code_type, segment.total
        elif self._total is None or segment.sequence != self._next_sequence:
            return [*self._drop("segment_missing"), FrameRejected.of("segment_out_of_order", packet.data)]
        self._next_sequence = segment.sequence + 1 & 0xFF
        # The total, not the continuation bit: scanners leave that out on the segments in the middle.
        is_last = len(self._parts) + len(segment.chunk) >= (self._total or 0) or packet.length < PACKET_BYTES_MAX
        return [*events, *self._add(segment.chunk, is_last=is_last)]

    def _add(self, data: bytes, *, is_last: bool) -> list[CodecEvent]:
        if len(self._parts) + len(data) > READ_BYTES_MAX:
            self._is_skipping = not is_last and self._total is None
            return self._drop("too_long")
        self._parts += data
        self._is_continuing = not is_last
        if not is_last:
            return []
        whole, total = bytes(self._parts), self._total
        self._clear()
        if total is not None and len(whole) != total:
            return [FrameRejected.of("total_differs", whole)]
        if whole == NO_READ and self._code_type == NOT_APPLICABLE:
            return [NoRead()]
        aim, text = split_aim(whole)
        return [SsiRead(raw=whole, data=text, aim=aim, code_type=self._code_type)] if text else []

    def _drop(self, reason: str) -> list[CodecEvent]:
        rejected: list[CodecEvent] = [FrameRejected.of(reason, bytes(self._parts))] if self._parts else []
        self._clear()
        return rejected

    def _clear(self) -> None:
        self._parts.clear()
        self._total = None
        self._is_continuing = False


def _is_retransmission(frame: bytes) -> bool:
    """Of a damaged packet, as far as its header is to be believed."""
    return len(frame) > _STATUS_AT and bool(frame[_STATUS_AT] & Status.RETRANSMIT)
