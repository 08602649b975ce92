"""The condition of a simulated receipt printer (paper, cover, drawer ...) and how it is told in status bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Condition:
    """Faults and sensors. ``drawer_open_level``: of pin 3 while the drawer is open."""

    is_paper_out: bool = False
    is_paper_near_end: bool = False
    is_cover_open: bool = False
    is_forced_offline: bool = False
    is_cutter_jammed: bool = False
    is_drawer_open: bool = False
    drawer_open_level: Literal["low", "high"] = "low"

    @property
    def is_offline(self) -> bool:
        return self.is_paper_out or self.is_cover_open or self.is_forced_offline or self.is_cutter_jammed

    @property
    def is_pin3_high(self) -> bool:
        return self.is_drawer_open == (self.drawer_open_level == "high")

    def real_time(self, n: int) -> bytes:
        """The answer to DLE EOT n; nothing for an n there is not."""
        match n:
            case 1:
                bits = self.is_pin3_high << 2 | self.is_offline << 3
            case 2:
                bits = self.is_cover_open << 2 | self.is_paper_out << 5 | self.is_cutter_jammed << 6
            case 3:
                bits = self.is_cutter_jammed << 3
            case 4:
                bits = self.is_paper_near_end * 0x0C | self.is_paper_out * 0x60
            case _:
                return b""
        return bytes((0x12 | bits,))

    def automatic(self) -> bytes:
        """The four bytes of automatic status back."""
        first = 0x10 | self.is_pin3_high << 2 | self.is_offline << 3 | self.is_cover_open << 5
        return bytes((first, self.is_cutter_jammed << 3, self._paper, 0x0F))

    def in_order(self, n: int) -> bytes:
        """The answer to GS r n."""
        match n % 48:
            case 1:
                return bytes((self._paper,))
            case 2:
                return bytes((int(self.is_pin3_high),))
            case _:
                return b""

    @property
    def _paper(self) -> int:
        return self.is_paper_near_end * 0x03 | self.is_paper_out * 0x0C
