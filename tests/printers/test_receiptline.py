"""receiptline (npm), which is not ours, beside us: its bytes on our simulated paper say what it says itself, and where
one of our documents says the same as its markdown, our bytes make the same paper."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from edge_gateway.devices.profiles import load_driver, load_profile
from simulators.escpos_paper import ColumnImage, Glyph, Line, Picture
from simulators.escpos_printer import EscposPrinter
from simulators.printer_wires import WiredPrinter
from simulators.star_printer import StarPrinter
from tests.support.noise import noise
from tests.support.receiptline import as_bytes, as_lines, examples
from tests.support.waiting import wait_until

COLUMNS = 48
RULES = str.maketrans(dict.fromkeys("─│┌┐└┘┬┴├┤┼╭╮╰╯-|+", "#"))
"""Lines drawn from characters: its text has plain ones."""
ESCPOS = ("escpos", "epson", "generic")
STAR = ("starsbcs", "starlinesbcs", "emustarlinesbcs")
QUIET_SEED = 2
"""Of a picture in which no bytes read as a real-time command: receiptline sends them as they are, and printers obey."""
Place = tuple[int, str, bool, bool, bool, int, int]
"""Left edge, character, bold, underlined, inverted, width, height."""


class NoHost:
    """A wire on which nobody listens."""

    on_bytes: Any = None

    def write(self, data: bytes) -> None:
        """Statuses and confirmations."""


async def printed(data: bytes, *, is_star: bool, wide: str | None = None) -> WiredPrinter:
    """The printer that has carried out the bytes; it understood all of them."""
    printer: Any = StarPrinter(columns=COLUMNS) if is_star else EscposPrinter(columns=COLUMNS, wide_encoding=wide)
    wire = NoHost()
    await printer.attach(wire)
    wire.on_bytes(data)
    await wait_until(lambda: printer.is_idle)
    await printer.stop()
    assert list(printer.errors) == []
    assert printer.unprinted_bytes == 0
    return printer  # type: ignore[no-any-return]


def items(printer: WiredPrinter) -> list[Any]:
    return [item for receipt in (*printer.paper.receipts, printer.paper.hanging) for item in receipt.items]


def places(line: Line, width_dots: int) -> list[Place]:
    """Every character but spaces, from the left."""
    (left, room), found = line.area or (0, width_dots), []
    left += (0, (room - line.dots) // 2, room - line.dots)[line.align]
    for item in line.items:
        if isinstance(item, Glyph) and item.character not in (" ", "\u3000"):
            style = item.style
            look = (style.is_bold, style.is_underlined, style.is_reversed, style.width, style.height)
            found.append((left, item.character, *look))
        left += item.dots
    return sorted(found)


def lines(printer: WiredPrinter) -> list[list[Place]]:
    found = (places(item, printer.paper.width_dots) for item in items(printer) if isinstance(item, Line))
    return [line for line in found if line]


def words(printer: WiredPrinter) -> list[str]:
    return ["".join(place[1] for place in line).translate(RULES) for line in lines(printer)]


def codes(printer: WiredPrinter) -> Counter[tuple[str, str]]:
    picture = Image.open(io.BytesIO(printer.paper_png()))
    return Counter((code.format.name, code.text) for code in zxingcpp.read_barcodes(picture))


def dots(printer: WiredPrinter) -> list[str]:
    """Rows of all pictures without white at their right, as bits."""
    rows: list[str] = []
    for item in items(printer):
        if isinstance(item, Picture):
            size = len(item.rows) // item.height_dots
            rows += [
                "".join(f"{byte:08b}" for byte in item.rows[at : at + size]) for at in range(0, len(item.rows), size)
            ]
        elif isinstance(item, Line):
            for strip in (each for each in item.items if isinstance(each, ColumnImage)):
                rows += [
                    "".join(str(column >> bit & 1) for column in strip.columns) for bit in range(strip.bits - 1, -1, -1)
                ]
    rows = [row.rstrip("0") for row in rows]
    while rows and not rows[-1]:
        rows.pop()
    return rows


@pytest.mark.parametrize(
    ("command", "language", "encoding", "wide"),
    [
        *((command, "en", "cp437", None) for command in (*ESCPOS, *STAR)),
        *((command, "ja", "shiftjis", "cp932") for command in ESCPOS),
    ],
)
async def test_simulated_paper_says_what_receiptline_says(
    command: str, language: str, encoding: str, wide: str | None
) -> None:
    receipts = examples(language)
    assert len(receipts) > 15
    settings = {"cpl": COLUMNS, "encoding": encoding}
    made = as_bytes(list(receipts.values()), command=command, **settings)
    said = as_lines(list(receipts.values()), **settings)
    for name, data, expected in zip(receipts, made, said, strict=True):
        printer = await printed(data, is_star=command in STAR, wide=wide)
        texts = ["".join(line.split()).translate(RULES) for line in expected]
        assert words(printer) == [text for text in texts if text], name


CODES: Mapping[str, tuple[str, tuple[str, str]]] = {
    "ean_13": ("400638133393;o:ean", ("EAN13", "4006381333931")),
    "ean_8": ("9638507;o:ean", ("EAN8", "96385074")),
    "upc_a": ("03600029145;o:upc", ("EAN13", "0036000291452")),
    "code_39": ("A-100;o:code39", ("Code39", "A-100")),
    "itf": ("12345678;o:itf", ("ITF", "12345678")),
    "codabar": ("A12345B;o:codabar", ("Codabar", "A12345B")),
    "code_93": ("A-100;o:code93", ("Code93", "A-100")),
    "code_128": ("Abc-12345678;o:code128", ("Code128", "Abc-12345678")),
    "qr": ("https://example.com/r?1;o:qrcode,4,m", ("QRCode", "https://example.com/r?1")),
}
OURS: Mapping[str, Any] = {
    "ean_13": "4006381333931",
    "ean_8": "96385074",
    "upc_a": "036000291452",
    "code_39": "A-100",
    "itf": "12345678",
    "codabar": "A12345B",
    "code_93": "A-100",
    "code_128": "Abc-12345678",
}


def document_bytes(document: list[dict[str, Any]], *, is_star: bool, **settings: Any) -> bytes:
    """As our driver renders it."""
    profile = load_profile("generic-star" if is_star else "epson-tm-t20")
    driver: Any = load_driver(profile)
    chosen = driver.Settings.model_validate({**profile.settings, "columns": COLUMNS, **settings})
    return bytes(driver.render(chosen, {"document": document}).data)


@pytest.mark.parametrize("command", [*ESCPOS, *STAR])
@pytest.mark.parametrize("kind", CODES)
async def test_code_of_receiptline_and_ours_are_read_alike(kind: str, command: str) -> None:
    markdown, expected = CODES[kind]
    is_star = command in STAR
    [theirs] = as_bytes([f"{{c:{markdown}}}\n"], command=command, cpl=COLUMNS, encoding="cp437")
    element: dict[str, Any] = {"type": "barcode", "symbology": kind, "data": OURS.get(kind), "text_position": "none"}
    if kind == "qr":
        element = {"type": "qr", "data": expected[1]}
    ours = document_bytes([element, {"type": "cut"}], is_star=is_star)
    assert codes(await printed(theirs, is_star=is_star)) == Counter([expected])
    assert codes(await printed(ours, is_star=is_star)) == Counter([expected])


SAME: Mapping[str, tuple[str, list[dict[str, Any]]]] = {
    "alignment": (
        "|left\ncenter\nright|\n",
        [{"type": "text", "text": align, "align": align} for align in ("left", "center", "right")],
    ),
    "styles": (
        '|"bold"\n|_underlined_\n|`inverted`\n|plain\n',
        [
            {"type": "text", "text": "bold", "bold": True},
            {"type": "text", "text": "underlined", "underline": True},
            {"type": "text", "text": "inverted", "invert": True},
            {"type": "text", "text": "plain"},
        ],
    ),
    "sizes": (
        "|^wide\n|^^high\n|^^^both\n|^^^^three\n^^^Shop\n",
        [
            {"type": "text", "text": "wide", "size": [2, 1]},
            {"type": "text", "text": "high", "size": [1, 2]},
            {"type": "text", "text": "both", "size": [2, 2]},
            {"type": "text", "text": "three", "size": [3, 3]},
            {"type": "text", "text": "Shop", "size": [2, 2], "align": "center"},
        ],
    ),
    "mixed styles": (
        '|a "bold" word and a _line_\n',
        [
            {
                "type": "text",
                "text": [
                    {"text": "a "},
                    {"text": "bold", "bold": True},
                    {"text": " word and a "},
                    {"text": "line", "underline": True},
                ],
            }
        ],
    ),
    "two columns": (
        "{width:*,10}\n|Highlighter yellow | 2.50|\n|Total | 12.00|\n",
        [
            {"type": "columns", "left": "Highlighter yellow", "right": "2.50"},
            {"type": "columns", "left": "Total", "right": "12.00"},
        ],
    ),
    "table": (
        "{width:4,*,10}\n|2 |Apples | 1.50|\n|12 |Pears of the season | 10.00|\n",
        [
            {
                "type": "table",
                "gap": 1,
                "columns": [{"width": 4}, {}, {"width": 10, "align": "right"}],
                "rows": [["2", "Apples", "1.50"], ["12", "Pears of the season", "10.00"]],
            }
        ],
    ),
    "languages": (
        "|Grüße, café, 5 €\n|Zażółć gęślą jaźń\n|Привет\n",
        [{"type": "text", "text": text} for text in ("Grüße, café, 5 €", "Zażółć gęślą jaźń", "Привет")],
    ),
    "rule": ("---\n|below\n", [{"type": "rule", "character": "─"}, {"type": "text", "text": "below"}]),
}


@pytest.mark.parametrize("command", [*ESCPOS, *STAR])
@pytest.mark.parametrize("name", SAME)
async def test_document_that_says_the_same_is_the_same_on_paper(name: str, command: str) -> None:
    markdown, document = SAME[name]
    is_star = command in STAR
    [theirs] = as_bytes([markdown], command=command, cpl=COLUMNS, encoding="multilingual")
    ours = document_bytes([*document, {"type": "cut"}], is_star=is_star)
    expected = lines(await printed(theirs, is_star=is_star))
    assert expected
    printer = await printed(ours, is_star=is_star)
    assert lines(printer) == expected
    assert len(printer.paper.receipts) == 1


@pytest.mark.parametrize(
    ("encoding", "wide", "text"),
    [
        ("shiftjis", "cp932", "漢字とｶﾅ abc"),
        ("gb18030", "gb18030", "收据 abc"),
        ("ksc5601", "euc_kr", "영수증 abc"),
        ("big5", "big5", "收據 abc"),
    ],
)
async def test_ideographs_are_the_same_on_paper(encoding: str, wide: str, text: str) -> None:
    [theirs] = as_bytes([f"|{text}\n"], command="escpos", cpl=COLUMNS, encoding=encoding)
    ours = document_bytes(
        [{"type": "text", "text": text}, {"type": "cut"}], is_star=False, wide_characters=wide, code_page="cp858"
    )
    expected = lines(await printed(theirs, is_star=False, wide=wide))
    assert expected
    assert lines(await printed(ours, is_star=False, wide=wide)) == expected


@pytest.mark.parametrize("command", [*ESCPOS, *STAR])
async def test_picture_is_the_same_dot_for_dot(command: str) -> None:
    file = io.BytesIO()
    noise(203, 150, seed=QUIET_SEED).save(file, "PNG")
    data, is_star = base64.b64encode(file.getvalue()).decode(), command in STAR
    [theirs] = as_bytes([f"|{{i:{data}}}\n"], command=command, cpl=COLUMNS, encoding="cp437", gradient=False, gamma=1.0)
    image = {"type": "image", "data": data, "dither": "threshold", "align": "left"}
    ours = document_bytes([image, {"type": "cut"}], is_star=is_star)
    expected = dots(await printed(theirs, is_star=is_star))
    assert len(expected) == 150
    assert dots(await printed(ours, is_star=is_star)) == expected
