"""A disk whose fsync takes long (memory cards), as both programs of a benchmark meet it."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any, Final

import aiosqlite

from edge_gateway.store.thread import BUSY_TIMEOUT_S, SqliteThread

FSYNC_S: Final = 0.010
"""Of a common memory card."""


class SlowConnection(sqlite3.Connection):
    """Sleeps in the SQLite thread before each COMMIT, on top of the real fsync."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            time.sleep(FSYNC_S)
        return super().execute(sql, *parameters)


async def start_slow_sqlite(path: Path) -> SqliteThread:
    """``SqliteThread.start`` with such a connection."""
    connection = aiosqlite.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S, factory=SlowConnection)
    await connection
    return SqliteThread(connection)
