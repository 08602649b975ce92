"""Lines of text as dots: every script, each in the cells it was laid out in."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.raster_fonts import font_of, fonts
from drivers.raster_shaping import display_cells, guessed_language, shape
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.bitmap import FONT_DOTS, Bitmap, RasterRun
from edge_gateway.contracts.printed_text import PLAIN, Align, TextStyle

RASTERISER = FontRasteriser()
SCRIPTS = {
    "latin": "Käse Łódź Ğ €",
    "greek": "Ευχαριστώ",
    "cyrillic": "Спасибо Ёж",
    "arabic": "شكرا لكم",
    "persian": "سپاس گچ",
    "hebrew": "תודה רבה",
    "thai": "ขอบคุณ น้ำ",
    "lao": "ຂອບໃຈ",
    "khmer": "អរគុណ",
    "myanmar": "ကျေးဇူး",
    "devanagari": "धन्यवाद",
    "bengali": "ধন্যবাদ",
    "gurmukhi": "ਧੰਨਵਾਦ",
    "gujarati": "આભાર",
    "tamil": "நன்றி",
    "telugu": "ధన్యవాదాలు",
    "kannada": "ಧನ್ಯವಾದ",
    "malayalam": "നന്ദി",
    "sinhala": "ස්තූතියි",
    "georgian": "მადლობა",
    "armenian": "շնորհակալություն",
    "ethiopic": "አመሰግናለሁ",
    "japanese": "ありがとう 合計 ㈱ ｱｲｳ",
    "chinese": "谢谢 合计",
    "taiwanese": "謝謝 總計",
    "korean": "감사합니다",
}
RIGHT_TO_LEFT = {"arabic", "persian", "hebrew"}


def cells_of(text: str) -> int:
    return sum(map(display_cells, unicodedata.normalize("NFC", text)))


def drawn(text: str, style: TextStyle = PLAIN, *, is_right_to_left: bool = False, cells: int | None = None) -> Bitmap:
    dots = (cells_of(text) if cells is None else cells) * FONT_DOTS[style.font] * style.width
    run = RasterRun(text, dots, is_right_to_left, style)
    return RASTERISER.text([run])


def ink_of(bitmap: Bitmap) -> int:
    return sum(byte.bit_count() for byte in bitmap.rows)


def columns_with_ink(bitmap: Bitmap) -> list[int]:
    rows = [bitmap.slice(row, 1).rows for row in range(bitmap.height_dots)]
    return [x for x in range(bitmap.width_dots) if any(row[x // 8] & 0x80 >> x % 8 for row in rows)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_drawn_whole_in_its_cells(script: str) -> None:
    text = SCRIPTS[script]
    assert RASTERISER.missing(text) == 0
    bitmap = drawn(text, is_right_to_left=script in RIGHT_TO_LEFT)
    assert (bitmap.width_dots, bitmap.height_dots) == (cells_of(text) * 12, 30)
    inked = columns_with_ink(bitmap)
    assert len(inked) > bitmap.width_dots // 3
    assert ink_of(drawn(text, TextStyle(is_bold=True), is_right_to_left=script in RIGHT_TO_LEFT)) > ink_of(bitmap)


def test_small_font_is_narrower_and_lower() -> None:
    small, plain = drawn("Hg", TextStyle(font="b")), drawn("Hg")
    assert (small.width_dots, plain.width_dots) == (18, 24)
    assert ink_of(small) < ink_of(plain)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 2), (2, 2), (3, 5), (8, 8)])
@pytest.mark.parametrize("script", ["latin", "arabic", "thai", "japanese"])
def test_magnified_text_fills_its_magnified_cells(script: str, size: tuple[int, int]) -> None:
    text = SCRIPTS[script]
    style = TextStyle(width=size[0], height=size[1])
    plain, large = (drawn(text, each, is_right_to_left=script in RIGHT_TO_LEFT) for each in (PLAIN, style))
    assert (large.width_dots, large.height_dots) == (plain.width_dots * size[0], plain.height_dots * size[1])
    share = ink_of(large) / ink_of(plain) / (size[0] * size[1])
    assert 0.6 < share < 1.5


def test_arabic_letters_join_and_read_from_the_right() -> None:
    arabic = next(font for font in fonts() if font.name == "arabic")
    letters = "ببب"
    joined, _ = shape(letters, arabic, is_right_to_left=True)
    alone = {shape(letter, arabic, is_right_to_left=True)[0][0].character for letter in letters}
    assert len({glyph.character for glyph in joined}) == 3, "the first, the middle and the last form differ"
    assert not alone & {glyph.character for glyph in joined}
    # Shorter than its cells, it stands where reading begins.
    assert columns_with_ink(drawn("ا", is_right_to_left=True, cells=4))[0] > 36
    assert columns_with_ink(drawn("ก", cells=4))[-1] < 24


@pytest.mark.parametrize(("text", "is_right_to_left"), [("سوق المدينة", True), ("กก", False)])
def test_letters_narrower_than_their_cells_stand_as_the_text_is_aligned(text: str, is_right_to_left: bool) -> None:
    room = {}
    for align in ("left", "center", "right"):
        run = RasterRun(text, 240, is_right_to_left, PLAIN, cast(Align, align))
        inked = columns_with_ink(RASTERISER.text([run]))
        room[align] = (inked[0], 239 - inked[-1])
    assert room["left"][0] < 4
    assert room["right"][1] < 4
    assert abs(room["center"][0] - room["center"][1]) < 6


def test_marks_of_thai_stand_above_one_another() -> None:
    both, plain = drawn("ที่"), drawn("ท")
    assert both.width_dots == plain.width_dots == 12
    tops = [next(row for row in range(30) if any(each.slice(row, 1).rows)) for each in (both, plain)]
    assert tops[0] < tops[1] - 4


def test_figures_behind_flowing_text_stay_in_their_column() -> None:
    for left in ("ชาเย็น", "ข้าว"):
        text = left + " " * (20 - cells_of(left)) + "45.00"
        only = " " * 20 + "45.00"
        right = [column for column in columns_with_ink(drawn(text)) if column >= 240]
        assert right == columns_with_ink(drawn(only))


def test_brackets_of_text_from_the_right_are_mirrored() -> None:
    assert drawn("(", is_right_to_left=True).rows == drawn(")").rows


def test_ideographs_take_the_shape_of_their_language() -> None:
    assert guessed_language("ありがとう") == "ja"
    assert guessed_language("谢谢") is None
    runs = [RasterRun("直", 24)]
    chinese, japanese = (RASTERISER.text(runs, language=language) for language in ("zh", "ja"))
    assert chinese.rows != japanese.rows
    assert RASTERISER.text(runs).rows == chinese.rows


def test_character_that_no_font_has_is_a_box_and_is_counted() -> None:
    assert font_of("😀", None) is None
    assert RASTERISER.missing("😀 a ᚠ") == 2
    assert ink_of(drawn("😀")) > 40


def test_styles_change_the_dots() -> None:
    plain = drawn("Ab")
    area = plain.width_dots * plain.height_dots
    assert ink_of(drawn("Ab", TextStyle(is_inverted=True))) == area - ink_of(plain)
    assert ink_of(drawn("Ab", TextStyle(is_upside_down=True))) == ink_of(plain)
    assert ink_of(drawn("  ", TextStyle(underline=2))) == 2 * 24
    assert drawn("Ab", TextStyle(is_double_struck=True)).rows == drawn("Ab", TextStyle(is_bold=True)).rows


def test_line_of_several_runs_stands_on_one_base_line() -> None:
    small, tall = RasterRun("x", 12), RasterRun("x", 12, style=TextStyle(height=3))
    bitmap = RASTERISER.text([small, tall])
    assert (bitmap.width_dots, bitmap.height_dots) == (24, 90)
    bottoms = []
    for columns in (range(12), range(12, 24)):
        rows = [bitmap.slice(row, 1).rows for row in range(90)]
        bottoms.append(max(row for row in range(90) for x in columns if rows[row][x // 8] & 0x80 >> x % 8))
    assert abs(bottoms[0] - bottoms[1]) <= 2


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30), is_right_to_left=st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_text_is_drawn_in_its_cells(text: str, is_right_to_left: bool) -> None:
    cells = cells_of(text)
    bitmap = drawn(text, is_right_to_left=is_right_to_left, cells=cells)
    assert (bitmap.width_dots, bitmap.height_dots) == (max(1, cells * 12), 30)


def test_simple_scripts_are_drawn_without_the_shaper() -> None:
    program = (
        "import json, sys\n"
        "from drivers.rasteriser import FontRasteriser\n"
        "from edge_gateway.contracts.bitmap import RasterRun\n"
        "rasteriser = FontRasteriser()\n"
        "before = [name in sys.modules for name in ('PIL', 'uharfbuzz')]\n"
        "rasteriser.text([RasterRun('Käse 合計', 108)])\n"
        "print(json.dumps([before, 'uharfbuzz' in sys.modules]))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [[False, False], False]
