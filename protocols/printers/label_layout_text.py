"""Text of a label in its place: in the printer's font where it has the characters, else as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from edge_gateway.contracts.bitmap import Rasteriser
from edge_gateway.contracts.label import LabelText
from protocols.printers.label_fonts import FontSize
from protocols.printers.label_placed import LabelOptions, Placed, PlacedBitmap, PlacedText, turned_box
from protocols.printers.label_refusals import invalid, millimetres, unsupported
from protocols.printers.label_text import lines_of, text_bitmap, turned

SHRINK_STEPS: Final = (10, 9, 8, 7, 6, 5)
"""Tenths of the height that a text may be printed at."""


class TextLayout:
    """On a label of so many dots. ``pictured``: lines that became pictures; ``replaced_count``: characters that no font
    has."""

    def __init__(self, options: LabelOptions, rasteriser: Rasteriser, width: int, height: int) -> None:
        self._options = options
        self._rasteriser = rasteriser
        self._width = width
        self._height = height
        self.pictured = 0
        self.replaced_count = 0

    def text(self, path: str, element: LabelText, left: int, top: int) -> list[Placed]:
        """Raises RequestError: it does not fit, or cannot be printed."""
        options = self._options
        is_sideways = element.rotation in (90, 270)
        room = self._height - top if is_sideways else self._width - left
        box = options.dots(element.width_mm) if element.width_mm is not None else room
        is_native = options.can_print(element.text)
        if not is_native and not options.has_bitmaps:
            raise unsupported(path, "characters that it has no font for, and it takes no pictures")
        wanted = options.dots(element.height_mm)
        for tenths in SHRINK_STEPS if element.overflow == "shrink" else SHRINK_STEPS[:1]:
            font = options.fonts.size(wanted * tenths // 10)
            if not is_native:
                height = max(8, wanted * tenths // 10)
                font = FontSize("", height, max(4, height // 2))
            lines, is_whole = lines_of(element.text, font, box, element.lines, is_native=is_native)
            if is_whole:
                break
        if not is_whole and element.overflow != "cut":
            shown = f"{element.text[:20]}..." if len(element.text) > 20 else element.text
            raise invalid(path, f"{shown!r} does not fit {millimetres(box, options)} mm in {element.lines} lines")
        return self.lines(lines, element, font, box, (left, top), is_native=is_native)

    def lines(
        self,
        lines: Sequence[str],
        element: LabelText,
        font: FontSize,
        box: int,
        corner: tuple[int, int],
        *,
        is_native: bool,
    ) -> list[Placed]:
        """Each line in its place, turned about the middle of the whole text's box."""
        items: list[Placed] = []
        pitch = font.height + (0 if not is_native else max(1, font.height // 6))
        total = pitch * (len(lines) - 1) + font.height
        for index, line in enumerate(lines):
            if not line:
                continue
            bitmap = None
            if is_native:
                width = font.width_of(line)
            else:
                bitmap, missing = text_bitmap(line, font, self._rasteriser)
                self.replaced_count += missing
                self.pictured += 1
                width = bitmap.width_dots
            # A printer that draws at any size aligns by itself; a backslash would be a command of its text blocks.
            is_boxed = bitmap is None and not font.is_exact and element.align != "left" and "\\" not in line
            width = max(width, box) if is_boxed else width
            spare = max(0, box - width)
            start = {"left": 0, "center": spare // 2, "right": spare}[element.align]
            place = turned_box(element.rotation, (box, total), (start, index * pitch, width, font.height))
            left, top, wide, high = corner[0] + place[0], corner[1] + place[1], place[2], place[3]
            if bitmap is None:
                align = element.align if is_boxed else "left"
                items.append(PlacedText(left, top, wide, high, line, font, element.rotation, align))
            else:
                picture = turned(bitmap, element.rotation)
                items.append(PlacedBitmap(left, top, picture.width_dots, picture.height_dots, picture))
        return items
