"""How large a barcode or a QR code may be drawn on a paper, and its data as the printer takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers import escpos_commands as commands

BARCODE_MODULE_DOTS: Final = (3, 2)
"""Tried in this order: 0.375 mm is read by every scanner, 0.25 mm is the least GS w takes."""
BARCODE_HEIGHT_DOTS: Final = 80
"""10 mm at 203 dpi."""
CODE_128_PAIRS_MIN: Final = 2
"""Fewer pairs of digits than this are not worth a change of code set."""
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

_REAL_TIME_PAIRS: Final = ("1604", "1605", "1620")
"""As bytes they are DLE EOT, DLE ENQ and DLE DC4, which a printer obeys wherever they stand: 16 20 01 00 05 opens the
drawer. The first of the two pairs is sent in code set B."""


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
    # The quiet zone is the margin of the paper: a head prints 72 of 80 mm, 48 of 58.
    for data, modules in _forms(symbology, text):
        for module_dots in BARCODE_MODULE_DOTS:
            if modules * module_dots <= paper_dots:
                return commands.barcode(_SYSTEMS[symbology], data, module_dots, BARCODE_HEIGHT_DOTS)
    raise RequestError(
        ErrorCode.INVALID_REQUEST, f"barcode: {len(text)} characters of {symbology} do not fit the paper"
    )


def _forms(symbology: Symbology, text: str) -> Iterator[tuple[bytes, int]]:
    """Ways to write the same barcode, the preferred one first: data, and width in modules (wide bars are three)."""
    data = text.encode("ascii")
    match symbology:
        case Symbology.EAN_13 | Symbology.UPC_A:
            yield data, 95
        case Symbology.EAN_8:
            yield data, 67
        case Symbology.CODE_39:
            yield data, 16 * (len(text) + 2)
        case Symbology.ITF:
            yield data, 9 * len(text) + 9
        case Symbology.CODE_128:
            yield b"{B" + data.replace(b"{", b"{{"), _code_128_modules(len(text))
            yield _code_128_with_pairs(text)


def _code_128_with_pairs(text: str) -> tuple[bytes, int]:
    """Code set C for runs of digits: two in one symbol, sent as one byte of their value."""
    data, symbols, code_set = bytearray(), 0, ""

    def choose(wanted: str) -> None:
        nonlocal code_set, symbols
        if wanted != code_set:
            data.extend(f"{{{wanted}".encode("ascii"))
            symbols += bool(code_set)  # the first one is the start symbol
            code_set = wanted

    for part in re.findall(r"[0-9]+|[^0-9]+", text):
        pairs = part[: len(part) // 2 * 2] if part[0].isdigit() else ""
        pairs = pairs if len(pairs) // 2 >= CODE_128_PAIRS_MIN else ""
        for index in range(0, len(pairs), 2):
            if pairs[index : index + 4] in _REAL_TIME_PAIRS:
                choose("B")
                data += pairs[index : index + 2].encode("ascii")
                symbols += 2
            else:
                choose("C")
                data.append(int(pairs[index : index + 2]))
                symbols += 1
        if rest := part[len(pairs) :]:
            choose("B")
            data += rest.replace("{", "{{").encode("ascii")
            symbols += len(rest)
    return bytes(data), _code_128_modules(symbols)


def _code_128_modules(symbols: int) -> int:
    return 11 * (symbols + 2) + 13
