"""A cloud in memory: slow, sometimes away, and sometimes it takes a batch and its answer is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.uplink import DELIVERED

ANSWER_S_MIN, ANSWER_S_MAX = 0.02, 0.4
LOST_ANSWERS_SHARE = 0.1


class MemoryCloud:
    """Implements ``edge_gateway.contracts.uplink.Uplink``. An event that comes again has no second effect."""

    name = "memory"

    def __init__(self, random: Random) -> None:
        self.counters: Counter[str] = Counter()
        self.is_away = False
        self.events: dict[str, dict[str, bytes]] = {}
        """By stream, in the order of their first arrival: id and payload."""
        self.conflicts: list[str] = []
        """Ids that came again with another payload."""
        self._random = random

    async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> Mapping[str, str]:
        await asyncio.sleep(self._random.uniform(ANSWER_S_MIN, ANSWER_S_MAX))
        if self.is_away:
            raise CloudTransientError("the cloud is away")
        known = self.events.setdefault(stream, {})
        for event in events:
            self.counters["repeated" if event.id in known else "new"] += 1
            if known.setdefault(event.id, event.payload) != event.payload:
                self.conflicts.append(event.id)
        if self._random.random() < LOST_ANSWERS_SHARE:
            self.counters["answers_lost"] += 1
            raise CloudTransientError("the answer was lost")
        return {event.id: DELIVERED for event in events}

    async def probe(self) -> None:
        if self.is_away:
            raise CloudTransientError("the cloud is away")

    def wants(self, event: OutboxEvent) -> bool:
        return True

    async def close(self) -> None:
        return None
