"""What leaves the outbox undelivered, counted by reason; and what an uplink held up that is no longer configured."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from edge_gateway.contracts.errors import EdgeGatewayError
from edge_gateway.contracts.store import NEVER_DROPPED, StreamNames
from edge_gateway.store.changes import Changes
from edge_gateway.store.sequence import first_sequence
from edge_gateway.store.source_index import SourceIndexes
from edge_gateway.store.streams import Streams, StreamState
from edge_gateway.store.transactor import Operation

ROWS_PER_BITE: Final = 1_000
"""Rows dropped, or looked at, in one bite: a few milliseconds."""

ROWS_GIVEN_WAY_MAX: Final = 5_000
"""Telemetry given up for one commit of what matters more; if that is not enough, the commit is refused."""

_DELETE: Final = """
    DELETE FROM pending WHERE sequence IN (
        SELECT sequence FROM pending WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?
    ) RETURNING sequence, source, done
"""

_DELETE_DEAD: Final = """
    DELETE FROM dead_letter WHERE rowid IN (
        SELECT rowid FROM dead_letter WHERE uplink_id = ? AND sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?
    )
"""

_OLD_MARKS: Final = """
    SELECT sequence_newest FROM watermark WHERE stream_id = ? ORDER BY position DESC LIMIT 1 OFFSET ?
"""


class GiveWay:
    """Telemetry gives up its oldest events where room is short. Implements ``transactor.GivesWay``."""

    def __init__(self, streams: Streams, sources: SourceIndexes, counters: Counter[str]) -> None:
        self._streams = streams
        self._changes = Changes(streams, sources)
        self._counters = counters
        self._given_up = 0

    def begin(self) -> None:
        if self._given_up:
            self._changes.begin()
            self._given_up = 0

    def make_room(self, connection: sqlite3.Connection, wanted_bytes: int, *, least_bytes: int = 1) -> int:
        self._streams.load(connection)
        stream_id = self._streams.of(StreamNames.TELEMETRY).stream_id
        rows = connection.execute(
            "SELECT sequence, source, done, length(payload) FROM pending WHERE sequence > ? AND sequence < ?"
            " ORDER BY sequence LIMIT ?",
            (first_sequence(stream_id), first_sequence(stream_id + 1), ROWS_GIVEN_WAY_MAX - self._given_up),
        )
        oldest, found_bytes = [], 0
        for sequence, source, done, payload_bytes in rows:
            oldest.append((sequence, source, done))
            found_bytes += payload_bytes
            if found_bytes >= wanted_bytes:
                break
        rows.close()
        if found_bytes < least_bytes:
            return 0
        connection.execute(
            "DELETE FROM pending WHERE sequence > ? AND sequence <= ?", (first_sequence(stream_id), oldest[-1][0])
        )
        self._given_up += self._changes.dropped(oldest, "room")
        return found_bytes

    def write(self, connection: sqlite3.Connection) -> None:
        if self._given_up:
            self._changes.write(connection)

    def committed(self) -> int:
        given_up, self._given_up = self._given_up, 0
        if given_up:
            self._changes.committed()
            self._counters["dropped:room"] += given_up
        return given_up


class Trim(Operation[None, bool]):
    """One bite: drops what is older than its stream's ``keep_days``, and lets go of what all uplinks are done with
    since one was removed from the configuration. Its outcome: whether there is more to do."""

    name = "trim"

    def __init__(
        self, streams: Streams, sources: SourceIndexes, keep_days: Mapping[str, int], counters: Counter[str]
    ) -> None:
        self._streams = streams
        self._keep_days = {name: days for name, days in keep_days.items() if name not in NEVER_DROPPED}
        self._counters = counters
        self._changes = Changes(streams, sources)
        self._swept: dict[int, int] = {}
        self._next_swept: dict[int, int] = {}
        self._sweep_end: dict[int, int] = {}
        self._aged = 0

    @property
    def keep_days_max(self) -> int:
        return max(self._keep_days.values(), default=0)

    def apply(self, connection: sqlite3.Connection, items: Sequence[None]) -> list[bool | EdgeGatewayError]:
        self._streams.load(connection)
        self._changes.begin()
        self._next_swept, self._aged = dict(self._swept), 0
        has_more = False
        for name, state in self._streams.all().items():
            has_more |= self._sweep(connection, state)
            has_more |= name in self._keep_days and self._drop_old(connection, state, self._keep_days[name])
        self._changes.write(connection)
        return [has_more] * len(items)

    def committed(self) -> None:
        self._changes.committed()
        self._swept = self._next_swept
        if self._aged:
            self._counters["dropped:age"] += self._aged

    def _drop_old(self, connection: sqlite3.Connection, state: StreamState, keep_days: int) -> bool:
        mark = connection.execute(_OLD_MARKS, (state.stream_id, keep_days)).fetchone()
        if mark is None or mark[0] is None:
            return False
        rows = connection.execute(_DELETE, (first_sequence(state.stream_id), mark[0], ROWS_PER_BITE)).fetchall()
        self._aged += self._changes.dropped(rows, "age")
        has_more = self._drop_old_dead(connection, state, mark[0])
        return has_more or len(rows) == ROWS_PER_BITE

    def _drop_old_dead(self, connection: sqlite3.Connection, state: StreamState, sequence_max: int) -> bool:
        """Dead letters age as well, also those of an uplink that is removed: nobody may ever look at them."""
        has_more = False
        for (uplink_id,) in connection.execute("SELECT uplink_id FROM uplink").fetchall():
            place = (uplink_id, first_sequence(state.stream_id), sequence_max, ROWS_PER_BITE)
            count = connection.execute(_DELETE_DEAD, place).rowcount
            if count:
                change = self._changes.of_stream(state.stream_id)
                change.dead -= count
                change.dropped["age"] += count
                self._aged += count
            has_more |= count == ROWS_PER_BITE
        return has_more

    def _sweep(self, connection: sqlite3.Connection, state: StreamState) -> bool:
        """Walk once through what was there at the start: from then on, the last uplink that is done with a row takes it
        away."""
        if not state.full or not state.has_masks:
            return False
        start = self._swept.get(state.stream_id, first_sequence(state.stream_id))
        end = self._sweep_end.setdefault(state.stream_id, state.last_sequence)
        rows = connection.execute(
            "SELECT sequence, source, done FROM pending WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?",
            (start, end, ROWS_PER_BITE),
        ).fetchall()
        finished = [row for row in rows if row[2] & state.full == state.full]
        connection.executemany("DELETE FROM pending WHERE sequence = ?", [(row[0],) for row in finished])
        self._changes.dropped(finished, None)
        has_more = len(rows) == ROWS_PER_BITE
        self._next_swept[state.stream_id] = rows[-1][0] if has_more else end
        return has_more
