"""Looks into a store from outside the daemon: counts, listings, checks, and dead letters put back. Synchronous.

Reading is safe beside a running daemon. So is ``replay``: SQLite lets one process write at a time, the daemon waits
its turn and notices within seconds. Nothing here takes the daemon's lock.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from edge_gateway.contracts.clock import rfc3339
from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.store.database import FILE_NAME
from edge_gateway.store.epoch import EPOCH
from edge_gateway.store.keys import count_keys
from edge_gateway.store.migrations import schema_files, version_of
from edge_gateway.store.packing import Packer
from edge_gateway.store.print_rows import print_problems
from edge_gateway.store.salvage_report import SalvageState, salvage_states
from edge_gateway.store.sealing import IN_CLEAR, row_checksum
from edge_gateway.store.sequence import first_sequence, stream_of
from edge_gateway.store.streams import read_streams
from edge_gateway.store.thread import BUSY_TIMEOUT_S
from edge_gateway.store.transactor import translate

TABLES: Final = {"pending": "pending", "dead": "dead_letter"}

# Other uplinks, of which none asked for it, have nothing more to do with it.
_REPLAY_GONE: Final = """
    INSERT INTO pending (sequence, id, source, type, appended_at_ms, payload, key_id, checksum, done)
    SELECT sequence, id, source, type, appended_at_ms, payload, key_id, checksum,
           (SELECT coalesce(sum(1 << (uplink_id - 1)), 0) FROM uplink_stream
            WHERE stream_id = :stream_id AND uplink_id <> :uplink_id)
    FROM dead_letter WHERE sequence = :sequence AND uplink_id = :uplink_id
"""
_REPLAY_KEPT: Final = "UPDATE pending SET done = done & ~(1 << (:uplink_id - 1)) WHERE sequence = :sequence"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it lies in the store. ``state``: pending or dead; ``reason``, ``uplink``: of a dead letter. The
    payload as it lies on disk: packed, and encrypted if ``key_id`` is not 0."""

    sequence: int
    id: str
    stream: str
    state: str
    source: str
    type: str
    appended_at: str
    reason: str | None
    payload: bytes
    key_id: int = 0
    checksum: int | None = None
    uplink: str | None = None


