"""The simulated paper: symbols on it are read back by an independent reader."""

from __future__ import annotations

import io
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from edge_gateway.contracts.document import parse_document
from protocols.printers.escpos_encoder import EncoderOptions, encode_document
from simulators.escpos_paper import Paper
from simulators.escpos_picture import HEIGHT_DOTS_MAX, MARGIN, picture
from tests.printers.test_encoder import interpret

COLUMNS = 48


async def read_back(document: list[dict[str, Any]], columns: int = COLUMNS) -> list[zxingcpp.Barcode]:
    """What zxing finds on the picture of the paper."""
    encoded = encode_document(parse_document(document), EncoderOptions(columns=columns))
    printer = await interpret(encoded.data, columns)
    assert printer.errors == []
    with Image.open(io.BytesIO(printer.paper_png())) as picture:
        return list(zxingcpp.read_barcodes(picture))


@pytest.mark.parametrize(
    ("symbology", "data", "form", "text"),
    [
        ("ean_13", "4006381333931", "EAN13", "4006381333931"),
        ("ean_13", "400638133393", "EAN13", "4006381333931"),
        ("ean_8", "96385074", "EAN8", "96385074"),
        ("upc_a", "036000291452", "UPCA", "036000291452"),
        ("code_128", "S001-T3-000123", "Code128", "S001-T3-000123"),
        ("code_128", "a{b}~ !", "Code128", "a{b}~ !"),
        ("code_128", "S001-T3-20261121-000123", "Code128", "S001-T3-20261121-000123"),
        ("code_128", "160401620010005162004{1", "Code128", "160401620010005162004{1"),
        ("code_39", "EDGE-42 $", "Code39", "EDGE-42 $"),
        ("itf", "00012345678905", "ITF", "00012345678905"),
    ],
)
async def test_barcode_on_paper_is_read_back(symbology: str, data: str, form: str, text: str) -> None:
    (found,) = await read_back([{"type": "barcode", "symbology": symbology, "data": data}, {"type": "cut"}])
    assert (found.format.name, found.text) in {(form, text), ("EAN13", f"0{text}")}


@pytest.mark.parametrize("columns", [32, 42, 48])
@pytest.mark.parametrize(
    "data",
    [
        "1",
        "https://example.com/receipt/S001-T3-20261121-000123?x=äöü€",
        "BCD\n002\n1\nSCT\nBHBLDEHHXXX\nExample\nDE71110220330123456789\nEUR9.99",
        "x" * 600,
    ],
    ids=["short", "link", "transfer", "long"],
)
async def test_qr_on_paper_is_read_back(data: str, columns: int) -> None:
    (found,) = await read_back([{"type": "qr", "data": data}], columns)
    assert (found.format.name, found.text) == ("QRCode", data)


async def test_whole_receipt_is_drawn_with_all_its_symbols() -> None:
    document: list[dict[str, Any]] = [
        {"type": "text", "text": "MY STORE", "align": "center", "bold": True, "size": [3, 2]},
        {"type": "columns", "left": "Apples 1,234 kg", "right": "3,69 €"},
        {"type": "qr", "data": "S001-1"},
        {"type": "barcode", "symbology": "code_128", "data": "S001-1"},
        {"type": "cut"},
    ]
    assert sorted(found.format.name for found in await read_back(document)) == ["Code128", "QRCode"]


async def test_styles_are_on_the_paper() -> None:
    document: list[dict[str, Any]] = [
        {"type": "text", "text": "A", "align": "right", "bold": True, "size": [2, 3]},
        {"type": "text", "text": "B", "underline": True},
    ]
    printer = await interpret(encode_document(parse_document(document), EncoderOptions()).data)
    first, second = printer.paper.hanging.glyphs
    assert (first.style.is_bold, first.style.is_underlined, first.style.width, first.style.height) == (
        True,
        False,
        2,
        3,
    )
    assert (second.style.is_bold, second.style.is_underlined, second.style.width, second.style.height) == (
        False,
        True,
        1,
        1,
    )


@pytest.mark.parametrize(
    "garbled",
    [
        b"\x1b\x07",
        b"\x1dk\x43\x0d4006381333932",
        b"\x1dk\x49\x03abc",
        b"\x1d(Z\x01\x000",
        b"\x1bt\xc8",
        b"x\x1ba\x01\n",
    ],
)
async def test_printer_notes_what_a_real_one_would_garble(garbled: bytes) -> None:
    assert (await interpret(b"\x1b@" + garbled + b"\n")).errors


def test_picture_of_endless_paper_ends() -> None:
    paper = Paper(COLUMNS)
    for _ in range(HEIGHT_DOTS_MAX // 255 + 100):
        paper.feed_dots(255)
    page = picture([paper.hanging], paper.width_dots)
    # One byte a dot: this picture is 120 MB, and was as large as the paper before.
    assert (page.mode, page.height) == ("P", HEIGHT_DOTS_MAX + 2 * MARGIN)
