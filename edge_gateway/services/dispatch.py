"""One handler for the bus: requests to terminals go to the transactions, all others to the devices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from edge_gateway.contracts.commands import Reply, Request

Handler = Callable[[Request], Awaitable[Reply]]


class RequestDispatcher:
    """``by_class``: device class to its handler, such as ``{"pos": transactions.handle}``; ``otherwise``: the rest."""

    def __init__(self, by_class: Mapping[str, Handler], otherwise: Handler) -> None:
        self._by_class = dict(by_class)
        self._otherwise = otherwise

    async def handle(self, request: Request) -> Reply:
        return await self._by_class.get(request.device_class, self._otherwise)(request)
