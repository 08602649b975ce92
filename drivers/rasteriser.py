"""Draws text and pictures for printers: Pillow, HarfBuzz and the packaged fonts behind ``contracts.bitmap.Rasteriser``.

Nothing of it is loaded before the first picture is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_gateway.contracts.bitmap import FONT_DOTS, Bitmap, Dither, RasterRun
from edge_gateway.contracts.printed_text import Font


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

        return draw_line(runs, font_dots, line_dots, language)

    def missing(self, text: str) -> int:
        from drivers.raster_text import missing_in

        return missing_in(text)

    def image(self, data: bytes, width_dots: int, *, dither: Dither = "floyd_steinberg") -> Bitmap:
        from drivers.raster_image import draw_image

        return draw_image(data, width_dots, dither)
