"""Simulated displays that speak Epson's commands (DM-D), the Aures OCD-300 that is told to, and the CD5220."""

from __future__ import annotations

from collections.abc import Generator

from simulators.display_machine import MOVES, DisplayMachine, Running

_US_MOVES = {0x0A: "up", 0x0D: "line_end", ord("B"): "bottom"}
_US_UNSEEN = {ord("v"): 1, ord("#"): 2}
"""DTR; marks above the characters."""
_BRACKET_MOVES = {
    **{ord("D"): "left", ord("C"): "right", ord("A"): "up", ord("B"): "down"},
    **{ord("H"): "home", ord("L"): "line_start", ord("R"): "line_end", ord("K"): "bottom"},
}


class EpsonDisplay(DisplayMachine):
    """DM-D110."""

    def run(self) -> Running:
        screen = self.screen
        while True:
            byte = yield
            if byte == 0x1B:
                code = yield
                if code == ord("="):
                    which = yield
                    self.select(which)
                    continue
                if not self.is_selected:
                    self.passed_on += bytes((byte, code))
                    continue
                yield from self._escape(code)
            elif not self.is_selected:
                self.passed_on.append(byte)
            elif byte == 0x1F:
                yield from self._us((yield))
            elif byte == 0x0C:
                screen.clear()
            elif byte == 0x18:
                screen.clear_line()
            elif byte == 0x0B:
                screen.place(0, 0)
            elif byte == 0x0D:
                screen.column = 0
            elif byte == 0x0A:
                screen.line_feed()
            elif byte in (0x08, 0x09):
                screen.move(-1 if byte == 0x08 else 1)
            elif byte >= 0x20:
                self.write(byte)
            else:
                yield from self.other(byte)

    def other(self, byte: int) -> Running:
        """A control code that is none of Epson's."""
        self.unknown(byte)
        yield from ()

    def _escape(self, code: int) -> Running:
        if code == ord("@"):
            self.screen.reset()
        elif code in b"tR%?":
            value = yield
            if code == ord("t"):
                self.screen.code_page = value
        else:
            self.unknown(0x1B, code)

    def _us(self, code: int) -> Running:
        screen = self.screen
        if code == ord("$"):
            column = yield
            row = yield
            self.place(column - 1, row - 1)
        elif code in (1, 2, 3):
            screen.mode = ("overwrite", "vertical", "horizontal")[code - 1]
        elif code == ord("X"):
            level = yield
            if level in (1, 2, 3, 4):
                screen.brightness_percent = {1: 20, 2: 40, 3: 60, 4: 100}[level]
            else:
                self.unknown(0x1F, code, level)
        elif code == ord("C"):
            screen.has_cursor = bool((yield) & 1)
        elif code == ord("E"):
            screen.blink_units = yield
        elif code == ord("@"):
            self.tests += 1
        elif code in _US_MOVES:
            MOVES[_US_MOVES[code]](screen)
        elif code in b".,;":
            self.write((yield))
        elif code in _US_UNSEEN:
            yield from self.skip(_US_UNSEEN[code])
        elif code == ord("("):
            yield
            low = yield
            high = yield
            yield from self.skip(low + 256 * high)
        else:
            self.unknown(0x1F, code)


class AuresDisplay(EpsonDisplay):
    """OCD-300. Its own commands stand between STX and ETX; until it is told so, Epson's are none of its."""

    def run(self) -> Running:
        for expected in b"\x02\x05\x43\x31\x03":
            byte = yield
            if byte != expected:
                self.unknown(byte)
        yield from super().run()

    def other(self, byte: int) -> Running:
        if byte != 0x02:
            self.unknown(byte)
            return
        length = yield
        body = bytearray()
        for _ in range(3):
            body.append((yield))
        if (length, bytes(body)) == (5, b"D\x08\x03"):
            self.tests += 1
        elif (length, bytes(body)) != (5, b"C1\x03"):
            self.unknown(byte, length, *body)


class Cd5220Display(DisplayMachine):
    """In string mode it obeys only CLR and CAN; a new command ends what scrolls."""

    def run(self) -> Running:
        screen = self.screen
        is_string_mode = False
        while True:
            byte = yield
            if is_string_mode and byte not in (0x0C, 0x18, 0x1B):
                self.errors.append(f"byte {byte:02x} in string mode: only CLR and CAN are obeyed")
                continue
            if 0 in screen.marquee and byte != 0x1B:
                screen.marquee.clear()
                screen.whole_line(0, b"")
                screen.place(0, 0)
            if byte == 0x1B:
                is_string_mode = yield from self._escape(is_string_mode)
            elif byte == 0x0C:
                screen.clear()
                is_string_mode = False
            elif byte == 0x18:
                screen.clear_line()
                is_string_mode = False
            elif byte == 0x0B:
                screen.place(0, 0)
            elif byte in (0x08, 0x09):
                screen.move(-1 if byte == 0x08 else 1)
            elif byte == 0x0D:
                screen.column = 0
            elif byte == 0x0A:
                screen.line_feed()
            elif byte >= 0x20:
                self.write(byte) if self.is_selected else self.passed_on.append(byte)
            else:
                self.unknown(byte)

    def _escape(self, is_string_mode: bool) -> Generator[None, int, bool]:
        screen = self.screen
        code = yield
        if code == ord("Q"):
            which = yield
            text = yield from self.text()
            if which in b"AB":
                screen.whole_line(which - ord("A"), text)
                return True
            if which != ord("D") or len(text) > 40:
                self.unknown(0x1B, code, which)
            screen.marquee[0] = text
            return False
        if is_string_mode:
            self.errors.append(f"ESC {code:02x} in string mode")
        if code in (0x11, 0x12, 0x13):
            screen.mode = ("overwrite", "vertical", "horizontal")[code - 0x11]
        elif code == ord("l"):
            column = yield
            row = yield
            self.place(column - 1, row - 1)
        elif code == ord("@"):
            screen.reset()
        elif code == ord("_"):
            screen.has_cursor = bool((yield))
        elif code == ord("*"):
            level = yield
            screen.brightness_percent = level * 25
            if level not in (1, 2, 3, 4):
                self.unknown(0x1B, code, level)
        elif code == ord("="):
            which = yield
            self.select(which)
        elif code in b"cf":
            screen.code_page = yield
        elif code in b"%?sd":
            yield from self.skip(1)
        elif code == ord("["):
            direction = yield
            if direction in _BRACKET_MOVES:
                MOVES[_BRACKET_MOVES[direction]](screen)
            else:
                self.unknown(0x1B, code, direction)
        else:
            self.unknown(0x1B, code)
        return False
