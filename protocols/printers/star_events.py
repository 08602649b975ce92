"""What a Star printer says, understood: the events of its status codec.

Source: Star Micronics, "STAR Line Mode Command Specifications" and "StarPRNT Command Specifications", appendix
"Automatic Status (ASB)": header 1, header 2, printer status 1 to 7; ESC GS ETX (print-end counter), ESC # * (version),
ESC GS ) I (printer information).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent

STAR_PRNT_VERSION: Final = 4
"""Status versions from this on are of printers that speak StarPRNT; below, Star Line Mode (ReceiptPrinterStatus)."""
ETB_COUNTS: Final = 32
"""The counter has five bits."""


@dataclass(frozen=True, slots=True)
class StarStatus(CodecEvent):
    """Automatic status (ASB). ``drawer_bit``: the level of the drawer switch; Star and those who read it take set as
    open, which is the opposite of ESC/POS. A reading whose byte the status is too short for is None."""

    kind: str
    raw: str
    status_length_bytes: int
    status_version: int
    online: bool
    cover_open: bool
    drawer_bit: bool
    feed_button: bool
    etb_executed: bool
    recoverable_error: bool
    cutter_error: bool
    unrecoverable_error: bool
    auto_recoverable_error: bool
    head_up: bool
    presenter_jam: bool
    black_mark_error: bool
    receive_overflow: bool
    paper_low: bool
    paper_loaded: bool
    etb_counter: int | None = None
    presenter_position: int | None = None

    @property
    def drawer_high(self) -> bool:
        return self.drawer_bit

    @property
    def language(self) -> str:
        return "star-prnt" if self.status_version >= STAR_PRNT_VERSION else "star-line"


@dataclass(frozen=True, slots=True)
class StatusHeader(CodecEvent):
    """One byte alone, read as the first or the second of an automatic status."""

    field: str
    status_length_bytes: int | None = None
    status_version: int | None = None


@dataclass(frozen=True, slots=True)
class PaperStatus(CodecEvent):
    """The answer to EOT (04): one byte about paper."""

    kind: str
    value: int
    paper_low: bool
    paper_loaded: bool


@dataclass(frozen=True, slots=True)
class PrintEndCounter(CodecEvent):
    """``1B 1D 03 s n1 n2 c 00``: everything before this ESC GS ETX is printed, and it was the ``counter``-th."""

    kind: str
    function: int
    document_id: int
    counter: int


@dataclass(frozen=True, slots=True)
class StarVersion(CodecEvent):
    """The answer to ESC # *: model and version, such as ``TSP654Ver3.0``."""

    kind: str
    text: str
    model_name: str
    firmware: str


@dataclass(frozen=True, slots=True)
class StarInformation(CodecEvent):
    """The answer to ESC GS ) I fn; 49 tells the serial number (``PrSrN=``)."""

    kind: str
    function: int
    text: str
    serial_number: str | None = None


def split_bits(byte: int) -> int:
    """Bits 5, 3, 2 and 1 as a number: so both headers carry theirs."""
    return (byte >> 5 & 1) << 3 | (byte >> 1 & 7)


def status_length(header: int) -> int:
    """Bytes of a status, by its first one: bits 6, 5, 3, 2 and 1."""
    return (header >> 5 & 3) << 3 | (header >> 1 & 7)


def star_status(data: bytes) -> StarStatus:
    """Read a whole automatic status, of 7 bytes or more."""
    readings = {name: bool(data[index] & mask) for name, (index, mask) in _FLAGS.items()}
    readings["online"] = not readings.pop("offline")
    readings["paper_loaded"] = not readings.pop("paper_end")
    return StarStatus(
        kind="ASB",
        raw=data.hex(),
        status_length_bytes=len(data),
        status_version=split_bits(data[1]),
        etb_counter=_etb_counter(data[7]) if len(data) > 7 else None,
        presenter_position=data[8] >> 1 & 7 if len(data) > 8 else None,
        **readings,
    )


def _etb_counter(byte: int) -> int:
    """Bits 6, 5, 3, 2, 1."""
    return (byte >> 5 & 3) << 3 | (byte >> 1 & 7)


_FLAGS: Final = {
    "etb_executed": (2, 0x02),
    "drawer_bit": (2, 0x04),
    "offline": (2, 0x08),
    "cover_open": (2, 0x20),
    "feed_button": (2, 0x40),
    "recoverable_error": (3, 0x04),
    "cutter_error": (3, 0x08),
    "unrecoverable_error": (3, 0x20),
    "auto_recoverable_error": (3, 0x40),
    "head_up": (4, 0x02),
    "presenter_jam": (4, 0x04),
    "black_mark_error": (4, 0x08),
    "receive_overflow": (4, 0x40),
    "paper_low": (5, 0x04),
    "paper_end": (5, 0x08),
}
"""Reading to its byte (from 0) and bit. A mechanical error is one that a person mends; a hot head mends itself."""
