"""A label laid out in a printer's dots: each element in its place, or the reason why it cannot be printed so.

Independent of any printer's language: the encoders (ZPL, EPL, TSPL, SLCS) take what comes out, and have nothing left to
refuse. What has no font or symbol in the printer comes out as a bitmap.
"""

from __future__ import annotations

from decimal import Decimal

from edge_gateway.contracts.bitmap import Rasteriser
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.label import (
    Label,
    LabelBarcode,
    LabelBox,
    LabelDataMatrix,
    LabelElement,
    LabelImage,
    LabelLine,
    LabelPdf417,
    LabelQr,
    LabelText,
)
from protocols.printers.label_layout_symbols import SymbolLayout
from protocols.printers.label_layout_text import TextLayout
from protocols.printers.label_placed import MM_PER_INCH, LabelOptions, LaidOut, Placed, PlacedBitmap, PlacedBox
from protocols.printers.label_refusals import invalid, millimetres, unsupported


def lay_out_label(label: Label, options: LabelOptions, rasteriser: Rasteriser) -> LaidOut:
    """Raises RequestError: INVALID_REQUEST (off the label, too wide, too long), UNSUPPORTED (not by this printer)."""
    width, height = options.dots(label.width_mm), options.dots(label.height_mm)
    if width > options.print_width_dots:
        most = options.print_width_dots * MM_PER_INCH / options.dots_per_inch
        text = f"label.width_mm: {label.width_mm} mm; the printer prints {most:.1f} mm"
        raise RequestError(ErrorCode.INVALID_REQUEST, text)
    layout = _Layout(options, rasteriser, width, height)
    for index, element in enumerate(label.elements):
        layout.place(f"label.elements[{index}]", element)
    if not layout.items:
        raise RequestError(ErrorCode.INVALID_REQUEST, "label.elements: nothing of it leaves a mark")
    return LaidOut(width, height, tuple(layout.items), layout.texts.pictured, layout.texts.replaced_count)


class _Layout:
    def __init__(self, options: LabelOptions, rasteriser: Rasteriser, width: int, height: int) -> None:
        self._options = options
        self._rasteriser = rasteriser
        self._width = width
        self._height = height
        self.texts = TextLayout(options, rasteriser, width, height)
        self._symbols = SymbolLayout(options, rasteriser, self.texts)
        self.items: list[Placed] = []

    def place(self, path: str, element: LabelElement) -> None:
        left, top = self._options.dots(element.x_mm), self._options.dots(element.y_mm)
        match element:
            case LabelText():
                items = self.texts.text(path, element, left, top)
            case LabelBarcode():
                items = self._symbols.barcode(path, element, left, top)
            case LabelQr() | LabelDataMatrix() | LabelPdf417():
                picture = self._symbols.qr_picture(path, element, left, top)
                items = [picture or self._symbols.code(path, element, left, top)]
            case LabelBox():
                items = [self._box(element.width_mm, element.height_mm, element.thickness_mm, left, top)]
            case LabelLine(length_mm=length, thickness_mm=thickness):
                is_horizontal = element.direction == "horizontal"
                size = (length, thickness) if is_horizontal else (thickness, length)
                items = [self._box(*size, thickness, left, top)]
            case LabelImage():
                items = [self._image(path, element, left, top)]
        for item in items:
            self._require_inside(path, item)
        self.items += items

    def _box(self, width_mm: Decimal, height_mm: Decimal, thickness_mm: Decimal, left: int, top: int) -> PlacedBox:
        width, height, thickness = (max(1, self._options.dots(mm)) for mm in (width_mm, height_mm, thickness_mm))
        return PlacedBox(left, top, width, height, min(thickness, (min(width, height) + 1) // 2))

    def _image(self, path: str, element: LabelImage, left: int, top: int) -> PlacedBitmap:
        if not self._options.has_bitmaps:
            raise unsupported(path, "pictures")
        try:
            bitmap = self._rasteriser.image(element.file(), self._options.dots(element.width_mm), dither=element.dither)
        except RequestError as error:
            raise invalid(path, str(error)) from error
        return PlacedBitmap(left, top, bitmap.width_dots, bitmap.height_dots, bitmap)

    def _require_inside(self, path: str, item: Placed) -> None:
        right, bottom = item.left + item.width, item.top + item.height
        if item.left < 0 or item.top < 0 or right > self._width or bottom > self._height:
            options = self._options
            raise invalid(
                path,
                f"off the label: it ends at {millimetres(right, options)} x {millimetres(bottom, options)} mm,"
                f" the label at {millimetres(self._width, options)} x {millimetres(self._height, options)} mm",
            )
