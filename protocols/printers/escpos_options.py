"""What the ESC/POS encoder must know of a printer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from edge_gateway.contracts.bitmap import Rasteriser
from edge_gateway.contracts.printed_text import Font
from protocols.printers.character_sets import CharacterSets, CodePage, code_page

CELL_DOTS: Final = 12
"""Width of font A."""
COLUMNS_MIN: Final = 16
"""Narrowest paper: the largest character still leaves two cells, and the shortest barcode fits."""
MULTIBYTE_ENCODINGS: Final = frozenset({"gbk", "gb18030", "cp932", "big5", "euc_kr"})
"""Of printers with a Chinese, Japanese or Korean font; they are not chosen with ESC t."""

Raster = Literal["gs_v_0", "gs_paren_l", "column_24", "column_8", "none"]
"""How pictures are sent: GS v 0 (every thermal printer), GS ( L, ESC * with 24 or 8 dots a column (impact)."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture kept under a name: in the printer by a ``key`` of two characters (GS ( L) or a ``number`` (FS p), or
    as an image file, which ``image`` reads. Exactly one is given."""

    key: str | None = None
    number: int | None = None
    image: Callable[[], bytes] | None = None


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """``encoding``: a Python codec name, ``code_page_slot``: its ESC t number, to begin with; ``code_pages``: all
    that may be changed to; ``wide_encoding``: of its ideographs (FS &), if it has them.

    ``setup``: bytes that belong behind every ESC @, which forgets them (ASB, real-time commands).
    ``drawer_pin`` None: no drawer is wired, and a drawer element is refused, as where the ``buzzer`` is on its port.
    ``cut_command``: ``gs_v_feed`` feeds to the knife by itself, before the others so many lines are fed.
    ``raw_commands``: commands of raw elements that are let through, as manuals write them (``ESC 3``).
    """

    columns: int = 42
    encoding: str = "cp858"
    code_page_slot: int = 19
    code_pages: tuple[CodePage, ...] = ()
    wide_encoding: str | None = None
    is_kanji_cancelled: bool = True
    is_arabic_by_code_page: bool = False
    font_dots: Mapping[Font, int] = field(default_factory=lambda: {"a": CELL_DOTS, "b": 9})
    colours: Literal[1, 2] = 1
    drawer_pin: Literal[2, 5] | None = 2
    drawer_on_ms: int = 100
    drawer_off_ms: int = 200
    cut: Literal["partial", "full", "none"] = "partial"
    cut_command: Literal["gs_v_feed", "gs_v", "esc_i"] = "gs_v_feed"
    knife_feed_lines: int = 4
    buzzer: Literal["esc_paren_a", "esc_b", "drawer_port", "none"] = "none"
    has_qr: bool = True
    has_pdf417: bool = True
    has_barcodes: bool = True
    has_databar: bool = False
    raster: Raster = "gs_v_0"
    line_dots: int = 30
    rasteriser: Rasteriser | None = None
    logos: Mapping[str, Logo] = field(default_factory=dict)
    raw_commands: frozenset[str] = frozenset()
    setup: bytes = b""

    @property
    def paper_dots(self) -> int:
        """Printable width."""
        return self.columns * self.font_dots["a"]

    @property
    def can_draw(self) -> bool:
        """Whether pictures can be made and sent."""
        return self.rasteriser is not None and self.raster != "none"

    @property
    def is_drawn_whole(self) -> bool:
        """It prints pictures alone."""
        return False

    @property
    def has_needles(self) -> bool:
        """Its pictures are coarse."""
        return self.raster == "column_8"

    @property
    def is_wide_first(self) -> bool:
        """It prints in the mode for ideographs until a code page is chosen."""
        return self.encoding in MULTIBYTE_ENCODINGS

    def character_sets(self) -> CharacterSets:
        """The page that a print begins with, then the others."""
        first = () if self.is_wide_first else (code_page(self.code_page_slot, self.encoding),)
        others = tuple(page for page in self.code_pages if page.slot != self.code_page_slot or not first)
        wide = self.encoding if self.is_wide_first else self.wide_encoding
        return CharacterSets((*first, *others), wide, is_wide_first=self.is_wide_first)
