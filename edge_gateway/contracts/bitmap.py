"""Pictures of one bit a dot, and who makes them: what a printer cannot print as text is printed as these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.printed_text import PLAIN, Align, Font, TextStyle

Dither = Literal["floyd_steinberg", "threshold"]
"""Photographs want floyd_steinberg; logos and drawings come out sharper with threshold."""

FONT_DOTS: Final[Mapping[Font, int]] = {"a": 12, "b": 9}
"""Width of a character at 180 and 203 dpi, in most printers."""
BITMAP_WIDTH_DOTS_MAX: Final = 2400
"""A label printer of 8 inches at 300 dpi."""
BITMAP_HEIGHT_DOTS_MAX: Final = 4800
"""60 cm of a receipt printer's paper: no logo is longer."""


@dataclass(frozen=True, slots=True)
class Bitmap:
    """``rows``: from the top, each padded to whole bytes; the highest bit is the leftmost dot; 1 is black."""

    width_dots: int
    height_dots: int
    rows: bytes

    def __post_init__(self) -> None:
        if len(self.rows) != self.row_bytes * self.height_dots:
            raise ValueError(
                f"{len(self.rows)} bytes: expected {self.row_bytes * self.height_dots} for"
                f" {self.width_dots} x {self.height_dots} dots"
            )

    @property
    def row_bytes(self) -> int:
        return (self.width_dots + 7) // 8

    def slice(self, top: int, height: int) -> Bitmap:
        """The rows from ``top`` on, at most ``height``."""
        height = min(height, self.height_dots - top)
        return Bitmap(self.width_dots, height, self.rows[top * self.row_bytes : (top + height) * self.row_bytes])


@dataclass(frozen=True, slots=True)
class RasterRun:
    """Text of one style and one direction, in the order in which it is read, also where that is from the right.

    ``dots``: how wide it was laid out: it is drawn into just that many. Runs stand from left to right as they are
    listed. ``align``: where in these dots text stands whose letters are narrower than their cells; None: where reading
    begins.
    """

    text: str
    dots: int
    is_right_to_left: bool = False
    style: TextStyle = PLAIN
    align: Align | None = None


class Rasteriser(Protocol):
    """Pure functions that take milliseconds: call them in a thread."""

    def text(
        self,
        runs: Sequence[RasterRun],
        *,
        font_dots: Mapping[Font, int] = FONT_DOTS,
        line_dots: int = 30,
        language: str | None = None,
    ) -> Bitmap:
        """One line, as wide as its runs. ``font_dots``: width of a character; ``line_dots``: from line to line at
        height 1; ``language`` (ja, zh): chooses between the Japanese and the Chinese shape of an ideograph.
        """
        ...

    def missing(self, text: str) -> int:
        """How many characters of the text no font has: they are drawn as a box."""
        ...

    def image(self, data: bytes, width_dots: int, *, dither: Dither = "floyd_steinberg") -> Bitmap:
        """PNG, JPEG, BMP or GIF, scaled down to at most that width, never up.

        Raises RequestError(INVALID_REQUEST): no such image, or larger than a logo is.
        """
        ...

    def qr(self, data: bytes, level: str, module_dots: int) -> Bitmap:
        """A QR code with its quiet zone. ``level``: L, M, Q or H."""
        ...

    def pdf417(self, data: str, level: int, module_dots: int, row_dots: int, *, is_truncated: bool) -> Bitmap:
        """A PDF417 symbol without quiet zone. Raises RequestError(INVALID_REQUEST): more than a symbol holds."""
        ...

    def barcode(self, symbology: Symbology, data: str, module_dots: int, height_dots: int) -> Bitmap:
        """The bars of checked data, without quiet zone and text.

        Raises RequestError(INVALID_REQUEST): more than the symbology holds.
        """
        ...
