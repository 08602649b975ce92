"""A store in a temporary directory, and events to put into it."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import StreamNames
from edge_gateway.settings import OutboxSettings
from edge_gateway.store.command_log import SqliteCommandLog
from edge_gateway.store.database import Database
from edge_gateway.store.feed import SqliteFeed
from edge_gateway.store.outbox import SqliteOutbox
from edge_gateway.store.print_spool import SqlitePrintSpool

TRANSACTIONS = "transactions"
UPLINK = "https"
ONE_UPLINK: Mapping[str, Collection[str]] = {UPLINK: tuple(StreamNames)}
T = TypeVar("T")


class InlineSqlite:
    """Implements ``SqliteRunner`` in the event loop, at once: for tests that move the clock."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)

    @classmethod
    async def start(cls, path: Path) -> InlineSqlite:
        return cls(path)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return work(self._connection)

    async def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that works on one database."""

    database: Database
    outbox: SqliteOutbox
    commands: SqliteCommandLog
    prints: SqlitePrintSpool

    @property
    def feed(self) -> SqliteFeed:
        """Of the one uplink."""
        return self.outbox.feed(UPLINK)

    async def pending(self, stream: str, limit: int) -> list[OutboxEvent]:
        """The oldest events the uplink has still to deliver."""
        return [one.event for one in await self.feed.backlog(stream, after=0, limit=limit)]

    async def settle(self, delivered: Sequence[str], dead: Mapping[str, str]) -> None:
        """By event id, with a walk through the table."""
        rows = await self.database.read(lambda one: one.execute("SELECT id, sequence FROM pending").fetchall())
        sequences = dict(rows)
        await self.feed.settle(
            [sequences[one] for one in delivered if one in sequences],
            {sequences[one]: reason for one, reason in dead.items() if one in sequences},
        )

    async def wait_for_pending(self, stream: str) -> None:
        """Return as soon as the stream has something for the uplink."""
        while True:
            growth = self.feed.growth
            if await self.pending(stream, 1):
                return
            await self.feed.wait_for_growth(growth)


@contextlib.asynccontextmanager
async def open_store(
    directory: Path,
    *,
    clock: Clock | None = None,
    uplinks: Mapping[str, Collection[str]] = ONE_UPLINK,
    **settings: Any,
) -> AsyncIterator[Store]:
    """Open at the beginning, closed at the end. ``settings``: those of [outbox]."""
    used_clock = clock or SystemClock()
    wanted = {"disk_free_bytes_min": 0, **settings}
    database = Database(OutboxSettings(directory=directory, **wanted), used_clock)
    await database.open()
    try:
        outbox = SqliteOutbox(database, used_clock, uplinks)
        yield Store(database, outbox, SqliteCommandLog(database, used_clock), SqlitePrintSpool(database, used_clock))
    finally:
        await database.close()


def noise(seed: str, length: int) -> str:
    """Text that looks random, always the same for a seed."""
    return base64.b64encode(random.Random(seed).randbytes(length)).decode()[:length]


def event(
    event_id: str, *, stream: str = TRANSACTIONS, padding: int = 0, source: str = "/stores/S001/pos/T1"
) -> OutboxEvent:
    """A small valid CloudEvent; ``padding``: bytes to make it larger, which no packing makes smaller again."""
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": "com.edge-gateway.scanner.barcode_scanned.v1",
        "time": "2026-11-21T10:16:20.000Z",
        "data": {"padding": noise(event_id, padding)},
    }
    payload = json.dumps(body, separators=(",", ":")).encode()
    return OutboxEvent(event_id, stream, source, "com.edge-gateway.scanner.barcode_scanned.v1", payload)
