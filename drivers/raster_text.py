"""A line of text as a picture of one bit a dot: each run in just the dots that it was laid out in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Final

from drivers.raster_fonts import Font, drawn_font, fonts
from drivers.raster_shaping import Segment, display_cells, guessed_language, segments, shape
from edge_gateway.contracts.bitmap import Bitmap, RasterRun
from edge_gateway.contracts.printed_text import Font as FontName

if TYPE_CHECKING:
    from PIL.Image import Image

BASE_LINE: Final = 22 / 30
"""Of a line's height from above: room for two marks above a Thai letter, and for the bowl of an Arabic one."""
MONO_EM: Final = 5 / 3
"""Ems of the monospaced font in cells: its characters are 0.6 em wide."""
WIDE_EM: Final = 2.0
"""Ems of the fonts of ideographs: a character is 1 em wide, and stands in two cells."""
SHAPED_EM: Final = 11 / 6
INK: Final = 112
"""Darkness (of 255) from which a dot of a squeezed picture is black: thin strokes stay whole."""
CELLS_KEPT: Final = 1024
"""Characters that were drawn: two megabytes at the most."""
WIDE_FONTS: Final = frozenset({"chinese", "japanese", "korean"})


@dataclass(frozen=True, slots=True)
class _Pen:
    """``cell``, ``height``: in dots, both magnified by ``scale``, the height of the style: drawn so, and then made as
    wide as the style says."""

    cell: int
    height: int
    scale: int
    is_right_to_left: bool

    @property
    def base(self) -> int:
        return round(self.height * BASE_LINE)


@dataclass(frozen=True, slots=True)
class _DrawnRun:
    """``used``: dots from where reading begins to where its text ends."""

    run: RasterRun
    picture: Image
    used: int

    @property
    def is_blank(self) -> bool:
        """A gap between columns."""
        return self.run.text.isspace()


def draw_line(
    runs: Sequence[RasterRun], font_dots: Mapping[FontName, int], line_dots: int, language: str | None
) -> Bitmap:
    """The runs side by side on one base line."""
    from PIL import Image

    language = language or guessed_language("".join(run.text for run in runs))
    drawn = [_draw_run(run, font_dots[run.style.font], line_dots, language) for run in runs]
    height = max((each.picture.height for each in drawn), default=line_dots)
    line = Image.new("1", (max(1, sum(run.dots for run in runs)), height), 0)
    left = 0
    for is_blank, group in groupby(drawn, key=lambda each: each.is_blank):
        members = list(group)
        # Blank runs keep their width: they are gaps between columns.
        whole = [replace(each, used=each.run.dots) for each in members] if is_blank else members
        _place(whole, left, height, line)
        left += sum(each.run.dots for each in members)
    return Bitmap(line.width, line.height, line.tobytes())


