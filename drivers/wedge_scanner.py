"""Scanners that act as a keyboard, read from their input node."""

from __future__ import annotations

from pydantic import Field

from drivers.barcode_scanner import BarcodeScanner, ScannerSettings
from edge_gateway.contracts.driver import Session
from protocols.scanners.keyboard_keys import GsKey
from protocols.scanners.keyboard_layouts import Layout
from protocols.scanners.keyboard_text import CapsLockShifts, DeadKeys, KeyboardOptions, Suffix
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
    prefix: str = Field(
        "", max_length=16, description="What the scanner types in front of each read; a read without it is rejected."
    )
    gs_key: GsKey = Field("none", description="Function key that the scanner sends for GS (FNC1).")
    caps_lock_on: bool = Field(
        False, description="The scanner types as for a keyboard whose Caps Lock is on: cases come inverted."
    )
    caps_lock_shifts: CapsLockShifts = Field(
        "letters", description="keys: Caps Lock works on digits and signs too, as on French and German Windows."
    )
    dead_keys: DeadKeys = Field(
        "compose", description="plain: the scanner leaves out the space behind a dead key (^ is the key alone)."
    )
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
            prefix=settings.prefix,
            gs_key=settings.gs_key,
            is_caps_lock_on=settings.caps_lock_on,
            caps_lock_shifts=settings.caps_lock_shifts,
            dead_keys=settings.dead_keys,
            aim=settings.aim,
            code_ids=settings.code_ids,
            characters_min=settings.characters_min,
            characters_max=settings.characters_max,
        )
        super().__init__(session, settings, KeyboardWedgeCodec(options))
