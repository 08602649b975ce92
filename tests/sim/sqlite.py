"""Real SQLite without its thread: the work is done in the loop, and its answer takes as long as the seed says."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeVar

T = TypeVar("T")

COMMIT_S_MIN, COMMIT_S_MAX = 0.001, 0.03
"""From a good disk to a worn memory card."""


class InlineSqlite:
    """Implements ``edge_gateway.store.thread.SqliteRunner``. One piece of work after the other, as in the thread."""

    def __init__(self, path: Path, random: Random) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._random = random
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        async with self._turn:
            # First the work, then the time it took: whoever is cancelled meanwhile does not know that it is done.
            try:
                return work(self._connection)
            finally:
                await asyncio.sleep(self._random.uniform(COMMIT_S_MIN, COMMIT_S_MAX))

    async def close(self) -> None:
        self._connection.close()
