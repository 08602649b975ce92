"""The floor of durable-append: the leanest asyncio program in which many producers share a commit.

aiosqlite, one collector task that commits all that waits in one thread hop, one table. No key, no repeat, no limit, no
counter, no cipher: nothing a product needs.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiosqlite

Row = tuple[str, bytes]


class BareCollector:
    """``await append(id, payload)`` returns when it is on disk. ``factory``: the class of the SQLite connection."""

    def __init__(self, path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> None:
        self._path = path
        self._factory = factory
        self._waiting: list[Row] = []
        self._futures: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self.commits = 0

    async def open(self) -> None:
        self._connection: Any = aiosqlite.connect(self._path, isolation_level=None, factory=self._factory)
        await self._connection
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE outbox (id TEXT PRIMARY KEY, payload BLOB NOT NULL)",
        ):
            await self._connection.execute(statement)
        self._task = asyncio.create_task(self._collect())

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._connection.close()

    def append(self, event_id: str, payload: bytes) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event_id, payload))
        self._futures.append(future)
        self._wake.set()
        return future

    async def _collect(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            rows, futures = self._waiting, self._futures
            self._waiting, self._futures = [], []
            await self._connection._execute(_commit, self._connection._conn, rows)
            self.commits += 1
            for future in futures:
                future.set_result(None)


def _commit(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO outbox VALUES (?, ?)", rows)
    connection.execute("COMMIT")
