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
        self.is_dropping = False
        """The oldest telemetry goes, to make room."""
        self._refused: frozenset[Rank] = frozenset()

    @property
    def is_well(self) -> bool:
        return not self._refused and not self.is_failing and not self.is_dropping

    @property
    def is_full(self) -> bool:
        """Sales are refused for want of room."""
        return Rank.SALES in self._refused

    @property
    def giving_way(self) -> tuple[str, ...]:
        """What else is refused, or dropped, for want of room, so that sales are not."""
        giving = self._refused | ({Rank.TELEMETRY} if self.is_dropping else frozenset())
        return tuple(rank.word for rank in sorted(giving) if rank < Rank.SALES)

    def opened(self) -> None:
        """There is room to open it: what it takes beyond that, the first writes will show."""
        self._change(frozenset(), is_failing=False)

    def has_room(self) -> None:
        """It was measured, and there is room to spare for everything: nobody has to sell something to prove it."""
        if self._refused:
            self._change(frozenset(), is_failing=self.is_failing, is_dropping=self.is_dropping)

    def cannot_open(self, error: StorageFullError) -> None:
        """There is not even room to open it."""
        self.seen({Rank.SALES: error}, frozenset(), None)

    def seen(
        self,
        refused: Mapping[Rank, StorageFullError],
        taken: Set[Rank],
        failed: StoreError | None,
        *,
        is_dropping: bool = False,
    ) -> None:
        """After a commit: who was refused for want of room, who was not, what else went wrong, and whether telemetry
        goes to make room."""
        for rank in sorted(refused.keys() - self._refused):
            if rank is Rank.SALES:
                _log.error(log_events.STORE_FULL, reason=str(refused[rank]))
            else:
                _log.warning(log_events.STORE_GIVING_WAY, refused=rank.word, reason=str(refused[rank]))
        if failed is not None and not self.is_failing:
            _log.error(log_events.STORE_FAILED, reason=str(failed))
        if is_dropping and not self.is_dropping:
            _log.warning(log_events.TELEMETRY_GIVING_WAY, reason="room is short: its oldest events are dropped")
        # A drain that works says nothing about room, a sale nothing about room for events: each rank proves its own,
        # and that of those above it.
        proven = {rank for rank in self._refused if any(below <= rank for below in taken - refused.keys())}
        still_refused = (self._refused - proven) | refused.keys()
        self._change(still_refused, is_failing=failed is not None, is_dropping=is_dropping)

    def _change(self, refused: frozenset[Rank], *, is_failing: bool, is_dropping: bool = False) -> None:
        is_better = (
            bool(self._refused - refused)
            or (self.is_failing and not is_failing)
            or (self.is_dropping and not is_dropping)
        )
        self._refused, self.is_failing, self.is_dropping = refused, is_failing, is_dropping
        if is_better:
            _log.info(log_events.STORE_RECOVERED, still_refused=sorted(rank.word for rank in refused))
