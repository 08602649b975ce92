"""Documents to ESC/POS bytes: golden bytes, python-escpos as an oracle, and the simulated printer as a reader."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.contracts.document import parse_document
from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers import escpos_commands as commands
from protocols.printers.escpos_encoder import EncodedDocument, EncoderOptions, encode_document
from simulators.escpos_printer import EscposPrinter
from tests.support.waiting import wait_until

PLAIN = EncoderOptions(columns=42)
RECEIPT_BYTES_MAX = 2500
"""Of 40 lines: 2.6 s at 9600 baud."""
PROLOGUE = b"\x1b@\x1c.\x1bt\x13"


def encode(document: Sequence[dict[str, Any]], options: EncoderOptions = PLAIN) -> EncodedDocument:
    return encode_document(parse_document(list(document)), options)


async def interpret(data: bytes, columns: int = 42, *, is_multibyte: bool = False) -> EscposPrinter:
    """A printer that has printed the bytes."""
    printer = EscposPrinter(columns=columns, is_multibyte=is_multibyte)
    await printer.start()
    printer.data_received(data)
    await wait_until(lambda: printer.is_idle)
    await printer.stop()
    assert printer.unprinted_bytes == 0, "the last command is not whole"
    return printer


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ({"type": "text", "text": "Käse 1 €"}, b"K\x84se 1 \xd5\n"),
        ({"type": "text", "text": "a\nb"}, b"a\nb\n"),
        ({"type": "text", "text": ""}, b"\n"),
        ({"type": "text", "text": "x", "align": "right", "bold": True}, b"\x1ba\x02\x1bE\x01x\n"),
        ({"type": "text", "text": "x", "underline": True, "size": [2, 3]}, b"\x1b-\x01\x1d!\x12x\n"),
        ({"type": "columns", "left": "l", "right": "r"}, b"l" + b" " * 40 + b"r\n"),
        ({"type": "rule"}, b"-" * 42 + b"\n"),
        ({"type": "feed", "lines": 3}, b"\x1bd\x03"),
        ({"type": "cut"}, b"\x1dVB\x00"),
        ({"type": "drawer"}, b"\x1bp\x00\x32\x64"),
        (
            {"type": "barcode", "symbology": "ean_13", "data": "4006381333931"},
            b"\x1ba\x01\x1dh\x50\x1dw\x03\x1dH\x02\x1dkC\x0d4006381333931",
        ),
        (
            {"type": "barcode", "symbology": "code_128", "data": "a{1"},
            b"\x1ba\x01\x1dh\x50\x1dw\x03\x1dH\x02\x1dkI\x06{Ba{{1",
        ),
        (
            {"type": "qr", "data": "1234"},
            b"\x1ba\x01\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1\x1d(k\x07\x001P01234\x1d(k\x03\x001Q0",
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_element_gives_its_bytes(element: dict[str, Any], expected: bytes) -> None:
    assert encode([element]).data == PROLOGUE + expected


def test_setup_follows_the_reset_that_would_undo_it() -> None:
    data = encode([{"type": "cut"}], replace(PLAIN, setup=commands.ENABLE_ASB, is_kanji_cancelled=False)).data
    assert data == b"\x1b@\x1da\xff\x1bt\x13\x1dVB\x00"


@pytest.mark.parametrize(
    ("cut", "expected"), [("partial", b"\x1dVB\x00"), ("full", b"\x1dVA\x00"), ("none", b"\x1bd\x04")]
)
def test_cut_is_what_the_printer_has(cut: Any, expected: bytes) -> None:
    assert encode([{"type": "cut"}], replace(PLAIN, cut=cut)).data == PROLOGUE + expected


@pytest.mark.parametrize(("pin", "on_ms", "expected"), [(2, 100, b"\x1bp\x00\x32\x64"), (5, 510, b"\x1bp\x01\xff\x64")])
def test_drawer_pulse_is_as_configured(pin: Any, on_ms: int, expected: bytes) -> None:
    assert encode([{"type": "drawer"}], replace(PLAIN, drawer_pin=pin, drawer_on_ms=on_ms)).data.endswith(expected)


@pytest.mark.filterwarnings("ignore")  # of python-escpos and what it imports
def test_symbols_are_those_of_python_escpos() -> None:
    from escpos.printer import Dummy

    oracle = Dummy()
    oracle.qr("https://example.com/r/1", ec=1, size=6, native=True)
    assert commands.qr_code(b"https://example.com/r/1", 6) == oracle.output
    oracle = Dummy()
    oracle.barcode("4006381333931", "EAN13", height=80, width=3, function_type="B", align_ct=False, pos="BELOW")
    ours = commands.barcode(67, b"4006381333931", 3, 80)
    assert ours.endswith(oracle.output[-17:])
    assert ours[:6] == oracle.output[:6]
    oracle = Dummy()
    oracle.cut(mode="PART", feed=False)
    oracle.print_and_feed(3)
    oracle.cashdraw(2)
    assert oracle.output == commands.CUT_PARTIAL + commands.feed(3) + commands.drawer_kick(2, 100, 100)


def test_forty_line_receipt_stays_small() -> None:
    document: list[dict[str, Any]] = [
        {"type": "text", "text": "MY STORE", "align": "center", "bold": True, "size": [2, 2]},
        *({"type": "columns", "left": f"Article number {number}", "right": f"{number},99 €"} for number in range(38)),
        {"type": "rule"},
        {"type": "qr", "data": "https://example.com/receipt/S001-T3-20261121-000123"},
        {"type": "cut"},
        {"type": "drawer"},
    ]
    assert len(encode(document).data) < RECEIPT_BYTES_MAX


@pytest.mark.parametrize(
    ("element", "options", "code"),
    [
        ({"type": "drawer"}, replace(PLAIN, drawer_pin=None), ErrorCode.UNSUPPORTED),
        ({"type": "qr", "data": "x"}, replace(PLAIN, has_qr=False), ErrorCode.UNSUPPORTED),
        (
            {"type": "barcode", "symbology": "itf", "data": "12"},
            replace(PLAIN, has_barcodes=False),
            ErrorCode.UNSUPPORTED,
        ),
        ({"type": "barcode", "symbology": "code_128", "data": "x" * 40}, PLAIN, ErrorCode.INVALID_REQUEST),
        ({"type": "qr", "data": "x" * 900}, replace(PLAIN, columns=16), ErrorCode.INVALID_REQUEST),
    ],
)
def test_what_the_printer_cannot_do_is_refused(
    element: dict[str, Any], options: EncoderOptions, code: ErrorCode
) -> None:
    with pytest.raises(RequestError) as refused:
        encode([element], options)
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("element", "count"),
    [
        ({"type": "feed", "lines": 50}, 106),
        ({"type": "text", "text": "\n" * 49}, 106),
        ({"type": "text", "text": "x" * 400, "size": [8, 8]}, 8),
    ],
)
def test_print_longer_than_twenty_metres_is_refused(element: dict[str, Any], count: int) -> None:
    assert encode([element] * count).data
    with pytest.raises(RequestError, match="20 m") as refused:
        encode([element] * (count + 1))
    assert refused.value.code is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    "smuggled", ["160401", "1620010005", "162008010320010602081604", "A16200100051605", "00162016201604"]
)
async def test_digits_of_a_barcode_never_become_real_time_commands(smuggled: str) -> None:
    # Forty characters do not fit as they are, only with digits in pairs.
    wide = replace(PLAIN, columns=66)
    for padding in ("", "0" * (40 - len(smuggled))):
        data = encode([{"type": "barcode", "symbology": "code_128", "data": padding + smuggled}], wide).data
        assert not re.search(rb"\x10[\x04\x05\x14]", data)
        printer = await interpret(data, 66)
        assert printer.counters["drawer_kicks"] == 0
        assert [symbol.data for symbol in printer.paper.hanging.symbols] == [padding + smuggled]
        assert bool(padding) == (b"{C" in data)


@pytest.mark.parametrize(
    "control", [chr(code) for code in (*range(32), 127, *range(0x80, 0xA0)) if code not in (10, 13)]
)
@pytest.mark.parametrize("field", ["text", "left", "right", "qr", "barcode"])
def test_control_characters_are_refused(control: str, field: str) -> None:
    elements: dict[str, dict[str, Any]] = {
        "text": {"type": "text", "text": f"a{control}b"},
        "left": {"type": "columns", "left": f"a{control}b", "right": "r"},
        "right": {"type": "columns", "left": "l", "right": f"a{control}b"},
        "qr": {"type": "qr", "data": f"a{control}b"},
        "barcode": {"type": "barcode", "symbology": "code_128", "data": f"a{control}b"},
    }
    with pytest.raises(RequestError) as refused:
        encode([elements[field]])
    assert refused.value.code is ErrorCode.INVALID_REQUEST


texts = st.text(
    st.one_of(st.characters(min_codepoint=32, max_codepoint=126), st.characters(exclude_categories=["Cs", "Cc"])),
    max_size=60,
)
elements = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("text"), "text": texts},
        optional={
            "align": st.sampled_from(["left", "center", "right"]),
            "bold": st.booleans(),
            "underline": st.booleans(),
            "size": st.tuples(st.integers(1, 8), st.integers(1, 8)).map(list),
        },
    ),
    st.fixed_dictionaries({"type": st.just("columns"), "left": texts, "right": texts}),
    st.sampled_from([{"type": "rule"}, {"type": "cut"}, {"type": "feed", "lines": 2}]),
    st.fixed_dictionaries(
        {
            "type": st.just("qr"),
            "data": st.text(
                st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_categories=["Cc"]), min_size=1, max_size=80
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("barcode"),
            "symbology": st.just("code_128"),
            "data": st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("barcode"),
            "symbology": st.just("ean_13"),
            "data": st.from_regex(r"[0-9]{12}", fullmatch=True),
        }
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    document=st.lists(elements, min_size=1, max_size=12),
    columns=st.sampled_from([32, 42, 48]),
    encoding=st.sampled_from([("cp858", 19), ("cp1252", 16), ("cp866", 17)]),
)
def test_any_document_is_printed_without_error_and_in_order(
    document: list[dict[str, Any]], columns: int, encoding: tuple[str, int]
) -> None:
    options = EncoderOptions(columns=columns, encoding=encoding[0], code_page_slot=encoding[1])
    encoded = encode([*document, {"type": "drawer"}], options)
    assert not re.search(rb"\x10[\x04\x05\x14]", encoded.data)
    printer = asyncio.run(interpret(encoded.data, columns))
    assert printer.errors == []
    assert printer.counters["drawer_kicks"] == 1
    printed = "".join(printer.paper.text.split())
    position = 0
    for element in document:
        for expected in _expected_on_paper(element, encoding[0]):
            found = printed.find(expected, position)
            assert found >= 0, f"{expected!r} is not on the paper after {printed[:position]!r}"
            position = found + len(expected)


def _expected_on_paper(element: dict[str, Any], encoding: str) -> list[str]:
    """Without spaces: where lines break is another test's."""
    if element["type"] in ("text", "columns"):
        ours = [element["text"]] if element["type"] == "text" else [element["left"], element["right"]]
        # Only what needs no replacement: what becomes of the rest is tested by tables.
        return ["".join(text.split()) for text in ours if text.isascii()]
    if element["type"] == "qr":
        return ["".join(f"[qr {element['data']}]".split())]
    return ["".join(element["data"].split())] if element["type"] == "barcode" else []


async def test_multibyte_printer_gets_wide_characters_in_two_cells() -> None:
    options = EncoderOptions(columns=16, encoding="gbk")
    encoded = encode(
        [{"type": "text", "text": "漢字漢字漢字漢字漢字"}, {"type": "columns", "left": "苹果", "right": "9.99"}],
        options,
    )
    assert encoded.replaced_count == 0
    printer = await interpret(encoded.data, 16, is_multibyte=True)
    assert printer.errors == []
    assert printer.paper.hanging.lines == ["漢字漢字漢字漢字", "漢字", "苹果" + " " * 8 + "9.99"]


async def test_chinese_printer_prints_umlauts_because_its_mode_is_cancelled() -> None:
    printer = await interpret(encode([{"type": "text", "text": "Größe äöü"}]).data, is_multibyte=True)
    assert printer.paper.hanging.lines == ["Größe äöü"]
