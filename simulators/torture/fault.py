"""What a fault is, and the weather: every fault of the table, again and again, at times drawn from the seed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from random import Random
from typing import Any, ClassVar, Generic, TypeVar

DIARY_MAX = 2000
"""Faults remembered with their time, the newest: an hour of them, for whoever looks into a broken promise."""


Store = TypeVar("Store", contravariant=True)
"""What a fault strikes: a store under torture, or no more of one than it needs."""


class Fault(ABC, Generic[Store]):
    """One kind of trouble. ``every_s``: mean time between two of its kind; ``lasts_s``: bounds of its length.

    Faults that share a resource wait for each other; all others meet as they come.
    """

    name: str
    every_s: ClassVar[float]
    lasts_s: ClassVar[tuple[float, float]] = (0.0, 0.0)
    resources: frozenset[str]

    def __init__(self, store: Store) -> None:
        self.store = store

    def why_not(self) -> str | None:
        """Why it cannot be done on this machine; None if it can."""
        return None

    @abstractmethod
    async def do(self, random: Random) -> str:
        """Make the trouble; details for the diary."""

    async def heal(self) -> None:
        """End it. Not called for a fault that is over when it is done."""
        return


class Weather:
    """Runs faults side by side. Which, when and how long comes from the seed, for each kind on its own.

    ``pace``: by how much all intervals are longer, on a machine on which everything takes so much longer.
    """

    def __init__(self, faults: Sequence[Fault[Any]], seed: int, *, pace: float = 1.0) -> None:
        self.pace = pace
        self.counters: Counter[str] = Counter()
        self.unavailable = {fault.name: words for fault in faults if (words := fault.why_not()) is not None}
        self.diary: deque[str] = deque(maxlen=DIARY_MAX)
        self._faults = [fault for fault in faults if fault.name not in self.unavailable]
        self._seed = seed
        self._locks: dict[str, asyncio.Lock] = {}
        self._started = time.monotonic()

    async def run(self, closing: asyncio.Event) -> None:
        """Until ``closing``; the faults of that moment are brought to their end."""
        self._started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for fault in self._faults:
                group.create_task(self._repeat(fault, closing), name=fault.name)

    async def _repeat(self, fault: Fault[Any], closing: asyncio.Event) -> None:
        random = Random(f"weather/{self._seed}/{fault.name}")
        while not await _is_set_within(closing, random.expovariate(1 / fault.every_s) * self.pace):
            async with AsyncExitStack() as stack:
                for resource in sorted(fault.resources):  # in one order everywhere, so that none waits for ever
                    await stack.enter_async_context(self._locks.setdefault(resource, asyncio.Lock()))
                if closing.is_set():
                    return
                await self._happen(fault, random, closing)

    async def _happen(self, fault: Fault[Any], random: Random, closing: asyncio.Event) -> None:
        self.counters[fault.name] += 1
        self._note(f"{fault.name} ...")
        self._note(f"{fault.name}: {await fault.do(random)}")
        if fault.lasts_s[1] > 0:
            await _is_set_within(closing, random.uniform(*fault.lasts_s))
            await fault.heal()
            self._note(f"{fault.name}: healed")

    def _note(self, words: str) -> None:
        now = datetime.now(UTC)
        self.diary.append(
            f"{now:%H:%M:%S}.{now.microsecond // 1000:03d} {time.monotonic() - self._started:7.2f} s {words}"
        )


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
