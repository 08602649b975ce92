"""What a label is laid out into: things in their places, in a printer's dots; and what is known of a printer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.bitmap import Bitmap
from protocols.printers.label_fonts import Fonts, FontSize

MM_PER_INCH: Final = Decimal("25.4")


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """What the layout must know of a printer. ``can_print``: text that its fonts have, and its language can say;
    ``can_hold``: the same of the data of a symbol, by its name.

    ``symbologies``: barcodes that it draws by itself; likewise ``codes``: qr, data_matrix, gs1_data_matrix, pdf417.
    """

    dots_per_inch: int
    print_width_dots: int
    fonts: Fonts
    can_print: Callable[[str], bool]
    can_hold: Callable[[str, str], bool]
    symbologies: frozenset[Symbology]
    codes: frozenset[str]
    has_bitmaps: bool = True
    code_module_max: int = 32

    def dots(self, mm: Decimal) -> int:
        return round(mm * self.dots_per_inch / MM_PER_INCH)


@dataclass(frozen=True, slots=True)
class Placed:
    """``left``, ``top``, ``width``, ``height``: the box that it takes on the label, in dots, as it stands there."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PlacedText(Placed):
    """One line. ``align``: within the box, where its width is not known exactly."""

    text: str
    font: FontSize
    rotation: int
    align: Literal["left", "center", "right"] = "left"


@dataclass(frozen=True, slots=True)
class PlacedBitmap(Placed):
    bitmap: Bitmap


@dataclass(frozen=True, slots=True)
class PlacedBarcode(Placed):
    """``bar_height``: without the letters below."""

    symbology: Symbology
    data: str
    module: int
    bar_height: int
    has_text: bool
    rotation: int


@dataclass(frozen=True, slots=True)
class PlacedCode(Placed):
    """``kind``: a word of ``LabelOptions.codes``. ``row``: height of a PDF417's row."""

    kind: str
    data: str
    module: int
    level: str = "M"
    row: int = 0
    columns: int = 0
    modules: int = 0


@dataclass(frozen=True, slots=True)
class PlacedBox(Placed):
    thickness: int

    @property
    def is_filled(self) -> bool:
        """Its sides meet."""
        return self.thickness * 2 >= min(self.width, self.height)


@dataclass(frozen=True, slots=True)
class LaidOut:
    """One label. ``pictured``: texts that are printed as pictures. ``replaced_count``: characters that no font has."""

    width: int
    height: int
    items: tuple[Placed, ...]
    pictured: int = 0
    replaced_count: int = 0


def reading_corner(item: Placed, rotation: int) -> tuple[int, int]:
    """The upper left corner as one reads it: where EPL, TSPL and SLCS begin what is turned."""
    left = item.left + (item.width if rotation in (90, 180) else 0)
    return left, item.top + (item.height if rotation in (180, 270) else 0)


def turned_box(rotation: int, whole: tuple[int, int], part: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Where a part of a box (left, top, width, height) comes to lie when the box is turned clockwise."""
    left, top, width, height = part
    match rotation:
        case 90:
            return whole[1] - top - height, left, height, width
        case 180:
            return whole[0] - left - width, whole[1] - top - height, width, height
        case 270:
            return top, whole[0] - left - width, height, width
        case _:
            return part
