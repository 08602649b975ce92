"""Receipts in any language, read from the simulated paper: as text where the printer has the characters, else drawn."""

from __future__ import annotations

import asyncio
import base64
import io
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers import escpos_capabilities
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.document import parse_document
from edge_gateway.contracts.errors import RequestError
from protocols.printers.character_sets import CharacterSets, code_page
from protocols.printers.escpos_encoder import EncodedDocument, EncoderOptions, encode_document
from simulators.escpos_printer import EscposPrinter
from tests.support.pictures import png
from tests.support.waiting import wait_until

EPSON = EncoderOptions(columns=48, code_pages=escpos_capabilities.all_pages("TM-T20II"), rasteriser=FontRasteriser())


def encode(document: list[dict[str, Any]], options: EncoderOptions = EPSON) -> EncodedDocument:
    return encode_document(parse_document(document), options)


def text(value: Any, **style: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **style}


async def paper(data: bytes, options: EncoderOptions = EPSON) -> EscposPrinter:
    wide = options.encoding if options.is_wide_first else options.wide_encoding
    printer = EscposPrinter(columns=options.columns, wide_encoding=wide)
    await printer.start()
    printer.data_received(data)
    await wait_until(lambda: printer.is_idle)
    await printer.stop()
    assert printer.unprinted_bytes == 0, "the last command is not whole"
    assert printer.errors == []
    return printer


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("English: The quick brown fox", 0),
        ("Deutsch: Größe ÄÖÜ 3,50 €", 0),
        ("Français: Épicerie du cœur à 3 €", 1),
        ("Polski: Pchnąć w tę łódź jeża", 1),
        ("Ελληνικά: Γαζέες μυρτιές", 1),
        ("Türkçe: yağız şoföre çabucak", 1),
        ("Русский: съешь же ещё", 1),
        ("Čeština: příliš žluťoučký kůň", 1),
        ("Magyar: árvíztűrő tükörfúrógép", 1),
        ("Latviešu: glāžšķūņa rūķīši", 1),
        ("Українська: їжак ґанок", 1),
    ],
)
async def test_language_of_a_code_page_is_printed_as_text(line: str, changes: int) -> None:
    encoded = encode([text(line)])
    assert encoded.replaced_count == 0
    assert encoded.data.count(b"\x1bt") - 1 == changes, "no more changes than pages that are needed"
    printer = await paper(encoded.data)
    assert printer.paper.hanging.lines == [line]


async def test_hebrew_stands_on_paper_from_right_to_left() -> None:
    encoded = encode([text("סכום: 12.50 (שקל)")])
    printer = await paper(encoded.data)
    assert printer.paper.hanging.lines == ["(לקש) 12.50 :םוכס"]


@pytest.mark.parametrize("line", ["السعر ١٢ ريال", "ราคา ๑๒ บาท ที่นี่", "日本語のレシート", "中文收据", "한국어 영수증"])
async def test_language_without_a_page_is_drawn_and_only_its_lines(line: str) -> None:
    encoded = encode([text("before"), text(line), text("behind")])
    assert encoded.replaced_count == 0
    printer = await paper(encoded.data)
    before, drawn, behind = printer.paper.hanging.lines
    assert (before, behind) == ("before", "behind")
    assert drawn.startswith("[picture")


@pytest.mark.parametrize(
    ("wide", "line"),
    [
        ("gbk", "中文收据 abc 12.50"),
        ("cp932", "日本語のレシート ｱｲｳ 12.50"),
        ("big5", "繁體中文收據 12.50"),
        ("euc_kr", "한국어 영수증 12.50"),
        ("gb18030", "中文收据 12.50"),
    ],
)
@pytest.mark.parametrize("is_first", [False, True])
async def test_ideographs_that_the_printer_has_are_printed_as_text(wide: str, line: str, is_first: bool) -> None:
    options = replace(EPSON, encoding=wide) if is_first else replace(EPSON, wide_encoding=wide)
    encoded = encode([text("Größe"), text(line), text("ąę")], options)
    assert encoded.replaced_count == 0
    printer = await paper(encoded.data, options)
    assert printer.paper.hanging.lines == ["Größe", line, "ąę"]


