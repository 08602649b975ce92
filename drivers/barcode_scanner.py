"""What every scanner driver shares: bytes through a codec, reads to ``barcode_scanned``, the idle line watched."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.codec import Codec
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from edge_gateway.contracts.states import DeviceClass
from protocols.barcodes.meaning import barcode_of
from protocols.scanners.code_ids import TABLES, CodeIdTable
from protocols.scanners.reading import AimHandling

BARCODE_SCANNED = "barcode_scanned"

INCOMPLETE_GAP_S = 2.0
"""A read that lacks its suffix is given up after this: far longer than any pause inside a read (Bluetooth: 0.3 s), and
shorter than it takes to scan the next article, which must not be glued to the remains."""

STALL_ROUNDS = 3
"""Turns of the event loop between "the gap is over" and believing it: after a stall the bytes wait in the kernel."""


class ScannerSettings(BaseModel):
    """What the drivers of serial and keyboard scanners have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    aim: AimHandling = Field("auto", description="auto: split an AIM identifier (]E0) off; none: leave it in the data.")
    code_ids: CodeIdTable = Field("none", description="Vendor's code identifiers that the scanner puts in front.")
    idle_gap_ms: int = Field(50, ge=5, le=5000, description="Idle time that ends a read without suffix.")
    encoding: Literal["utf-8", "latin-1", "cp1252", "iso8859-15", "cp437", "shift_jis", "gb18030", "big5"] = Field(
        "utf-8", description="Character set of the scanner's output; text is null for bytes outside of it."
    )


class ReadingCodec(Codec, Protocol):
    """A codec of reads, of which some end with an idle line."""

    @property
    def is_ended_by_idle(self) -> bool: ...

    @property
    def has_pending(self) -> bool: ...


class BarcodeScanner:
    """One scanner: it only talks, so a silent one is well. Subclasses bring the codec and their settings."""

    device_class: ClassVar[DeviceClass] = DeviceClass.SCANNER
    commands: ClassVar[Mapping[str, bool]] = {}

    def __init__(self, session: Session, settings: ScannerSettings, codec: ReadingCodec) -> None:
        self._session = session
        self._settings = settings
        self._codec = codec
        self._symbologies = TABLES[settings.code_ids]
        self._bytes_at_s = session.clock.monotonic()
        self._received_count = 0
        self._is_pending = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._bytes_at_s = self._session.clock.monotonic()
        self._received_count += 1
        self._tell(self._codec.feed(data))
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
                    self._tell(self._codec.flush())

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        raise DeviceError(ErrorCode.UNSUPPORTED, f"scanner {self._session.device_id!r}: no command {name!r}")

    async def _wait_for_gap(self) -> None:
        clock = self._session.clock
        while self._codec.has_pending:
            gap_s = self._settings.idle_gap_ms / 1000 if self._codec.is_ended_by_idle else INCOMPLETE_GAP_S
            remaining_s = self._bytes_at_s + gap_s - clock.monotonic()
            if remaining_s <= 0:
                return
            await clock.sleep(remaining_s)

    async def _is_line_still_idle(self) -> bool:
        count = self._received_count
        for _ in range(STALL_ROUNDS):
            await self._session.clock.sleep(0)
        return count == self._received_count

    def _tell(self, events: Sequence[CodecEvent]) -> None:
        for event in events:
            if isinstance(event, BarcodeRead):
                self._session.frame_seen()
                self._session.emit(BARCODE_SCANNED, self._data(event))
            elif isinstance(event, FrameRejected):
                self._session.frame_rejected(event)

    def _data(self, read: BarcodeRead) -> dict[str, Any]:
        """``data`` of the event. ``raw_base64``: as sent, without prefix and suffix, identifiers included."""
        barcode = barcode_of(
            read.data,
            aim=read.aim,
            symbology_by_code_id=self._symbologies.get(read.code_id) if read.code_id else None,
            encoding=self._settings.encoding,
        )
        data = {"raw_base64": base64.b64encode(read.raw).decode("ascii"), "aim": read.aim, **barcode.to_json()}
        return data if read.code_id is None else {**data, "code_id": read.code_id}
