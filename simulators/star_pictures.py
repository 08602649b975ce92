"""Pictures of a simulated Star printer: ESC X (24 dots a column), ESC GS S (raster)."""

from __future__ import annotations

from collections import deque

from simulators.escpos_modes import Modes
from simulators.escpos_paper import ColumnImage, Paper, Picture

COLUMN_BYTES = 3


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
