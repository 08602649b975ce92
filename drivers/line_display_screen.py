"""What is to be seen on a customer display: two lines of bytes, and how commands change them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_gateway.contracts.line_display_commands import DisplayTextParams
from protocols.displays.dialect import COLUMNS, ROWS
from protocols.displays.display_text import encode_text

MARQUEE_GAP: bytes = b"   "
"""Between the end of a scrolling text and its next beginning."""
BLANK = b" " * COLUMNS


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a text."""

    replaced_count: int = 0
    is_truncated: bool = False


@dataclass(slots=True)
class Screen:
    """``marquee``: the row that scrolls and its text."""

    encoding: str
    lines: list[bytes] = field(default_factory=lambda: [BLANK] * ROWS)
    marquee: tuple[int, bytes] | None = None

    def shown(self) -> tuple[str, str]:
        """As text; of a row that scrolls all of it."""
        texts = [line.decode(self.encoding, "replace").rstrip() for line in self.lines]
        if self.marquee is not None:
            row, text = self.marquee
            texts[row - 1] = text.decode(self.encoding, "replace")
        return texts[0], texts[1]

    def clear(self, row: int | None = None) -> None:
        for each in range(1, ROWS + 1) if row is None else (row,):
            self._put(each, BLANK)

    def write(self, params: DisplayTextParams) -> Written:
        if params.row is None:
            return self._write_all(params)
        text, replaced = encode_text(params.text, self.encoding)
        if params.column is not None:
            room = COLUMNS - params.column + 1
            before = self.lines[params.row - 1]
            if self.marquee is not None and self.marquee[0] == params.row:
                before = BLANK
            part = text[:room]
            self._put(params.row, before[: params.column - 1] + part + before[params.column - 1 + len(part) :])
            return Written(replaced, len(text) > room)
        right, replaced_right = encode_text(params.right or "", self.encoding)
        room = COLUMNS - len(right) - 1 if right else COLUMNS
        line = _aligned(text[: max(room, 0)], params.align, room) + (b" " + right if right else b"")
        self._put(params.row, line[-COLUMNS:].rjust(COLUMNS) if right else line)
        return Written(replaced + replaced_right, len(text) > room)

    def scroll(self, row: int, text: str) -> Written:
        data, replaced = encode_text(text, self.encoding)
        self._put(row, BLANK)
        self.marquee = row, data
        return Written(replaced)

    def window(self, step: int) -> bytes:
        """Of the scrolling text, what is to be seen at a step."""
        assert self.marquee is not None
        endless = self.marquee[1] + MARQUEE_GAP
        while len(endless) < COLUMNS:
            endless += MARQUEE_GAP
        offset = step % len(endless)
        return (endless[offset:] + endless * 2)[:COLUMNS]

    def _write_all(self, params: DisplayTextParams) -> Written:
        upper, is_two, lower = params.text.partition("\n")
        first, replaced = encode_text(upper, self.encoding)
        if is_two:
            second, more = encode_text(lower.replace("\n", " "), self.encoding)
            replaced += more
        else:
            first, second = _in_two(first)
        for row, text in enumerate((first, second), 1):
            self._put(row, _aligned(text[:COLUMNS], params.align, COLUMNS))
        return Written(replaced, max(len(first), len(second)) > COLUMNS)

    def _put(self, row: int, line: bytes) -> None:
        if self.marquee is not None and self.marquee[0] == row:
            self.marquee = None
        self.lines[row - 1] = line


def _in_two(text: bytes) -> tuple[bytes, bytes]:
    """Between words, where the first line has one."""
    if len(text) <= COLUMNS:
        return text, b""
    cut = text.rfind(b" ", 0, COLUMNS + 1)
    return (text[:cut], text[cut + 1 :]) if cut > 0 else (text[:COLUMNS], text[COLUMNS:])


def _aligned(text: bytes, align: str, width: int) -> bytes:
    match align:
        case "center":
            return text.center(width)
        case "right":
            return text.rjust(width)
    return text.ljust(width)
