"""Our bytes beside those that other encoders publish in their tests, where both send the same command.

``php``: mike42/escpos-php, test/unit/EscposTest.php (MIT). ``rpe``: NielsLeenheer/ReceiptPrinterEncoder,
test/language-esc-pos.js (MIT). ``py``: python-escpos 3.1, its Dummy printer (MIT). What they send and we do not is
listed with its reason.
"""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from drivers import escpos_capabilities
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.document import parse_document
from protocols.printers.character_sets import code_page
from protocols.printers.escpos_encoder import EncoderOptions, encode_document

EPSON = EncoderOptions(
    encoding="cp437",
    code_page_slot=0,
    code_pages=escpos_capabilities.all_pages("TM-P80"),
    colours=2,
    has_databar=True,
    buzzer="esc_paren_a",
    rasteriser=FontRasteriser(),
)
PROLOGUE = b"\x1b@\x1c.\x1bt\x00"
BLIND = replace(EPSON, rasteriser=None)


def text(value: Any, **style: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **style}


def code(symbology: str, data: str, **more: Any) -> dict[str, Any]:
    return {"type": "barcode", "symbology": symbology, "data": data, **more}


def picture(*rows: str) -> str:
    """A PNG of which ``#`` is black."""
    image = Image.new("L", (len(rows[0]), len(rows)))
    image.putdata([0 if dot == "#" else 255 for row in rows for dot in row])
    output = io.BytesIO()
    image.save(output, "PNG")
    return base64.b64encode(output.getvalue()).decode()


def image(*rows: str) -> dict[str, Any]:
    return {"type": "image", "data": picture(*rows), "dither": "threshold", "align": "left"}


