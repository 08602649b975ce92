"""What waits for the broker: messages by urgency and source, within a limit, and the newest value of each retained
topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge_gateway.bus.fair_queue import FairQueue
from edge_gateway.contracts.bus import Urgency

RETAINED_TOPICS_MAX: Final = 10_000
"""Two for each device and two for the gateway: far above any store; a new topic beyond is dropped and counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Outgoing:
    """One publish. ``is_retained``: superseded by a newer one of the same topic. ``source``: as in ``Bus.publish``."""

    topic: str
    payload: bytes
    content_type: str = "application/json"
    urgency: Urgency = Urgency.EVENT
    correlation_data: bytes | None = None
    is_retained: bool = False
    source: str = ""


class OutgoingQueue:
    """Decides what is sent next and what gives way. Pure: the bus calls it, from one event loop.

    A topic must always be used with the same urgency and source: order is kept within these. What was taken with
    ``next`` must come back through exactly one of ``settle`` and ``requeue``.
    """

    def __init__(self, messages_max: int, counters: Counter[str]) -> None:
        self._messages_max = messages_max
        self._counters = counters
        self.dropped: Counter[str] = Counter()
        """By source: what gave way in the full queue."""
        self._waiting: dict[Urgency, FairQueue[Outgoing]] = {urgency: FairQueue() for urgency in Urgency}
        self._retained: dict[str, Outgoing] = {}
        self._unsent: dict[str, None] = {}
        self._in_flight: set[str] = set()

    def __len__(self) -> int:
        """Messages that wait, retained values included."""
        return self._messages() + len(self._unsent)

    def add(self, message: Outgoing) -> Outgoing | None:
        """Queue it. A full queue drops, counts and returns a message of the least urgent kind: the oldest of the source
        that has the most waiting."""
        dropped = None
        if self._messages() >= self._messages_max:
            least = max(urgency for urgency in Urgency if self._waiting[urgency] or urgency is message.urgency)
            dropped = self._waiting[least].drop_for(message) or message
            self.dropped[dropped.source] += 1
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
        """Retained values first (they tell who is here), then replies, then events of each source in turns."""
        for topic in self._unsent:
            # One value of a topic at a time: a flapping device sends its newest value, not each.
            if topic not in self._in_flight:
                del self._unsent[topic]
                self._in_flight.add(topic)
                return self._retained[topic]
        for queue in self._waiting.values():
            if queue:
                return queue.pop()
        return None

    def settle(self, message: Outgoing) -> None:
        """The broker has answered: it is done, taken or refused."""
        if message.is_retained:
            self._in_flight.discard(message.topic)

    def requeue(self, messages: Iterable[Outgoing]) -> None:
        """Taken, not answered, and the link is gone: back to the front, each source's in their order."""
        for message in reversed(list(messages)):
            if message.is_retained:
                self._in_flight.discard(message.topic)
                self._unsent[message.topic] = None
            else:
                self._waiting[message.urgency].put_back(message)

    def _messages(self) -> int:
        return sum(len(queue) for queue in self._waiting.values())
