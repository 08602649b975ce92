"""What the store takes right now. Each change of it is logged once, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Set

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.errors import StorageFullError, StoreError
from edge_gateway.store.transactor import Rank

_log = structlog.get_logger()


class StoreCondition:
    """Told by whoever opens the store and by whoever commits; asked by the status."""

    def __init__(self) -> None:
        self.is_failing = False
        """The last write failed for a reason other than room."""
        self._refused: frozenset[Rank] = frozenset()

    @property
    def is_well(self) -> bool:
        return not self._refused and not self.is_failing

    @property
    def is_full(self) -> bool:
        """Sales are refused for want of room."""
        return Rank.SALES in self._refused

    @property
    def giving_way(self) -> tuple[str, ...]:
        """What else is refused for want of room, so that sales are not."""
        return tuple(rank.word for rank in sorted(self._refused) if rank < Rank.SALES)

    def opened(self) -> None:
        """There is room to open it: what it takes beyond that, the first writes will show."""
        self._change(frozenset(), is_failing=False)

    def cannot_open(self, error: StorageFullError) -> None:
        """There is not even room to open it."""
        self.seen({Rank.SALES: error}, frozenset(), None)

    def seen(self, refused: Mapping[Rank, StorageFullError], taken: Set[Rank], failed: StoreError | None) -> None:
        """After a commit: who was refused for want of room, who was not, and what else went wrong."""
        for rank in sorted(refused.keys() - self._refused):
            if rank is Rank.SALES:
                _log.error(log_events.STORE_FULL, reason=str(refused[rank]))
            else:
                _log.warning(log_events.STORE_GIVING_WAY, refused=rank.word, reason=str(refused[rank]))
        if failed is not None and not self.is_failing:
            _log.error(log_events.STORE_FAILED, reason=str(failed))
        # A drain that works says nothing about room, a sale nothing about room for events: each rank proves its own,
        # and that of those above it.
        proven = {rank for rank in self._refused if any(below <= rank for below in taken - refused.keys())}
        self._change((self._refused - proven) | refused.keys(), is_failing=failed is not None)

    def _change(self, refused: frozenset[Rank], *, is_failing: bool) -> None:
        is_better = bool(self._refused - refused) or (self.is_failing and not is_failing)
        self._refused, self.is_failing = refused, is_failing
        if is_better:
            _log.info(log_events.STORE_RECOVERED, still_refused=sorted(rank.word for rank in refused))
