"""Star's graphic mode, all that TSP100 printers know: a print is nothing but rows of dots (STAR Graphic Mode Command
Specifications, Rev. 2.32).

Each picture is a raster document of its own, begun and ended, so that between two of them the printer takes every other
command: questions, confirmations, drawer pulses. Modes are obeyed only while no row is waiting, so they come first.
"""

from __future__ import annotations

from typing import Final

from edge_gateway.contracts.bitmap import Bitmap
from edge_gateway.contracts.printed_text import Align
from protocols.printers.command_stream import Outline
from protocols.printers.escpos_raster import stacked
from protocols.printers.star_host import star_outline

ROWS_MAX: Final = 240
"""Of one document, so that a question falls between two."""
ABANDON: Final = b"\x00" * 128 + b"\x1b*rC\x1b*rB"
"""Completes a row that a lost connection left half sent (72 bytes at 80 mm), forgets those that wait, and ends the
document without the cut that it was to end with."""
FEED_LINE_DOTS: Final = 30
"""4 mm, as a line of text has them."""
_BEGIN: Final = b"\x1b*rR\x1b*rA\x1b*rP0\x00"
"""ESC * r R, ESC * r A; ESC * r P 0: the page is as long as what is on it."""
_END: Final = b"\x1b\x0c\x04\x1b*rB"
"""ESC FF EOT does what ESC * r E said; ESC * r B."""
_PRINT, _FULL_CUT, _PARTIAL_CUT = 1, 9, 13
"""ESC * r E n: no feed and no cut; fed to the knife, and cut."""


def picture(bitmap: Bitmap, paper_dots: int, align: Align) -> bytes:
    """There is no alignment: it is drawn where it belongs."""
    placed = stacked([bitmap, Bitmap(paper_dots, 0, b"")], align)
    parts = (placed.slice(top, ROWS_MAX) for top in range(0, placed.height_dots, ROWS_MAX))
    return b"".join(_document(_rows(part), _PRINT) for part in parts)


def feed(dots: int) -> bytes:
    """ESC * r Y n"""
    return _document(_down(dots), _PRINT)


def cut(*, is_full: bool) -> bytes:
    """At the knife."""
    return _document(_down(1), _FULL_CUT if is_full else _PARTIAL_CUT)


def star_graphic_outline(data: bytes) -> Outline:
    """Of a print of pictures alone. A raster document is one command: nothing else may stand within."""
    ends: list[int] = []
    visible_end = position = 0
    while position < len(data):
        if data.startswith(_BEGIN, position):
            position = _end_of_document(data, position + len(_BEGIN))
            ends.append(position)
            visible_end = position
        else:
            begins = data.find(_BEGIN, position)
            part = data[position:] if begins < 0 else data[position:begins]
            ends += [position + end for end in star_outline(part).ends]
            position += len(part)
    return Outline(tuple(ends), (), visible_end)


def _end_of_document(data: bytes, position: int) -> int:
    """Behind it; where it is cut short, behind the data."""
    while position < len(data):
        if data.startswith(_END, position):
            return position + len(_END)
        if data[position : position + 1] == b"b":
            position += 3 + int.from_bytes(data[position + 1 : position + 3], "little")
        else:
            position = data.find(b"\x00", position) + 1 or len(data)
    return len(data)


def _document(body: bytes, mode: int) -> bytes:
    return _BEGIN + b"\x1b*rE%d\x00" % mode + body + _END


def _down(dots: int) -> bytes:
    return b"\x1b*rY%d\x00" % dots


def _rows(part: Bitmap) -> bytes:
    """b n1 n2 data for each row, without the white at its end; white rows are moved over."""
    data, white = bytearray(), 0
    for top in range(0, len(part.rows), part.row_bytes):
        row = part.rows[top : top + part.row_bytes].rstrip(b"\x00")
        if not row:
            white += 1
            continue
        if white:
            data += _down(white)
            white = 0
        data += b"b" + len(row).to_bytes(2, "little") + row
    return bytes(data) + (_down(white) if white else b"")
