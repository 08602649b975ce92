"""What a customer display is sent to show a screen: set up, whole, what differs, the next step of a marquee."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.line_display_screen import Screen
from drivers.line_display_settings import LineDisplaySettings
from protocols.displays.dialect import MARQUEE_BYTES_MAX


class Painting:
    """Of one display. Pure but for what was last set: ``brightness_percent``, ``blink_ms``, and how far it scrolled."""

    def __init__(self, screen: Screen, settings: LineDisplaySettings) -> None:
        self._screen = screen
        self._dialect = settings.made_dialect
        self._code_page_slot = settings.code_page_slot
        self._step = 0
        self._blink_ms = 0
        self.brightness_percent = settings.brightness_percent

    @property
    def scrolls_itself(self) -> bool:
        """The display scrolls the marquee without us."""
        marquee = self._screen.marquee
        return marquee is not None and marquee[0] in self._dialect.scrolls_rows and len(marquee[1]) <= MARQUEE_BYTES_MAX

    def from_nothing(self) -> bytes:
        """What it was told before may be forgotten."""
        setup = self._dialect.begin(self._code_page_slot)
        if self.brightness_percent is not None:
            setup += self._dialect.brightness(self.brightness_percent) or b""
        if self._blink_ms:
            setup += self._dialect.blink(self._blink_ms) or b""
        return setup + self.whole()

    def whole(self) -> bytes:
        """Both lines."""
        lines = list(self._screen.lines)
        if self._screen.marquee is None:
            return self._dialect.show(lines)
        row, text = self._screen.marquee
        if self.scrolls_itself:
            return self._dialect.show(lines) + (self._dialect.marquee(row, text) or b"")
        lines[row - 1] = self._screen.window(self._step)
        return self._dialect.show(lines)

    def changes(self, before: Sequence[bytes]) -> bytes:
        """``before``: the lines as they are on it; only what differs."""
        lines = self._screen.lines
        changed = [row for row, line in enumerate(lines, 1) if line != before[row - 1]]
        return b"".join(self._dialect.update(row, lines[row - 1]) for row in changed)

    def scrolls_anew(self) -> None:
        """From the beginning of its text."""
        self._step = 0

    def next_step(self) -> bytes:
        """Of a marquee that the display does not scroll itself."""
        assert self._screen.marquee is not None
        self._step += 1
        return self._dialect.update(self._screen.marquee[0], self._screen.window(self._step))

    def brightness(self, percent: int) -> bytes:
        self.brightness_percent = percent
        return (self._dialect.brightness(percent) or b"") + self._again()

    def blink(self, interval_ms: int) -> bytes:
        self._blink_ms = interval_ms
        return (self._dialect.blink(interval_ms) or b"") + self._again()

    def _again(self) -> bytes:
        """Behind another command, which ends what the display scrolls itself."""
        return self.whole() if self.scrolls_itself else b""
