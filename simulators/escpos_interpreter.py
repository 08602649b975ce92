"""A simulated printer's language: takes commands off the front of its buffer and carries them out on paper.

Written from the command reference, independent of the gateway's encoder. What it does not know is kept as an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from simulators.escpos_modes import Modes
from simulators.escpos_paper import Glyph, Paper, Style, Symbol
from simulators.escpos_symbols import SymbolError, barcode_rows, qr_rows

ERRORS_KEPT = 1000
Handler = Callable[[bytes], None]


class Machine(Protocol):
    """The parts of the printer that are not paper."""

    def send(self, data: bytes) -> None: ...
    def kick_drawer(self, pin: int, on_ms: int) -> None: ...
    def enable_automatic_status(self, mask: int) -> None: ...
    def set_real_time(self, is_enabled: bool) -> None: ...
    def answer_status(self, n: int) -> None: ...
    def answer_identity(self, n: int) -> None: ...
    def answer_process_id(self, process_id: bytes) -> None: ...


class Interpreter:
    """``step`` carries out one command. ``errors``: what a real printer would garble, with the bytes."""

    def __init__(self, paper: Paper, machine: Machine, *, is_multibyte: bool = False) -> None:
        self.errors: deque[str] = deque(maxlen=ERRORS_KEPT)
        self._paper = paper
        self._machine = machine
        self._modes = modes = Modes(paper, self.errors, is_multibyte=is_multibyte)
        # Command to the number of its parameter bytes and its meaning.
        self._fixed: dict[bytes, tuple[int, Handler]] = {
            b"\x00": (0, lambda _: None),
            b"\n": (0, lambda _: paper.feed_line()),
            b"\r": (0, lambda _: None),
            b"\x1b@": (0, lambda _: self.reset()),
            b"\x1b=": (1, lambda _: None),
            b"\x1b!": (1, modes.print_mode),
            b"\x1bE": (1, lambda p: modes.restyle(is_bold=bool(p[0] & 1))),
            b"\x1bG": (1, lambda p: modes.restyle(is_bold=bool(p[0] & 1))),
            b"\x1b-": (1, lambda p: modes.restyle(is_underlined=p[0] % 48 in (1, 2))),
            b"\x1bM": (1, lambda _: None),
            b"\x1bR": (1, lambda _: None),
            b"\x1b2": (0, lambda _: None),
            b"\x1b3": (1, lambda _: None),
            b"\x1ba": (1, modes.align),
            b"\x1bd": (1, self._feed_lines),
            b"\x1bJ": (1, lambda _: paper.flush_line()),
            b"\x1bt": (1, modes.code_page),
            b"\x1bp": (3, self._pulse),
            b"\x1bi": (0, lambda _: paper.cut()),
            b"\x1bm": (0, lambda _: paper.cut()),
            b"\x1c&": (0, lambda _: modes.set_multibyte(True)),
            b"\x1c.": (0, lambda _: modes.set_multibyte(False)),
            b"\x1d!": (1, modes.size),
            b"\x1dB": (1, lambda p: modes.restyle(is_reversed=bool(p[0] & 1))),
            b"\x1dH": (1, modes.text_position),
            b"\x1df": (1, lambda _: None),
            b"\x1dh": (1, modes.barcode_height),
            b"\x1dw": (1, modes.barcode_width),
            b"\x1da": (1, lambda p: machine.enable_automatic_status(p[0])),
            b"\x1dr": (1, lambda p: machine.answer_status(p[0])),
            b"\x1dI": (1, lambda p: machine.answer_identity(p[0])),
            b"\x1dL": (2, lambda _: None),
            b"\x1dW": (2, lambda _: None),
        }
        self._prefixes = {command[:1] for command in self._fixed if len(command) == 2}
        self.reset()

    def reset(self) -> None:
        """ESC @: modes as after power-on; ASB too is off until it is asked for again."""
        self._modes.reset()
        self._paper.forget_line()
        self._machine.enable_automatic_status(0)

    def step(self, buffer: bytearray) -> int:
        """Carry out the first command and return its length; 0 while it is not there as a whole."""
        data = bytes(buffer[:4])
        if data[:1] >= b" " and data[:1] != b"\x7f":
            return self._character(data)
        if data[:1] in self._prefixes and len(data) < 2:
            return 0
        if data[:2] == b"\x1dk":
            return self._barcode(buffer)
        if data[:2] == b"\x1dV":
            return self._cut(data)
        if data[:2] == b"\x1d(":
            return self._counted(buffer)
        for command in (data[:1], data[:2]):
            if command in self._fixed:
                count, handler = self._fixed[command]
                length = len(command) + count
                if len(buffer) < length:
                    return 0
                handler(bytes(buffer[len(command) : length]))
                return length
        self.errors.append(f"unknown command {data[:3].hex(' ')}")
        return 1

    def _character(self, data: bytes) -> int:
        size = 1
        if self._modes.is_multibyte and data[0] >= 0x81:
            if len(data) < 2:
                return 0
            size = 2
        encoding = "gbk" if size == 2 else self._modes.encoding
        try:
            character = data[:size].decode(encoding)
        except UnicodeDecodeError:
            self.errors.append(f"character {data[:size].hex()} is not in {encoding}")
            character = "?"
        self._paper.put(Glyph(character, self._modes.style, size), self._modes.align_value)
        return size

    def _barcode(self, buffer: bytearray) -> int:
        """GS k: form A ends with NUL, form B has a length byte."""
        if len(buffer) < 3:
            return 0
        system = buffer[2]
        if system <= 6:
            if (end := buffer.find(b"\x00", 3)) < 0:
                return 0
            start, length = 3, end + 1
        else:
            if len(buffer) < 4 or len(buffer) < 4 + buffer[3]:
                return 0
            start, end = 4, 4 + buffer[3]
            length = end
            system -= 65
        width, height = self._modes.barcode_dots
        try:
            label, text, rows = barcode_rows(system, bytes(buffer[start:end]))
        except SymbolError as error:
            self.errors.append(str(error))
            return length
        if len(rows[0]) * width > self._paper.columns * 12:
            self.errors.append(f"{label} {text}: wider than the paper")
            return length
        self._paper.put_symbol(Symbol(label, text, rows, width, height, self._modes.align_value))
        if self._modes.is_text_below:
            for character in text:
                self._paper.put(Glyph(character, Style()), self._modes.align_value)
            self._paper.feed_line()
        return length

    def _cut(self, data: bytes) -> int:
        """GS V: 0, 1, 48, 49 cut; 65, 66 with a feed byte feed to the knife first."""
        if len(data) < 3 or (data[2] in (65, 66) and len(data) < 4):
            return 0
        if data[2] not in (0, 1, 48, 49, 65, 66):
            self.errors.append(f"cut {data[2]}")
        elif not self._paper.is_at_line_start:
            self.errors.append("cut in the middle of a line")
        self._paper.cut()
        return 4 if data[2] in (65, 66) else 3

    def _counted(self, buffer: bytearray) -> int:
        """GS ( x pL pH ..."""
        if len(buffer) < 5:
            return 0
        length = 5 + int.from_bytes(buffer[3:5], "little")
        if len(buffer) < length:
            return 0
        letter, parameters = chr(buffer[2]), bytes(buffer[5:length])
        if letter == "k" and parameters[:1] == b"1":
            self._qr_function(parameters[1:2], parameters[2:])
        elif letter == "H" and parameters[:2] == b"00" and len(parameters) == 6:
            self._machine.answer_process_id(parameters[2:])
        elif letter == "D" and len(parameters) % 2 == 1 and parameters[0] == 20:
            pairs = dict(zip(parameters[1::2], parameters[2::2], strict=True))
            self._machine.set_real_time(bool(pairs.get(1, 1) & 1))
        else:
            self.errors.append(f"GS ( {letter} {parameters[:8].hex(' ')}")
        return length

    def _qr_function(self, function: bytes, parameters: bytes) -> None:
        match function, parameters:
            case b"A", b"2\x00" | b"1\x00":
                pass
            case b"C", bytes(size) if len(size) == 1 and 1 <= size[0] <= 16:
                self._modes.qr.module_dots = size[0]
            case b"E", bytes(level) if len(level) == 1:
                self._modes.qr.level = level[0]
            case b"P", bytes(stored) if stored[:1] == b"0":
                self._modes.qr.data = stored[1:]
            case b"Q", b"0":
                self._print_qr()
            case _:
                self.errors.append(f"QR function {function.hex()} {parameters[:8].hex(' ')}")

    def _print_qr(self) -> None:
        dots = self._modes.qr.module_dots
        try:
            rows = qr_rows(self._modes.qr.data, self._modes.qr.level)
        except SymbolError as error:
            self.errors.append(str(error))
            return
        if len(rows) * dots > self._paper.columns * 12:
            self.errors.append("QR code wider than the paper")
            return
        self._paper.put_symbol(
            Symbol("qr", self._modes.qr.data.decode("utf-8", "replace"), rows, dots, dots, self._modes.align_value)
        )

    def _feed_lines(self, parameters: bytes) -> None:
        self._paper.flush_line()
        for _ in range(parameters[0]):
            self._paper.feed_line()

    def _pulse(self, parameters: bytes) -> None:
        if parameters[0] % 48 not in (0, 1):
            self.errors.append(f"drawer {parameters[0]}")
            return
        self._machine.kick_drawer(5 if parameters[0] % 48 else 2, parameters[1] * 2)
