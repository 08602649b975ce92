"""The condition of a simulated receipt printer: paper, cover, drawer, errors. How it is told is its language's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Condition:
    """Faults and sensors. ``drawer_open_level``: of the drawer switch while the drawer is open."""

    is_paper_out: bool = False
    is_paper_near_end: bool = False
    is_cover_open: bool = False
    is_forced_offline: bool = False
    is_cutter_jammed: bool = False
    is_blocked: bool = False
    is_overheated: bool = False
    is_broken: bool = False
    is_drawer_open: bool = False
    drawer_open_level: Literal["low", "high"] = "low"

    @property
    def is_offline(self) -> bool:
        return self.is_paper_out or self.is_cover_open or self.is_forced_offline or self.has_error

    @property
    def has_error(self) -> bool:
        return self.is_cutter_jammed or self.is_blocked or self.is_overheated or self.is_broken

    @property
    def is_drawer_high(self) -> bool:
        return self.is_drawer_open == (self.drawer_open_level == "high")
