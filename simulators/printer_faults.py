"""What can break in a simulated printer, now or in the middle of a job, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Fault = Literal[
    "paper_out",
    "paper_near_end",
    "cover_open",
    "offline",
    "cutter_jam",
    "blocked",
    "overheated",
    "broken",
    "stall",
    "mute",
    "hold",
    "power_off",
    "disconnect",
]
"""``stall``: prints no more and says nothing of it; ``mute``: answers nothing; ``hold``: takes nothing more (no DTR, a
closed TCP window); ``disconnect``: the line breaks once."""

CONDITIONS: Final[dict[Fault, str]] = {
    "paper_out": "is_paper_out",
    "paper_near_end": "is_paper_near_end",
    "cover_open": "is_cover_open",
    "offline": "is_forced_offline",
    "cutter_jam": "is_cutter_jammed",
    "blocked": "is_blocked",
    "overheated": "is_overheated",
    "broken": "is_broken",
}
LATCHING: Final[frozenset[Fault]] = frozenset({"cutter_jam", "blocked"})
"""Errors that stay, where a printer does so, until it is told that they were mended (DLE ENQ)."""

When = Literal["printed", "received"]


@dataclass
class Trip:
    """A fault that waits: it is set when so many more bytes were printed, or received."""

    left: int
    fault: Fault
    when: When

    def pass_by(self, count: int) -> bool:
        """So many bytes. True: now."""
        self.left -= count
        return self.left <= 0
