"""Appending events to the outbox, many at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import EdgeGatewayError, StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import Appended, StreamNames
from edge_gateway.store.keys import Key, Keys
from edge_gateway.store.sealing import Sealer
from edge_gateway.store.source_index import SourceIndexes
from edge_gateway.store.streams import Streams
from edge_gateway.store.transactor import Operation, Rank

_INSERT_EVENT = (
    "INSERT INTO pending (sequence, id, source, type, appended_at_ms, payload, key_id, checksum, key, digest)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_Row = tuple[int, str, str, str, int, bytes, int, int, str | None, str | None]

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
        keys: Keys,
        clock: Clock,
        announce: Callable[[set[str]], None],
    ) -> None:
        self._streams = streams
        self._sources = sources
        self._sealer = sealer
        self._keys = keys
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
        self._keys.begin(connection)
        self._sealer.begin(connection)
        self._staged, self._staged_sources = {}, []
        keys = [item.key for item in items if item.key is not None]
        repeats = self._repeats(connection, items) if keys and not self._keys.are_new(connection, keys) else {}
        now_ms = int(self._clock.now().timestamp() * 1000)
        rows: list[_Row] = []
        outcomes: list[Appended | EdgeGatewayError] = []
        for index, item in enumerate(items):
            outcome = repeats.get(index)
            if outcome is None:
                try:
                    rows.append(self._row(item, now_ms))
                    outcome = Appended(item.event.id, True)
                except StoreError as error:
                    outcome = error
            outcomes.append(outcome)
        connection.executemany(_INSERT_EVENT, rows)
        self._keys.sort_in(connection)
        return outcomes

    def recall(self, connection: sqlite3.Connection, item: NewEvent) -> Appended | EdgeGatewayError | None:
        return None if item.key is None else self._keys.known(connection, item.key, item.digest)

    def committed(self) -> None:
        for name, last_sequence in self._staged.items():
            self._streams.of(name).last_sequence = last_sequence
        self._grown = set(self._staged)
        self._keys.committed()
        self._sources.appended(self._staged_sources)

    def announce(self) -> None:
        self._announce(self._grown)

    def _repeats(
        self, connection: sqlite3.Connection, items: Sequence[NewEvent]
    ) -> dict[int, Appended | EdgeGatewayError]:
        """Of the items that ask for nothing new (a few, now and then), their outcomes by index."""
        outcomes: dict[int, Appended | EdgeGatewayError] = {}
        first: dict[str, Key] = {}
        for index, (event, key, digest) in enumerate(items):
            if key is None:
                continue
            found = first.get(key)
            known = self._keys.known(connection, key, digest) if found is None else found.answer(digest)
            if known is None:
                first[key] = Key(key, digest, event.id, 0)
            else:
                outcomes[index] = known
        return outcomes

    def _row(self, item: NewEvent, now_ms: int) -> _Row:
        """Raises StoreError, and then no number is taken."""
        event, key, digest = item
        stream = event.stream
        last = self._staged.get(stream)
        state = self._streams.of(stream)
        sequence = (state.last_sequence if last is None else last) + 1
        key_id, stored, checksum = self._sealer.seal(sequence, event)
        self._staged[stream] = sequence
        if state.stream_id in self._sources.streams:
            self._staged_sources.append((sequence, event.source))
        row = (sequence, event.id, event.source, event.type, now_ms, stored, key_id, checksum)
        if key is None:
            return *row, None, None
        self._keys.add(Key(key, digest, event.id, sequence))
        return *row, key, digest
