"""Opens the database file: checked, migrated, salvaged into; one that is damaged is set aside first."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import StoreError
from edge_gateway.store import integrity, set_aside
from edge_gateway.store.claims import close_open_claims
from edge_gateway.store.epoch import next_epoch
from edge_gateway.store.migrations import migrate, schema_files
from edge_gateway.store.page_file import log_damage
from edge_gateway.store.salvaging import Salvaging
from edge_gateway.store.space import SpaceGuard
from edge_gateway.store.thread import SqliteRunner
from edge_gateway.store.transactor import Rank, translate

FILE_MODE: Final = 0o640

_log = structlog.get_logger()


class Opening:
    """Of one path. Each opening has its own ``epoch``."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        start_sqlite: Callable[[Path], Awaitable[SqliteRunner]],
        space: SpaceGuard,
        salvaging: Salvaging,
        counters: Counter[str],
    ) -> None:
        self._path = path
        self._clock = clock
        self._start_sqlite = start_sqlite
        self._space = space
        self._salvaging = salvaging
        self._counters = counters
        self.epoch: int | None = None
        self.set_aside_as: Path | None = None
        """Where a damaged database went last, in this run."""

    async def open(self) -> SqliteRunner:
        """Raises StoreError, with a remedy."""
        try:
            if set_aside.is_renaming(self._path):
                await asyncio.to_thread(set_aside.finish_renaming, self._path)
            return await self._open_file()
        except (sqlite3.Error, OSError) as error:
            if not integrity.is_damage(error):
                raise translate(error) from error
            finding = str(error)
        return await self.open_anew(finding)

    async def open_anew(self, finding: str) -> SqliteRunner:
        """Set the file aside and begin a new one, into which the old one is salvaged. Raises StoreError."""
        self._salvaging.close()
        try:
            # In a thread: a disk that is dying takes its time, and the shop sells.
            self.set_aside_as = await asyncio.to_thread(set_aside.set_aside, self._path, self._clock.now())
            self._salvaging.set_aside_as(self.set_aside_as)
        except OSError as error:
            raise StoreError(f"{self._path} is damaged ({finding}) and cannot be moved away: {error}") from error
        _log.error(log_events.STORE_SET_ASIDE, path=str(self._path), kept_as=str(self.set_aside_as), reason=finding)
        try:
            return await self._open_file()
        except (sqlite3.Error, OSError) as error:
            raise translate(error) from error

    async def _open_file(self) -> SqliteRunner:
        # Not for everybody to read: it holds what customers bought. SQLite gives its -wal and -shm the same mode.
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        os.close(descriptor)
        thread = await self._start_sqlite(self._path)
        try:
            before, after, closed = await thread.run(self._make_ready)
            await thread.run(self._space.measure)
            await thread.run(self._salvaging.finish_soon)
        except BaseException:
            await thread.close()
            self._salvaging.close()
            raise
        if before != after:
            _log.info(log_events.STORE_MIGRATED, path=str(self._path), version_from=before, version_to=after)
        self._counters["claims_closed_unknown"] += closed
        return thread

    def _make_ready(self, connection: sqlite3.Connection) -> tuple[int, int, int]:
        # Before SQLite sees it: it ends its reading of a log at the first damaged frame, and says nothing.
        finding = log_damage(self._path)
        if finding is None:
            integrity.prepare(connection)
            finding = integrity.damage(connection)
        if finding is not None:
            raise integrity.damaged(finding)
        before, after = migrate(connection, schema_files(), str(self._path))
        self._salvaging.begin(connection, lambda new_bytes: self._space.refusal(connection, new_bytes, Rank.SALES))
        closed = close_open_claims(connection)
        self.epoch = next_epoch(connection, int(self._clock.now().timestamp()))
        integrity.keep_wal_room(self._path)
        return before, after, closed