SAME: dict[str, tuple[dict[str, Any], EncoderOptions, str]] = {
    "php TextStringOutput": (
        text("The quick brown fox jumps over the lazy dog"),
        replace(EPSON, columns=48),
        "54686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f670a",
    ),
    "php SetUnderlineDefault": (text("x", underline=True), EPSON, "1b2d01"),
    "php SetUnderlineDbl": (text("x", underline="double"), EPSON, "1b2d02"),
    "php SetUnderlineOff": (text([{"text": "x", "underline": True}, {"text": "y"}]), EPSON, "1b2d00"),
    "php SetEmphasisOn": (text("x", bold=True), EPSON, "1b4501"),
    "rpe bold": (text([{"text": "hello", "bold": True}, {"text": "."}]), EPSON, "1b450168656c6c6f1b4500"),
    "php SetDoubleStrikeOff": (text([{"text": "x", "double_strike": True}, {"text": "y"}]), EPSON, "1b4700"),
    "php SetFontDefault": (text([{"text": "x", "font": "b"}, {"text": "y"}]), EPSON, "1b4d00"),
    "php SetJustificationRight": (text("x", align="right"), EPSON, "1b6102"),
    "php SetReverseColorsOn": (text("x", invert=True), EPSON, "1d4201"),
    "php SetUpsideDown": (text("x", upside_down=True), EPSON, "1b7b01"),
    "php SetTextSizeLarge": (text("x", size=[4, 4]), EPSON, "1d2133"),
    "php SetTextSizeNormal": (text([{"text": "x", "size": [2, 2]}, {"text": "y"}]), EPSON, "1d2100"),
    "php SetColorAlternative": (text("x", colour="red"), EPSON, "1b7201"),
    "php SetColorDefault": (text([{"text": "x", "colour": "red"}, {"text": "y"}]), EPSON, "1b7200"),
    "php SetBarcodeHeightDefault": (code("ean_8", "1234567", height_dots=8), EPSON, "1d6808"),
    "php SetBarcodeTextPositionBelow": (code("ean_8", "1234567"), EPSON, "1d4802"),
    "php SetBarcodeTextPositionBoth": (code("ean_8", "1234567", text_position="both"), EPSON, "1d4803"),
    "php BarcodeUpcaNumeric11Char": (code("upc_a", "01234567890"), EPSON, "1d6b410b3031323334353637383930"),
    "php BarcodeUpceNumeric6Char": (code("upc_e", "123456"), EPSON, "1d6b4206313233343536"),
    "php BarcodeUpceNumeric7Char": (code("upc_e", "0123456"), EPSON, "1d6b420730313233343536"),
    "php BarcodeJan13Numeric12Char": (code("ean_13", "012345678901"), EPSON, "1d6b430c303132333435363738393031"),
    "php BarcodeCode39SpecialChars": (code("code_39", "$%+-./"), EPSON, "1d6b450624252b2d2e2f"),
    "php BarcodeItfNumericEven": (code("itf", "1234"), EPSON, "1d6b460431323334"),
    "php BarcodeCodabarNumeric": (code("codabar", "A012345A"), EPSON, "1d6b47084130313233343541"),
    "rpe barcode": (
        code("code_128", "CODE128", height_dots=60, text_position="none"),
        EPSON,
        "1d683c1d77031d48001d6b49097b42434f4445313238",
    ),
    "php QRCodeDefaults": (
        {"type": "qr", "data": "1234", "level": "L", "module_dots": 3},
        EPSON,
        "1d286b0400314132001d286b03003143031d286b03003145301d286b0700315030313233341d286b0300315130",
    ),
    "php QRCodeChangeEC": (
        {"type": "qr", "data": "1234", "level": "H", "module_dots": 3},
        EPSON,
        "1d286b0400314132001d286b03003143031d286b03003145331d286b0700315030313233341d286b0300315130",
    ),
    "php QRCodeChangeSize": (
        {"type": "qr", "data": "1234", "level": "L", "module_dots": 7},
        EPSON,
        "1d286b0400314132001d286b03003143071d286b03003145301d286b0700315030313233341d286b0300315130",
    ),
    "php BitImageBlack": (image("#"), EPSON, "1d7630000100010080"),
    "php BitImageBoth": (image("##", ".."), EPSON, "1d76300001000200c000"),
    "rpe image raster": (
        image("#.......", *["........"] * 7),
        EPSON,
        "1d763000010008008000000000000000",
    ),
    "php BitImageColumnFormatWhite": (
        image("."),
        replace(EPSON, raster="column_24"),
        "1b33101b2a2101000000000a1b32",
    ),
    "php BitImageColumnFormatBoth": (
        image("##", ".."),
        replace(EPSON, raster="column_24"),
        "1b33101b2a2102008000008000000a1b32",
    ),
    "php GraphicsWhite": (
        image("."),
        replace(EPSON, raster="gs_paren_l"),
        "1d284c0b0030703001013101000100001d284c02003032",
    ),
    "php GraphicsBlack": (
        image("#"),
        replace(EPSON, raster="gs_paren_l"),
        "1d284c0b0030703001013101000100801d284c02003032",
    ),
    "php GraphicsBoth": (
        image("##", ".."),
        replace(EPSON, raster="gs_paren_l"),
        "1d284c0c0030703001013102000200c0001d284c02003032",
    ),
    "php Pdf417CodeChangeGeometry, columns and sizes": (
        {"type": "pdf417", "data": "1234", "columns": 4, "module_dots": 7, "row_height": 4},
        replace(EPSON, columns=80),
        "1d286b03003046001d286b03003041041d286b03003043071d286b0300304404",
    ),
    "php Pdf417CodeChangeOption, option and data": (
        {"type": "pdf417", "data": "1234", "truncated": True},
        EPSON,
        "1d286b0300304601",
    ),
    "php codepage Greek": (
        text("Γαζέες καὶ μυρτιὲς δὲν θὰ βρῶ πιὰ στὸ χρυσαφὶ ξέφωτο."),
        replace(BLIND, columns=80),
        "e2e01b740e9de29caa20a1983f20a3aca8aba03faa209b3fa4209f3f2099a83f20a7a03f20a9ab3f20aea8aca998ad3f20a5e2ade0"
        "aba62e0a",
    ),
    "php codepage Icelandic": (
        text("Kæmi ný öxi hér ykist þjófum nú bæði víl og ádrepa."),
        replace(EPSON, columns=80),
        "4b916d69206e1b7402ec209478692068827220796b69737420e76aa266756d206ea3206291d0692076a16c206f6720a064726570612e",
    ),
    "php codepage Latvian": (
        text("Glāžšķūņa rūķīši dzērumā čiepj Baha koncertflīģeļu vākus."),
        replace(EPSON, columns=80),
        "476c1b742183d8d5e9d7ec612072d7e98cd56920647a8972756d8320d16965706a2042616861206b6f6e63657274666c8c8565eb75"
        "2076836b75732e0a",
    ),
    "php codepage Polish": (
        text("Pchnąć w tę łódź jeża lub ośm skrzyń fig."),
        EPSON,
        "5063686e1b7412a58620772074a92088a264ab206a65be61206c7562206f986d20736b727a79e4206669672e0a",
    ),
    "php codepage WindowsLineEndings": (text("Hello World!\r\n"), EPSON, "48656c6c6f20576f726c64210a"),
    "rpe pulse": ({"type": "drawer"}, replace(EPSON, drawer_off_ms=500), "1b700032fa"),
    "py cashdraw(2)": ({"type": "drawer"}, replace(EPSON, drawer_off_ms=100), "1b70003232"),
    "py cut": (
        {"type": "cut", "mode": "full"},
        replace(EPSON, cut_command="gs_v", knife_feed_lines=6),
        "1b64061d5600",
    ),
}

