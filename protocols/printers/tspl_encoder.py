r"""Labels as TSPL. Text stands in quotes; a quote in it is ``\["]``. A text with ``\[`` of its own cannot be said: the
layout prints it as a picture.

Source: TSC, "TSPL/TSPL2 Programming Language": SIZE, GAP, BLINE, DIRECTION, REFERENCE, CODEPAGE, CLS, TEXT, BARCODE,
QRCODE, DMATRIX, PDF417, BAR, BOX, BITMAP, PRINT. In BITMAP a bit of 1 is white.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from edge_gateway.contracts.barcode_data import Symbology
from protocols.printers.label_fonts import FixedFonts
from protocols.printers.label_placed import (
    LaidOut,
    Placed,
    PlacedBarcode,
    PlacedBitmap,
    PlacedBox,
    PlacedCode,
    PlacedText,
    reading_corner,
)
from protocols.printers.label_symbols import FNC1, code_128_sets, gs1_text, unchecked

FONTS: Final = FixedFonts((("1", 8, 12), ("2", 12, 20), ("3", 16, 24), ("4", 24, 32), ("5", 32, 48)), multiple_max=10)
_TYPES: Final = {
    Symbology.EAN_13: "EAN13",
    Symbology.EAN_8: "EAN8",
    Symbology.UPC_A: "UPCA",
    Symbology.CODE_128: "128",
    Symbology.GS1_128: "128M",
    Symbology.CODE_39: "39",
    Symbology.CODE_93: "93",
    Symbology.ITF: "25",
    Symbology.CODABAR: "CODA",
}
SYMBOLOGIES: Final = frozenset(_TYPES)
CODES: Final = frozenset({"qr", "data_matrix", "gs1_data_matrix", "pdf417"})
QR_MODULE_DOTS_MAX: Final = 10
CODE_PAGES: Final = {
    "cp437": "437",
    "cp850": "850",
    "cp852": "852",
    "cp857": "857",
    "cp1252": "1252",
    "cp1250": "1250",
    "cp1251": "1251",
    "cp1253": "1253",
    "cp1254": "1254",
}
"""Python's name to the argument of CODEPAGE."""
UNSAYABLE: Final = "\\["
"""Begins an escape in a quoted text; there is none for itself."""


@dataclass(frozen=True, slots=True)
class TsplOptions:
    """``darkness``: DENSITY, 0 to 15; ``speed``: SPEED, inches a second. None: as the printer is set."""

    code_page: str = "cp1252"
    dots_per_inch: int = 203
    gap_mm: str = "3"
    media: Literal["gap", "mark", "continuous"] = "gap"
    darkness: int | None = None
    speed: int | None = None


def encode_tspl(label: LaidOut, quantity: int, options: TsplOptions) -> bytes:
    """One label: printed as often as ``quantity`` says."""
    gap = {"gap": f"GAP {options.gap_mm} mm,0 mm", "mark": f"BLINE {options.gap_mm} mm,0 mm", "continuous": "GAP 0,0"}
    width, height = (f"{dots * 25.4 / options.dots_per_inch:.2f} mm" for dots in (label.width, label.height))
    head = [
        f"SIZE {width},{height}",
        gap[options.media],
        "DIRECTION 1",
        "REFERENCE 0,0",
        f"CODEPAGE {CODE_PAGES[options.code_page]}",
        *([] if options.darkness is None else [f"DENSITY {options.darkness}"]),
        *([] if options.speed is None else [f"SPEED {options.speed}"]),
        "CLS",
    ]
    data = "\r\n".join(head).encode("ascii") + b"\r\n"
    return data + b"".join(_item(item, options) for item in label.items) + f"PRINT {quantity},1\r\n".encode("ascii")


def _item(item: Placed, options: TsplOptions) -> bytes:
    if isinstance(item, PlacedBitmap):
        bitmap = item.bitmap
        head = f"BITMAP {item.left},{item.top},{bitmap.row_bytes},{bitmap.height_dots},0,".encode("ascii")
        return head + bytes(byte ^ 0xFF for byte in bitmap.rows) + b"\r\n"
    return f"{_line(item)}\r\n".encode(options.code_page)


def _line(item: Placed) -> str:
    match item:
        case PlacedText():
            x, y = reading_corner(item, item.rotation)
            across, down = item.font.multiples
            return f'TEXT {x},{y},"{item.font.name}",{item.rotation},{across},{down},{_quoted(item.text)}'
        case PlacedBarcode():
            x, y = reading_corner(item, item.rotation)
            sizes = f"{item.bar_height},{int(item.has_text)},{item.rotation},{item.module},{3 * item.module}"
            return f'BARCODE {x},{y},"{_TYPES[item.symbology]}",{sizes},{_quoted(_barcode_data(item))}'
        case PlacedCode():
            return _code(item)
        case PlacedBox() if item.is_filled:
            return f"BAR {item.left},{item.top},{item.width},{item.height}"
        case PlacedBox():
            end = f"{item.left + item.width - 1},{item.top + item.height - 1}"
            return f"BOX {item.left},{item.top},{end},{item.thickness}"
        case _:
            raise TypeError(f"{type(item).__name__} is nothing that is printed")


def _barcode_data(item: PlacedBarcode) -> str:
    if item.symbology is Symbology.GS1_128:
        return _manual_128(FNC1 + gs1_text(item.data))
    return unchecked(item.symbology, item.data)


def _manual_128(text: str) -> str:
    """With ``!`` and three digits for what is no data: start B 104, start C 105, to B 100, to C 099, FNC1 102."""
    runs = code_128_sets(text)
    if len(runs) > 1 and runs[0][1] == FNC1 and runs[1][0] == "C":
        runs = [("C", FNC1 + runs[1][1]), *runs[2:]]
    parts = []
    for index, (code_set, part) in enumerate(runs):
        change = {"B": "!104", "C": "!105"} if index == 0 else {"B": "!100", "C": "!099"}
        parts.append(change[code_set] + part.replace(FNC1, "!102"))
    return "".join(parts)


def _code(item: PlacedCode) -> str:
    at = f"{item.left},{item.top}"
    match item.kind:
        case "qr":
            return f"QRCODE {at},{item.level},{item.module},A,0,M2,{_quoted(item.data)}"
        case "pdf417":
            options = f"E{item.level},W{item.module},H{item.row},C{item.columns}"
            return f"PDF417 {at},{item.width},{item.height},0,{options},{_quoted(item.data)}"
        case "gs1_data_matrix":
            data = "~1" + item.data.replace(FNC1, "~1")
            return f"DMATRIX {at},{item.width},{item.height},c126,x{item.module},{_quoted(data)}"
        case _:
            return f"DMATRIX {at},{item.width},{item.height},x{item.module},{_quoted(item.data)}"


def _quoted(text: str) -> str:
    escaped = text.replace('"', '\\["]')
    return f'"{escaped}"'
