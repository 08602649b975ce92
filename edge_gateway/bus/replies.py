"""Where the one final reply of a request goes, and how it is published.

Order: the MQTT 5 response topic; else ``reply_to`` of the payload; else the reply topic of the device or terminal that
the request named. A response topic or ``reply_to`` that may take no reply refuses the request, and the refusal goes to
the next in this order. Correlation data goes with the reply wherever it goes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from edge_gateway.bus.states import compact
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts.bus import Bus, BusMessage, Urgency
from edge_gateway.contracts.commands import Reply
from edge_gateway.contracts.errors import ErrorCode, RequestError


@dataclass(frozen=True, slots=True)
class ReplyRoute:
    """One asker: its topic and what it knows its question by."""

    topic: str
    correlation_data: bytes | None


class Replies:
    """Finds routes, publishes replies, counts them by status."""

    def __init__(self, bus: Bus, topics: Topics, counters: Counter[str]) -> None:
        self._bus = bus
        self._topics = topics
        self._counters = counters

    def refusal_route(self, message: BusMessage, reply_to: object = None) -> ReplyRoute:
        """The first place that may take a reply, for a request that is refused. ``reply_to``: as it stands there."""
        lane = self._lane(message)
        topic = message.response_topic
        if topic is None or self._topics.response_topic_problem(topic, lane) is not None:
            is_fit = isinstance(reply_to, str) and self._topics.reply_to_problem(reply_to, lane) is None
            topic = str(reply_to) if is_fit else self._topics.default_reply(message.topic)
        return ReplyRoute(topic, message.correlation_data)

    def route(self, message: BusMessage, reply_to: str | None) -> ReplyRoute:
        """Raises RequestError(INVALID_REQUEST) on a topic that may take no reply."""
        lane = self._lane(message)
        if message.response_topic is not None:
            problem = self._topics.response_topic_problem(message.response_topic, lane)
            if problem is not None:
                raise RequestError(ErrorCode.INVALID_REQUEST, f"response topic: {problem}")
        if reply_to is not None and (problem := self._topics.reply_to_problem(reply_to, lane)) is not None:
            raise RequestError(ErrorCode.INVALID_REQUEST, f"reply_to: {problem}")
        topic = message.response_topic or reply_to or self._topics.default_reply(message.topic)
        return ReplyRoute(topic, message.correlation_data)

    def send(self, route: ReplyRoute, reply: Reply, *, has_id: bool = True) -> None:
        """``has_id`` False: the request was too broken to have one; the reply's ``id`` is null."""
        body = reply.to_json()
        if not has_id:
            body["id"] = None
        self._counters[f"replies:{reply.status.value}"] += 1
        self._bus.publish(route.topic, compact(body), urgency=Urgency.REPLY, correlation_data=route.correlation_data)

    def _lane(self, message: BusMessage) -> str:
        command = self._topics.parse_command(message.topic)
        return command.lane if command is not None else ""
