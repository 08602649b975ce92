"""What one uplink still has to deliver, read from the outbox and settled in it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import Pending
from edge_gateway.store.core import OutboxCore
from edge_gateway.store.sealing import DamagedError, LockedError
from edge_gateway.store.sequence import first_sequence
from edge_gateway.store.settle import Fates
from edge_gateway.store.streams import Cursor, StreamState

OTHER_WRITER_CHECK_S: Final = 5.0
"""How soon dead letters that a person replayed with the command line are noticed, or a key that was put back."""

READ_BYTES_MAX: Final = 4_000_000
"""Payload read at once: what an uplink holds in memory, and what one request to the cloud may carry."""

LEARN_BITES: Final = 8
"""Bites of learning that one question for live events takes; between them writers have their turn."""

LIVE_RANGES: Final = 4
"""Blocks of sequences looked through for one question: with what a block may hold, under 40 ms."""

DAMAGED: Final = "damaged on disk"
"""Reason of the dead letter that a row becomes whose checksum does not agree with it."""

DeadLetterCallback = Callable[[OutboxEvent, str], None]

_BACKLOG: Final = """
    SELECT sequence, id, source, type, payload, key_id, checksum FROM pending
    WHERE sequence > ? AND sequence < ? AND done & ? = 0 ORDER BY sequence LIMIT ?
"""
_LIVE: Final = """
    SELECT sequence, id, source, type, payload, key_id, checksum FROM pending
    WHERE sequence >= ? AND sequence <= ? AND done & ? = 0 AND source IN (SELECT value FROM json_each(?))
    ORDER BY sequence LIMIT ?
