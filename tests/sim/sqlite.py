"""Real SQLite without its thread: the work is done in the loop, and its answer takes as long as the seed says."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeVar

T = TypeVar("T")

COMMIT_S_MIN, COMMIT_S_MAX = 0.001, 0.03
"""From a good disk to a worn memory card."""


class Disk:
    """What the store's file lies on: it may be slow, and full. Serves one process after the other."""

    def __init__(self, directory: Path, random: Random) -> None:
        self.slowness = 1.0
        self.is_full = False
        self._directory = directory
        self._random = random
        self._open: InlineSqlite | None = None
        self._keeper: sqlite3.Connection | None = None

    async def start(self, path: Path) -> InlineSqlite:
        self._open = InlineSqlite(path, self)
        self._let_go()
        return self._open

    def delay_s(self) -> float:
        return self._random.uniform(COMMIT_S_MIN, COMMIT_S_MAX) * self.slowness

    def kill_user(self) -> None:
        """The kernel closes what the process held open; the WAL stays as it is, for who comes next to recover."""
        if self._open is not None and not self._open.is_dead:
            self._open.is_dead = True
            self._keeper = sqlite3.connect(self._open.path, isolation_level=None)
            self._keeper.execute("PRAGMA schema_version").fetchone()
            self._open.connection.close()
        for descriptor in Path("/proc/self/fd").iterdir():
            try:
                is_lock = descriptor.readlink() == self._directory / "outbox.lock"
            except OSError:  # the one of this very listing
                continue
            if is_lock:
                os.close(int(descriptor.name))

    def _let_go(self) -> None:
        if self._keeper is not None:
            assert self._open is not None
            self._open.connection.execute("PRAGMA schema_version").fetchone()
            self._keeper.close()
            self._keeper = None


class InlineSqlite:
    """Implements ``edge_gateway.store.thread.SqliteRunner``. One piece of work after the other, as in the thread."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self.is_dead = False
        self.connection = sqlite3.connect(path, isolation_level=None)
        self._disk = disk
        self._is_full = False
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        async with self._turn:
            if self.is_dead:
                raise RuntimeError("the process was killed")
            self._be_full(self._disk.is_full)
            # First the work, then the time it took: whoever is cancelled or killed meanwhile does not know that it is
            # done.
            try:
                return work(self.connection)
            finally:
                await asyncio.sleep(self._disk.delay_s())

    async def close(self) -> None:
        if not self.is_dead:
            self.connection.close()
            self.is_dead = True

    def _be_full(self, is_full: bool) -> None:
        if is_full == self._is_full:
            return
        self._is_full = is_full
        pages = self.connection.execute("PRAGMA page_count").fetchone()[0] if is_full else 2**32 - 2
        self.connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()
