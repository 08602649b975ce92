"""What a driver needs of a display's dialect: bytes for what is to be seen. Pure; every dialect is an object of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

ROWS: Final = 2
COLUMNS: Final = 20
"""Of every display here."""
MARQUEE_BYTES_MAX: Final = 40
"""The shortest limit of those that scroll by themselves (CD5220, UTC enhanced); Logic Controls and Aedex take 45."""


class DisplayDialect(ABC):
    """Lines are whole: ``COLUMNS`` printable bytes each, in the display's code page. None: the dialect cannot."""

    brightness_levels: ClassVar[Mapping[int, bytes]] = {}
    """Per cent to the command."""
    scrolls_rows: ClassVar[frozenset[int]] = frozenset()
    """Where the display scrolls by itself."""
    can_blink: ClassVar[bool] = False
    can_test: ClassVar[bool] = False
    can_be_behind_a_printer: ClassVar[bool] = False
    """It knows ESC = (select peripheral)."""
    select: ClassVar[bytes] = b""
    deselect: ClassVar[bytes] = b""

    @abstractmethod
    def begin(self, code_page_slot: int | None) -> bytes:
        """Into a known state, with an empty screen and no cursor, whatever it was told before."""

    @abstractmethod
    def show(self, lines: Sequence[bytes]) -> bytes:
        """The whole screen; a marquee ends."""

    @abstractmethod
    def update(self, row: int, line: bytes) -> bytes:
        """One line (1 or 2), where nothing scrolls."""

    def marquee(self, row: int, text: bytes) -> bytes | None:
        """Let the display scroll it without end. ``show`` what stays in the other line before."""
        return None

    def brightness(self, percent: int) -> bytes | None:
        """The nearest level that it has."""
        levels = self.brightness_levels
        return levels[min(levels, key=lambda level: abs(level - percent))] if levels else None

    def blink(self, interval_ms: int) -> bytes | None:
        """The whole screen; 0: no more."""
        return None

    def self_test(self) -> bytes | None:
        return None
