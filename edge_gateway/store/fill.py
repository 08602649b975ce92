"""How full the store is, and when somebody has to be told."""

from __future__ import annotations

import os
from enum import IntEnum
from typing import Final

from edge_gateway.settings import OutboxSettings

CLEARED_BELOW_PERCENT: Final = 5
"""An alarm ends only so far below its level: a store that drains and fills around it does not ring at every minute."""


class FillLevel(IntEnum):
    """Percent from which on each applies. ``NORMAL``: nobody needs to know."""

    NORMAL = 0
    HIGH = 70
    VERY_HIGH = 85
    NEARLY_FULL = 95


class FillAlarm:
    """Turns percentages into levels, with hysteresis. Pure."""

    def __init__(self) -> None:
        self.level = FillLevel.NORMAL

    def update(self, percent: float) -> bool:
        """Whether the level changed by this."""
        reached = max(level for level in FillLevel if percent >= level)
        held = max(level for level in FillLevel if percent > level - CLEARED_BELOW_PERCENT)
        before = self.level
        self.level = reached if reached > before else min(before, held)
        return self.level is not before


def disk_fill_percent(settings: OutboxSettings, used_bytes: int) -> float:
    """As ``fill_percent``, of the disk as it is now."""
    disk = os.statvfs(settings.directory)
    free_bytes = disk.f_bavail * disk.f_frsize
    return round(fill_percent(used_bytes, settings.bytes_max, free_bytes, settings.disk_free_bytes_min), 1)


def fill_percent(used_bytes: int, bytes_max: int, room_bytes: int, disk_free_bytes_min: int) -> float:
    """How much is used of what sales may use: of the store's own limit, or of what the disk leaves, whichever is less.

    100: sales are refused. ``used_bytes`` counts the pages in use of the database (tables, indexes, dead letters,
    command log) and the WAL above the room it has from the start; unused pages of the file count as free, since they
    are filled first; ``room_bytes`` are they and what the disk has free.
    """
    capacity = min(bytes_max, used_bytes + max(0, room_bytes - disk_free_bytes_min))
    return 100.0 if capacity <= 0 else min(100.0, 100.0 * used_bytes / capacity)
