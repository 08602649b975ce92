"""Serial scanners whose framing and fields their profile describes: an unknown one needs no Python."""

from __future__ import annotations

from pydantic import Field, field_validator

from drivers.barcode_scanner import BarcodeScanner, ScannerSettings
from edge_gateway.contracts.driver import Session
from protocols.declarative.framing import Framing
from protocols.scanners.declarative import DeclarativeScannerCodec, Read


class DeclarativeScannerSettings(ScannerSettings):
    """Settings of a scanner that its profile describes."""

    framing: Framing = Field(description="How reads are cut out of the line; see drivers/README.md.")
    reads: tuple[Read, ...] = Field((), max_length=32, description="Kinds of frames; none: a frame is the code.")

    @field_validator("suffix")
    @classmethod
    def _framing_says_it(cls, suffix: str) -> str:
        if suffix != "auto":
            raise ValueError("the framing says what ends a read; leave suffix out")
        return suffix


class DeclarativeScanner(BarcodeScanner):
    """Driver of a scanner that its profile describes."""

    Settings = DeclarativeScannerSettings

    def __init__(self, session: Session, settings: DeclarativeScannerSettings) -> None:
        super().__init__(session, settings, DeclarativeScannerCodec(settings.framing, settings.reads, settings.aim))
        self._symbologies = {
            **self._symbologies,
            **{code_id: symbology for read in settings.reads for code_id, symbology in read.code_ids.items()},
        }
