"""Idempotency keys: what makes an event unique beyond its id (a transaction id), kept long after delivery.

A new key lies beside its event in `pending`, and in memory. Some thousands later all of them are sorted into
`idempotency_key`, a bite with each commit that brings keys, so that none takes long (see schema v003).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Final

from edge_gateway.contracts.errors import ConflictError
from edge_gateway.contracts.store import Appended
from edge_gateway.store.sequence import first_sequence, stream_of

YOUNG_MAX: Final = 4_096
"""Keys that gather before they are sorted in: two megabytes of memory (twice, while the older half is sorted in), and
with a hundred tills forty keys for each page that is written."""

BITE_KEYS: Final = 64
"""Keys sorted in at once, when so many have come since the last bite: one sale in 64 waits 0.1 ms longer."""

_SORTED_TO: Final = "keys_sorted_to_"
_UNSORTED: Final = """
    SELECT key, digest, id, sequence FROM pending WHERE sequence > ? AND sequence < ? AND key IS NOT NULL
"""
_COUNT_UNSORTED: Final = """
    SELECT count(*) FROM pending WHERE sequence > ? AND sequence < ? AND key IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM idempotency_key WHERE idempotency_key.key = pending.key)
"""
_SORT_IN: Final = "INSERT OR IGNORE INTO idempotency_key (key, digest, event_id, sequence) VALUES (?, ?, ?, ?)"
_SOME: Final = (
    "SELECT 1 FROM json_each(?) AS wanted CROSS JOIN idempotency_key ON idempotency_key.key = wanted.value LIMIT 1"
)
_ONE: Final = "SELECT 1 FROM idempotency_key WHERE key = ?"


Key = tuple[str, str, str, int]
"""A row of ``idempotency_key``: key, digest, event id, sequence. (A plain tuple: made for every sale.)"""


def answer(found: Key, digest: str) -> Appended | ConflictError:
    """To whoever brings a key again, with content of this digest."""
    key, known_digest, event_id, _ = found
    if known_digest != digest:
        return ConflictError(f"'{key}' was stored before with other content, as event {event_id}")
    return Appended(event_id, False)


class Keys:
    """In the SQLite thread. In a transaction: ``begin``, ``are_new``, ``added``, ``sort_in``; then ``committed``."""

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None
        self._young: dict[str, Key] = {}
        self._old: dict[str, Key] = {}
        self._to_sort: list[Key] = []
        self._sorted = 0
        self.added: dict[str, Key] = {}
        """What the transaction writes beside its events: whoever does so puts it here."""
        self._bitten = 0
        self._come = 0

    def begin(self, connection: sqlite3.Connection) -> None:
        """Nothing is added yet: also after a rollback."""
        self._load(connection)
        self.added = {}
        self._bitten = 0

    def are_new(self, connection: sqlite3.Connection, keys: list[str]) -> bool:
        """Whether none of them was ever stored, and none is twice among them."""
        if not (self._young.keys().isdisjoint(keys) and self._old.keys().isdisjoint(keys)):
            return False
        if len(keys) == 1:
            return connection.execute(_ONE, keys).fetchone() is None
        return len(set(keys)) == len(keys) and connection.execute(_SOME, (json.dumps(keys),)).fetchone() is None

    def known(self, connection: sqlite3.Connection, key: str, digest: str) -> Appended | ConflictError | None:
        """What was stored before under the key."""
        self._load(connection)
        found = self._young.get(key) or self._old.get(key) or self._read(connection, key)
        return None if found is None else answer(found, digest)

    def sort_in(self, connection: sqlite3.Connection) -> None:
        """A bite, if there is something to sort in and enough keys have come since the last: so the old ones are sorted
        in before as many young ones have gathered."""
        due = self._come + len(self.added)
        if not self._to_sort or due < BITE_KEYS:
            return
        bite = self._to_sort[self._sorted : self._sorted + due]
        connection.executemany(_SORT_IN, bite)
        self._bitten = len(bite)
        if self._sorted + self._bitten == len(self._to_sort):
            newest: dict[int, int] = {}
            for _, _, _, sequence in self._to_sort:
                stream_id = stream_of(sequence)
                newest[stream_id] = max(newest.get(stream_id, 0), sequence)
            connection.executemany(
                "UPDATE gateway SET value = ? WHERE name = ?",
                [(sequence, f"{_SORTED_TO}{stream_id}") for stream_id, sequence in newest.items()],
            )

    def committed(self) -> None:
        """What was added and sorted in is on disk."""
        self._young.update(self.added)
        self._come = 0 if self._bitten else self._come + len(self.added)
        self.added = {}
        self._sorted, self._bitten = self._sorted + self._bitten, 0
        if self._to_sort and self._sorted == len(self._to_sort):
            self._old, self._to_sort, self._sorted = {}, [], 0
        if not self._to_sort and len(self._young) >= YOUNG_MAX:
            self._old, self._young = self._young, {}
            self._to_sort = sorted(self._old.values())

    def _read(self, connection: sqlite3.Connection, key: str) -> Key | None:
        row: Key | None = connection.execute(
            "SELECT key, digest, event_id, sequence FROM idempotency_key WHERE key = ?", (key,)
        ).fetchone()
        return row

    def _load(self, connection: sqlite3.Connection) -> None:
        """What an earlier run left unsorted: no more than two times ``YOUNG_MAX``, and a commit."""
        if connection is self._connection:
            return
        self._young, self._old, self._to_sort, self._sorted = {}, {}, [], 0
        for stream_id, sorted_to in sorted_to_by_stream(connection).items():
            rows = connection.execute(_UNSORTED, (sorted_to, first_sequence(stream_id + 1)))
            self._young.update((row[0], row) for row in rows)
        self._connection = connection


def sorted_to_by_stream(connection: sqlite3.Connection) -> Mapping[int, int]:
    """Up to which sequence of each stream keys are sorted in."""
    rows = connection.execute(
        "SELECT stream_id, max(value, stream_id << 40) FROM stream JOIN gateway ON gateway.name = ? || stream_id",
        (_SORTED_TO,),
    )
    return dict(rows.fetchall())


def count_keys(connection: sqlite3.Connection) -> int:
    """How many are remembered."""
    count: int = connection.execute("SELECT count(*) FROM idempotency_key").fetchone()[0]
    for stream_id, sorted_to in sorted_to_by_stream(connection).items():
        count += connection.execute(_COUNT_UNSORTED, (sorted_to, first_sequence(stream_id + 1))).fetchone()[0]
    return count
