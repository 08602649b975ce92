"""How large a barcode or a QR code may be drawn on a paper, and its data as the printer takes it."""

from __future__ import annotations

from typing import Final

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers import escpos_commands as commands

BARCODE_MODULE_DOTS: Final = (3, 2)
"""Tried in this order: 0.375 mm is read by every scanner, 0.25 mm is the least GS w takes."""
BARCODE_HEIGHT_DOTS: Final = 80
"""10 mm at 203 dpi."""
BARCODE_QUIET_MODULES: Final = 20
"""White on both sides together (ISO/IEC 15420, 15417: ten modules each)."""
QR_MODULE_DOTS_MAX: Final = 6
QR_MODULE_DOTS_MIN: Final = 2
QR_QUIET_MODULES: Final = 8
"""ISO/IEC 18004: four on each side."""

_QR_BYTES_LEVEL_M: Final = (
    *(14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331),
    *(362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911, 997),
)
"""Byte capacity of versions 1 to 25 at level M (ISO/IEC 18004, table 7): an upper bound for digits and letters too."""

_SYSTEMS: Final = {
    Symbology.UPC_A: 65,
    Symbology.EAN_13: 67,
    Symbology.EAN_8: 68,
    Symbology.CODE_39: 69,
    Symbology.ITF: 70,
    Symbology.CODE_128: 73,
}
"""m of GS k, form B."""


def qr_code(text: str, paper_dots: int) -> bytes:
    """Raises RequestError(INVALID_REQUEST) if the code would be wider than the paper."""
    data = text.encode()
    version = next((index for index, most in enumerate(_QR_BYTES_LEVEL_M, 1) if len(data) <= most), None)
    modules = 17 + 4 * version + QR_QUIET_MODULES if version is not None else 0
    if version is None or modules * QR_MODULE_DOTS_MIN > paper_dots:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"qr: {len(data)} bytes do not fit {paper_dots} dots of paper")
    return commands.qr_code(data, min(QR_MODULE_DOTS_MAX, paper_dots // modules))


def barcode(symbology: Symbology, text: str, paper_dots: int) -> bytes:
    """Raises RequestError(INVALID_REQUEST) if the code would be wider than the paper."""
    modules = _modules(symbology, text) + BARCODE_QUIET_MODULES
    module_dots = next((dots for dots in BARCODE_MODULE_DOTS if modules * dots <= paper_dots), None)
    if module_dots is None:
        raise RequestError(
            ErrorCode.INVALID_REQUEST, f"barcode: {len(text)} characters of {symbology} do not fit the paper"
        )
    return commands.barcode(_SYSTEMS[symbology], _data(symbology, text), module_dots, BARCODE_HEIGHT_DOTS)


def _modules(symbology: Symbology, text: str) -> int:
    """Width without quiet zones; wide bars counted as three modules."""
    match symbology:
        case Symbology.EAN_13 | Symbology.UPC_A:
            return 95
        case Symbology.EAN_8:
            return 67
        case Symbology.CODE_39:
            return 16 * (len(text) + 2)
        case Symbology.ITF:
            return 9 * len(text) + 9
        case Symbology.CODE_128:
            return 11 * (len(text) + 2) + 13


def _data(symbology: Symbology, text: str) -> bytes:
    if symbology is not Symbology.CODE_128:
        return text.encode("ascii")
    # Set B always: set C would send digit pairs as bytes, and the digits 16 20 01 00 05 are DLE DC4 1 0 5, which opens
    # the drawer.
    return b"{B" + text.replace("{", "{{").encode("ascii")
