"""Raster mode of a simulated Star printer (ESC * r, b, k, ESC FF): rows are kept, and printed when a page ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from simulators.escpos_paper import Paper, Picture

GRAPHIC = frozenset(
    {
        *(b"\x00", b"\n", b"\r", b"\x07", b"\x1c", b"\x1a", b"\x19", b"\x17", b"\x1b@", b"\x1b\x07", b"\x1b\x0c"),
        *(b"\x1b*r", b"\x1b\x1d\x03", b"\x1b\x1d\x19\x11", b"\x1b\x1d\x19\x12", b"\x1b\x1ea", b"\x1b\x1eE"),
    }
)
"""All that a TSP100 knows of the commands here (STAR Graphic Mode Command Specifications, 2)."""
CUTS = (8, 9, 12, 13)
MODES = (1, 2, 3, *CUTS)
FEED_TO_KNIFE_DOTS = 96
ROWS_MAX = 64000
"""The longest page that can be set."""
SETTINGS = b"EFPQYDKTVNt"


class StarRaster:
    """Each method is handed the buffer, and returns the length of the command or 0. ``is_on``: in raster mode, where
    ``b`` and ``k`` are commands."""

    def __init__(self, paper: Paper, kick: Callable[[int], None], errors: deque[str]) -> None:
        self._paper = paper
        self._kick = kick
        self._errors = errors
        self._rows: list[bytes] = []
        self._row = b""
        self.reset()

    def reset(self) -> None:
        self.is_on = False
        self._begin()

    def command(self, buffer: bytearray) -> int:
        """ESC * r: A, B, C and R are whole; the others have a number, or letters and a number, up to NUL."""
        if len(buffer) < 4:
            return 0
        letter = bytes(buffer[3:4])
        if letter in b"ABCR":
            self._switch(letter)
            return 4
        end = buffer.find(b"\x00", 4)
        if end < 0:
            return 0
        text = bytes(buffer[4:end])
        if letter in (b"m",) and text[:1] in (b"l", b"r"):
            text = text[1:]
        if not text.isdigit() or (letter not in SETTINGS and letter != b"m"):
            self._errors.append(f"ESC * r {letter!r} {text!r}")
        else:
            self._set(letter, int(text))
        return end + 1

    def row(self, buffer: bytearray) -> int:
        """b nL nH data (and a feed), k nL nH data."""
        if len(buffer) < 3 or len(buffer) < 3 + int.from_bytes(buffer[1:3], "little"):
            return 0
        length = 3 + int.from_bytes(buffer[1:3], "little")
        data = bytes(buffer[3:length])
        if not data or len(data) * 8 > self._paper.width_dots + 7:
            self._errors.append(f"raster row of {len(data)} bytes")
        elif len(self._rows) < ROWS_MAX:
            kept, self._row = self._row, b""
            size = max(len(kept), len(data))
            mixed = int.from_bytes(kept.ljust(size, b"\x00"), "big") | int.from_bytes(data.ljust(size, b"\x00"), "big")
            self._row = mixed.to_bytes(size, "big")
            if buffer[:1] == b"b":
                self._down(1)
        return length

    def page(self, parameters: bytes) -> None:
        """ESC FF NUL ends a page, ESC FF EOT the document."""
        if not self.is_on or parameters not in (b"\x00", b"\x04"):
            self._errors.append(f"ESC FF {parameters.hex()}" + ("" if self.is_on else " outside raster mode"))
        else:
            self._print(self._ff_mode if parameters == b"\x00" else self._eot_mode)

    def _begin(self) -> None:
        self._rows = []
        self._row = b""
        self._eot_mode = self._ff_mode = 13

    def _switch(self, letter: bytes) -> None:
        if letter == b"A" and not self.is_on:
            self._paper.flush_line()
            self.is_on = True
            self._begin()
        elif letter == b"B":
            if self._rows:
                self._print(self._eot_mode)
            self.is_on = False
        elif letter in b"CR":
            self._begin()

    def _set(self, letter: bytes, number: int) -> None:
        if not self.is_on:
            self._errors.append(f"ESC * r {letter.decode()} outside raster mode")
        elif letter == b"Y":
            self._down(number)
        elif self._rows or self._row:
            self._errors.append(f"ESC * r {letter.decode()} while rows wait is ignored")
        elif letter in b"EF" and number not in (0, *MODES):
            self._errors.append(f"ESC * r {letter.decode()} {number}")
        elif letter == b"E":
            self._eot_mode = number or 13
        elif letter == b"F":
            self._ff_mode = number or 13
        elif letter == b"D":
            self._kick(5 if number == 2 else 2)

    def _down(self, dots: int) -> None:
        self._rows += [self._row, *[b""] * (dots - 1)]
        self._row = b""

    def _print(self, mode: int) -> None:
        if self._row:
            self._down(1)
        row_bytes = (self._paper.width_dots + 7) // 8
        if any(self._rows):
            data = b"".join(row.ljust(row_bytes, b"\x00") for row in self._rows)
            self._paper.put_symbol(Picture(self._paper.width_dots, len(self._rows), data, 0))
        elif self._rows:
            self._paper.feed_dots(len(self._rows))
        self._rows = []
        if mode in (2, 3, 9, 13):
            self._paper.feed_dots(FEED_TO_KNIFE_DOTS)
        if mode in CUTS:
            self._paper.cut()