def _place(members: Sequence[_DrawnRun], left: int, height: int, line: Image) -> None:
    """Runs that belong together, without the room that letters narrower than their cells leave between them."""
    align = members[0].run.align or ("right" if members[-1].run.is_right_to_left else "left")
    free = sum(each.run.dots - each.used for each in members)
    at = left + {"left": 0, "center": free // 2, "right": free}[align]
    for each in members:
        picture, used = each.picture, each.used
        start = picture.width - used if each.run.is_right_to_left else 0
        part = picture.crop((start, 0, start + used, picture.height))
        line.paste(part, (at, round((height - picture.height) * BASE_LINE)))
        at += used


def missing_in(text: str) -> int:
    """Characters of the text that no font has."""
    return sum(display_cells(character) > 0 and not any(font.has(character) for font in fonts()) for character in text)


def _draw_run(run: RasterRun, cell_dots: int, line_dots: int, language: str | None) -> _DrawnRun:
    from PIL import Image, ImageChops, ImageDraw

    style = run.style
    pen = _Pen(cell_dots * style.height, line_dots * style.height, style.height, run.is_right_to_left)
    parts = segments(run.text, language, is_right_to_left=run.is_right_to_left)
    wanted = round(run.dots * style.height / style.width)
    width = max(wanted, sum(part.cells for part in parts) * pen.cell)
    picture = Image.new("1", (width, pen.height), 0)
    used = 0
    for part, left in _placed(parts, width, pen):
        used = max(used, width - left if run.is_right_to_left else left + part.width)
        box = (left, 0, left + part.width, part.height)
        picture.paste(ImageChops.logical_or(part, picture.crop(box)), box[:2])
    picture = _squeezed(picture, run.dots)
    if style.is_bold or style.is_double_struck:
        struck = Image.new("1", picture.size, 0)
        struck.paste(picture, (max(1, cell_dots * style.width // 12), 0))
        picture = ImageChops.logical_or(picture, struck)
    if style.underline:
        top = pen.base + 3 * style.height
        ImageDraw.Draw(picture).rectangle((0, top, picture.width, top + style.underline * style.height - 1), fill=255)
    if style.is_inverted:
        picture = ImageChops.invert(picture)
    if style.is_upside_down:
        return _DrawnRun(run, picture.rotate(180), run.dots)
    return _DrawnRun(run, picture, min(run.dots, round(used * run.dots / width)) if width else 0)


def _placed(parts: Sequence[Segment], width: int, pen: _Pen) -> Iterator[tuple[Image, int]]:
    """Pictures and their left ends. What is not fixed moves up to its neighbour, from where reading begins."""
    at = 0
    for is_fixed, group in groupby(parts, key=lambda part: part.is_fixed):
        members = list(group)
        box = sum(part.cells for part in members) * pen.cell
        picture = _joined([_draw_segment(part, pen) for part in members], box, pen)
        left = at
        if pen.is_right_to_left:
            left = width - at - (box if is_fixed or not box else picture.width)
        yield picture, max(0, left)
        at += box


def _joined(pictures: Sequence[Image], box: int, pen: _Pen) -> Image:
    """Side by side in reading direction, squeezed into the box where it is too small."""
    from PIL import Image

    joined = Image.new("1", (sum(each.width for each in pictures), pen.height), 0)
    left = 0
    for each in reversed(pictures) if pen.is_right_to_left else pictures:
        joined.paste(each, (left, 0))
        left += each.width
    return _squeezed(joined, min(joined.width, box) if box else joined.width)


def _draw_segment(segment: Segment, pen: _Pen) -> Image:
    if segment.font is None:
        return _boxes(segment, pen)
    return _in_cells(segment, pen) if not segment.font.is_shaped else _flowing(segment, pen)


def _flowing(segment: Segment, pen: _Pen) -> Image:
    """As wide as its glyphs are."""
    from PIL import Image

    assert segment.font is not None
    glyphs, units = shape(segment.text, segment.font, is_right_to_left=pen.is_right_to_left)
    size = round(pen.cell * SHAPED_EM)
    scale = size / segment.font.units_per_em
    picture = Image.new("1", (max(1, round(units * scale)), pen.height), 0)
    for character, x, y in glyphs:
        if (glyph := _glyph(segment.font, size, character)) is not None:
            ink, left, top = glyph
            picture.paste(255, (round(x * scale) + left, pen.base - round(y * scale) + top), ink)
    return picture


@lru_cache(CELLS_KEPT)
def _glyph(font: Font, size: int, character: str) -> tuple[Image, int, int] | None:
    """A glyph, and where its upper left corner stands from its place on the base line; None: it has no ink."""
    from PIL import Image, ImageDraw

    drawn = drawn_font(font, size)
    left, top, right, bottom = map(int, drawn.getbbox(character, mode="1", anchor="ls"))
    if right <= left or bottom <= top:
        return None
    ink = Image.new("1", (right - left, bottom - top), 0)
    ImageDraw.Draw(ink).text((-left, -top), character, 255, drawn, anchor="ls")
    return ink, left, top


def _in_cells(segment: Segment, pen: _Pen) -> Image:
    """Character by character, each in its own cells; marks over the character before them."""
    from PIL import Image, ImageDraw

    assert segment.font is not None
    is_wide = segment.font.name in WIDE_FONTS
    size = round(pen.cell * (WIDE_EM if is_wide else MONO_EM))
    picture = Image.new("1", (max(1, segment.cells) * pen.cell, pen.height), 0)
    draw = ImageDraw.Draw(picture)
    left = 0
    for character in segment.text:
        cells = display_cells(character)
        if cells:
            picture.paste(_cell(segment.font, size, character, cells * pen.cell, pen.height), (left, 0))
        else:
            place = (max(0, left - pen.cell), pen.base)
            draw.text(place, character, 255, drawn_font(segment.font, size), anchor="ls")
        left += cells * pen.cell
    return picture


@lru_cache(CELLS_KEPT)
def _cell(font: Font, size: int, character: str, width: int, height: int) -> Image:
    """One character in its cell; what is wider is squeezed. To have it from before is 40 times as fast."""
    from PIL import Image, ImageDraw

    drawn = drawn_font(font, size)
    needed = max(width, ceil(drawn.getlength(character)))
    picture = Image.new("1", (needed, height), 0)
    ImageDraw.Draw(picture).text((0, round(height * BASE_LINE)), character, 255, drawn, anchor="ls")
    return _squeezed(picture, width)


def _boxes(segment: Segment, pen: _Pen) -> Image:
    """A box for each character that no font has; nothing for spaces."""
    from PIL import Image, ImageDraw

    picture = Image.new("1", (max(1, segment.cells) * pen.cell, pen.height), 0)
    draw = ImageDraw.Draw(picture)
    left = 0
    for character in segment.text:
        width = display_cells(character) * pen.cell
        if width and character != " ":
            edge = pen.scale
            draw.rectangle((left + edge, pen.base // 3, left + width - 2 * edge, pen.base), outline=255, width=edge)
        left += width
    return picture


def _squeezed(picture: Image, width: int) -> Image:
    """Narrower or wider, as high as it was."""
    from PIL import Image

    if picture.width == width:
        return picture
    if not width or not picture.width:
        return Image.new("1", (width, picture.height), 0)
    grey = picture.convert("L").resize((width, picture.height), Image.Resampling.BOX)
    return grey.point(lambda level: 255 * (level >= INK), "1")
