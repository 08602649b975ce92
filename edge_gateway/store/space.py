"""Watches the room that is left: on the disk, and below the store's own limit."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import StorageFullError
from edge_gateway.settings import OutboxSettings
from edge_gateway.store.integrity import WAL_ROOM_BYTES
from edge_gateway.store.transactor import LimitReachedError, Rank

LOOK_INTERVAL_S: Final = 1.0
"""The file system is asked at most once in this time; what was written since is reckoned from its size."""

WRITTEN_PER_PAYLOAD_BYTE: Final = 2
"""Reckoning between two looks: a payload is written twice, to the WAL and later to the database."""

COUNTED_SHARE: Final = 0.9
"""Of a limit, above which pages are counted at each write; below it they are counted with each look."""

EVENTS_SHARE: Final = 0.8
"""Of ``outbox.bytes_max`` that events may fill: what scans fill in a week without the cloud leaves sales their fifth,
which at 2 GB is more than a hundred thousand of them."""

TELEMETRY_SHARE: Final = 0.7
"""The same for telemetry: from there on its oldest events go for its newest. Where something else finds no room, they
go for that."""

BYTES_SHARE: Final[Mapping[Rank, float]] = {
    Rank.TELEMETRY: TELEMETRY_SHARE,
    Rank.EVENTS: EVENTS_SHARE,
    Rank.SALES: 1.0,
}

FREE_FACTOR: Final[Mapping[Rank, int]] = {Rank.TELEMETRY: 3, Rank.EVENTS: 2, Rank.SALES: 1}
"""How many times ``outbox.disk_free_bytes_min`` must be free. A disk that something else fills takes sales longest."""


class SpaceGuard:
    """Says no before the disk does, so that there is room left to deliver what is stored. In the SQLite thread."""

    def __init__(self, path: Path, settings: OutboxSettings, clock: Clock) -> None:
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._settings = settings
        self._clock = clock
        self._looked_at: float | None = None
        self.free_bytes = 0
        self.room_bytes = 0
        """``free_bytes`` and the unused pages of the file, which are filled first; less what was written since."""
        self._unused_bytes = 0
        self._wal_bytes = 0
        self._page_bytes = 4096
        self.used_bytes = 0

    def measure(self, connection: sqlite3.Connection) -> None:
        """Look now, so that ``used_bytes`` is right before anything is stored."""
        self._look(connection, self._clock.monotonic())
        self._count(connection)

    @property
    def is_roomy(self) -> bool:
        """Even telemetry has room, and some to spare."""
        return (
            self.used_bytes < self._settings.bytes_max * TELEMETRY_SHARE * COUNTED_SHARE
            and self.room_bytes * COUNTED_SHARE >= self._settings.disk_free_bytes_min * FREE_FACTOR[Rank.TELEMETRY]
        )

    def refusal(self, connection: sqlite3.Connection, new_bytes: int, rank: Rank) -> StorageFullError | None:
        """Why ``new_bytes`` of payload may not be stored now; None if they may. ``rank``: below ``DRAIN``."""
        free_bytes_min = self._settings.disk_free_bytes_min * FREE_FACTOR[rank]
        written = new_bytes * WRITTEN_PER_PAYLOAD_BYTE
        now = self._clock.monotonic()
        is_stale = self._looked_at is None or now - self._looked_at >= LOOK_INTERVAL_S
        if is_stale or self.room_bytes - written < free_bytes_min:
            self._look(connection, now)
        bytes_max = int(self._settings.bytes_max * BYTES_SHARE[rank])
        if is_stale or self.used_bytes + written > bytes_max * COUNTED_SHARE:
            self._count(connection)
        if self.used_bytes + new_bytes > bytes_max:
            stop = f", {rank.word} stop at {bytes_max}" if rank < Rank.SALES else ""
            return LimitReachedError(
                f"the outbox holds {self.used_bytes} bytes, its limit outbox.bytes_max is {self._settings.bytes_max}"
                f"{stop}: see that the cloud can be reached, or raise the limit"
            )
        if self.room_bytes - written < free_bytes_min:
            unused = f", and {self._unused_bytes} in unused pages of the outbox" if self._unused_bytes else ""
            need = f", {rank.word} need {free_bytes_min}" if rank < Rank.SALES else ""
            return StorageFullError(
                f"{self._path.parent} has {self.free_bytes} bytes free{unused}; outbox.disk_free_bytes_min is "
                f"{self._settings.disk_free_bytes_min}{need}: make room on that disk"
            )
        self.room_bytes -= written
        self.used_bytes += written
        return None

    def _count(self, connection: sqlite3.Connection) -> None:
        page_count: int = connection.execute("PRAGMA page_count").fetchone()[0]
        page_free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
        # Free pages inside the file will be filled first: a drained store takes new events however big its file is.
        self.used_bytes = (page_count - page_free) * self._page_bytes + self._wal_bytes

    def _look(self, connection: sqlite3.Connection, now: float) -> None:
        self._looked_at = now
        self._page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
        disk = os.statvfs(self._path.parent)
        self.free_bytes = disk.f_bavail * disk.f_frsize
        # With the cloud back and the store drained, sales go on although something else fills the disk.
        self._unused_bytes = connection.execute("PRAGMA freelist_count").fetchone()[0] * self._page_bytes
        self.room_bytes = self.free_bytes + self._unused_bytes
        try:
            # The room it is given at the start is no sign of a store that fills.
            self._wal_bytes = max(0, self._wal.stat().st_size - WAL_ROOM_BYTES)
        except FileNotFoundError:
            self._wal_bytes = 0
