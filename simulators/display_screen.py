"""The glass of a simulated customer display: two lines of twenty, a cursor, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ROWS, COLUMNS = 2, 20
Mode = Literal["overwrite", "vertical", "horizontal"]


@dataclass(slots=True)
class Screen:
    """Cells hold bytes as they were received. ``marquee``: what scrolls, by line, over the cells."""

    cells: list[bytearray] = field(default_factory=lambda: [bytearray(b" " * COLUMNS) for _ in range(ROWS)])
    row: int = 0
    column: int = 0
    mode: Mode = "overwrite"
    brightness_percent: int = 100
    blink_units: int = 0
    has_cursor: bool = True
    code_page: int | None = None
    marquee: dict[int, bytes] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[bytes, bytes]:
        """What a customer reads, a scrolling text in full."""
        upper, lower = (self.marquee.get(row, bytes(self.cells[row])) for row in range(ROWS))
        return upper, lower

    def reset(self) -> None:
        """As after the power was switched on."""
        self.clear()
        self.mode, self.brightness_percent, self.blink_units = "overwrite", 100, 0
        self.has_cursor, self.code_page = True, None

    def clear(self) -> None:
        for cells in self.cells:
            cells[:] = b" " * COLUMNS
        self.marquee.clear()
        self.row = self.column = 0

    def clear_line(self) -> None:
        self.cells[self.row][:] = b" " * COLUMNS
        self.column = 0

    def clear_to_end(self, *, is_whole: bool) -> None:
        """From the cursor to the end of its line, or of the screen."""
        self.cells[self.row][self.column :] = b" " * (COLUMNS - self.column)
        for cells in self.cells[self.row + 1 :] if is_whole else ():
            cells[:] = b" " * COLUMNS

    def place(self, row: int, column: int) -> bool:
        """From 0. False: that is not on the glass."""
        if not (0 <= row < ROWS and 0 <= column < COLUMNS):
            return False
        self.row, self.column = row, column
        return True

    def write(self, byte: int) -> None:
        if self.mode == "horizontal":
            line = self.cells[self.row]
            if self.column == COLUMNS:
                del line[0]
                line.append(byte)
                return
            line[self.column] = byte
            self.column += 1
            return
        if self.column == COLUMNS:
            self._next_line()
        self.cells[self.row][self.column] = byte
        self.column += 1

    def line_feed(self) -> None:
        if self.mode == "vertical" and self.row == ROWS - 1:
            self._scroll()
        else:
            self.row = (self.row + 1) % ROWS

    def move(self, columns: int) -> None:
        position = (self.row * COLUMNS + min(self.column, COLUMNS - 1) + columns) % (ROWS * COLUMNS)
        self.row, self.column = divmod(position, COLUMNS)

    def move_rows(self, rows: int) -> None:
        self.row = (self.row + rows) % ROWS

    def whole_line(self, row: int, text: bytes) -> None:
        """As commands that write a line do: what is short is filled up."""
        self.marquee.pop(row, None)
        self.cells[row][:] = text[:COLUMNS].ljust(COLUMNS)

    def _next_line(self) -> None:
        if self.mode == "vertical" and self.row == ROWS - 1:
            self._scroll()
        else:
            self.row = (self.row + 1) % ROWS
        self.column = 0

    def _scroll(self) -> None:
        self.cells[0][:] = self.cells[1]
        self.cells[1][:] = b" " * COLUMNS