@contextlib.contextmanager
def opened(directory: Path, *, is_writing: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection for looking, or for replaying. Raises StoreError."""
    path = directory / FILE_NAME
    if not path.is_file():
        raise StoreError(f"{path} does not exist: check outbox.directory, and that the gateway was started once")
    mode = "rw" if is_writing else "ro"
    connection = None
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None
        )
        _check_version(connection, path)
        if is_writing:
            connection.execute("PRAGMA synchronous = FULL")
        yield connection
    except sqlite3.Error as error:
        raise translate(error) from error
    finally:
        if connection is not None:
            connection.close()


def status(connection: sqlite3.Connection, now: datetime) -> dict[str, Any]:
    """Counts by stream, oldest pending, sizes."""
    streams = {}
    uplinks = dict(connection.execute("SELECT uplink_id, name FROM uplink").fetchall())
    for name, state in sorted(read_streams(connection).items()):
        oldest = connection.execute(
            "SELECT appended_at_ms FROM pending WHERE sequence >= ? AND sequence < ? ORDER BY sequence LIMIT 1",
            (first_sequence(state.stream_id), first_sequence(state.stream_id + 1)),
        ).fetchone()
        age_s = None if oldest is None else max(0.0, round(now.timestamp() - oldest[0] / 1000, 3))
        streams[name] = {
            "pending": state.pending,
            "dead": state.dead,
            "delivered_total": state.delivered_total,
            "dropped": dict(state.dropped),
            "oldest_pending_age_s": age_s,
            "uplinks": {
                uplinks[each.uplink_id]: {
                    "lag": state.pending - each.done_kept,
                    "delivered_total": each.delivered_total,
                }
                for each in state.cursors.values()
            },
        }
    pages, free, size = (_pragma(connection, name) for name in ("page_count", "freelist_count", "page_size"))
    return {
        "schema_version": version_of(connection),
        "bytes_used": (pages - free) * size,
        "bytes_of_file": pages * size,
        "idempotency_keys": count_keys(connection),
        "commands": connection.execute("SELECT count(*) FROM command").fetchone()[0],
        "epoch": _gateway_value(connection, EPOCH),
        "salvages": [_salvage(state) for state in salvage_states(connection)],
        "streams": streams,
    }


def events(
    connection: sqlite3.Connection, state: str, *, stream: str | None = None, ids: Sequence[str] = (), limit: int = -1
) -> Iterator[StoredEvent]:
    """Events of one state, oldest first. ``limit`` -1: all."""
    names = {found.stream_id: name for name, found in read_streams(connection).items()}
    if stream is not None and stream not in names.values():
        raise StoreError(f"stream '{stream}' does not exist; expected one of {', '.join(sorted(names.values()))}")
    uplinks = dict(connection.execute("SELECT uplink_id, name FROM uplink").fetchall())
    of_dead = "reason, uplink_id" if state == "dead" else "NULL, NULL"
    order = "sequence, uplink_id" if state == "dead" else "sequence"
    rows = connection.execute(
        f"SELECT sequence, id, source, type, appended_at_ms, payload, key_id, checksum, {of_dead} FROM {TABLES[state]}"
        f" ORDER BY {order}"
    )
    wanted, given = set(ids), 0
    for sequence, event_id, source, event_type, appended_at_ms, payload, key_id, checksum, why, uplink_id in rows:
        name = names[stream_of(sequence)]
        if (stream is not None and name != stream) or (wanted and event_id not in wanted):
            continue
        if given == limit:
            return
        given += 1
        appended_at = rfc3339(datetime.fromtimestamp(appended_at_ms / 1000, UTC))
        uplink = uplinks.get(uplink_id)
        yield StoredEvent(
            *(sequence, event_id, name, state, source, event_type, appended_at, why, payload),
            *(key_id, checksum, uplink),
        )


def replay(
    connection: sqlite3.Connection, *, stream: str | None = None, ids: Sequence[str] = (), uplink: str | None = None
) -> list[str]:
    """Put dead letters back into their places, to be sent again by the uplink that was refused, under their old ids;
    answers which. ``uplink``: only its."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        uplink_ids = dict(connection.execute("SELECT name, uplink_id FROM uplink").fetchall())
        replayed = [
            (event.sequence, event.id, uplink_ids[event.uplink])
            for event in events(connection, "dead", stream=stream, ids=ids)
            if uplink is None or event.uplink == uplink
        ]
        configured = set(
            connection.execute("SELECT uplink_id, stream_id FROM uplink_stream WHERE is_configured").fetchall()
        )
        for sequence, event_id, uplink_id in replayed:
            if (uplink_id, stream_of(sequence)) not in configured:
                raise StoreError(
                    f"event {event_id} was refused by an uplink that is not configured for its stream any more: "
                    "configure it again, or export the event"
                )
            put_back(connection, sequence, uplink_id)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return list(dict.fromkeys(event_id for _, event_id, _ in replayed))


def put_back(connection: sqlite3.Connection, sequence: int, uplink_id: int) -> None:
    """One dead letter becomes pending again for its uplink, inside a transaction. The daemon notices by itself."""
    row = {"sequence": sequence, "uplink_id": uplink_id, "stream_id": stream_of(sequence)}
    if connection.execute(_REPLAY_KEPT, row).rowcount:
        connection.execute(
            "UPDATE uplink_stream SET done_kept = done_kept - 1 WHERE uplink_id = :uplink_id"
            " AND stream_id = :stream_id",
            row,
        )
    else:
        connection.execute(_REPLAY_GONE, row)
        connection.execute("UPDATE stream SET removed_total = removed_total - 1 WHERE stream_id = :stream_id", row)
        connection.execute(
            "UPDATE uplink_stream SET done_kept = done_kept + 1 WHERE uplink_id <> :uplink_id"
            " AND stream_id = :stream_id",
            row,
        )
    connection.execute(
        "UPDATE uplink_stream SET sequence_below = min(sequence_below, :sequence) WHERE uplink_id = :uplink_id"
        " AND stream_id = :stream_id",
        row,
    )
    connection.execute("DELETE FROM dead_letter WHERE sequence = :sequence AND uplink_id = :uplink_id", row)
    connection.execute("UPDATE stream SET dead = dead - 1 WHERE stream_id = :stream_id", row)


def unpacked(event: StoredEvent) -> bytes:
    """The payload as it was appended, unless it is encrypted. Raises ValueError for one that is damaged."""
    return event.payload if event.key_id != IN_CLEAR else Packer().unpack(event.payload)


def problems(connection: sqlite3.Connection) -> list[str]:
    """Everything that is wrong with the store; reads all of it."""
    connection.execute("BEGIN")  # one moment in time, whatever the daemon writes meanwhile
    found = [row[0] for row in connection.execute("PRAGMA integrity_check").fetchall() if row[0] != "ok"]
    for name, state in read_streams(connection).items():
        start, end = first_sequence(state.stream_id), first_sequence(state.stream_id + 1)
        for table, expected in (("pending", state.pending), ("dead_letter", state.dead)):
            count = connection.execute(
                f"SELECT count(*) FROM {table} WHERE sequence >= ? AND sequence < ?",
                (start, end),
            ).fetchone()[0]
            if count != expected:
                found.append(f"stream {name}: {count} rows in {table}, expected {expected} from the counters")
        for cursor in state.cursors.values():
            count = connection.execute(
                "SELECT count(*) FROM pending WHERE sequence >= ? AND sequence < ? AND done & ?",
                (start, end, cursor.bit),
            ).fetchone()[0]
            if count != cursor.done_kept:
                found.append(
                    f"stream {name}: uplink {cursor.uplink_id} is done with {count} rows, "
                    f"expected {cursor.done_kept} from the counters"
                )
    for kind in TABLES:
        found += [text for event in events(connection, kind) if (text := _payload_problem(event)) is not None]
    found += print_problems(connection)
    connection.execute("ROLLBACK")
    return found


def _payload_problem(event: StoredEvent) -> str | None:
    stored = OutboxEvent(event.id, event.stream, event.source, event.type, event.payload)
    if event.checksum not in (None, row_checksum(event.sequence, stored, event.key_id, event.payload)):
        return f"event {event.id} ({event.stream}, {event.state}): damaged on disk, its checksum does not agree"
    if event.key_id != IN_CLEAR:
        return None
    try:
        body = json.loads(unpacked(event))
    except ValueError as error:
        return f"event {event.id} ({event.stream}, {event.state}): payload is no JSON: {error}"
    if not isinstance(body, dict) or body.get("id") != event.id:
        return f"event {event.id} ({event.stream}, {event.state}): payload has another id"
    return None


def _salvage(state: SalvageState) -> dict[str, Any]:
    return {
        "kept_as": state.kept_as,
        "stage": state.stage,
        "text": state.report.words,
        "lost": dict(state.report.lost),
        "is_exact": state.report.is_exact,
        "transaction_ids_lost": state.report.keys_lost,
        "dead_letters_lost": state.report.dead_letters_lost,
        "is_acknowledged": state.is_acknowledged,
    }


def _gateway_value(connection: sqlite3.Connection, name: str) -> Any:
    row = connection.execute("SELECT value FROM gateway WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version, newest = version_of(connection), max(schema_files())
    if version != newest:
        raise StoreError(
            f"{path} has schema version {version}, this edge-gateway has {newest}: use the one that runs there"
        )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
