"""Pictures of a simulated Star printer: ESC X (24 dots a column), ESC k (24 rows), ESC GS S (raster)."""

from __future__ import annotations

from collections import deque

from simulators.escpos_modes import Modes
from simulators.escpos_paper import ColumnImage, Paper, Picture

COLUMN_BYTES = 3
FINE_ROWS = 24


class StarPictures:
    """Prints pictures on paper; what the printer would not print goes to ``errors``."""

    def __init__(self, paper: Paper, modes: Modes, errors: deque[str]) -> None:
        self._paper = paper
        self._modes = modes
        self._errors = errors

    def columns(self, buffer: bytearray) -> int:
        """ESC X n1 n2 data: one stripe in the line."""
        if len(buffer) < 4:
            return 0
        length = 4 + int.from_bytes(buffer[2:4], "little") * COLUMN_BYTES
        if len(buffer) < length:
            return 0
        data = bytes(buffer[4:length])
        places = range(0, len(data), COLUMN_BYTES)
        columns = tuple(int.from_bytes(data[place : place + COLUMN_BYTES], "big") for place in places)
        image = ColumnImage(columns, 24, 1, 1)
        if image.dots > self._paper.room_dots:
            self._errors.append(f"ESC X: {image.dots} dots are wider than the paper")
        self._paper.put(image, self._modes.align_value)
        return length

    def fine_rows(self, buffer: bytearray) -> int:
        """ESC k n1 0 data: 24 rows of n1 bytes in the line."""
        if len(buffer) < 4:
            return 0
        row_bytes = buffer[2]
        length = 4 + row_bytes * FINE_ROWS
        if len(buffer) < length:
            return 0
        if row_bytes * 8 > self._paper.width_dots or buffer[3]:
            self._errors.append(f"ESC k {bytes(buffer[2:4]).hex(' ')}")
            return length
        rows = [int.from_bytes(buffer[at : at + row_bytes], "big") for at in range(4, length, row_bytes)]
        bits = range(row_bytes * 8 - 1, -1, -1)
        columns = tuple(sum((row >> bit & 1) << 23 - y for y, row in enumerate(rows)) for bit in bits)
        self._paper.put(ColumnImage(columns, FINE_ROWS, 1, 1), self._modes.align_value)
        return length

    def raster(self, buffer: bytearray) -> int:
        """ESC GS S 1 xL xH yL yH n data"""
        if len(buffer) < 9:
            return 0
        row_bytes, height = int.from_bytes(buffer[4:6], "little"), int.from_bytes(buffer[6:8], "little")
        length = 9 + row_bytes * height
        if len(buffer) < length:
            return 0
        if buffer[3] != 1 or row_bytes * 8 > self._paper.room_dots:
            self._errors.append(f"ESC GS S {bytes(buffer[3:9]).hex(' ')}")
            return length
        picture = Picture(row_bytes * 8, height, bytes(buffer[9:length]), self._modes.align_value)
        self._paper.put_symbol(picture)
        return length
