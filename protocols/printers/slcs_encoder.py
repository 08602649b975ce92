"""Labels as SLCS (Bixolon). Text stands between apostrophes; manuals differ on how one is written in it, so a text with
an apostrophe or a backslash is printed as a picture, and such a barcode is refused by the layout.

Source: Bixolon, "SLCS Programming Manual" Rev. 1.24 and 2.00: CB, SW, SL, T, B1, B2, BD, LD, SD, SS, P.
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
from protocols.printers.label_symbols import unchecked

FONTS: Final = FixedFonts(
    (("0", 9, 15), ("1", 12, 20), ("2", 16, 25), ("3", 19, 30), ("4", 24, 38), ("5", 32, 50), ("6", 48, 76)),
    multiple_max=4,
)
_TYPES: Final = {
    Symbology.CODE_39: 0,
    Symbology.CODE_128: 1,
    Symbology.ITF: 2,
    Symbology.CODABAR: 3,
    Symbology.CODE_93: 4,
    Symbology.UPC_A: 5,
    Symbology.EAN_13: 7,
    Symbology.EAN_8: 8,
}
SYMBOLOGIES: Final = frozenset(_TYPES)
CODES: Final = frozenset({"qr"})
QR_MODULE_DOTS_MAX: Final = 9
UNSAYABLE: Final = "'\\"


@dataclass(frozen=True, slots=True)
class SlcsOptions:
    """``darkness``: SD, 0 to 20; ``speed``: SS, the manual's number. None: as the printer is set."""

    gap_dots: int = 24
    media: Literal["gap", "mark", "continuous"] = "gap"
    darkness: int | None = None
    speed: int | None = None


def encode_slcs(label: LaidOut, quantity: int, options: SlcsOptions) -> bytes:
    """One label: printed as often as ``quantity`` says."""
    media = {"gap": "G", "mark": "B", "continuous": "C"}[options.media]
    head = [
        *([] if options.darkness is None else [f"SD{options.darkness}"]),
        *([] if options.speed is None else [f"SS{options.speed}"]),
        f"SW{label.width}",
        f"SL{label.height},{options.gap_dots},{media}",
        "CB",
    ]
    data = "\r\n".join(head).encode("ascii") + b"\r\n"
    return data + b"".join(_item(item) for item in label.items) + f"P{quantity}\r\n".encode("ascii")


def _item(item: Placed) -> bytes:
    if isinstance(item, PlacedBitmap):
        bitmap = item.bitmap
        numbers = (item.left, item.top, bitmap.row_bytes, bitmap.height_dots)
        return b"LD" + b"".join(number.to_bytes(2, "little") for number in numbers) + bitmap.rows + b"\r\n"
    return f"{_line(item)}\r\n".encode("ascii")


def _line(item: Placed) -> str:
    match item:
        case PlacedText():
            x, y = reading_corner(item, item.rotation)
            across, down = item.font.multiples
            return f"T{x},{y},{item.font.name},{across},{down},0,{item.rotation // 90},N,N,'{item.text}'"
        case PlacedBarcode():
            x, y = reading_corner(item, item.rotation)
            sizes = f"{item.module},{3 * item.module},{item.bar_height},{item.rotation // 90},{int(item.has_text)}"
            return f"B1{x},{y},{_TYPES[item.symbology]},{sizes},'{unchecked(item.symbology, item.data)}'"
        case PlacedCode():
            return f"B2{item.left},{item.top},Q,2,{item.level},{item.module},0,'{item.data}'"
        case PlacedBox():
            end = f"{item.left + item.width - 1},{item.top + item.height - 1}"
            return f"BD{item.left},{item.top},{end}," + ("O" if item.is_filled else f"B,{item.thickness}")
        case _:
            raise TypeError(f"{type(item).__name__} is nothing that is printed")
