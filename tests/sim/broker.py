"""A broker in memory, the gateway's connection to it, and the tills' connections."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from paho.mqtt.client import topic_matches_sub

from edge_gateway.bus.states import gateway_state
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts.bus import BusMessage, MessageHandler, Urgency
from edge_gateway.contracts.clock import Clock
from simulators.pos_client_link import EventHandler, PosAddress, PosLink
from simulators.pos_client_statistics import PosStatistics

Listener = Callable[[str, bytes, bytes | None], None]
"""Topic, payload, correlation data."""


class MemoryBus:
    """Implements ``edge_gateway.contracts.bus.StoreBus``. The broker never leaves; messages arrive in order."""

    def __init__(self, store_id: str, clock: Clock, version: str) -> None:
        self.counters: Counter[str] = Counter()
        self.refused_subscriptions: tuple[str, ...] = ()
        self.reason: str | None = None
        self.queued = 0
        self.is_connected = False
        self.journal: list[tuple[float, str, bytes]] = []
        """Everything that the gateway published: virtual seconds, topic, payload."""
        self._topics = Topics(store_id)
        self._clock = clock
        self._version = version
        self._retained: dict[str, bytes] = {}
        self._handlers: list[tuple[str, MessageHandler]] = []
        self._listeners: list[tuple[str, Listener]] = []
        self._handling: set[asyncio.Task[Any]] = set()
        self._stopping = asyncio.Event()

    # the gateway's side

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        urgency: Urgency = Urgency.EVENT,
        content_type: str = "application/json",
        correlation_data: bytes | None = None,
    ) -> None:
        self.journal.append((self._clock.monotonic(), topic, payload))
        self.counters["published"] += 1
        for topic_filter, listener in self._listeners:
            if topic_matches_sub(topic_filter, topic):
                asyncio.get_running_loop().call_soon(listener, topic, payload, correlation_data)

    def retain(self, topic: str, payload: bytes) -> None:
        self._retained[topic] = payload
        self.publish(topic, payload)

    def subscribe(self, topic_filter: str, handler: MessageHandler, *, is_queued: bool = True) -> None:
        self._handlers.append((topic_filter, handler))

    async def run(self) -> None:
        self.is_connected = True
        self.retain(self._topics.gateway_state, gateway_state("online", self._clock.now(), self._version))
        await self._stopping.wait()

    async def stop(self, deadline_s: float) -> None:
        self.retain(self._topics.gateway_state, gateway_state("offline", self._clock.now(), self._version))
        self.is_connected = False
        self._stopping.set()

    # the tills' side

    def listen(self, topic_filter: str, listener: Listener) -> None:
        """Subscribe; what is retained comes at once."""
        self._listeners.append((topic_filter, listener))
        for topic, payload in self._retained.items():
            if topic_matches_sub(topic_filter, topic):
                listener(topic, payload, None)

    def send(self, message: BusMessage) -> None:
        """To the gateway; lost while it is not connected, as at a broker that keeps no session."""
        for topic_filter, handler in self._handlers:
            if self.is_connected and topic_matches_sub(topic_filter, message.topic):
                task = asyncio.ensure_future(handler(message))
                self._handling.add(task)
                task.add_done_callback(self._handling.discard)
                break  # a message is delivered once, however many filters it matches


class MemoryPosLink(PosLink):
    """A till's connection to a MemoryBus."""

    def __init__(
        self,
        bus: MemoryBus,
        address: PosAddress,
        random: Random,
        statistics: PosStatistics,
        on_event: EventHandler,
        clock: Clock,
    ) -> None:
        super().__init__(address, random, statistics, on_event, clock)
        self._bus = bus

    async def run(self) -> None:
        lane = self.address.lane_topic
        for topic_filter in (f"{lane}/+/+/event/#", f"{lane}/+/+/state", self.address.reply_topic):
            self._bus.listen(topic_filter, self._receive)
        self._is_connected.set()
        await asyncio.Event().wait()

    async def _publish(self, topic: str, payload: bytes, request_id: str) -> None:
        self._bus.send(
            BusMessage(topic, payload, response_topic=self.address.reply_topic, correlation_data=request_id.encode())
        )
