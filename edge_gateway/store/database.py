"""The one SQLite file of the gateway: opened, checked, migrated, owned, written in groups, closed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import EdgeGatewayError, StorageFullError, StoreError
from edge_gateway.settings import OutboxSettings
from edge_gateway.store import integrity
from edge_gateway.store.claims import close_open_claims
from edge_gateway.store.condition import StoreCondition
from edge_gateway.store.epoch import next_epoch
from edge_gateway.store.fill import fill_percent
from edge_gateway.store.key_ring import KeyRing
from edge_gateway.store.lock import DirectoryLock
from edge_gateway.store.migrations import migrate, schema_files
from edge_gateway.store.retention import INTERVAL_S, Retention
from edge_gateway.store.sealing import Sealer
from edge_gateway.store.space import SpaceGuard
from edge_gateway.store.thread import SqliteRunner, SqliteThread
from edge_gateway.store.transactor import GivesWay, Operation, Transactor, translate
from edge_gateway.store.writer import Writer

T = TypeVar("T")
ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")

FILE_NAME: Final = "outbox.db"
FILE_MODE: Final = 0o640

DRAIN_S_MAX: Final = 1.5
"""At close, writes that wait get this long; their producers have no answer yet, so none of them counts on it."""

TRIM_PAUSE_S: Final = 0.5
"""Between two bites where there is more to trim: writers have most of the time for themselves."""

_log = structlog.get_logger()


class Database:
    """Owner of the file. ``SqliteOutbox`` and ``SqliteCommandLog`` work through ``submit`` and ``read``."""

    def __init__(
        self,
        settings: OutboxSettings,
        clock: Clock,
        start_sqlite: Callable[[Path], Awaitable[SqliteRunner]] = SqliteThread.start,
    ) -> None:
        self._settings = settings
        self._start_sqlite = start_sqlite
        self._clock = clock
        self._lock = DirectoryLock(settings.directory)
        self._space = SpaceGuard(self.path, settings, clock)
        self._thread: SqliteRunner | None = None
        self._writer: Writer | None = None
        self._transactor: Transactor | None = None
        self._gives_way: GivesWay | None = None
        self.trim: Operation[None, bool] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.counters: Counter[str] = Counter()
        self.condition = StoreCondition()
        self.sealer = Sealer(KeyRing(settings.encryption), clock)
        self._closed_because = StoreError("the store is not open")
        self.set_aside_as: Path | None = None
        """Where a damaged database went at this start: this run began with an empty one."""
        self.epoch: int | None = None
        """Of this opening: above that of any earlier one, however the clock was set. None: not open yet."""

    @property
    def path(self) -> Path:
        return self._settings.directory / FILE_NAME

    @property
    def is_open(self) -> bool:
        return self._writer is not None

    @property
    def used_bytes(self) -> int:
        """Bytes in use when it was last measured, or something was appended; see OutboxSettings.bytes_max."""
        return self._space.used_bytes

    @property
    def fill_percent(self) -> float:
        """Of what sales may use; see fill.fill_percent. As of the last measurement or append."""
        settings = self._settings
        return fill_percent(self.used_bytes, settings.bytes_max, self.free_bytes, settings.disk_free_bytes_min)

    @property
    def bytes_on_disk(self) -> int:
        """Of its files as they are: the database with its unused pages, the WAL with its room, the shared memory."""
        files = (self.path.with_name(self.path.name + suffix) for suffix in ("", "-wal", "-shm"))
        return sum(file.stat().st_size for file in files if file.exists())

    @property
    def free_bytes(self) -> int:
        """Of its file system, as of the same moment."""
        return self._space.free_bytes

    def attach(self, gives_way: GivesWay, trim: Operation[None, bool], keep_days_max: int) -> None:
        """What the outbox does for room and for age. ``keep_days_max``: how far back it has to know the days."""
        self._gives_way, self.trim, self._keep_days_max = gives_way, trim, keep_days_max
        if self._transactor is not None:
            self._transactor.gives_way = gives_way

    async def measure(self) -> None:
        """Look at the room anew. Raises StoreError."""
        await self.read(self._space.measure)

    async def try_open(self) -> bool:
        """As ``open``; False: the disk is full. Scanners and scales work all the same; call it again later."""
        try:
            await self.open()
        except StorageFullError as error:
            self.condition.cannot_open(error)
            return False
        return True

    async def open(self) -> None:
        """Raises StoreError, with a remedy: in use by another process, newer schema, or a directory of no use."""
        try:
            self._lock.acquire()
            self.sealer.ring.load()
            thread = await self._open_sound()
        except BaseException as error:
            self._lock.release()
            if isinstance(error, StoreError):
                self._closed_because = error
            raise
        self._thread = thread
        self._transactor = Transactor(self._space, self._gives_way)
        self._writer = Writer(thread, self._transactor, self.counters, self.condition)
        self._tasks = [
            asyncio.create_task(self._collect(self._writer), name="store collector"),
            asyncio.create_task(self._retain(), name="store retention"),
        ]
        self.condition.opened()
        _log.info(log_events.STORE_OPENED, path=str(self.path))

    async def close(self) -> None:
        """Commit what waits, then let go of file and directory. Bounded, even if the disk hangs."""
        if self._thread is None or self._writer is None:
            return
        collector, retention = self._tasks
        retention.cancel()
        self._writer.finish()
        await asyncio.wait([collector], timeout=DRAIN_S_MAX)
        collector.cancel()
        await asyncio.gather(collector, retention, return_exceptions=True)
        await self._thread.close()
        self._thread = self._writer = self._transactor = None
        self._lock.release()

    def submit(self, operation: Operation[ItemT, OutcomeT], item: ItemT) -> asyncio.Future[OutcomeT]:
        """Write with the next group commit; done when it is on disk."""
        if self._writer is None:
            raise type(self._closed_because)(str(self._closed_because))
        return self._writer.submit(operation, item)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function on the connection. Raises StoreError."""
        if self._thread is None:
            raise type(self._closed_because)(str(self._closed_because))
        try:
            return await self._thread.run(work)
        except sqlite3.Error as error:
            raise translate(error) from error

    async def _open_sound(self) -> SqliteRunner:
        try:
            return await self._open_file()
        except (sqlite3.Error, OSError) as error:
            if not integrity.is_damage(error):
                raise translate(error) from error
            finding = str(error)
        try:
            self.set_aside_as = integrity.set_aside(self.path, self._clock.now())
        except OSError as error:
            raise StoreError(f"{self.path} is damaged ({finding}) and cannot be moved away: {error}") from error
        _log.error(log_events.STORE_SET_ASIDE, path=str(self.path), kept_as=str(self.set_aside_as), reason=finding)
        try:
            return await self._open_file()
        except (sqlite3.Error, OSError) as error:
            raise translate(error) from error

    async def _open_file(self) -> SqliteRunner:
        # Not for everybody to read: it holds what customers bought. SQLite gives its -wal and -shm the same mode.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        os.close(descriptor)
        thread = await self._start_sqlite(self.path)
        try:
            now_s = int(self._clock.now().timestamp())
            before, after, closed, self.epoch = await thread.run(partial(_make_ready, path=self.path, now_s=now_s))
            await thread.run(self._space.measure)
        except BaseException:
            await thread.close()
            raise
        if before != after:
            _log.info(log_events.STORE_MIGRATED, path=str(self.path), version_from=before, version_to=after)
        self.counters["claims_closed_unknown"] += closed
        return thread

    async def _collect(self, writer: Writer) -> None:
        error = StoreError("the store was closed before this was written")
        try:
            await writer.run()
        finally:
            writer.abandon(error)

    async def _retain(self) -> None:
        retention = Retention(self._clock, self._settings.delivered_keep_days)
        while True:
            # What fails here fails for producers too, and is logged there; the next bite comes in any case.
            with contextlib.suppress(EdgeGatewayError):
                retention.marks_kept_days = self._keep_days_max
                bite = await self.submit(retention, None)
                self.counters["keys_forgotten"] += bite.keys
                self.counters["commands_forgotten"] += bite.commands
                while self.trim is not None and await self.submit(self.trim, None):
                    await self._clock.sleep(TRIM_PAUSE_S)
            await self._clock.sleep(INTERVAL_S)


def _make_ready(connection: sqlite3.Connection, path: Path, now_s: int) -> tuple[int, int, int, int]:
    integrity.prepare(connection)
    finding = integrity.damage(connection)
    if finding is not None:
        raise integrity.damaged(finding)
    before, after = migrate(connection, schema_files(), str(path))
    closed = close_open_claims(connection)
    epoch = next_epoch(connection, now_s)
    integrity.keep_wal_room(path)
    return before, after, closed, epoch
