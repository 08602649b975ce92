"""Scanners that send plain text over RS-232 or USB CDC-ACM."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from drivers.barcode_scanner import BarcodeScanner, ScannerSettings
from edge_gateway.contracts.driver import Session
from protocols.scanners.reading import FRAME_BYTES_MAX
from protocols.scanners.rs232_plain import Prefix, Rs232PlainCodec, Suffix


class SerialScannerSettings(ScannerSettings):
    """Settings of a serial scanner: they describe how the scanner itself is set up."""

    suffix: Suffix = Field(
        "auto",
        description="What ends a read: cr, lf, crlf, tab, etx; auto: any of them, and until the first was seen a "
        "second of idle line; none: an idle line of idle_gap_ms.",
    )
    prefix: Prefix = Field("auto", description="auto: drop one STX in front; stx: require it; none: keep it as data.")
    frame_bytes_max: int = Field(FRAME_BYTES_MAX, ge=16, le=65536, description="Longer reads are rejected as noise.")


class SerialScanner(BarcodeScanner):
    """Driver of a plain serial scanner."""

    Settings: ClassVar[type[SerialScannerSettings]] = SerialScannerSettings

    def __init__(self, session: Session, settings: SerialScannerSettings) -> None:
        super().__init__(session, settings, plain_codec(settings))


def plain_codec(settings: SerialScannerSettings) -> Rs232PlainCodec:
    """The codec of plain reads that the settings ask for."""
    return Rs232PlainCodec(
        settings.suffix,
        prefix=settings.prefix,
        aim=settings.aim,
        code_ids=settings.code_ids,
        frame_bytes_max=settings.frame_bytes_max,
    )
