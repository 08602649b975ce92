"""Draws simulated paper as PNG, a dot for a dot: text in its cells, pictures, symbols that a reader can read back."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw

from simulators.escpos_glyphs import KANA, cell
from simulators.escpos_paper import ColumnImage, Gap, Glyph, Item, Line, Picture, Receipt, Symbol

MARGIN = 24
"""Of unprinted paper at each side: the quiet zone of what is as wide as the head."""
SYMBOL_GAP = 12
"""Above and below a symbol; printers leave it to the quiet zone."""
WHITE, BLACK, RED, CUT_GREY = range(4)
PALETTE = (255, 255, 255, 0, 0, 0, 200, 0, 0, 150, 150, 150)
"""One byte a dot: in true colour 20 m of paper would take 300 MB of a small box's memory."""
CUT_DOTS = 24
HEIGHT_DOTS_MAX = 200_000
"""Of a picture: 25 m of paper, above what one print takes. What comes behind it is not drawn."""


def png(receipts: Sequence[Receipt], paper_dots: int) -> bytes:
    """The receipts, one below the other, with a dashed line at each cut."""
    output = io.BytesIO()
    picture(receipts, paper_dots).save(output, "PNG", optimize=True)
    return output.getvalue()


def picture(receipts: Sequence[Receipt], paper_dots: int) -> Image.Image:
    """In colour, with the paper's margins."""
    height = min(HEIGHT_DOTS_MAX, _height(receipts))
    page = _blank(paper_dots + 2 * MARGIN, height + 2 * MARGIN)
    top = MARGIN
    for strip in _strips(receipts, paper_dots):
        if top - MARGIN + strip.height > height:
            break
        page.paste(strip, (MARGIN, top))
        top += strip.height
    return page


def _height(receipts: Sequence[Receipt]) -> int:
    cuts = CUT_DOTS * max(0, len(receipts) - 1)
    return cuts + sum(_item_height(item) for receipt in receipts for item in receipt.items)


def _item_height(item: Item) -> int:
    match item:
        case Symbol():
            return len(item.rows) * item.row_dots + 2 * SYMBOL_GAP
        case Picture():
            return item.height_dots * item.dot_height
        case Line():
            return item.fed_dots


def _strips(receipts: Sequence[Receipt], paper_dots: int) -> Iterator[Image.Image]:
    """One at a time: together they would take the paper's memory once more."""
    for number, receipt in enumerate(receipts):
        if number:
            yield _dashes(paper_dots)
        is_japanese = any(ord(glyph.character) in KANA for glyph in receipt.glyphs)
        for item in receipt.items:
            yield _draw(item, paper_dots, is_japanese)


def _blank(width: int, height: int) -> Image.Image:
    blank = Image.new("P", (width, height), WHITE)
    blank.putpalette(PALETTE)
    return blank


def _draw(item: Item, paper_dots: int, is_japanese: bool) -> Image.Image:
    match item:
        case Symbol():
            return _draw_symbol(item, paper_dots)
        case Picture():
            return _draw_picture(item, paper_dots)
        case Line():
            return _draw_line(item, paper_dots, is_japanese)


def _draw_line(line: Line, paper_dots: int, is_japanese: bool) -> Image.Image:
    block = _blank(max(1, line.dots), line.height_dots)
    left = 0
    for item in line.items:
        ink, is_red = _ink(item, is_japanese)
        if ink is not None:
            # Characters of different heights stand on one base line.
            block.paste(RED if is_red else BLACK, (left, line.height_dots - ink.height), ink)
        left += item.dots
    if line.is_upside_down:
        block = block.rotate(180)
    strip = _blank(paper_dots, line.fed_dots)
    strip.paste(block, (_left(line, paper_dots), 0))
    return strip


def _ink(item: Glyph | ColumnImage | Gap, is_japanese: bool) -> tuple[Image.Image | None, bool]:
    match item:
        case Glyph():
            return cell(item, is_japanese), item.style.is_red
        case ColumnImage():
            return _column_image(item), item.is_red
        case Gap():
            return None, False


def _column_image(image: ColumnImage) -> Image.Image:
    upright = Image.frombytes("1", (image.bits, len(image.columns)), b"".join(
        column.to_bytes(image.bits // 8, "big") for column in image.columns
    ))  # fmt: skip
    turned = upright.transpose(Image.Transpose.TRANSPOSE)
    return turned.resize((image.dots, image.height_dots), Image.Resampling.NEAREST)


def _draw_picture(item: Picture, paper_dots: int) -> Image.Image:
    ink = Image.frombytes("1", (item.width_dots, item.height_dots), item.rows)
    if (item.dot_width, item.dot_height) != (1, 1):
        ink = ink.resize((item.dots, item.height_dots * item.dot_height), Image.Resampling.NEAREST)
    strip = _blank(paper_dots, ink.height)
    strip.paste(RED if item.is_red else BLACK, (_left(item, paper_dots), 0), ink)
    return strip


def _draw_symbol(symbol: Symbol, paper_dots: int) -> Image.Image:
    columns, rows = len(symbol.rows[0]), len(symbol.rows)
    ink = Image.new("1", (columns, rows), 0)
    ink.putdata([int(module) for row in symbol.rows for module in row])
    ink = ink.resize((columns * symbol.module_dots, rows * symbol.row_dots), Image.Resampling.NEAREST)
    strip = _blank(paper_dots, ink.height + 2 * SYMBOL_GAP)
    strip.paste(BLACK, (_left(symbol, paper_dots), SYMBOL_GAP), ink)
    return strip


def _dashes(paper_dots: int) -> Image.Image:
    strip = _blank(paper_dots, CUT_DOTS)
    draw = ImageDraw.Draw(strip)
    for left in range(0, paper_dots, 16):
        draw.line((left, 12, left + 8, 12), CUT_GREY, 1)
    return strip


def _left(item: Item, paper_dots: int) -> int:
    left, width = item.area or (0, paper_dots)
    free = max(0, width - item.dots)
    return left + (0, free // 2, free)[item.align]
