"""What waits for the broker: messages by urgency, within a limit, and the newest value of each retained topic."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.bus import Urgency

RETAINED_TOPICS_MAX: Final = 10_000
"""Two for each device and two for the gateway: far above any store; a new topic beyond is dropped and counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Outgoing:
    """One publish. ``is_retained``: superseded by a newer one of the same topic."""

    topic: str
    payload: bytes
    content_type: str = "application/json"
    urgency: Urgency = Urgency.EVENT
    correlation_data: bytes | None = None
    is_retained: bool = False


class OutgoingQueue:
    """Decides what is sent next and what gives way. Pure: the bus calls it, from one event loop.

    A topic must always be used with the same urgency: order is kept within an urgency. What was taken with ``next``
    must come back through exactly one of ``settle`` and ``requeue``.
    """

    def __init__(self, messages_max: int, counters: Counter[str]) -> None:
        self._messages_max = messages_max
        self._counters = counters
        self._waiting: dict[Urgency, deque[Outgoing]] = {urgency: deque() for urgency in Urgency}
        self._retained: dict[str, Outgoing] = {}
        self._unsent: dict[str, None] = {}
        self._in_flight: set[str] = set()

    def __len__(self) -> int:
        """Messages that wait, retained values included."""
        return self._messages() + len(self._unsent)

    def add(self, message: Outgoing) -> Outgoing | None:
        """Queue it. A full queue drops, counts and returns the oldest message of the least urgent kind."""
        dropped = None
        if self._messages() >= self._messages_max:
            least = max(urgency for urgency in Urgency if self._waiting[urgency] or urgency is message.urgency)
            queue = self._waiting[least]
            dropped = queue.popleft() if queue else message
            self._counters[f"dropped:queue_full:{least.name.lower()}"] += 1
        if dropped is not message:
            self._waiting[message.urgency].append(message)
        return dropped

    def retain(self, topic: str, payload: bytes) -> None:
        """Only the newest value of a topic is kept."""
        if topic not in self._retained and len(self._retained) >= RETAINED_TOPICS_MAX:
            self._counters["dropped:retained_topics"] += 1
            return
        self._retained[topic] = Outgoing(topic, payload, is_retained=True)
        self._unsent[topic] = None

    def republish_retained(self) -> None:
        """After a reconnect: the broker may have lost them, or put our last will in their place."""
        self._unsent = dict.fromkeys(self._retained)

    def next(self) -> Outgoing | None:
        """Retained values first (they tell who is here), then replies, then events."""
        for topic in self._unsent:
            # One value of a topic at a time: a flapping device sends its newest value, not each.
            if topic not in self._in_flight:
                del self._unsent[topic]
                self._in_flight.add(topic)
                return self._retained[topic]
        for queue in self._waiting.values():
            if queue:
                return queue.popleft()
        return None

    def settle(self, message: Outgoing) -> None:
        """The broker has answered: it is done, taken or refused."""
        if message.is_retained:
            self._in_flight.discard(message.topic)

    def requeue(self, messages: Iterable[Outgoing]) -> None:
        """Taken, not answered, and the link is gone: back to the front, in the order in which they were taken."""
        for message in reversed(list(messages)):
            if message.is_retained:
                self._in_flight.discard(message.topic)
                self._unsent[message.topic] = None
            else:
                self._waiting[message.urgency].appendleft(message)

    def _messages(self) -> int:
        return sum(len(queue) for queue in self._waiting.values())
