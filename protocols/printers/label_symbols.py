"""How large barcodes and two-dimensional codes come out, in modules: what must fit is known before it is printed.

Sources: GS1 General Specifications 5.2 to 5.4 (EAN, UPC, ITF, GS1-128); ISO/IEC 15417 (Code 128), 16388 (Code 39);
18004 (QR), table 7; 16022 (Data Matrix), table 7; 15438 (PDF417), 4.4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.element_string import element_strings, needs_separator

FNC1: Final = "\x1d"
"""Stands for it in the text of a GS1-128 or GS1 Data Matrix."""
PAIRS_MIN: Final = 2
"""Fewer pairs of digits than this are not worth a change to code set C."""
QUIET_MODULES: Final = 10
"""Beside a linear barcode, on each side: should stay white. Not counted in its width."""

_WITHOUT_CHECK: Final = {Symbology.EAN_13: 12, Symbology.EAN_8: 7, Symbology.UPC_A: 11}

Symbols = list[tuple[str, str]]
"""Code set of Code 128 (B or C) and its characters, in order."""


def unchecked(symbology: Symbology, data: str) -> str:
    """Without its check digit, where the printer computes that."""
    return data[: _WITHOUT_CHECK.get(symbology)]


def gs1_text(data: str) -> str:
    """Element strings without brackets, FNC1 where a value needs an end. (The one in front is the symbology's.)"""
    elements = element_strings(data)
    last = len(elements) - 1
    return "".join(
        identifier + value + (FNC1 if index < last and needs_separator(identifier) else "")
        for index, (identifier, value) in enumerate(elements)
    )


def code_128_sets(text: str) -> Symbols:
    """Runs of one code set: pairs of digits in C, the rest and FNC1 in B (FNC1 stays in C beside digits)."""
    runs: Symbols = []

    def add(code_set: str, part: str) -> None:
        if runs and runs[-1][0] == code_set:
            runs[-1] = (code_set, runs[-1][1] + part)
        elif part:
            runs.append((code_set, part))

    for part in re.findall(rf"[0-9]+|{FNC1}|[^0-9{FNC1}]+", text):
        if part == FNC1:
            add(runs[-1][0] if runs else "B", part)
            continue
        pairs = part[: len(part) // 2 * 2] if part[0].isdigit() else ""
        is_in_c = bool(runs) and runs[-1][0] == "C"
        pairs = pairs if len(pairs) // 2 >= (1 if is_in_c else PAIRS_MIN) else ""
        add("C", pairs)
        add("B", part[len(pairs) :])
    return runs


def barcode_modules(symbology: Symbology, data: str, wide: float = 3.0) -> int:
    """Width without quiet zones, never too small. ``wide``: of a wide bar, for symbologies of two widths."""
    match symbology:
        case Symbology.EAN_13 | Symbology.UPC_A:
            return 95
        case Symbology.EAN_8:
            return 67
        case Symbology.UPC_E:
            return 51
        case Symbology.CODE_39:
            return int((len(data) + 2) * (6 + 3 * wide + 1))
        case Symbology.ITF:
            return int(len(data) * (3 + 2 * wide) + 7 + wide)
        case Symbology.CODE_93:
            return 9 * (2 * len(data) + 4) + 1
        case Symbology.CODABAR:
            return int(len(data) * (4 + 3 * wide + 1))
        case Symbology.GS1_128:
            return _code_128_modules(FNC1 + gs1_text(data))
        case _:
            return _code_128_modules(data)


def qr_modules(data: str, level: str) -> int:
    """One side, without its quiet zone. 0: it does not fit the largest symbol that is known here."""
    size = len(data.encode())
    version = next((index for index, most in enumerate(_QR_BYTES[level], 1) if size <= most), None)
    return 17 + 4 * version if version else 0


def data_matrix_modules(text: str) -> int:
    """One side of the square symbol; 0: too long. Pairs of digits take one codeword, other ASCII characters one."""
    codewords = sum(
        len(part) // 2 + len(part) % 2 if part[0].isdigit() else len(part) for part in _DIGITS.findall(text)
    )
    return next((side for side, most in _DATA_MATRIX if codewords <= most), 0)


def pdf417_size(data: str, columns: int, level: int) -> tuple[int, int]:
    """Modules of a row, and rows at most; (0, 0): it does not fit 90 rows or 928 codewords."""
    size = len(data.encode())
    data_codewords = 1 + (size + 5) // 6 * 5 + size % 6 + 2
    codewords = data_codewords + 2 ** (level + 1)
    rows = max(3, -(-codewords // columns))
    if rows > 90 or rows * columns > 928:
        return 0, 0
    return 17 * columns + 69, rows


def _code_128_modules(text: str) -> int:
    runs = code_128_sets(text)
    symbols = sum(_symbols(*run) for run in runs) + max(0, len(runs) - 1)
    return 11 * (symbols + 2) + 13


def _symbols(code_set: str, part: str) -> int:
    marks = part.count(FNC1)
    return marks + ((len(part) - marks) // 2 if code_set == "C" else len(part) - marks)


_DIGITS: Final = re.compile(r"[0-9]+|[^0-9]+")
_DATA_MATRIX: Final[Sequence[tuple[int, int]]] = (
    *((10, 3), (12, 5), (14, 8), (16, 12), (18, 18), (20, 22), (22, 30), (24, 36), (26, 44)),
    *((32, 62), (36, 86), (40, 114), (44, 144), (48, 174), (52, 204), (64, 280), (72, 368), (80, 456)),
    *((88, 576), (96, 696), (104, 816)),
)
"""Side and data codewords of the square symbols, as far as a label has room for them."""
_QR_BYTES: Final = {
    "L": (
        *(17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520, 586, 644, 718, 792, 858),
        *(929, 1003),
    ),
    "M": (
        *(14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666),
        *(711, 779, 857, 911, 997),
    ),
    "Q": (
        *(11, 20, 32, 46, 60, 74, 86, 108, 130, 151, 177, 203, 241, 258, 292, 322, 364, 394, 442, 482),
        *(509, 565, 611, 661, 715, 751, 805, 868, 908, 982, 1030),
    ),
    "H": (
        *(7, 14, 24, 34, 44, 58, 64, 84, 98, 119, 137, 155, 177, 194, 220, 250, 280, 310, 338, 382),
        *(403, 439, 461, 511, 535, 593, 625, 658, 698, 742, 790, 842, 898, 958, 983),
    ),
}
"""Bytes by version from 1 on (ISO/IEC 18004, table 7): an upper bound of the size for digits and letters too."""