async def test_printer_without_pictures_says_how_much_is_missing() -> None:
    options = replace(EPSON, raster="none")
    encoded = encode([text("价 12 ที่")], options)
    assert encoded.replaced_count == 4, "one ideograph, a consonant and its two marks"
    assert (await paper(encoded.data, options)).paper.hanging.lines == ["? 12 ?"]


async def test_arabic_in_a_code_page_is_joined_and_reversed() -> None:
    options = replace(
        EPSON, code_pages=(code_page(37, "cp864"),), is_arabic_by_code_page=True, encoding="cp437", code_page_slot=0
    )
    encoded = encode([text("سعر لا")], options)
    assert encoded.replaced_count == 0
    assert (await paper(encoded.data, options)).paper.hanging.lines == ["\ufefb \ufead\ufecc\ufeb3"]


async def test_what_follows_a_cut_can_be_printed_alone() -> None:
    document = [
        text("first łódź", bold=True, align="center"),
        {"type": "cut"},
        {"type": "drawer"},
        text("second łódź €"),
        {"type": "qr", "data": "x"},
        {"type": "cut"},
        text("third", size=[2, 2]),
        {"type": "feed", "lines": 3},
    ]
    encoded = encode(document)
    whole = await paper(encoded.data)
    assert len(encoded.cuts) == 2
    assert len(whole.paper.receipts) == 2
    for index, cut in enumerate(encoded.cuts):
        assert encoded.data[cut - 4 : cut] == b"\x1dVB\x00"
        rest = await paper(encoded.data[cut:])
        expected = [*whole.paper.receipts, whole.paper.hanging][index + 1 :]
        found = [*rest.paper.receipts, rest.paper.hanging]
        assert [receipt.lines for receipt in found] == [receipt.lines for receipt in expected]
        assert [receipt.glyphs for receipt in found] == [receipt.glyphs for receipt in expected]


def test_forty_lines_with_every_style_stay_small() -> None:
    document: list[dict[str, Any]] = [
        text("KAUFHAUS MÜLLER", align="center", bold=True, size=[2, 2]),
        {"type": "logo", "name": "shop"},
        text("Königstraße 5, 70173 Köln", align="center"),
        {
            "type": "table",
            "columns": [{"width": 3, "align": "right"}, {}, {"align": "right"}],
            "header": ["Qty", "Artikel", "EUR"],
            "rows": [[str(number), f"Artikel Nummer {number} groß", f"{number},99"] for number in range(32)],
        },
        {"type": "rule"},
        {"type": "columns", "left": "SUMME", "right": "517,68 €", "bold": True, "size": [1, 2]},
        text([{"text": "Sie sparen "}, {"text": "2,40 €", "bold": True, "underline": True}]),
        {"type": "qr", "data": "https://example.com/receipt/S001-T3-20261121-000123"},
        {"type": "cut"},
    ]
    from protocols.printers.escpos_encoder import Logo

    assert len(encode(document, replace(EPSON, columns=42, logos={"shop": Logo(key="G1")})).data) < 2500


