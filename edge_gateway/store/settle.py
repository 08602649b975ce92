"""Settling events of the outbox: delivered (gone) or dead letters (kept with the cloud's reason)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import EdgeGatewayError
from edge_gateway.store.sequence import stream_of
from edge_gateway.store.streams import Streams
from edge_gateway.store.transactor import Operation

_BURY = """
    INSERT INTO dead_letter (sequence, id, source, type, appended_at_ms, payload, dead_at_ms, reason)
    SELECT sequence, id, source, type, appended_at_ms, payload, ?, ? FROM pending WHERE sequence = ?
"""
_DELETE = "DELETE FROM pending WHERE sequence = ?"
_COUNT = """
    UPDATE stream SET delivered_total = delivered_total + ?, dead = dead + ?,
           sequence_settled = max(sequence_settled, ?) WHERE stream_id = ?
"""


@dataclass(frozen=True, slots=True)
class Fates:
    """Ids that were delivered, and ids with the reason of their refusal."""

    delivered: tuple[str, ...]
    dead: Mapping[str, str]


@dataclass(slots=True)
class _Change:
    delivered: int = 0
    dead: int = 0
    sequence_max: int = 0


class Settle(Operation[Fates, None]):
    """An id that is not pending (settled before) is passed over, so that settling twice is harmless."""

    name = "settle"

    def __init__(self, streams: Streams, clock: Clock) -> None:
        self._streams = streams
        self._clock = clock
        self._handed_out: dict[str, int] = {}
        self._staged: dict[int, _Change] = {}
        self._staged_ids: list[str] = []

    def hand_out(self, numbered: Iterable[tuple[str, int]]) -> None:
        """Remember the sequence of events a forwarder was given: at most one batch per stream is unsettled."""
        self._handed_out.update(numbered)

    def apply(self, connection: sqlite3.Connection, items: Sequence[Fates]) -> list[EdgeGatewayError | None]:
        self._streams.load(connection)
        self._staged, self._staged_ids = {}, []
        now_ms = int(self._clock.now().timestamp() * 1000)
        for fates in items:
            for event_id in fates.delivered:
                self._deliver(connection, event_id)
            for event_id, reason in fates.dead.items():
                self._bury(connection, event_id, now_ms, reason)
        connection.executemany(
            _COUNT,
            [(change.delivered, change.dead, change.sequence_max, key) for key, change in self._staged.items()],
        )
        return [None] * len(items)

    def committed(self) -> None:
        for state in self._streams.all().values():
            change = self._staged.get(state.stream_id)
            if change is not None:
                state.delivered_total += change.delivered
                state.dead += change.dead
        for event_id in self._staged_ids:
            self._handed_out.pop(event_id, None)

    def _deliver(self, connection: sqlite3.Connection, event_id: str) -> None:
        sequence = self._sequence(connection, event_id)
        if sequence is not None and connection.execute(_DELETE, (sequence,)).rowcount:
            self._change(sequence).delivered += 1

    def _bury(self, connection: sqlite3.Connection, event_id: str, now_ms: int, reason: str) -> None:
        sequence = self._sequence(connection, event_id)
        if sequence is not None and connection.execute(_BURY, (now_ms, reason, sequence)).rowcount:
            connection.execute(_DELETE, (sequence,))
            self._change(sequence).dead += 1

    def _change(self, sequence: int) -> _Change:
        change = self._staged.setdefault(stream_of(sequence), _Change())
        change.sequence_max = max(change.sequence_max, sequence)
        return change

    def _sequence(self, connection: sqlite3.Connection, event_id: str) -> int | None:
        self._staged_ids.append(event_id)
        sequence = self._handed_out.get(event_id)
        if sequence is not None:
            return sequence
        # Not handed out in this run: correct, but a walk through the table, since ids have no index (see the schema).
        row = connection.execute("SELECT sequence FROM pending WHERE id = ? LIMIT 1", (event_id,)).fetchone()
        return None if row is None else int(row[0])
