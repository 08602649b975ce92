"""Our bytes beside those that other encoders publish in their tests, where both send the same command.

``php``: mike42/escpos-php, test/unit/EscposTest.php (MIT). ``rpe``: NielsLeenheer/ReceiptPrinterEncoder,
test/language-esc-pos.js (MIT). ``py``: python-escpos 3.1, its Dummy printer (MIT). What they send and we do not is
listed with its reason.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drivers import escpos_capabilities
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.document import parse_document
from protocols.printers import escpos_commands as commands
from protocols.printers.character_sets import code_page
from protocols.printers.escpos_encoder import EncoderOptions, encode_document
from tests.printers.elements import code, image, text

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


SAME: dict[str, tuple[dict[str, Any], EncoderOptions, str]] = {
    "php TextStringOutput": (
        text("The quick brown fox jumps over the lazy dog"),
        replace(EPSON, columns=48),
        "54686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f670a",
    ),
    "php Feed3Lines": ({"type": "feed", "lines": 3}, EPSON, "1b6403"),
    "php FeedDefault": (text(""), EPSON, "0a"),
    "php SetUnderlineDefault": (text("x", underline=True), EPSON, "1b2d01"),
    "php SetUnderlineDbl": (text("x", underline="double"), EPSON, "1b2d02"),
    "php SetUnderlineOff": (text([{"text": "x", "underline": True}, {"text": "y"}]), EPSON, "1b2d00"),
    "php SetEmphasisOn": (text("x", bold=True), EPSON, "1b4501"),
    "rpe bold": (text([{"text": "hello", "bold": True}, {"text": "."}]), EPSON, "1b450168656c6c6f1b4500"),
    "php SetEmphasisOff": (text([{"text": "x", "bold": True}, {"text": "y"}]), EPSON, "1b4500"),
    "rpe underline": (text([{"text": "hello", "underline": True}, {"text": "."}]), EPSON, "1b2d0168656c6c6f1b2d00"),
    "php SetDoubleStrikeOn": (text("x", double_strike=True), EPSON, "1b4701"),
    "php SetDoubleStrikeOff": (text([{"text": "x", "double_strike": True}, {"text": "y"}]), EPSON, "1b4700"),
    "php SetFontDefault": (text([{"text": "x", "font": "b"}, {"text": "y"}]), EPSON, "1b4d00"),
    "php SetFontAcceptedValues, font B": (text("x", font="b"), EPSON, "1b4d01"),
    "php SetJustificationCenter": (text("x", align="center"), EPSON, "1b6101"),
    "php SetJustificationRight": (text("x", align="right"), EPSON, "1b6102"),
    "php SetReverseColorsOn": (text("x", invert=True), EPSON, "1d4201"),
    "php SetReverseColorsOff": (text([{"text": "x", "invert": True}, {"text": "y"}]), EPSON, "1d4200"),
    "rpe invert": (text([{"text": "hello", "invert": True}, {"text": "."}]), EPSON, "1d420168656c6c6f1d4200"),
    "php SetUpsideDown": (text("x", upside_down=True), EPSON, "1b7b01"),
    "php SetTextSizeLarge": (text("x", size=[4, 4]), EPSON, "1d2133"),
    "php SetTextSizeWide": (text("x", size=[4, 1]), EPSON, "1d2130"),
    "php SetTextSizeNarrow": (text("x", size=[1, 4]), EPSON, "1d2103"),
    "rpe width": (text([{"text": "hello", "size": [2, 1]}, {"text": "."}]), EPSON, "1d211068656c6c6f1d2100"),
    "rpe height": (text([{"text": "hello", "size": [1, 2]}, {"text": "."}]), EPSON, "1d210168656c6c6f1d2100"),
    "php SetTextSizeNormal": (text([{"text": "x", "size": [2, 2]}, {"text": "y"}]), EPSON, "1d2100"),
    "php SetColorAlternative": (text("x", colour="red"), EPSON, "1b7201"),
    "php SetColorDefault": (text([{"text": "x", "colour": "red"}, {"text": "y"}]), EPSON, "1b7200"),
    "php SetBarcodeHeightDefault": (code("ean_8", "1234567", height_dots=8), EPSON, "1d6808"),
    "php BarcodeHeight10": (code("ean_8", "1234567", height_dots=10), EPSON, "1d680a"),
    "php SetBarcodeWidthDefault": (code("ean_8", "1234567"), EPSON, "1d7703"),
    "php SetBarcodeTextPositionDefault": (code("ean_8", "1234567", text_position="none"), EPSON, "1d4800"),
    "php SetBarcodeTextPositionBelow": (code("ean_8", "1234567"), EPSON, "1d4802"),
    "php SetBarcodeTextPositionBoth": (code("ean_8", "1234567", text_position="both"), EPSON, "1d4803"),
    "php BarcodeUpcaNumeric11Char": (code("upc_a", "01234567890"), EPSON, "1d6b410b3031323334353637383930"),
    "php BarcodeUpceNumeric6Char": (code("upc_e", "123456"), EPSON, "1d6b4206313233343536"),
    "php BarcodeUpceNumeric7Char": (code("upc_e", "0123456"), EPSON, "1d6b420730313233343536"),
    "php BarcodeJan13Numeric12Char": (code("ean_13", "012345678901"), EPSON, "1d6b430c303132333435363738393031"),
    "php BarcodeJan13Numeric13Char": (code("ean_13", "0123456789012"), EPSON, "1d6b430d30313233343536373839303132"),
    "php BarcodeJan8Numeric7Char": (code("ean_8", "0123456"), EPSON, "1d6b440730313233343536"),
    "php BarcodeCode39AsDefault": (code("code_39", "1234"), EPSON, "1d6b450431323334"),
    "php BarcodeCode39Text": (code("code_39", "ABC 012"), EPSON, "1d6b450741424320303132"),
    "php BarcodeCode39SpecialChars": (code("code_39", "$%+-./"), EPSON, "1d6b450624252b2d2e2f"),
    "php BarcodeItfNumericEven": (code("itf", "1234"), EPSON, "1d6b460431323334"),
    "php BarcodeCodabarNumeric": (code("codabar", "A012345A"), EPSON, "1d6b47084130313233343541"),
    "php BarcodeCodabarSpecialChars": (code("codabar", "A012$+-./:A"), EPSON, "1d6b470b41303132242b2d2e2f3a41"),
    "php BarcodeCode93Valid": (code("code_93", "012abcd"), EPSON, "1d6b480730313261626364"),
    "php BarcodeCode128ValidB": (code("code_128", "012ABCDabcd"), EPSON, "1d6b490d7b423031324142434461626364"),
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
    "rpe qrcode": (
        {"type": "qr", "data": "https://nielsleenheer.com", "level": "M"},
        EPSON,
        "1d286b0400314132001d286b03003143061d286b03003145311d286b1c0031503068747470733a2f2f6e69656c736c65656e68656572"
        "2e636f6d1d286b0300315130",
    ),
    "php BitImageBlack": (image("#"), EPSON, "1d7630000100010080"),
    "php BitImageWhite": (image("."), EPSON, "1d7630000100010000"),
    "php BitImageBoth": (image("##", ".."), EPSON, "1d76300001000200c000"),
    "rpe image raster": (
        image("#.......", *["........"] * 7),
        EPSON,
        "1d763000010008008000000000000000",
    ),
    "php BitImageColumnFormatBlack": (
        image("#"),
        replace(EPSON, raster="column_24"),
        "1b33101b2a2101008000000a1b32",
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
    "php codepage Danish": (
        text("jordbær med fløde, mens Wolther spillede på xylofon."),
        replace(EPSON, columns=80),
        "6a6f7264629172206d656420666c1b74029b64652c206d656e7320576f6c74686572207370696c6c656465207086",
    ),
    "php codepage German": (
        text("Falsches Üben von Xylophonmusik quält jeden größeren Zwerg."),
        replace(EPSON, columns=80),
        "46616c7363686573209a62656e20766f6e2058796c6f70686f6e6d7573696b207175846c74206a6564656e20677294e16572656e205a77"
        "6572672e0a",
    ),
    "php codepage Spanish": (
        text("El pingüino bajo exhaustiva lluvia y frío, añoraba a su cachorro."),
        replace(EPSON, columns=80),
        "456c2070696e6781696e6f2062616a6f206578686175737469766120 6c6c757669612079206672a16f2c2061a46f72616261",
    ),
    "php codepage French": (
        text("Le cœur déçu mais l'âme plutôt naïve"),
        EPSON,
        "4c6520631b74109c75722064e9e775206d616973206c27e26d6520706c7574f474206e61ef7665",
    ),
    "php codepage IrishGaelic": (
        text("D'fhuascail Íosa, Úrmhac na hÓighe Beannaithe, pór Éava agus Ádhaimh."),
        replace(EPSON, columns=80),
        "442766687561736361696c201b7402d66f73612c20e9726d686163206e6120 68e0696768652042",
    ),
    "php codepage Russian": (
        text("В чащах юга жил бы цитрус?"),
        EPSON,
        "1b741182 20e7a0e9a0e520eea3a020a6a8ab20a1eb20e6a8e2e0e3e13f0a",
    ),
    "php codepage JapaneseKataKanaHalfWidth": (
        text("ｲﾛﾊﾆﾎﾍﾄ ﾁﾘﾇﾙｦ"),
        EPSON,
        "1b7401b2dbcac6cecdc420c1d8c7d9a60a",
    ),
    "php codepage Vietnamese": (
        text("Tiếng Việt, còn gọi tiếng Việt Nam"),
        EPSON,
        "54691b741ed56e67205669d6742c2063df6e2067e4692074 69d56e67205669d674204e616d0a",
    ),
    "php TextChinese": (
        text("示例文本打印机!"),
        replace(EPSON, wide_encoding="gbk"),
        "1c26cabec0fdcec4b1beb4f2d3a1bbfa21",
    ),
    "php codepage Greek, letters with a grave accent": (
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
    "php BarcodeUpcaNumeric12Char, BarcodeJan8Numeric8Char, BarcodeUpceNumeric8Char": "their check digits are wrong",
    "php BarcodeUpceNumeric11Char, 12Char": "ours take UPC-E as it is printed, with six digits",
    "php BarcodeCode39Asterisks": "start and stop are the printer's",
    "php BarcodeCode128ValidC, rpe barcode {C": "ours leave code set B only where the code would not fit the paper",
    "php CutDefault": "feeds three dots more than to the knife",
    "php TextRaw": "text in no code page",
    "rpe barcode ean13": "GS k of older printers, whose data ends with NUL",
    "rpe codepage windows1252": "the first page has all its characters; the other is changed to where one is missing",
    "php SelectPrintModeDefault": "ESC ! sets five styles at once; ours are set one by one, where they change",
    "php FeedReverse3": "paper fed backwards jams behind a knife",
    "php FeedForm, Release": "of page mode and slip printers",
    "php SetLineSpacingLarger, SetPrintWidthNarrow, SetPrintLeftMarginWide": "the layout measures for the whole paper",
    "php BarcodeWidth1": "bars of one dot are read by no scanner; the least is 2",
    "php BarcodeCode128ValidA": "ours are sent in code set B or C, which hold all printable ASCII",
    "php PulseDefault, Pulse1, PulseEvenMs, PulseOddMs": "m as a digit; ours is the number, which all take",
    "php Pdf417CodeDefaults": "its error correction is a ratio, ours a level: a small code keeps what it needs",
    "php codepage Turkish, Hungarian": "our first change is to the page that holds the whole text: one change, not two",
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


@pytest.mark.parametrize(
    ("ours", "published"),
    [
        (commands.INITIALIZE + commands.ENABLE_ASB, "1b401d61ff"),
        (commands.real_time_status(1), "100401"),
        (commands.real_time_status(4), "100404"),
        (commands.transmit_status(1), "1d7201"),
        (commands.transmit_id(65), "1d4941"),
        (commands.transmit_id(66), "1d4942"),
        (commands.transmit_id(67), "1d4943"),
        (commands.transmit_id(68), "1d4944"),
        (commands.request_process_id(b"ABCD"), "1d28480600303041424344"),
        (commands.CLEAR_BUFFER, "10140801031401060208"),
        (commands.DISARM_REAL_TIME, "1d28440300140100"),
        (commands.KANJI_OFF, "1c2e"),
        (commands.drawer_kick_now(2, 500), "1014010005"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_questions_and_orders_are_those_that_others_send(ours: bytes, published: str) -> None:
    """receiptio, ReceiptPrinterStatus, a captured TM-T20II, Epson's own examples."""
    assert ours.hex() == published


def test_reasons_are_given_for_what_is_sent_otherwise() -> None:
    assert not SAME.keys() & OTHERWISE.keys()
    assert all(len(reason) > 10 for reason in OTHERWISE.values())


def test_vietnamese_capitals_are_in_a_page_of_their_own() -> None:
    data = encode_document(parse_document([text("ĐÀ")]), BLIND).data
    assert data.endswith(b"\x1bt\x1f\xa7\xb5\n")


def test_turkish_needs_one_change_of_the_page() -> None:
    data = encode_document(parse_document([text("Pijamalı hasta, yağız şoföre çabucak güvendi.")]), EPSON).data
    assert data.removeprefix(PROLOGUE).count(b"\x1bt") == 1
    assert b"Pijamal\x1bt\x0d\x8d hasta" in data


def test_page_that_a_printer_has_twice_is_taken_by_the_number_that_is_listed_first() -> None:
    pages = (code_page(60, "cp852"), code_page(18, "cp852"))
    data = encode_document(parse_document([text("ł")]), replace(EPSON, code_pages=pages)).data
    assert data.endswith(b"\x1bt\x3c\x88\n")
