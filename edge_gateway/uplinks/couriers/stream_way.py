"""One stream's way over one uplink: what of it is in memory, when it is due, how large its batches are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from edge_gateway.contracts.backoff import Backoff
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.store import Feed
from edge_gateway.settings import StreamSettings
from edge_gateway.settings_uplinks import DeliverySettings
from edge_gateway.uplinks.couriers.batch_size import BatchSize
from edge_gateway.uplinks.couriers.breaker import Breaker, BreakerState
from edge_gateway.uplinks.couriers.refusals import Refusals
from edge_gateway.uplinks.couriers.schedule import Schedule
from edge_gateway.uplinks.couriers.window import Batch, Window

WINDOW_BATCHES: Final = 2
"""Batches kept ready for each that is under way: enough to read from the store while batches travel."""

WINDOW_EVENTS_MIN: Final = 1_000
"""However small the batches are: a source that hangs is not to fill all of it with its own events."""

WINDOW_BYTES_MAX: Final = 4_000_000
"""Of payload in memory, per stream; one read of the feed may come on top."""

BATCH_BYTES_MAX: Final = 1_000_000
"""Of payload in one batch: far below what servers take, and seconds on a slow line."""

READ_EVENTS_MAX: Final = 1_000
"""Of one read: a few milliseconds in the thread in which sales are committed."""

LIVE_READ_APART_S: Final = 0.05
"""Live events are looked for so often beside a backlog: their share of the store's time stays small, also while it
still learns which sources have a backlog."""

STUCK_FAILURES: Final = 3
"""So many failures of one source while others went through are worth a person's look."""


@dataclass(frozen=True, slots=True)
class StreamSync:
    """What is told of a stream. ``lag_s``: since when it is not up to date."""

    lag_events: int
    lag_s: float
    last_sync: datetime | None
    next_sync: datetime | None
    reason: str | None


