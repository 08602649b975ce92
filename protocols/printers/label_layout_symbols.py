"""Barcodes and two-dimensional codes of a label in their places: the printer's own, else a picture, else refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from edge_gateway.contracts.barcode_data import ELEMENT_STRINGS
from edge_gateway.contracts.bitmap import Bitmap, Rasteriser
from edge_gateway.contracts.errors import RequestError
from edge_gateway.contracts.label import LabelBarcode, LabelDataMatrix, LabelPdf417, LabelQr, LabelText
from protocols.printers.label_layout_text import TextLayout
from protocols.printers.label_placed import (
    MM_PER_INCH,
    LabelOptions,
    Placed,
    PlacedBarcode,
    PlacedBitmap,
    PlacedCode,
    turned_box,
)
from protocols.printers.label_refusals import invalid, unsupported
from protocols.printers.label_symbols import barcode_modules, data_matrix_modules, gs1_text, pdf417_size, qr_modules
from protocols.printers.label_text import cropped, turned

QR_QUIET_MODULES: Final = 4
"""Around a QR code that comes as a picture: what stays white on a label is the label's."""
WIDE_BAR: Final = 3.0
"""Of the narrow one, in symbologies of two widths."""
ROUNDING_DOTS: Final = Decimal("0.05")
"""A quarter of a millimetre is 1.998 dots at 203 dpi, and meant as two."""
HRI_MM: Final = Decimal(3)
"""What the letters below a barcode take beside its height."""


class SymbolLayout:
    """``texts``: lays out the letters below."""

    def __init__(self, options: LabelOptions, rasteriser: Rasteriser, texts: TextLayout) -> None:
        self._options = options
        self._rasteriser = rasteriser
        self._texts = texts

    def barcode(self, path: str, element: LabelBarcode, left: int, top: int) -> list[Placed]:
        """In the printer's own bars, else as a picture. GS1 wants brackets in the letters below, which printers leave
        out, and a picture has none: they are a text of our own."""
        options = self._options
        module = self._module(path, element.module_mm)
        bars = options.dots(element.height_mm)
        letters = options.dots(HRI_MM) if element.has_text else 0
        picture = self._barcode_picture(path, element, module, bars)
        width = picture.width_dots if picture else barcode_modules(element.symbology, element.data, WIDE_BAR) * module
        is_ours = element.has_text and (picture is not None or element.symbology in ELEMENT_STRINGS)
        whole = (width, bars + letters)
        box = turned_box(element.rotation, whole, (0, 0, width, bars if is_ours else bars + letters))
        place = (left + box[0], top + box[1], box[2], box[3])
        items: list[Placed] = []
        if picture is not None:
            items.append(PlacedBitmap(*place, turned(picture, element.rotation)))
        else:
            has_letters = element.has_text and not is_ours
            symbol = PlacedBarcode(*place, element.symbology, element.data, module, bars, has_letters, element.rotation)
            items.append(symbol)
        if is_ours:
            gap = letters // 6
            font = options.fonts.size(letters - gap)
            text = LabelText(type="text", text=element.data, rotation=element.rotation, align="center")
            x, y, _, _ = turned_box(element.rotation, whole, (0, bars + gap, width, letters - gap))
            is_native = options.can_print(element.data)
            items += self._texts.lines([element.data], text, font, width, (left + x, top + y), is_native=is_native)
        return items

    def _barcode_picture(self, path: str, element: LabelBarcode, module: int, bars: int) -> Bitmap | None:
        """None: the printer draws it itself."""
        options = self._options
        if element.symbology in options.symbologies and options.can_hold(element.symbology, element.data):
            return None
        try:
            if options.has_bitmaps:
                return self._rasteriser.barcode(element.symbology, element.data, module, bars)
        except RequestError:
            pass  # told below, with what the printer draws
        known = ", ".join(sorted(options.symbologies))
        raise unsupported(path, f"this {element.symbology} barcode; it draws: {known}")

    def qr_picture(
        self, path: str, element: LabelQr | LabelDataMatrix | LabelPdf417, left: int, top: int
    ) -> PlacedBitmap | None:
        """Where the printer draws no QR codes, or cannot be told what is in this one."""
        options = self._options
        is_own = "qr" in options.codes and options.can_hold("qr", element.data)
        if not isinstance(element, LabelQr) or is_own or not options.has_bitmaps:
            return None
        module = self._module(path, element.module_mm)
        picture = cropped(self._rasteriser.qr(element.data.encode(), element.level, module), QR_QUIET_MODULES * module)
        return PlacedBitmap(left, top, picture.width_dots, picture.height_dots, picture)

    def code(self, path: str, element: LabelQr | LabelDataMatrix | LabelPdf417, left: int, top: int) -> PlacedCode:
        module = min(self._module(path, element.module_mm), self._options.code_module_max)
        kind = "gs1_data_matrix" if isinstance(element, LabelDataMatrix) and element.is_gs1 else element.type
        if kind not in self._options.codes:
            known = ", ".join(sorted(self._options.codes)) or "none"
            raise unsupported(path, f"{kind}; two-dimensional codes that it draws: {known}")
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
            raise invalid(path, f"{len(data)} characters are more than a {kind} of this kind holds")
        return PlacedCode(left, top, columns * module, rows * row, kind, data, module, modules=columns, **more)

    def _require_sayable(self, path: str, kind: str, data: str) -> None:
        if not self._options.can_hold(kind, data):
            raise unsupported(path, f"this data in a {kind}: its language has no way to write one of the characters")

    def _module(self, path: str, module_mm: Decimal) -> int:
        dots = int(module_mm * self._options.dots_per_inch / MM_PER_INCH + ROUNDING_DOTS)
        if not dots:
            least = MM_PER_INCH / self._options.dots_per_inch
            raise invalid(path, f"module_mm {module_mm} is less than one dot of the printer, {least:.3f} mm")
        return dots