OTHERWISE = {
    "php SelectPrintModeDefault": "ESC ! sets five styles at once; ours are set one by one, where they change",
    "php FeedReverse3": "paper fed backwards jams behind a knife",
    "php FeedForm, Release": "of page mode and slip printers",
    "php SetLineSpacingLarger, SetPrintWidthNarrow, SetPrintLeftMarginWide": "the layout measures for the whole paper",
    "php BarcodeWidth1": "bars of one dot are read by no scanner; the least is 2",
    "php BarcodeCode128ValidA": "ours are sent in code set B or C, which hold all printable ASCII",
    "php PulseDefault, Pulse1": "m as the digit 0 or 1; ours is the number, which every printer takes",
    "php Pdf417CodeDefaults": "its error correction is a ratio, ours a level: a small code keeps what it needs",
    "php codepage Turkish": "our first change is to the page that holds the whole text: one change, not two",
    "rpe codepage auto": "its page 851 for Greek; ours is 737, which more printers have",
    "rpe text, align": "a CR behind each LF, and alignment by spaces; printers feed twice for both where CR is enabled",
    "rpe italic": "hardly a printer has it",
    "rpe qrcode model 1": "model 2 replaced model 1 in 1998",
    "rpe image column, ESC 3 36": "a wider line spacing: gaps between the strips at finer units",
    "php BitImageColumnFormatTransparent": "as BitImageColumnFormatBoth: what is transparent stays paper",
}
"""What others send and we do not."""


@pytest.mark.parametrize("name", SAME)
def test_bytes_are_those_that_others_publish(name: str) -> None:
    element, options, expected = SAME[name]
    data = encode_document(parse_document([element]), options).data
    assert data.startswith(PROLOGUE)
    assert bytes.fromhex(expected) in data, data.hex()


def test_reasons_are_given_for_what_is_sent_otherwise() -> None:
    assert not SAME.keys() & OTHERWISE.keys()
    assert all(len(reason) > 10 for reason in OTHERWISE.values())


def test_turkish_needs_one_change_of_the_page() -> None:
    data = encode_document(parse_document([text("Pijamalı hasta, yağız şoföre çabucak güvendi.")]), EPSON).data
    assert data.removeprefix(PROLOGUE).count(b"\x1bt") == 1
    assert b"Pijamal\x1bt\x0d\x8d hasta" in data


def test_page_that_a_printer_has_twice_is_taken_by_the_number_that_is_listed_first() -> None:
    pages = (code_page(60, "cp852"), code_page(18, "cp852"))
    data = encode_document(parse_document([text("ł")]), replace(EPSON, code_pages=pages)).data
    assert data.endswith(b"\x1bt\x3c\x88\n")
