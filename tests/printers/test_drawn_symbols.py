"""Codes for a printer that draws none: sent as pictures, and read back from the picture by zxing-cpp."""

from __future__ import annotations

from typing import Any

import pytest
import zxingcpp
from PIL import Image

from drivers.raster_symbols import draw_barcode, draw_qr
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.bitmap import Bitmap
from edge_gateway.contracts.document import parse_document
from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers.escpos_encoder import EncoderOptions, encode_document

BARE = EncoderOptions(has_qr=False, has_barcodes=False, has_pdf417=False, rasteriser=FontRasteriser())


def read(bitmap: Bitmap) -> tuple[str, str]:
    """Format and text, from the picture on white paper."""
    picture = Image.frombytes("1", (bitmap.width_dots, bitmap.height_dots), bytes(b ^ 0xFF for b in bitmap.rows))
    page = Image.new("L", (bitmap.width_dots + 80, bitmap.height_dots + 80), 255)
    page.paste(picture.convert("L"), (40, 40))
    (found,) = zxingcpp.read_barcodes(page)
    return str(found.format), found.text


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_qr_code_is_read_back(level: str) -> None:
    assert read(draw_qr("Größe 漢字".encode(), level, 3))[1] == "Größe 漢字"


@pytest.mark.parametrize(
    ("symbology", "data", "text"),
    [
        (Symbology.EAN_13, "400638133393", "4006381333931"),
        (Symbology.EAN_8, "1234567", "12345670"),
        (Symbology.UPC_A, "01234567890", "0012345678905"),  # told as the EAN-13 that it is
        (Symbology.CODE_128, "Abc 123456", "Abc 123456"),
        (Symbology.CODE_39, "S001-T3", "S001-T3"),
        (Symbology.ITF, "12345678", "12345678"),
        (Symbology.CODABAR, "A12345B", "A12345B"),
        (Symbology.GS1_128, "(01)04006381333931(10)A1", "(01)04006381333931(10)A1"),
        (Symbology.GS1_128, "(10)A1(21)77", "(10)A1(21)77"),
    ],
)
def test_barcode_is_read_back(symbology: Symbology, data: str, text: str) -> None:
    assert read(draw_barcode(symbology, data, 2, 60))[1] == text


def encode(element: dict[str, Any]) -> bytes:
    return encode_document(parse_document([element]), BARE).data


def test_printer_that_draws_no_codes_is_sent_pictures_with_their_text() -> None:
    data = encode({"type": "barcode", "symbology": "ean_8", "data": "12345670", "text_position": "both"})
    assert b"\x1dk" not in data
    assert data.count(b"12345670\n") == 2
    assert b"\x1dv0\x00\x1a\x00\x50\x00" in data, "67 modules of 3 dots, 80 dots high"
    data = encode({"type": "qr", "data": "https://example.com"})
    assert b"\x1d(k" not in data
    assert b"\x1dv0\x00" in data


@pytest.mark.parametrize(
    ("element", "code"),
    [
        ({"type": "pdf417", "data": "x"}, ErrorCode.UNSUPPORTED),
        ({"type": "barcode", "symbology": "gs1_databar", "data": "0400638133393"}, ErrorCode.UNSUPPORTED),
        ({"type": "barcode", "symbology": "code_93", "data": "X"}, ErrorCode.UNSUPPORTED),
        ({"type": "barcode", "symbology": "code_39", "data": "X" * 40}, ErrorCode.INVALID_REQUEST),
    ],
)
def test_code_that_cannot_be_drawn_is_refused(element: dict[str, Any], code: ErrorCode) -> None:
    with pytest.raises(RequestError) as refused:
        encode(element)
    assert refused.value.code is code
