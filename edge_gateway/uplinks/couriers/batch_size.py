"""How many events a batch holds: more while the line is quick, half when it is not. Pure."""

from __future__ import annotations

from typing import Final

START_EVENTS: Final = 64
"""Soon as many as there may be on a good line, and not too many for a bad one."""

QUICK_S: Final = 1.0
"""A batch that is answered within this could have been larger."""

SLOW_S: Final = 5.0
"""A batch that takes longer keeps what is more urgent waiting, and is lost as a whole when the line breaks."""


class BatchSize:
    """``events``: in the next batch at most."""

    def __init__(self, events_max: int) -> None:
        self._events_max = events_max
        self.events = min(START_EVENTS, events_max)

    def answered(self, events: int, seconds: float) -> None:
        """A batch of so many events took so long."""
        if seconds > SLOW_S:
            self.was_too_large(events)
        elif seconds <= QUICK_S and events >= self.events:
            self.events = min(self._events_max, self.events * 2)

    def was_too_large(self, events: int) -> None:
        """It was given up, or refused for its size."""
        self.events = max(1, min(self.events, events // 2))
