"""The scanner of a scanner-scale that shares its cable with the scale: both are devices of one ``shared`` port."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from drivers.barcode_scanner import BarcodeScanner, ScannerSettings
from edge_gateway.contracts.driver import Session
from protocols.scanners.datalogic_single_cable import SCALE_PREFIX, SCAN_PREFIX, SingleCableScannerCodec
from protocols.scanners.reading import FRAME_BYTES_MAX


class SingleCableScannerSettings(ScannerSettings):
    """Settings of the scanner's half: they describe how the unit itself is set up."""

    suffix: Literal["cr", "lf", "crlf"] = Field("cr", description="What ends each line; CR LF is taken for CR as well.")
    scan_prefix: str = Field(SCAN_PREFIX.decode(), min_length=1, max_length=8, description="In front of each scan.")
    scale_prefix: str = Field(
        SCALE_PREFIX.decode(), min_length=1, max_length=8, description="In front of what the scale says: passed over."
    )
    frame_bytes_max: int = Field(FRAME_BYTES_MAX, ge=16, le=65536, description="Longer reads are rejected as noise.")


class SingleCableScanner(BarcodeScanner):
    """Driver of the scanner's half."""

    Settings: ClassVar[type[SingleCableScannerSettings]] = SingleCableScannerSettings

    def __init__(self, session: Session, settings: SingleCableScannerSettings) -> None:
        codec = SingleCableScannerCodec(
            settings.scan_prefix.encode(), settings.scale_prefix.encode(), settings.frame_bytes_max, settings.suffix
        )
        super().__init__(session, settings, codec)
