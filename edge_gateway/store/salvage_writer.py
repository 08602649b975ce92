"""Puts salvaged rows into the new store, below all that it numbers itself. Each call is part of a transaction.

It writes over a connection of its own, as the command line does: whoever remembers counts notices another writer.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from edge_gateway.store.epoch import EPOCH
from edge_gateway.store.print_rows import PrintRow, checksum_of, record_json
from edge_gateway.store.salvage_rows import STREAM_IDS, STREAM_NAMES, CommandRow, Facts, KeyRow, StoredRow
from edge_gateway.store.sealing import IN_CLEAR, LOST_KEY, row_checksum
from edge_gateway.store.sequence import first_sequence, stream_of

BASE_MIN: Final = 1 << 32
"""A new store begins so far above the bottom of each stream that any old store's rows find room below."""

BASE_PER_SECOND: Final = 256
"""Numbers begin at this times the Unix time: above all of the old store, which never had so many events a second. If a
clock was wrong, its rows are numbered anew (below, in their order)."""

NUMBERS_MAX: Final = (1 << 40) - (1 << 36)
"""Of a stream: a store that is not damaged comes nowhere near its end."""

BASE_GAP: Final = 1 << 20
"""Above the highest number that is known of the old store."""

EPOCH_MAX: Final = 1 << 40
"""A boot epoch beyond that is damage: it is about the Unix time."""

