"""What one transaction changes in the counts of the streams: written inside it, remembered once it is on disk."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from edge_gateway.store.sequence import stream_of
from edge_gateway.store.source_index import SourceIndexes
from edge_gateway.store.streams import Cursor, Streams

_COUNT_STREAM: Final = """
    UPDATE stream SET removed_total = removed_total + ?, dead = dead + ?, sequence_settled = max(sequence_settled, ?)
    WHERE stream_id = ?
"""
_COUNT_UPLINK: Final = """
    UPDATE uplink_stream SET delivered_total = delivered_total + ?, done_kept = done_kept + ?,
           sequence_below = max(sequence_below, ?) WHERE uplink_id = ? AND stream_id = ?
"""
_COUNT_DROPPED: Final = """
    INSERT INTO dropped (stream_id, reason, total) VALUES (?, ?, ?)
    ON CONFLICT (stream_id, reason) DO UPDATE SET total = total + excluded.total
"""


@dataclass(slots=True)
class _OfStream:
    removed: int = 0
    dead: int = 0
    sequence_max: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


class Changes:
    """Of one operation. ``begin``, tell it what is done, ``write`` inside the transaction, ``committed`` after it."""

    def __init__(self, streams: Streams, sources: SourceIndexes) -> None:
        self._streams = streams
        self._sources = sources
        self.begin()

    def begin(self) -> None:
        """Nothing is changed yet: also after a rollback."""
        self._of_stream: dict[int, _OfStream] = {}
        self._of_cursor: dict[tuple[int, int], Cursor] = {}
        self._finished: list[tuple[int, int, str]] = []

    def of_stream(self, stream_id: int) -> _OfStream:
        return self._of_stream.setdefault(stream_id, _OfStream())

    def of_cursor(self, uplink_id: int, stream_id: int) -> Cursor:
        """What is to be added; its ``sequence_below`` is absolute."""
        return self._of_cursor.setdefault((uplink_id, stream_id), Cursor(uplink_id))

    def removed(self, sequence: int, done: int) -> None:
        """A row left `pending`; ``done``: its mask on disk before."""
        stream_id = stream_of(sequence)
        change = self.of_stream(stream_id)
        change.removed += 1
        change.sequence_max = max(change.sequence_max, sequence)
        while done:
            uplink_id = done.bit_length()
            done ^= 1 << (uplink_id - 1)
            self.of_cursor(uplink_id, stream_id).done_kept -= 1

    def finished(self, uplink_id: int, sequence: int, source: str) -> None:
        """The uplink has nothing more to do with the row."""
        self._finished.append((uplink_id, sequence, source))

    def dropped(self, rows: Iterable[tuple[int, str, int]], reason: str | None) -> int:
        """Rows (sequence, source, mask) left `pending` unasked; None: all uplinks were done with them."""
        count = 0
        for sequence, source, done in rows:
            count += 1
            self.removed(sequence, done)
            state = self._streams.by_id(stream_of(sequence))
            if reason is not None and state is not None:
                self.of_stream(state.stream_id).dropped[reason] += 1
                for cursor in state.cursors.values():
                    if not done & cursor.bit:
                        self.finished(cursor.uplink_id, sequence, source)
        return count

    def write(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            _COUNT_STREAM,
            [(one.removed, one.dead, one.sequence_max, stream_id) for stream_id, one in self._of_stream.items()],
        )
        connection.executemany(
            _COUNT_UPLINK,
            [
                (one.delivered_total, one.done_kept, one.sequence_below, uplink_id, stream_id)
                for (uplink_id, stream_id), one in self._of_cursor.items()
            ],
        )
        dropped = [
            (stream_id, reason, count)
            for stream_id, one in self._of_stream.items()
            for reason, count in one.dropped.items()
        ]
        connection.executemany(_COUNT_DROPPED, dropped)

    def committed(self) -> None:
        for stream_id, change in self._of_stream.items():
            state = self._streams.by_id(stream_id)
            if state is not None:
                state.removed_total += change.removed
                state.dead += change.dead
                state.dropped.update(change.dropped)
        for (uplink_id, stream_id), more in self._of_cursor.items():
            state = self._streams.by_id(stream_id)
            if state is not None and uplink_id in state.cursors:
                cursor = state.cursors[uplink_id]
                cursor.delivered_total += more.delivered_total
                cursor.done_kept += more.done_kept
                cursor.sequence_below = max(cursor.sequence_below, more.sequence_below)
        self._sources.finished(self._finished)
        self.begin()
