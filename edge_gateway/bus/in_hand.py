"""Requests that are being handled: each once, however often it is asked, and no more than the gateway can hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from edge_gateway.bus.replies import ReplyRoute
from edge_gateway.bus.topics import POS_CLASS
from edge_gateway.contracts.commands import Request
from edge_gateway.contracts.errors import ErrorCode, RequestError

ROUTES_MAX: Final = 100
"""Places that are answered when one request is done: more than a till makes that repeats every second until the longest
deadline, each time with other correlation data. One beyond is not answered; its next repeat finds what is stored."""
UNHELD_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of requests at QoS 0, which the broker does not hold back; apart for sales and for devices, so that neither takes the
other's room. Each device takes only a few at a time, so that this is reached when the disk hangs, or by a flood."""
REQUEST_BYTES: Final = 2048
"""What a request costs beside its payload."""

_Key = tuple[str, str, str, str]


@dataclass(slots=True)
class _Running:
    digest: str
    routes: dict[ReplyRoute, None]
    unheld_bytes: int


class RequestsInHand:
    """Owned by the subscriber. What ``begin`` has let in must be ended."""

    def __init__(self) -> None:
        self._running: dict[_Key, _Running] = {}
        self._unheld_bytes: Counter[bool] = Counter()

    def begin(self, request: Request, route: ReplyRoute, payload_bytes: int, qos: int) -> bool:
        """True: handle it now. False: the same is being handled, and ``route`` is answered with it.

        Raises RequestError: CONFLICT (something else is being handled under this id), BUSY (there is no room).
        """
        key, digest = _key(request), request.digest()
        if (running := self._running.get(key)) is not None:
            if running.digest != digest:
                raise RequestError(ErrorCode.CONFLICT, "this id is being handled now, with other content")
            if len(running.routes) < ROUTES_MAX:
                running.routes[route] = None
            return False
        unheld_bytes = REQUEST_BYTES + payload_bytes if qos == 0 else 0
        if unheld_bytes and self._unheld_bytes[_is_sale(request)] + unheld_bytes > UNHELD_BYTES_MAX:
            raise RequestError(ErrorCode.BUSY, "too many requests wait before this one; send it again, later")
        self._unheld_bytes[_is_sale(request)] += unheld_bytes
        self._running[key] = _Running(digest, {route: None}, unheld_bytes)
        return True

    def end(self, request: Request) -> list[ReplyRoute]:
        """Who is to be answered: once each, in the order in which they asked."""
        running = self._running.pop(_key(request))
        self._unheld_bytes[_is_sale(request)] -= running.unheld_bytes
        return list(running.routes)


def _key(request: Request) -> _Key:
    return request.lane, request.device_class, request.target, request.id


def _is_sale(request: Request) -> bool:
    return request.device_class == POS_CLASS
