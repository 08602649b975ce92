"""The outbox on SQLite: events that must reach the cloud, kept through crashes until it has them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConflictError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import Appended, StreamCounts
from edge_gateway.store.append import Append, NewEvent, known
from edge_gateway.store.database import Database
from edge_gateway.store.sequence import first_sequence
from edge_gateway.store.settle import Fates, Settle
from edge_gateway.store.streams import Streams

OTHER_WRITER_CHECK_S: Final = 5.0
"""How soon dead letters that a person replayed with the command line are noticed."""

READ_BYTES_MAX: Final = 4_000_000
"""Payload read at once: what a forwarder holds in memory, and what one request to the cloud may carry."""


class SqliteOutbox:
    """Implements ``contracts.store.Outbox``. May be made before or after the database is opened."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._streams = Streams()
        self._grown: dict[str, asyncio.Event] = {}
        self._append = Append(self._streams, clock, self._announce)
        self._settle = Settle(self._streams, clock)

    async def append(self, event: OutboxEvent, *, key: str | None = None, digest: str | None = None) -> Appended:
        return await self._database.submit(self._append, NewEvent(event, key, digest or ""))

    async def find(self, key: str, digest: str) -> Appended | None:
        found = await self._database.read(lambda connection: known(connection, key, digest))
        if isinstance(found, ConflictError):
            raise found
        return found

    async def pending(self, stream: str, limit: int) -> Sequence[OutboxEvent]:
        return await self._database.read(lambda connection: self._read_pending(connection, stream, limit))

    async def settle(self, delivered: Sequence[str], dead: Mapping[str, str]) -> None:
        await self._database.submit(self._settle, Fates(tuple(delivered), dict(dead)))

    async def wait_for_pending(self, stream: str) -> None:
        grown = self._grown.setdefault(stream, asyncio.Event())
        await self._database.read(self._streams.load)
        self._streams.of(stream)
        while not self._streams.has_pending(stream):
            grown.clear()
            try:
                async with asyncio.timeout(OTHER_WRITER_CHECK_S):
                    await grown.wait()
            except TimeoutError:
                await self._database.read(self._streams.load)

    async def counts(self) -> Mapping[str, StreamCounts]:
        return await self._database.read(self._read_counts)

    def _announce(self, streams: set[str]) -> None:
        for stream in streams:
            if stream in self._grown:
                self._grown[stream].set()

    def _read_pending(self, connection: sqlite3.Connection, stream: str, limit: int) -> list[OutboxEvent]:
        self._streams.load(connection)
        stream_id = self._streams.of(stream).stream_id
        rows = connection.execute(
            "SELECT sequence, id, source, type, payload FROM pending"
            " WHERE sequence >= ? AND sequence < ? ORDER BY sequence LIMIT ?",
            (first_sequence(stream_id), first_sequence(stream_id + 1), limit),
        )
        events: list[OutboxEvent] = []
        numbered: list[tuple[str, int]] = []
        bytes_read = 0
        for sequence, event_id, source, event_type, payload in rows:
            bytes_read += len(payload)
            if events and bytes_read > READ_BYTES_MAX:
                break
            events.append(OutboxEvent(event_id, stream, source, event_type, payload))
            numbered.append((event_id, sequence))
        rows.close()
        self._settle.hand_out(numbered)
        return events

    def _read_counts(self, connection: sqlite3.Connection) -> dict[str, StreamCounts]:
        self._streams.load(connection)
        now_ms = self._clock.now().timestamp() * 1000
        counts = {}
        for name, state in self._streams.all().items():
            start, end = first_sequence(state.stream_id), first_sequence(state.stream_id + 1)
            oldest = connection.execute(
                "SELECT appended_at_ms FROM pending WHERE sequence >= ? AND sequence < ? ORDER BY sequence LIMIT 1",
                (start, end),
            ).fetchone()
            age_s = None if oldest is None else max(0.0, (now_ms - oldest[0]) / 1000)
            counts[name] = StreamCounts(state.pending, state.dead, state.delivered_total, age_s)
        return counts
