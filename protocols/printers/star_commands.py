"""Star Line Mode and StarPRNT commands as bytes (Star Micronics, "STAR Line Mode Command Specifications", by the names
given at each)."""

from __future__ import annotations

from typing import Final, Literal

from edge_gateway.contracts.printed_text import Align, Font

LF: Final = b"\n"
NUL: Final = b"\x00"
INITIALIZE: Final = b"\x1b@"
CANCEL: Final = b"\x18"
"""CAN: forget what is in the line buffer, modes as after power-on; taken in its turn."""
ENABLE_STATUS: Final = b"\x1b\x1ea\x01"
"""ESC RS a 1: automatic status on."""
REQUEST_STATUS: Final = b"\x1b\x06\x01"
"""ESC ACK SOH: answered at once, past the buffer. Not while automatic status is on and under way."""
ETB: Final = b"\x17"
"""Counted, and told in an automatic status, when everything before it was printed."""
CLEAR_ETB_COUNTER: Final = b"\x1b\x1eE\x00"
"""ESC RS E 0: taken in its turn, and not told by itself."""
REQUEST_VERSION: Final = b"\x1b#*\n\x00"
REQUEST_SERIAL: Final = b"\x1b\x1d)I\x01\x001"
LINE_SPACING_24: Final = b"\x1b0"
LINE_SPACING_DEFAULT: Final = b"\x1bz\x01"
PULSE_UNIT_MS: Final = 10

_ALIGN: Final = {"left": 0, "center": 1, "right": 2}
_QR_LEVELS: Final = {"L": 0, "M": 1, "Q": 2, "H": 3}
_NATURAL_ORDER: Final = 0


def print_end_counter(document_id: int) -> bytes:
    """ESC GS ETX 1 n1 n2: answered with itself and a counter when everything before it was printed."""
    return b"\x1b\x1d\x03\x01" + document_id.to_bytes(2, "little")


def align(where: Align) -> bytes:
    """ESC GS a n"""
    return bytes((0x1B, 0x1D, 0x61, _ALIGN[where]))


def bold(is_on: bool) -> bytes:
    """ESC E, ESC F"""
    return b"\x1bE" if is_on else b"\x1bF"


def underline(dots: int) -> bytes:
    """ESC - n"""
    return bytes((0x1B, 0x2D, dots > 0))


def invert(is_on: bool) -> bytes:
    """ESC 4, ESC 5: white on black; on an impact printer with two colours: red."""
    return b"\x1b4" if is_on else b"\x1b5"


def upside_down(is_on: bool) -> bytes:
    """SI, DC2: at the start of a line."""
    return b"\x0f" if is_on else b"\x12"


def font(name: Font) -> bytes:
    """ESC RS F n"""
    return bytes((0x1B, 0x1E, 0x46, name == "b"))


def size(width: int, height: int) -> bytes:
    """ESC i n1 n2: multiples from 1 to 6."""
    return bytes((0x1B, 0x69, height - 1, width - 1))


def size_of_impact(width: int, height: int) -> bytes:
    """ESC W n, ESC h n: once or twice as large."""
    return bytes((0x1B, 0x57, width > 1, 0x1B, 0x68, height > 1))


def code_page(slot: int) -> bytes:
    """ESC GS t n"""
    return bytes((0x1B, 0x1D, 0x74, slot))


def feed(lines: int) -> bytes:
    """ESC a n"""
    return bytes((0x1B, 0x61, lines))


def cut(*, is_full: bool) -> bytes:
    """ESC d 2, ESC d 3: feed to the knife and cut."""
    return bytes((0x1B, 0x64, 2 if is_full else 3))


DRAWER_KICK_NOW: Final = b"\x1c"
"""FS: the first drawer at once, whatever waits in the buffer (STAR Command Specifications for dot impact printers,
3-50); the pulse is as ESC BEL set it last, 200 ms after power-on."""


def drawer_kick(pin: Literal[2, 5], on_ms: int, off_ms: int) -> bytes:
    """ESC BEL n1 n2 and BEL; SUB for the second drawer, whose pulse is fixed at 200 ms."""
    if pin == 5:
        return b"\x1a"
    return bytes((0x1B, 0x07, pulse_units(on_ms), pulse_units(off_ms), 0x07))


def pulse_units(ms: int) -> int:
    """A time as ESC BEL takes it, in steps of 10 ms from 1 to 127."""
    return min(127, max(1, round(ms / PULSE_UNIT_MS)))


def buzzer(times: int, on_ms: int) -> bytes:
    """ESC GS EM DC1 m n1 n2 (on and off in steps of 20 ms), ESC GS EM DC2 m n1 n2."""
    units = min(255, max(1, on_ms // 20))
    return bytes((0x1B, 0x1D, 0x19, 0x11, 1, units, units, 0x1B, 0x1D, 0x19, 0x12, 1, min(20, times), 0))


def qr_code(data: bytes, module_dots: int, level: Literal["L", "M", "Q", "H"]) -> bytes:
    """ESC GS y: model 2, stored and printed."""
    settings = b"\x1b\x1dyS0\x02\x1b\x1dyS2" + bytes((module_dots,)) + b"\x1b\x1dyS1" + bytes((_QR_LEVELS[level],))
    return settings + b"\x1b\x1dyD1\x00" + len(data).to_bytes(2, "little") + data + b"\x1b\x1dyP"


def pdf417(data: bytes, columns: int, module_dots: int, row_height: int, level: int) -> bytes:
    """ESC GS x: so many columns (0: as the printer likes), as many rows as it takes."""
    return b"".join(
        (
            b"\x1b\x1dxS0" + bytes((1, 0, columns)),
            b"\x1b\x1dxS1" + bytes((level,)),
            b"\x1b\x1dxS2" + bytes((module_dots,)),
            b"\x1b\x1dxS3" + bytes((row_height,)),
            b"\x1b\x1dxD" + len(data).to_bytes(2, "little") + data,
            b"\x1b\x1dxP",
        )
    )


def barcode(system: int, data: bytes, mode: int, height_dots: int, *, is_text_below: bool) -> bytes:
    """ESC b n1 n2 n3 n4 data RS, with a line feed behind it."""
    return bytes((0x1B, 0x62, system, 2 if is_text_below else 1, mode, height_dots)) + data + b"\x1e"


def raster_image(row_bytes: int, height_dots: int, rows: bytes) -> bytes:
    """ESC GS S 1 (StarPRNT)."""
    size = row_bytes.to_bytes(2, "little") + height_dots.to_bytes(2, "little")
    return b"\x1b\x1dS\x01" + size + b"\x00" + rows


def column_image(width_dots: int, columns: bytes) -> bytes:
    """ESC X n1 n2: 24 dots high, three bytes a column."""
    return b"\x1bX" + width_dots.to_bytes(2, "little") + columns
