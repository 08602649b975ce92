"""Group commit: one task collects what all producers want written and commits it in one thread hop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.errors import EdgeGatewayError, StorageFullError, StoreError
from edge_gateway.store.transactor import Operation, Transactor, Work, translate

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")

WAITING_MAX: Final = 10_000
"""Writes that wait for their commit. At 10 ms per fsync (a slow card) this many are served in a tenth of a second."""

BATCH_WRITES_MAX: Final = 1_000
"""Writes in one commit: more would add latency for the first, and gain nothing once the fsync is shared by so many."""

_log = structlog.get_logger()


class RunsInThread(Protocol):
    """The part of SqliteThread that is used here."""

    def run(self, work: Callable[[sqlite3.Connection], list[Any]]) -> Awaitable[list[Any]]: ...


class Writer:
    """Producers await ``submit``; one collector task, ``run``, serves them all."""

    def __init__(self, thread: RunsInThread, transactor: Transactor, counters: Counter[str]) -> None:
        self._thread = thread
        self._transactor = transactor
        self._waiting: list[tuple[Operation[Any, Any], Any, asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        self._is_closing = False
        self.counters = counters
        self.is_full = False
        self.is_failing = False

    def submit(self, operation: Operation[ItemT, OutcomeT], item: ItemT) -> asyncio.Future[OutcomeT]:
        """Await it: the outcome, once it is on disk; raises what went wrong for this item alone.

        No coroutine, for the sake of speed: thousands wait here.
        """
        if self._is_closing:
            raise StoreError("the store is closed")
        if len(self._waiting) >= WAITING_MAX:
            self.counters["refused:busy"] += 1
            raise StoreError(f"the store is busy: {WAITING_MAX} writes wait for the disk; try again")
        future: asyncio.Future[OutcomeT] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, item, future))
        self._wake.set()
        return future

    async def run(self) -> None:
        """Commit what waits, again and again, until ``finish``; what waits by then is committed still."""
        while True:
            if self._waiting:
                batch = self._waiting[:BATCH_WRITES_MAX]
                del self._waiting[:BATCH_WRITES_MAX]
                await self._commit(batch)
            elif self._is_closing:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    def finish(self) -> None:
        """Take nothing new; ``run`` returns when all that waits is done."""
        self._is_closing = True
        self._wake.set()

    def abandon(self, error: StoreError) -> None:
        """Tell all that still wait that nothing will be written any more."""
        self._is_closing = True
        _fail([future for _, _, future in self._waiting], error)
        self._waiting.clear()

    async def _commit(self, batch: Sequence[tuple[Operation[Any, Any], Any, asyncio.Future[Any]]]) -> None:
        work: list[Work] = [(operation, item) for operation, item, _ in batch]
        try:
            outcomes = await self._thread.run(lambda connection: self._transactor.commit(connection, work))
        except (sqlite3.Error, StoreError) as error:
            outcomes = [translate(error)] * len(batch)
        except BaseException:
            # Whatever ends this task, nobody may be left waiting for it.
            _fail([future for _, _, future in batch], StoreError("the store was closed before this was certain"))
            raise
        self.counters["commits"] += 1
        self.counters["writes"] += len(batch)
        for (_, _, future), outcome in zip(batch, outcomes, strict=True):
            if future.done():
                continue  # its producer went away; what it wanted is done or refused all the same
            if isinstance(outcome, EdgeGatewayError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        for operation in {operation for operation, _ in work}:
            operation.announce()
        self._note_condition(work, outcomes)

    def _note_condition(self, work: Sequence[Work], outcomes: Sequence[Any]) -> None:
        """Log full, failing and recovered once each."""
        errors = [outcome for outcome in outcomes if isinstance(outcome, StoreError)]
        if not errors and not self.is_full and not self.is_failing:
            return
        full = next((error for error in errors if isinstance(error, StorageFullError)), None)
        failed = next((error for error in errors if type(error) is StoreError), None)
        self.counters["refused:full"] += sum(isinstance(error, StorageFullError) for error in errors)
        if full is not None and not self.is_full:
            self.is_full = True
            _log.error(log_events.STORE_FULL, reason=str(full))
        if failed is not None and not self.is_failing:
            self.is_failing = True
            _log.error(log_events.STORE_FAILED, reason=str(failed))
        if full is None and failed is None and (self.is_full or self.is_failing):
            # A drain that works says nothing about room: only what grows proves that there is some again.
            has_grown = any(operation.is_growing for operation, _ in work)
            if has_grown or not self.is_full:
                self.is_full = self.is_failing = False
                _log.info(log_events.STORE_RECOVERED)


def _fail(futures: Sequence[asyncio.Future[Any]], error: StoreError) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
