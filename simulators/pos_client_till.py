"""A till that sells: gets the items into the basket, takes the money, submits, prints."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any, Protocol

from simulators.catalogue import find_by_scan
from simulators.pos_basket import Basket, Checkout, transaction
from simulators.pos_client_requests import PosRequests
from simulators.pos_shopper import Shopper, Wanted

OPERATOR_ID = "op-7"
WEIGHT_TIMEOUT_S = 10.0


class ItemSource(Protocol):
    """How things on the belt become lines: scanned, weighed, keyed in."""

    async def obtain(self, wanted: Wanted) -> Wanted | None:
        """What is really to be sold, such as the scanned item and the weighed weight; None: it cannot be sold."""
        ...


class KeyedItems:
    """A cashier who types everything in: needs no device."""

    def __init__(self, requests: PosRequests) -> None:
        self._requests = requests

    async def obtain(self, wanted: Wanted) -> Wanted | None:
        self._requests.statistics.items_keyed += 1
        return wanted


class BusItems:
    """Whatever somebody else scans at this lane, and what lies on its scale when something is to be weighed."""

    def __init__(self, requests: PosRequests) -> None:
        self._requests = requests

    async def obtain(self, wanted: Wanted) -> Wanted | None:
        if wanted.item.is_weighed:
            weight = await self._requests.read_weight() or await self._requests.next_weight(WEIGHT_TIMEOUT_S)
            if weight is None:
                self._requests.statistics.weights_failed += 1
                return None
            self._requests.statistics.weights += 1
            return Wanted(wanted.item, weight)
        while True:
            scan = await self._requests.next_scan(None)
            item = find_by_scan(scan.gtin or scan.text or "") if scan is not None else None
            if item is not None:
                return Wanted(item, wanted.quantity)
            self._requests.statistics.errors["unknown_item"] += 1


class Till:
    """Sells what a shopper wants, one sale after the other."""

    def __init__(
        self,
        requests: PosRequests,
        shopper: Shopper,
        items: ItemSource,
        *,
        timezone: str = "UTC",
        is_printing: bool = True,
    ) -> None:
        self._requests = requests
        self._shopper = shopper
        self._items = items
        self._timezone = timezone
        self._is_printing = is_printing
        self._run_started: datetime | None = None
        self._sale_number = 0

    async def sell(self) -> dict[str, Any]:
        """One sale until its transaction is answered and its receipt is printed or not. Returns the transaction."""
        clock, statistics = self._requests.clock, self._requests.statistics
        started_at = clock.now()
        basket = await self._fill_basket()
        self._shopper.apply_discounts(basket)
        transaction_id = self._next_transaction_id(started_at)
        checkout = Checkout(
            transaction_id=transaction_id,
            store_id=self._requests.address.store_id,
            lane=self._requests.address.lane,
            terminal_id=self._requests.address.terminal_id,
            shift_id=f"{self._requests.address.terminal_id}-1",
            operator_id=OPERATOR_ID,
            started_at=started_at,
            # the wall clock may have been set back meanwhile
            completed_at=max(clock.now(), started_at),
            timezone=self._timezone,
        )
        # Short and without long rows of digits: a reference must not look like a card number.
        reference = "sim-" + hashlib.sha256(transaction_id.encode()).hexdigest()[:8]
        sold = transaction(basket, self._shopper.pay(basket.gross, reference), checkout)
        if await self._requests.submit(sold) and self._is_printing:
            await self._requests.print_receipt(sold)
        statistics.sales += 1
        return sold

    async def run(self, sales: int | None, stopping: asyncio.Event, pause_s: float = 0.0) -> None:
        """So many sales, or until ``stopping`` is set; the sale at hand is finished, or cancelled by the caller."""
        sold = 0
        while not stopping.is_set() and (sales is None or sold < sales):
            await self.sell()
            sold += 1
            if pause_s > 0 and sold != sales:
                try:
                    await asyncio.wait_for(stopping.wait(), pause_s)
                except TimeoutError:
                    continue

    async def _fill_basket(self) -> Basket:
        basket = Basket()
        for wanted in self._shopper.shopping_list():
            sold = await self._items.obtain(wanted)
            if sold is None:
                self._requests.statistics.items_skipped += 1
            else:
                basket.add(sold.item, sold.quantity)
        if not basket.lines:
            # Nothing could be weighed: the customer takes something that the cashier can key in.
            self._requests.statistics.items_keyed += 1
            basket.add(self._shopper.plain_item().item, Decimal(1))
        return basket

    def _next_transaction_id(self, now: datetime) -> str:
        # The start of the run is in the id: a till that is started again never uses an id twice.
        self._run_started = self._run_started or now
        self._sale_number += 1
        address = self._requests.address
        run = f"{self._run_started:%Y%m%d-%H%M%S}{self._run_started.microsecond // 1000:03d}"
        return f"{address.store_id}-{address.terminal_id}-{run}-{self._sale_number:06d}"


def seeded(seed: int, name: str) -> Random:
    """A random source of its own for each part, from one seed."""
    return Random(f"{seed}/{name}")
