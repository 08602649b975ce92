"""A label laid out in a printer's dots: each element in its place, or the reason why it cannot be printed so.

Independent of any printer's language: the encoders (ZPL, EPL, TSPL, SLCS) take what comes out, and have nothing left to
refuse. What has no font or symbol in the printer comes out as a bitmap.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from edge_gateway.contracts.barcode_data import ELEMENT_STRINGS
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
from protocols.printers.label_fonts import FontSize
from protocols.printers.label_placed import (
    MM_PER_INCH,
    LabelOptions,
    LaidOut,
    Placed,
    PlacedBarcode,
    PlacedBitmap,
    PlacedBox,
    PlacedCode,
    PlacedText,
)
from protocols.printers.label_symbols import (
    barcode_modules,
    data_matrix_modules,
    gs1_text,
    pdf417_size,
    qr_modules,
)
from protocols.printers.label_text import lines_of, text_bitmap, turned

SHRINK_STEPS: Final = (10, 9, 8, 7, 6, 5)
"""Tenths of the height that a text may be printed at."""
ROUNDING_DOTS: Final = Decimal("0.05")
"""A quarter of a millimetre is 1.998 dots at 203 dpi, and meant as two."""
HRI_MM: Final = Decimal(3)
"""What the letters below a barcode take beside its height."""


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
    return LaidOut(width, height, tuple(layout.items), layout.pictured, layout.replaced_count)


class _Layout:
    def __init__(self, options: LabelOptions, rasteriser: Rasteriser, width: int, height: int) -> None:
        self._options = options
        self._rasteriser = rasteriser
        self._width = width
        self._height = height
        self.items: list[Placed] = []
        self.pictured = 0
        self.replaced_count = 0

    def place(self, path: str, element: LabelElement) -> None:
        left, top = self._options.dots(element.x_mm), self._options.dots(element.y_mm)
        match element:
            case LabelText():
                items = self._text(path, element, left, top)
            case LabelBarcode():
                items = self._barcode(path, element, left, top)
            case LabelQr() | LabelDataMatrix() | LabelPdf417():
                items = [self._code(path, element, left, top)]
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

    def _text(self, path: str, element: LabelText, left: int, top: int) -> list[Placed]:
        options = self._options
        is_sideways = element.rotation in (90, 270)
        room = self._height - top if is_sideways else self._width - left
        box = options.dots(element.width_mm) if element.width_mm is not None else room
        is_native = options.can_print(element.text)
        if not is_native and not options.has_bitmaps:
            raise _unsupported(path, "characters that it has no font for, and it takes no pictures")
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
            raise _invalid(path, f"{shown!r} does not fit {_mm(box, options)} mm in {element.lines} lines")
        return self._lines(lines, element, font, box, (left, top), is_native=is_native)

    def _lines(
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
            place = _turned_box(element.rotation, (box, total), (start, index * pitch, width, font.height))
            left, top, wide, high = corner[0] + place[0], corner[1] + place[1], place[2], place[3]
            if bitmap is None:
                align = element.align if is_boxed else "left"
                items.append(PlacedText(left, top, wide, high, line, font, element.rotation, align))
            else:
                picture = turned(bitmap, element.rotation)
                items.append(PlacedBitmap(left, top, picture.width_dots, picture.height_dots, picture))
        return items

    def _barcode(self, path: str, element: LabelBarcode, left: int, top: int) -> list[Placed]:
        """GS1 wants brackets in the letters below, which printers leave out: they are a text of our own."""
        options = self._options
        if element.symbology not in options.symbologies:
            known = ", ".join(sorted(options.symbologies))
            raise _unsupported(path, f"{element.symbology} barcodes; it draws: {known}")
        self._require_sayable(path, element.symbology, element.data)
        module = self._module(path, element.module_mm)
        bars = options.dots(element.height_mm)
        width = barcode_modules(element.symbology, element.data, options.wide_bar) * module
        is_ours = element.has_text and element.symbology in ELEMENT_STRINGS
        letters = options.dots(HRI_MM) if element.has_text else 0
        whole = (width, bars + letters)
        box = _turned_box(element.rotation, whole, (0, 0, width, bars if is_ours else bars + letters))
        items: list[Placed] = [
            PlacedBarcode(
                left + box[0],
                top + box[1],
                box[2],
                box[3],
                element.symbology,
                element.data,
                module,
                bars,
                element.has_text and not is_ours,
                element.rotation,
            )
        ]
        if is_ours:
            gap = letters // 6
            font = options.fonts.size(letters - gap)
            lines, _ = lines_of(element.data, font, width, 1, is_native=True)
            text = LabelText(type="text", text=element.data, rotation=element.rotation, align="center")
            x, y, _, _ = _turned_box(element.rotation, whole, (0, bars + gap, width, letters - gap))
            items += self._lines(lines, text, font, width, (left + x, top + y), is_native=True)
        return items

    def _code(self, path: str, element: LabelQr | LabelDataMatrix | LabelPdf417, left: int, top: int) -> PlacedCode:
        module = min(self._module(path, element.module_mm), self._options.code_module_max)
        kind = "gs1_data_matrix" if isinstance(element, LabelDataMatrix) and element.is_gs1 else element.type
        if kind not in self._options.codes:
            known = ", ".join(sorted(self._options.codes)) or "none"
            raise _unsupported(path, f"{kind}; two-dimensional codes that it draws: {known}")
        self._require_sayable(path, kind, element.data)
        more: dict[str, Any] = {}
        data = element.data
        match element:
            case LabelQr():
                columns = rows = qr_modules(data, element.level)
                more, row = {"level": element.level}, module
            case LabelDataMatrix():
                data = gs1_text(data) if element.is_gs1 else data
                columns = rows = data_matrix_modules(data)
                row = module
            case LabelPdf417():
                columns, rows = pdf417_size(data, element.columns, element.level)
                row = max(1, self._options.dots(element.row_mm))
                more = {"level": str(element.level), "row": row, "columns": element.columns}
        if not columns:
            raise _invalid(path, f"{len(data)} characters are more than a {kind} of this kind holds")
        return PlacedCode(left, top, columns * module, rows * row, kind, data, module, modules=columns, **more)

    def _require_sayable(self, path: str, kind: str, data: str) -> None:
        if not self._options.can_hold(kind, data):
            raise _unsupported(path, f"this data in a {kind}: its language has no way to write one of the characters")

    def _module(self, path: str, module_mm: Decimal) -> int:
        dots = int(module_mm * self._options.dots_per_inch / MM_PER_INCH + ROUNDING_DOTS)
        if not dots:
            least = MM_PER_INCH / self._options.dots_per_inch
            raise _invalid(path, f"module_mm {module_mm} is less than one dot of the printer, {least:.3f} mm")
        return dots

    def _box(self, width_mm: Decimal, height_mm: Decimal, thickness_mm: Decimal, left: int, top: int) -> PlacedBox:
        width, height, thickness = (max(1, self._options.dots(mm)) for mm in (width_mm, height_mm, thickness_mm))
        return PlacedBox(left, top, width, height, min(thickness, (min(width, height) + 1) // 2))

    def _image(self, path: str, element: LabelImage, left: int, top: int) -> PlacedBitmap:
        if not self._options.has_bitmaps:
            raise _unsupported(path, "pictures")
        try:
            bitmap = self._rasteriser.image(element.file(), self._options.dots(element.width_mm), dither=element.dither)
        except RequestError as error:
            raise _invalid(path, str(error)) from error
        return PlacedBitmap(left, top, bitmap.width_dots, bitmap.height_dots, bitmap)

    def _require_inside(self, path: str, item: Placed) -> None:
        right, bottom = item.left + item.width, item.top + item.height
        if item.left < 0 or item.top < 0 or right > self._width or bottom > self._height:
            options = self._options
            raise _invalid(
                path,
                f"off the label: it ends at {_mm(right, options)} x {_mm(bottom, options)} mm,"
                f" the label at {_mm(self._width, options)} x {_mm(self._height, options)} mm",
            )


def _turned_box(rotation: int, whole: tuple[int, int], part: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
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


def _mm(dots: int, options: LabelOptions) -> str:
    return f"{dots * MM_PER_INCH / options.dots_per_inch:.1f}"


def _invalid(path: str, text: str) -> RequestError:
    return RequestError(ErrorCode.INVALID_REQUEST, f"{path}: {text}")


def _unsupported(path: str, what: str) -> RequestError:
    return RequestError(ErrorCode.UNSUPPORTED, f"{path}: this printer cannot print {what}")
