"""What the Star encoder must know of a printer, beside what every encoder must."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from protocols.printers.character_sets import CodePage, code_page
from protocols.printers.escpos_options import EncoderOptions

CODE_PAGE_SLOTS: Final = {
    "cp437": 1,
    "cp858": 4,
    "cp852": 5,
    "cp860": 6,
    "cp861": 7,
    "cp863": 8,
    "cp865": 9,
    "cp866": 10,
    "cp855": 11,
    "cp857": 12,
    "cp862": 13,
    "cp737": 15,
    "cp869": 17,
    "cp1252": 32,
    "cp1250": 33,
    "cp1251": 34,
}
"""ESC GS t of every Star printer (Star Line Mode, 3.3.1; the same in StarPRNT). Pages without a Python codec (20 more)
are left out: what only they have is drawn."""

StarRaster = Literal["raster", "column_24", "graphic", "none"]
"""How pictures are sent: ESC GS S (StarPRNT), ESC X (Star Line Mode), not at all (impact). ``graphic``: whole prints
are pictures (TSP100)."""


@dataclass(frozen=True, slots=True)
class StarOptions(EncoderOptions):
    """``is_impact``: it has no fonts, no inverse and no sizes but double; its second colour is red."""

    star_raster: StarRaster = "column_24"
    is_impact: bool = False
    size_max: int = 6

    @property
    def can_draw(self) -> bool:
        return self.rasteriser is not None and self.star_raster != "none"

    @property
    def is_drawn_whole(self) -> bool:
        return self.star_raster == "graphic"


@cache
def star_pages() -> tuple[CodePage, ...]:
    """All of them."""
    return tuple(code_page(slot, name) for name, slot in CODE_PAGE_SLOTS.items())
