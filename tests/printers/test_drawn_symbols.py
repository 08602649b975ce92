"""Codes for a printer that draws none: sent as pictures, and read back from the picture by zxing-cpp."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from drivers.raster_symbols import draw_barcode, draw_qr
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.bitmap import Bitmap
from edge_gateway.contracts.document import Pdf417Element, parse_document
from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers.drawn_symbols import drawn_pdf417
from protocols.printers.escpos_encoder import EncoderOptions, encode_document
from protocols.printers.star_encoder import encode_star
from protocols.printers.star_options import StarOptions
from simulators.escpos_printer import EscposPrinter
from simulators.star_printer import StarPrinter
from tests.support.waiting import wait_until

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
        (Symbology.UPC_E, "123456", "0012345000065"),  # told as the EAN-13 that it stands for
        (Symbology.UPC_E, "01234565", "0012345000065"),
        (Symbology.CODE_93, "Abc 12", "Abc 12"),
        (Symbology.GS1_DATABAR, "04006381333931", "(01)04006381333931"),
        (Symbology.GS1_DATABAR_TRUNCATED, "04006381333931", "(01)04006381333931"),
        (Symbology.GS1_DATABAR_LIMITED, "04006381333931", "(01)04006381333931"),
        (Symbology.GS1_DATABAR_EXPANDED, "(01)04006381333931(10)A1", "(01)04006381333931(10)A1"),
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


@pytest.mark.parametrize("module_dots", [2, 8])
@pytest.mark.parametrize("truncated", [False, True])
def test_pdf417_is_read_back(module_dots: int, truncated: bool) -> None:
    wanted = {"type": "pdf417", "data": "Größe " * 9, "module_dots": module_dots, "truncated": truncated}
    parsed = parse_document([wanted])
    element = parsed[0]
    assert isinstance(element, Pdf417Element)
    bitmap = drawn_pdf417(element, BARE, FontRasteriser())
    assert read(bitmap)[1] == "Größe " * 9
    assert bitmap.width_dots <= BARE.paper_dots


KITCHEN = replace(BARE, columns=33, raster="column_8")
BY_STAR = StarOptions(code_page_slot=4, has_qr=False, has_pdf417=False, has_barcodes=False, rasteriser=FontRasteriser())
CODES: list[tuple[dict[str, Any], str]] = [
    ({"type": "qr", "data": "https://example.com/r/1"}, "https://example.com/r/1"),
    ({"type": "pdf417", "data": "S001-T3", "level": 1}, "S001-T3"),
    ({"type": "barcode", "symbology": "ean_13", "data": "4006381333931"}, "4006381333931"),
    ({"type": "barcode", "symbology": "gs1_databar", "data": "04006381333931"}, "(01)04006381333931"),
]


@pytest.mark.parametrize(("element", "text"), CODES)
async def test_every_code_is_read_back_from_the_paper_of_a_printer_that_draws_none(
    element: dict[str, Any], text: str
) -> None:
    document = parse_document([{**element, "align": "left"}, {"type": "cut"}])
    thermal, kitchen, star = EscposPrinter(), EscposPrinter(columns=33), StarPrinter()
    for printer, data in (
        (thermal, encode_document(document, BARE).data),
        (kitchen, encode_document(document, KITCHEN).data),
        (star, encode_star(document, BY_STAR).data),
    ):
        await printer.start()
        printer.data_received(data)
        await wait_until(lambda printer=printer: len(printer.paper.receipts) == 1, what="the receipt")
        await printer.stop()
        assert printer.errors == []
        assert printer.paper.receipts[0].symbols == [], "the printer has drawn none by itself"
        with Image.open(io.BytesIO(printer.paper_png())) as picture:
            page = Image.new("L", (picture.width + 80, picture.height + 80), 255)
            page.paste(picture.convert("L"), (40, 40))
        assert [found.text for found in zxingcpp.read_barcodes(page)] == [text]


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ({"type": "qr", "data": "x" * 600}, "too fine to be read"),
        ({"type": "pdf417", "data": "x" * 300}, "do not fit 396 dots"),
        ({"type": "barcode", "symbology": "code_128", "data": "x" * 40}, "do not fit the paper"),
    ],
)
def test_code_that_needles_cannot_print_is_refused_when_it_is_asked_for(element: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words) as refused:
        encode_document(parse_document([element]), KITCHEN)
    assert refused.value.code is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("element", [element for element, _ in CODES])
def test_printer_without_codes_and_pictures_says_so(element: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="prints no pictures") as refused:
        encode_document(parse_document([element]), replace(BARE, raster="none"))
    assert refused.value.code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize(
    ("element", "code"),
    [
        ({"type": "pdf417", "data": "x" * 1000, "level": 8}, ErrorCode.INVALID_REQUEST),
        (
            {"type": "barcode", "symbology": "gs1_databar_expanded", "data": f"(10){'A' * 20}(21){'B' * 20}"},
            ErrorCode.INVALID_REQUEST,
        ),
        ({"type": "barcode", "symbology": "code_39", "data": "X" * 40}, ErrorCode.INVALID_REQUEST),
    ],
)
def test_code_that_cannot_be_drawn_is_refused(element: dict[str, Any], code: ErrorCode) -> None:
    with pytest.raises(RequestError) as refused:
        encode(element)
    assert refused.value.code is code
