"""Where lines break: at spaces, between ideographs, within a word only where it is wider than the line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocols.printers.layout_lines import Glyph, width_of
from protocols.printers.layout_width import cells

_NEVER_FIRST: Final = frozenset(
    "、。，．・：；？！）］｝」』〉》】〕ー…々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;?!)]}"
)
_NEVER_LAST: Final = frozenset("（［｛「『〈《【〔([{")
"""JIS X 4051, the part of it that a reader misses at once."""


def paragraphs(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """Cut at newlines, which are dropped."""
    found: list[list[Glyph]] = [[]]
    for glyph in glyphs:
        if glyph.text[0] == "\n":
            found.append([])
        else:
            found[-1].append(glyph)
    return found


def wrap(glyphs: Sequence[Glyph], width_dots: int) -> list[list[Glyph]]:
    """Lines of one paragraph, none wider than ``width_dots``; without the spaces that lines break at.

    A character that alone is wider than the line gets one of its own: so wrapping always ends.
    """
    lines: list[list[Glyph]] = []
    rest = _without_trailing_spaces(glyphs)
    while (fitting := _fitting(rest, width_dots)) < len(rest):
        end = _break_at(rest, fitting)
        lines.append(_without_trailing_spaces(rest[:end]))
        while end < len(rest) and _is_space(rest[end]):
            end += 1
        rest = rest[end:]
    lines.append(rest)
    return lines


def widest_word(glyphs: Sequence[Glyph]) -> int:
    """In dots: the least width that breaks no word."""
    widest = start = 0
    for index in range(1, len(glyphs) + 1):
        if index == len(glyphs) or glyphs[index].text[0] == "\n" or _may_break(glyphs, index):
            widest = max(widest, width_of(_without_trailing_spaces(glyphs[start:index])))
            start = index
    return widest


def _fitting(glyphs: Sequence[Glyph], width_dots: int) -> int:
    """How many first ones fit; at least one."""
    used = 0
    for index, glyph in enumerate(glyphs):
        used += glyph.dots
        if used > width_dots:
            return max(1, index)
    return len(glyphs)


def _break_at(glyphs: Sequence[Glyph], fitting: int) -> int:
    # A space right behind what fits counts too: it is whole words then. Leading spaces alone are no line.
    for index in range(fitting, 0, -1):
        if _may_break(glyphs, index) and not all(map(_is_space, glyphs[:index])):
            return index
    return fitting


def _may_break(glyphs: Sequence[Glyph], index: int) -> bool:
    """Whether a line may end before this glyph."""
    before, after = glyphs[index - 1].text[0], glyphs[index].text[0]
    if after == " ":
        return True
    if before == " ":
        return False  # there was a better place, before the space
    if before in _NEVER_LAST or after in _NEVER_FIRST:
        return False
    return cells(before) == 2 or cells(after) == 2


def _is_space(glyph: Glyph) -> bool:
    return glyph.text == " "


def _without_trailing_spaces(glyphs: Sequence[Glyph]) -> list[Glyph]:
    end = len(glyphs)
    while end and _is_space(glyphs[end - 1]):
        end -= 1
    return list(glyphs[:end])
