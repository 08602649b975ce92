"""What the outbox and its feeds share: the database, the counts, and what is known of keys and other writers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from edge_gateway.contracts.clock import Clock
from edge_gateway.store.database import Database
from edge_gateway.store.key_ring import KEYS_LOOK_INTERVAL_S
from edge_gateway.store.keys import Keys
from edge_gateway.store.sequence import first_sequence
from edge_gateway.store.settle import Fates, Settle
from edge_gateway.store.source_index import SourceIndex, SourceIndexes
from edge_gateway.store.streams import Cursor, Streams, StreamState

T = TypeVar("T")


class OutboxCore:
    """``streams``, ``sources`` and ``keys`` live in the SQLite thread; the event loop may read single numbers."""

    def __init__(self, database: Database, clock: Clock, uplinks: Mapping[str, Collection[str]]) -> None:
        self._database = database
        self._clock = clock
        self.sealer = database.sealer
        self.streams = Streams(uplinks, lambda: database.openings)
        self.sources = SourceIndexes()
        self.keys = Keys()
        self._settle = Settle(self.streams, self.sources, clock)
        self._looked_at: float | None = None
        self._ready_for = -1
        self._getting_ready = asyncio.Lock()

    @property
    def counters(self) -> Counter[str]:
        return self._database.counters

    @property
    def rewinds(self) -> int:
        """Changes when rows came back, or may: another process wrote, a key was found, a salvage came to its end."""
        return self.streams.reloads + self.sealer.generation + self._database.salvaging.finished

    async def ready(self) -> None:
        """Uplinks have their ids. Raises StoreError."""
        if self._ready_for == self._database.openings:
            return
        async with self._getting_ready:
            if self._ready_for != self._database.openings:
                opening = self._database.openings
                await self.read(self.streams.register)
                self._ready_for = opening

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._database.read(work)

    async def settle(self, fates: Fates) -> None:
        await self._database.submit(self._settle, fates)

    def look(self, connection: sqlite3.Connection) -> None:
        """Notice what other processes wrote, and whether keys came or went. In the SQLite thread."""
        self.streams.load(connection)
        now = self._clock.monotonic()
        if self._looked_at is None or now - self._looked_at >= KEYS_LOOK_INTERVAL_S:
            self._looked_at = now
            self.sealer.look(connection)

    def ceiling(self, stream_id: int) -> int:
        """Where a read has to end: above may be events whose older ones are still being salvaged."""
        return self._database.salvaging.ceiling(stream_id, first_sequence(stream_id + 1))

    @property
    def is_salvaging(self) -> bool:
        return self._database.salvaging.is_running

    def source_index(self, state: StreamState, cursor: Cursor) -> SourceIndex:
        lag = state.pending - cursor.done_kept
        return self.sources.get(cursor.uplink_id, state.stream_id, state.last_sequence, self.streams.reloads, lag)
