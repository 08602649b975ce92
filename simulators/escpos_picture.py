"""Draws simulated paper as PNG: characters in cells, barcodes and QR codes so that a reader can read them back."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from simulators.escpos_paper import Glyph, Line, Receipt, Symbol

CELL_WIDTH = 12
CELL_HEIGHT = 24
LINE_GAP = 6
MARGIN = 24
FONT_SIZE = 19
WHITE, BLACK = 255, 0


def png(receipts: Sequence[Receipt], columns: int) -> bytes:
    """The receipts, one below the other, with a dashed line at each cut."""
    paper_width = columns * CELL_WIDTH
    strips: list[Image.Image] = []
    for receipt in receipts:
        if strips:
            strips.append(_dashes(paper_width))
        strips += [_draw(item, paper_width) for item in receipt.items]
    height = sum(strip.height for strip in strips) + 2 * MARGIN
    page = Image.new("L", (paper_width + 2 * MARGIN, height), WHITE)
    top = MARGIN
    for strip in strips:
        page.paste(strip, (MARGIN, top))
        top += strip.height
    output = io.BytesIO()
    page.save(output, "PNG", optimize=True)
    return output.getvalue()


def _draw(item: Line | Symbol, paper_width: int) -> Image.Image:
    if isinstance(item, Symbol):
        return _draw_symbol(item, paper_width)
    height = item.height * CELL_HEIGHT
    strip = Image.new("L", (paper_width, height + LINE_GAP), WHITE)
    left = _left(item.align, item.width * CELL_WIDTH, paper_width)
    for glyph in item.glyphs:
        cell = _cell(glyph)
        # Characters of different heights stand on one base line.
        strip.paste(cell, (left, height - cell.height))
        left += cell.width
    return strip


def _draw_symbol(symbol: Symbol, paper_width: int) -> Image.Image:
    columns = len(symbol.rows[0])
    image = Image.new("L", (columns, len(symbol.rows)), WHITE)
    image.putdata([BLACK if module else WHITE for row in symbol.rows for module in row])
    size = (columns * symbol.module_dots, len(symbol.rows) * symbol.row_dots)
    image = image.resize(size, Image.Resampling.NEAREST)
    strip = Image.new("L", (paper_width, image.height + MARGIN), WHITE)
    strip.paste(image, (_left(symbol.align, image.width, paper_width), MARGIN // 2))
    return strip


@lru_cache(maxsize=1024)
def _cell(glyph: Glyph) -> Image.Image:
    style = glyph.style
    cell = Image.new("L", (CELL_WIDTH * glyph.cells, CELL_HEIGHT), WHITE)
    draw = ImageDraw.Draw(cell)
    for shift in (0, 1) if style.is_bold else (0,):
        # In the middle of its cell: the font is proportional, a printer's is not.
        draw.text((cell.width // 2 + shift, CELL_HEIGHT - 6), glyph.character, BLACK, _font(), anchor="ms")
    if style.is_underlined:
        draw.line((0, CELL_HEIGHT - 2, cell.width, CELL_HEIGHT - 2), BLACK, 2)
    if style.is_reversed:
        cell = cell.point([WHITE - level for level in range(256)])
    return cell.resize((cell.width * style.width, cell.height * style.height), Image.Resampling.NEAREST)


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT_SIZE)


def _dashes(paper_width: int) -> Image.Image:
    strip = Image.new("L", (paper_width, CELL_HEIGHT), WHITE)
    draw = ImageDraw.Draw(strip)
    for left in range(0, paper_width, 16):
        draw.line((left, CELL_HEIGHT // 2, left + 8, CELL_HEIGHT // 2), BLACK, 1)
    return strip


def _left(align: int, width: int, paper_width: int) -> int:
    return (0, max(0, paper_width - width) // 2, max(0, paper_width - width))[align]
