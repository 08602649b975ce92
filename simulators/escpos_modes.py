"""The modes of a simulated receipt printer: what the next character, barcode or code will look like."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from simulators.escpos_characters import Characters
from simulators.escpos_paper import LINE_DOTS, Gap, Paper, Style

TAB_CELLS = 8
TAB_STOPS_MAX = 32


@dataclass
class QrModes:
    """Set by functions 65 to 80 of GS ( k 49, used by 81."""

    data: bytes = b""
    module_dots: int = 3
    level: int = 48


@dataclass
class Pdf417Modes:
    """Set by functions 65 to 80 of GS ( k 48, used by 81."""

    data: bytes = b""
    columns: int = 0
    rows: int = 0
    module_dots: int = 3
    row_height: int = 3
    level: int = 1
    level_ratio: int | None = 1
    """In tenths; None: ``level`` was told."""
    is_truncated: bool = False


@dataclass
class Stored:
    """Graphics between GS ( L 112 and GS ( L 50."""

    pictures: list[Any] = field(default_factory=list)


class Modes:
    """Each method takes the parameter bytes of one command; what a printer would ignore goes to ``errors``."""

    def __init__(self, paper: Paper, errors: deque[str], characters: Characters) -> None:
        self._paper = paper
        self._errors = errors
        self.characters = characters
        self.reset()

    def reset(self) -> None:
        """As after power-on."""
        self.style = Style()
        self.align_value = 0
        self.characters.reset()
        self.barcode_dots = (3, 162)
        self.text_position = 0
        self.qr = QrModes()
        self.pdf417 = Pdf417Modes()
        self.stored = Stored()
        self.space_dots = 0
        self.tabs: tuple[int, ...] = tuple(range(TAB_CELLS, self._paper.columns, TAB_CELLS))
        self._paper.line_spacing_dots = LINE_DOTS
        self._paper.is_upside_down = False
        self._paper.area = (0, self._paper.width_dots)

    def restyle(self, **changes: Any) -> None:
        """Change what is given."""
        self.style = replace(self.style, **changes)

    def print_mode(self, parameters: bytes) -> None:
        """ESC ! n"""
        mode = parameters[0]
        self.restyle(
            font="b" if mode & 0x01 else "a",
            is_bold=bool(mode & 0x08),
            underline=1 if mode & 0x80 else 0,
            height=2 if mode & 0x10 else 1,
            width=2 if mode & 0x20 else 1,
        )

    def underline(self, parameters: bytes) -> None:
        """ESC - n"""
        if self._is_one_of("underline", parameters[0], (0, 1, 2, 48, 49, 50)):
            self.restyle(underline=parameters[0] % 48)

    def font(self, parameters: bytes) -> None:
        """ESC M n"""
        if self._is_one_of("font", parameters[0], (0, 1, 48, 49)):
            self.restyle(font="b" if parameters[0] % 48 else "a")

    def colour(self, parameters: bytes) -> None:
        """ESC r n"""
        if self._is_one_of("colour", parameters[0], (0, 1, 48, 49)):
            self.restyle(is_red=bool(parameters[0] % 48))

    def size(self, parameters: bytes) -> None:
        """GS ! n"""
        if parameters[0] & 0x88:
            self._errors.append(f"size {parameters[0]:02x}")
            return
        self.restyle(width=(parameters[0] >> 4) + 1, height=(parameters[0] & 7) + 1)

    def align(self, parameters: bytes) -> None:
        """ESC a n: only at the start of a line."""
        if not self._paper.is_at_line_start:
            self._errors.append("alignment in the middle of a line")
        elif self._is_one_of("alignment", parameters[0], (0, 1, 2, 48, 49, 50)):
            self.align_value = parameters[0] % 48

    def upside_down(self, parameters: bytes) -> None:
        """ESC { n: only at the start of a line."""
        if not self._paper.is_at_line_start:
            self._errors.append("upside down in the middle of a line")
        else:
            self._paper.is_upside_down = bool(parameters[0] & 1)

    def line_spacing(self, parameters: bytes) -> None:
        """ESC 3 n; ESC 2 has no parameter."""
        self._paper.line_spacing_dots = parameters[0] if parameters else LINE_DOTS

    def code_page(self, parameters: bytes) -> None:
        """ESC t n"""
        if not self.characters.choose_page(parameters[0]):
            self._errors.append(f"code page {parameters[0]}")

    def set_wide(self, is_on: bool) -> None:
        """FS & and FS ."""
        if not self.characters.set_wide(is_on):
            self._errors.append("ideographs (FS &): it has none")

    def text_below(self, parameters: bytes) -> None:
        """GS H n"""
        if self._is_one_of("text of a barcode", parameters[0], (0, 1, 2, 3, 48, 49, 50, 51)):
            self.text_position = parameters[0] % 48

    def barcode_height(self, parameters: bytes) -> None:
        """GS h n"""
        if parameters[0]:
            self.barcode_dots = (self.barcode_dots[0], parameters[0])
        else:
            self._errors.append("barcode height 0")

    def barcode_width(self, parameters: bytes) -> None:
        """GS w n"""
        if 2 <= parameters[0] <= 6:
            self.barcode_dots = (parameters[0], self.barcode_dots[1])
        else:
            self._errors.append(f"barcode width {parameters[0]}")

    def tab(self) -> None:
        """HT"""
        here, cell = self._paper.line_dots, self._paper.fonts["a"][0]
        stop = next((tab * cell for tab in self.tabs if tab * cell > here), None)
        if stop is not None and stop < self._paper.room_dots:
            self._paper.put(Gap(stop - here), self.align_value)

    def set_tabs(self, buffer: bytearray) -> int:
        """ESC D n... NUL, at most 32 stops, each behind the one before. Returns its length, 0 while it is not whole."""
        end = next((at for at in range(2, min(len(buffer), TAB_STOPS_MAX + 3)) if buffer[at] == 0), None)
        if end is None:
            if len(buffer) < TAB_STOPS_MAX + 3:
                return 0
            self._errors.append("tabs without end")
            return 2
        self.tabs = tuple(buffer[2:end])
        return end + 1

    def position(self, parameters: bytes) -> None:
        """ESC $ nL nH: from the left edge of the area."""
        self._move_to(int.from_bytes(parameters, "little"))

    def relative_position(self, parameters: bytes) -> None:
        """ESC \\ nL nH: from here."""
        self._move_to(self._paper.line_dots + int.from_bytes(parameters, "little", signed=True))

    def _move_to(self, wanted: int) -> None:
        here = self._paper.line_dots
        if 0 <= wanted <= self._paper.room_dots:
            if wanted != here:
                self._paper.put(Gap(wanted - here), self.align_value)
        else:
            self._errors.append(f"position {wanted}")

    def character_space(self, parameters: bytes) -> None:
        """ESC SP n: dots to the right of each character, as wide as the character is magnified."""
        self.space_dots = parameters[0]

    def space_after(self) -> None:
        """A character was printed."""
        if self.space_dots and self._paper.line_dots < self._paper.room_dots:
            wanted = self.space_dots * self.style.width
            self._paper.put(Gap(min(wanted, self._paper.room_dots - self._paper.line_dots)), self.align_value)

    def left_margin(self, parameters: bytes) -> None:
        """GS L nL nH: only at the start of a line."""
        left, width = int.from_bytes(parameters, "little"), self._paper.room_dots
        self._set_area(left, min(width, self._paper.width_dots - left))

    def print_width(self, parameters: bytes) -> None:
        """GS W nL nH: only at the start of a line; what is wider than the paper is the paper."""
        left = self._paper.area[0]
        self._set_area(left, min(int.from_bytes(parameters, "little"), self._paper.width_dots - left))

    def margins(self, left: int | None = None, right: int | None = None) -> None:
        """ESC l n, ESC Q n of Star: in characters from the left edge."""
        (begin, room), cell = self._paper.area, self._paper.fonts["a"][0]
        end = begin + room if right is None else right * cell
        begin = begin if left is None else left * cell
        self._set_area(begin, min(end, self._paper.width_dots) - begin)

    def _set_area(self, left: int, width: int) -> None:
        if not self._paper.is_at_line_start:
            self._errors.append("margin in the middle of a line")
        elif width < self._paper.fonts["a"][0]:
            self._errors.append(f"area of {width} dots from {left}")
        else:
            self._paper.area = (left, width)

    def _is_one_of(self, what: str, value: int, allowed: tuple[int, ...]) -> bool:
        if value not in allowed:
            self._errors.append(f"{what} {value}")
        return value in allowed
