"""Messages from the broker to their handlers: concurrently, within a limit, acknowledged when handled."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import Final

import paho.mqtt.client as paho
import structlog

from edge_gateway.bus.mqtt_connection import Connection
from edge_gateway.contracts import log_events
from edge_gateway.contracts.bus import BusMessage, MessageHandler
from edge_gateway.contracts.errors import stack_of

WAITING_MAX: Final = 1000
WAITING_BYTES_MAX: Final = 32 * 1024 * 1024
"""Of messages above the limit of concurrent handlers. The broker holds QoS 1 back by itself (receive maximum), so these
are QoS 0, which nobody was promised: beyond, they are dropped and counted."""

log = structlog.get_logger(__name__)

_Arrived = tuple[Connection, paho.MQTTMessage, MessageHandler]


class Incoming:
    """Owned by the bus; its methods run on the event loop."""

    def __init__(self, concurrent_max: int, counters: Counter[str]) -> None:
        self._concurrent_max = concurrent_max
        self._counters = counters
        self._handlers: dict[str, MessageHandler] = {}
        self._group: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._waiting: deque[_Arrived] = deque()
        self._waiting_bytes = 0

    @property
    def filters(self) -> tuple[str, ...]:
        return tuple(self._handlers)

    def subscribe(self, topic_filter: str, handler: MessageHandler) -> None:
        self._handlers[topic_filter] = handler

    def start(self, group: asyncio.TaskGroup) -> None:
        self._group = group

    def stop(self) -> None:
        """What is still being handled is cancelled and, not acknowledged, comes again."""
        self._group = None
        for task in self._running:
            task.cancel()

    def received(self, connection: Connection, message: paho.MQTTMessage) -> None:
        """Called by paho as a message arrives."""
        self._counters["received"] += 1
        handler = self._handler(message)
        if handler is None:
            self._counters["received:unwanted"] += 1
            connection.acknowledge_later(message)
        elif len(self._running) < self._concurrent_max:
            self._begin((connection, message, handler))
        elif len(self._waiting) < WAITING_MAX and self._waiting_bytes + len(message.payload) <= WAITING_BYTES_MAX:
            self._waiting.append((connection, message, handler))
            self._waiting_bytes += len(message.payload)
        else:
            # QoS 1, from a broker that ignores our receive maximum: not acknowledged, it comes again.
            self._counters["dropped:requests_waiting"] += 1

    def _handler(self, message: paho.MQTTMessage) -> MessageHandler | None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return None
        for topic_filter, handler in self._handlers.items():
            if paho.topic_matches_sub(topic_filter, topic):
                return handler
        return None

    def _begin(self, arrived: _Arrived) -> None:
        if self._group is None:
            return
        task = self._group.create_task(self._handle(*arrived))
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        while self._waiting and len(self._running) < self._concurrent_max:
            arrived = self._waiting.popleft()
            self._waiting_bytes -= len(arrived[1].payload)
            self._begin(arrived)

    async def _handle(self, connection: Connection, message: paho.MQTTMessage, handler: MessageHandler) -> None:
        properties = getattr(message, "properties", None)
        try:
            await handler(
                BusMessage(
                    message.topic,
                    bytes(message.payload),
                    bool(message.retain),
                    getattr(properties, "ResponseTopic", None),
                    getattr(properties, "CorrelationData", None),
                )
            )
        except Exception as error:  # noqa: BLE001 - the boundary: one request must not end the bus
            self._counters["handler_failed"] += 1
            log.error(
                log_events.BUS_HANDLER_FAILED, topic=message.topic, error=type(error).__name__, stack=stack_of(error)
            )
        connection.acknowledge(message)
