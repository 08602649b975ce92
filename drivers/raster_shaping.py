"""Text into segments of one font, and a segment into glyphs with their places."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, NamedTuple

from drivers.raster_fonts import GLYPH_PLANE, Font, font_of, shaper

_MIRRORED: Final = dict(zip("()[]{}<>«»‹›≤≥", ")(][}{><»«›‹≥≤", strict=True))
"""Signs that are drawn the other way round in text from the right."""
_KANA: Final = range(0x3040, 0x3100)
_COLUMN_GAP: Final = re.compile(r"( {2,})")
"""More than one space: what follows is to stand where it was laid out."""


class PlacedGlyph(NamedTuple):
    """``x``, ``y`` in the font's units from the segment's left end on the base line, y upwards."""

    character: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Text in one font; None: no font has it. ``cells`` as the layout counts them."""

    text: str
    font: Font | None
    cells: int

    @property
    def is_fixed(self) -> bool:
        """It stands where it was laid out; what is not fixed moves up to what is before it."""
        if self.font is not None and self.font.is_shaped:
            return False
        return self.text.isspace() or any(map(str.isalnum, self.text))


def guessed_language(text: str) -> str | None:
    """``ja`` where there is kana: ideographs beside it have their Japanese shape."""
    return "ja" if any(ord(character) in _KANA for character in text) else None


def display_cells(character: str) -> int:
    """2 for a wide character, 0 for what stands on another, 1 otherwise."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def segments(text: str, language: str | None, *, is_right_to_left: bool = False) -> list[Segment]:
    """In the order of the text."""
    found: list[Segment] = []
    for part in _COLUMN_GAP.split(unicodedata.normalize("NFC", text)):
        if part.startswith("  "):
            found.append(Segment(part, None, len(part)))
        elif part:
            found += _of_one_font(part, language, is_right_to_left)
    return found


def _of_one_font(text: str, language: str | None, is_right_to_left: bool) -> list[Segment]:
    """A sign between words goes with the font of the words, where that has it."""
    found: list[tuple[str, Font | None]] = []
    for character in text:
        before = found[-1][1] if found else None
        font = font_of(character, language)
        is_joining = unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")
        is_with_words = is_joining or (not character.isalnum() and before is not None and before.is_shaped)
        if before is not None and is_with_words and before.has(character):
            font = before
        elif is_joining and font is None:
            continue  # an invisible mark that no font draws
        if is_right_to_left and (font is None or not font.is_shaped):
            character = _MIRRORED.get(character, character)
        if found and found[-1][1] is font:
            found[-1] = (found[-1][0] + character, font)
        else:
            found.append((character, font))
    return [Segment(part, font, sum(map(display_cells, part))) for part, font in found]


def shape(segment_text: str, font: Font, *, is_right_to_left: bool) -> tuple[list[PlacedGlyph], int]:
    """Glyphs from left to right, and the width of all."""
    import uharfbuzz

    buffer = uharfbuzz.Buffer()
    buffer.add_str(segment_text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if is_right_to_left else "ltr"
    uharfbuzz.shape(shaper(font), buffer)
    placed, x = [], 0
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        placed.append(PlacedGlyph(chr(GLYPH_PLANE + info.codepoint), x + position.x_offset, position.y_offset))
        x += position.x_advance
    return placed, x
