"""Group commit: one task collects what all producers want written and commits it in one thread hop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

from edge_gateway.contracts.errors import EdgeGatewayError, StorageFullError, StoreError
from edge_gateway.store.condition import StoreCondition
from edge_gateway.store.transactor import Operation, Rank, Transactor, Work, translate

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")

WAITING_MAX: Final = 10_000
"""Writes that wait for their commit. At 10 ms per fsync (a slow card) this many are served in a tenth of a second."""

BATCH_WRITES_MAX: Final = 1_000
"""Writes in one commit: more would add latency for the first, and gain nothing once the fsync is shared by so many."""


class RunsInThread(Protocol):
    """The part of SqliteRunner that is used here."""

    def run(self, work: Callable[[sqlite3.Connection], list[Any]]) -> Awaitable[list[Any]]: ...


class Writer:
    """Producers await ``submit``; one collector task, ``run``, serves them all."""

    def __init__(
        self,
        thread: RunsInThread,
        transactor: Transactor,
        counters: Counter[str],
        condition: StoreCondition,
        on_failure: Callable[[BaseException | None], None] = lambda cause: None,
    ) -> None:
        self._on_failure = on_failure
        self._thread = thread
        self._condition = condition
        self._transactor = transactor
        # Side by side, what is to be done and who waits for it: one object less for every write.
        self._waiting: list[Work] = []
        self._futures: list[asyncio.Future[Any]] = []
        self._wake = asyncio.Event()
        self._is_closing = False
        self.counters = counters

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
        self._waiting.append((operation, item))
        self._futures.append(future)
        self._wake.set()
        return future

    async def run(self) -> None:
        """Commit what waits, again and again, until ``finish``; what waits by then is committed still."""
        while True:
            if self._waiting:
                work, self._waiting = self._waiting[:BATCH_WRITES_MAX], self._waiting[BATCH_WRITES_MAX:]
                futures, self._futures = self._futures[:BATCH_WRITES_MAX], self._futures[BATCH_WRITES_MAX:]
                await self._commit(work, futures)
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
        _fail(self._futures, error)
        self._waiting, self._futures = [], []

    async def _commit(self, work: Sequence[Work], futures: Sequence[asyncio.Future[Any]]) -> None:
        try:
            outcomes = await self._thread.run(lambda connection: self._transactor.commit(connection, work))
        except (sqlite3.Error, StoreError) as error:
            outcomes = [translate(error)] * len(work)
        except BaseException:
            # Whatever ends this task, nobody may be left waiting for it.
            _fail(futures, StoreError("the store was closed before this was certain"))
            raise
        self.counters["commits"] += 1
        self.counters["writes"] += len(work)
        for future, outcome in zip(futures, outcomes, strict=True):
            if future.done():
                continue  # its producer went away; what it wanted is done or refused all the same
            if isinstance(outcome, EdgeGatewayError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        for operation in dict.fromkeys([operation for operation, _ in work]):
            operation.announce()
        self._note_condition(work, outcomes)

    def _note_condition(self, work: Sequence[Work], outcomes: Sequence[Any]) -> None:
        errors = [outcome for outcome in outcomes if isinstance(outcome, StoreError)]
        if not errors and self._condition.is_well and not self._transactor.is_giving_way:
            return
        refused: dict[Rank, StorageFullError] = {}
        taken = set()
        for (operation, item), outcome in zip(work, outcomes, strict=True):
            is_drain = operation.rank_of(item) is Rank.DRAIN
            # A disk that does not even let the store be drained takes no sale either.
            rank = Rank.SALES if is_drain else operation.rank_of(item)
            if isinstance(outcome, StorageFullError):
                self.counters["refused:full" if rank is Rank.SALES else f"refused:full_for_{rank.word}"] += 1
                refused[rank] = outcome
            elif not is_drain and not isinstance(outcome, StoreError):
                taken.add(rank)
        failed = next((error for error in errors if type(error) is StoreError), None)
        self._condition.seen(refused, taken, failed, is_dropping=self._transactor.is_giving_way)
        if failed is not None:
            self._on_failure(failed.__cause__)


def _fail(futures: Sequence[asyncio.Future[Any]], error: StoreError) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