_EPOCH: Final = """
    INSERT INTO gateway (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
"""
_EVENT: Final = """
    INSERT OR IGNORE INTO pending (sequence, id, source, type, appended_at_ms, payload, done, key_id, checksum)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_DEAD: Final = """
    INSERT OR IGNORE INTO dead_letter
        (uplink_id, sequence, id, source, type, appended_at_ms, payload, key_id, checksum, dead_at_ms, reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_KEY: Final = "INSERT OR IGNORE INTO idempotency_key (key, digest, event_id, sequence) VALUES (?, ?, ?, ?)"
_ID_UNDER: Final = """
    SELECT event_id FROM idempotency_key WHERE key = :key
    UNION ALL SELECT id FROM pending WHERE sequence > :base AND key = :key LIMIT 1
"""
_LOST: Final = "INSERT OR IGNORE INTO lost_event (key, digest, event_id, sequence, kept_as) VALUES (?, ?, ?, ?, ?)"
_COMMAND: Final = """
    INSERT OR IGNORE INTO command (position, request_key, digest, claimed_at_ms, reply) VALUES (?, ?, ?, ?, ?)
"""
_PRINT: Final = """
    INSERT OR IGNORE INTO print_job
        (position, job_key, digest, printer, state, priority, accepted_at_ms, deadline_at_ms, is_open, record,
         content, key_id, checksum)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPLINK_STREAM: Final = """
    INSERT INTO uplink_stream (uplink_id, stream_id, is_configured, delivered_total, done_kept) VALUES (?, ?, 0, ?, ?)
    ON CONFLICT (uplink_id, stream_id) DO UPDATE SET
        delivered_total = delivered_total + excluded.delivered_total, done_kept = done_kept + excluded.done_kept
"""


class Known(NamedTuple):
    """Of an old store: the highest number of each stream, by its id, and the boot epoch; 0 where they are not known."""

    sequences: Mapping[int, int]
    epoch: int


class SalvageWriter:
    """``begin`` once per salvage; then rows, in the order of the reader."""

    def __init__(self, connection: sqlite3.Connection, kept_as: str) -> None:
        self._connection = connection
        self._kept_as = kept_as
        self._uplinks: dict[int, int] = {}
        self._keys: dict[int, int] = {IN_CLEAR: IN_CLEAR}

    def begin(self, facts: Facts, *, is_first: bool) -> None:
        """Names, keys and totals; ``is_first`` False: after a restart, when the totals are in already."""
        uplinks = facts.uplinks or {1: "https"}
        known = dict(self._connection.execute("SELECT name, uplink_id FROM uplink").fetchall())
        for old_id, name in uplinks.items():
            if name not in known:
                known[name] = next(number for number in range(1, 64) if number not in known.values())
                self._connection.execute("INSERT INTO uplink (uplink_id, name) VALUES (?, ?)", (known[name], name))
            self._uplinks[old_id] = known[name]
        for old_id, (fingerprint, first_used_ms) in facts.keys.items():
            self._keys[old_id] = self._key_id(old_id, fingerprint, first_used_ms)
        if is_first:
            self._add_totals(facts)

    def events(self, rows: Iterable[StoredRow]) -> Counter[str]:
        """Rows of ``pending``; answers how many of each stream."""
        count: Counter[str] = Counter()
        kept: Counter[tuple[int, int]] = Counter()
        lowest: dict[int, int] = {}
        for row in rows:
            event, key_id = row.event, self.key_id(row)
            done, bits = self._mask(row.done)
            checksum = row_checksum(row.sequence, event, key_id, event.payload)
            values = (event.id, event.source, event.type, row.appended_at_ms, event.payload, done, key_id, checksum)
            if self._connection.execute(_EVENT, (row.sequence, *values)).rowcount:
                stream_id = stream_of(row.sequence)
                count[event.stream] += 1
                kept.update((uplink_id, stream_id) for uplink_id in bits)
                lowest[stream_id] = min(lowest.get(stream_id, row.sequence), row.sequence)
        for stream_id, lowest_sequence in lowest.items():
            self._connection.execute(
                "UPDATE stream SET removed_total = removed_total - ? WHERE stream_id = ?",
                (count[STREAM_NAMES[stream_id]], stream_id),
            )
            self._connection.execute(
                "UPDATE uplink_stream SET sequence_below = min(sequence_below, ?) WHERE stream_id = ?",
                (lowest_sequence, stream_id),
            )
        self._connection.executemany(
            _UPLINK_STREAM, [(uplink_id, stream_id, 0, number) for (uplink_id, stream_id), number in kept.items()]
        )
        return count

    def dead_letters(self, rows: Iterable[StoredRow]) -> int:
        """Answers how many were put in."""
        count: Counter[int] = Counter()
        for row in rows:
            event, key_id = row.event, self.key_id(row)
            uplink_id = self._uplinks.get(row.uplink_id)
            if uplink_id is None:
                uplink_id = self._uplinks[row.uplink_id] = next(iter(self._uplinks.values()))
            checksum = row_checksum(row.sequence, event, key_id, event.payload)
            values = (event.id, event.source, event.type, row.appended_at_ms, event.payload, key_id, checksum)
            found = (uplink_id, row.sequence, *values, row.dead_at_ms, row.reason)
            count[stream_of(row.sequence)] += self._connection.execute(_DEAD, found).rowcount
        self._connection.executemany(
            "UPDATE stream SET dead = dead + ? WHERE stream_id = ?", [(number, one) for one, number in count.items()]
        )
        return count.total()

    def commands(self, rows: Iterable[CommandRow]) -> int:
        """Under their old positions: nothing is claimed in the new store before they are in."""
        found = list(rows)
        return self._connection.executemany(_COMMAND, found).rowcount if found else 0

    def prints(self, rows: Iterable[PrintRow]) -> int:
        """Print jobs, under their old positions, as commands; answers how many were put in."""
        count = 0
        for row in rows:
            key_id = self.key_id(row)
            head = (*row[:4], row.state.value, *row[5:8], int(row.is_open), record_json(row.record))
            count += self._connection.execute(_PRINT, (*head, row.content, key_id, checksum_of(row, key_id))).rowcount
        return count

    def keys(self, rows: Iterable[KeyRow]) -> int:
        """Of events that are in, or were delivered before."""
        found = list(rows)
        return self._connection.executemany(_KEY, found).rowcount if found else 0

    def lost_keys(self, rows: Iterable[KeyRow]) -> None:
        """Of events that are not."""
        self._connection.executemany(_LOST, [(*row, self._kept_as) for row in rows])

    def id_under(self, key: str, base: int) -> str | None:
        """The event that the new store has under a key: sorted in, or beside it among those above ``base``."""
        row = self._connection.execute(_ID_UNDER, {"key": key, "base": base}).fetchone()
        return None if row is None else str(row[0])

    def note(self, stage: str, pages_done: int, report: str) -> None:
        """How far it is."""
        self._connection.execute(
            "UPDATE salvage SET stage = ?, pages_done = ?, report = ? WHERE kept_as = ?",
            (stage, pages_done, report, self._kept_as),
        )

    def key_id(self, row: StoredRow | PrintRow) -> int:
        """The key's id in the new store; one the old store had lost the name of keeps an id nobody else has."""
        known = self._keys.get(row.key_id)
        if known is None:
            known = self._keys[row.key_id] = self._key_id(row.key_id, f"{LOST_KEY}{self._kept_as}-{row.key_id}", 0)
        return known

    def _key_id(self, old_id: int, fingerprint: str, first_used_ms: int) -> int:
        row = self._connection.execute(
            "SELECT key_id FROM encryption_key WHERE fingerprint = ?", (fingerprint,)
        ).fetchone()
        if row is None:
            is_taken = self._connection.execute("SELECT 1 FROM encryption_key WHERE key_id = ?", (old_id,)).fetchone()
            row = self._connection.execute(
                "INSERT INTO encryption_key (key_id, fingerprint, first_used_ms) VALUES (?, ?, ?) RETURNING key_id",
                (None if is_taken else old_id, fingerprint, first_used_ms),
            ).fetchone()
        return int(row[0])

    def _mask(self, done: int) -> tuple[int, list[int]]:
        """With the new store's ids. An uplink nobody knows the name of any more has nothing to say."""
        bits = [self._uplinks[old_id] for old_id in self._uplinks if done >> (old_id - 1) & 1]
        return sum(1 << (uplink_id - 1) for uplink_id in set(bits)), sorted(set(bits))

    def _add_totals(self, facts: Facts) -> None:
        self._connection.executemany(
            _UPLINK_STREAM,
            [
                (self._uplinks[uplink_id], stream_id, delivered, 0)
                for (uplink_id, stream_id), (delivered, _, _) in facts.uplink_streams.items()
                if uplink_id in self._uplinks and stream_id in STREAM_IDS
            ],
        )
        self._connection.executemany(
            "INSERT INTO dropped (stream_id, reason, total) VALUES (?, ?, ?)"
            " ON CONFLICT (stream_id, reason) DO UPDATE SET total = total + excluded.total",
            [(stream_id, reason, total) for (stream_id, reason), total in facts.dropped.items()],
        )
        names = {*STREAM_NAMES.values(), *facts.uplinks.values(), EPOCH}
        self._connection.executemany(
            "INSERT OR IGNORE INTO gateway (name, value) VALUES (?, ?)",
            [(name, value) for name, value in facts.gateway.items() if name not in names],
        )


def begin_salvage(
    connection: sqlite3.Connection, kept_as: str, now: datetime, known: Known, newest: Mapping[int, int]
) -> None:
    """In the new store, before anything is appended to it: unless it was begun before. ``newest``: by stream id, the
    last number that was given out, where it was still remembered."""
    if connection.execute("SELECT 1 FROM salvage WHERE kept_as = ?", (kept_as,)).fetchone():
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _bases(connection, int(now.timestamp()), known.sequences)
        if known.epoch < EPOCH_MAX:
            connection.execute(_EPOCH, (EPOCH, known.epoch))
        connection.execute(
            "INSERT INTO salvage (kept_as, begun_ms, stage, bases, newest) VALUES (?, ?, 'commands', ?, ?)",
            (kept_as, int(now.timestamp() * 1000), json.dumps(found), json.dumps(dict(newest))),
        )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def note_failed(connection: sqlite3.Connection, kept_as: str) -> None:
    """It cannot be gone on with."""
    connection.execute("UPDATE salvage SET stage = 'failed' WHERE kept_as = ?", (kept_as,))


def _bases(connection: sqlite3.Connection, now_s: int, known: Mapping[int, int]) -> dict[int, int]:
    """Let each stream begin above all that the old store can have held; answers where. ``known``: its highest numbers,
    as far as they are known already."""
    found = {}
    for stream_id, settled in connection.execute("SELECT stream_id, sequence_settled FROM stream").fetchall():
        first = first_sequence(stream_id)
        newest = connection.execute(
            "SELECT max(sequence) FROM pending WHERE sequence >= ? AND sequence < ?",
            (first, first_sequence(stream_id + 1)),
        ).fetchone()[0]
        last = max(settled, newest or 0, first)
        by_time = min(now_s * BASE_PER_SECOND, first_sequence(1) - BASE_GAP)
        base = max(first + BASE_MIN, first + by_time, _plausible(known.get(stream_id, 0), first) + BASE_GAP, last)
        connection.execute(
            "UPDATE stream SET sequence_settled = ?, removed_total = removed_total + ? WHERE stream_id = ?",
            (base, base - last, stream_id),
        )
        found[stream_id] = base
    return found


def _plausible(number: int, first: int) -> int:
    """A damaged number must not take the room that a stream has."""
    return number if first <= number < first + NUMBERS_MAX else first
