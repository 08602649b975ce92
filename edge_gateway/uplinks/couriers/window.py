"""What of one stream is in memory: by source and in order, never one source in two batches at once. Pure.

An event is *live* above the ``horizon`` (the newest sequence when the courier fell behind), else it is backlog.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

from edge_gateway.contracts.store import Pending

SHARE_EVENTS_MIN: Final = 50
"""A batch is not split over free connections below this: a request costs more than so many events."""

ALONE_AFTER: Final = 2
"""A source whose batches failed so often in a row goes in batches of its own, each smaller than the last: whatever is
wrong with one of its events is not to hold up the others."""

EVENT_OVERHEAD_BYTES: Final = 400
"""What an event takes in memory beside its payload."""

_SEQUENCE = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Under way: none of its sources is in another batch. ``events``: by sequence."""

    events: tuple[Pending, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A read of the feed that has begun: what was settled meanwhile is not taken in again."""

    number: int
    settled: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Queue:
    """Of one source. ``waiting`` rises in sequence."""

    waiting: list[Pending] = field(default_factory=list)
    is_in_flight: bool = False
    failures: int = 0
    held_until_s: float = 0.0


class Window:
    """Bounded: ``room`` says how many more events are to be read. What one read brings is always taken in whole."""

    def __init__(self, *, events_max: int, bytes_max: int) -> None:
        self._events_max = events_max
        self._bytes_max = bytes_max
        self._queues: dict[str, _Queue] = {}
        self._known: set[int] = set()
        self._bytes = 0
        self._reading: Reading | None = None
        self._reads = 0
        self.after = 0
        """All of the backlog up to this sequence was read."""
        self.horizon = 0

    def __len__(self) -> int:
        """Events in memory, those in flight too."""
        return len(self._known)

    @property
    def in_flight(self) -> int:
        """Sources in a batch now."""
        return sum(queue.is_in_flight for queue in self._queues.values())

    @property
    def beyond(self) -> int:
        """Above this, sources without anything at or below it may overtake the backlog."""
        return max(self.after, self.horizon)

    def room(self, *, is_live: bool = False) -> int:
        """Events to read now. A quarter is kept for the live ones, so that a backlog of one source fills not all."""
        if self._bytes >= self._bytes_max:
            return 0
        ceiling = self._events_max if is_live else self._events_max * 3 // 4
        return max(0, ceiling - len(self._known))

    # reading

    def begin_read(self) -> Reading:
        self._reads += 1
        self._reading = Reading(self._reads)
        return self._reading

    def add_backlog(self, reading: Reading, found: Sequence[Pending]) -> int:
        """What ``backlog(after=…)`` brought; returns how many of them are new. After a rewind: none, read again."""
        if reading is not self._reading:
            return 0
        if found:
            self.after = found[-1].sequence
        return self._add(reading, found)

    def add_live(self, reading: Reading, found: Sequence[Pending]) -> int:
        """What ``live(beyond=…)`` brought; returns how many of them are new."""
        return self._add(reading, found) if reading is self._reading else 0

    def rewind(self) -> None:
        """Events came back below what was read: from the beginning, without doubles of what is in memory."""
        self.after, self._reading = 0, None

    def _add(self, reading: Reading, found: Sequence[Pending]) -> int:
        self._reading = None
        count = len(self._known)
        for pending in found:
            if pending.sequence in self._known or pending.sequence in reading.settled:
                continue
            self._known.add(pending.sequence)
            self._bytes += _size(pending)
            waiting = self._queues.setdefault(pending.event.source, _Queue()).waiting
            is_behind = bool(waiting) and waiting[-1].sequence > pending.sequence
            waiting.append(pending)
            if is_behind:
                waiting.sort(key=_SEQUENCE)  # nearly in order: after a rewind older ones come in front
        return len(self._known) - count

    # sending

    def can_send(self, now_s: float, *, is_live: bool = False) -> bool:
        """Whether ``take`` would give a batch."""
        return any(self._ready(now_s, is_live))

    def held_for_s(self, now_s: float) -> float | None:
        """How long until the next held source may go; None if none is held."""
        held = [
            queue.held_until_s - now_s
            for queue in self._queues.values()
            if queue.waiting and not queue.is_in_flight and queue.held_until_s > now_s
        ]
        return min(held, default=None)

    def take(
        self,
        now_s: float,
        events_max: int,
        bytes_max: int,
        *,
        parts: int = 1,
        is_live: bool = False,
        is_backlog_first: bool = False,
    ) -> Batch | None:
        """The next batch: whole runs of sources, each from its oldest event on; live sources first, then the oldest.

        ``parts``: batches that could go at once now, over which the sources are spread. ``is_live``: only live ones.
        """
        ready = sorted(self._ready(now_s, is_live), key=lambda each: self._rank(each[1], is_backlog_first))
        if not ready:
            return None
        if ready[0][1].failures >= ALONE_AFTER:
            del ready[1:]
            events_max = max(1, events_max >> min(ready[0][1].failures - ALONE_AFTER + 1, 16))
        else:
            ready = [each for each in ready if each[1].failures < ALONE_AFTER]
        waiting = sum(len(queue.waiting) for _, queue in ready)
        share = max(SHARE_EVENTS_MIN, -(-waiting // max(1, parts)))
        events: list[Pending] = []
        sources: list[str] = []
        bytes_left = bytes_max
        for source, queue in ready:
            if len(events) >= min(share, events_max):
                break
            run, size = _run(queue.waiting, events_max - len(events), bytes_left, is_first=not events)
            if not run:
                break
            del queue.waiting[: len(run)]
            queue.is_in_flight = True
            events += run
            sources.append(source)
            bytes_left -= size
        return Batch(tuple(sorted(events, key=_SEQUENCE)), tuple(sources))

    def release(
        self, batch: Batch, settled: Collection[int], *, is_failed: bool = False, held_until_s: float = 0.0
    ) -> None:
        """The batch is over. What was not settled goes back to the head of its source.

        ``is_failed``: the way failed, not the events; sources that still hold something wait until ``held_until_s``.
        """
        for source in batch.sources:
            queue = self._queues[source]
            queue.is_in_flight = False
            queue.failures = queue.failures + 1 if is_failed else 0
            queue.held_until_s = held_until_s if is_failed else 0.0
        for pending in reversed(batch.events):
            if pending.sequence in settled:
                self._known.discard(pending.sequence)
                self._bytes -= _size(pending)
                if self._reading is not None:
                    self._reading.settled.add(pending.sequence)
            else:
                self._queues[pending.event.source].waiting.insert(0, pending)
        for source in batch.sources:
            queue = self._queues[source]
            queue.waiting.sort(key=_SEQUENCE)  # after a rewind something older may have come meanwhile
            if not queue.waiting:
                del self._queues[source]

    def forgive(self) -> None:
        """The way is back: no source is held any longer for what was not its fault."""
        for queue in self._queues.values():
            queue.failures, queue.held_until_s = 0, 0.0

    def stuck(self, failures_min: int) -> tuple[str, ...]:
        """Sources whose batches failed so often in a row while others went through."""
        return tuple(source for source, queue in self._queues.items() if queue.failures >= failures_min)

    def _ready(self, now_s: float, is_live: bool) -> Iterable[tuple[str, _Queue]]:
        for source, queue in self._queues.items():
            if not queue.waiting or queue.is_in_flight or queue.held_until_s > now_s:
                continue
            if not is_live or queue.waiting[0].sequence > self.horizon:
                yield source, queue

    def _rank(self, queue: _Queue, is_backlog_first: bool) -> tuple[int, bool, int]:
        oldest = queue.waiting[0].sequence
        return queue.failures, (oldest > self.horizon) is is_backlog_first, oldest


def _run(waiting: Sequence[Pending], events_max: int, bytes_max: int, *, is_first: bool) -> tuple[list[Pending], int]:
    """The head of a queue that still fits, and its bytes; the first event of a batch goes however large it is."""
    run: list[Pending] = []
    size = 0
    for pending in waiting[:events_max]:
        size_next = size + len(pending.event.payload)
        if size_next > bytes_max and not (is_first and not run):
            break
        run.append(pending)
        size = size_next
    return run, size


def _size(pending: Pending) -> int:
    return len(pending.event.payload) + EVENT_OVERHEAD_BYTES
