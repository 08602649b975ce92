"""Codes that a printer does not draw by itself, drawn for it: as large as its paper and its head let them be read."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from edge_gateway.contracts.bitmap import Bitmap, Rasteriser
from edge_gateway.contracts.document import BarcodeElement, Pdf417Element, QrElement
from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers.escpos_options import EncoderOptions
from protocols.printers.escpos_symbols import barcode_module_dots, qr_module_dots

MODULE_DOTS_MIN: Final = 2
NEEDLE_MODULE_DOTS: Final = 4
"""Of a head of nine needles (160 dots an inch across, of which a needle prints no two beside each other, and 72 down):
a dot of a code is two needles high and as wide. Pictures for it are drawn with twice its rows, so it must be even."""


def drawn_qr(element: QrElement, paper: EncoderOptions, rasteriser: Rasteriser) -> Bitmap:
    """Raises RequestError(INVALID_REQUEST): too large for the paper, or for the needles."""
    dots = qr_module_dots(element, paper.paper_dots)
    if paper.has_needles:
        dots = _for_needles(dots, f"qr: {len(element.data.encode())} bytes")
    return rasteriser.qr(element.data.encode(), element.level, dots)


def drawn_pdf417(element: Pdf417Element, paper: EncoderOptions, rasteriser: Rasteriser) -> Bitmap:
    """In as many columns as come out; finer, and then truncated, where it would be wider than the paper. Raises
    RequestError(INVALID_REQUEST): too large for it all the same."""
    least, step = (NEEDLE_MODULE_DOTS, 2) if paper.has_needles else (MODULE_DOTS_MIN, 1)
    most = least + (max(element.module_dots, least) - least) // step * step
    for is_truncated in (False, True)[element.truncated :]:
        for dots in range(most, least - 1, -step):
            row_dots = dots * element.row_height
            picture = rasteriser.pdf417(element.data, element.level, dots, row_dots, is_truncated=is_truncated)
            if picture.width_dots <= paper.paper_dots:
                return picture
    words = f"pdf417: {len(element.data)} characters do not fit {paper.paper_dots} dots of paper in dots of {least}"
    raise RequestError(ErrorCode.INVALID_REQUEST, words)


def drawn_barcode(element: BarcodeElement, paper: EncoderOptions, rasteriser: Rasteriser) -> Bitmap:
    """Raises RequestError(INVALID_REQUEST): wider than the paper, or more than its symbology holds."""
    picture = rasteriser.barcode(element.symbology, element.data, _bar_dots(element, paper), element.height_dots)
    if picture.width_dots > paper.paper_dots:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"barcode: {len(element.data)} characters do not fit the paper")
    return picture


def _bar_dots(element: BarcodeElement, paper: EncoderOptions) -> int:
    if paper.has_needles and element.module_dots is None:
        with suppress(RequestError):
            return barcode_module_dots(element.model_copy(update={"module_dots": NEEDLE_MODULE_DOTS}), paper.paper_dots)
    return barcode_module_dots(element, paper.paper_dots)


def _for_needles(dots: int, what: str) -> int:
    if dots < NEEDLE_MODULE_DOTS:
        words = f"{what}: on this impact printer it would be too fine to be read; print less, or on another printer"
        raise RequestError(ErrorCode.INVALID_REQUEST, words)
    return dots - dots % 2
