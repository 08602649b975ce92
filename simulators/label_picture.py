"""Draws simulated labels as PNG, a dot for a dot. Printers' own fonts are not ours to have: their text is drawn in the
packaged one, as high as they say."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw

from simulators.escpos_glyphs import cell
from simulators.escpos_paper import Glyph, Style
from simulators.escpos_symbols import SymbolError
from simulators.label_parts import Drawn, PrintedLabel
from simulators.label_symbols import linear, two_dimensional

MARGIN = 8
"""Grey around each label: where the liner shows."""
LINER, WHITE, BLACK = 200, 255, 0
TEXT_DOTS = 20
"""Height of the letters below a barcode."""
_TURNS = {"N": 0, "R": 1, "I": 2, "B": 3}


class LabelPicture:
    """``problems``: what would not be printed."""

    def __init__(self, language: str) -> None:
        self.problems: list[str] = []
        self._language = language

    def png(self, labels: Sequence[PrintedLabel]) -> bytes:
        """The labels, one below the other."""
        drawn = [self._label(label) for label in labels] or [Image.new("L", (1, 1), WHITE)]
        width = max(each.width for each in drawn) + 2 * MARGIN
        page = Image.new("L", (width, sum(each.height + MARGIN for each in drawn) + MARGIN), LINER)
        top = MARGIN
        for each in drawn:
            page.paste(each, (MARGIN, top))
            top += each.height + MARGIN
        out = io.BytesIO()
        page.quantize(4, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        return out.getvalue()

    def _label(self, label: PrintedLabel) -> Image.Image:
        page = Image.new("L", (max(1, label.width), max(1, label.height)), WHITE)
        for item in label.items:
            try:
                ink, rotation = self._ink(item)
            except (SymbolError, KeyError) as error:
                self.problems.append(f"{item.kind} at {item.x}, {item.y}: {error}")
                continue
            turned = ink.rotate(-90 * rotation, expand=True)
            left, top = self._corner(item, turned, rotation)
            if left < 0 or top < 0 or left + turned.width > page.width or top + turned.height > page.height:
                self.problems.append(f"{item.kind} at {item.x}, {item.y} does not fit the label")
            page.paste(BLACK, (left, top), turned)
        return page

    def _corner(self, item: Drawn, turned: Image.Image, rotation: int) -> tuple[int, int]:
        """ZPL places the upper left corner of what is turned; the others turn about the place itself."""
        if self._language == "zpl":
            return item.x, item.y
        left = item.x - (turned.width if rotation in (1, 2) else 0)
        return left, item.y - (turned.height if rotation in (2, 3) else 0)

    def _ink(self, item: Drawn) -> tuple[Image.Image, int]:
        about: Any = item.about
        rotation = about.get("rotation", 0)
        rotation = _TURNS[rotation] if isinstance(rotation, str) else int(rotation)
        match item.kind:
            case "text":
                width = about.get("width") or about["height"] // 2
                return _text(str(about["data"]), width, about["height"]), rotation
            case "picture":
                return Image.frombytes("1", (about["width"], about["height"]), bytes(about["data"])), 0
            case "box":
                return _box(about["width"], about["height"], about["thickness"]), 0
            case "barcode":
                modules, text = linear(self._language, about)
                return _barcode(modules, about, text), rotation
            case _:
                rows, row_modules = two_dimensional(self._language, about)
                return _modules(rows, about["module"], about["module"] * row_modules), 0


def _text(text: str, width: int, height: int) -> Image.Image:
    picture = Image.new("1", (max(1, len(text) * width), height), 0)
    for place, character in enumerate(text):
        picture.paste(cell(Glyph(character, Style(), cell=(width, height))), (place * width, 0))
    return picture


def _box(width: int, height: int, thickness: int) -> Image.Image:
    picture = Image.new("1", (width, height), 0)
    ImageDraw.Draw(picture).rectangle((0, 0, width - 1, height - 1), outline=255, width=thickness)
    return picture


def _barcode(modules: Sequence[bool], about: Any, text: str) -> Image.Image:
    bars = _modules([list(modules)], about["module"], about["height"])
    if not about.get("has_text"):
        return bars
    letters = _text(text, TEXT_DOTS // 2, TEXT_DOTS)
    picture = Image.new("1", (bars.width, bars.height + TEXT_DOTS), 0)
    picture.paste(bars, (0, 0))
    picture.paste(letters, (max(0, (bars.width - letters.width) // 2), bars.height))
    return picture


def _modules(rows: Sequence[Sequence[bool]], width: int, height: int) -> Image.Image:
    ink = Image.new("1", (len(rows[0]), len(rows)), 0)
    ink.putdata([255 if module else 0 for row in rows for module in row])
    return ink.resize((len(rows[0]) * width, len(rows) * height), Image.Resampling.NEAREST)
