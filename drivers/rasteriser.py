"""Draws text and pictures for printers: Pillow, HarfBuzz and the packaged fonts behind ``contracts.bitmap.Rasteriser``.

Nothing of it is loaded before the first picture is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import groupby
from typing import NamedTuple

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.bitmap import FONT_DOTS, Bitmap, Dither, RasterRun
from edge_gateway.contracts.printed_text import Font


class Drawn(NamedTuple):
    """A line of text, or an image (None), that was made a picture."""

    text: str | None
    height_dots: int


_NOTED: ContextVar[list[Drawn] | None] = ContextVar("drawn", default=None)


@contextmanager
def drawing_noted() -> Iterator[list[Drawn]]:
    """What is drawn within, in order: for tools that tell people what a picture says."""
    noted: list[Drawn] = []
    token = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(token)


def _told(runs: Sequence[RasterRun], cell_dots: int) -> str:
    """What the line says, each column in reading order, gaps as spaces."""
    words = []
    for is_gap, group in groupby(runs, key=lambda run: run.text.isspace()):
        members = list(group)
        if is_gap:
            words.append(" " * (sum(run.dots for run in members) // cell_dots))
        else:
            words += [run.text for run in (reversed(members) if members[-1].is_right_to_left else members)]
    return "".join(words)


def _note(text: str | None, bitmap: Bitmap) -> Bitmap:
    if (noted := _NOTED.get()) is not None:
        noted.append(Drawn(text, bitmap.height_dots))
    return bitmap


class FontRasteriser:
    """A ``Rasteriser``; it holds nothing, and any number of threads may use it."""

    def text(
        self,
        runs: Sequence[RasterRun],
        *,
        font_dots: Mapping[Font, int] = FONT_DOTS,
        line_dots: int = 30,
        language: str | None = None,
    ) -> Bitmap:
        from drivers.raster_text import draw_line

        told = _told(runs, font_dots["a"])
        return _note(told, draw_line(runs, font_dots, line_dots, language))

    def missing(self, text: str) -> int:
        from drivers.raster_text import missing_in

        return missing_in(text)

    def image(self, data: bytes, width_dots: int, *, dither: Dither = "floyd_steinberg") -> Bitmap:
        from drivers.raster_image import draw_image

        return _note(None, draw_image(data, width_dots, dither))

    def qr(self, data: bytes, level: str, module_dots: int) -> Bitmap:
        from drivers.raster_symbols import draw_qr

        return _note(None, draw_qr(data, level, module_dots))

    def pdf417(self, data: str, level: int, module_dots: int, row_dots: int, *, is_truncated: bool) -> Bitmap:
        from drivers.raster_symbols import draw_pdf417

        return _note(None, draw_pdf417(data, level, module_dots, row_dots, is_truncated=is_truncated))

    def barcode(self, symbology: Symbology, data: str, module_dots: int, height_dots: int) -> Bitmap:
        from drivers.raster_symbols import draw_barcode

        return _note(None, draw_barcode(symbology, data, module_dots, height_dots))
