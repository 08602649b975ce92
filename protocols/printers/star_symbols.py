"""Barcodes as Star printers take them: their numbers, their module widths, their ways to write Code 128 and UPC-E."""

from __future__ import annotations

from typing import Final

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.document import BarcodeElement, Pdf417Element, QrElement
from edge_gateway.contracts.element_string import element_strings, needs_separator
from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers import star_commands as commands

MODULE_DOTS: Final = (3, 2)
"""Tried in this order."""
QR_CELL_DOTS_MAX: Final = 6
QR_QUIET_MODULES: Final = 8
_QR_BYTES_M: Final = (
    *(14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331),
    *(362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911, 997),
)
_QR_SHARES: Final = {"L": 0.78, "M": 1.0, "Q": 1.4, "H": 1.9}
"""How much more room a level needs than M: an upper bound for every version (ISO/IEC 18004, table 7)."""

SYSTEMS: Final = {
    Symbology.UPC_E: 0,
    Symbology.UPC_A: 1,
    Symbology.EAN_8: 2,
    Symbology.EAN_13: 3,
    Symbology.CODE_39: 4,
    Symbology.ITF: 5,
    Symbology.CODE_128: 6,
    Symbology.GS1_128: 6,
    Symbology.CODE_93: 7,
    Symbology.CODABAR: 8,
}
"""n1 of ESC b."""
_ITF_MODES: Final = {2: 1, 3: 8, 4: 2}


def barcode(element: BarcodeElement, paper_dots: int) -> bytes:
    """Raises RequestError: UNSUPPORTED (Star draws no such code by itself), INVALID_REQUEST (wider than the paper)."""
    system = SYSTEMS.get(element.symbology)
    if system is None:
        raise RequestError(ErrorCode.UNSUPPORTED, f"{element.symbology}: this printer cannot draw it by itself")
    data, modules = _data(element.symbology, element.data)
    for dots in (element.module_dots,) if element.module_dots else MODULE_DOTS:
        if modules * dots <= paper_dots and dots in (2, 3, 4):
            mode = _ITF_MODES[dots] if element.symbology is Symbology.ITF else dots - 1
            is_text_below = element.text_position != "none" and element.symbology is not Symbology.GS1_128
            return commands.barcode(system, data, mode, element.height_dots, is_text_below=is_text_below)
    raise RequestError(
        ErrorCode.INVALID_REQUEST,
        f"barcode: {len(element.data)} characters of {element.symbology} do not fit the paper",
    )


def qr_code(element: QrElement, paper_dots: int) -> bytes:
    """Raises RequestError(INVALID_REQUEST) if the code would be wider than the paper."""
    data = element.data.encode()
    needed = len(data) * _QR_SHARES[element.level]
    version = next((index for index, most in enumerate(_QR_BYTES_M, 1) if needed <= most), None)
    modules = 17 + 4 * version + QR_QUIET_MODULES if version is not None else paper_dots
    dots = element.module_dots or min(QR_CELL_DOTS_MAX, paper_dots // modules)
    if version is None or dots < 2 or modules * dots > paper_dots:
        raise RequestError(
            ErrorCode.INVALID_REQUEST,
            f"qr: {len(data)} bytes at level {element.level} do not fit {paper_dots} dots of paper",
        )
    return commands.qr_code(data, min(dots, 8), element.level)


def pdf417(element: Pdf417Element, paper_dots: int) -> bytes:
    """Raises RequestError(INVALID_REQUEST) if the symbol would be wider than the paper."""
    room = (paper_dots // element.module_dots - 69) // 17
    columns = min(element.columns or room, 30)
    if not 1 <= columns <= room:
        raise RequestError(
            ErrorCode.INVALID_REQUEST, f"pdf417: {element.columns or 1} columns do not fit {paper_dots} dots of paper"
        )
    return commands.pdf417(
        element.data.encode(), columns, element.module_dots, min(10, element.row_height), element.level
    )


def _data(symbology: Symbology, text: str) -> tuple[bytes, int]:
    """As ESC b takes it, and the width in modules (wide bars of three)."""
    match symbology:
        case Symbology.CODE_128:
            return _escaped(text), 11 * (len(text) + 3) + 2
        case Symbology.GS1_128:
            values, total = [], 0
            elements = element_strings(text)
            for index, (identifier, value) in enumerate(elements):
                is_last = index == len(elements) - 1
                values.append(_escaped(identifier + value))
                values.append(b"%1" if needs_separator(identifier) and not is_last else b"")
                total += len(identifier) + len(value) + 1
            return b"%1" + b"".join(values), 11 * (total + 4) + 2
        case Symbology.UPC_E:
            return expand_upc_e(text).encode("ascii"), 51
        case Symbology.EAN_13 | Symbology.UPC_A:
            return text.encode("ascii"), 95
        case Symbology.EAN_8:
            return text.encode("ascii"), 67
        case Symbology.ITF:
            return text.encode("ascii"), 9 * len(text) + 9
        case Symbology.CODE_93:
            return text.encode("ascii"), 9 * (len(text) + 4) + 1
        case Symbology.CODABAR:
            return text.encode("ascii"), 14 * len(text)
        case _:
            return text.encode("ascii"), 16 * (len(text) + 2)


def _escaped(text: str) -> bytes:
    """Code 128: a per cent sign begins what is no character (Star Line Mode, 5.1.4)."""
    return b"".join(b"%0" if character == "%" else character.encode("ascii") for character in text)


def expand_upc_e(text: str) -> str:
    """UPC-E as the UPC-A that it stands for, as Star wants it: eleven digits, without the check digit."""
    digits = text[1:7] if len(text) in (7, 8) else text[:6]
    system = text[0] if len(text) in (7, 8) else "0"
    last = digits[5]
    if last in "012":
        body = digits[:2] + last + "0000" + digits[2:5]
    elif last == "3":
        body = digits[:3] + "00000" + digits[3:5]
    elif last == "4":
        body = digits[:4] + "00000" + digits[4]
    else:
        body = digits[:5] + "0000" + last
    return system + body
