"""Our bytes for Star printers beside those that another encoder publishes, where both send the same command.

NielsLeenheer/ReceiptPrinterEncoder, test/language-star-prnt.js; ReceiptPrinterStatus (MIT). What they send and we do
not is listed with its reason.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drivers.star_settings import StarSettings
from edge_gateway.contracts.document import parse_document
from protocols.printers import star_commands
from protocols.printers.star_encoder import encode_star
from protocols.printers.star_options import StarOptions
from tests.printers.elements import code, image, text

STAR = StarSettings(code_page="cp437").encoder_options()
WINDOWS = StarSettings(code_page="cp1252").encoder_options()
QUARTER = {"height_dots": 60, "text_position": "none", "module_dots": 4}

SAME: dict[str, tuple[dict[str, Any], StarOptions, str]] = {
    "text": (text("hello"), STAR, "68656c6c6f0a"),
    "text, newline": (text("hello\n"), STAR, "68656c6c6f0a0a"),
    "codepage cp437": (text("héllo"), STAR, "1b1d740168826c6c6f0a"),
    "codepage windows1252": (text("héllo"), WINDOWS, "1b1d742068e96c6c6f0a"),
    "codepage auto, Greek, Cyrillic and Polish": (text("ψжł"), STAR, "1b1d740faf1b1d740aa61b1d7405880a"),
    "bold": (text([{"text": "hello", "bold": True}, {"text": "."}]), STAR, "1b4568656c6c6f1b46"),
    "underline": (text([{"text": "hello", "underline": True}, {"text": "."}]), STAR, "1b2d0168656c6c6f1b2d00"),
    "qrcode": (
        {"type": "qr", "data": "https://nielsleenheer.com", "module_dots": 6, "level": "M"},
        STAR,
        "1b1d795330021b1d795332061b1d795331011b1d79443100190068747470733a2f2f6e69656c736c65656e686565722e636f6d1b1d7950",
    ),
    "barcode ean13": (
        code("ean_13", "3130630574613", **QUARTER),
        STAR,
        "1b620301033c333133303633303537343631331e",
    ),
    "barcode code128": (code("code_128", "CODE128", **QUARTER), STAR, "1b620601033c434f44453132381e"),
    "image": (
        image("#.......", *["........"] * 23),
        STAR,
        "1b301b5808008000000000000000000000000000000000000000000000000a",
    ),
    "image, line spacing behind it": (image("#"), STAR, "0a1b7a01"),
    "pulse": ({"type": "drawer"}, replace(STAR, drawer_on_ms=200, drawer_off_ms=200), "1b07141407"),
}

OTHERWISE = {
    "text héllo, codepage star/katakana, star/cp874": "Star's own pages are in no codec of Python; ours begin in 437",
    "italic": "no Star printer has it",
    "align": "by spaces; ours is the printer's own command",
    "qrcode model 1": "model 2 replaced model 1 in 1998",
    "barcode {A, {B, {C": "braces are ESC/POS: a Star printer chooses the code set and would print the brace",
    "cut, cut partial": "where the paper is; ours feed to the knife first",
    "raw": "FS . is ESC/POS: here it kicks a drawer",
    "newline": "a CR behind each LF, of which a printer with CR enabled makes two lines",
}
"""What they send and we do not."""


@pytest.mark.parametrize("name", SAME)
def test_bytes_are_those_that_others_publish(name: str) -> None:
    element, options, expected = SAME[name]
    data = encode_star(parse_document([element]), options).data
    assert bytes.fromhex(expected) in data, data.hex()


@pytest.mark.parametrize(
    ("ours", "published"),
    [
        (star_commands.REQUEST_STATUS, "1b0601"),
        (star_commands.ENABLE_STATUS, "1b1e6101"),
        (star_commands.ETB, "17"),
        (star_commands.INITIALIZE, "1b40"),
        (star_commands.drawer_kick(2, 200, 200), "1b07141407"),
        (star_commands.drawer_kick(5, 200, 200), "1a"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_questions_and_orders_are_those_that_others_send(ours: bytes, published: str) -> None:
    assert ours.hex() == published


def test_reasons_are_given_for_what_is_sent_otherwise() -> None:
    assert not SAME.keys() & OTHERWISE.keys()
    assert all(len(reason) > 10 for reason in OTHERWISE.values())
