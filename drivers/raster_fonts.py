"""The fonts that the rasteriser draws with: cut-down Noto fonts, packaged, so that every box prints every language.

Which font has a character is read from an index; a font file is opened when its first character is drawn.
"""

from __future__ import annotations

import bisect
import importlib.resources
import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

GLYPH_PLANE: Final = 0xF0000
"""In a font that is shaped, glyph n has the code point GLYPH_PLANE + n: the libraries for drawing take characters."""
LANGUAGE_FONTS: Final = {"ja": "japanese", "zh": "chinese"}
CHARACTERS_REMEMBERED: Final = 4096
"""Which font has it; a receipt has a few hundred different ones."""


@dataclass(frozen=True, slots=True)
class Font:
    """One font file. ``is_shaped``: its characters are drawn as its rules say, not one by one in cells."""

    name: str
    path: Path
    units_per_em: int
    is_shaped: bool
    firsts: tuple[int, ...]
    lasts: tuple[int, ...]

    def has(self, character: str) -> bool:
        index = bisect.bisect_right(self.firsts, ord(character)) - 1
        return index >= 0 and ord(character) <= self.lasts[index]

    def __hash__(self) -> int:
        return hash(self.name)


@cache
def fonts() -> tuple[Font, ...]:
    """In the order in which a character is looked for."""
    folder = Path(str(importlib.resources.files("edge_gateway").joinpath("resources", "fonts")))
    return tuple(_font(folder, entry) for entry in json.loads((folder / "fonts.json").read_text("ascii")))


@lru_cache(CHARACTERS_REMEMBERED)
def font_of(character: str, language: str | None) -> Font | None:
    """The first that has it, the one of the language before all others."""
    preferred = LANGUAGE_FONTS.get(language or "", "")
    for font in sorted(fonts(), key=lambda font: font.name != preferred) if ord(character) >= 0x2E80 else fonts():
        if font.has(character):
            return font
    return None


@lru_cache(64)
def drawn_font(font: Font, size: int) -> FreeTypeFont:
    """For Pillow, ``size`` pixels an em. Basic layout: what is shaped comes as glyphs, one by one."""
    from PIL import ImageFont

    return ImageFont.truetype(str(font.path), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def shaper(font: Font) -> Any:
    """For HarfBuzz, in the font's own units."""
    import uharfbuzz  # 5 MB that only complex scripts need

    return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(font.path))))


def _font(folder: Path, entry: dict[str, Any]) -> Font:
    ranges = [tuple(int(end, 16) for end in each.split("-")) for each in entry["covers"].split(" ")]
    return Font(
        name=entry["name"],
        path=folder / entry["file"],
        units_per_em=entry["units_per_em"],
        is_shaped=entry["is_shaped"],
        firsts=tuple(first for first, _ in ranges),
        lasts=tuple(last for _, last in ranges),
    )
