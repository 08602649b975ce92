"""What is known of each stream without asking the disk: its last number, its counts, and how far each uplink is."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from edge_gateway.contracts.errors import StoreError
from edge_gateway.store.sequence import first_sequence

UPLINKS_MAX: Final = 62
"""Names of uplinks in the life of a store: each has a bit of its own in a signed 64-bit number."""

_CONFIGURE: Final = """
    INSERT INTO uplink_stream (uplink_id, stream_id) VALUES (?, ?)
    ON CONFLICT (uplink_id, stream_id) DO UPDATE SET is_configured = 1
"""


@dataclass(slots=True)
class Cursor:
    """How far one uplink is with one stream. See `uplink_stream` in schema/v003.sql."""

    uplink_id: int
    delivered_total: int = 0
    done_kept: int = 0
    sequence_below: int = 0

    @property
    def bit(self) -> int:
        return 1 << (self.uplink_id - 1)


@dataclass(slots=True)
class StreamState:
    """Of one stream. ``last_sequence``: the highest number given out. ``cursors``: by uplink id, also of uplinks that
    are not configured any more. ``full``: the mask of those that are; 0: none, and then nothing is ever finished."""

    stream_id: int
    last_sequence: int
    removed_total: int
    dead: int
    dropped: Counter[str] = field(default_factory=Counter)
    cursors: dict[int, Cursor] = field(default_factory=dict)
    full: int = 0

    @property
    def pending(self) -> int:
        """Every number given out is pending or removed: counting a million rows is not needed."""
        return self.last_sequence - first_sequence(self.stream_id) - self.removed_total

    @property
    def delivered_total(self) -> int:
        """Deliveries, of all uplinks together."""
        return sum(cursor.delivered_total for cursor in self.cursors.values())

    @property
    def has_masks(self) -> bool:
        """Some kept row has the bit of some uplink."""
        return any(cursor.done_kept for cursor in self.cursors.values())


class Streams:
    """Written in the SQLite thread only, after a commit; the event loop may read single numbers.

    ``uplinks``: those configured, by name, with the streams each takes. ``openings``: another number, another file.
    """

    def __init__(self, uplinks: Mapping[str, Collection[str]], openings: Callable[[], int] = int) -> None:
        self._uplinks = {name: frozenset(str(stream) for stream in streams) for name, streams in uplinks.items()}
        self._states: dict[str, StreamState] = {}
        self._by_id: dict[int, StreamState] = {}
        self._openings = openings
        self._version = (-1, -1)
        self.reloads = 0
        """How often another process was found to have written."""
        self.ids: Mapping[str, int] = {}
        """Uplink ids by name, once registered."""

    def of(self, name: str) -> StreamState:
        """Raises StoreError for a stream that the schema does not have."""
        try:
            return self._states[name]
        except KeyError:
            known = ", ".join(sorted(self._states))
            raise StoreError(f"stream '{name}' does not exist; expected one of {known}") from None

    def by_id(self, stream_id: int) -> StreamState | None:
        return self._by_id.get(stream_id)

    def all(self) -> Mapping[str, StreamState]:
        return self._states

    def newest_numbers(self) -> dict[int, int]:
        """By stream id, as far as it was read of the file that is open."""
        if self._version[0] != self._openings():
            return {}  # what was read is of the file before
        return {stream_id: state.last_sequence for stream_id, state in self._by_id.items()}

    def takes(self, uplink: str, stream: str) -> bool:
        """Whether the uplink is configured for the stream."""
        return stream in self._uplinks[uplink]

    def cursor(self, uplink: str, stream: str) -> Cursor | None:
        """None: the uplink does not take that stream, or nothing is known yet."""
        state, uplink_id = self._states.get(stream), self.ids.get(uplink)
        return None if state is None or uplink_id is None else state.cursors.get(uplink_id)

    def load(self, connection: sqlite3.Connection) -> None:
        """Read it all once; later only if another process (the replay command) has written in the meantime."""
        version = (self._openings(), connection.execute("PRAGMA data_version").fetchone()[0])
        if version == self._version:
            return
        if self._version != (-1, -1):
            self.reloads += 1
        self._read(connection)
        self._version = version

    def register(self, connection: sqlite3.Connection) -> None:
        """Give every configured uplink its id and its cursors, outside any transaction. Raises StoreError."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            known = dict(connection.execute("SELECT name, uplink_id FROM uplink").fetchall())
            for name in [each for each in self._uplinks if each not in known]:
                known[name] = _free_id(known.values(), name)
                connection.execute("INSERT INTO uplink (uplink_id, name) VALUES (?, ?)", (known[name], name))
            stream_ids = dict(connection.execute("SELECT name, stream_id FROM stream").fetchall())
            pairs = [(known[name], stream_ids[each]) for name, taken in self._uplinks.items() for each in taken]
            connection.execute("UPDATE uplink_stream SET is_configured = 0")
            connection.executemany(_CONFIGURE, pairs)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self.ids = known
        self.load(connection)
        self._read(connection)

    def _read(self, connection: sqlite3.Connection) -> None:
        states = read_streams(connection)
        for name, uplink_id in self.ids.items():
            for stream in self._uplinks.get(name, ()):
                states[stream].full |= 1 << (uplink_id - 1)
        self._states = states
        self._by_id = {state.stream_id: state for state in states.values()}


def _free_id(taken: Iterable[int], name: str) -> int:
    used = set(taken)
    free = next((number for number in range(1, UPLINKS_MAX + 1) if number not in used), None)
    if free is None:
        raise StoreError(
            f"uplink '{name}' cannot be kept: this store has seen {UPLINKS_MAX} names of uplinks, which is the limit; "
            "give the uplink one of the names used before"
        )
    return free


def read_streams(connection: sqlite3.Connection) -> dict[str, StreamState]:
    """From the tables, by name."""
    rows = connection.execute("SELECT stream_id, name, removed_total, dead, sequence_settled FROM stream").fetchall()
    states = {}
    for stream_id, name, removed_total, dead, settled in rows:
        start, end = first_sequence(stream_id), first_sequence(stream_id + 1)
        newest = connection.execute(
            "SELECT max(sequence) FROM pending WHERE sequence >= ? AND sequence < ?", (start, end)
        ).fetchone()[0]
        states[name] = StreamState(stream_id, max(newest or 0, settled, start), removed_total, dead)
    by_id = {state.stream_id: state for state in states.values()}
    for stream_id, reason, total in connection.execute("SELECT stream_id, reason, total FROM dropped"):
        by_id[stream_id].dropped[reason] = total
    cursors = connection.execute(
        "SELECT uplink_id, stream_id, delivered_total, done_kept, sequence_below FROM uplink_stream"
    )
    for uplink_id, stream_id, delivered_total, done_kept, below in cursors:
        by_id[stream_id].cursors[uplink_id] = Cursor(uplink_id, delivered_total, done_kept, below)
    return states
