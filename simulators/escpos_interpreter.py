"""A simulated printer's language: takes commands off the front of its buffer and carries them out on paper.

Written from the command reference, independent of the gateway's encoder. What it does not know is kept as an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from simulators.escpos_characters import Characters
from simulators.escpos_codes import Codes
from simulators.escpos_functions import Functions, Machine
from simulators.escpos_graphics import Graphics
from simulators.escpos_modes import Modes
from simulators.escpos_paper import Paper
from simulators.escpos_unseen import NEUTRAL, NOT_SIMULATED, UNSEEN

ERRORS_KEPT = 1000
BACKSLASHES = {0: "\\", 8: "¥", 13: "₩"}
"""ESC R of the USA, Japan and Korea: what 5C hex is."""
Handler = Callable[[bytes], None]


class Interpreter:
    """``step`` carries out one command. ``errors``: what a real printer would garble, with the bytes."""

    def __init__(self, paper: Paper, machine: Machine, characters: Characters | None = None) -> None:
        self.errors: deque[str] = deque(maxlen=ERRORS_KEPT)
        self._paper = paper
        self._machine = machine
        self._modes = modes = Modes(paper, self.errors, characters or Characters())
        self._codes = Codes(paper, modes, self.errors)
        self._functions = Functions(machine, self._codes, self.errors)
        self.graphics = Graphics(paper, modes, self.errors)
        # Command to the number of its parameter bytes and its meaning.
        self._fixed: dict[bytes, tuple[int, Handler]] = {
            **{command: (count, lambda _: None) for command, count in UNSEEN.items()},
            **{command: (count, self._refusal(command)) for command, count in NOT_SIMULATED.items()},
            **self._text_commands(modes),
            b"\x00": (0, lambda _: None),
            b"\n": (0, lambda _: paper.feed_line()),
            b"\r": (0, lambda _: None),
            b"\t": (0, lambda _: modes.tab()),
            b"\x1b@": (0, lambda _: self.reset()),
            b"\x1b=": (1, self._select),
            b"\x1b2": (0, modes.line_spacing),
            b"\x1b3": (1, modes.line_spacing),
            b"\x1b$": (2, modes.position),
            b"\x1b\\": (2, modes.relative_position),
            b"\x1b ": (1, modes.character_space),
            b"\x1bd": (1, self._feed_lines),
            b"\x1bJ": (1, lambda p: paper.feed_dots(p[0])),
            b"\x1bp": (3, self._pulse),
            b"\x1bB": (2, self._buzz_of_clones),
            b"\x1bi": (0, lambda _: self._cut_here()),
            b"\x1bm": (0, lambda _: self._cut_here()),
            b"\x1cp": (2, self.graphics.stored_number),
            b"\x1dH": (1, modes.text_below),
            b"\x1dh": (1, modes.barcode_height),
            b"\x1dw": (1, modes.barcode_width),
            b"\x1da": (1, lambda p: machine.enable_automatic_status(p[0])),
            b"\x1dr": (1, lambda p: machine.answer_status(p[0])),
            b"\x1dI": (1, lambda p: machine.answer_identity(p[0])),
            b"\x1bv": (0, lambda _: machine.answer_status(1)),
            b"\x1bu": (1, lambda _: machine.answer_status(2)),
            b"\x1dL": (2, modes.left_margin),
            b"\x1dW": (2, modes.print_width),
        }
        self._whole: dict[bytes, Callable[[bytearray], int]] = {
            b"\x1dk": self._codes.barcode,
            b"\x1dV": self._cut,
            b"\x1d(": self._counted,
            b"\x1b(": self._counted,
            b"\x1dv": self._raster,
            b"\x1d8": self._graphics_of_four,
            b"\x1b*": self.graphics.columns,
            b"\x1bD": modes.set_tabs,
            b"\x1c(": self._counted,
            b"\x1d*": self._downloaded,
        }
        commands = (*self._fixed, *self._whole)
        self._beginnings = {command[:size] for command in commands for size in range(1, len(command))}
        self._is_selected = True
        self.reset()

    def _text_commands(self, modes: Modes) -> dict[bytes, tuple[int, Handler]]:
        return {
            b"\x1b!": (1, modes.print_mode),
            b"\x1bE": (1, lambda p: modes.restyle(is_bold=bool(p[0] & 1))),
            b"\x1bG": (1, lambda p: modes.restyle(is_double_struck=bool(p[0] & 1))),
            b"\x1b-": (1, modes.underline),
            b"\x1c-": (1, modes.underline),
            b"\x1bM": (1, modes.font),
            b"\x1bR": (1, self._character_set),
            b"\x1ba": (1, modes.align),
            b"\x1bt": (1, modes.code_page),
            b"\x1br": (1, modes.colour),
            b"\x1b{": (1, modes.upside_down),
            b"\x1c&": (0, lambda _: modes.set_wide(True)),
            b"\x1c.": (0, lambda _: modes.set_wide(False)),
            b"\x1cC": (1, self._kanji_system),
            b"\x1d!": (1, modes.size),
            b"\x1dB": (1, lambda p: modes.restyle(is_reversed=bool(p[0] & 1))),
        }

    def reset(self) -> None:
        """ESC @: modes as after power-on; ASB too is off until it is asked for again."""
        self._is_selected = True
        self._modes.reset()
        self._paper.forget_line()
        self._machine.enable_automatic_status(0)

    def step(self, buffer: bytearray) -> int:
        """Carry out the first command and return its length; 0 while it is not there as a whole."""
        if self.graphics.is_awaiting:
            return self.graphics.take(buffer)
        data = bytes(buffer[:4])
        if not self._is_selected and not b"\x1b=".startswith(data[:2]):
            return 1
        if data[:1] >= b" " and data[:1] != b"\x7f":
            return self._character(data)
        if data in self._beginnings:
            return 0
        if data[:2] in self._whole:
            return self._whole[data[:2]](buffer)
        for command in (data[:1], data[:2], data[:3]):
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
        character, size, cells = self._modes.characters.read(data)
        if not size:
            return 0
        if character is None:
            self.errors.append(f"character {data[:size].hex()} is not there")
            character = "?"
        self._paper.put(self._paper.glyph(character, self._modes.style, cells), self._modes.align_value)
        self._modes.space_after()
        return size

    def _cut(self, buffer: bytearray) -> int:
        """GS V: 0, 1, 48, 49 cut; the others with a feed byte feed to the knife first (97 to 104: or cut later)."""
        data = bytes(buffer[:4])
        has_feed = data[2:3] in (b"A", b"B", b"a", b"b", b"g", b"h")
        if len(data) < 3 or (has_feed and len(data) < 4):
            return 0
        if not has_feed and data[2] not in (0, 1, 48, 49):
            self.errors.append(f"cut {data[2]}")
        self._cut_here()
        return 4 if has_feed else 3

    def _cut_here(self) -> None:
        if not self._paper.is_at_line_start:
            self.errors.append("cut in the middle of a line")
        self._paper.cut()

    def _raster(self, buffer: bytearray) -> int:
        if len(buffer) < 3:
            return 0
        if buffer[2] != ord("0"):
            self.errors.append(f"GS v {buffer[2]}")
            return 3
        return self.graphics.raster(buffer)

    def _graphics_of_four(self, buffer: bytearray) -> int:
        if len(buffer) < 3:
            return 0
        if buffer[2] != ord("L"):
            self.errors.append(f"GS 8 {buffer[2]}")
            return 3
        return self.graphics.graphics(buffer)

    def _counted(self, buffer: bytearray) -> int:
        """GS ( x pL pH ..., ESC ( A pL pH ..., FS ( x pL pH ..."""
        if len(buffer) < 5:
            return 0
        if bytes(buffer[:3]) == b"\x1d(L":
            return self.graphics.graphics(buffer)
        length = 5 + int.from_bytes(buffer[3:5], "little")
        if len(buffer) < length:
            return 0
        self._functions.carry_out(bytes((buffer[0], buffer[2])), bytes(buffer[5:length]))
        return length

    def _feed_lines(self, parameters: bytes) -> None:
        self._paper.flush_line()
        for _ in range(parameters[0]):
            self._paper.feed_line()

    def _pulse(self, parameters: bytes) -> None:
        if parameters[0] % 48 not in (0, 1):
            self.errors.append(f"drawer {parameters[0]}")
            return
        self._machine.kick_drawer(5 if parameters[0] % 48 else 2, parameters[1] * 2)

    def _buzz_of_clones(self, parameters: bytes) -> None:
        if not (1 <= parameters[0] <= 9 and 1 <= parameters[1] <= 9):
            self.errors.append(f"buzzer {parameters.hex(' ')}")
            return
        self._machine.buzz(parameters[0], parameters[1] * 100)

    def _kanji_system(self, parameters: bytes) -> None:
        """FS C n"""
        if not self._modes.characters.choose_system(parameters[0] % 48):
            self.errors.append(f"FS C {parameters[0]}")

    def _select(self, parameters: bytes) -> None:
        """ESC = n: 1 for the printer, 2 for the display behind it; what is not for it passes by."""
        self._is_selected = bool(parameters[0] & 1)

    def _downloaded(self, buffer: bytearray) -> int:
        """GS * x y d...: a picture kept for GS /, neither of which is simulated."""
        if len(buffer) < 4 or len(buffer) < 4 + buffer[2] * buffer[3] * 8:
            return 0
        self.errors.append(f"GS * {buffer[2]} {buffer[3]} is not simulated")
        return 4 + buffer[2] * buffer[3] * 8

    def _refusal(self, command: bytes) -> Handler:
        def refuse(parameters: bytes) -> None:
            if parameters != NEUTRAL.get(command):
                self.errors.append(f"command {(command + parameters).hex(' ')} is not simulated")

        return refuse

    def _character_set(self, parameters: bytes) -> None:
        """ESC R n: of the national ones only those that differ by one sign."""
        if parameters[0] not in BACKSLASHES:
            self.errors.append(f"character set {parameters[0]}")
        self._modes.characters.backslash = BACKSLASHES.get(parameters[0], "\\")
