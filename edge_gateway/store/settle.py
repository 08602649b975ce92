"""Settling events for one uplink: delivered, or dead letters (kept with the far end's reason)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import EdgeGatewayError
from edge_gateway.store.changes import Changes
from edge_gateway.store.sequence import first_sequence, stream_of
from edge_gateway.store.source_index import SourceIndexes
from edge_gateway.store.streams import Cursor, Streams, StreamState
from edge_gateway.store.transactor import Operation

HINT_ROWS: Final = 1_000
"""Rows looked at beside those of a settlement to find where an uplink has to read on after a start."""

_BURY: Final = """
    INSERT OR REPLACE INTO dead_letter
        (uplink_id, sequence, id, source, type, appended_at_ms, payload, key_id, checksum, dead_at_ms, reason)
    SELECT ?, sequence, id, source, type, appended_at_ms, payload, key_id, checksum, ?, ? FROM pending
    WHERE sequence = ? AND done & ? = 0
"""
# One statement for a whole batch, its sequences as a JSON list.
_SELECT: Final = "SELECT sequence, source, done FROM pending WHERE sequence IN (SELECT value FROM json_each(?))"
_DELETE: Final = "DELETE FROM pending WHERE sequence IN (SELECT value FROM json_each(?))"
_DELETE_RETURNING: Final = _DELETE + " RETURNING sequence, source"
_MARK: Final = "UPDATE pending SET done = done | ? WHERE sequence IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Fates:
    """Of one uplink: sequences that were delivered, and sequences with the reason of their refusal."""

    uplink: str
    delivered: Collection[int]
    dead: Mapping[int, str]


class Settle(Operation[Fates, None]):
    """A row that the uplink is done with already, or that is gone, is passed over: settling twice is harmless."""

    name = "settle"

    def __init__(self, streams: Streams, sources: SourceIndexes, clock: Clock) -> None:
        self._streams = streams
        self._sources = sources
        self._clock = clock
        self._changes = Changes(streams, sources)

    def apply(self, connection: sqlite3.Connection, items: Sequence[Fates]) -> list[EdgeGatewayError | None]:
        self._streams.load(connection)
        self._changes.begin()
        for fates in items:
            self._settle(connection, fates)
        self._changes.write(connection)
        return [None] * len(items)

    def committed(self) -> None:
        self._changes.committed()

    def _settle(self, connection: sqlite3.Connection, fates: Fates) -> None:
        by_stream: dict[int, list[int]] = {}
        for sequence in {*fates.delivered, *fates.dead}:
            by_stream.setdefault(stream_of(sequence), []).append(sequence)
        uplink_id = self._streams.ids[fates.uplink]
        for stream_id, sequences in by_stream.items():
            state = self._streams.by_id(stream_id)
            cursor = None if state is None else state.cursors.get(uplink_id)
            if state is None or cursor is None or not state.full & cursor.bit:
                continue  # a stream that this uplink does not take
            buried = self._bury(connection, cursor, {one: fates.dead[one] for one in sequences if one in fates.dead})
            is_lone = state.full == cursor.bit and not state.has_masks
            finish = self._finish_alone if is_lone else self._finish_among_others
            count = finish(connection, state, cursor, sequences)
            self._changes.of_cursor(uplink_id, stream_id).delivered_total += count - buried
            self._changes.of_stream(stream_id).dead += buried

    def _bury(self, connection: sqlite3.Connection, cursor: Cursor, dead: Mapping[int, str]) -> int:
        """Copy rows to the dead letters; answers how many."""
        now_ms = int(self._clock.now().timestamp() * 1000)
        return sum(
            connection.execute(_BURY, (cursor.uplink_id, now_ms, reason, sequence, cursor.bit)).rowcount
            for sequence, reason in dead.items()
        )

    def _finish_alone(
        self, connection: sqlite3.Connection, state: StreamState, cursor: Cursor, sequences: Sequence[int]
    ) -> int:
        """No other uplink takes the stream: the rows go. Answers how many."""
        change = self._changes.of_stream(state.stream_id)
        change.sequence_max = max(change.sequence_max, min(max(sequences), state.last_sequence))
        if state.stream_id not in self._sources.streams:
            count = connection.execute(_DELETE, (json.dumps(sequences),)).rowcount
        else:
            rows = connection.execute(_DELETE_RETURNING, (json.dumps(sequences),)).fetchall()
            for sequence, source in rows:
                self._changes.finished(cursor.uplink_id, sequence, source)
            count = len(rows)
        change.removed += count
        return count

    def _finish_among_others(
        self, connection: sqlite3.Connection, state: StreamState, cursor: Cursor, sequences: Sequence[int]
    ) -> int:
        """Rows that are everybody's go, others get this uplink's bit. Answers how many it finished."""
        gone, kept = [], []
        for sequence, source, done in connection.execute(_SELECT, (json.dumps(sequences),)).fetchall():
            if done & cursor.bit:
                continue
            self._changes.finished(cursor.uplink_id, sequence, source)
            if (done | cursor.bit) & state.full == state.full:
                gone.append(sequence)
                self._changes.removed(sequence, done)
            else:
                kept.append(sequence)
        connection.execute(_DELETE, (json.dumps(gone),))
        connection.execute(_MARK, (cursor.bit, json.dumps(kept)))
        change = self._changes.of_cursor(cursor.uplink_id, state.stream_id)
        change.done_kept += len(kept)
        change.sequence_below = max(change.sequence_below, self._done_below(connection, cursor, state, sequences))
        return len(gone) + len(kept)

    def _done_below(
        self, connection: sqlite3.Connection, cursor: Cursor, state: StreamState, sequences: Sequence[int]
    ) -> int:
        """Where the uplink has to read on: from the old place over what it is done with, a bounded way."""
        below = max(cursor.sequence_below, first_sequence(state.stream_id))
        rows = connection.execute(
            "SELECT sequence, done FROM pending WHERE sequence >= ? AND sequence < ? ORDER BY sequence LIMIT ?",
            (below, first_sequence(state.stream_id + 1), 2 * len(sequences) + HINT_ROWS),
        ).fetchall()
        for sequence, done in rows:
            if not done & cursor.bit:
                return int(sequence)
            below = sequence + 1
        return below
