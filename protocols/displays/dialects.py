"""Every dialect of customer displays, as a driver needs it. The documents are named beside the tables of commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from protocols.displays.aures_host import SELECT_ESCPOS
from protocols.displays.dialect import COLUMNS, MARQUEE_BYTES_MAX, ROWS, DisplayDialect

_BLANK: Final = b" " * COLUMNS
BLINK_UNIT_MS: Final = 50
BLINK_UNITS_MAX: Final = 254
"""255 switches the display off."""


class EpsonDialect(DisplayDialect):
    """DM-D, and what others call Epson mode."""

    brightness_levels: ClassVar[Mapping[int, bytes]] = {
        20: b"\x1fX\x01",
        40: b"\x1fX\x02",
        60: b"\x1fX\x03",
        100: b"\x1fX\x04",
    }
    can_blink: ClassVar[bool] = True
    can_test: ClassVar[bool] = True
    can_be_behind_a_printer: ClassVar[bool] = True
    select: ClassVar[bytes] = b"\x1b=\x02"
    deselect: ClassVar[bytes] = b"\x1b=\x01"

    def begin(self, code_page_slot: int | None) -> bytes:
        # ESC @ also sends what follows to both again, so it comes before the choice.
        slot = b"" if code_page_slot is None else b"\x1bt" + bytes((code_page_slot,))
        return b"\x1b@" + slot + b"\x1f\x01\x1fC\x00\x0c"

    def show(self, lines: Sequence[bytes]) -> bytes:
        return b"".join(self.update(row, line) for row, line in enumerate(lines, 1))

    def update(self, row: int, line: bytes) -> bytes:
        return b"\x1f$\x01" + bytes((row,)) + line

    def blink(self, interval_ms: int) -> bytes:
        units = min(max(round(interval_ms / BLINK_UNIT_MS), 1), BLINK_UNITS_MAX) if interval_ms else 0
        return b"\x1fE" + bytes((units,))

    def self_test(self) -> bytes:
        return b"\x1f@"


class AuresDialect(EpsonDialect):
    """The OCD-300 speaks it once it is told so."""

    can_be_behind_a_printer: ClassVar[bool] = False

    def begin(self, code_page_slot: int | None) -> bytes:
        return SELECT_ESCPOS + super().begin(code_page_slot)

    def self_test(self) -> bytes:
        return b"\x02\x05D\x08\x03"


class Cd5220Dialect(DisplayDialect):
    """Its string mode (ESC Q A, ESC Q B) takes nothing but CLR and CAN afterwards, so lines are written at the cursor.
    A marquee is ended by CLR."""

    brightness_levels: ClassVar[Mapping[int, bytes]] = {
        25: b"\x1b*\x01",
        50: b"\x1b*\x02",
        75: b"\x1b*\x03",
        100: b"\x1b*\x04",
    }
    scrolls_rows: ClassVar[frozenset[int]] = frozenset({1})
    can_be_behind_a_printer: ClassVar[bool] = True
    select: ClassVar[bytes] = b"\x1b=\x02"
    deselect: ClassVar[bytes] = b"\x1b=\x01"

    def begin(self, code_page_slot: int | None) -> bytes:
        # CLR first: in string mode it is the only command that is obeyed.
        slot = b"" if code_page_slot is None else b"\x1bc" + bytes((code_page_slot,))
        return b"\x0c\x1b@" + slot + b"\x1b\x11\x1b_\x00"

    def show(self, lines: Sequence[bytes]) -> bytes:
        return b"\x0c" + b"".join(self.update(row, line) for row, line in enumerate(lines, 1))

    def update(self, row: int, line: bytes) -> bytes:
        return b"\x1bl\x01" + bytes((row,)) + line

    def marquee(self, row: int, text: bytes) -> bytes | None:
        return b"\x1bQD" + text[:MARQUEE_BYTES_MAX] + b"\r" if row in self.scrolls_rows else None


class UtcDialect(DisplayDialect):
    """Standard mode: one byte to a command."""

    brightness_levels: ClassVar[Mapping[int, bytes]] = {
        20: b"\x04\x20",
        40: b"\x04\x40",
        60: b"\x04\x60",
        100: b"\x04\xff",
    }

    def begin(self, code_page_slot: int | None) -> bytes:
        slot = b"" if code_page_slot is None else b"\x1a" + bytes((code_page_slot,))
        return b"\x1f\x11\x14" + slot

    def show(self, lines: Sequence[bytes]) -> bytes:
        return b"".join(self.update(row, line) for row, line in enumerate(lines, 1))

    def update(self, row: int, line: bytes) -> bytes:
        return b"\x10" + bytes(((row - 1) * COLUMNS,)) + line


class LogicControlsDialect(UtcDialect):
    """As UTC's standard mode, and it scrolls by itself; any command but a letter ends that."""

    scrolls_rows: ClassVar[frozenset[int]] = frozenset({1, 2})
    _MARQUEES: ClassVar[Mapping[int, bytes]] = {1: b"\x05", 2: b"\x1b\x06"}

    def begin(self, code_page_slot: int | None) -> bytes:
        return b"\x1f\x11\x14"

    def show(self, lines: Sequence[bytes]) -> bytes:
        return b"\x1f\x11\x14" + super().show(lines)

    def marquee(self, row: int, text: bytes) -> bytes | None:
        return self._MARQUEES[row] + text[:MARQUEE_BYTES_MAX] + b"\r"


class LineDialect(DisplayDialect):
    """Whole lines behind an attention code, each ended by CR; nothing else can be said."""

    scrolls_rows: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, lines: tuple[bytes, bytes], marquee: bytes) -> None:
        self._lines = lines
        self._marquee = marquee

    def begin(self, code_page_slot: int | None) -> bytes:
        # CR first: it ends what was begun and never ended.
        return b"\r" + self.show([_BLANK] * ROWS)

    def show(self, lines: Sequence[bytes]) -> bytes:
        return b"".join(self.update(row, line) for row, line in enumerate(lines, 1))

    def update(self, row: int, line: bytes) -> bytes:
        return self._lines[row - 1] + line + b"\r"

    def marquee(self, row: int, text: bytes) -> bytes | None:
        return self._marquee + text[:MARQUEE_BYTES_MAX] + b"\r" if row in self.scrolls_rows else None


DIALECTS: Final[Mapping[str, DisplayDialect]] = {
    "epson": EpsonDialect(),
    "cd5220": Cd5220Dialect(),
    "aedex": LineDialect((b"!#1", b"!#2"), b"!#4"),
    "utc": UtcDialect(),
    "utc_enhanced": LineDialect((b"\x1buA", b"\x1buB"), b"\x1buD"),
    "logic_controls": LogicControlsDialect(),
    "bematech": LogicControlsDialect(),
    "aures_ocd300": AuresDialect(),
}
"""By the second half of its protocol's name."""
