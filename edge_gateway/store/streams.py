"""What is known of each stream without asking the disk: its last number and its counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from edge_gateway.contracts.errors import StoreError
from edge_gateway.store.sequence import first_sequence


@dataclass(slots=True)
class StreamState:
    """Of one stream. ``last_sequence``: the highest number given out."""

    stream_id: int
    last_sequence: int
    delivered_total: int
    dead: int

    @property
    def pending(self) -> int:
        """Every number given out is delivered, dead or pending: counting a million rows is not needed."""
        return self.last_sequence - first_sequence(self.stream_id) - self.delivered_total - self.dead


class Streams:
    """Written in the SQLite thread only, after a commit; the event loop may read single numbers."""

    def __init__(self) -> None:
        self._states: dict[str, StreamState] = {}
        self._data_version = -1

    def of(self, name: str) -> StreamState:
        """Raises StoreError for a stream that the schema does not have."""
        try:
            return self._states[name]
        except KeyError:
            known = ", ".join(sorted(self._states))
            raise StoreError(f"stream '{name}' does not exist; expected one of {known}") from None

    def all(self) -> Mapping[str, StreamState]:
        return self._states

    def has_pending(self, name: str) -> bool:
        state = self._states.get(name)
        return state is not None and state.pending > 0

    def load(self, connection: sqlite3.Connection) -> None:
        """Read it all once; later only if another process (the replay command) has written in the meantime."""
        version: int = connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._data_version:
            return
        self._states = read_streams(connection)
        self._data_version = version


def read_streams(connection: sqlite3.Connection) -> dict[str, StreamState]:
    """From the tables, by name."""
    rows = connection.execute("SELECT stream_id, name, delivered_total, dead, sequence_settled FROM stream").fetchall()
    states = {}
    for stream_id, name, delivered_total, dead, settled in rows:
        start, end = first_sequence(stream_id), first_sequence(stream_id + 1)
        newest = connection.execute(
            "SELECT max(sequence) FROM pending WHERE sequence >= ? AND sequence < ?", (start, end)
        ).fetchone()[0]
        states[name] = StreamState(stream_id, max(newest or 0, settled, start), delivered_total, dead)
    return states
