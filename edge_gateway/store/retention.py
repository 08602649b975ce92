"""Keeps the store small: forgets old idempotency keys and command replies, gives unused pages back. In small bites."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import EdgeGatewayError
from edge_gateway.store.print_rows import CLOSED_MARK
from edge_gateway.store.sequence import first_sequence, stream_of
from edge_gateway.store.transactor import Operation

INTERVAL_S: Final = 60.0
"""Between two bites. A bite holds up the writers for a few milliseconds."""

KEYS_PER_BITE: Final = 1_000
COMMANDS_PER_BITE: Final = 1_000

COMMANDS_MAX: Final = 20_000
"""Replies kept. The log is read through at start for requests cut short, so it has to stay small."""

PRINT_JOBS_PER_BITE: Final = 1_000

PRINT_JOBS_MAX: Final = 20_000
"""Print jobs kept that ended, as replies are; what they printed goes earlier (see [[device]] printing)."""

COMMAND_KEEP_DAYS: Final = 7
"""A sender repeats a request within seconds; a week also covers one that was switched off over the holidays. Counted in
days of running, as for keys: what is forgotten too early is printed twice."""

DAY_S: Final = 86_400

FREE_PAGES_KEPT: Final = 2_000
"""Unused pages left in the file for the next events: giving them back and taking them again would wear out the card."""

PAGES_PER_BITE: Final = 500


@dataclass(frozen=True, slots=True)
class Bite:
    """What one bite removed."""

    keys: int
    commands: int
    print_jobs: int = 0


class Retention(Operation[None, Bite]):
    """Submitted to the writer like any other write."""

    name = "retention"

    def __init__(self, clock: Clock, keep_days: int) -> None:
        self._clock = clock
        self._keep_days = keep_days
        self.marks_kept_days = 0
        """Marks of the days that somebody else needs."""
        self._days = RunningDays(clock)
        self._cursor = self._next_cursor = ""

    def apply(self, connection: sqlite3.Connection, items: Sequence[None]) -> list[Bite | EdgeGatewayError]:
        days_kept = max(self._keep_days, self.marks_kept_days)
        _mark_day(connection, self._days, self._clock.now(), days_kept)
        bite = Bite(self._forget_keys(connection), _forget_commands(connection), _forget_print_jobs(connection))
        _give_back_pages(connection)
        return [bite] * len(items)

    def committed(self) -> None:
        self._cursor = self._next_cursor
        self._days.committed()

    def _forget_keys(self, connection: sqlite3.Connection) -> int:
        """Walk on through the keys, and round again; those whose event was settled long ago go."""
        rows = connection.execute(
            "SELECT key, sequence FROM idempotency_key WHERE key > ? ORDER BY key LIMIT ?",
            (self._cursor, KEYS_PER_BITE),
        ).fetchall()
        self._next_cursor = rows[-1][0] if len(rows) == KEYS_PER_BITE else ""
        settled_below = dict(connection.execute(_OLD_WATERMARKS, (self._keep_days,)))
        old = [(key,) for key, sequence in rows if sequence < settled_below.get(stream_of(sequence), 0)]
        connection.executemany("DELETE FROM idempotency_key WHERE key = ?", old)
        return len(old)


_OLD_WATERMARKS: Final = """
    SELECT stream_id, max(sequence) FROM (
        SELECT stream_id, sequence, row_number() OVER (PARTITION BY stream_id ORDER BY position DESC) AS age
        FROM watermark
    ) WHERE age > ? GROUP BY stream_id
"""


class RunningDays:
    """Tells when another day of running is over: 24 h by the monotonic clock, or a start on a day without a mark.

    A clock that jumps while the gateway runs ages nothing, nor does one that goes back and forth between starts; one
    that stands still stops no ageing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._marked_at: float | None = None
        self._next_marked_at: float | None = None

    def is_over(self, connection: sqlite3.Connection, day: int) -> bool:
        """``day``: of the wall clock, which counts only at the start."""
        now_s = self._clock.monotonic()
        self._next_marked_at = self._marked_at
        if self._marked_at is not None and now_s - self._marked_at < DAY_S:
            return False
        is_start, self._next_marked_at = self._marked_at is None, now_s
        marked = connection.execute("SELECT 1 FROM watermark WHERE day = ? LIMIT 1", (day,)).fetchone()
        return not (is_start and marked)

    def committed(self) -> None:
        self._marked_at = self._next_marked_at


