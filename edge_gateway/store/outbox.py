"""The outbox on SQLite: events that must reach the cloud, kept through crashes until every uplink has them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Mapping
from types import MappingProxyType

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConflictError, StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import Appended, StreamCounts, StreamNames
from edge_gateway.store.append import Append, NewEvent
from edge_gateway.store.core import OutboxCore
from edge_gateway.store.database import Database
from edge_gateway.store.feed import DeadLetterCallback, SqliteFeed
from edge_gateway.store.sequence import first_sequence
from edge_gateway.store.trim import GiveWay, Trim

_FORMER_ID = "SELECT event_id FROM lost_event WHERE key = ? AND digest = ?"


class SqliteOutbox:
    """Implements ``contracts.store.Outbox``. May be made before or after the database is opened.

    ``uplinks``: the configured ones by name, with the streams each takes. An event goes when all that take its stream
    are done with it; what no uplink takes is kept. ``keep_days``: by stream, days of running after which what was not
    delivered is dropped; transactions and the audit trail never are. ``on_dead_letter`` is told of rows that are
    damaged on disk.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        uplinks: Mapping[str, Collection[str]] = MappingProxyType({}),
        *,
        keep_days: Mapping[str, int] = MappingProxyType({}),
        on_dead_letter: DeadLetterCallback | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._core = core = OutboxCore(database, clock, uplinks)
        self._feeds = {name: SqliteFeed(core, name, streams, on_dead_letter) for name, streams in uplinks.items()}
        self._append = Append(core.streams, core.sources, core.sealer, core.keys, clock, self._announce)
        trim = Trim(core.streams, core.sources, keep_days, database.counters)
        database.newest_numbers = core.streams.newest_numbers
        database.salvaging.on_finished = lambda: self._announce(set(StreamNames))
        database.attach(GiveWay(core.streams, core.sources, database.counters), trim, trim.keep_days_max)

    def append(
        self, event: OutboxEvent, *, key: str | None = None, digest: str | None = None
    ) -> asyncio.Future[Appended]:
        # No coroutine, for the sake of speed; all the same, what is wrong is raised where it is awaited.
        try:
            if key is not None:
                self._database.salvaging.check_key(key)
            return self._database.submit(self._append, NewEvent(event, key, digest or ""))
        except StoreError as error:
            refused: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            return refused

    async def find(self, key: str, digest: str) -> Appended | None:
        self._database.salvaging.check_key(key)
        found = await self._database.read(lambda connection: self._core.keys.known(connection, key, digest))
        if isinstance(found, ConflictError):
            raise found
        return found

    async def former_id(self, key: str, digest: str) -> str | None:
        """The id an event had that was lost with a damaged store: stored again, it keeps it. None: no such loss."""
        if not self._database.salvaging.has_losses:
            return None
        row = await self._database.read(lambda connection: connection.execute(_FORMER_ID, (key, digest)).fetchone())
        return None if row is None else str(row[0])

    def feed(self, uplink: str) -> SqliteFeed:
        """Of a configured uplink. Raises StoreError for any other."""
        try:
            return self._feeds[uplink]
        except KeyError:
            known_names = ", ".join(sorted(self._feeds)) or "none"
            raise StoreError(f"uplink '{uplink}' is not configured; expected one of {known_names}") from None

    async def counts(self) -> Mapping[str, StreamCounts]:
        return await self._database.read(self._read_counts)

    def _announce(self, streams: set[str]) -> None:
        for feed in self._feeds.values():
            feed.announce(streams)

    def _read_counts(self, connection: sqlite3.Connection) -> dict[str, StreamCounts]:
        self._core.look(connection)
        now_ms = self._clock.now().timestamp() * 1000
        counts = {}
        for name, state in self._core.streams.all().items():
            start, end = first_sequence(state.stream_id), first_sequence(state.stream_id + 1)
            oldest = connection.execute(
                "SELECT appended_at_ms FROM pending WHERE sequence >= ? AND sequence < ? ORDER BY sequence LIMIT 1",
                (start, end),
            ).fetchone()
            age_s = None if oldest is None else max(0.0, (now_ms - oldest[0]) / 1000)
            counts[name] = StreamCounts(
                state.pending, state.dead, state.delivered_total, age_s, sum(state.dropped.values())
            )
        return counts
