"""A cloud in memory: slow, sometimes away or stalled, and sometimes it takes a batch and its answer is lost."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Final

from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.uplink import DELIVERED

ANSWER_S_MIN: Final = 0.02
ANSWER_S_MAX: Final = 0.4
STALL_S: Final = 15.0
"""Then the uplink gives up, as ``response_timeout_s`` says."""
LOST_ANSWERS_SHARE: Final = 0.1
PARTIAL_SHARE: Final = 0.1
BUSY_RETRY_AFTER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the cloud took: once, and in this order."""

    stream: str
    source: str
    event_id: str
    payload: bytes


class MemoryCloud:
    """The far end. An event that comes again has no second effect."""

    def __init__(self, random: Random) -> None:
        self.counters: Counter[str] = Counter()
        self.is_away = False
        self.is_stalled = False
        self.is_busy = False
        self.arrivals: list[Arrival] = []
        """In order; whoever has looked at them may clear it."""
        self.conflicts: list[str] = []
        """Ids that came again with another payload."""
        self.out_of_order: list[str] = []
        """Ids that came for the first time after a later one of their source."""
        self._digests: dict[str, int] = {}
        self._newest: dict[tuple[str, str], tuple[int, int]] = {}
        self._random = random

    async def take(self, stream: str, events: Sequence[OutboxEvent]) -> Mapping[str, str]:
        """Runs in the process that delivers: killed before its first await it has delivered nothing."""
        await asyncio.sleep(self._random.uniform(ANSWER_S_MIN, ANSWER_S_MAX) / 2)
        self._refuse()
        is_stalled, is_lost = self.is_stalled, self._random.random() < LOST_ANSWERS_SHARE
        if is_stalled and self._random.random() < 0.5:
            taken = []
        else:
            taken = self._part(events) if self._random.random() < PARTIAL_SHARE else list(events)
        for event in taken:
            self._apply(stream, event)
        if is_stalled:
            self.counters["stalled"] += 1
            await asyncio.sleep(STALL_S)
            raise CloudTransientError("no answer in time")
        await asyncio.sleep(self._random.uniform(ANSWER_S_MIN, ANSWER_S_MAX) / 2)
        if is_lost:
            self.counters["answers_lost"] += 1
            raise CloudTransientError("the answer was lost")
        self.counters["partial"] += len(taken) < len(events)
        return {event.id: DELIVERED for event in taken}

    def _refuse(self) -> None:
        if self.is_away:
            self.counters["away"] += 1
            raise CloudTransientError("the cloud is away")
        if self.is_busy:
            self.counters["busy"] += 1
            raise CloudTransientError("too many requests", retry_after_s=BUSY_RETRY_AFTER_S)

    def _part(self, events: Sequence[OutboxEvent]) -> list[OutboxEvent]:
        """Of each source only so many, from its first on."""
        left = {source: self._random.randint(0, 3) for source in dict.fromkeys(event.source for event in events)}
        taken = []
        for event in events:
            if left[event.source] > 0:
                left[event.source] -= 1
                taken.append(event)
        return taken

    def _apply(self, stream: str, event: OutboxEvent) -> None:
        digest = hash_of(event.payload)
        if event.id in self._digests:
            self.counters["repeated"] += 1
            if self._digests[event.id] != digest:
                self.conflicts.append(event.id)
            return
        self.counters["new"] += 1
        self._digests[event.id] = digest
        data = json.loads(event.payload)["data"]
        place = (int(data.get("epoch", 0)), int(data["sequence"]))
        if "epoch" in data:
            if place <= self._newest.get((stream, event.source), (0, 0)):
                self.out_of_order.append(event.id)
            self._newest[stream, event.source] = place
        self.arrivals.append(Arrival(stream, event.source, event.id, event.payload))


class MemoryUplink:
    """Implements ``edge_gateway.contracts.uplink.Uplink``: one process's way to the cloud."""

    def __init__(self, name: str, cloud: MemoryCloud) -> None:
        self.name = name
        self.counters: Counter[str] = Counter()
        self._cloud = cloud

    async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> Mapping[str, str]:
        answered = await self._cloud.take(stream, events)
        self.counters["delivered"] += len(answered)
        return answered

    async def probe(self) -> None:
        await asyncio.sleep(ANSWER_S_MIN)
        if self._cloud.is_away or self._cloud.is_stalled:
            raise CloudTransientError("the cloud is away")

    def wants(self, event: OutboxEvent) -> bool:
        return True

    async def close(self) -> None:
        return None


def hash_of(payload: bytes) -> int:
    """Of a payload, kept instead of it: a year's ids stay in memory."""
    return int.from_bytes(blake2b(payload, digest_size=8).digest(), "big")
