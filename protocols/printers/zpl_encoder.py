"""Labels as ZPL II. Field data goes out behind ``^FH`` with everything but plain characters in hexadecimal, so that no
text can end its field or begin a command.

Source: Zebra, "ZPL II Programming Guide": ^A, ^BY, ^BC, ^BE, ^B8, ^BU, ^B2, ^B3, ^BA, ^BK, ^BQ, ^BX, ^B7, ^FB, ^FD,
^FH, ^GB, ^GF, ^PQ, ^DF, ^XF.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.bitmap import Bitmap
from edge_gateway.contracts.element_string import element_strings, needs_separator
from protocols.printers.label_placed import (
    LaidOut,
    Placed,
    PlacedBarcode,
    PlacedBitmap,
    PlacedBox,
    PlacedCode,
    PlacedText,
)
from protocols.printers.label_symbols import FNC1

SYMBOLOGIES: Final = frozenset(
    {
        Symbology.EAN_13,
        Symbology.EAN_8,
        Symbology.UPC_A,
        Symbology.CODE_128,
        Symbology.GS1_128,
        Symbology.CODE_39,
        Symbology.CODE_93,
        Symbology.ITF,
        Symbology.CODABAR,
    }
)
CODES: Final = frozenset({"qr", "data_matrix", "gs1_data_matrix", "pdf417"})
QR_MODULE_DOTS_MAX: Final = 10
"""Magnification of ^BQ."""

_ROTATIONS: Final = {0: "N", 90: "R", 180: "I", 270: "B"}
_ALIGNS: Final = {"left": "L", "center": "C", "right": "R"}
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;-+/()=#*%$!?@&'")
_ESCAPES: Final = "|#@$%&*"
"""For FNC1 in a Data Matrix; the first that is not in the data."""


@dataclass(frozen=True, slots=True)
class ZplOptions:
    """``graphics``: z64 is smaller, acs is known to firmware before x.14 too. ``darkness``: ^MD, -30 to 30 beside the
    printer's own; ``speed``: ^PR, inches a second. None: as the printer is set."""

    graphics: Literal["acs", "z64"] = "acs"
    darkness: int | None = None
    speed: int | None = None
    media: Literal["gap", "mark", "continuous"] | None = None


def encode_zpl(label: LaidOut, quantity: int, options: ZplOptions) -> bytes:
    """One format: as many equal labels as ``quantity``."""
    parts = [_head(label, options)]
    parts += [_item(item, options) for item in label.items]
    parts.append(f"^PQ{quantity},0,0,N^XZ\r\n")
    return "".join(parts).encode("ascii")


def encode_zpl_format(name: str, fields: Mapping[str, str], quantity: int) -> bytes:
    """A format that the printer keeps, with its fields by number."""
    filled = "".join(f"^FN{int(number)}{_data(text)}^FS" for number, text in fields.items())
    return f"^XA^CI28^XF{name}^FS{filled}^PQ{quantity},0,0,N^XZ\r\n".encode("ascii")


def _head(label: LaidOut, options: ZplOptions) -> str:
    media = {"gap": "^MNY", "mark": "^MNM", "continuous": "^MNN", None: ""}[options.media]
    darkness = "" if options.darkness is None else f"^MD{options.darkness}"
    speed = "" if options.speed is None else f"^PR{options.speed}"
    return f"^XA^CI28{media}{darkness}{speed}^PW{label.width}^LL{label.height}^LH0,0^FWN^PON"


def _item(item: Placed, options: ZplOptions) -> str:
    at = f"^FO{item.left},{item.top}"
    match item:
        case PlacedText():
            return at + _text(item)
        case PlacedBarcode():
            return f"{at}^BY{item.module},3,{item.bar_height}{_barcode(item)}^FS"
        case PlacedCode():
            return f"{at}{_code(item)}^FS"
        case PlacedBox():
            return f"{at}^GB{item.width},{item.height},{item.thickness},B,0^FS"
        case PlacedBitmap():
            return at + _graphic(item.bitmap, options)
        case _:
            raise TypeError(f"{type(item).__name__} is nothing that is printed")


def _text(item: PlacedText) -> str:
    font = f"^A{item.font.name}{_ROTATIONS[item.rotation]},{item.font.height}"
    block = ""
    if item.align != "left":
        length = item.height if item.rotation in (90, 270) else item.width
        block = f"^FB{length},1,0,{_ALIGNS[item.align]},0"
    return f"{font}{block}{_data(item.text)}^FS"


