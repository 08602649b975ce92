"""Characters of a simulated printer, drawn in its cells with the packaged fonts."""

from __future__ import annotations

import importlib.resources
import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFont

from simulators.escpos_paper import Glyph

IDEOGRAPHS = ("chinese", "japanese", "korean")
KANA = range(0x3040, 0x3100)
BASE_LINE = 19 / 24
"""Share of a cell above it; below it there is room for the tail of a g."""
IDEOGRAPH_BASE_LINE = 21 / 24
EM_OF_CELL = 5 / 3
"""The monospaced font's characters are 0.6 em wide."""
CELLS_KEPT = 2048


@lru_cache(maxsize=CELLS_KEPT)
def cell(glyph: Glyph, is_japanese: bool = False) -> Image.Image:
    """Black on nothing (mode 1, 1 is ink), in its full size on paper."""
    style = glyph.style
    drawn = _drawn(glyph.character, glyph.cells, *glyph.cell, is_japanese)
    if style.is_bold or style.is_double_struck:
        struck = Image.new("1", drawn.size, 0)
        struck.paste(drawn, (1, 0))
        drawn = ImageChops.logical_or(drawn, struck)
    drawn = drawn.resize((drawn.width * style.width, drawn.height * style.height), Image.Resampling.NEAREST)
    if style.underline:
        bottom = drawn.height - 1
        ImageDraw.Draw(drawn).rectangle((0, bottom - style.underline + 1, drawn.width, bottom), fill=255)
    return ImageChops.invert(drawn) if style.is_reversed else drawn


def _drawn(character: str, cells: int, cell: int, height: int, is_japanese: bool) -> Image.Image:
    width = cells * cell
    picture = Image.new("1", (width, height), 0)
    draw = ImageDraw.Draw(picture)
    name = _font_of(character, is_japanese)
    if name is None:
        if not character.isspace():
            draw.rectangle((1, 3, width - 3, height - 6), outline=255)
        return picture
    # An ideograph stands from its left edge, everything else in the middle of its cell.
    is_ideograph = name in IDEOGRAPHS
    base = round((IDEOGRAPH_BASE_LINE if is_ideograph else BASE_LINE) * height)
    font = _font(name, min(height, 2 * cell) if is_ideograph else min(round(cell * EM_OF_CELL), height * 15 // 16))
    if font.getlength(character) > width:
        whole = Image.new("1", (2 * width, height), 0)
        ImageDraw.Draw(whole).text((0, base), character, 255, font, anchor="ls")
        return whole.convert("L").resize((width, height), Image.Resampling.BOX).point(lambda v: 255 * (v > 100), "1")
    left, anchor = (0.0, "ls") if is_ideograph else (width / 2, "ms")
    draw.text((left, base), character, 255, font, anchor=anchor)
    return picture


@lru_cache(maxsize=CELLS_KEPT)
def _font_of(character: str, is_japanese: bool) -> str | None:
    number = ord(character)
    names = [name for name, ranges in _coverage().items() if any(first <= number <= last for first, last in ranges)]
    if is_japanese and "japanese" in names and names[0] in IDEOGRAPHS:
        return "japanese"
    return names[0] if names else None


@lru_cache(maxsize=32)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    file = next(entry["file"] for entry in _index() if entry["name"] == name)
    return ImageFont.truetype(str(_folder() / file), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _coverage() -> dict[str, list[tuple[int, int]]]:
    covered = {}
    for entry in _index():
        ends = (each.split("-") for each in entry["covers"].split(" "))
        covered[entry["name"]] = [(int(first, 16), int(last, 16)) for first, last in ends]
    return covered


@cache
def _index() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((_folder() / "fonts.json").read_text("ascii"))
    return entries


def _folder() -> Path:
    return Path(str(importlib.resources.files("edge_gateway").joinpath("resources", "fonts")))
