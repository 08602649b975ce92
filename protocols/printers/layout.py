"""A print document laid out on paper: lines of styled text in their places, and the elements that are no text.

Independent of any printer's language: encoders (ESC/POS, Star) and the preview take what comes out. Widths are in dots,
so that fonts and sizes mix; what a printer is like comes in as ``Metrics``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_gateway.contracts.document import (
    BarcodeElement,
    BuzzerElement,
    ColumnsElement,
    CutElement,
    DrawerElement,
    Element,
    FeedElement,
    ImageElement,
    LogoElement,
    Pdf417Element,
    QrElement,
    RawElement,
    RuleElement,
    TableElement,
    TextElement,
)
from edge_gateway.contracts.document_text import text_runs
from edge_gateway.contracts.printed_text import PLAIN, TextRun
from protocols.printers.layout_bidi import reads_right_to_left
from protocols.printers.layout_lines import Line, Metrics, Segment, glyphs_of, runs_of, width_of
from protocols.printers.layout_table import table, two_columns
from protocols.printers.layout_wrap import paragraphs, wrap

NotText = (
    QrElement
    | Pdf417Element
    | BarcodeElement
    | ImageElement
    | LogoElement
    | FeedElement
    | CutElement
    | DrawerElement
    | BuzzerElement
    | RawElement
)
Item = Line | NotText


def lay_out(document: Sequence[Element], metrics: Metrics) -> Iterator[Item]:
    """In print order. Raises RequestError(INVALID_REQUEST) for a table that does not fit the paper."""
    for element in document:
        match element:
            case TextElement():
                yield from _turned(text_lines(element, metrics), element.upside_down)
            case ColumnsElement():
                yield from _turned(two_columns(element, metrics), element.upside_down)
            case TableElement():
                yield from _turned(table(element, metrics), element.upside_down)
            case RuleElement(character=character):
                yield rule(character, metrics)
            case _:
                yield element


def text_lines(element: TextElement, metrics: Metrics) -> list[Line]:
    """Each paragraph wrapped; its direction is that of its first letter unless the element says it."""
    lines = []
    style = element.style()
    for paragraph in paragraphs(glyphs_of(text_runs(element.text, style), metrics)):
        is_right_to_left = element.direction == "right_to_left"
        if element.direction == "auto":
            is_right_to_left = reads_right_to_left("".join(glyph.text for glyph in paragraph))
        align = element.align or ("right" if is_right_to_left else "left")
        for line in wrap(paragraph, metrics.paper_dots):
            segment = Segment(runs_of(line), width_of(line), None, is_right_to_left, align)
            lines.append(Line((segment,) if line else (), style, align))
    return lines


def rule(character: str, metrics: Metrics) -> Line:
    """As many as fit."""
    shown = metrics.prepare(character) or "-"
    dots = metrics.dots(shown, PLAIN)
    count = metrics.paper_dots // dots
    return Line((Segment((TextRun(shown * count),), count * dots),))


def _turned(lines: list[Line], is_upside_down: bool) -> list[Line]:
    """Printed upside down, the last line comes first: so the whole can be read from the other side."""
    return lines[::-1] if is_upside_down else lines
