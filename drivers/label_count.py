"""How far a label printer is, by its own count: what its answers, and its silences, say of the labels it was sent."""

from __future__ import annotations

from typing import Final

RESTART_S: Final = 3.0
"""A printer that was silent for so long was perhaps switched off and on: none starts faster."""


class LabelCount:
    """Of one label, or one batch of equal ones, from when it was sent. All times are of the monotonic clock.

    ``has_forgotten``: it was silent and holds nothing now: nobody knows whether that was printed.
    """

    def __init__(self, idle_answers: int, now_s: float) -> None:
        self._idle_answers = idle_answers
        self._idle = 0
        self._outstanding: int | None = None
        self._heard_s = self._moved_s = now_s
        self.has_forgotten = False

    @property
    def is_printed(self) -> bool:
        """Nothing is left to print, several times in a row."""
        return self._idle >= self._idle_answers

    def answered(self, now_s: float, outstanding: int | None, *, is_countable: bool, is_held_up: bool) -> None:
        """``is_countable``: what it counts is about what was sent. ``is_held_up``: a person is to do something."""
        self.has_forgotten = not outstanding and (self.has_forgotten or now_s - self._heard_s >= RESTART_S)
        self._heard_s = now_s
        is_idle = is_countable and not outstanding
        self._idle = self._idle + 1 if is_idle else 0
        if is_held_up or is_idle or outstanding != self._outstanding:
            self._outstanding, self._moved_s = outstanding, now_s

    def silent(self) -> None:
        """No answer."""
        self._idle = 0

    def silent_s(self, now_s: float) -> float:
        """Since it was last heard."""
        return now_s - self._heard_s

    def unmoved_s(self, now_s: float) -> float:
        """At work on the same label."""
        return now_s - self._moved_s
