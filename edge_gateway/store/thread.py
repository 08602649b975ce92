"""The thread that owns the SQLite connection: whole pieces of work go there and come back in one hop each."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import aiosqlite

from edge_gateway.contracts.errors import StoreError

T = TypeVar("T")

BUSY_TIMEOUT_S: Final = 5.0
"""How long a write waits for another process's: only the ``outbox replay`` command writes beside the daemon."""

CLOSE_S_MAX: Final = 3.0
"""A disk that hangs must not hang the stop of the daemon: within 5 s, the WAL loses nothing by an unclean close."""


class SqliteRunner(Protocol):
    """Runs functions on the store's connection, one after the other."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T: ...

    async def close(self) -> None: ...


class SqliteThread:
    """An aiosqlite connection used for whole functions instead of single statements.

    Statement by statement a commit of 100 events would cross the threads 200 times; as one function it does so once.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @classmethod
    async def start(cls, path: Path) -> SqliteThread:
        connection = aiosqlite.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        # aiosqlite waits for its thread at exit: after a crash of the loop the process would never end.
        connection._thread.daemon = True
        await connection
        return cls(connection)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run it in the thread, after all that came before. What it raises is raised here."""
        try:
            # The only way aiosqlite has to run more than one statement in a hop; its version is pinned for it.
            execute: Any = self._connection._execute
            outcome: T = await execute(_call, work, self._connection._conn)
            return outcome
        except ValueError as error:
            if not self._connection._running:
                raise StoreError("the store is closed") from error
            raise

    async def close(self) -> None:
        """Close the connection, unless the disk hangs: then leave it to the end of the process."""
        try:
            async with asyncio.timeout(CLOSE_S_MAX):
                await self._connection.close()
        except TimeoutError:
            return


def _call(work: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    return work(connection)
