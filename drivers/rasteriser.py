"""Draws text and pictures for printers: Pillow, HarfBuzz and the packaged fonts behind ``contracts.bitmap.Rasteriser``.

Nothing of it is loaded before the first picture is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge_gateway.contracts.bitmap import Bitmap, Dither, RasterRun


class FontRasteriser:
    """A ``Rasteriser``; it holds nothing, and any number of threads may use it."""

    def text(
        self, runs: Sequence[RasterRun], *, cell_dots: int = 12, line_dots: int = 30, language: str | None = None
    ) -> Bitmap:
        from drivers.raster_text import draw_line

        return draw_line(runs, cell_dots, line_dots, language)

    def missing(self, text: str) -> int:
        from drivers.raster_text import missing_in

        return missing_in(text)

    def image(self, data: bytes, width_dots: int, *, dither: Dither = "floyd_steinberg") -> Bitmap:
        from drivers.raster_image import draw_image

        return draw_image(data, width_dots, dither)
