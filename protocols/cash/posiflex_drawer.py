"""Posiflex USB drawers (CR-4000, CR-4100): HID reports of 120 bytes, both ways, of which the first one or two count.

The host sends the drawer's number, and then the number once more to open it, or one more to ask; the drawer answers
``number << 4 | is_closed``. Other command bytes are not for hosts: F0 puts the drawer into its boot loader, from which
only the maker's tool brings it back. Source: posiflex-hidcd 1.0.0, README "Protocol", with a CR-4115G2.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, Side

REPORT_BYTES: Final = 120
NUMBERS: Final = range(8)
VENDOR_ID: Final = 0x0D3A
PRODUCT_ID: Final = 0x0200
"""With the drawer's number in its last three bits."""


@dataclass(frozen=True, slots=True)
class DrawerCommand(CodecEvent):
    """``command``: ``open``, ``status`` or, never sent by us, ``boot_loader``."""

    command: str
    drawer: int


@dataclass(frozen=True, slots=True)
class DrawerStatus(CodecEvent):
    """What a drawer answers."""

    drawer: int
    is_closed: bool
    is_open: bool


def encode_open(drawer: int) -> bytes:
    return _report(drawer, drawer)


def encode_query(drawer: int) -> bytes:
    return _report(drawer, drawer + 1)


def drawer_number(product_id: int) -> int:
    """Of the drawer with this USB product id."""
    return product_id & 0x07


def _report(drawer: int, command: int) -> bytes:
    if drawer not in NUMBERS:
        raise ValueError(f"drawer {drawer}: expected 0 to 7")
    return bytes((drawer, command)).ljust(REPORT_BYTES, b"\0")


class _ReportCodec(ABC):
    """Reports of fixed length; a shorter one is whole when the line is idle."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for start in range(0, len(data), REPORT_BYTES):
            self._buffer += data[start : start + REPORT_BYTES]
            while len(self._buffer) >= REPORT_BYTES:
                report = bytes(self._buffer[:REPORT_BYTES])
                del self._buffer[:REPORT_BYTES]
                events.append(self._understand(report))
        return events

    def flush(self) -> Sequence[CodecEvent]:
        report = bytes(self._buffer)
        self._buffer.clear()
        return [self._understand(report)] if report else []

    @abstractmethod
    def _understand(self, report: bytes) -> CodecEvent:
        """One report."""


class PosiflexDrawerCodec(_ReportCodec):
    """Implements Codec for what the drawer says. What stands behind the first byte of its report means nothing."""

    def _understand(self, report: bytes) -> CodecEvent:
        status = report[0]
        if status & 0x8E:
            return FrameRejected.of("no status of a Posiflex drawer", report)
        return DrawerStatus(status >> 4, bool(status & 1), not status & 1)


class PosiflexDrawerCommandCodec(_ReportCodec):
    """Implements Codec for what the host says."""

    def _understand(self, report: bytes) -> CodecEvent:
        names = {report[0]: "open", report[0] + 1: "status", 0xF0: "boot_loader"}
        name = names.get(report[1]) if len(report) > 1 and report[0] in NUMBERS and not any(report[2:]) else None
        if name is None:
            return FrameRejected.of("no command to a Posiflex drawer", report)
        return DrawerCommand(name, report[0])


PROTOCOLS = {
    "posiflex_hid": Decodable(
        device_to_host=Side(
            PosiflexDrawerCodec,
            examples=(b"\x71".ljust(REPORT_BYTES, b"\0"), b"\x70".ljust(REPORT_BYTES, b"\0")),
            is_self_synchronising=False,
        ),
        host_to_device=Side(
            PosiflexDrawerCommandCodec, examples=(encode_open(7), encode_query(7)), is_self_synchronising=False
        ),
    )
}
