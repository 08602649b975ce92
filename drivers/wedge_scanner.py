"""Scanners that act as a keyboard, read from their input node."""

from __future__ import annotations

from pydantic import Field

from drivers.barcode_scanner import BarcodeScanner, ScannerSettings
from edge_gateway.contracts.driver import Session
from protocols.scanners.keyboard_text import GsKey, KeyboardOptions, Layout, Suffix
from protocols.scanners.keyboard_wedge import KeyboardWedgeCodec
from protocols.scanners.reading import FRAME_BYTES_MAX


class WedgeScannerSettings(ScannerSettings):
    """Settings of a keyboard-wedge scanner: they describe how the scanner itself is set up."""

    layout: Layout = Field("us", description="Keyboard country that the scanner is set to.")
    suffix: Suffix = Field(
        "auto",
        description="What ends a read: enter, tab; auto: any of them, and until the first was seen a second of idle "
        "keyboard; none: an idle keyboard for idle_gap_ms.",
    )
    gs_key: GsKey = Field("none", description="Function key that the scanner sends for GS (FNC1).")
    characters_min: int = Field(1, ge=1, le=100, description="Shorter reads are rejected.")
    characters_max: int = Field(FRAME_BYTES_MAX, ge=16, le=65536, description="Longer reads are rejected as noise.")
    idle_gap_ms: int = Field(100, ge=5, le=5000, description="Idle time that ends a read with suffix none.")


class WedgeScanner(BarcodeScanner):
    """Driver of a keyboard-wedge scanner."""

    Settings = WedgeScannerSettings

    def __init__(self, session: Session, settings: WedgeScannerSettings) -> None:
        options = KeyboardOptions(
            layout=settings.layout,
            suffix=settings.suffix,
            gs_key=settings.gs_key,
            aim=settings.aim,
            code_ids=settings.code_ids,
            characters_min=settings.characters_min,
            characters_max=settings.characters_max,
        )
        super().__init__(session, settings, KeyboardWedgeCodec(options))