class StreamWay:
    """Driven by the courier; one task reads, batches release as they end."""

    def __init__(
        self,
        stream: str,
        schedule_settings: StreamSettings,
        settings: DeliverySettings,
        zone: ZoneInfo,
        clock: Clock,
        random: Random,
        jitter: float,
    ) -> None:
        self.stream = stream
        self.schedule = Schedule(schedule_settings, zone, clock, jitter)
        events_max = settings.batch_events_max * settings.batches_concurrent_max * WINDOW_BATCHES
        self.window = Window(events_max=max(WINDOW_EVENTS_MIN, events_max), bytes_max=WINDOW_BYTES_MAX)
        retry_s_max = max(settings.retry_s_min, settings.retry_s_max)
        self.breaker = Breaker(settings.retry_s_min, retry_s_max, random)
        self.size = BatchSize(settings.batch_events_max)
        self.refusals = Refusals()
        self.successes = 0
        self.not_before_s = 0.0
        """The far end asked for patience (Retry-After)."""
        self.last_sync: datetime | None = None
        self._clock = clock
        self._holds = Backoff(settings.retry_s_min, retry_s_max, random)
        self._end_seen_at: int | None = None
        self._next_live_read_s = 0.0
        self._behind_since_s: float | None = None

    # reading

    async def read(self, feed: Feed) -> bool:
        """Take in what is due and fits; whether it is worth to read again at once. Raises StoreError."""
        growth, lag = feed.growth, feed.lag(self.stream)
        self._note_lag(lag)
        if self.schedule.due_in_s() > 0:
            return False
        is_new = False
        is_first = self._end_seen_at is None
        if is_first or (lag > len(self.window) and growth != self._end_seen_at):
            if not is_first:
                is_new = await self._read_live(feed)
            if room := self.window.room():
                is_new |= await self._read_backlog(feed, min(room, READ_EVENTS_MAX), growth)
        if self.is_idle and (feed.lag(self.stream) == 0 or self._end_seen_at == feed.growth):
            self.schedule.drained()
        return is_new

    async def _read_backlog(self, feed: Feed, limit: int, growth: int) -> bool:
        reading = self.window.begin_read()
        found = await feed.backlog(self.stream, after=self.window.after, limit=limit)
        self.window.add_backlog(reading, found)
        if self._end_seen_at is None:  # the first read: what is there now is from before the start
            self._end_seen_at, self.window.horizon = -1, feed.newest(self.stream)
            # From here on the store keeps in mind which sources have a backlog, while that is still small.
            await feed.live(self.stream, beyond=self.window.horizon, limit=1)
        if not found:
            self._end_seen_at = growth
        return bool(found)

    async def _read_live(self, feed: Feed) -> bool:
        """Sources that have nothing in the backlog may overtake it, where it is more than what is in memory.

        Where all that is in memory belongs to sources that are under way, those behind them may go as well.
        """
        now_s = self._clock.monotonic()
        room = self.window.room(is_live=True)
        is_clogged = self.window.in_flight > 0 and not self.window.can_send(now_s) and not self.window.room()
        is_behind = is_clogged or self.window.after < self.window.horizon
        if not room or not is_behind or now_s < self._next_live_read_s:
            return False
        beyond = self.window.after if is_clogged else self.window.beyond
        reading = self.window.begin_read()
        found = await feed.live(self.stream, beyond=beyond, limit=min(room + len(self.window), READ_EVENTS_MAX))
        is_new = self.window.add_live(reading, found) > 0
        self._next_live_read_s = self._clock.monotonic() + LIVE_READ_APART_S
        return is_new

    def rewind(self) -> None:
        self.window.rewind()
        if self._end_seen_at is not None:  # else nothing was read yet, and all is to be read in any case
            self._end_seen_at = -1

    def _note_lag(self, lag: int) -> None:
        if lag == 0:
            self._behind_since_s = None
        elif self._behind_since_s is None:
            self._behind_since_s = self._clock.monotonic()

    # sending

    @property
    def is_idle(self) -> bool:
        """Nothing of it is in memory."""
        return len(self.window) == 0

    def can_send(self, now_s: float, *, is_live: bool = False) -> bool:
        return self._is_allowed(now_s) and self.breaker.wait_s(now_s) <= 0 and self._has(now_s, is_live)

    def can_probe(self, now_s: float) -> bool:
        """Whether it has something to find out with whether the uplink works again."""
        return self._is_allowed(now_s) and self._has(now_s, False)

    def take(self, now_s: float, *, parts: int, is_live: bool, is_backlog_first: bool) -> Batch | None:
        """The next batch; a single event while the stream is in doubt."""
        is_probe = self.breaker.state is not BreakerState.CLOSED
        self.breaker.begin_probe()
        return self.window.take(
            now_s,
            1 if is_probe else self.size.events,
            BATCH_BYTES_MAX,
            parts=parts,
            is_live=is_live,
            is_backlog_first=is_backlog_first,
        )

    def release(self, batch: Batch, settled: set[int], *, is_failed: bool, is_own_fault: bool) -> None:
        """``is_own_fault``: others of the stream went through meanwhile, so that only these sources have to wait."""
        held_until_s = 0.0
        if is_failed and is_own_fault:
            held_until_s = self._clock.monotonic() + self._holds.next_delay()
        elif not is_failed and not self.window.stuck(1):
            self._holds.reset()
        self.window.release(batch, settled, is_failed=is_failed, held_until_s=held_until_s)

    def way_is_back(self, feed: Feed, now_s: float) -> None:
        """After an outage: what is there now is the backlog, and nobody is held for what was the outage's fault."""
        self.breaker.hurry(now_s)
        self._holds.reset()
        self.window.forgive()
        self.window.horizon = feed.newest(self.stream)

    def waits_s(self, now_s: float) -> list[float]:
        """After what times to look again, for whatever reason it waits now."""
        due_in_s = self.schedule.due_in_s()
        if due_in_s > 0:
            return [due_in_s]
        if self.is_idle:
            return []
        waits = [self.not_before_s - now_s, self.breaker.wait_s(now_s), self.window.held_for_s(now_s) or 0.0]
        if self.window.room() == 0 or self.window.after < self.window.horizon:
            waits.append(self._next_live_read_s - now_s)
        return [wait_s for wait_s in waits if 0 < wait_s < inf]

    def sync(self, feed: Feed, reason: str | None) -> StreamSync:
        lag = feed.lag(self.stream)
        lag_s = 0.0
        if lag and self._behind_since_s is not None:
            lag_s = self._clock.monotonic() - self._behind_since_s
        return StreamSync(lag, lag_s, self.last_sync, self.schedule.next_sync, reason or self.stuck_reason)

    @property
    def stuck_reason(self) -> str | None:
        stuck = sorted(self.window.stuck(STUCK_FAILURES))
        if not stuck or self.breaker.state is not BreakerState.CLOSED:
            return None
        return f"{self.stream} from {', '.join(stuck[:3])} fail again and again while the rest goes through"

    def _is_allowed(self, now_s: float) -> bool:
        return self.not_before_s <= now_s and self.schedule.due_in_s() <= 0

    def _has(self, now_s: float, is_live: bool) -> bool:
        return self.window.can_send(now_s, is_live=is_live)
