"""Simulated displays with commands of one byte (UTC standard, Logic Controls), and those that take whole lines."""

from __future__ import annotations

from typing import ClassVar

from simulators.display_machine import DisplayMachine, Running
from simulators.display_screen import COLUMNS


class UtcDisplay(DisplayMachine):
    """PD1200 and its like."""

    scrolls: ClassVar[bool] = False

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
            elif byte == 0x05 and self.scrolls:
                screen.marquee[0] = yield from self.text()
            elif byte == 0x1B and self.scrolls and (yield) == 0x06:
                screen.marquee[1] = yield from self.text()
            else:
                self.unknown(byte)


class LogicControlsDisplay(UtcDisplay):
    """PD3000, LD9000, LDX1000: it scrolls by itself."""

    scrolls = True


class AedexDisplay(DisplayMachine):
    """All that is no command passes through to the device behind."""

    attention: ClassVar[bytes] = b"!#"
    rows: ClassVar[dict[int, int]] = {ord("1"): 0, ord("2"): 1}
    scrolling: ClassVar[int] = ord("4")

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
            elif code == self.scrolling:
                self.screen.marquee[0] = text
            else:
                self.unknown(*self.attention, code)


class UtcEnhancedDisplay(AedexDisplay):
    """The same with other letters."""

    attention = b"\x1bu"
    rows: ClassVar[dict[int, int]] = {ord("A"): 0, ord("B"): 1}
    scrolling = ord("D")
