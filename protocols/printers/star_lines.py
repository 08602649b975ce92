"""Laid out lines in Star's language: as everywhere, but pictures are Star's."""

from __future__ import annotations

from typing import Final

from edge_gateway.contracts.bitmap import Bitmap
from edge_gateway.contracts.printed_text import Align
from protocols.printers import star_commands as commands
from protocols.printers import star_graphic
from protocols.printers.escpos_lines import LineWriter
from protocols.printers.escpos_raster import slice_rows, stacked
from protocols.printers.star_options import StarRaster

SLICE_ROWS: Final = 24
"""ESC X: one stripe."""


class StarLineWriter(LineWriter):
    """``raster``: how pictures are sent."""

    raster: StarRaster = "column_24"

    def finish(self) -> None:
        if self._drawn:
            picture = stacked(self._drawn, self._drawn_align)
            self._drawn.clear()
            self._stream.begin_line(self._drawn_align, self._drawn_style)
            self._stream.command(picture_commands(picture, self.raster, self._metrics.paper_dots, self._drawn_align))


def picture_commands(picture: Bitmap, raster: StarRaster, paper_dots: int, align: Align) -> bytes:
    """The paper moves as far as the picture is high. ``align``: where the printer is not told so by itself."""
    if raster == "graphic":
        return star_graphic.picture(picture, paper_dots, align)
    if raster == "raster":
        rows = slice_rows(picture)
        slices = (picture.slice(top, rows) for top in range(0, picture.height_dots, rows))
        return b"".join(commands.raster_image(part.row_bytes, part.height_dots, part.rows) for part in slices)
    stripes = (picture.slice(top, SLICE_ROWS) for top in range(0, picture.height_dots, SLICE_ROWS))
    drawn = (commands.column_image(stripe.width_dots, _columns(stripe)) + commands.LF for stripe in stripes)
    return commands.LINE_SPACING_24 + b"".join(drawn) + commands.LINE_SPACING_DEFAULT


def _columns(stripe: Bitmap) -> bytes:
    """From left to right, each three bytes from the top; below the picture it is white."""
    columns = bytearray(stripe.width_dots * 3)
    for y in range(stripe.height_dots):
        row = stripe.rows[y * stripe.row_bytes : (y + 1) * stripe.row_bytes]
        for x in range(stripe.width_dots):
            if row[x >> 3] & 0x80 >> (x & 7):
                columns[x * 3 + (y >> 3)] |= 0x80 >> (y & 7)
    return bytes(columns)
