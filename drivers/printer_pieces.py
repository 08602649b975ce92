"""A job cut into pieces that are sent one after the other, so that questions fall between commands."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from edge_gateway.contracts.printing import Rendered
from protocols.printers.command_stream import Outline


class Ask(Enum):
    """What is asked of the printer behind a piece."""

    PASSED = auto()
    """That it came so far: an answer that is missing where a later one came tells that the printer lost a part."""
    MARK = auto()
    """The same, just before the last line of a part."""
    WHOLE = auto()
    """That the part up to here, to a cut or to the end of the job, is on paper."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Of the job's data. ``is_between_commands``: nothing of a command is missing behind it."""

    start: int
    end: int
    ask: Ask
    is_between_commands: bool
    is_followed: bool
    """Something visible of this part stands behind it."""


def pieces(rendered: Rendered, outline: Outline, piece_bytes: int, begin_at: int = 0) -> Iterator[Piece]:
    """A command that is longer than a piece is sent in several. A job without a mark in a part has none asked there."""
    total = len(rendered.data)
    start = begin_at
    for cut in sorted({cut for cut in rendered.cuts if 0 < cut < total} | {total}):
        if cut <= start:
            continue
        mark = _last_before(outline.marks, cut)
        while start < cut:
            limit = min(start + piece_bytes, cut)
            if start < mark < limit:
                limit = mark
            end = limit if limit in (cut, mark) else max(_last_up_to(outline.ends, limit), start)
            if end == start:
                end = limit  # within a command that is longer than a piece
            ask = Ask.WHOLE if end == cut else Ask.MARK if end == mark else Ask.PASSED
            yield Piece(start, end, ask, _last_up_to(outline.ends, end) == end, is_followed=end <= mark)
            start = end


def missing_bytes(outline: Outline, sent: int) -> int:
    """Of the command in which the sending stopped; 0: it stopped between two."""
    index = bisect_left(outline.ends, sent)
    return outline.ends[index] - sent if sent > 0 and index < len(outline.ends) else 0


def _last_up_to(offsets: tuple[int, ...], limit: int) -> int:
    index = bisect_right(offsets, limit) - 1
    return offsets[index] if index >= 0 else 0


def _last_before(offsets: tuple[int, ...], limit: int) -> int:
    index = bisect_left(offsets, limit) - 1
    return offsets[index] if index >= 0 else 0
