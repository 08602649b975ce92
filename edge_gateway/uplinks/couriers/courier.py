"""Carries an uplink's streams to the far end, for as long as it takes: one courier per uplink."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from math import inf
from random import Random
from zoneinfo import ZoneInfo

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.states import Health
from edge_gateway.contracts.store import Feed
from edge_gateway.contracts.uplink import Uplink
from edge_gateway.contracts.waiting import within
from edge_gateway.settings import StreamSettings
from edge_gateway.settings_uplinks import DeliverySettings
from edge_gateway.uplinks.couriers.breaker import PROBE_APART_S_MAX, Breaker, BreakerState
from edge_gateway.uplinks.couriers.bucket import TokenBucket
from edge_gateway.uplinks.couriers.conduct import Conduct
from edge_gateway.uplinks.couriers.delivery import DeadLetterCallback, Delivery
from edge_gateway.uplinks.couriers.places import Places
from edge_gateway.uplinks.couriers.priority import Turns, by_priority
from edge_gateway.uplinks.couriers.reader import Reader
from edge_gateway.uplinks.couriers.stream_way import StreamSync, StreamWay
from edge_gateway.uplinks.couriers.window import Batch


class Courier:
    """One task runs it; each batch is a task of its own. What is not settled on disk is sent again: the far end knows
    it by its id."""

    def __init__(
        self,
        feed: Feed,
        uplink: Uplink,
        streams: Mapping[str, StreamSettings],
        settings: DeliverySettings,
        zone: ZoneInfo,
        clock: Clock,
        random: Random,
        on_dead_letter: DeadLetterCallback | None = None,
    ) -> None:
        self._feed = feed
        self._uplink = uplink
        self._clock = clock
        self._places = Places(settings.batches_concurrent_max)
        self._probe_s_max = max(PROBE_APART_S_MAX, settings.response_timeout_s / 2)
        retry_s_max = max(settings.retry_s_min, settings.retry_s_max)
        jitter = random.random()
        self._ways = {
            stream: StreamWay(stream, streams[stream], settings, zone, clock, random, jitter)
            for stream in by_priority(streams)
        }
        self._breaker = Breaker(settings.retry_s_min, retry_s_max, random)
        self._bucket = TokenBucket(settings.requests_per_minute_max, clock.monotonic())
        self._turns = Turns()
        self._conduct = Conduct(uplink.name, clock)
        self._wake = asyncio.Event()
        self._reader = Reader(feed, self._ways.values(), self._conduct, settings, clock, random, self._wake)
        self._delivery = Delivery(
            feed, uplink, settings, clock, random, self._answered, self._reader.spoke, on_dead_letter
        )
        self._successes = 0
        self._probes = 0
        self.counters: Counter[str] = self._delivery.counters

    @property
    def name(self) -> str:
        """Of the uplink."""
        return self._uplink.name

    @property
    def health(self) -> Health:
        health = self._conduct.health
        if self._feed.locked:
            return Health.UNHEALTHY
        return Health.DEGRADED if health is Health.HEALTHY and self._stuck_reason else health

    @property
    def reason(self) -> str | None:
        """Why it is not healthy."""
        if self._feed.locked:
            return self._feed.locked_reason
        return self._conduct.reason or self._stuck_reason

    @property
    def last_sync(self) -> datetime | None:
        """When something was delivered last."""
        return self._conduct.last_sync

    @property
    def breaker_state(self) -> BreakerState:
        return self._breaker.state

    @property
    def _stuck_reason(self) -> str | None:
        return next((reason for way in self._ways.values() if (reason := way.stuck_reason)), None)

    def syncs(self) -> Mapping[str, StreamSync]:
        """By stream. From memory."""
        return {stream: way.sync(self._feed, self._conduct.reason_of(stream)) for stream, way in self._ways.items()}

    def sync_now(self, stream: str | None = None) -> bool:
        """Whatever the schedule says: the stream, or each (None), is due until it is empty. False: none of ours."""
        ways = [way for name, way in self._ways.items() if stream in (None, name)]
        for way in ways:
            way.schedule.sync_now()
        self._wake.set()
        return bool(ways)

    def network_returned(self) -> None:
        """Try now what would wait for its time."""
        now_s = self._clock.monotonic()
        for breaker in (self._breaker, *(way.breaker for way in self._ways.values())):
            breaker.hurry(now_s)
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; may be cancelled at any point."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reader.watch(), name=f"{self.name} growth")
            while True:
                self._wake.clear()
                self._dispatch(tasks)
                if not await self._reader.refill(is_busy=len(self._places) > 0):
                    await self._rest()

    # sending

    def _dispatch(self, tasks: asyncio.TaskGroup) -> None:
        now_s = self._clock.monotonic()
        while (free := self._places.free(now_s)) > 0:
            if self._breaker.state is not BreakerState.CLOSED:
                self._begin_probe(tasks, now_s)
                return
            # The last place is kept for live traffic, so that it need not wait for a batch of the backlog.
            is_live = free == 1 and self._places.count > 1
            ready = [stream for stream, way in self._ways.items() if way.can_send(now_s, is_live=is_live)]
            if not ready or not self._bucket.take(now_s):
                return
            is_backlog_first = self._turns.is_share
            way = self._ways[self._turns.next(ready)]
            parts = max(1, free - 1)
            batch = way.take(now_s, parts=parts, is_live=is_live, is_backlog_first=is_backlog_first)
            assert batch is not None  # it can send
            self._start(tasks, way, batch)

    def _start(self, tasks: asyncio.TaskGroup, way: StreamWay, batch: Batch, *, is_probe: bool = False) -> None:
        task = tasks.create_task(self._carry(way, batch, is_probe), name=f"{self.name} {way.stream}")
        self._places.take(task, self._clock.monotonic())
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._places.give_back(task)
        self._wake.set()

    def _begin_probe(self, tasks: asyncio.TaskGroup, now_s: float) -> None:
        """One event of the highest stream; next time of the next one, should only one of its services be down."""
        streams = [stream for stream, way in self._ways.items() if way.can_probe(now_s)]
        if not streams or self._breaker.wait_s(now_s) > 0 or not self._bucket.take(now_s):
            return
        way = self._ways[streams[self._probes % len(streams)]]
        self._probes += 1
        self._breaker.begin_probe()
        batch = way.window.take(now_s, 1, 1)
        assert batch is not None  # it can probe
        self._start(tasks, way, batch, is_probe=True)

    async def _carry(self, way: StreamWay, batch: Batch, is_probe: bool) -> None:
        successes = (self._successes, way.successes)
        seconds_max = self._probe_s_max if is_probe else None
        if seconds_max is not None and (unreachable := await self._delivery.probe(seconds_max)) is not None:
            way.window.release(batch, ())
            self._failed(way, unreachable, successes)
            return
        outcome = await self._delivery.carry(way, batch.events, seconds_max)
        is_failed = outcome.failure is not None
        is_own_fault = way.successes != successes[1]
        way.release(batch, outcome.settled, is_failed=is_failed, is_own_fault=is_own_fault)
        now_s = self._clock.monotonic()
        if outcome.failure is None:
            way.breaker.undecided(now_s)
            if is_probe:
                self._breaker.undecided(now_s)
        else:
            way.not_before_s = now_s + outcome.retry_after_s
            self._failed(way, outcome.failure, successes)

    def _failed(self, way: StreamWay, reason: str, successes: tuple[int, int]) -> None:
        """What went through meanwhile acquits the way; a stream that is known to be down says nothing new of it."""
        now_s = self._clock.monotonic()
        is_news = self._breaker.state is not BreakerState.CLOSED or way.breaker.state is BreakerState.CLOSED
        if self._successes == successes[0] and is_news:
            self._breaker.failed(now_s)
        if way.successes == successes[1]:
            way.breaker.failed(now_s)
            self._conduct.failed(way.stream, reason)

    def _answered(self, way: StreamWay, is_delivered: bool) -> None:
        self._successes += 1
        way.successes += 1
        if is_delivered:
            self._conduct.delivered(way.stream)
            way.last_sync = self._conduct.last_sync
        else:
            self._conduct.answered(way.stream)
        if way.breaker.succeeded():
            way.way_is_back(self._feed, self._clock.monotonic())
        if self._breaker.succeeded():
            for each in self._ways.values():
                each.way_is_back(self._feed, self._clock.monotonic())
        self._wake.set()

    # waiting

    async def _rest(self) -> None:
        """Until something happens or something is due."""
        now_s = self._clock.monotonic()
        waits = [wait_s for way in self._ways.values() for wait_s in way.waits_s(now_s)]
        waits += [self._reader.wait_s(now_s), self._bucket.wait_s(now_s), *self._places.waits_s(now_s)]
        if self._breaker.state is not BreakerState.CLOSED:
            waits.append(self._breaker.wait_s(now_s))
        due_s = min((wait_s for wait_s in waits if 0 < wait_s < inf), default=None)
        if due_s is None:
            await self._wake.wait()
        else:
            await within(self._clock, due_s, self._wake.wait())
