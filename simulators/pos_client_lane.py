"""One lane with its people: a simulated scanner, a simulated scale and a POS client that sells through the gateway."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from decimal import Decimal
from random import Random
from typing import Any, Protocol

from simulators.catalogue import Item, find_by_scan
from simulators.pos_client_requests import PosRequests
from simulators.pos_client_till import Till
from simulators.pos_shopper import Shopper, Wanted

SCAN_TIMEOUT_S = 3.0
"""After so long without a beep a cashier scans again."""
SCAN_ATTEMPTS_MAX = 5
"""Then the number is keyed in."""
WEIGH_TIMEOUT_S = 15.0
"""A scale that was unplugged is back on the bus within 2 s of its return; then the goods are put aside."""
WEIGH_POLL_S = 0.1


class ScannerSimulation(Protocol):
    """A simulated scanner. ``scan`` may be a coroutine, and may return the instant of its last byte (monotonic)."""

    def scan(self, text: str) -> Any: ...


class ScaleSimulation(Protocol):
    """A simulated scale. ``put`` replaces what lies on it, in kilograms; it may be a coroutine."""

    def put(self, weight: Decimal) -> Any: ...


class LaneSimulation:
    """Puts things on the belt: scans each through the real wire and waits for its event, weighs on the scale."""

    def __init__(
        self,
        requests: PosRequests,
        *,
        scanner: ScannerSimulation,
        scale: ScaleSimulation | None,
        random: Random,
        timezone: str = "UTC",
        is_printing: bool = True,
        scan_timeout_s: float = SCAN_TIMEOUT_S,
        weigh_timeout_s: float = WEIGH_TIMEOUT_S,
    ) -> None:
        self.requests = requests
        self.statistics = requests.statistics
        self._scanner = scanner
        self._scale = scale
        self._random = random
        self._scan_timeout_s = scan_timeout_s
        self._weigh_timeout_s = weigh_timeout_s
        shopper = Shopper(random, has_scale=scale is not None)
        self._till = Till(requests, shopper, self, timezone=timezone, is_printing=is_printing)

    async def run(self, sales: int | None, stopping: asyncio.Event, pause_s: float = 0.0) -> None:
        """Sell over a connection of its own, as ``Till.run``."""
        async with asyncio.TaskGroup() as group:
            connection = group.create_task(self.requests.run())
            await self._till.run(sales, stopping, pause_s)
            connection.cancel()

    async def sell(self) -> dict[str, Any]:
        """One sale. The connection must be running."""
        return await self._till.sell()

    async def obtain(self, wanted: Wanted) -> Wanted | None:
        if wanted.item.is_weighed:
            weight = await self._weigh(wanted.quantity)
            return None if weight is None else Wanted(wanted.item, weight)
        item = await self._scan(wanted.item)
        return Wanted(item, wanted.quantity)

    async def _scan(self, item: Item) -> Item:
        assert item.gtin is not None
        for _ in range(SCAN_ATTEMPTS_MAX):
            await self.requests.link.wait_connected()
            self.statistics.scans_unexpected += self.requests.forget_scans()
            before = self.requests.clock.monotonic()
            sent = await _done(self._scanner.scan(item.gtin))
            self.statistics.scans_sent += 1
            if await self._await_event(item, sent if isinstance(sent, float) else before):
                return item
            self.statistics.scans_lost += 1
        self.statistics.items_keyed += 1
        return item

    async def _await_event(self, item: Item, sent: float) -> bool:
        deadline = self.requests.clock.monotonic() + self._scan_timeout_s
        while (left_s := deadline - self.requests.clock.monotonic()) > 0:
            scan = await self.requests.next_scan(left_s)
            if scan is None:
                return False
            if find_by_scan(scan.gtin or scan.text or "") is item:
                self.statistics.scan_to_bus_s.append(scan.received - sent)
                return True
            self.statistics.scans_unexpected += 1
        return False

    async def _weigh(self, weight: Decimal) -> Decimal | None:
        """Put it on, wait until the gateway says this very weight, take it off."""
        assert self._scale is not None
        await self.requests.link.wait_connected()
        await _done(self._scale.put(weight))
        deadline = self.requests.clock.monotonic() + self._weigh_timeout_s
        is_asking = self._random.random() < 0.5
        try:
            while (left_s := deadline - self.requests.clock.monotonic()) > 0:
                read = self.requests.read_weight() if is_asking else self.requests.next_weight(min(left_s, 2.0))
                if await read == weight:
                    self.statistics.weights += 1
                    return weight
                # the scale still showed what lay there before, or is away: ask, an event may have been missed
                is_asking = True
                await asyncio.sleep(WEIGH_POLL_S)
        finally:
            await _done(self._scale.put(Decimal("0.000")))
        self.statistics.weights_failed += 1
        return None


async def _done(result: Any | Awaitable[Any]) -> Any:
    return await result if inspect.isawaitable(result) else result
