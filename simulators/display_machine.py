"""What every simulated customer display is: a screen, a machine that obeys bytes, and what it did not understand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from typing import Final

from simulators.display_screen import COLUMNS, ROWS, Screen

Running = Generator[None, int, None]
"""A machine: it is given one byte after the other."""
TEXT_BYTES_MAX: Final = 60
"""The longest text of a command (Posiflex: 60)."""
MOVES: Final[Mapping[str, Callable[[Screen], object]]] = {
    "left": lambda screen: screen.move(-1),
    "right": lambda screen: screen.move(1),
    "up": lambda screen: screen.move_rows(-1),
    "down": lambda screen: screen.move_rows(1),
    "home": lambda screen: screen.place(0, 0),
    "line_start": lambda screen: screen.place(screen.row, 0),
    "line_end": lambda screen: screen.place(screen.row, COLUMNS - 1),
    "bottom": lambda screen: screen.place(ROWS - 1, COLUMNS - 1),
}
"""Of the cursor; what they are called is the dialect's."""


class DisplayMachine(ABC):
    """``errors``: what is not in the manual. ``passed_on``: what was not for it, but for the device behind."""

    def __init__(self) -> None:
        self.screen = Screen()
        self.errors: list[str] = []
        self.passed_on = bytearray()
        self.is_selected = True
        self.is_printer_selected = False
        self.tests = 0
        self._machine = self.run()
        next(self._machine)

    def take(self, data: bytes) -> None:
        for byte in data:
            self._machine.send(byte)

    @abstractmethod
    def run(self) -> Running:
        """Obey, without end."""

    def unknown(self, *codes: int) -> None:
        self.errors.append(f"unknown sequence {bytes(codes).hex(' ')}")

    def skip(self, count: int) -> Running:
        """Parameters of a command of which nothing is seen."""
        for _ in range(count):
            yield

    def text(self) -> Generator[None, int, bytes]:
        """Up to CR."""
        text = bytearray()
        while (byte := (yield)) != 0x0D:
            if byte < 0x20 or len(text) == TEXT_BYTES_MAX:
                self.errors.append(f"byte {byte:02x} inside a text of {len(text)}")
            else:
                text.append(byte)
        return bytes(text)

    def place(self, column: int, row: int) -> None:
        """From 0."""
        if not self.screen.place(row, column):
            self.errors.append(f"cursor to column {column + 1} line {row + 1}: not on the screen")

    def write(self, byte: int) -> None:
        if self.is_selected:
            self.screen.write(byte)
        if self.is_printer_selected:
            self.passed_on.append(byte)

    def select(self, which: int) -> None:
        """ESC =: 1 the printer, 2 the display, 3 both."""
        self.is_selected, self.is_printer_selected = bool(which & 2), bool(which & 1)
