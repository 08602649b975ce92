"""USB HID POS scanners (usage page 8C): the symbology of each read, and no guess where a read ends."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from drivers.barcode_scanner import BarcodeScanner, ScannerSettings
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.hid_report_descriptor import ReportDescriptor, parse_report_descriptor
from edge_gateway.contracts.transport import ReportTransport
from protocols.scanners.hid_pos import HidPosLayout, HidPosReads

REST_S_MAX = 0.5
"""Between two reports of one read: they come with the next polls of the bus, a few milliseconds apart. What comes later
is another read, and must not be glued to the remains."""
HID_MODE_REPORT = b"\xfe\x01"
"""Honeywell: a feature report that puts the scanner into HID POS mode until its power goes."""


class HidPosScannerSettings(ScannerSettings):
    """Reports end by themselves, so ``suffix`` and ``idle_gap_ms`` do nothing."""

    suffix: Literal["auto"] = Field("auto", description="The last report of a read says so.")
    enter_hid_mode: bool = Field(False, description="Send Honeywell's feature report FE 01 at each connection.")


class HidPosScanner(BarcodeScanner):
    """Driver of a HID POS scanner."""

    Settings: ClassVar[type[HidPosScannerSettings]] = HidPosScannerSettings
    incomplete_gap_s = REST_S_MAX

    def __init__(self, session: Session, settings: HidPosScannerSettings) -> None:
        self._reads = HidPosReads(has_code_ids=settings.code_ids != "none")
        super().__init__(session, settings, self._reads)
        self._hid = settings
        self._descriptor: ReportDescriptor | None = None
        self._stream = bytearray()

    def data_received(self, data: bytes) -> None:
        """One report. On a stream (a recording) a report ends where its length says so."""
        if isinstance(self._session.transport, ReportTransport):
            self._learn_layout()
            super().data_received(data)
            return
        self._stream += data
        size = self._reads.layout.report_bytes
        while len(self._stream) >= size:
            report = bytes(self._stream[:size])
            del self._stream[:size]
            super().data_received(report)

    async def run(self) -> None:
        transport = self._session.transport
        if self._hid.enter_hid_mode and isinstance(transport, ReportTransport):
            await transport.send_feature(HID_MODE_REPORT)
        await super().run()

    @property
    def descriptor(self) -> ReportDescriptor | None:
        """What the device says of its reports; None on a stream."""
        self._learn_layout()
        return self._descriptor

    def _learn_layout(self) -> None:
        """Once for each connection: the transport knows the descriptor from its first open on."""
        transport = self._session.transport
        if self._descriptor is None and isinstance(transport, ReportTransport):
            self._descriptor = parse_report_descriptor(transport.report_descriptor)
            self._reads.layout = HidPosLayout.of(self._descriptor)
