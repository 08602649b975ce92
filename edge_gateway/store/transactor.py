"""Carries out what many producers wait for in one SQLite transaction, and tells each its own outcome."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, Generic, Protocol, TypeVar

from edge_gateway.contracts.errors import EdgeGatewayError, StorageFullError, StoreError

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")

_WRITE_FAILURES: Final = {
    "SQLITE_FULL",
    "SQLITE_IOERR_WRITE",
    "SQLITE_IOERR_TRUNCATE",
    "SQLITE_IOERR_SHMSIZE",
    "SQLITE_IOERR_SHMMAP",
}
"""What SQLite says when it cannot put bytes on the disk: full, over a quota (EDQUOT), or past a file size limit."""


ROOM_FACTOR: Final = 4
"""Telemetry given up for a byte of something else: rows of many pages are only half gone with them."""


class Rank(IntEnum):
    """Who gives way to whom when room is short: the lower goes first."""

    TELEMETRY = 0
    EVENTS = 1
    """Of devices, of stock, for an audit."""
    SALES = 2
    """Transactions; and requests to devices, without which a lane stands still (the log of them is small)."""
    DRAIN = 3
    """What makes room, keeps the reply to what is done, or opens a cash drawer: never refused."""

    @property
    def word(self) -> str:
        return self.name.lower()


class LimitReachedError(StorageFullError):
    """The store's own limit, not the disk's: what is given up makes room at once."""


class Operation(ABC, Generic[ItemT, OutcomeT]):
    """One kind of write. Lives in the SQLite thread (but for ``announce``), and may keep what it knows there."""

    name: str

    def rank_of(self, item: ItemT) -> Rank:
        """Below ``DRAIN`` the item adds to the store, and is refused when room is short for its rank."""
        return Rank.DRAIN

    def new_bytes(self, item: ItemT) -> int:
        """Payload bytes that the item adds."""
        return 0

    def new_bytes_by_rank(self, items: Sequence[ItemT]) -> Mapping[Rank, int]:
        """The same of all items together."""
        count: Counter[Rank] = Counter()
        for item in items:
            count[self.rank_of(item)] += self.new_bytes(item)
        return count

    @abstractmethod
    def apply(self, connection: sqlite3.Connection, items: Sequence[ItemT]) -> list[OutcomeT | EdgeGatewayError]:
        """Write all items inside the open transaction; an outcome, or an error of its own, for each.

        Must leave its own state alone until ``committed``: it may be called again after a rollback.
        """

    def recall(self, connection: sqlite3.Connection, item: ItemT) -> OutcomeT | EdgeGatewayError | None:
        """The outcome of an item that asks for nothing new; None if it does. Reads only: for when room is short."""
        return None

    def committed(self) -> None:
        """What the last ``apply`` wrote is on disk now."""

    def announce(self) -> None:
        """Called in the event loop after a commit: wake whoever waits for it."""


Work = tuple[Operation[Any, Any], Any]


class Refusing(Protocol):
    """The part of SpaceGuard that is used here."""

    @property
    def is_roomy(self) -> bool: ...

    def refusal(self, connection: sqlite3.Connection, new_bytes: int, rank: Rank) -> StorageFullError | None: ...


class GivesWay(Protocol):
    """Gives up what matters least where room is short for something else. In the SQLite thread."""

    def begin(self) -> None:
        """Nothing is given up yet, or what was is there again."""
        ...

    def make_room(self, connection: sqlite3.Connection, wanted_bytes: int, *, least_bytes: int = 1) -> int:
        """Delete about so many bytes of payload, inside the transaction; 0: nothing, there are not ``least_bytes``."""
        ...

    def write(self, connection: sqlite3.Connection) -> None:
        """The counts of it, inside the transaction."""
        ...

    def committed(self) -> int:
        """It is on disk; answers how many events."""
        ...


class Transactor:
    """All methods run in the SQLite thread. ``gives_way``: may be set at any time."""

    def __init__(self, space: Refusing, gives_way: GivesWay | None = None) -> None:
        self._space = space
        self.gives_way = gives_way
        self.is_giving_way = False
        """Something was given up for room, and there is not plenty of it yet."""

    def commit(self, connection: sqlite3.Connection, batch: Sequence[Work]) -> list[Any]:
        """Outcomes (or errors) in the order of the batch. Everything it reports as done is on disk."""
        try:
            return self._commit_once(connection, batch)
        except Exception as error:  # noqa: BLE001 - the boundary: what one producer sent must not fail the others
            _roll_back(connection)
            return self._after_failure(connection, batch, error)

    def _commit_once(self, connection: sqlite3.Connection, batch: Sequence[Work]) -> list[Any]:
        operations = dict.fromkeys([operation for operation, _ in batch])
        outcomes: list[Any] = [None] * len(batch)
        applied = []
        gives_way = self.gives_way
        connection.execute("BEGIN IMMEDIATE")
        if gives_way is not None:
            gives_way.begin()
        for operation in operations:
            is_alone = len(operations) == 1  # as nearly always: without sorting out whose is what it is on disk sooner
            indexes = range(len(batch)) if is_alone else [at for at, (one, _) in enumerate(batch) if one is operation]
            items = [item for _, item in batch] if is_alone else [batch[index][1] for index in indexes]
            refusals = self._refusals(connection, operation, items)
            if any(refusals.values()):
                taken = []
                for index in indexes:
                    refusal = refusals[operation.rank_of(batch[index][1])]
                    if refusal is None:
                        taken.append(index)
                    else:
                        outcomes[index] = self._recall(connection, batch[index], refusal)
                indexes, items = taken, [batch[index][1] for index in taken]
            if not items:
                continue
            results = operation.apply(connection, items)
            for index, result in zip(indexes, results, strict=True):
                outcomes[index] = result
            applied.append(operation)
        if gives_way is not None:
            gives_way.write(connection)
        connection.execute("COMMIT")
        for operation in applied:
            operation.committed()
        if gives_way is not None and gives_way.committed():
            self.is_giving_way = True
        elif self.is_giving_way and self._space.is_roomy:
            self.is_giving_way = False
        return outcomes

    def _refusals(
        self, connection: sqlite3.Connection, operation: Operation[Any, Any], items: Sequence[Any]
    ) -> dict[Rank, StorageFullError | None]:
        """By rank of these items. Those of one rank are taken together, or not."""
        if len(items) == 1:  # a lone scan or sale, as nearly always: without the counting it is on disk sooner
            rank = operation.rank_of(items[0])
            new = operation.new_bytes(items[0])
            return {rank: None if rank is Rank.DRAIN else self._refusal(connection, new, rank)}
        new_bytes = operation.new_bytes_by_rank(items)
        return {
            rank: None if rank is Rank.DRAIN else self._refusal(connection, count, rank)
            for rank, count in new_bytes.items()
        }

    def _refusal(self, connection: sqlite3.Connection, new_bytes: int, rank: Rank) -> StorageFullError | None:
        refusal = self._space.refusal(connection, new_bytes, rank)
        if refusal is None or self.gives_way is None:
            return refusal
        if rank is Rank.TELEMETRY:
            # The new in place of the oldest: the store does not grow by it.
            return None if self.gives_way.make_room(connection, new_bytes, least_bytes=new_bytes) else refusal
        if not isinstance(refusal, LimitReachedError):
            return refusal  # telemetry is not given up for a disk that something else fills
        is_less = self.gives_way.make_room(connection, new_bytes * ROOM_FACTOR)
        return self._space.refusal(connection, new_bytes, rank) if is_less else refusal

    def _after_failure(self, connection: sqlite3.Connection, batch: Sequence[Work], error: Exception) -> list[Any]:
        translated = translate(error)
        if isinstance(translated, StorageFullError):
            # What matters least gives way; the rest gets a try of its own.
            ranks = [operation.rank_of(item) for operation, item in batch]
            kept = [work for work, rank in zip(batch, ranks, strict=True) if rank > min(ranks)]
            outcomes = iter(self.commit(connection, kept) if kept else [])
            return [
                next(outcomes) if rank > min(ranks) else self._recall(connection, work, translated)
                for work, rank in zip(batch, ranks, strict=True)
            ]
        if len(batch) > 1 and not isinstance(error, sqlite3.OperationalError):
            return [self.commit(connection, [work])[0] for work in batch]
        return [translated] * len(batch)

    def _recall(self, connection: sqlite3.Connection, work: Work, refusal: StoreError) -> Any:
        """A repeat of what was stored before gets its answer however full the disk is."""
        operation, item = work
        try:
            known = operation.recall(connection, item)
        except (sqlite3.Error, ValueError):
            return refusal
        return refusal if known is None else known


def translate(error: Exception) -> StoreError:
    """What SQLite, or Python on the way to it, raised, in our words."""
    if isinstance(error, StoreError):
        return error
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    translated: StoreError
    if name in _WRITE_FAILURES:
        translated = StorageFullError(f"the disk of the outbox takes no more ({name}): make room on it")
    else:
        translated = StoreError(f"the outbox could not be used ({name}): {error}")
    translated.__cause__ = error
    return translated


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