"""

_log = structlog.get_logger()


class _Found(NamedTuple):
    """Of one read. ``last``: the last sequence looked at; None: there was no more."""

    events: list[Pending]
    damaged: list[tuple[int, OutboxEvent]]
    last: int | None


class _Passed(NamedTuple):
    """Above ``first`` and up to ``last`` everything is locked: read through once, not at each call."""

    rewinds: int
    first: int
    last: int


class SqliteFeed:
    """Implements ``contracts.store.Feed``. ``on_dead_letter`` is told of rows that are damaged on disk."""

    def __init__(
        self,
        core: OutboxCore,
        name: str,
        streams: Collection[str],
        on_dead_letter: DeadLetterCallback | None = None,
    ) -> None:
        self._core = core
        self._name = name
        self._streams = frozenset(streams)
        self._on_dead_letter = on_dead_letter
        self._appended = 0
        self._grown = asyncio.Event()
        self._passed: dict[str, _Passed] = {}
        self._locked_to: dict[str, int] = {}
        self._locked_at = -1
        self._locked = 0
        self._is_locked_told = False
        self.locked_reason: str | None = None
        """Why rows are left where they are: their key is not here."""

    @property
    def name(self) -> str:
        return self._name

    @property
    def growth(self) -> int:
        return self._appended + self._core.rewinds

    @property
    def rewinds(self) -> int:
        return self._core.rewinds

    @property
    def locked(self) -> int:
        """Rows come across whose key is not here, as far as is known."""
        return self._locked if self._locked_at == self._core.rewinds else 0

    def announce(self, streams: Collection[str]) -> None:
        """In the event loop: these streams have grown."""
        if not self._streams.isdisjoint(streams):
            self._appended += 1
            self._grown.set()

    async def wait_for_growth(self, known: int) -> int:
        if self.growth == known:
            self._grown.clear()
            try:
                async with asyncio.timeout(OTHER_WRITER_CHECK_S):
                    await self._grown.wait()
            except TimeoutError:
                await self._core.read(self._core.look)
        return self.growth

    async def backlog(self, stream: str, *, after: int, limit: int) -> Sequence[Pending]:
        await self._core.ready()
        while True:
            found = await self._core.read(partial(self._read_backlog, stream=stream, after=after, limit=limit))
            await self._bury(found.damaged)
            if found.events or found.last is None:
                return found.events
            after = found.last

    async def live(self, stream: str, *, beyond: int, limit: int) -> Sequence[Pending]:
        await self._core.ready()
        for _ in range(LEARN_BITES):
            found = await self._core.read(partial(self._read_live, stream=stream, beyond=beyond, limit=limit))
            if found is not None:
                await self._bury(found.damaged)
                return found.events
        return []

    async def settle(self, delivered: Sequence[int], dead: Mapping[int, str]) -> None:
        if delivered or dead:
            await self._core.ready()
            await self._core.settle(Fates(self._name, delivered, dead))

    def lag(self, stream: str) -> int:
        state = self._core.streams.all().get(stream)
        if state is None or stream not in self._streams:
            return 0
        cursor = self._core.streams.cursor(self._name, stream)
        # Before the first read the uplink may not have its place yet: what is kept is what it may have to deliver.
        return state.pending - (0 if cursor is None else cursor.done_kept)

    def newest(self, stream: str) -> int:
        state = self._core.streams.all().get(stream)
        return 0 if state is None else state.last_sequence

    def delivered_total(self, stream: str) -> int:
        """Since the store was made. From memory."""
        cursor = self._core.streams.cursor(self._name, stream)
        return 0 if cursor is None else cursor.delivered_total

    async def _bury(self, damaged: Sequence[tuple[int, OutboxEvent]]) -> None:
        if not damaged:
            return
        await self._core.settle(Fates(self._name, (), {sequence: DAMAGED for sequence, _ in damaged}))
        for _, event in damaged:
            self._core.counters["damaged"] += 1
            _log.error(log_events.EVENT_DAMAGED, uplink=self._name, stream=event.stream, event_id=event.id)
            if self._on_dead_letter is not None:
                self._on_dead_letter(event, DAMAGED)

    def _read_backlog(self, connection: sqlite3.Connection, stream: str, after: int, limit: int) -> _Found:
        self._core.look(connection)
        state, cursor = self._place(stream)
        if cursor is None:
            return _Found([], [], None)
        start = max(after, first_sequence(state.stream_id), cursor.sequence_below - 1)
        passed = self._passed.get(stream)
        if passed is None or passed.rewinds != self._core.rewinds or not passed.first <= start <= passed.last:
            passed = self._passed[stream] = _Passed(self._core.rewinds, start, start)
        rows = connection.execute(_BACKLOG, (passed.last, self._core.ceiling(state.stream_id), cursor.bit, limit))
        found = self._open(rows, stream, limit, is_counting=True)
        if not found.events and found.last is not None:
            self._passed[stream] = passed._replace(last=found.last)
        self._tell_locked(is_at_end=found.last is None)
        return found

    def _read_live(self, connection: sqlite3.Connection, stream: str, beyond: int, limit: int) -> _Found | None:
        """None: the sources of the backlog are not known yet."""
        self._core.look(connection)
        state, cursor = self._place(stream)
        found = _Found([], [], None)
        if cursor is None or self._core.is_salvaging:
            return found
        index = self._core.source_index(state, cursor)
        if not index.is_known:
            index.learn(connection)
        if not index.is_known:
            return None
        for first, last, sources in index.above(max(beyond, first_sequence(state.stream_id)))[:LIVE_RANGES]:
            wanted = limit - len(found.events)
            rows = connection.execute(_LIVE, (first, last, cursor.bit, json.dumps(sources), wanted))
            more = self._open(rows, stream, wanted, is_counting=False)
            found.events.extend(more.events)
            found.damaged.extend(more.damaged)
            if more.last is not None:
                break
        return found

    def _place(self, stream: str) -> tuple[StreamState, Cursor | None]:
        state = self._core.streams.of(stream)
        return state, self._core.streams.cursor(self._name, stream) if stream in self._streams else None

    def _open(self, rows: sqlite3.Cursor, stream: str, limit: int, *, is_counting: bool) -> _Found:
        """Unseal as many as one answer may carry. ``last`` is None if the rows ended before ``limit``."""
        events: list[Pending] = []
        damaged: list[tuple[int, OutboxEvent]] = []
        last, count, bytes_read, is_cut = 0, 0, 0, False
        for sequence, event_id, source, event_type, stored, key_id, checksum in rows:
            bytes_read += len(stored)
            if events and bytes_read > READ_BYTES_MAX:
                is_cut = True
                break
            last, count = sequence, count + 1
            event = OutboxEvent(event_id, stream, source, event_type, stored)
            try:
                event = self._core.sealer.unseal(sequence, event, key_id, checksum)
            except LockedError as error:
                self.locked_reason = str(error)
                if is_counting:
                    self._count_locked(stream, sequence)
            except DamagedError:
                damaged.append((sequence, OutboxEvent(event_id, stream, source, event_type, b"")))
            else:
                events.append(Pending(sequence, event))
        rows.close()
        return _Found(events, damaged, last if is_cut or count == limit else None)

    def _tell_locked(self, *, is_at_end: bool) -> None:
        """Once when rows are found locked, and once when all were read and none is."""
        if self.locked and not self._is_locked_told:
            self._is_locked_told = True
            _log.error(log_events.EVENTS_LOCKED, uplink=self._name, reason=self.locked_reason)
        elif self._is_locked_told and is_at_end and not self.locked:
            self._is_locked_told = False
            _log.info(log_events.EVENTS_UNLOCKED, uplink=self._name)

    def _count_locked(self, stream: str, sequence: int) -> None:
        """Each once, since the backlog is read upwards."""
        if self._locked_at != self._core.rewinds:
            self._locked_at, self._locked, self._locked_to = self._core.rewinds, 0, {}
        if sequence > self._locked_to.get(stream, 0):
            self._locked_to[stream] = sequence
            self._locked += 1
