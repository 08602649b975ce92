"""Requests from the bus: read, checked, handed to the services, answered exactly once each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import structlog

from edge_gateway.bus.in_hand import RequestsInHand
from edge_gateway.bus.replies import Replies, ReplyRoute
from edge_gateway.bus.request_json import read_envelope, read_json, readable_id
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts import log_events
from edge_gateway.contracts.bus import Bus, BusMessage
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import ErrorCode, RequestError, stack_of

REQUEST_BYTES_MAX: Final = 262_144
"""Default of the setting bus.request_bytes_max: a sale of 500 lines has half of it."""
READABLE_TIMES: Final = 4
"""A request that is too large by this much is still read, for the id and the topic of its refusal."""
REFUSAL_LOG_INTERVAL_S: Final = 1.0
"""A client that sends rubbish in a loop must not fill the log; refusals between are counted."""

log = structlog.get_logger(__name__)

RequestHandler = Callable[[Request], Awaitable[Reply]]


class RequestSubscriber:
    """Subscribes at construction, before the bus runs.

    What a terminal asks waits at the broker while the gateway is away: its sale is taken once, whenever that is. What a
    device is asked does not: a drawer must not open an hour later. Whoever asked asks again until it is answered.

    A request that is being handled and arrives again (the same id for the same target; after a reconnect, or repeated
    by an impatient client) is not run twice, and nothing waits for it: it is answered together with the first, if it
    asks from another place.
    """

    def __init__(
        self,
        bus: Bus,
        topics: Topics,
        handler: RequestHandler,
        clock: Clock,
        *,
        request_bytes_max: int = REQUEST_BYTES_MAX,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._topics = topics
        self._handler = handler
        self._clock = clock
        self._request_bytes_max = request_bytes_max
        self._replies = Replies(bus, topics, self.counters)
        self._in_hand = RequestsInHand()
        self._refusal_logged_s = float("-inf")
        bus.subscribe(topics.pos_commands, self._received)
        bus.subscribe(topics.commands, self._received, is_queued=False)

    async def _received(self, message: BusMessage) -> None:
        self.counters["requests"] += 1
        route, request_id = self._replies.refusal_route(message), None
        try:
            value = self._read(message)
            route, request_id = self._replies.refusal_route(message, value.get("reply_to")), readable_id(value)
            self._check_size(message)
            request, route = self._request(message, value)
            is_first = self._in_hand.begin(request, route, len(message.payload), message.qos)
        except RequestError as error:
            self._refuse(message, route, request_id, error)
            return
        if not is_first:
            self.counters["joined"] += 1
            return
        try:
            reply = await self._handle(request)
        finally:
            routes = self._in_hand.end(request)
        for asker in routes:
            self._replies.send(asker, reply)

    def _read(self, message: BusMessage) -> dict[str, object]:
        if message.is_retained:
            raise RequestError(
                ErrorCode.INVALID_REQUEST,
                "a retained request would be carried out again at every reconnect; publish it without the retain flag",
            )
        if len(message.payload) > READABLE_TIMES * self._request_bytes_max:
            self._check_size(message)
        return read_json(message.payload, READABLE_TIMES * self._request_bytes_max)

    def _check_size(self, message: BusMessage) -> None:
        if (size := len(message.payload)) > self._request_bytes_max:
            words = f"payload: {size} bytes; at most {self._request_bytes_max} are taken"
            raise RequestError(ErrorCode.INVALID_REQUEST, words)

    def _request(self, message: BusMessage, value: dict[str, object]) -> tuple[Request, ReplyRoute]:
        envelope = read_envelope(value)
        command = self._topics.parse_command(message.topic)
        if command is None:
            raise RequestError(ErrorCode.INVALID_REQUEST, "topic: lane, class, device or command is no valid name")
        route = self._replies.route(message, envelope.reply_to)
        request = Request(
            id=envelope.id,
            lane=command.lane,
            device_class=command.device_class,
            target=command.target,
            name=command.name,
            params=envelope.params,
            expires_at=None if envelope.expires_at is None else datetime.fromisoformat(envelope.expires_at),
            claim=envelope.claim,
        )
        return request, route

    async def _handle(self, request: Request) -> Reply:
        try:
            return await self._handler(request)
        except RequestError as error:
            return Reply.failed(request.id, error)
        except Exception as error:  # noqa: BLE001 - the boundary: a request always gets its one reply
            self.counters["failed:internal"] += 1
            log.error(
                log_events.REQUEST_FAILED,
                target=request.target,
                command=request.name,
                request_id=request.id,
                error=type(error).__name__,
                stack=stack_of(error),
            )
            # A transaction is known by its own id, and can be sent again. A device may have done what it was asked.
            is_retryable = request.device_class == "pos"
            words = "the gateway failed; its log says more" + ("" if is_retryable else "; look at the device")
            return Reply.failed(request.id, RequestError(ErrorCode.INTERNAL, words, is_retryable=is_retryable))

    def _refuse(self, message: BusMessage, route: ReplyRoute, request_id: str | None, error: RequestError) -> None:
        self.counters[f"refused:{error.code.value}"] += 1
        now_s = self._clock.monotonic()
        if now_s - self._refusal_logged_s >= REFUSAL_LOG_INTERVAL_S:
            self._refusal_logged_s = now_s
            log.warning(log_events.REQUEST_REFUSED, topic=message.topic, code=error.code.value, reason=str(error)[:500])
        self._replies.send(route, Reply.failed(request_id or "", error), has_id=request_id is not None)
