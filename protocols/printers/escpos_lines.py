"""Laid out lines as ESC/POS: as text where the printer has every character of a line, else the line as a picture."""

from __future__ import annotations

from typing import Final

from edge_gateway.contracts.bitmap import Bitmap, RasterRun
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printed_text import PLAIN, Align, TextStyle
from protocols.printers.character_sets import CharacterSets
from protocols.printers.escpos_options import EncoderOptions
from protocols.printers.escpos_raster import raster_commands, stacked
from protocols.printers.escpos_stream import EscposStream
from protocols.printers.layout_bidi import directed_runs
from protocols.printers.layout_lines import Line, Metrics, Segment

DRAWN_DOTS_MAX: Final = 16_777_216
"""Of all lines drawn in one print: two megabytes, four metres of 80 mm paper."""


class LineWriter:
    """Neighbouring lines that are drawn become one picture. ``missing_count``: characters drawn as a box."""

    def __init__(self, stream: EscposStream, sets: CharacterSets, metrics: Metrics, options: EncoderOptions) -> None:
        self.missing_count = 0
        self._stream = stream
        self._sets = sets
        self._metrics = metrics
        self._options = options
        self._drawn: list[Bitmap] = []
        self._drawn_align: Align = "left"
        self._drawn_style = PLAIN
        self._drawn_dots = 0

    def write(self, line: Line) -> None:
        """Print it, or keep it for a picture."""
        options = self._options
        if options.is_drawn_whole or (options.can_draw and not self._sets.has(line.text)):
            style = PLAIN._replace(colour="red") if self._is_red(line) else PLAIN
            if (line.align, style) != (self._drawn_align, self._drawn_style):
                self.finish()
            self._drawn_align, self._drawn_style = line.align, style
            self._drawn.append(self._draw(line, is_red=style is not PLAIN))
            return
        self.finish()
        style = self._printed(line.style)
        self._stream.begin_line(line.align, None if line.segments else style)
        at = 0
        for segment in line.segments:
            if segment.left_dots is not None:
                at += self._gap(segment.left_dots - at, style)
            for run in directed_runs(segment.runs, segment.is_right_to_left):
                self._stream.text(run.shown, self._printed(run.style))
            at += segment.dots
        self._stream.end_line()

    def finish(self) -> None:
        """Print the lines kept for a picture."""
        if self._drawn:
            picture = stacked(self._drawn, self._drawn_align)
            self._drawn.clear()
            self._stream.begin_line(self._drawn_align, self._drawn_style)
            self._stream.command(raster_commands(picture, self._options.raster))

    def _gap(self, dots: int, style: TextStyle) -> int:
        """Spaces, as far as they go. Returns their width in dots."""
        gap = _of_gap(style)
        unit = self._metrics.font_dots[gap.font] * gap.width
        if dots % unit:
            gap, unit = gap._replace(width=1), self._metrics.font_dots[gap.font]
        count = max(0, dots) // unit
        if count:
            self._stream.text(" " * count, gap)
        return count * unit

    def _printed(self, style: TextStyle) -> TextStyle:
        return _in_one_colour(style) if self._options.colours == 1 else style

    def _is_red(self, line: Line) -> bool:
        """All of it: a picture has one colour."""
        styles = [run.style for segment in line.segments for run in segment.runs if not run.text.isspace()]
        return self._options.colours == 2 and bool(styles) and all(style.colour == "red" for style in styles)

    def _draw(self, line: Line, *, is_red: bool) -> Bitmap:
        rasteriser = self._options.rasteriser
        assert rasteriser is not None  # asked before: can_draw
        self._drawn_dots += line.height * self._options.line_dots * self._metrics.paper_dots
        if self._drawn_dots > DRAWN_DOTS_MAX:
            raise RequestError(
                ErrorCode.INVALID_REQUEST, "document: too much text that this printer prints as a picture; print less"
            )
        self.missing_count += rasteriser.missing(line.text)
        return rasteriser.text(
            self._raster_runs(line, is_red=is_red), font_dots=self._options.font_dots, line_dots=self._options.line_dots
        )

    def _raster_runs(self, line: Line, *, is_red: bool) -> list[RasterRun]:
        runs: list[RasterRun] = []
        at = 0
        for segment in line.segments:
            if segment.left_dots is not None and segment.left_dots > at:
                runs.append(RasterRun(" ", segment.left_dots - at, style=_of_gap(line.style)))
                at = segment.left_dots
            runs += self._segment_runs(segment, is_red=is_red)
            at += segment.dots
        return runs

    def _segment_runs(self, segment: Segment, *, is_red: bool) -> list[RasterRun]:
        return [
            RasterRun(
                run.text,
                self._metrics.dots(run.text, run.style),
                run.is_right_to_left,
                run.style if is_red else _in_one_colour(run.style),
                segment.align,
            )
            for run in directed_runs(segment.runs, segment.is_right_to_left)
        ]


def _in_one_colour(style: TextStyle) -> TextStyle:
    """Red is white on black: a cook sees it."""
    return style._replace(colour="black", is_inverted=True) if style.colour == "red" else style


def _of_gap(style: TextStyle) -> TextStyle:
    """Blank paper between two texts is neither underlined nor black."""
    return style._replace(underline=0, is_inverted=False)
