"""Pictures as ESC/POS commands: sliced, and without the bytes that a printer would obey in the middle of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from edge_gateway.contracts.bitmap import Bitmap
from edge_gateway.contracts.printed_text import Align
from protocols.printers.escpos_options import Raster

SLICE_ROWS: Final = 256
"""Of one command: clones with small buffers lose the rest of a taller one."""
SLICE_BYTES: Final = 4096
"""The same in bytes: a printer whose line broke waits for the rest of the command, and takes what comes next for it;
what brings it back (drivers.printer_resynchronise) must not take half a minute at 9600 baud."""
_COLUMN_MODES: Final = {"column_24": (33, 3), "column_8": (1, 1)}
"""m of ESC * (double density) and bytes of one column."""
_LINE_SPACING: Final = b"\x1b3\x10"
"""ESC 3 16: no gap between two strips, at 1/144 inch as at finer units (a strip is never fed less than its height)."""
_DEFAULT_LINE_SPACING: Final = b"\x1b2"
_REAL_TIME: Final = re.compile(rb"\x10([\x04\x05\x14])")
"""DLE EOT, DLE ENQ, DLE DC4: obeyed wherever they stand; 10 14 01 00 05 in a picture opens the drawer."""
_DISARMING_DOT: Final = 0x08


def raster_commands(bitmap: Bitmap, method: Raster) -> bytes:
    """The picture at the start of a line; the printer stands at the start of a line behind it."""
    if method in _COLUMN_MODES:
        return _columns(bitmap, *_COLUMN_MODES[method])
    send = _graphics if method == "gs_paren_l" else _raster
    rows = slice_rows(bitmap)
    tops = range(0, bitmap.height_dots, rows)
    return b"".join(send(bitmap.slice(top, rows)) for top in tops)


def slice_rows(bitmap: Bitmap) -> int:
    """Of its rows in one command."""
    return min(SLICE_ROWS, SLICE_BYTES // bitmap.row_bytes)


def stacked(bitmaps: Sequence[Bitmap], align: Align) -> Bitmap:
    """One below the other, as wide as the widest."""
    width = max(bitmap.width_dots for bitmap in bitmaps)
    rows = b"".join(_widened(bitmap, width, align) for bitmap in bitmaps)
    return Bitmap(width, sum(bitmap.height_dots for bitmap in bitmaps), rows)


def disarmed(data: bytes) -> bytes:
    """Picture data in which no real-time command stands: one dot more where one would."""
    return _REAL_TIME.sub(lambda found: bytes((0x10, found[1][0] | _DISARMING_DOT)), data)


def has_real_time_command(data: bytes) -> bool:
    """Whether a printer would obey something in it at once."""
    return _REAL_TIME.search(data) is not None


def _raster(bitmap: Bitmap) -> bytes:
    """GS v 0, normal density."""
    size = bitmap.row_bytes.to_bytes(2, "little") + bitmap.height_dots.to_bytes(2, "little")
    return b"\x1dv0\x00" + size + disarmed(bitmap.rows)


def _graphics(bitmap: Bitmap) -> bytes:
    """GS ( L 112, stored in one colour, and GS ( L 50, printed."""
    # 1,040 dots are 10 04 as two bytes, and a length may be so too: a byte more in each row changes both.
    for extra_bytes in range(3):
        width = bitmap.width_dots if not extra_bytes else (bitmap.row_bytes + extra_bytes) * 8
        rows = _widened(bitmap, width, "left")
        parameters = b"0p0\x01\x011" + width.to_bytes(2, "little") + bitmap.height_dots.to_bytes(2, "little")
        length = (len(parameters) + len(rows)).to_bytes(2, "little")
        if not has_real_time_command(length + parameters):
            break
    return b"\x1d(L" + length + parameters + disarmed(rows) + b"\x1d(L\x02\x0002"


def _columns(bitmap: Bitmap, mode: int, column_bytes: int) -> bytes:
    """ESC *: strips of 24 or 8 rows, column by column, each ended by LF."""
    if column_bytes == 1:
        bitmap = _squeezed(bitmap)
    width = bitmap.width_dots
    while has_real_time_command(width.to_bytes(2, "little")):
        width += 1
    header = bytes((0x1B, 0x2A, mode)) + width.to_bytes(2, "little")
    strips = []
    for top in range(0, bitmap.height_dots, column_bytes * 8):
        strip = bitmap.slice(top, column_bytes * 8)
        strips.append(header + disarmed(_turned(strip, width, column_bytes)) + b"\n")
    return _LINE_SPACING + b"".join(strips) + _DEFAULT_LINE_SPACING


def _turned(strip: Bitmap, width: int, column_bytes: int) -> bytes:
    """Rows to columns; the highest bit of a column's first byte is its top dot."""
    columns = [0] * width
    for y in range(strip.height_dots):
        row = int.from_bytes(strip.rows[y * strip.row_bytes : (y + 1) * strip.row_bytes], "big")
        bit = 1 << (column_bytes * 8 - 1 - y)
        row >>= strip.row_bytes * 8 - strip.width_dots
        while row:
            x = row.bit_length() - 1
            row ^= 1 << x
            columns[strip.width_dots - 1 - x] |= bit
    return b"".join(column.to_bytes(column_bytes, "big") for column in columns)


def _squeezed(bitmap: Bitmap) -> Bitmap:
    """Half as high: a head of 9 needles prints 160 dots an inch across and 72 down."""
    size = bitmap.row_bytes
    rows = [int.from_bytes(bitmap.rows[top : top + size], "big") for top in range(0, len(bitmap.rows), size)]
    pairs = [rows[index] | (rows[index + 1] if index + 1 < len(rows) else 0) for index in range(0, len(rows), 2)]
    return Bitmap(bitmap.width_dots, len(pairs), b"".join(pair.to_bytes(size, "big") for pair in pairs))


def _widened(bitmap: Bitmap, width: int, align: Align) -> bytes:
    """Its rows in a wider picture."""
    if bitmap.width_dots == width:
        return bitmap.rows
    free = width - bitmap.width_dots
    left = {"left": 0, "center": free // 2, "right": free}[align]
    row_bytes = (width + 7) // 8
    shift = row_bytes * 8 - left - bitmap.row_bytes * 8
    rows = []
    for top in range(0, len(bitmap.rows), bitmap.row_bytes):
        row = int.from_bytes(bitmap.rows[top : top + bitmap.row_bytes], "big")
        rows.append((row << shift if shift >= 0 else row >> -shift).to_bytes(row_bytes, "big"))
    return b"".join(rows)