styles = st.fixed_dictionaries(
    {},
    optional={
        "bold": st.booleans(),
        "underline": st.sampled_from([True, False, "double"]),
        "invert": st.booleans(),
        "double_strike": st.booleans(),
        "font": st.sampled_from("ab"),
        "colour": st.sampled_from(["red", "black"]),
        "size": st.sampled_from([[1, 1], [2, 1], [1, 2], [3, 3]]),
    },
)
words = st.text("abc ÄłПΓ€ש漢ع๑\u0301.,(1", max_size=30)
runs = st.lists(st.builds(lambda style, word: {**style, "text": word}, styles, words), max_size=4)
inline = st.one_of(words, runs)
elements = st.one_of(
    st.builds(lambda style, value: text(value, **style), styles, inline),
    st.builds(lambda left, right: {"type": "columns", "left": left, "right": right}, inline, inline),
    st.builds(
        lambda rows, style: {"type": "table", "columns": [{}, {"align": "right"}], "rows": rows, **style},
        st.lists(st.lists(inline, max_size=2), max_size=3),
        styles,
    ),
    st.sampled_from(
        [
            {"type": "rule", "character": "─"},
            {"type": "cut"},
            {"type": "feed"},
            {"type": "buzzer"},
            {"type": "image", "data": base64.b64encode(png(30, 30)).decode()},
            {"type": "pdf417", "data": "ticket"},
            {"type": "barcode", "symbology": "gs1_128", "data": "(01)04006381333931(10)A1"},
        ]
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    document=st.lists(elements, min_size=1, max_size=8),
    raster=st.sampled_from(["gs_v_0", "gs_paren_l", "column_24", "none"]),
    wide=st.sampled_from([None, "gbk", "cp932"]),
)
def test_any_document_in_any_language_is_understood_by_the_printer(
    document: list[dict[str, Any]], raster: Any, wide: str | None
) -> None:
    options = replace(EPSON, raster=raster, wide_encoding=wide, buzzer="esc_paren_a")
    if raster == "none":
        document = [element for element in document if element["type"] != "image"] or [text("x")]
    try:
        encoded = encode(document, options)
    except RequestError as error:
        assert "columns do not fit" in str(error)  # noqa: PT017 # anything else is a fault of ours
        return
    asyncio.run(paper(encoded.data, options))


@given(st.lists(st.text("abÄłПΓש漢", max_size=12), max_size=5), st.booleans())
def test_no_choice_of_pages_needs_fewer_changes(lines: list[str], is_wide: bool) -> None:
    pages = [code_page(slot, name) for slot, name in [(0, "cp437"), (18, "cp852"), (17, "cp866"), (14, "cp737")]]
    sets = CharacterSets(pages, "gbk" if is_wide else None)
    chosen = [page for stretches in sets.encode(lines) for page, _ in stretches]
    ours = sum(a != b for a, b in zip([0, *chosen], chosen, strict=False))
    # The least by dynamic programming over all pages.
    count = len(pages) + is_wide
    costs = [0 if page == 0 else 1 for page in range(count)]
    for character in "".join(lines):
        mask = sets.mask(character) or (1 << count) - 1
        least = min(costs)
        costs = [min(cost, least + 1) if mask >> page & 1 else 1_000_000 for page, cost in enumerate(costs)]
    assert ours == min(costs)


RED = {"type": "text", "text": "Отмена عاجل", "colour": "red"}
MIXED = {"type": "text", "text": [{"text": "漢字 "}, {"text": "漢字", "colour": "red"}]}


@pytest.mark.parametrize(
    ("colours", "document", "inks"),
    [
        (2, [RED, {**RED, "colour": "black"}], {"red", "black"}),
        (2, [MIXED], {"black"}),
        (1, [RED], {"black"}),
    ],
)
async def test_drawn_text_keeps_its_colour_where_the_printer_has_it(
    colours: Literal[1, 2], document: list[dict[str, Any]], inks: set[str]
) -> None:
    options = EncoderOptions(colours=colours, rasteriser=FontRasteriser())
    printer = EscposPrinter()
    await printer.start()
    printer.data_received(encode_document(parse_document([*document, {"type": "cut"}]), options).data)
    await wait_until(lambda: len(printer.paper.receipts) == 1, what="the receipt")
    await printer.stop()
    assert printer.errors == []
    with Image.open(io.BytesIO(printer.paper_png())) as picture:
        seen = {pixel for _, pixel in picture.convert("RGB").getcolors() or ()}
    assert {"red" if pixel[0] > 150 > pixel[1] else "black" for pixel in seen if pixel[1] < 150} == inks
