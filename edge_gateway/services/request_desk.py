"""Hands each request of the bus to the service it is for, and lets those in hand end before a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.services.kitchen_orders import PRINT_ORDER

GRACE_S: Final = 1.5
"""At a stop, requests in hand get this long to be answered; with what follows it stays within 5 s."""

Handler = Callable[[Request], Awaitable[Reply]]


class RequestDesk:
    """``handle`` is called in a task for each request."""

    def __init__(self, *, transactions: Handler, orders: Handler, devices: Handler) -> None:
        self._transactions = transactions
        self._orders = orders
        self._devices = devices
        self._in_hand: set[asyncio.Task[Any]] = set()

    async def handle(self, request: Request) -> Reply:
        task = asyncio.current_task()
        assert task is not None
        self._in_hand.add(task)
        try:
            if request.device_class != "pos":
                return await self._devices(request)
            if request.name == PRINT_ORDER:
                return await self._orders(request)
            return await self._transactions(request)
        finally:
            self._in_hand.discard(task)

    async def finish(self) -> None:
        if self._in_hand:
            await asyncio.wait(set(self._in_hand), timeout=GRACE_S)
