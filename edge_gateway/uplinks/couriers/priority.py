"""Whose turn it is: the higher stream first, and a fixed share for the one that waited longest. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from edge_gateway.contracts.store import StreamNames

PRIORITY: Final[Sequence[str]] = (
    StreamNames.TRANSACTIONS,
    StreamNames.INVENTORY,
    StreamNames.DEVICE_EVENTS,
    StreamNames.AUDIT,
    StreamNames.TELEMETRY,
)
"""Money first; what a day can do without comes last."""

SHARE: Final = 8
"""Every so many turns belong to whoever waited longest: a week's backlog of sales must not keep back all the rest."""


class Turns:
    """Among streams that have something to send. Whoever keeps asking is served within ``SHARE`` turns per stream."""

    def __init__(self) -> None:
        self._turn = 0
        self._waited: dict[str, int] = {}

    @property
    def is_share(self) -> bool:
        """Whether the next turn goes to whoever waited longest; backlog goes before live then."""
        return self._turn % SHARE == SHARE - 1

    def next(self, streams: Collection[str]) -> str:
        """Which of ``streams``; there is at least one. It counts as served."""
        ordered = by_priority(streams)
        longest = max(ordered, key=lambda stream: self._waited.get(stream, 0))
        chosen = longest if self.is_share else ordered[0]
        self._turn += 1
        # A stream that has nothing to send does not wait.
        self._waited = {stream: self._waited.get(stream, 0) + 1 for stream in ordered if stream != chosen}
        return chosen


def by_priority(streams: Collection[str]) -> list[str]:
    """The most important first."""
    return sorted(streams, key=lambda stream: PRIORITY.index(stream) if stream in PRIORITY else len(PRIORITY))
