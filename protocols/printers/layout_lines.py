"""What the layout gives: lines of styled text in their places, measured in dots, and how it measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from edge_gateway.contracts.printed_text import PLAIN, Align, Font, TextRun, TextStyle
from protocols.printers.layout_width import cells, cleaned, clusters

CELL_DOTS: Final[Mapping[Font, int]] = {"a": 12, "b": 9}
"""Widths of the fonts of most receipt printers."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """What the layout must know of a printer. ``prepare``: text as this printer can show it, before it is measured.

    ``cells``: of one character, for a printer that has ideographs and prints some narrow characters as wide ones.
    """

    paper_dots: int = 504
    font_dots: Mapping[Font, int] = field(default_factory=lambda: CELL_DOTS)
    prepare: Callable[[str], str] = cleaned
    cells: Callable[[str], int] = cells

    def dots(self, text: str, style: TextStyle) -> int:
        """Width of text in one style; what is turned or emphasised is as wide as what is not."""
        return sum(map(self.cells, text)) * self.font_dots[style.font] * style.width


class Glyph(NamedTuple):
    """One character with its marks: what is never taken apart."""

    text: str
    dots: int
    style: TextStyle


@dataclass(frozen=True, slots=True)
class Segment:
    """Text in its place on a line: ``runs`` in reading order. ``left_dots`` None: as the line is aligned.

    ``align``: in ``dots``, where it is drawn in letters that are narrower than these.
    """

    runs: tuple[TextRun, ...]
    dots: int
    left_dots: int | None = None
    is_right_to_left: bool = False
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line, its segments from left to right without overlap. ``style``: of the gaps between them."""

    segments: tuple[Segment, ...]
    style: TextStyle = PLAIN
    align: Align = "left"

    @property
    def text(self) -> str:
        """In reading order, for tests and logs of tools."""
        return "".join(run.text for segment in self.segments for run in segment.runs)

    @property
    def height(self) -> int:
        """Of its tallest run, in multiples of a character."""
        return max((run.style.height for segment in self.segments for run in segment.runs), default=1)


def glyphs_of(runs: Sequence[TextRun], metrics: Metrics) -> list[Glyph]:
    """Prepared and measured."""
    return [
        Glyph(cluster, metrics.dots(cluster, run.style), run.style)
        for run in runs
        for cluster in clusters(metrics.prepare(run.text))
    ]


def runs_of(glyphs: Sequence[Glyph]) -> tuple[TextRun, ...]:
    """Neighbours of one style become one run."""
    runs: list[TextRun] = []
    start = 0
    for index in range(1, len(glyphs) + 1):
        if index == len(glyphs) or glyphs[index].style != glyphs[start].style:
            runs.append(TextRun("".join(glyph.text for glyph in glyphs[start:index]), glyphs[start].style))
            start = index
    return tuple(runs)


def width_of(glyphs: Sequence[Glyph]) -> int:
    """In dots."""
    return sum(glyph.dots for glyph in glyphs)
