"""Which sources have events waiting for an uplink, and from where on: for what may overtake the backlog.

In memory, in the SQLite thread. For each source it counts the rows in blocks of sequences, so that it stays small with
a million rows, and its oldest row is known to a block: never later than it is, so that nothing overtakes its own past.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from typing import Final

from edge_gateway.store.sequence import first_sequence, stream_of

BLOCK_SHIFT: Final = 12
"""4,096 rows a block: read through in under 10 ms, and a million rows are 245 of them."""

LEARN_ROWS: Final = 1_000
"""Rows looked at in one bite after a start with a backlog: a few milliseconds, in which writers wait."""

ENTRIES_MAX: Final = 200_000
"""Pairs of source and block, about 20 MB. Above it (thousands of sources) nothing overtakes a backlog."""


class SourceIndex:
    """Of one uplink and one stream."""

    def __init__(self, bit: int, stream_id: int, last_sequence: int, reloads: int) -> None:
        self._bit = bit
        self._end = first_sequence(stream_id + 1)
        self._learnt_to = first_sequence(stream_id)
        self._learn_end = last_sequence
        self._blocks: dict[str, dict[int, int]] = {}
        self._oldest: dict[str, int] = {}
        self._entries = 0
        self.reloads = reloads
        self.is_overfull = False

    @property
    def is_known(self) -> bool:
        return self._learnt_to >= self._learn_end and not self.is_overfull

    def learn(self, connection: sqlite3.Connection) -> None:
        """Look at some more of the rows that were there at the start."""
        rows = connection.execute(
            "SELECT sequence, source, done FROM pending WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?",
            (self._learnt_to, self._learn_end, LEARN_ROWS),
        ).fetchall()
        for sequence, source, done in rows:
            if not done & self._bit:
                self.add(sequence, source)
        self._learnt_to = rows[-1][0] if len(rows) == LEARN_ROWS else self._learn_end

    def add(self, sequence: int, source: str) -> None:
        if self.is_overfull:
            return
        blocks = self._blocks.get(source)
        if blocks is None:
            blocks = self._blocks[source] = {}
            self._oldest[source] = sequence
        elif sequence < self._oldest[source]:  # learnt after a newer one was appended
            self._oldest[source] = sequence
        number = sequence >> BLOCK_SHIFT
        count = blocks.get(number)
        if count is not None:
            blocks[number] = count + 1
            return
        blocks[number] = 1
        self._entries += 1
        if self._entries > ENTRIES_MAX:
            self.is_overfull = True
            self._blocks.clear()
            self._oldest.clear()

    def remove(self, sequence: int, source: str) -> None:
        if self._learnt_to < sequence <= self._learn_end:
            return  # not learnt yet, and never will be
        number = sequence >> BLOCK_SHIFT
        blocks = self._blocks.get(source)
        if blocks is None or number not in blocks:
            return
        blocks[number] -= 1
        if not blocks[number]:
            del blocks[number]
            self._entries -= 1
        if not blocks:
            del self._blocks[source], self._oldest[source]
        elif sequence == self._oldest[source]:
            self._oldest[source] = sequence + 1

    def oldest(self, source: str) -> int | None:
        """Not above the oldest row of the source; None: it has none."""
        blocks = self._blocks.get(source)
        return None if blocks is None else max(self._oldest[source], min(blocks) << BLOCK_SHIFT)

    def above(self, sequence: int) -> list[tuple[int, int, list[str]]]:
        """Sources that have rows above it and none at or below it, by ranges of sequences (both ends within)."""
        ranges: dict[int, list[str]] = {}
        start: dict[int, int] = {}
        for source, blocks in self._blocks.items():
            first = min(blocks) << BLOCK_SHIFT
            oldest = max(self._oldest[source], first)
            if oldest <= sequence:
                continue
            for number in blocks:
                ranges.setdefault(number, []).append(source)
                start[number] = min(start.get(number, oldest), oldest)
        return [
            (max(start[number], number << BLOCK_SHIFT), ((number + 1) << BLOCK_SHIFT) - 1, ranges[number])
            for number in sorted(ranges)
        ]


class SourceIndexes:
    """Those in use, by uplink and stream: made when a feed first asks for live events."""

    def __init__(self) -> None:
        self._indexes: dict[tuple[int, int], SourceIndex] = {}
        self._by_stream: dict[int, list[SourceIndex]] = {}

    def get(self, uplink_id: int, stream_id: int, last_sequence: int, reloads: int, lag: int) -> SourceIndex:
        """Begun anew after another process wrote, and after one that grew too large has nothing left to hold."""
        index = self._indexes.get((uplink_id, stream_id))
        if index is None or index.reloads != reloads or (index.is_overfull and not lag):
            index = SourceIndex(1 << (uplink_id - 1), stream_id, last_sequence, reloads)
            self._indexes[uplink_id, stream_id] = index
            self._by_stream[stream_id] = [one for key, one in self._indexes.items() if key[1] == stream_id]
        return index

    @property
    def streams(self) -> Collection[int]:
        """Ids of the streams that are asked for: of others nothing is kept."""
        return self._by_stream.keys()

    def appended(self, rows: Iterable[tuple[int, str]]) -> None:
        for sequence, source in rows:
            for index in self._by_stream.get(stream_of(sequence), ()):
                index.add(sequence, source)

    def finished(self, rows: Iterable[tuple[int, int, str]]) -> None:
        for uplink_id, sequence, source in rows:
            index = self._indexes.get((uplink_id, stream_of(sequence)))
            if index is not None:
                index.remove(sequence, source)
