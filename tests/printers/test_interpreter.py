"""The simulated printer's own understanding of ESC/POS: bytes written by hand, from the command reference."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
import zxingcpp
from PIL import Image

from simulators.escpos_machine import EscposMachine
from simulators.escpos_paper import Line, Style, Symbol
from simulators.escpos_picture import MARGIN
from simulators.escpos_symbols import barcode_rows
from tests.support.waiting import wait_until


async def printed(data: bytes, *, columns: int = 42, wide_encoding: str | None = None) -> EscposMachine:
    """A machine that has carried out the bytes."""
    machine = EscposMachine(columns=columns, wide_encoding=wide_encoding)
    await machine.start()
    for byte in data:
        machine._filter.feed(byte)
    machine._can_go_on.set()
    await wait_until(lambda: machine.is_idle)
    await machine.stop()
    return machine


async def whole(data: bytes, *, columns: int = 42, wide_encoding: str | None = None) -> EscposMachine:
    """As ``printed``, and all of it was understood."""
    machine = await printed(data, columns=columns, wide_encoding=wide_encoding)
    assert machine.errors == []
    assert machine.unprinted_bytes == 0
    return machine


def styles_of(machine: EscposMachine) -> list[Style]:
    return [glyph.style for glyph in machine.paper.hanging.glyphs]


def image_of(machine: EscposMachine) -> Image.Image:
    """The paper without its margins: 0 is black."""
    with Image.open(io.BytesIO(machine.paper_png())) as picture:
        grey = picture.convert("RGB")
    return grey.crop((MARGIN, MARGIN, grey.width - MARGIN, grey.height - MARGIN))


def black_dots(picture: Image.Image) -> set[tuple[int, int]]:
    pixels = picture.convert("L").load()
    assert pixels is not None
    return {(x, y) for y in range(picture.height) for x in range(picture.width) if pixels[x, y] == 0}


@pytest.mark.parametrize(
    ("command", "style"),
    [
        (b"\x1bE\x01", Style(is_bold=True)),
        (b"\x1bG\x01", Style(is_double_struck=True)),
        (b"\x1b-\x01", Style(underline=1)),
        (b"\x1b-\x32", Style(underline=2)),
        (b"\x1bM\x01", Style(font="b")),
        (b"\x1br\x01", Style(is_red=True)),
        (b"\x1dB\x01", Style(is_reversed=True)),
        (b"\x1d!\x73", Style(width=8, height=4)),
        (b"\x1b!\xb9", Style(is_bold=True, underline=1, width=2, height=2, font="b")),
    ],
)
async def test_style_holds_until_it_is_reset(command: bytes, style: Style) -> None:
    machine = await whole(command + b"x\n\x1b@y\n")
    assert styles_of(machine) == [style, Style()]


@pytest.mark.parametrize(
    ("slot", "byte", "character"),
    [
        *[(0, 0x84, "ä"), (13, 0x98, "İ"), (14, 0x80, "Α"), (16, 0x80, "€"), (17, 0x80, "А"), (18, 0x9D, "Ł")],
        *[(19, 0xD5, "€"), (36, 0x80, "א"), (45, 0xA5, "Ą"), (47, 0xC1, "Α"), (48, 0xDD, "İ"), (49, 0xE0, "א")],
        *[(21, 0xA1, "ก"), (46, 0xC0, "А"), (37, 0xC7, "ﺍ"), (52, 0xD0, "Đ")],
    ],
)
async def test_code_page_says_what_a_byte_means(slot: int, byte: int, character: str) -> None:
    machine = await whole(b"\x1bt" + bytes((slot, byte)) + b"\n")
    assert machine.paper.hanging.lines == [character]


@pytest.mark.parametrize(
    ("wide_encoding", "head"),
    [("gbk", b""), ("gb18030", b"\x1c&"), ("big5", b"\x1c&"), ("euc_kr", b"\x1c&"), ("cp932", b"\x1cC\x01\x1c&")],
)
async def test_ideographs_are_two_cells_wide(wide_encoding: str, head: bytes) -> None:
    text = "한글" if wide_encoding == "euc_kr" else "山水"
    machine = await whole(head + text.encode(wide_encoding) + b"ab\n", wide_encoding=wide_encoding)
    (line,) = machine.paper.hanging.items
    assert isinstance(line, Line)
    assert (line.text, line.dots) == (f"{text}ab", 4 * 12 + 2 * 12)


async def test_japanese_printer_has_narrow_katakana_and_leaves_its_ideographs() -> None:
    text = "ｱ漢".encode("cp932")
    machine = await whole(b"\x1cC\x01" + text + b"\x1cC\x00\x1c.\x1bt\x13\x84\n", wide_encoding="cp932")
    assert machine.paper.hanging.lines == ["ｱ漢ä"]


async def test_japanese_printer_that_reads_shift_jis_heeds_no_other_end_of_ideographs() -> None:
    machine = await whole(b"\x1cC\x01\x1c.\x1bt\x13" + "漢".encode("cp932") + b"\n", wide_encoding="cp932")
    assert machine.paper.hanging.lines == ["漢"]


async def test_japanese_printer_has_no_ideographs_before_it_is_told_which() -> None:
    assert (await printed(b"\x1c&\n", wide_encoding="cp932")).errors


async def test_four_bytes_of_gb_18030_are_one_character() -> None:
    machine = await whole(b"\x1c&" + "㐂".encode("gb18030") + b"\n", wide_encoding="gb18030")
    assert machine.paper.hanging.lines == ["㐂"]


async def test_line_is_as_wide_as_the_paper_and_no_wider() -> None:
    machine = await whole(b"x" * 43 + b"\n\x1bM\x01" + b"y" * 57 + b"\n")
    assert machine.paper.hanging.lines == ["x" * 42, "x", "y" * 56, "y"]


@pytest.mark.parametrize(
    ("command", "dots"), [(b"", 30), (b"\x1b3\x10", 24), (b"\x1b3\x3c", 60), (b"\x1b3\x50\x1b2", 30)]
)
async def test_line_spacing_moves_the_paper(command: bytes, dots: int) -> None:
    assert image_of(await whole(command + b"x\n")).height == dots


async def test_feed_moves_the_paper_in_lines_and_in_dots() -> None:
    assert image_of(await whole(b"x\x1bd\x03")).height == 4 * 30
    assert image_of(await whole(b"x\x1bJ\x64")).height == 100
    assert image_of(await whole(b"x\n\x1bJ\x64")).height == 130


async def test_raster_is_on_paper_dot_for_dot() -> None:
    machine = await whole(b"\x1dv0\x00\x02\x00\x03\x00" + b"\x80\x01\x00\x00\xff\xff")
    picture = image_of(machine)
    assert black_dots(picture) == {(0, 0), (15, 0), *((x, 2) for x in range(16))}
    assert machine.paper.hanging.lines == ["[picture 16x3]"]
    doubled = image_of(await whole(b"\x1ba\x02\x1dv0\x03\x01\x00\x01\x00\x80"))
    assert black_dots(doubled) == {(488 + x, y) for x in (0, 1) for y in (0, 1)}


async def test_raster_larger_than_the_buffer_is_taken_as_it_comes() -> None:
    machine = EscposMachine(columns=48)
    await machine.start()
    for byte in b"\x1dv0\x00\x48\x00\x00\x01" + bytes(71 * 256):
        machine._filter.feed(byte)
    machine._can_go_on.set()
    await wait_until(lambda: machine.is_idle)
    assert machine.unprinted_bytes == 1, "a picture was begun"
    assert machine.paper.hanging.pictures == []
    for byte in bytes(256):
        machine._filter.feed(byte)
    machine._can_go_on.set()
    await wait_until(lambda: machine.is_idle)
    assert machine.unprinted_bytes == 0
    assert [picture.height_dots for picture in machine.paper.hanging.pictures] == [256]
    await machine.stop()


async def test_graphics_are_stored_and_then_printed() -> None:
    parameters = b"0p0\x01\x011\x08\x00\x02\x00\xf0\x0f"
    store = b"\x1d(L" + len(parameters).to_bytes(2, "little") + parameters
    four = b"\x1d8L" + len(parameters).to_bytes(4, "little") + parameters
    for stored in (store, four):
        machine = await whole(stored + b"\x1d(L\x02\x0002")
        assert black_dots(image_of(machine)) == {(x, 0) for x in range(4)} | {(x, 1) for x in range(4, 8)}
    red = await whole(store.replace(b"\x011\x08", b"\x012\x08") + b"\x1d(L\x02\x0002")
    assert image_of(red).getpixel((0, 0)) == (200, 0, 0)


async def test_columns_of_a_picture_stand_upright_in_the_line() -> None:
    machine = await whole(b"\x1b3\x10\x1b*\x21\x02\x00\x80\x00\x00\x00\x00\x01\n\x1b*\x00\x01\x00\x81\n")
    assert black_dots(image_of(machine)) == {
        *[(0, 0), (1, 23)],
        *((x, 24 + y) for x in (0, 1) for y in (0, 1, 2, 21, 22, 23)),
    }


async def test_second_colour_and_upside_down_are_on_the_picture() -> None:
    red = image_of(await whole(b"\x1br\x01HHH\n"))
    assert {colour for _, colour in red.getcolors() or []} == {(255, 255, 255), (200, 0, 0)}
    turned = image_of(await whole(b"\x1b{\x01Lp\n")).crop((0, 0, 24, 24))
    upright = image_of(await whole(b"Lp\n")).crop((0, 0, 24, 24))
    assert black_dots(turned) == black_dots(upright.rotate(180))
    assert black_dots(turned) != black_dots(upright)


async def test_tabs_and_positions_leave_blank_paper() -> None:
    machine = await whole(b"a\tb\x1b$\xf0\x00c\n")
    assert machine.paper.hanging.lines == ["a" + " " * 7 + "b" + " " * 11 + "c"]


@pytest.mark.parametrize("command", [b"\x1b(A\x04\x00\x30\x31\x03\x02", b"\x1bB\x03\x02"])
async def test_buzzer_sounds(command: bytes) -> None:
    assert (await whole(command)).counters["buzzes"] == 3


async def test_logo_that_only_the_printer_has_is_a_crossed_box() -> None:
    machine = await whole(b"\x1cp\x01\x00\x1d(L\x06\x000EG1\x01\x01")
    assert machine.paper.hanging.lines == ["[picture 96x48]"] * 2


def _length(data: bytes) -> bytes:
    return bytes((len(data),)) + data


@pytest.mark.parametrize(
    ("system", "data", "form", "text"),
    [
        (65, b"03600029145", "UPCA", "036000291452"),
        (66, b"04252614", "UPCE", "0042100005264"),
        (66, b"425261", "UPCE", "0042100005264"),
        (67, b"400638133393", "EAN13", "4006381333931"),
        (68, b"9638507", "EAN8", "96385074"),
        (69, b"EDGE-42 $", "Code39", "EDGE-42 $"),
        (70, b"00012345678905", "ITF", "00012345678905"),
        (71, b"A40156B", "Codabar", "A40156B"),
        (72, b"Code 93", "Code93", "Code 93"),
        (73, b"{BNo. 1\x7b\x7b2", "Code128", "No. 1{2"),
        (73, b"{C\x0c\x22{Bx{A\x20Y", "Code128", "1234x Y"),
        (
            73,
            b"{C{1\x01\x04\x00\x3f\x51\x21\x27\x1f\x0a{BABC{1{C\x15\x63",
            "Code128",
            "(01)04006381333931(10)ABC(21)99",
        ),
        (75, b"0400638133393", "DataBarOmni", "(01)04006381333931"),
        (76, b"0400638133393", "DataBarOmni", "(01)04006381333931"),
        (77, b"0400638133393", "DataBarLtd", "(01)04006381333931"),
        (78, b"(01)04006381333931(10)ABC", "DataBarExp", "(01)04006381333931(10)ABC"),
    ],
)
async def test_barcode_is_read_back_by_another_reader(system: int, data: bytes, form: str, text: str) -> None:
    machine = await whole(b"\x1ba\x01\x1dw\x02\x1dk" + bytes((system,)) + _length(data), columns=48)
    with Image.open(io.BytesIO(machine.paper_png())) as picture:
        (found,) = zxingcpp.read_barcodes(picture, text_mode=zxingcpp.TextMode.HRI)
    assert found.text in (text, f"0{text}", f"*{text}*")
    assert found.format.name in (form, "EAN13")


def pdf417(data: bytes, *, columns: int = 0, level: int = 2, is_truncated: bool = False) -> bytes:
    settings = [
        b"F" + bytes((is_truncated,)),
        b"A" + bytes((columns,)),
        b"C\x02",
        b"D\x03",
        b"E0" + bytes((48 + level,)),
    ]
    parts = [b"0" + each for each in (*settings, b"P0" + data, b"Q0")]
    return b"".join(b"\x1d(k" + len(part).to_bytes(2, "little") + part for part in parts)


@pytest.mark.parametrize("columns", [0, 3, 8])
@pytest.mark.parametrize("is_truncated", [False, True])
@pytest.mark.parametrize("data", ["RR123456785DE", "M1EXAMPLE/A E123ABC MUCLHR LH 1234 326M 28B" * 4])
async def test_pdf417_is_read_back_by_another_reader(data: str, is_truncated: bool, columns: int) -> None:
    machine = await whole(pdf417(data.encode(), columns=columns, is_truncated=is_truncated), columns=48)
    with Image.open(io.BytesIO(machine.paper_png())) as picture:
        (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == data
    (symbol,) = machine.paper.hanging.symbols
    assert symbol.dots <= 576


@pytest.mark.parametrize("position", [0, 1, 2, 3])
async def test_text_of_a_barcode_stands_where_it_was_told(position: int) -> None:
    machine = await whole(b"\x1dH" + bytes((position,)) + b"\x1dkE\x03A-1")
    above, below = position in (1, 3), position in (2, 3)
    assert machine.paper.hanging.lines == ["A-1"] * above + ["[code_39 A-1]"] + ["A-1"] * below


def test_code_128_is_drawn_in_the_code_sets_that_were_told() -> None:
    _, text, ((*pairs,),) = barcode_rows(8, b"{C\x0c\x22")
    _, _, ((*letters,),) = barcode_rows(8, b"{B1234")
    assert text == "1234"
    assert (len(pairs), len(letters)) == (11 * 4 + 13, 11 * 6 + 13)


@pytest.mark.parametrize(
    "garbled",
    [
        *[
            b"\x1b\x07",
            b"\x1c\x01",
            b"\x1d\x00",
            b"\x1d(Z\x01\x000",
            b"\x1b(B\x01\x000",
            b"\x1bt\xc8",
            b"\x1c&",
            b"\x7f",
        ],
        *[
            b"x\x1ba\x01\n",
            b"x\x1b{\x01\n",
            b"\x1b-\x05",
            b"\x1bM\x05",
            b"\x1br\x05",
            b"\x1d!\x88",
            b"\x1dw\x01",
            b"\x1dh\x00",
        ],
        *[b"\x1dk\x43\x0d4006381333932", b"\x1dk\x49\x03abc", b"\x1dk\x49\x04{Bab"[:-1] + b"\x01", b"\x1dk\x60\x01a"],
        *[b"\x1dv0\x09\x01\x00\x01\x00\x00", b"\x1dv1", b"\x1d8M", b"x\x1dv0\x00\x01\x00\x01\x00\x00"],
        *[b"\x1dv0\x00\x41\x00\x01\x00" + bytes(65), b"\x1b*\x05\x01\x00", b"\x1d(L\x02\x0002", b"\x1d(L\x02\x000\x07"],
        *[
            b"\x1d(k\x03\x001C\x00",
            b"\x1d(k\x03\x000D\x01",
            b"\x1d(k\x03\x001Q0",
            b"\x1d(k\x03\x000Q0",
            b"\x1d(k\x03\x002Q0",
        ],
        *[
            b"\x1dV\x07",
            b"x\x1dV\x00",
            b"\x1bp\x05\x01\x01",
            b"\x1bB\x00\x00",
            b"\x1cC\x02",
            b"\x1b$\xff\xff",
            b"\x1bR\x05",
        ],
        b"\x1bt\x15\xdc",
    ],
    ids=lambda garbled: garbled.hex(" ")[:40],
)
async def test_printer_notes_what_a_real_one_would_garble(garbled: bytes) -> None:
    assert (await printed(b"\x1b@" + garbled + b"\n")).errors


@pytest.mark.parametrize(
    "unseen",
    [
        *[
            b"\x1bU\x01",
            b"\x1bc3\x00",
            b"\x1bc5\x01",
            b"\x1bS",
            b"\x1bq",
            b"\x18",
            b"\x1db\x01",
            b"\x1df\x01",
            b"\x1dE\x01",
        ],
        *[b"\x1dz0\x01\x01", b"\x1b\x06\x01", b"\x1d(K\x02\x002\x03", b"\x1d(E\x03\x00\x06\x03\x00"],
        *[b"\x1dP\x00\x00", b"\x1b4\x00", b"\x1bV\x00", b"\x1c!\x00", b"\x1cS\x00\x00", b"\x1dL\x00\x00", b"\x1d:"],
        *[b"\x10\x04\x07\x01", b"\x10\x14\x03\x01\x02\x00\x01\x01"],
    ],
    ids=lambda unseen: unseen.hex(" "),
)
async def test_command_of_which_nothing_is_seen_is_taken_whole(unseen: bytes) -> None:
    machine = await whole(b"\x1b@" + unseen + b"ok\n")
    assert machine.paper.hanging.lines == ["ok"]


@pytest.mark.parametrize(
    "known",
    [
        *[b"\x1bV\x01", b"\x1be\x03", b"\x1b4\x01", b"\x1dP\xb4\xb4", b"\x1bW" + b"A" * 8, b"\x1bL", b"\x0c", b"\x1dc"],
        *[b"\x1d*\x01\x01abcdefgh", b"\x1dC1ABCDEF", b"\x1d(A\x02\x00\x00\x02"],
    ],
    ids=lambda known: known.hex(" "),
)
async def test_command_that_is_not_simulated_is_told_once_and_leaves_no_characters(known: bytes) -> None:
    machine = await printed(b"\x1b@" + known + b"ok\n")
    assert len(machine.errors) == 1
    assert machine.paper.hanging.lines == ["ok"]


async def test_what_is_for_the_display_behind_is_not_on_paper() -> None:
    machine = await whole(b"a\n\x1b=\x02\x1b@\x1f\x01\x1f$\x01\x01TOTAL 3.69\x1b=\x01b\n\x1b=\x03c\n")
    assert machine.paper.hanging.lines == ["a", "b", "c"]


async def test_margin_and_width_move_what_is_printed() -> None:
    machine = await whole(b"\x1dL\x18\x00\x1dW\x78\x00\x1ba\x02x\n" + b"y" * 11 + b"\n")
    assert machine.paper.hanging.lines == ["x", "y" * 10, "y"]
    assert [item.area for item in machine.paper.hanging.items] == [(24, 120)] * 3  # type: ignore[union-attr]
    dots = {x for x, y in black_dots(image_of(machine)) if y < 24}
    assert 24 + 120 - 12 <= min(dots) <= max(dots) < 24 + 120
    assert (await printed(b"x\x1dL\x18\x00\n")).errors == ["margin in the middle of a line"]
    assert (await printed(b"\x1dW\x05\x00\n")).errors == ["area of 5 dots from 0"]


async def test_spaces_tabs_and_steps_are_blank_paper() -> None:
    machine = await whole(b"\x1b \x0cab\n\x1b \x00\x1bD\x04\x0a\x00\ta\tb\n\x1b\\\x18\x00c\n")
    assert machine.paper.hanging.lines == ["a b ", "    a     b", "  c"]
    (line,) = (await whole(b"x\x1b\\\xf4\xffy\n")).paper.hanging.items
    assert (line.text, line.dots) == ("xy", 12)
    assert (await printed(b"x\x1b\\\xe8\xff\n")).errors == ["position -12"]
    assert (await printed(b"\x1bD" + b"\x01" * 40)).errors[0] == "tabs without end"


@pytest.mark.parametrize(("page", "data", "text"), [(1, b"\xb1", "ｱ"), (30, b"\xd5", "ế"), (31, b"\xa7", "Đ")])
async def test_pages_without_a_codec_are_known(page: int, data: bytes, text: str) -> None:
    assert (await whole(b"\x1bt" + bytes((page,)) + data + b"\n")).paper.hanging.lines == [text]


@pytest.mark.parametrize(("ratio", "level"), [(1, 1), (10, 2), (40, 3)])
async def test_error_correction_of_a_pdf417_can_be_a_share_of_its_data(ratio: int, level: int) -> None:
    drawn = []
    for choice in (b"1" + bytes((ratio,)), b"0" + bytes((48 + level,))):
        head = b"\x1d(k\x03\x000A\x04\x1d(k\x04\x000E" + choice
        machine = await whole(head + b"\x1d(k\x0d\x000P01234567890\x1d(k\x03\x000Q0")
        drawn.append(machine.paper.hanging.symbols[0].rows)
    assert drawn[0] == drawn[1]


CUT_OFF: Sequence[bytes] = (
    *[
        b"\x1b",
        b"\x1d",
        b"\x1bE",
        b"\x1dk",
        b"\x1dk\x49\x05{Bab",
        b"\x1dk\x04ABC",
        b"\x1d(k\x03\x001",
        b"\x1dV",
        b"\x1dVB",
    ],
    *[
        b"\x1bc",
        b"\x1bc3",
        b"\x10",
        b"\x10\x04",
        b"\x10\x14\x01\x00",
        b"\x1bD\x08",
        b"\x1d*\x01\x01ab",
        b"\x1dL\x00",
        b"\x1dVa",
        b"\x1c(A\x02\x00",
    ],
    *[b"\x1dv0\x00\x01\x00", b"\x1dv0\x00\x01\x00\x02\x00\x00", b"\x1b*\x21\x02\x00\x00", b"\x1d(L\x0c\x000p"],
)


@pytest.mark.parametrize("cut", CUT_OFF, ids=lambda cut: cut.hex(" "))
async def test_command_that_was_cut_off_is_told(cut: bytes) -> None:
    assert (await printed(b"\x1b@a\n" + cut)).unprinted_bytes > 0


async def test_whole_paper_has_its_width_on_the_picture() -> None:
    machine = await whole(b"x\n\x1dV\x00y\n", columns=32)
    with Image.open(io.BytesIO(machine.paper_png())) as picture:
        assert picture.width == 32 * 12 + 2 * MARGIN
    assert isinstance(machine.paper.receipts[0].items[0], Line)
    assert not any(isinstance(item, Symbol) for item in machine.paper.hanging.items)


async def test_reversed_character_is_white_on_black() -> None:
    plain, turned = image_of(await whole(b"!\n")), image_of(await whole(b"\x1dB\x01!\n"))
    cell = {(x, y) for x in range(12) for y in range(24)}
    assert black_dots(turned) == cell - black_dots(plain)
    assert black_dots(plain)
