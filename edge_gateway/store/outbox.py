"""The outbox on SQLite: events that must reach the cloud, kept through crashes until every uplink has them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
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

ALL_OVER_HTTPS: Mapping[str, Collection[str]] = {"https": tuple(StreamNames)}


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
        uplinks: Mapping[str, Collection[str]] = ALL_OVER_HTTPS,
        *,
        keep_days: Mapping[str, int] = MappingProxyType({}),
        on_dead_letter: DeadLetterCallback | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._core = core = OutboxCore(database, clock, uplinks)
        self._feeds = {name: SqliteFeed(core, name, streams, on_dead_letter) for name, streams in uplinks.items()}
        self._append = Append(core.streams, core.sources, core.sealer, core.keys, clock, self._announce)
        self._numbers: dict[str, int] = {}
        trim = Trim(core.streams, core.sources, keep_days, database.counters)
        database.attach(GiveWay(core.streams, core.sources, database.counters), trim, trim.keep_days_max)

    async def append(self, event: OutboxEvent, *, key: str | None = None, digest: str | None = None) -> Appended:
        return await self._database.submit(self._append, NewEvent(event, key, digest or ""))

    async def find(self, key: str, digest: str) -> Appended | None:
        found = await self._database.read(lambda connection: self._core.keys.known(connection, key, digest))
        if isinstance(found, ConflictError):
            raise found
        return found

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

    # One forwarder per stream over one uplink, as before feeds.

    async def pending(self, stream: str, limit: int) -> Sequence[OutboxEvent]:
        found = await self._feeds["https"].backlog(stream, after=0, limit=limit)
        self._numbers.update((one.event.id, one.sequence) for one in found)
        return [one.event for one in found]

    async def settle(self, delivered: Sequence[str], dead: Mapping[str, str]) -> None:
        numbers = await self._database.read(lambda connection: self._find_numbers(connection, [*delivered, *dead]))
        await self._feeds["https"].settle(
            [numbers[one] for one in delivered if one in numbers],
            {numbers[one]: reason for one, reason in dead.items() if one in numbers},
        )
        for one in numbers:
            self._numbers.pop(one, None)

    async def wait_for_pending(self, stream: str) -> None:
        feed = self._feeds["https"]
        await self._core.ready()
        self._core.streams.of(stream)
        while not feed.lag(stream):
            await feed.wait_for_growth(feed.growth)

    def _find_numbers(self, connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
        numbers = {}
        for event_id in ids:
            sequence = self._numbers.get(event_id)
            if sequence is None:
                row = connection.execute("SELECT sequence FROM pending WHERE id = ? LIMIT 1", (event_id,)).fetchone()
                sequence = None if row is None else row[0]
            if sequence is not None:
                numbers[event_id] = sequence
        return numbers