def _mark_day(connection: sqlite3.Connection, days: RunningDays, now: datetime, keep_days: int) -> None:
    """Once a day, note below which sequence each stream is settled, its newest, and the newest request; drop marks not
    needed."""
    day = int(now.timestamp()) // DAY_S
    if not days.is_over(connection, day):
        return
    for stream_id, settled in connection.execute("SELECT stream_id, sequence_settled FROM stream").fetchall():
        start, end = first_sequence(stream_id), first_sequence(stream_id + 1)
        oldest, newest = (
            connection.execute(
                f"SELECT {which}(sequence) FROM pending WHERE sequence >= ? AND sequence < ?", (start, end)
            ).fetchone()[0]
            for which in ("min", "max")
        )
        mark = oldest if oldest is not None else settled + 1
        connection.execute(
            "INSERT INTO watermark (stream_id, day, sequence, sequence_newest) VALUES (?, ?, ?, ?)",
            (stream_id, day, mark, max(newest or 0, settled)),
        )
    streams = connection.execute("SELECT count(*) FROM stream").fetchone()[0]
    connection.execute(
        "DELETE FROM watermark WHERE position <= (SELECT max(position) FROM watermark) - ?",
        ((keep_days + 2) * streams,),
    )
    connection.execute(
        "INSERT INTO command_watermark (command_position, print_position) SELECT"
        " (SELECT coalesce(max(position), 0) FROM command), (SELECT coalesce(max(position), 0) FROM print_job)"
    )
    connection.execute(
        "DELETE FROM command_watermark WHERE position <= (SELECT max(position) FROM command_watermark) - ?",
        (COMMAND_KEEP_DAYS + 2,),
    )


def _forget_commands(connection: sqlite3.Connection) -> int:
    old = connection.execute(
        "SELECT command_position FROM command_watermark ORDER BY position DESC LIMIT 1 OFFSET ?", (COMMAND_KEEP_DAYS,)
    ).fetchone()
    newest: int | None = connection.execute("SELECT max(position) FROM command").fetchone()[0]
    if newest is None:
        return 0
    # The newest stays in any case: positions go on from it, and must never begin anew below an old mark.
    position_max = min(max(old[0] if old is not None else 0, newest - COMMANDS_MAX), newest - 1)
    cursor = connection.execute(
        "DELETE FROM command WHERE position IN ("
        " SELECT position FROM command WHERE reply IS NOT NULL AND position <= ? ORDER BY position LIMIT ?)",
        (position_max, COMMANDS_PER_BITE),
    )
    return cursor.rowcount


_CLOSED_MARK: Final = (
    f"CASE WHEN json_valid(record) THEN coalesce(json_extract(record, '$.{CLOSED_MARK}'), 0) ELSE 0 END"
)
_FORGET_PRINT_JOBS: Final = f"""
    DELETE FROM print_job WHERE position IN (
        SELECT position FROM print_job
        WHERE is_open = 0 AND (position <= ? OR (position <= ? AND {_CLOSED_MARK} < ?)) ORDER BY position LIMIT ?
    )
"""


def _forget_print_jobs(connection: sqlite3.Connection) -> int:
    """As commands: those that ended, and of which no person has to say what is on paper, or not for so long."""
    old_mark, old = connection.execute(
        "SELECT position, print_position FROM command_watermark ORDER BY position DESC LIMIT 1 OFFSET ?",
        (COMMAND_KEEP_DAYS,),
    ).fetchone() or (0, 0)
    newest: int | None = connection.execute("SELECT max(position) FROM print_job").fetchone()[0]
    if newest is None:
        return 0
    too_many = min(newest - PRINT_JOBS_MAX, newest - 1)
    cursor = connection.execute(_FORGET_PRINT_JOBS, (too_many, min(old, newest - 1), old_mark, PRINT_JOBS_PER_BITE))
    return cursor.rowcount


def _give_back_pages(connection: sqlite3.Connection) -> None:
    free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    if free > FREE_PAGES_KEPT + PAGES_PER_BITE:
        for _ in range(PAGES_PER_BITE):
            # Python takes one step of a statement without columns: a count given to the pragma would not be heard.
            connection.execute("PRAGMA incremental_vacuum(1)")
