"""The paper of a simulated receipt printer: lines of styled characters and symbols, cut into receipts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

RECEIPTS_KEPT = 100
"""Receipts kept to look at; older ones are only counted (a demo prints for days)."""


@dataclass(frozen=True)
class Style:
    """How characters look. ``align`` 0 left, 1 centre, 2 right; sizes in multiples."""

    align: int = 0
    is_bold: bool = False
    is_underlined: bool = False
    is_reversed: bool = False
    width: int = 1
    height: int = 1


@dataclass(frozen=True)
class Glyph:
    """One printed character; ``cells``: 1, or 2 for a wide one, before magnification."""

    character: str
    style: Style
    cells: int = 1

    @property
    def width(self) -> int:
        """In cells of the paper."""
        return self.cells * self.style.width


@dataclass
class Line:
    """A printed line; an empty one is blank paper."""

    glyphs: list[Glyph] = field(default_factory=list)
    align: int = 0

    @property
    def text(self) -> str:
        return "".join(glyph.character for glyph in self.glyphs)

    @property
    def width(self) -> int:
        return sum(glyph.width for glyph in self.glyphs)

    @property
    def height(self) -> int:
        return max((glyph.style.height for glyph in self.glyphs), default=1)


@dataclass
class Symbol:
    """A QR code, a barcode or a raster image: rows of modules, True is black."""

    kind: str
    data: str
    rows: list[list[bool]]
    module_dots: int
    row_dots: int
    align: int

    @property
    def text(self) -> str:
        return f"[{self.kind} {self.data}]"


@dataclass
class Receipt:
    """What lies between two cuts."""

    items: list[Line | Symbol] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """Text as printed, without the alignment; symbols as ``[qr data]``."""
        return [item.text for item in self.items]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def symbols(self) -> list[Symbol]:
        return [item for item in self.items if isinstance(item, Symbol)]

    @property
    def glyphs(self) -> list[Glyph]:
        return [glyph for item in self.items if isinstance(item, Line) for glyph in item.glyphs]


class Paper:
    """Takes characters and symbols in print order. ``receipts`` are cut; ``hanging`` is what still hangs out."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.receipts: deque[Receipt] = deque(maxlen=RECEIPTS_KEPT)
        self.hanging = Receipt()
        self.cut_count = 0
        self.lines_moved = 0
        self._line = Line()

    @property
    def is_at_line_start(self) -> bool:
        return not self._line.glyphs

    @property
    def text(self) -> str:
        """All kept receipts and what hangs out."""
        return "\n".join(receipt.text for receipt in (*self.receipts, self.hanging) if receipt.items)

    def put(self, glyph: Glyph, align: int) -> None:
        """Print a character; a full line is printed and a new one begun, as printers do."""
        if self._line.width + glyph.width > self.columns:
            self.feed_line()
        if self.is_at_line_start:
            self._line.align = align
        self._line.glyphs.append(glyph)

    def feed_line(self) -> None:
        """Print the line."""
        self.hanging.items.append(self._line)
        self._line = Line()
        self.lines_moved += 1

    def flush_line(self) -> None:
        """Print the line if anything is in it."""
        if not self.is_at_line_start:
            self.feed_line()

    def put_symbol(self, symbol: Symbol) -> None:
        """Print a symbol on paper of its own."""
        self.flush_line()
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
