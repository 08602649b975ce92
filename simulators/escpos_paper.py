"""The paper of a simulated receipt printer, in dots: lines of characters, symbols and pictures, cut into receipts."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

RECEIPTS_KEPT = 100
"""Receipts kept to look at; older ones are only counted (a demo prints for days)."""
CELL_DOTS = 12
"""Width of font A."""
FONTS = {"a": (12, 24), "b": (9, 17)}
"""Width and height of a character."""
LINE_DOTS = 30
"""From line to line, as after power-on."""


@dataclass(frozen=True)
class Style:
    """How characters look; sizes in multiples, ``underline`` in dots."""

    is_bold: bool = False
    is_double_struck: bool = False
    underline: int = 0
    is_reversed: bool = False
    is_red: bool = False
    font: Literal["a", "b"] = "a"
    width: int = 1
    height: int = 1

    @property
    def is_underlined(self) -> bool:
        return self.underline > 0


@dataclass(frozen=True)
class Glyph:
    """One printed character. ``cells``: 1, or 2 for an ideograph; ``cell``: of its font; both before magnification."""

    character: str
    style: Style
    cells: int = 1
    cell: tuple[int, int] = FONTS["a"]

    @property
    def dots(self) -> int:
        """Width on paper."""
        return self.cells * self.cell[0] * self.style.width

    @property
    def height_dots(self) -> int:
        return self.cell[1] * self.style.height


@dataclass(frozen=True)
class ColumnImage:
    """A strip of a picture in a line (ESC *): columns from left to right, the highest bit at the top."""

    columns: tuple[int, ...]
    bits: int
    dot_width: int
    dot_height: int
    is_red: bool = False

    @property
    def dots(self) -> int:
        return len(self.columns) * self.dot_width

    @property
    def height_dots(self) -> int:
        return self.bits * self.dot_height


@dataclass(frozen=True)
class Gap:
    """Blank paper in a line (HT, ESC $, a margin); less than 0 dots: back over what is printed already."""

    dots: int
    height_dots: int = 0


LineItem = Glyph | ColumnImage | Gap


@dataclass
class Line:
    """A printed line; an empty one is blank paper. ``spacing_dots``: how far the paper moves, at the least."""

    items: list[LineItem] = field(default_factory=list)
    align: int = 0
    is_upside_down: bool = False
    spacing_dots: int = LINE_DOTS
    area: tuple[int, int] | None = None

    @property
    def glyphs(self) -> list[Glyph]:
        return [item for item in self.items if isinstance(item, Glyph)]

    @property
    def text(self) -> str:
        """As printed, gaps as spaces; strips of pictures leave nothing."""
        words = {Gap: lambda item: " " * (item.dots // CELL_DOTS), Glyph: lambda item: item.character}
        return "".join(words[type(item)](item) for item in self.items if type(item) in words)

    @property
    def end_dots(self) -> int:
        """Where the next character stands."""
        return sum(item.dots for item in self.items)

    @property
    def dots(self) -> int:
        return max(accumulate((item.dots for item in self.items), initial=0))

    @property
    def height_dots(self) -> int:
        """Of what stands in it."""
        return max((item.height_dots for item in self.items), default=FONTS["a"][1])

    @property
    def fed_dots(self) -> int:
        """Of paper that it takes."""
        return max(self.height_dots, self.spacing_dots)


@dataclass
class Symbol:
    """A QR code, a PDF417 or a barcode: rows of modules, True is black."""

    kind: str
    data: str
    rows: list[list[bool]]
    module_dots: int
    row_dots: int
    align: int
    area: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        return f"[{self.kind} {self.data}]"

    @property
    def dots(self) -> int:
        return len(self.rows[0]) * self.module_dots


@dataclass
class Picture:
    """Raster graphics: rows from the top, the highest bit of a byte leftmost, 1 is black."""

    width_dots: int
    height_dots: int
    rows: bytes
    align: int
    dot_width: int = 1
    dot_height: int = 1
    is_red: bool = False
    area: tuple[int, int] | None = None

    @property
    def dots(self) -> int:
        return self.width_dots * self.dot_width

    @property
    def text(self) -> str:
        return f"[picture {self.width_dots}x{self.height_dots}]"


Item = Line | Symbol | Picture


@dataclass
class Receipt:
    """What lies between two cuts."""

    items: list[Item] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """Text as printed, without the alignment; symbols as ``[qr data]``, pictures as ``[picture 384x30]``."""
        return [item.text for item in self.items]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def symbols(self) -> list[Symbol]:
        return [item for item in self.items if isinstance(item, Symbol)]

    @property
    def pictures(self) -> list[Picture]:
        return [item for item in self.items if isinstance(item, Picture)]

    @property
    def glyphs(self) -> list[Glyph]:
        return [glyph for item in self.items if isinstance(item, Line) for glyph in item.glyphs]


class Paper:
    """Takes characters, symbols and pictures in print order. ``receipts`` are cut; ``hanging`` still hangs out."""

    def __init__(self, columns: int, fonts: Mapping[str, tuple[int, int]] = FONTS) -> None:
        self.columns = columns
        self.fonts = fonts
        self.width_dots = columns * fonts["a"][0]
        self.receipts: deque[Receipt] = deque(maxlen=RECEIPTS_KEPT)
        self.hanging = Receipt()
        self.cut_count = 0
        self.lines_moved = 0
        self.line_spacing_dots = LINE_DOTS
        self.is_upside_down = False
        self.area = (0, self.width_dots)
        """Where it prints: left edge and width. Items keep theirs; None is the whole paper."""
        self._line = Line()

    @property
    def room_dots(self) -> int:
        """Width of the area."""
        return self.area[1]

    @property
    def is_at_line_start(self) -> bool:
        return not self._line.items

    @property
    def line_dots(self) -> int:
        """Of the line that is being filled, up to where it is."""
        return self._line.end_dots

    @property
    def text(self) -> str:
        """All kept receipts and what hangs out."""
        return "\n".join(receipt.text for receipt in (*self.receipts, self.hanging) if receipt.items)

    def glyph(self, character: str, style: Style, cells: int = 1) -> Glyph:
        """In this paper's fonts; ideographs have one of their own."""
        return Glyph(character, style, cells, self.fonts[style.font if cells == 1 else "a"])

    def put(self, item: LineItem, align: int) -> None:
        """Print a character or a strip; a full line is printed and a new one begun, as printers do."""
        if self._line.end_dots + item.dots > self.room_dots and self._line.items:
            self.feed_line()
        if self.is_at_line_start:
            self._line.align = align
            self._line.area = self.area
            self._line.is_upside_down = self.is_upside_down
        self._line.items.append(item)

    def feed_line(self) -> None:
        """Print the line."""
        self._line.spacing_dots = self.line_spacing_dots
        self.hanging.items.append(self._line)
        self._line = Line()
        self.lines_moved += 1

    def flush_line(self, spacing_dots: int | None = None) -> None:
        """Print the line if anything is in it; ``spacing_dots``: of paper for it."""
        if not self.is_at_line_start:
            self.feed_line()
            if spacing_dots is not None and isinstance(line := self.hanging.items[-1], Line):
                line.spacing_dots = spacing_dots

    def feed_dots(self, dots: int) -> None:
        """Print the line if anything is in it, and move the paper."""
        if not self.is_at_line_start:
            self.flush_line(dots)
        elif dots:
            self.hanging.items.append(Line(spacing_dots=dots))
            self.lines_moved += 1

    def put_symbol(self, symbol: Symbol | Picture) -> None:
        """Print a symbol or a picture on paper of its own."""
        self.flush_line()
        symbol.area = self.area
        self.hanging.items.append(symbol)
        self.lines_moved += 1

    def cut(self) -> None:
        """What hangs out becomes a receipt."""
        self.flush_line()
        self.receipts.append(self.hanging)
        self.hanging = Receipt()
        self.cut_count += 1

    def forget_line(self) -> None:
        """The print buffer is cleared: characters that were not printed yet are gone."""
        self._line = Line()