def _barcode(item: PlacedBarcode) -> str:
    turn, height, letters = _ROTATIONS[item.rotation], item.bar_height, "Y" if item.has_text else "N"
    match item.symbology:
        case Symbology.EAN_13:
            return f"^BE{turn},{height},{letters},N{_data(item.data[:12])}"
        case Symbology.EAN_8:
            return f"^B8{turn},{height},{letters},N{_data(item.data[:7])}"
        case Symbology.UPC_A:
            return f"^BU{turn},{height},{letters},N,Y{_data(item.data[:11])}"
        case Symbology.ITF:
            return f"^B2{turn},{height},{letters},N,N{_data(item.data)}"
        case Symbology.CODE_39:
            return f"^B3{turn},N,{height},{letters},N{_data(item.data)}"
        case Symbology.CODE_93:
            return f"^BA{turn},{height},{letters},N,N{_data(item.data)}"
        case Symbology.CODABAR:
            start, stop = item.data[0].upper(), item.data[-1].upper()
            return f"^BK{turn},N,{height},{letters},N,{start},{stop}{_data(item.data[1:-1])}"
        case Symbology.GS1_128:
            # Mode D: brackets are only shown; the FNC1 in front is the printer's, those behind values are ours.
            data = item.data.replace(">", ">0")
            for identifier, value in element_strings(item.data)[:-1]:
                if needs_separator(identifier):
                    shown = f"({identifier}){value.replace('>', '>0')}"
                    data = data.replace(f"{shown}(", f"{shown}>8(")
            return f"^BC{turn},{height},{letters},N,N,D{_data(data)}"
        case _:
            # Mode A: the printer chooses the code sets, and takes every character for itself.
            return f"^BC{turn},{height},{letters},N,N,A{_data(item.data)}"


def _code(item: PlacedCode) -> str:
    match item.kind:
        case "qr":
            # A QR code is drawn lower by the height that ^BY holds.
            return f"^BY2,3,1^BQN,2,{item.module}{_data(f'{item.level}A,{item.data}')}"
        case "pdf417":
            return f"^BY{item.module}^B7N,{item.row},{item.level},{item.columns},,N{_data(item.data)}"
        case _:
            escape = next((mark for mark in _ESCAPES if mark not in item.data), _ESCAPES[0])
            text = item.data.replace(FNC1, f"{escape}1")
            text = f"{escape}1{text}" if item.kind == "gs1_data_matrix" else text
            return f"^BXN,{item.module},200,{item.modules},{item.modules},,{escape}{_data(text)}"


def _data(text: str) -> str:
    return "^FH^FD" + "".join(chr(byte) if byte in _PLAIN else f"_{byte:02X}" for byte in text.encode())


def _graphic(bitmap: Bitmap, options: ZplOptions) -> str:
    total = len(bitmap.rows)
    if options.graphics == "z64":
        packed = base64.b64encode(zlib.compress(bitmap.rows, 9))
        data = f":Z64:{packed.decode('ascii')}:{binascii.crc_hqx(packed, 0):04x}"
    else:
        data = _run_lengths(bitmap)
    return f"^GFA,{total},{total},{bitmap.row_bytes},{data}^FS"


def _run_lengths(bitmap: Bitmap) -> str:
    """Rows in hexadecimal: runs as a count (g to z are 20 to 400, G to Y 1 to 19) and the digit; ``,`` the rest of the
    row is white; ``!`` black; ``:`` as the row before."""
    lines, before = [], None
    for start in range(0, len(bitmap.rows), bitmap.row_bytes):
        row = bitmap.rows[start : start + bitmap.row_bytes].hex().upper()
        lines.append(":" if row == before else _run_length(row))
        before = row
    return "".join(lines)


def _run_length(row: str) -> str:
    ending = ""
    for digit, mark in (("0", ","), ("F", "!")):
        if row.endswith(digit):
            row, ending = row.rstrip(digit), mark
            break
    packed, position = "", 0
    while position < len(row):
        digit = row[position]
        count = len(row) - position - len(row[position:].lstrip(digit))
        position += count
        packed += _counted(count, digit)
    return packed + ending


def _counted(count: int, digit: str) -> str:
    if count < 3:
        return digit * count
    packed = ""
    while count >= 400:
        packed += f"z{digit}"
        count -= 400
    twenties, ones = divmod(count, 20)
    if twenties or ones:
        packed += (
            (chr(ord("g") + twenties - 1) if twenties else "") + (chr(ord("G") + ones - 1) if ones else "") + digit
        )
    return packed
