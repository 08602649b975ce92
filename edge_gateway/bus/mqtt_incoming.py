"""Messages from the broker to their handlers: each once, side by side, acknowledged when handled."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import paho.mqtt.client as paho
import structlog

from edge_gateway.bus.mqtt_connection import Connection
from edge_gateway.contracts import log_events
from edge_gateway.contracts.bus import BusMessage, MessageHandler
from edge_gateway.contracts.errors import stack_of

QOS_0_HANDLERS_MAX: Final = 10_000
"""A fuse: the broker holds QoS 1 back (receive maximum) and QoS 0 not, so handlers answer `busy` long before this.
Beyond it messages are dropped and counted."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Subscription:
    """``identifier``: the broker sends it with each message that comes through this subscription, and through the same
    one of an earlier life (MQTT 5, 3.8.2.1.2)."""

    identifier: int
    topic_filter: str
    handler: MessageHandler
    is_queued: bool

    @property
    def qos(self) -> int:
        """A persistent session queues QoS 1 while we are away; QoS 0 only at a broker that is told to."""
        return 1 if self.is_queued else 0


class Incoming:
    """Owned by the bus; its methods run on the event loop."""

    def __init__(self, counters: Counter[str]) -> None:
        self._counters = counters
        self._subscriptions: list[Subscription] = []
        self._group: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[None]] = set()

    @property
    def subscriptions(self) -> Sequence[Subscription]:
        return self._subscriptions

    def subscribe(self, topic_filter: str, handler: MessageHandler, *, is_queued: bool) -> None:
        self._subscriptions.append(Subscription(len(self._subscriptions) + 1, topic_filter, handler, is_queued))

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
        subscription = self._taker(connection, message)
        if subscription is None:
            connection.acknowledge_later(message)
        elif self._group is not None:
            task = self._group.create_task(self._handle(connection, message, subscription.handler))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _taker(self, connection: Connection, message: paho.MQTTMessage) -> Subscription | None:
        """Whose message it is: the first whose filter matches. None, and counted why, if it is not to be handled."""
        subscription = self._first_match(message)
        if subscription is None:
            self._counters["received:unwanted"] += 1
        elif not _came_through(subscription, message):
            self._counters["received:copies"] += 1
        elif not subscription.is_queued and connection.subscriptions_answered < subscription.identifier:
            # The broker queues QoS 0 as well; whoever asked while we were away has given up, or asks again.
            self._counters["dropped:waited_at_broker"] += 1
        elif message.qos == 0 and len(self._running) >= QOS_0_HANDLERS_MAX:
            self._counters["dropped:handlers_running"] += 1
        else:
            return subscription
        return None

    def _first_match(self, message: paho.MQTTMessage) -> Subscription | None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return None
        matching = (each for each in self._subscriptions if paho.topic_matches_sub(each.topic_filter, topic))
        return next(matching, None)

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
                    message.qos,
                )
            )
        except Exception as error:  # noqa: BLE001 - the boundary: one request must not end the bus
            self._counters["handler_failed"] += 1
            log.error(
                log_events.BUS_HANDLER_FAILED, topic=message.topic, error=type(error).__name__, stack=stack_of(error)
            )
        connection.acknowledge(message)


def _came_through(subscription: Subscription, message: paho.MQTTMessage) -> bool:
    """False: a copy. A broker sends a message that matches several subscriptions once with all their identifiers, or
    once for each of them (MQTT-3.3.4-4 and -5); the one of the first subscription has the QoS that was published."""
    identifiers = getattr(message.properties, "SubscriptionIdentifier", ())
    return not identifiers or subscription.identifier in identifiers
