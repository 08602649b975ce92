"""The modes of a simulated receipt printer: what the next character, barcode or QR code will look like."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from simulators.escpos_paper import Paper, Style

CODE_PAGES = {
    0: "cp437",
    2: "cp850",
    3: "cp860",
    5: "cp865",
    13: "cp857",
    16: "cp1252",
    17: "cp866",
    18: "cp852",
    19: "cp858",
    39: "iso8859-2",
    40: "iso8859-15",
    45: "cp1250",
    46: "cp1251",
}
"""ESC t of Epson printers."""


@dataclass
class QrModes:
    """Set by functions 65 to 80 of GS ( k, used by 81."""

    data: bytes = b""
    module_dots: int = 3
    level: int = 48


class Modes:
    """Each method takes the parameter bytes of one command; what a printer would ignore goes to ``errors``."""

    def __init__(self, paper: Paper, errors: deque[str], *, is_multibyte: bool) -> None:
        self._paper = paper
        self._errors = errors
        self._is_multibyte_by_default = is_multibyte
        self.reset()

    def reset(self) -> None:
        """As after power-on."""
        self.style = Style()
        self.align_value = 0
        self.encoding = CODE_PAGES[0]
        self.is_multibyte = self._is_multibyte_by_default
        self.barcode_dots = (3, 162)
        self.is_text_below = False
        self.qr = QrModes()

    def restyle(
        self, *, is_bold: bool | None = None, is_underlined: bool | None = None, is_reversed: bool | None = None
    ) -> None:
        """Change what is given."""
        style = self.style
        self.style = replace(
            style,
            is_bold=style.is_bold if is_bold is None else is_bold,
            is_underlined=style.is_underlined if is_underlined is None else is_underlined,
            is_reversed=style.is_reversed if is_reversed is None else is_reversed,
        )

    def print_mode(self, parameters: bytes) -> None:
        """ESC ! n"""
        mode = parameters[0]
        self.style = replace(
            self.style,
            is_bold=bool(mode & 0x08),
            is_underlined=bool(mode & 0x80),
            height=2 if mode & 0x10 else 1,
            width=2 if mode & 0x20 else 1,
        )

    def size(self, parameters: bytes) -> None:
        """GS ! n"""
        if parameters[0] & 0x88:
            self._errors.append(f"size {parameters[0]:02x}")
            return
        self.style = replace(self.style, width=(parameters[0] >> 4) + 1, height=(parameters[0] & 7) + 1)

    def align(self, parameters: bytes) -> None:
        """ESC a n: only at the start of a line."""
        if not self._paper.is_at_line_start:
            self._errors.append("alignment in the middle of a line")
        elif parameters[0] % 48 in (0, 1, 2):
            self.align_value = parameters[0] % 48
        else:
            self._errors.append(f"alignment {parameters[0]}")

    def code_page(self, parameters: bytes) -> None:
        """ESC t n"""
        if parameters[0] in CODE_PAGES:
            self.encoding = CODE_PAGES[parameters[0]]
        else:
            self._errors.append(f"code page {parameters[0]}")

    def set_multibyte(self, is_on: bool) -> None:
        """FS & and FS ."""
        self.is_multibyte = is_on

    def text_position(self, parameters: bytes) -> None:
        """GS H n"""
        self.is_text_below = parameters[0] % 48 in (2, 3)

    def barcode_height(self, parameters: bytes) -> None:
        """GS h n"""
        self.barcode_dots = (self.barcode_dots[0], max(1, parameters[0]))

    def barcode_width(self, parameters: bytes) -> None:
        """GS w n"""
        if 2 <= parameters[0] <= 6:
            self.barcode_dots = (parameters[0], self.barcode_dots[1])
        else:
            self._errors.append(f"barcode width {parameters[0]}")
