"""QR codes, PDF417 and barcodes as pictures, for printers that draw none by themselves.

Drawn with the libraries that python-escpos brings (qrcode, python-barcode), and what these do not know with libzint, as
zxing-cpp ships it. All are imported where they are first needed.
"""

from __future__ import annotations

from typing import Any, Final, cast

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.bitmap import Bitmap
from edge_gateway.contracts.element_string import element_strings, needs_separator
from edge_gateway.contracts.errors import ErrorCode, RequestError

QR_QUIET_MODULES: Final = 4
"""On each side: ISO/IEC 18004."""

_NAMES: Final[dict[Symbology, tuple[str, dict[str, Any]]]] = {
    Symbology.EAN_13: ("ean13", {}),
    Symbology.EAN_8: ("ean8", {}),
    Symbology.UPC_A: ("upca", {}),
    Symbology.CODE_39: ("code39", {"add_checksum": False}),
    Symbology.CODE_128: ("code128", {}),
    Symbology.GS1_128: ("gs1_128", {}),
    Symbology.ITF: ("itf", {"narrow": 1, "wide": 3}),
    Symbology.CODABAR: ("codabar", {"narrow": 1, "wide": 3}),
}
"""Name and options in python-barcode."""
_BY_ZINT: Final = {
    Symbology.UPC_E: "UPCE",
    Symbology.CODE_93: "Code93",
    Symbology.GS1_DATABAR: "DataBarOmni",
    Symbology.GS1_DATABAR_TRUNCATED: "DataBarOmni",
    Symbology.GS1_DATABAR_LIMITED: "DataBarLtd",
    Symbology.GS1_DATABAR_EXPANDED: "DataBarExp",
}
"""Name in zxing-cpp. DataBar truncated is the same, less high."""
_PDF417_ROW_DOTS: Final = 3
"""Of a row as libzint draws it."""


def draw_qr(data: bytes, level: str, module_dots: int) -> Bitmap:
    """With its quiet zone."""
    from qrcode import QRCode, constants  # type: ignore[import-untyped]  # it publishes no types

    levels = {name: getattr(constants, f"ERROR_CORRECT_{name}") for name in "LMQH"}
    code = QRCode(error_correction=levels[level], border=QR_QUIET_MODULES)
    code.add_data(data, optimize=0)
    code.make(fit=True)
    return _magnified([[bool(module) for module in row] for row in code.get_matrix()], module_dots, module_dots)


def draw_barcode(symbology: Symbology, data: str, module_dots: int, height_dots: int) -> Bitmap:
    """Its bars, without quiet zone and text. Raises RequestError(INVALID_REQUEST): more than the symbology holds."""
    if symbology in _BY_ZINT:
        text = f"0{data}" if symbology is Symbology.UPC_E and len(data) == 6 else data
        try:
            rows = _drawn_by_zint(text, _BY_ZINT[symbology], "")
        except ValueError as error:
            raise RequestError(ErrorCode.INVALID_REQUEST, f"{symbology}: {error}") from error
        return _magnified([max(rows, key=sum)], module_dots, height_dots)  # the guard bars go below the others
    import barcode  # type: ignore[import-untyped]  # it publishes no types

    name, options = _NAMES[symbology]
    drawn = barcode.get_barcode_class(name)(_written(symbology, data), **options)
    modules = [module == "1" for module in drawn.build()[0].strip("0")]
    return _magnified([modules], module_dots, height_dots)


def draw_pdf417(data: str, level: int, module_dots: int, row_dots: int, *, is_truncated: bool) -> Bitmap:
    """In as many columns as the library finds right. Raises RequestError(INVALID_REQUEST): more than a symbol holds."""
    try:
        rows = _drawn_by_zint(data, "CompactPDF417" if is_truncated else "PDF417", f"ecLevel={level}")
    except ValueError as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"pdf417: {error}; print less, or with a lower level") from error
    return _magnified(rows[1::_PDF417_ROW_DOTS], module_dots, row_dots)


def _drawn_by_zint(content: str | bytes, name: str, options: str) -> list[list[bool]]:
    """Raises ValueError: the symbology does not hold it."""
    import zxingcpp

    drawn = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, name), options=options)
    image = memoryview(cast(Any, drawn.to_image(scale=1, add_quiet_zones=False, add_hrt=False)))
    height, width = image.shape or (0, 0)
    dots = image.tobytes()
    return [[dot < 128 for dot in dots[row * width : (row + 1) * width]] for row in range(height)]


def _written(symbology: Symbology, data: str) -> str:
    """As the library takes it: FNC1 is a character of its own, the first one is the library's."""
    if symbology is not Symbology.GS1_128:
        return data
    elements, written = element_strings(data), ""
    for index, (identifier, value) in enumerate(elements):
        written += identifier + value
        if needs_separator(identifier) and index + 1 < len(elements):
            written += "\xf1"
    return written


def _magnified(modules: list[list[bool]], width: int, height: int) -> Bitmap:
    rows = bytearray()
    width_dots = len(modules[0]) * width
    for row in modules:
        bits = int("".join("1" * width if module else "0" * width for module in row), 2)
        rows += (bits << (-width_dots % 8)).to_bytes((width_dots + 7) // 8, "big") * height
    return Bitmap(width_dots, len(modules) * height, bytes(rows))
