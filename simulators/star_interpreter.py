"""A simulated Star printer's language: Star Line Mode and StarPRNT, carried out on paper command by command.

Written from the specifications, independent of the gateway's encoder. What it does not know is kept as an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from simulators.escpos_characters import KATAKANA, UNKNOWN, Characters
from simulators.escpos_modes import Modes
from simulators.escpos_paper import Paper
from simulators.star_codes import StarCodes
from simulators.star_pictures import StarPictures
from simulators.star_raster import GRAPHIC, StarRaster
from simulators.star_unseen import BIT_IMAGES, ENDED, NEUTRAL, NOT_SIMULATED, UNSEEN, UnseenStar

ERRORS_KEPT = 1000
STAR_PAGES = {
    0: UNKNOWN * 128,  # Star's own: of it only ASCII is simulated
    1: "cp437",
    2: KATAKANA,
    4: "cp858",
    5: "cp852",
    6: "cp860",
    7: "cp861",
    8: "cp863",
    9: "cp865",
    10: "cp866",
    11: "cp855",
    12: "cp857",
    13: "cp862",
    15: "cp737",
    17: "cp869",
    21: "tis-620",
    32: "cp1252",
    33: "cp1250",
    34: "cp1251",
}
"""ESC GS t."""
Handler = Callable[[bytes], None]


class Machine(Protocol):
    """The parts of the printer that are not paper."""

    def send(self, data: bytes) -> None: ...
    def kick_drawer(self, pin: int, on_ms: int) -> None: ...
    def buzz(self, times: int, on_ms: int) -> None: ...
    def enable_automatic_status(self, is_on: bool) -> None: ...
    def count_etb(self) -> None: ...
    def clear_etb(self) -> None: ...
    def count_print_end(self, function: int, document: bytes) -> None: ...
    def answer_version(self) -> None: ...
    def answer_information(self, parameters: bytes) -> None: ...


class StarInterpreter:
    """``step`` carries out one command. ``is_impact``: ESC 4 is red, and there are no fonts and sizes but double;
    ``is_graphic``: it prints pictures alone (TSP100)."""

    def __init__(self, paper: Paper, machine: Machine, *, is_impact: bool = False, is_graphic: bool = False) -> None:
        self.errors: deque[str] = deque(maxlen=ERRORS_KEPT)
        self._paper = paper
        self._machine = machine
        self._is_impact = is_impact
        self._is_graphic = is_graphic
        self._modes = modes = Modes(paper, self.errors, Characters(STAR_PAGES))
        self._codes = StarCodes(paper, modes, self.errors)
        self._pictures = StarPictures(paper, modes, self.errors)
        self._pulse_ms = 200
        self._unseen = UnseenStar(self.errors)
        self._buzz_ms = 0
        self._raster = StarRaster(paper, lambda pin: machine.kick_drawer(pin, self._pulse_ms), self.errors)
        self._fixed: dict[bytes, tuple[int, Handler]] = {
            **{command: (count, lambda _: None) for command, count in UNSEEN.items()},
            **{command: (count, self._refusal(command)) for command, count in NOT_SIMULATED.items()},
            b"\x00": (0, lambda _: None),
            b"\n": (0, lambda _: paper.feed_line()),
            b"\r": (0, lambda _: None),
            b"\x07": (0, lambda _: machine.kick_drawer(2, self._pulse_ms)),
            b"\x1c": (0, lambda _: machine.kick_drawer(2, self._pulse_ms)),
            b"\x1a": (0, lambda _: machine.kick_drawer(5, 200)),
            b"\x19": (0, lambda _: machine.kick_drawer(5, 200)),
            b"\x0f": (0, lambda _: modes.upside_down(b"\x01")),
            b"\x12": (0, lambda _: modes.upside_down(b"\x00")),
            b"\x17": (0, lambda _: machine.count_etb()),
            b"\x18": (0, lambda _: self.reset()),
            b"\x1b@": (0, lambda _: self.reset()),
            b"\t": (0, lambda _: modes.tab()),
            b"\x0e": (0, lambda _: self._one_size("width", 1)),
            b"\x14": (0, lambda _: self._one_size("width", 0)),
            b"\x1b\x0e": (0, lambda _: self._one_size("height", 1)),
            b"\x1b\x14": (0, lambda _: self._one_size("height", 0)),
            b"\x1b\x1dA": (2, modes.position),
            b"\x1b\x1dR": (2, modes.relative_position),
            b"\x1bE": (0, lambda _: modes.restyle(is_bold=True)),
            b"\x1bF": (0, lambda _: modes.restyle(is_bold=False)),
            b"\x1b-": (1, lambda p: modes.restyle(underline=p[0] % 48)),
            b"\x1b4": (0, lambda _: self._invert(True)),
            b"\x1b5": (0, lambda _: self._invert(False)),
            b"\x1bi": (2, self._size),
            b"\x1bW": (1, lambda p: self._one_size("width", p[0])),
            b"\x1bh": (1, lambda p: self._one_size("height", p[0])),
            b"\x1ba": (1, self._feed_lines),
            b"\x1b ": (1, lambda p: modes.character_space(bytes((p[0] % 48,)))),
            b"\x1bl": (1, lambda p: modes.margins(left=p[0])),
            b"\x1bQ": (1, lambda p: modes.margins(right=p[0])),
            b"\x1bJ": (1, lambda p: paper.feed_dots(p[0] * 2)),
            b"\x1bd": (1, self._cut),
            b"\x1b0": (0, lambda _: self._spacing(24)),
            b"\x1bz": (1, lambda p: self._spacing(30 if p[0] % 48 else 24)),
            b"\x1b\x07": (2, self._pulse),
            b"\x1b\x0c": (1, self._raster.page),
            b"\x1b\x1da": (1, modes.align),
            b"\x1b\x1dt": (1, modes.code_page),
            b"\x1b\x1d\x03": (3, lambda p: machine.count_print_end(p[0], p[1:])),
            b"\x1b\x1d\x19\x11": (3, self._buzz_times),
            b"\x1b\x1d\x19\x12": (3, lambda p: machine.buzz(p[1], self._buzz_ms)),
            b"\x1b\x1ea": (1, lambda p: machine.enable_automatic_status(p[0] % 48 > 0)),
            b"\x1b\x1eE": (1, lambda _: machine.clear_etb()),
            b"\x1b\x1eF": (1, modes.font),
        }
        self._whole: dict[bytes, Callable[[bytearray], int]] = {
            b"\x1bb": self._codes.barcode,
            b"\x1b\x1dy": self._codes.qr,
            b"\x1b\x1dx": self._codes.pdf417,
            b"\x1bX": self._pictures.columns,
            b"\x1bk": self._pictures.fine_rows,
            b"\x1b\x1dS": self._pictures.raster,
            b"\x1b#": self._version,
            b"\x1b\x1d)": self._information,
            b"\x1bD": modes.set_tabs,
            b"\x1bC": self._page_length,
            b"\x1b*r": self._raster.command,
            **dict.fromkeys(ENDED, self._unseen.ended),
            **dict.fromkeys(BIT_IMAGES, self._unseen.bit_image),
        }
        commands = (*self._fixed, *self._whole)
        self._beginnings = {command[:size] for command in commands for size in range(1, len(command))}
        self.reset()

    def reset(self) -> None:
        """ESC @: modes as after power-on."""
        self._modes.reset()
        self._paper.forget_line()
        self._pulse_ms = 200
        self._raster.reset()

    @property
    def pulse_ms(self) -> int:
        """As ESC BEL set it last."""
        return self._pulse_ms

    def step(self, buffer: bytearray) -> int:
        """Carry out the first command and return its length; 0 while it is not there as a whole."""
        data = bytes(buffer[:8])
        if self._raster.is_on and data[:1] in (b"b", b"k"):
            return self._raster.row(buffer)
        if data[:1] >= b" " and data[:1] != b"\x7f":
            return self._character(data)
        for size in (4, 3, 2, 1):
            command = data[:size]
            if self._is_graphic and (command in self._whole or command in self._fixed) and command not in GRAPHIC:
                self.errors.append(f"command {command.hex(' ')} is not of graphic mode")
            if command in self._whole:
                return self._whole[command](buffer)
            if command in self._fixed:
                count, handler = self._fixed[command]
                length = len(command) + count
                if len(buffer) < length:
                    return 0
                handler(bytes(buffer[len(command) : length]))
                return length
        if data in self._beginnings:
            return 0
        self.errors.append(f"unknown command {data[:4].hex(' ')}")
        return 1

    def _character(self, data: bytes) -> int:
        if self._is_graphic:
            self.errors.append(f"a printer of pictures alone has no character {data[:1]!r}")
        character, size, cells = self._modes.characters.read(data)
        if character is None:
            self.errors.append(f"character {data[:size].hex()} is not there")
            character = "?"
        self._paper.put(self._paper.glyph(character, self._modes.style, cells), self._modes.align_value)
        return size

    def _invert(self, is_on: bool) -> None:
        self._modes.restyle(**{"is_red" if self._is_impact else "is_reversed": is_on})

    def _size(self, parameters: bytes) -> None:
        """ESC i: height, then width; 0 to 5 more."""
        if self._is_impact or max(parameters) > 5:
            self.errors.append(f"size {parameters.hex(' ')}")
        else:
            self._modes.restyle(height=parameters[0] + 1, width=parameters[1] + 1)

    def _one_size(self, which: str, n: int) -> None:
        most = 1 if self._is_impact else 5
        if n % 48 > most:
            self.errors.append(f"{which} {n}")
        else:
            self._modes.restyle(**{which: n % 48 + 1})

    def _page_length(self, buffer: bytearray) -> int:
        """ESC C n, ESC C NUL n: of forms, which a roll has not."""
        length = 4 if buffer[2:3] == b"\x00" else 3
        return length if len(buffer) >= length else 0

    def _refusal(self, command: bytes) -> Handler:
        def refuse(parameters: bytes) -> None:
            if parameters != NEUTRAL.get(command):
                self.errors.append(f"command {(command + parameters).hex(' ')} is not simulated")

        return refuse

    def _spacing(self, dots: int) -> None:
        self._paper.line_spacing_dots = dots

    def _feed_lines(self, parameters: bytes) -> None:
        self._paper.flush_line()
        for _ in range(parameters[0]):
            self._paper.feed_line()

    def _cut(self, parameters: bytes) -> None:
        if parameters[0] % 48 > 3:
            self.errors.append(f"cut {parameters[0]}")
        if not self._paper.is_at_line_start:
            self.errors.append("cut in the middle of a line")
        self._paper.cut()

    def _pulse(self, parameters: bytes) -> None:
        if not all(1 <= units <= 127 for units in parameters):
            self.errors.append(f"drawer pulse {parameters.hex(' ')}")
        self._pulse_ms = parameters[0] * 10

    def _buzz_times(self, parameters: bytes) -> None:
        self._buzz_ms = parameters[1] * 20

    def _version(self, buffer: bytearray) -> int:
        end = buffer.find(b"\n\x00", 2)
        if end < 0:
            return 0
        if bytes(buffer[2:end]) == b"*":
            self._machine.answer_version()
        else:
            self.errors.append(f"memory switch {bytes(buffer[2:end])!r}")
        return end + 2

    def _information(self, buffer: bytearray) -> int:
        if len(buffer) < 6 or len(buffer) < 6 + int.from_bytes(buffer[4:6], "little"):
            return 0
        length = 6 + int.from_bytes(buffer[4:6], "little")
        if buffer[3] == 0x49:
            self._machine.answer_information(bytes(buffer[4:length]))
        else:
            self.errors.append(f"ESC GS ) {chr(buffer[3])}")
        return length
