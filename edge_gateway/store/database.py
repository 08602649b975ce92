"""The one SQLite file of the gateway: opened, checked, migrated, owned, written in groups, closed."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import EdgeGatewayError, StorageFullError, StoreError
from edge_gateway.settings import OutboxSettings
from edge_gateway.store import integrity
from edge_gateway.store.condition import StoreCondition
from edge_gateway.store.fill import fill_percent
from edge_gateway.store.key_ring import KeyRing
from edge_gateway.store.lock import DirectoryLock
from edge_gateway.store.opening import Opening
from edge_gateway.store.retention import INTERVAL_S, Retention
from edge_gateway.store.salvaging import Salvaging
from edge_gateway.store.sealing import Sealer
from edge_gateway.store.space import SpaceGuard
from edge_gateway.store.thread import SqliteRunner, SqliteThread
from edge_gateway.store.transactor import GivesWay, Operation, Transactor, translate
from edge_gateway.store.writer import Writer

T = TypeVar("T")
ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")

FILE_NAME: Final = "outbox.db"

SERVING_TASKS: Final = 3
"""Those that end with the file they serve; the one that replaces the file comes after them."""

REPLACE_INTERVAL_S: Final = 5.0
"""Between two replacements, or attempts at one: a disk that is dying must not be filled with files set aside."""

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
        self.salvaging = Salvaging(self.path, clock, self.sealer, self.counters)
        self._opening = Opening(self.path, clock, start_sqlite, self._space, self.salvaging, self.counters)
        self._damage: asyncio.Future[str] | None = None
        self.newest_numbers: Callable[[], Mapping[int, int]] = dict
        """Of the outbox: by stream id, the last number it gave out."""
        self._replacement_died: BaseException | None = None
        self._has_died = asyncio.Event()
        self.openings = 0
        """Changes when a damaged file was replaced: whatever was remembered of the old one counts no more."""

    @property
    def path(self) -> Path:
        return self._settings.directory / FILE_NAME

    @property
    def epoch(self) -> int | None:
        """Of this opening: above that of any earlier one, however the clock was set. None: not open yet."""
        return self._opening.epoch

    @property
    def set_aside_as(self) -> Path | None:
        """Where a damaged file went in this run."""
        return self._opening.set_aside_as

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
        return fill_percent(self.used_bytes, settings.bytes_max, self._space.room_bytes, settings.disk_free_bytes_min)

    @property
    def bytes_on_disk(self) -> int:
        """Of its files as they are: the database with its unused pages, the WAL with its room, the shared memory."""
        files = (self.path.with_name(self.path.name + suffix) for suffix in ("", "-wal", "-shm"))
        return sum(file.stat().st_size for file in files if file.exists())

    @property
    def free_bytes(self) -> int:
        """Of its file system, when it was last looked at."""
        return self._space.free_bytes

    def attach(self, gives_way: GivesWay, trim: Operation[None, bool], keep_days_max: int) -> None:
        """What the outbox does for room and for age. ``keep_days_max``: how far back it has to know the days."""
        self._gives_way, self.trim, self._keep_days_max = gives_way, trim, keep_days_max
        if self._transactor is not None:
            self._transactor.gives_way = gives_way

    async def measure(self) -> None:
        """Look anew at the room, and at what was salvaged. Raises StoreError."""
        await self.read(self._space.measure)
        await self.read(self.salvaging.look)
        if self._space.is_roomy:
            self.condition.has_room()

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
            thread = await self._opening.open()
        except BaseException as error:
            self._lock.release()
            if isinstance(error, StoreError):
                self._closed_because = error
            raise
        self._serve(thread)
        replacement = asyncio.create_task(self._replace_damaged(), name="store replacement")
        replacement.add_done_callback(self._replacement_ended)
        self._tasks.append(replacement)

    async def watch(self) -> None:
        """Wait, until what replaces a damaged store has died; raises what it died of. Nothing could be sold then."""
        await self._has_died.wait()
        assert self._replacement_died is not None
        raise self._replacement_died

    async def close(self) -> None:
        """Commit what waits, then let go of file and directory. Bounded, even if the disk hangs."""
        if not self._tasks:
            return
        collector, *others = self._tasks
        for task in others:
            task.cancel()
        if self._writer is not None:
            self._writer.finish()
        await asyncio.wait([collector], timeout=DRAIN_S_MAX)
        await self._stop_serving(StoreError("the store is not open"))
        await asyncio.gather(*others, return_exceptions=True)
        self._lock.release()

    def _serve(self, thread: SqliteRunner) -> None:
        """The file is open: from here on it is written and read."""
        self._thread = thread
        self._damage = asyncio.get_running_loop().create_future()
        self._transactor = Transactor(self._space, self._gives_way)
        self._writer = Writer(thread, self._transactor, self.counters, self.condition, self._is_damaged)
        self._tasks = [
            asyncio.create_task(self._collect(self._writer), name="store collector"),
            asyncio.create_task(self._retain(), name="store retention"),
            asyncio.create_task(self.salvaging.run(self.read), name="store salvage"),
        ]
        self.condition.opened()
        _log.info(log_events.STORE_OPENED, path=str(self.path))

    async def _stop_serving(self, reason: StoreError) -> None:
        """Tell who waits, and close the file."""
        self._closed_because = reason
        tasks, self._tasks = self._tasks[:SERVING_TASKS], []
        thread, self._thread, writer, self._writer = self._thread, None, self._writer, None
        self._transactor = None
        if writer is not None:
            writer.abandon(reason)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if thread is not None:
            await thread.close()
        self.salvaging.close()

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
            self._is_damaged(error)
            raise translate(error) from error

    def _is_damaged(self, error: BaseException | None) -> None:
        """What a read or a write came across may be damage, which only replacing the file helps against."""
        if isinstance(error, Exception) and integrity.is_damage(error) and self._damage and not self._damage.done():
            self._damage.set_result(str(error))

    async def _replace_damaged(self) -> None:
        """While the shop sells: set the file aside, begin a new one, salvage."""
        while True:
            assert self._damage is not None
            finding = await self._damage
            self.salvaging.newest = self.newest_numbers()
            own = self._tasks.pop()
            await self._stop_serving(StoreError(f"the store is damaged ({finding}) and is being replaced: try again"))
            self._tasks = [own]
            thread = await self._opened_anew(finding)
            self.openings += 1
            self.sealer.forget()
            self._serve(thread)
            self._tasks.append(own)
            await self._clock.sleep(REPLACE_INTERVAL_S)

    def _replacement_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._replacement_died = error
            self._has_died.set()

    async def _opened_anew(self, finding: str) -> SqliteRunner:
        """Tried again until it is done: without a store nothing can be sold."""
        is_set_aside = False
        while True:
            try:
                if is_set_aside:
                    return await self._opening.open()
                is_set_aside = True
                return await self._opening.open_anew(finding)
            except StoreError as error:
                self._closed_because = error
                if isinstance(error, StorageFullError):
                    self.condition.cannot_open(error)
                else:
                    _log.error(log_events.STORE_NOT_REPLACED, reason=str(error))
            await self._clock.sleep(REPLACE_INTERVAL_S)

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
                self.counters["print_jobs_forgotten"] += bite.print_jobs
                while self.trim is not None and await self.submit(self.trim, None):
                    await self._clock.sleep(TRIM_PAUSE_S)
            await self._clock.sleep(INTERVAL_S)
