"""The line to a Zebra SSI scanner: each of its packets acknowledged at once, one question of ours at a time.

Source: Zebra, Simple Serial Interface Programmer's Guide 72E-40451, CMD_ACK, CMD_NAK and "ACK/NAK Handshaking": who
gets no answer within the serial response time-out sends twice more with the retransmit bit, then gives up.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.scanners.zebra_ssi import CHECKSUM_WRONG, SsiCodec, SsiPacket, encode_packet
from protocols.scanners.zebra_ssi_reads import SsiReads
from protocols.scanners.zebra_ssi_tables import UNACKNOWLEDGED, NakCause, Opcode, Status

RESPONSE_S = 2.0
"""The guide's default of the serial response time-out."""
RETRIES = 2
"""As the guide has it, for both sides."""
BOOT_EVENT = 0x03
"""The scanner was switched on, or started anew."""
CHARACTER_GAP_S = 0.2
"""The guide's host character time-out: a packet has no longer pause inside."""
PART_GAP_S = 1.0
"""Between two packets of one read: a scanner sends the next as soon as it is acknowledged, a radio holds it back for
0.3 s. A packet that is later, and does not repeat one, may be the first of another read."""
READ_GAP_S = (RETRIES + 1) * RESPONSE_S + 1
"""After this the scanner has given up a read whose rest did not come."""
OUTGOING_MAX = 32
"""Packets that wait to be written. A scanner has one packet unanswered at a time, and we one question; more are answers
to noise, and are dropped."""

Result = TypeVar("Result")


class SsiRefusedError(Exception):
    """The scanner answered NAK. ``cause``: see ``NakCause``."""

    def __init__(self, cause: int) -> None:
        super().__init__(f"NAK {cause}")
        self.cause = cause


class SsiLine:
    """``on_event`` gets what reads complete, each packet that carries none, and what was rejected."""

    def __init__(self, session: Session, *, is_att: bool, on_event: Callable[[CodecEvent], None]) -> None:
        self.counters: Counter[str] = Counter()
        self._session = session
        self._is_att = is_att
        self._on_event = on_event
        self.codec = SsiCodec()
        self.heard_at_s = session.clock.monotonic()
        """When the last packet came."""
        self._part_at_s = self.heard_at_s
        self._reads = SsiReads()
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue(OUTGOING_MAX)
        self._turn = asyncio.Lock()
        self._awaited: frozenset[int] = frozenset()
        self._answer: asyncio.Future[SsiPacket] | None = None
        self._bytes_at_s = session.clock.monotonic()
        self._is_busy = asyncio.Event()

    @property
    def is_in_licence(self) -> bool:
        """Part of a driving licence has come."""
        return self.codec.is_in_licence or self._reads.is_in_licence

    def data_received(self, data: bytes) -> None:
        self._bytes_at_s = self._session.clock.monotonic()
        self._is_busy.set()
        self._take(self.codec.feed(data))

    async def write_outgoing(self) -> None:
        """Write what waits, in order; until cancelled, or TransportError."""
        while True:
            await self._session.transport.write(await self._outgoing.get())

    async def watch_idle(self) -> None:
        """A pause ends what noise has begun, a long one what a scanner has given up."""
        while True:
            await self._is_busy.wait()
            self._is_busy.clear()
            await self._wait_idle(CHARACTER_GAP_S)
            self._take(self.codec.flush())
            await self._wait_idle(READ_GAP_S, until_bytes=True)
            if not self._is_busy.is_set():
                self._forget_parts()

    async def ask(
        self, opcode: Opcode, data: bytes = b"", *, answer: Opcode | None = None, status: int = 0
    ) -> SsiPacket:
        """One packet and its answer: ``answer``, or an ACK. Raises SsiRefusedError; after the retries TimeoutError."""
        awaited = frozenset({Opcode.CMD_ACK if answer is None else answer, Opcode.CMD_NAK})
        async with self._turn:
            try:
                for attempt in range(RETRIES + 1):
                    self._awaited = awaited
                    self._answer = asyncio.get_running_loop().create_future()
                    self._send(opcode, data, status | (Status.RETRANSMIT if attempt else 0))
                    packet = await within(self._session.clock, self._answer, RESPONSE_S)
                    if packet is None or _is_resend(packet):
                        continue
                    if packet.opcode == Opcode.CMD_NAK:
                        raise SsiRefusedError(packet.data[0] if packet.data else 0)
                    return packet
            finally:
                self._answer = None
        raise TimeoutError

    def _take(self, events: Iterable[CodecEvent]) -> None:
        for event in events:
            if isinstance(event, SsiPacket):
                self._take_packet(event)
            elif isinstance(event, FrameRejected):
                self._on_event(event)
                if event.reason == CHECKSUM_WRONG:
                    self._reads.packet_lost(event.data)
                    self.counters["naks_sent"] += 1
                    self._send(Opcode.CMD_NAK, bytes((NakCause.RESEND,)))

    def _take_packet(self, packet: SsiPacket) -> None:
        self._session.frame_seen()
        self.heard_at_s = self._session.clock.monotonic()
        if self._answer is not None and not self._answer.done() and packet.opcode in self._awaited:
            self._answer.set_result(packet)
        # What it completes is told before the acknowledgement: a scanner that was not acknowledged sends it again.
        for event in self._reads.take(packet, is_late=self.heard_at_s - self._part_at_s > PART_GAP_S):
            self._on_event(event)
        if packet.opcode == Opcode.EVENT and packet.data[:1] == bytes((BOOT_EVENT,)):
            self._forget_parts()
        if packet.opcode in (Opcode.DECODE_DATA, Opcode.MULTIPACKET):
            self._part_at_s = self.heard_at_s
        else:
            self._on_event(packet)
        if packet.opcode not in UNACKNOWLEDGED:
            is_within = packet.opcode == Opcode.MULTIPACKET and self._reads.is_joining
            self._send(Opcode.MULTIPACKET_ACK if is_within else Opcode.CMD_ACK)

    def _forget_parts(self) -> None:
        for event in self._reads.forget():
            self._on_event(event)

    def _send(self, opcode: Opcode, data: bytes = b"", status: int = 0) -> None:
        if self._outgoing.full():
            self.counters["packets_dropped"] += 1
            return
        self._outgoing.put_nowait(encode_packet(opcode, data, status=status, is_att=self._is_att))

    async def _wait_idle(self, gap_s: float, *, until_bytes: bool = False) -> None:
        """Until no byte came for ``gap_s``, or with ``until_bytes`` until one came."""
        clock = self._session.clock
        while (remaining_s := self._bytes_at_s + gap_s - clock.monotonic()) > 0:
            if until_bytes and self._is_busy.is_set():
                return
            await clock.sleep(min(remaining_s, CHARACTER_GAP_S))


async def within(clock: Clock, awaited: asyncio.Future[Result], limit_s: float) -> Result | None:
    """The result, or None after ``limit_s`` of the session's clock."""
    timer = asyncio.ensure_future(clock.sleep(limit_s))
    try:
        await asyncio.wait((awaited, timer), return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
    return awaited.result() if awaited.done() else None


def _is_resend(packet: SsiPacket) -> bool:
    return packet.opcode == Opcode.CMD_NAK and packet.data[:1] == bytes((NakCause.RESEND,))
