"""Labels as EPL2. Text stands in quotes, in which a backslash goes before a quote and a backslash.

Source: Zebra, "EPL2 Programmer's Manual" 980352-001 and "EPL Programming Guide" 14245L-003: A, B, b, GW, LO, X, N, q,
Q, I, D, S, P, FR. In GW a bit of 1 is white.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from protocols.printers.label_symbols import FNC1, gs1_text, unchecked

FONTS_203: Final = FixedFonts((("1", 8, 12), ("2", 10, 16), ("3", 12, 20), ("4", 14, 24)), multiple_max=6)
FONTS_300: Final = FixedFonts((("1", 12, 20), ("2", 16, 28), ("3", 20, 36), ("4", 24, 44)), multiple_max=6)
"""Font 5 has no small letters."""
_TYPES: Final = {
    Symbology.EAN_13: "E30",
    Symbology.EAN_8: "E80",
    Symbology.UPC_A: "UA0",
    Symbology.CODE_128: "1",
    Symbology.GS1_128: "1E",
    Symbology.CODE_39: "3",
    Symbology.CODE_93: "9",
    Symbology.ITF: "2",
    Symbology.CODABAR: "K",
}
SYMBOLOGIES: Final = frozenset(_TYPES)
CODES: Final = frozenset({"qr", "data_matrix", "pdf417"})
CODE_PAGES: Final = {
    "cp437": "0",
    "cp850": "1",
    "cp852": "2",
    "cp857": "6",
    "cp855": "9",
    "cp1252": "A",
    "cp1250": "B",
    "cp1251": "C",
    "cp1253": "D",
    "cp1254": "E",
    "cp1255": "F",
}
"""Python's name to p2 of I8."""

_SEPARATOR: Final = "\x06"
"""FNC1 within a GS1-128 (note 2 of the table of B)."""


@dataclass(frozen=True, slots=True)
class EplOptions:
    """``code_page``: Python's name. ``darkness``: D, 0 to 15; ``speed``: S, 1 to 6. None: as the printer is set."""

    code_page: str = "cp1252"
    gap_dots: int = 24
    media: Literal["gap", "mark", "continuous"] = "gap"
    darkness: int | None = None
    speed: int | None = None


def encode_epl(label: LaidOut, quantity: int, options: EplOptions) -> bytes:
    """One form: as many equal labels as ``quantity``."""
    gap = {"gap": f"{options.gap_dots}", "mark": f"B{options.gap_dots}", "continuous": "0"}[options.media]
    head = [
        "",
        "N",
        f"I8,{CODE_PAGES[options.code_page]},001",
        f"q{label.width}",
        f"Q{label.height},{gap}",
        "ZT",
        "R0,0",
        *([] if options.darkness is None else [f"D{options.darkness}"]),
        *([] if options.speed is None else [f"S{options.speed}"]),
    ]
    data = "\n".join(head).encode("ascii") + b"\n"
    return data + b"".join(_item(item, options) for item in label.items) + f"P{quantity}\n".encode("ascii")


def encode_epl_form(name: str, fields: Mapping[str, str], quantity: int, code_page: str) -> bytes:
    """A form that the printer keeps: its variables in their order, one on a line."""
    values = [fields[number] for number in sorted(fields, key=int)]
    lines = ["", f'FR"{name}"', *(["?", *values] if values else []), f"P{quantity}", ""]
    return "\n".join(lines).encode(code_page)


def _item(item: Placed, options: EplOptions) -> bytes:
    if isinstance(item, PlacedBitmap):
        bitmap = item.bitmap
        head = f"GW{item.left},{item.top},{bitmap.row_bytes},{bitmap.height_dots},".encode("ascii")
        # The bits beside the picture in each row's last byte are white too.
        return head + bytes(byte ^ 0xFF for byte in bitmap.rows) + b"\n"
    return f"{_line(item)}\n".encode(options.code_page)


def _line(item: Placed) -> str:
    match item:
        case PlacedText():
            x, y = reading_corner(item, item.rotation)
            across, down = item.font.multiples
            return f"A{x},{y},{item.rotation // 90},{item.font.name},{across},{down},N,{_quoted(item.text)}"
        case PlacedBarcode():
            x, y = reading_corner(item, item.rotation)
            sizes = f"{item.module},{3 * item.module},{item.bar_height},{'B' if item.has_text else 'N'}"
            return f"B{x},{y},{item.rotation // 90},{_TYPES[item.symbology]},{sizes},{_quoted(_barcode_data(item))}"
        case PlacedCode():
            return f"b{item.left},{item.top},{_code(item)},{_quoted(item.data)}"
        case PlacedBox() if item.is_filled:
            return f"LO{item.left},{item.top},{item.width},{item.height}"
        case PlacedBox():
            end = f"{item.left + item.width - 1},{item.top + item.height - 1}"
            return f"X{item.left},{item.top},{item.thickness},{end}"
        case _:
            raise TypeError(f"{type(item).__name__} is nothing that is printed")


def _barcode_data(item: PlacedBarcode) -> str:
    if item.symbology is Symbology.GS1_128:
        return gs1_text(item.data).replace(FNC1, _SEPARATOR)
    return unchecked(item.symbology, item.data)


def _code(item: PlacedCode) -> str:
    match item.kind:
        case "qr":
            return f"Q,m2,s{item.module},e{item.level},iA"
        case "pdf417":
            sizes = f"{item.width},{item.height}"
            return f"P,{sizes},s{item.level},c0,x{item.module},y{item.row},l{item.columns}"
        case _:
            return f"D,c{item.modules},r{item.modules},h{item.module}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
