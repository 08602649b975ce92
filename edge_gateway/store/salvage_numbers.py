"""Numbers of salvaged rows: their own, or, where the new store began below them (its clock was wrong), new ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from edge_gateway.store.salvage_rows import KeyRow, StoredRow
from edge_gateway.store.sequence import stream_of

DEAD_ROOM: Final = 1 << 20
"""Numbers below those of the events, for dead letters."""


class Numbers:
    """``newest``: the highest number a stream of the old store may have; ``bases``: where the new one begins.

    Given every row in its order, also those that are in already: so a restart numbers them the same.
    """

    def __init__(self, newest: Mapping[int, int], rows_max: int, bases: Mapping[int, int]) -> None:
        self._bases = bases
        self._rows_max = rows_max
        self._anew = {stream_id for stream_id, number in newest.items() if number > bases.get(stream_id, number)}
        self._count: Counter[int] = Counter()
        self._dead: Counter[int] = Counter()

    def event(self, row: StoredRow) -> StoredRow:
        return self._numbered(row, self._count, self._rows_max)

    def dead_letter(self, row: StoredRow) -> StoredRow:
        return self._numbered(row, self._dead, self._rows_max + DEAD_ROOM)

    def key(self, row: KeyRow) -> KeyRow:
        """Keys age by their numbers: one above the new store's would seem to be of an event to come."""
        return row._replace(sequence=min(row.sequence, self._bases.get(stream_of(row.sequence), row.sequence)))

    def _numbered(self, row: StoredRow, count: Counter[int], room: int) -> StoredRow:
        stream_id = stream_of(row.sequence)
        if stream_id not in self._anew:
            return row
        count[stream_id] += 1
        return row._replace(sequence=self._bases[stream_id] - room + count[stream_id])
