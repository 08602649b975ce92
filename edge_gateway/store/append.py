"""Appending events to the outbox, many at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConflictError, EdgeGatewayError, StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import Appended, StreamNames
from edge_gateway.store.sealing import Sealer
from edge_gateway.store.source_index import SourceIndexes
from edge_gateway.store.streams import Streams
from edge_gateway.store.transactor import Operation, Rank

_INSERT_EVENT = (
    "INSERT INTO pending (sequence, id, source, type, appended_at_ms, payload, key_id, checksum)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_KEY = "INSERT OR IGNORE INTO idempotency_key (key, digest, event_id, sequence) VALUES (?, ?, ?, ?)"

_RANKS: Final[Mapping[str, Rank]] = {
    StreamNames.TRANSACTIONS: Rank.SALES,
    StreamNames.INVENTORY: Rank.EVENTS,
    StreamNames.DEVICE_EVENTS: Rank.EVENTS,
    StreamNames.AUDIT: Rank.EVENTS,
    StreamNames.TELEMETRY: Rank.TELEMETRY,
}


class NewEvent(NamedTuple):
    """An event, and what makes it unique beyond its id. (A tuple: made for every event, five times as fast.)"""

    event: OutboxEvent
    key: str | None
    digest: str


class Append(Operation[NewEvent, Appended]):
    """Numbers the events, keeps their keys, answers repeats."""

    name = "append"

    def __init__(
        self,
        streams: Streams,
        sources: SourceIndexes,
        sealer: Sealer,
        clock: Clock,
        announce: Callable[[set[str]], None],
    ) -> None:
        self._streams = streams
        self._sources = sources
        self._sealer = sealer
        self._clock = clock
        self._announce = announce
        self._staged: dict[str, int] = {}
        self._staged_sources: list[tuple[int, str]] = []
        self._grown: set[str] = set()

    def rank_of(self, item: NewEvent) -> Rank:
        # A stream that is not in the schema is refused in any case.
        return _RANKS.get(item.event.stream, Rank.TELEMETRY)

    def new_bytes(self, item: NewEvent) -> int:
        return len(item.event.payload)

    def apply(self, connection: sqlite3.Connection, items: Sequence[NewEvent]) -> list[Appended | EdgeGatewayError]:
        self._streams.load(connection)
        self._sealer.begin(connection)
        keyed = any(item.key is not None for item in items)
        if keyed:
            connection.execute("SAVEPOINT keys")
        outcomes, is_done = self._apply_new(connection, items)
        if not is_done:
            # Some key was there before (rare): find out which, one by one.
            connection.execute("ROLLBACK TO keys")
            outcomes = self._apply_each(connection, items)
        if keyed:
            connection.execute("RELEASE keys")
        return outcomes

    def recall(self, connection: sqlite3.Connection, item: NewEvent) -> Appended | EdgeGatewayError | None:
        return None if item.key is None else known(connection, item.key, item.digest)

    def committed(self) -> None:
        for name, last_sequence in self._staged.items():
            self._streams.of(name).last_sequence = last_sequence
        self._grown = set(self._staged)
        self._sources.appended(self._staged_sources)

    def announce(self) -> None:
        self._announce(self._grown)

    def _apply_new(
        self, connection: sqlite3.Connection, items: Sequence[NewEvent]
    ) -> tuple[list[Appended | EdgeGatewayError], bool]:
        """As if no key were known: two statements for all of them. False: some key was known."""
        self._begin()
        now_ms = self._now_ms()
        rows, keys = [], []
        outcomes: list[Appended | EdgeGatewayError] = []
        for event, key, digest in items:
            try:
                row = self._row(event, now_ms)
            except StoreError as error:
                outcomes.append(error)
                continue
            rows.append(row)
            if key is not None:
                keys.append((key, digest, event.id, row[0]))
            outcomes.append(Appended(event.id, True))
        if keys and connection.executemany(_INSERT_KEY, keys).rowcount != len(keys):
            return outcomes, False
        connection.executemany(_INSERT_EVENT, rows)
        return outcomes, True

    def _apply_each(
        self, connection: sqlite3.Connection, items: Sequence[NewEvent]
    ) -> list[Appended | EdgeGatewayError]:
        self._begin()
        now_ms = self._now_ms()
        return [self._apply_one(connection, item, now_ms) for item in items]

    def _apply_one(self, connection: sqlite3.Connection, item: NewEvent, now_ms: int) -> Appended | EdgeGatewayError:
        event = item.event
        if item.key is not None:
            repeated = known(connection, item.key, item.digest)
            if repeated is not None:
                return repeated
        try:
            row = self._row(event, now_ms)
        except StoreError as error:
            return error
        connection.execute(_INSERT_EVENT, row)
        if item.key is not None:
            connection.execute(_INSERT_KEY, (item.key, item.digest, event.id, row[0]))
        return Appended(event.id, True)

    def _begin(self) -> None:
        self._staged = {}
        self._staged_sources = []

    def _row(self, event: OutboxEvent, now_ms: int) -> tuple[int, str, str, str, int, bytes, int, int]:
        """Raises StoreError, and then no number is taken."""
        stream = event.stream
        last = self._staged.get(stream)
        state = self._streams.of(stream)
        sequence = (state.last_sequence if last is None else last) + 1
        key_id, stored, checksum = self._sealer.seal(sequence, event)
        self._staged[stream] = sequence
        if state.stream_id in self._sources.streams:
            self._staged_sources.append((sequence, event.source))
        return sequence, event.id, event.source, event.type, now_ms, stored, key_id, checksum

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def known(connection: sqlite3.Connection, key: str, digest: str) -> Appended | ConflictError | None:
    """What was stored before under the key."""
    row = connection.execute("SELECT digest, event_id FROM idempotency_key WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row[0] != digest:
        return ConflictError(f"'{key}' was stored before with other content, as event {row[1]}")
    return Appended(row[1], False)
