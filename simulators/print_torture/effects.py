"""Which faults took effect, and where in a print: one that never meets a print proves nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

PLACES: Final = (0, 1, 10, 100, 1000)
"""Bytes since the last cut, the least of each range that is counted by itself."""
JOBS_FOR_EVERY_FAULT: Final = 300
"""In a campaign of so many jobs each fault has met a print, whatever the seed."""

_NAMES: Final = ("0", *(f"{low}-{high - 1}" for low, high in pairwise(PLACES[1:])), f"{PLACES[-1]}-")


class Effects:
    """Counts by fault, a printer's trouble under its kind."""

    def __init__(self) -> None:
        self._at_byte: dict[str, Counter[str]] = defaultdict(Counter)
        self._idle: Counter[str] = Counter()
        self._at_any_time: Counter[str] = Counter()

    def at_byte(self, fault: str, place: int) -> None:
        """It struck within a byte of print data, so many bytes behind the last cut."""
        self._at_byte[fault][_NAMES[bisect_right(PLACES, place) - 1]] += 1

    def idle(self, fault: str) -> None:
        """No byte came by in time: it struck a printer that had nothing to print."""
        self._idle[fault] += 1

    def at_any_time(self, fault: str) -> None:
        """It was meant to strike at a moment, not at a byte."""
        self._at_any_time[fault] += 1

    def report(self) -> dict[str, dict[str, Any]]:
        """JSON-able, by fault."""
        faults = sorted({*self._at_byte, *self._idle, *self._at_any_time})
        return {
            fault: {
                "at_byte": self._at_byte[fault].total(),
                "bytes_behind_cut": {name: self._at_byte[fault][name] for name in _NAMES},
                "idle": self._idle[fault],
                "at_any_time": self._at_any_time[fault],
            }
            for fault in faults
        }

    def missing(self, faults: Iterable[str], jobs: int) -> list[str]:
        """Of those, the ones that never struck within a byte; none of a campaign that is too short to meet them all."""
        return [fault for fault in faults if jobs >= JOBS_FOR_EVERY_FAULT and not self._at_byte[fault]]
