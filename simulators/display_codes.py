"""Simulated displays with commands of one byte (UTC standard, Logic Controls), and those that take whole lines."""

from __future__ import annotations

from typing import ClassVar

from simulators.display_machine import DisplayMachine, Running
from simulators.display_screen import COLUMNS


class UtcDisplay(DisplayMachine):
    """PD1200 and its like."""

    scrolls: ClassVar[bool] = False
    more: ClassVar[bytes] = b"\x18\x19\x1a\x1c\x1d\x1e"

    def run(self) -> Running:
        screen = self.screen
        screen.mode = "vertical"
        while True:
            byte = yield
            if byte >= 0x20:
                screen.write(byte)
                continue
            screen.marquee.clear()
            if byte == 0x1F:
                screen.clear()
                screen.mode, screen.has_cursor = "vertical", True
            elif byte in (0x11, 0x12):
                screen.mode = "overwrite" if byte == 0x11 else "vertical"
            elif byte in (0x13, 0x14):
                screen.has_cursor = byte == 0x13
            elif byte == 0x10:
                position = yield
                self.place(position % COLUMNS, position // COLUMNS)
            elif byte == 0x04:
                level = yield
                if level not in (0x20, 0x40, 0x60, 0xFF):
                    self.unknown(byte, level)
                screen.brightness_percent = {0x20: 20, 0x40: 40, 0x60: 60}.get(level, 100)
            elif byte == 0x0D:
                screen.column = 0
            elif byte == 0x0A:
                screen.line_feed()
            elif byte in (0x08, 0x09):
                screen.move(-1 if byte == 0x08 else 1)
            elif byte in self.more:
                yield from self._more(byte)
            elif byte == 0x05 and self.scrolls:
                screen.marquee[0] = yield from self.text()
            elif byte == 0x1B and self.scrolls and (yield) == 0x06:
                screen.marquee[1] = yield from self.text()
            else:
                self.unknown(byte)

    def _more(self, byte: int) -> Running:
        """CAN and EM clear from the cursor on, RS all; SUB has the number of a font; FS and GS: flashing text."""
        if byte == 0x1A:
            self.screen.code_page = yield
        elif byte == 0x1E:
            self.screen.clear()
        elif byte in (0x18, 0x19):
            self.screen.clear_to_end(is_whole=byte == 0x19)


class LogicControlsDisplay(UtcDisplay):
    """PD3000, LD9000, LDX1000: it scrolls by itself."""

    scrolls = True
    more = b""


class AedexDisplay(DisplayMachine):
    """All that is no command passes through to the device behind."""

    attention: ClassVar[bytes] = b"!#"
    rows: ClassVar[dict[int, int]] = {ord("1"): 0, ord("2"): 1}
    scrolling: ClassVar[bytes] = b"46"
    both: ClassVar[int] = ord("9")
    unseen: ClassVar[bytes] = b"57"
    reset: ClassVar[int | None] = ord("A")

    def run(self) -> Running:
        while True:
            byte = yield
            if byte != self.attention[0]:
                self.passed_on.append(byte)
                continue
            second = yield
            if second != self.attention[1]:
                self.passed_on += bytes((byte, second))
                continue
            code = yield
            text = yield from self.text()
            if code in self.rows and len(text) <= COLUMNS:
                self.screen.whole_line(self.rows[code], text)
            elif code in self.scrolling:
                self.screen.marquee[0] = text
            elif code == self.both and len(text) <= 2 * COLUMNS:
                self.screen.whole_line(0, text[:COLUMNS])
                self.screen.whole_line(1, text[COLUMNS:])
            elif code == self.reset:
                self.screen.reset()
            elif code in self.unseen:
                pass
            else:
                self.unknown(*self.attention, code)


class UtcEnhancedDisplay(AedexDisplay):
    """The same with other letters."""

    attention = b"\x1bu"
    rows: ClassVar[dict[int, int]] = {ord("A"): 0, ord("B"): 1}
    scrolling = b"DF"
    both = ord("I")
    unseen = b"E"
    reset = None
