"""Traps in a simulated printer that spring at a byte: for what happens in the middle of a job, in the printer or
anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

When = Literal["received", "printed"]


@dataclass(eq=False, slots=True)
class Trap:
    """``left``: bytes until ``spring`` is called, once."""

    left: int
    when: When
    spring: Callable[[], None]


@dataclass(slots=True)
class ByteTraps:
    """Any number of traps. ``passed`` is called for every byte of print data.

    ``place``: where the last byte was, in bytes behind the last cut.
    """

    place: int = 0
    _traps: list[Trap] = field(default_factory=list)

    def set(self, count: int, when: When, spring: Callable[[], None]) -> Trap:
        """``spring`` is called within the byte: what it does is done before the next one."""
        trap = Trap(max(1, count), when, spring)
        self._traps.append(trap)
        return trap

    def disarm(self, trap: Trap) -> bool:
        """Whether it had not sprung yet."""
        if trap in self._traps:
            self._traps.remove(trap)
            return True
        return False

    def passed(self, count: int, when: When, place: int = 0) -> None:
        """So many bytes more."""
        self.place = place
        if not count or not self._traps:
            return
        for trap in [each for each in self._traps if each.when == when]:
            trap.left -= count
            if trap.left <= 0:
                self._traps.remove(trap)
                trap.spring()
