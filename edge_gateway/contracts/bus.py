"""The promise of the store's bus, as the rest of the gateway sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BusMessage:
    """A message that arrived. ``response_topic`` and ``correlation_data`` only from MQTT 5 clients.

    ``qos`` 0: no flow control holds more of them back; whoever handles them bounds them.
    """

    topic: str
    payload: bytes
    is_retained: bool = False
    response_topic: str | None = None
    correlation_data: bytes | None = None
    qos: int = 1


class Urgency(IntEnum):
    """What gives way when the broker is away and the queue is full: events first, replies last."""

    REPLY = 0
    EVENT = 1


MessageHandler = Callable[[BusMessage], Awaitable[None]]


class Bus(Protocol):
    """Publishes at QoS 1, in order per topic, again after a reconnect until the broker has taken it."""

    @property
    def is_connected(self) -> bool: ...

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        urgency: Urgency = Urgency.EVENT,
        content_type: str = "application/json",
        correlation_data: bytes | None = None,
        source: str = "",
    ) -> None:
        """Queue and return at once. ``source``: the device it is of; sources take turns, and when the queue is full
        the one that has the most waiting loses its oldest, among the least urgent, and no other loses anything."""
        ...

    def retain(self, topic: str, payload: bytes) -> None:
        """A retained value: only the newest of a topic is kept and (re)published."""
        ...

    def subscribe(self, topic_filter: str, handler: MessageHandler, *, is_queued: bool = True) -> None:
        """Before ``run``: each message gets a task of its own, and is acknowledged after its handler.

        ``is_queued``: what comes while the gateway is away waits at the broker; else it is gone. Filters may overlap:
        a message is handled once, by the first that matches, in the order of these calls.
        """
        ...


class StoreBus(Bus, Protocol):
    """The bus as whoever runs it sees it."""

    counters: Counter[str]

    @property
    def dropped(self) -> Mapping[str, int]:
        """By source: messages that gave way because too many waited."""
        ...

    @property
    def reason(self) -> str | None:
        """Why there is no connection, or what is wrong with the one there is."""
        ...

    @property
    def refused_subscriptions(self) -> tuple[str, ...]:
        """Filters that the broker does not let us subscribe to: no request of these reaches us."""
        ...

    @property
    def queued(self) -> int:
        """Messages that wait for the broker or for its answer."""
        ...

    async def run(self) -> None:
        """Until ``stop``: says online, and publishes what waits. The broker may be away for a week."""
        ...

    async def stop(self, deadline_s: float) -> None:
        """Get rid of what waits, say offline, disconnect."""
        ...
