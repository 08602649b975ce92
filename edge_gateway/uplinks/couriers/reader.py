"""Keeps what is in memory of an uplink's streams filled from its feed, and outlives a store that cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from random import Random
from typing import Final

from edge_gateway.contracts.backoff import Backoff
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.store import Feed
from edge_gateway.settings_uplinks import DeliverySettings
from edge_gateway.uplinks.couriers.conduct import Conduct
from edge_gateway.uplinks.couriers.stream_way import StreamWay

OUTBOX: Final = "outbox"
"""The part of an uplink's conduct that is the store."""


class Reader:
    """``ways``: the higher stream first. ``wake`` is set when there may be something new."""

    def __init__(
        self,
        feed: Feed,
        ways: Collection[StreamWay],
        conduct: Conduct,
        settings: DeliverySettings,
        clock: Clock,
        random: Random,
        wake: asyncio.Event,
    ) -> None:
        self._feed = feed
        self._ways = ways
        self._conduct = conduct
        self._clock = clock
        self._wake = wake
        self._backoff = Backoff(settings.retry_s_min, max(settings.retry_s_min, settings.retry_s_max), random)
        self._not_before_s = 0.0
        self._rewinds = feed.rewinds

    async def watch(self) -> None:
        """Wake whoever reads, for as long as it runs."""
        known = self._feed.growth
        while True:
            try:
                known = await self._feed.wait_for_growth(known)
            except StoreError as error:
                self.spoke(f"the outbox cannot be read: {error}")
                await self._clock.sleep(self._backoff.next_delay())
            self._wake.set()

    async def refill(self, *, is_busy: bool) -> bool:
        """Whether it is worth to look again at once. ``is_busy``: batches are under way."""
        if self._feed.rewinds != self._rewinds:
            self._rewinds = self._feed.rewinds
            for way in self._ways:
                way.rewind()
        if self.wait_s(self._clock.monotonic()) > 0:
            return False
        is_new = False
        try:
            for way in self._ways:
                is_new |= await way.read(self._feed)
                if way.is_idle:
                    self._conduct.is_well(way.stream)
        except StoreError as error:
            self.spoke(f"the outbox cannot be read: {error}")
            self._not_before_s = self._clock.monotonic() + self._backoff.next_delay()
            return is_new
        self._backoff.reset()
        if not is_busy:  # else a batch that cannot be noted says how the store is
            self.spoke(None)
        return is_new

    def spoke(self, problem: str | None) -> None:
        """What the store said, to whoever asked it."""
        if problem is None:
            self._conduct.is_well(OUTBOX)
        else:
            self._conduct.failed(OUTBOX, problem)

    def wait_s(self, now_s: float) -> float:
        """Until it may be read again."""
        return max(0.0, self._not_before_s - now_s)
