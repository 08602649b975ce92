"""Plain text scanners on RS-232 or USB CDC-ACM: ``[STX] [AIM or vendor identifier] data [suffix]``.

Every maker's factory default is a variant of it. 0x1D (GS, for FNC1) belongs to the data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.scanners.code_ids import CodeIdTable
from protocols.scanners.licence_frames import LicenceHead, licence_head
from protocols.scanners.reading import FRAME_BYTES_MAX, AimHandling, barcode_read

Suffix = Literal["auto", "cr", "lf", "crlf", "tab", "etx", "none"]
Prefix = Literal["auto", "none", "stx"]

STX = b"\x02"
_REJECTED_HEAD_BYTES = 64
_SUFFIXES: dict[str, re.Pattern[bytes]] = {
    # One character ends a frame and an empty frame is none: so CR LF never counts twice, however it was chunked.
    "auto": re.compile(rb"[\r\n\t\x03]"),
    # A line feed behind the carriage return that ended the last frame is the other half of a suffix, not data.
    "cr": re.compile(rb"\r"),
    "lf": re.compile(rb"\n"),
    "crlf": re.compile(rb"\r\n"),
    "tab": re.compile(rb"\t"),
    "etx": re.compile(rb"\x03"),
    "none": re.compile(rb"(?!)"),
}
_PRINTABLE = re.compile(rb"[^\x00-\x1f\x7f]")


class Rs232PlainCodec:
    """Bytes to BarcodeRead.

    ``suffix``: what ends a read. ``auto`` takes any of CR, LF, Tab, ETX and, until the first of them was seen, also
    an idle line. ``none``: only an idle line ends a read. A driving licence, which holds line ends itself, is ended by
    an idle line whatever the suffix.
    ``prefix``: ``stx`` requires STX and skips what is before it; ``auto`` drops one that leads.
    ``aim``: ``auto`` splits ``]cm`` off; ``none`` leaves it in the data.
    """

    def __init__(
        self,
        suffix: Suffix = "auto",
        *,
        prefix: Prefix = "auto",
        aim: AimHandling = "auto",
        code_ids: CodeIdTable = "none",
        frame_bytes_max: int = FRAME_BYTES_MAX,
    ) -> None:
        self._suffix = suffix
        self._prefix = prefix
        self._aim = aim
        self._code_ids = code_ids
        self._frame_bytes_max = frame_bytes_max
        self._pattern = _SUFFIXES[suffix]
        self._buffer = bytearray()
        self._is_suffix_seen = False
        self._licence = LicenceHead.NO
        self._lost_head = b""
        self._lost_length = 0

    @property
    def is_ended_by_idle(self) -> bool:
        """An idle line completes a read now; otherwise it means that the rest of one was lost."""
        is_suffix_unknown = self._suffix == "auto" and not self._is_suffix_seen
        return self._suffix == "none" or is_suffix_unknown or self._licence is not LicenceHead.NO

    @property
    def is_in_licence(self) -> bool:
        """A driving licence is being read: line ends are part of it, and only an idle line ends it."""
        return self._licence is LicenceHead.YES

    @property
    def has_pending(self) -> bool:
        """Bytes wait for their suffix or for an idle line."""
        return bool(self._buffer) or self._lost_length > 0

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        # One back: a CR may have been the last byte so far. What was held may have ends anywhere.
        searched = max(0, len(self._buffer) - 1) if self._licence is LicenceHead.NO else 0
        self._buffer += data
        if self._licence is not LicenceHead.YES:
            events += self._cut(searched, is_holding=True)
        self._shorten()
        return events

    def _cut(self, searched: int, *, is_holding: bool) -> list[CodecEvent]:
        """The frames that end in the buffer. ``is_holding``: stop before what is a licence, or may be the beginning."""
        events: list[CodecEvent] = []
        start = 0
        while True:
            self._licence = licence_head(self._buffer, start) if is_holding else LicenceHead.NO
            if self._licence is not LicenceHead.NO:
                break
            match = self._pattern.search(self._buffer, max(start, searched))
            if match is None:
                break
            events += self._frame(bytes(self._buffer[start : match.start()]))
            start = match.end()
            self._is_suffix_seen = True
        del self._buffer[:start]
        return events

    def flush(self) -> Sequence[CodecEvent]:
        if not self.has_pending:
            return ()
        if self._licence is LicenceHead.MAYBE:
            return [*self._cut(0, is_holding=False), *self.flush()]
        rest = bytes(self._buffer)
        self._buffer.clear()
        is_ended, self._licence = self.is_ended_by_idle, LicenceHead.NO
        if is_ended:
            return self._frame(rest)
        if not rest.strip(b"\r\n") and not self._lost_length:
            return ()
        return [self._rejected("incomplete", rest)]

    def _shorten(self) -> None:
        """Forget all but the last byte of what is too long already; the last may be half of a CR LF."""
        excess = len(self._buffer) - 1
        if excess > self._frame_bytes_max or (self._lost_length and excess > 0):
            self._lost_head = (self._lost_head + self._buffer[:excess])[:_REJECTED_HEAD_BYTES]
            self._lost_length += excess
            del self._buffer[:excess]

    def _frame(self, frame: bytes) -> list[CodecEvent]:
        if self._lost_length or len(frame) > self._frame_bytes_max:
            return [self._rejected("too_long", frame)]
        if self._suffix == "cr" and self._is_suffix_seen:
            frame = frame.removeprefix(b"\n")
        rejected: list[CodecEvent] = []
        if self._prefix == "stx":
            before, found, frame = frame.rpartition(STX)
            before = before if found else frame
            if before:
                rejected.append(FrameRejected.of("no_prefix" if not found else "before_prefix", before))
            if not found:
                return rejected
        elif self._prefix == "auto":
            frame = frame.removeprefix(STX)
        return [*rejected, *self._read(frame)]

    def _read(self, raw: bytes) -> list[CodecEvent]:
        if not raw:
            return []
        if not _PRINTABLE.search(raw):
            return [FrameRejected.of("no_text", raw)]
        return [barcode_read(raw, self._aim, self._code_ids)]

    def _rejected(self, reason: str, rest: bytes) -> FrameRejected:
        rejected = FrameRejected(reason, (self._lost_head + rest)[:_REJECTED_HEAD_BYTES], self._lost_length + len(rest))
        self._lost_head, self._lost_length = b"", 0
        return rejected
