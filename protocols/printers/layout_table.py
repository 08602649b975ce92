"""Tables and two columns: how wide each column is, and cells that are wrapped beside one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from edge_gateway.contracts.document import ColumnsElement, TableElement
from edge_gateway.contracts.document_text import text_runs
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printed_text import Align, TextStyle
from protocols.printers.layout_bidi import reads_right_to_left
from protocols.printers.layout_lines import Glyph, Line, Metrics, Segment, glyphs_of, runs_of, width_of
from protocols.printers.layout_wrap import paragraphs, widest_word, wrap

RIGHT_GAP_CELLS: Final = 1
"""Between the left and the right text of a line."""
LEFT_CELLS_MIN: Final = 8
"""Narrowest wrapped left text; a right text that leaves less goes to lines of its own."""
_CELLS_OF_WIDE: Final = 2
"""No column is so narrow that an ideograph does not fit."""

Cell = list[Glyph]


class Placed(NamedTuple):
    """A line of a cell, and where it stands."""

    glyphs: Cell
    left: int
    align: Align


def two_columns(element: ColumnsElement, metrics: Metrics) -> list[Line]:
    """The left text, wrapped beside the right one, which stands at the right edge of the last line."""
    style = element.style()
    cell_dots = metrics.font_dots[style.font] * style.width
    left = glyphs_of(text_runs(element.left, style), metrics)
    right = glyphs_of(text_runs(element.right, style), metrics)
    paper = metrics.paper_dots
    room = paper - width_of(right) - RIGHT_GAP_CELLS * cell_dots if right else paper
    if width_of(left) <= room:
        lines = [left]
    elif room >= LEFT_CELLS_MIN * cell_dots:
        lines = wrap(left, room)
    else:
        pieces = wrap(right, paper)
        return [
            *(Line(_segments([Placed(piece, 0, "left")]), style) for piece in wrap(left, paper)),
            *(Line(_segments([Placed(piece, paper - width_of(piece), "right")]), style) for piece in pieces),
        ]
    placed = [[Placed(line, 0, "left")] for line in lines]
    if right:
        placed[-1].append(Placed(right, paper - width_of(right), "right"))
    return [Line(_segments(line), style) for line in placed]


def table(element: TableElement, metrics: Metrics) -> list[Line]:
    """All rows. Raises RequestError(INVALID_REQUEST) for columns that do not fit the paper."""
    style = element.style()
    rows = [[glyphs_of(text_runs(cell, style), metrics) for cell in row] for row in element.rows]
    if element.header is not None:
        bold = style._replace(is_bold=True)
        rows.insert(0, [glyphs_of(text_runs(cell, bold), metrics) for cell in element.header])
    widths = _widths(element, rows, metrics)
    gap = element.gap * metrics.font_dots[style.font] * style.width
    lefts = [sum(widths[:index]) + index * gap for index in range(len(widths))]
    if element.direction == "right_to_left":
        lefts = [metrics.paper_dots - left - width for left, width in zip(lefts, widths, strict=True)]
    return [line for row in rows for line in _row(element, row, widths, lefts, style)]


def _row(
    element: TableElement, row: Sequence[Cell], widths: Sequence[int], lefts: Sequence[int], style: TextStyle
) -> list[Line]:
    cells = [
        [line for paragraph in paragraphs(cell) for line in wrap(paragraph, width)]
        for cell, width in zip(row, widths, strict=False)
    ]
    height = max((len(lines) for lines in cells), default=1)
    lines: list[list[Placed]] = [[] for _ in range(height)]
    for column, wrapped, width, left in zip(element.columns, cells, widths, lefts, strict=False):
        top = height - len(wrapped) if column.stands == "bottom" else 0
        for number, piece in enumerate(wrapped):
            align = column.align or ("right" if _reads_right_to_left(piece) else "left")
            lines[top + number].append(Placed(piece, left + _shift(align, piece, width), align))
    return [Line(_segments(line), style) for line in lines]


def _shift(align: Align, piece: Cell, width: int) -> int:
    free = max(0, width - width_of(piece))
    if align == "center":
        # Whole cells, as far as the line goes: gaps are printed as spaces.
        unit = piece[0].dots if piece else 1
        return free // 2 // max(1, unit) * max(1, unit)
    return free if align == "right" else 0


def _segments(placed: Sequence[Placed]) -> tuple[Segment, ...]:
    """From left to right; what is empty leaves nothing behind."""
    return tuple(
        Segment(runs_of(glyphs), width_of(glyphs), left, _reads_right_to_left(glyphs), align)
        for glyphs, left, align in sorted(placed, key=lambda item: (item.left, width_of(item.glyphs)))
        if glyphs
    )


def _reads_right_to_left(glyphs: Cell) -> bool:
    return reads_right_to_left("".join(glyph.text for glyph in glyphs))


def _widths(element: TableElement, rows: Sequence[Sequence[Cell]], metrics: Metrics) -> list[int]:
    """Of each column, in dots: all gaps and columns together are the paper, or less where all have a width."""
    style = element.style()
    cell_dots = metrics.font_dots[style.font] * style.width
    room = metrics.paper_dots // cell_dots * cell_dots - element.gap * cell_dots * (len(element.columns) - 1)
    fixed = [
        max(column.width * cell_dots, _widest_glyph(rows, index)) if column.width else None
        for index, column in enumerate(element.columns)
    ]
    free = [index for index, width in enumerate(fixed) if width is None]
    rest = room - sum(width or 0 for width in fixed)
    least = {index: max(_CELLS_OF_WIDE * cell_dots, _widest_glyph(rows, index)) for index in free}
    if rest < sum(least.values()) or rest < 0:
        raise RequestError(
            ErrorCode.INVALID_REQUEST,
            f"table: {len(element.columns)} columns do not fit {metrics.paper_dots // cell_dots} characters of paper",
        )
    shares = _shares(rest, free, rows, least, cell_dots)
    return [shares[index] if width is None else width for index, width in enumerate(fixed)]


def _shares(
    rest: int, free: Sequence[int], rows: Sequence[Sequence[Cell]], least: dict[int, int], cell_dots: int
) -> dict[int, int]:
    """What the columns without a width get: what they need; else the widest give way, first down to whole words."""

    def whole_cells(dots: int) -> int:
        return -(-dots // cell_dots) * cell_dots

    def widest(index: int, measure: str) -> int:
        cells = [row[index] for row in rows if index < len(row)]
        if measure == "word":
            return max((widest_word(cell) for cell in cells), default=0)
        return max((width_of(line) for cell in cells for line in paragraphs(cell)), default=0)

    shares = {index: max(least[index], whole_cells(widest(index, "line"))) for index in free}
    floors = {index: max(least[index], whole_cells(widest(index, "word"))) for index in free}
    for floor in (floors, least):
        while sum(shares.values()) > rest:
            index = max((index for index in free if shares[index] > floor[index]), key=shares.__getitem__, default=None)
            if index is None:
                break
            shares[index] -= cell_dots
    if free:
        shares[free[0]] += rest - sum(shares.values())
    return shares


def _widest_glyph(rows: Sequence[Sequence[Cell]], index: int) -> int:
    return max((glyph.dots for row in rows if index < len(row) for glyph in row[index]), default=0)
