"""How large a barcode, a QR code or a PDF417 may be drawn on a paper, and its data as the printer takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.document import BarcodeElement, Pdf417Element, QrElement
from edge_gateway.contracts.element_string import element_strings, needs_separator
from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers import escpos_commands as commands

BARCODE_MODULE_DOTS: Final = (3, 2)
"""Tried in this order: 0.375 mm is read by every scanner, 0.25 mm is the least GS w takes."""
CODE_128_PAIRS_MIN: Final = 2
"""Fewer pairs of digits than this are not worth a change of code set."""
QR_MODULE_DOTS_MAX: Final = 6
QR_MODULE_DOTS_MIN: Final = 2
QR_QUIET_MODULES: Final = 8
"""ISO/IEC 18004: four on each side."""

_QR_BYTES: Final = {
    "L": (17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520, 586, 644, 718, 792, 858, 929, 1003),
    "M": (
        *(14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331),
        *(362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911, 997),
    ),
    "Q": (
        *(11, 20, 32, 46, 60, 74, 86, 108, 130, 151, 177, 203, 241, 258, 292, 322, 364, 394, 442, 482, 509),
        *(565, 611, 661, 715, 751, 805, 868, 908, 982, 1030),
    ),
    "H": (
        *(7, 14, 24, 34, 44, 58, 64, 84, 98, 119, 137, 155, 177, 194, 220, 250, 280, 310, 338, 382, 403),
        *(439, 461, 511, 535, 593, 625, 658, 698, 742, 790, 842, 898, 958, 983, 1051),
    ),
}
"""Byte capacity of versions from 1 on (ISO/IEC 18004, table 7): an upper bound for digits and letters too."""

SYSTEMS: Final = {
    Symbology.UPC_A: 65,
    Symbology.UPC_E: 66,
    Symbology.EAN_13: 67,
    Symbology.EAN_8: 68,
    Symbology.CODE_39: 69,
    Symbology.ITF: 70,
    Symbology.CODABAR: 71,
    Symbology.CODE_93: 72,
    Symbology.CODE_128: 73,
    Symbology.GS1_128: 73,
    Symbology.GS1_DATABAR: 75,
    Symbology.GS1_DATABAR_TRUNCATED: 76,
    Symbology.GS1_DATABAR_LIMITED: 77,
    Symbology.GS1_DATABAR_EXPANDED: 78,
}
"""m of GS k, form B. GS1-128 is sent as Code 128 with FNC1, which older printers draw too."""

DATABAR_SYSTEM_MIN: Final = 75
_FNC1: Final = "{1"
_PDF417_ROWS_MAX: Final = 90
_REAL_TIME_PAIRS: Final = ("1604", "1605", "1620")
"""As bytes they are DLE EOT, DLE ENQ and DLE DC4, which a printer obeys wherever they stand: 16 20 01 00 05 opens the
drawer. The first of the two pairs is sent in code set B."""


def qr_code(element: QrElement, paper_dots: int) -> bytes:
    """Raises RequestError(INVALID_REQUEST) if the code would be wider than the paper."""
    return commands.qr_code(element.data.encode(), qr_module_dots(element, paper_dots), element.level)


def qr_module_dots(element: QrElement, paper_dots: int) -> int:
    """How large a dot of the code is. Raises RequestError(INVALID_REQUEST) if it would be wider than the paper."""
    size = len(element.data.encode())
    version = next((index for index, most in enumerate(_QR_BYTES[element.level], 1) if size <= most), None)
    modules = 17 + 4 * version + QR_QUIET_MODULES if version is not None else 0
    least = element.module_dots or QR_MODULE_DOTS_MIN
    if version is None or modules * least > paper_dots:
        raise RequestError(
            ErrorCode.INVALID_REQUEST,
            f"qr: {size} bytes at level {element.level} in dots of {least} do not fit {paper_dots} dots of paper",
        )
    return element.module_dots or min(QR_MODULE_DOTS_MAX, paper_dots // modules)


def pdf417(element: Pdf417Element, paper_dots: int) -> bytes:
    """Raises RequestError(INVALID_REQUEST) if the symbol would be wider or taller than it can be."""
    data = element.data.encode()
    # Start, stop and row indicators have 69 modules (35 truncated), a codeword 17 (ISO/IEC 15438). In bytes six of them
    # take five codewords; text takes less.
    room = (paper_dots // element.module_dots - (35 if element.truncated else 69)) // 17
    columns = min(element.columns or room, 30)
    codewords = -(-len(data) * 5 // 6) + 2 + (2 << element.level)
    if not 1 <= columns <= room or codewords > columns * _PDF417_ROWS_MAX or codewords > 928:
        raise RequestError(
            ErrorCode.INVALID_REQUEST,
            f"pdf417: {len(data)} bytes in {element.columns or 'any'} columns do not fit {paper_dots} dots of paper",
        )
    return commands.pdf417(
        data, element.columns, element.module_dots, element.row_height, element.level, element.truncated
    )


def barcode(element: BarcodeElement, paper_dots: int) -> bytes:
    """Raises RequestError(INVALID_REQUEST) if the code would be wider than the paper."""
    data, dots = _fitting(element, paper_dots)
    return commands.barcode(SYSTEMS[element.symbology], data, dots, element.height_dots, element.text_position)


def barcode_module_dots(element: BarcodeElement, paper_dots: int) -> int:
    """Width of its narrowest bar. Raises RequestError(INVALID_REQUEST) if the code would be wider than the paper."""
    return _fitting(element, paper_dots)[1]


def _fitting(element: BarcodeElement, paper_dots: int) -> tuple[bytes, int]:
    # The quiet zone is the margin of the paper: a head prints 72 of 80 mm, 48 of 58.
    for data, modules in _forms(element.symbology, element.data):
        for module_dots in (element.module_dots,) if element.module_dots else BARCODE_MODULE_DOTS:
            if modules * module_dots <= paper_dots:
                return data, module_dots
    raise RequestError(
        ErrorCode.INVALID_REQUEST,
        f"barcode: {len(element.data)} characters of {element.symbology} do not fit the paper",
    )


def _forms(symbology: Symbology, text: str) -> Iterator[tuple[bytes, int]]:
    """Ways to write the same barcode, the preferred one first: data, and width in modules (wide bars are three)."""
    data = text.encode("ascii")
    match symbology:
        case Symbology.EAN_13 | Symbology.UPC_A:
            yield data, 95
        case Symbology.EAN_8:
            yield data, 67
        case Symbology.UPC_E:
            yield data, 51
        case Symbology.CODE_39:
            yield data, 16 * (len(text) + 2)
        case Symbology.CODE_93:
            # A capital, digit or sign is one symbol, anything else two.
            yield data, 9 * (2 * len(text) + 4) + 1
        case Symbology.ITF:
            yield data, 9 * len(text) + 9
        case Symbology.CODABAR:
            yield data, 14 * len(text)
        case Symbology.CODE_128:
            yield b"{B" + data.replace(b"{", b"{{"), _code_128_modules(len(text))
            yield _code_128_with_pairs([text])
        case Symbology.GS1_128:
            yield _code_128_with_pairs(_gs1_parts(text))
        case Symbology.GS1_DATABAR | Symbology.GS1_DATABAR_TRUNCATED:
            yield data[:13], 96
        case Symbology.GS1_DATABAR_LIMITED:
            yield data[:13], 79
        case Symbology.GS1_DATABAR_EXPANDED:
            # With brackets, which the printer shows and does not draw; a pair of characters takes about 17 modules.
            yield _bracketed(text), 102 + 12 * len(text)


def _gs1_parts(text: str) -> list[str]:
    """Element strings without brackets, FNC1 first and where a value without a fixed length ends."""
    parts, elements = [_FNC1], element_strings(text)
    for index, (identifier, value) in enumerate(elements):
        parts.append(identifier + value)
        if needs_separator(identifier) and index + 1 < len(elements):
            parts.append(_FNC1)
    joined: list[str] = []
    for part in parts:
        if joined and part != _FNC1 and joined[-1] != _FNC1:
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _bracketed(text: str) -> bytes:
    elements, written = element_strings(text), ""
    for index, (identifier, value) in enumerate(elements):
        written += f"({identifier}){value}"
        if needs_separator(identifier) and index + 1 < len(elements):
            written += _FNC1
    return written.encode("ascii")


def _code_128_with_pairs(parts: Sequence[str]) -> tuple[bytes, int]:
    """Code set C for runs of digits: two in one symbol, sent as one byte of their value. ``{1`` alone is FNC1."""
    data, symbols, code_set = bytearray(), 0, ""

    def choose(wanted: str) -> None:
        nonlocal code_set, symbols
        if wanted != code_set:
            data.extend(f"{{{wanted}".encode("ascii"))
            symbols += bool(code_set)  # the first one is the start symbol
            code_set = wanted

    for number, part in enumerate(parts):
        if part == _FNC1:
            if not code_set:
                choose("C" if re.match(r"[0-9]{4}", "".join(parts[number + 1 : number + 2])) else "B")
            data += _FNC1.encode("ascii")
            symbols += 1
            continue
        for piece in re.findall(r"[0-9]+|[^0-9]+", part):
            pairs = piece[: len(piece) // 2 * 2] if piece[0].isdigit() else ""
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
            if rest := piece[len(pairs) :]:
                choose("B")
                data += rest.replace("{", "{{").encode("ascii")
                symbols += len(rest)
    return bytes(data), _code_128_modules(symbols)


def _code_128_modules(symbols: int) -> int:
    return 11 * (symbols + 2) + 13
