"""What every scanner driver shares: bytes through a codec, reads to ``barcode_scanned``, the idle line watched."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import Field

from drivers.scanner_reads import AGE_CHECKED as AGE_CHECKED
from drivers.scanner_reads import BARCODE_SCANNED as BARCODE_SCANNED
from drivers.scanner_reads import LICENCE_HEADER_BYTES, ReadSettings, ScannerReads
from edge_gateway.contracts.codec import Codec
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from edge_gateway.contracts.states import DeviceClass
from protocols.scanners.code_ids import TABLES, CodeIdTable
from protocols.scanners.reading import AimHandling

INCOMPLETE_GAP_S = 2.0
"""A read that lacks its suffix is given up after this: far longer than any pause inside a read (Bluetooth: 0.3 s), and
shorter than it takes to scan the next article, which must not be glued to the remains."""

SUFFIX_UNSEEN_GAP_S = 1.0
"""Ends a read of a scanner whose suffix is ``auto`` and was not seen yet. It may have one: after the short gap, a pause
in its first read (Bluetooth: 0.3 s, a virtual machine: more) would make half a code a valid one. Who scans without
suffix sets ``suffix = "none"`` and has the short gap."""

LICENCE_GAP_S = 1.0
"""Ends a driving licence, which nothing else can end: longer than pauses inside a read, as above."""

RESUME_S = 20.0
"""A wireless link that is out of range holds half a read back for so long before it is lost (Bluetooth Core, default
link supervision timeout). What ends with its suffix within this after a read that an idle line ended may be the rest
of that one, and is no code."""

STALL_ROUNDS = 3
"""Turns of the event loop between "the gap is over" and believing it: after a stall the bytes wait in the kernel."""

_TEXT = re.compile(rb"[\x20-\x7e]")


class ScannerSettings(ReadSettings):
    """What the drivers of serial and keyboard scanners have in common."""

    suffix: str = Field("auto", description="What ends a read; each kind of scanner has its own.")
    aim: AimHandling = Field("auto", description="auto: split an AIM identifier (]E0) off; none: leave it in the data.")
    code_ids: CodeIdTable = Field("none", description="Vendor's code identifiers that the scanner puts in front.")
    idle_gap_ms: int = Field(50, ge=5, le=5000, description="Idle time that ends a read with suffix none.")


class ReadingCodec(Codec, Protocol):
    """A codec of reads, of which some end with an idle line."""

    @property
    def is_ended_by_idle(self) -> bool: ...

    @property
    def has_pending(self) -> bool: ...


@runtime_checkable
class LicenceReadingCodec(ReadingCodec, Protocol):
    """One whose line ends stand inside driving licences: it holds a licence together until an idle line."""

    @property
    def is_in_licence(self) -> bool: ...


class BarcodeScanner:
    """One scanner: it only talks, so a silent one is well. Subclasses bring the codec and their settings."""

    device_class: ClassVar[DeviceClass] = DeviceClass.SCANNER
    commands: ClassVar[Mapping[str, bool]] = {}
    events: ClassVar[frozenset[str]] = frozenset({BARCODE_SCANNED, AGE_CHECKED})

    incomplete_gap_s: ClassVar[float] = INCOMPLETE_GAP_S

    def __init__(self, session: Session, settings: ScannerSettings, codec: ReadingCodec) -> None:
        self._session = session
        self._settings = settings
        self._codec = codec
        self._licence_codec = codec if isinstance(codec, LicenceReadingCodec) else None
        self._told = ScannerReads(session, settings)
        self._symbologies = TABLES[settings.code_ids]
        self._bytes_at_s = session.clock.monotonic()
        self._received_count = 0
        self._tail = b""
        self._has_pause_inside = False
        self._resumed_until_s: float | None = None
        self._is_pending = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        now_s = self._session.clock.monotonic()
        if self._codec.has_pending and now_s - self._bytes_at_s > self._short_gap_s:
            self._has_pause_inside = True
        self._bytes_at_s = now_s
        self._received_count += 1
        if self._licence_codec is None:
            self._told.look_at(self._tail + data)
            self._tail = (self._tail + data)[-LICENCE_HEADER_BYTES:]
        self._tell([self._unless_resumed(event) for event in self._codec.feed(data)])
        if self._codec.has_pending:
            self._is_pending.set()

    async def run(self) -> None:
        """Watch for the idle line that ends a read, or that shows that the rest of one was lost."""
        while True:
            await self._is_pending.wait()
            self._is_pending.clear()
            while self._codec.has_pending:
                await self._wait_for_gap()
                if await self._is_line_still_idle():
                    self._end_by_idle()

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        raise DeviceError(ErrorCode.UNSUPPORTED, f"scanner {self._session.device_id!r}: no command {name!r}")

    @property
    def holds_personal_data(self) -> bool:
        return self._is_in_licence or (self._codec.has_pending and self._told.is_amid_licence)

    @property
    def _is_in_licence(self) -> bool:
        return self._licence_codec is not None and self._licence_codec.is_in_licence

    @property
    def _short_gap_s(self) -> float:
        return self._settings.idle_gap_ms / 1000

    @property
    def _gap_s(self) -> float:
        """The idle time after which the codec is told that the line is idle."""
        if self._is_in_licence:
            return LICENCE_GAP_S
        if not self._codec.is_ended_by_idle:
            return self.incomplete_gap_s
        return self._short_gap_s if self._settings.suffix == "none" else max(SUFFIX_UNSEEN_GAP_S, self._short_gap_s)

    async def _wait_for_gap(self) -> None:
        clock = self._session.clock
        while self._codec.has_pending:
            remaining_s = self._bytes_at_s + self._gap_s - clock.monotonic()
            if remaining_s <= 0:
                return
            await clock.sleep(remaining_s)

    async def _is_line_still_idle(self) -> bool:
        count = self._received_count
        for _ in range(STALL_ROUNDS):
            await self._session.clock.sleep(0)
        return count == self._received_count

    def _end_by_idle(self) -> None:
        """Where a suffix was not seen yet, nothing says whether a pause was inside a code or between two."""
        is_licence = self._is_in_licence
        events = self._codec.flush()
        if is_licence:
            self._has_pause_inside = False
            self._tell(events)
            return
        if self._has_pause_inside and self._settings.suffix != "none":
            events = [_rejected(event, "pause_inside") for event in events]
        self._has_pause_inside = False
        if any(_may_be_text(event) for event in events):
            self._resumed_until_s = self._session.clock.monotonic() + RESUME_S
        self._tell(events)

    def _unless_resumed(self, event: CodecEvent) -> CodecEvent:
        """What a suffix ended, unless it may be the rest of what an idle line ended."""
        if isinstance(event, FrameRejected) and event.reason == "no_record":
            return event  # in the middle of a read
        until_s, self._resumed_until_s = self._resumed_until_s, None
        self._has_pause_inside = False
        is_in_doubt = until_s is not None and self._session.clock.monotonic() <= until_s
        return _rejected(event, "after_incomplete") if is_in_doubt else event

    def _tell(self, events: Sequence[CodecEvent]) -> None:
        for event in events:
            if isinstance(event, BarcodeRead):
                self._session.frame_seen()
                if self._told.is_for_tills(event):
                    self._session.emit(BARCODE_SCANNED, self._data(event))
            elif isinstance(event, FrameRejected):
                self._session.frame_rejected(self._told.rejected(event))

    def _data(self, read: BarcodeRead) -> dict[str, Any]:
        """``data`` of the event."""
        return self._told.data_of(read, self._symbologies.get(read.code_id) if read.code_id else None)


def _rejected(event: CodecEvent, reason: str) -> CodecEvent:
    return FrameRejected.of(reason, event.raw) if isinstance(event, BarcodeRead) else event


def _may_be_text(event: CodecEvent) -> bool:
    """Part of a code; the noise of plugging in (a few bytes, none of them ASCII text) must not cost the next read."""
    match event:
        case BarcodeRead(raw=data):
            return _TEXT.search(data) is not None
        case FrameRejected(reason=reason, data=data):
            return reason == "keys_lost" or _TEXT.search(data) is not None
    return False
