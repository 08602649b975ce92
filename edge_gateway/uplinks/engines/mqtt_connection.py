"""One connection to a second broker, and what its reason codes mean for an event."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Final

import aiomqtt
from paho.mqtt.packettypes import PacketTypes

from edge_gateway.contracts.cloudevents import CONTENT_TYPE
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError, EdgeGatewayError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import StreamNames
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.mqtt.connection import (
    REFUSED,
    TOO_LARGE,
    ConnectionOptions,
    MqttConnection,
    is_too_large,
    reason_code,
)
from edge_gateway.mqtt.properties import properties
from edge_gateway.uplinks.engines.engine_words import in_words

IN_FLIGHT_MAX: Final = 1000
"""Of all batches together; the broker may ask for fewer (its receive maximum)."""
RECEIVE_MAX: Final = 1
"""Nothing is subscribed to: the broker has nothing to send."""
SESSION_EXPIRY_S: Final = 0
"""The broker keeps nothing for a client that only publishes; what it did not acknowledge is sent again from here."""

NO_SUBSCRIBER: Final = 0x10
NEEDS_READER: Final = frozenset({StreamNames.TRANSACTIONS, StreamNames.INVENTORY, StreamNames.AUDIT})
"""Streams of which a broker that throws an event away has not taken it; of others nobody may care to read."""
NO_READER_WORDS: Final = (
    "the broker has nobody who reads {topic}: start its reader (durable session) or bridge; events are kept here"
)
FINAL: Final = {
    TOO_LARGE: "the broker takes no packet of this size",
    0x99: "the broker finds the payload's format invalid",
}
"""Refusals that are this one event's fault (MQTT 5, 3.4.2.1): never sent again."""
PASSING: Final = {
    0x80: "the broker refuses events without saying why",
    0x83: "the broker refuses events for a reason of its own (0x83); see its log",
    0x87: "the broker does not let this user publish to {topic}; check its access list",
    0x90: "the broker does not take the topic {topic}; check topic_prefix",
    0x91: "the broker still holds the packet's number",
    0x97: "the broker's quota is used up",
}
"""Refusals that would meet any event: sent again, until somebody has mended it. Codes in neither table are such too."""
CONNECTION: Final = {
    0x80: "the connection was cut",
    0x85: "the broker refuses the client id; check client_id",
    0x86: "the broker refuses user name or password; check username and password_file",
    0x87: "the broker does not let this user in; check username, password_file, certificate, access list",
    0x88: "the broker is not available",
    0x89: "the broker is busy",
    0x8A: "the broker has banned this client",
    0x8B: "the broker shuts down",
    0x8C: "the broker refuses the way of authentication",
    0x8E: "another client uses the same client id and takes our place; give one of the two another client_id",
    TOO_LARGE: "the broker takes no packet of this size",
    0x97: "the broker's quota is used up",
}
"""Why it does not let us in, or throws us out."""


class MqttEngineConnection:
    """Implements ``carriage.EngineConnection``. ``topic``: of the store, the stream's name is added."""

    def __init__(
        self,
        where: str,
        topic: str,
        counters: Counter[str],
        *,
        host: str,
        port: int,
        client_id: str,
        keepalive_s: int,
        connect_timeout_s: float,
        tls: ssl.SSLContext | None,
        username: str | None,
        password: str | None,
    ) -> None:
        self._connection = _Connection(
            ConnectionOptions(
                host=host,
                port=port,
                client_id=client_id,
                username=username,
                password=password,
                tls=tls,
                keepalive_s=keepalive_s,
                session_expiry_s=SESSION_EXPIRY_S,
                receive_max=RECEIVE_MAX,
                will=None,
                connect_timeout_s=connect_timeout_s,
            ),
            self._acknowledged,
        )
        self._where = where
        self._topic = topic
        self._counters = counters
        self._in_flight: dict[int, tuple[str, asyncio.Future[str]]] = {}
        self._has_room = asyncio.Event()
        self._lost_because: str | None = "not connected"
        self._watching: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        return self._lost_because is None

    async def open(self) -> None:
        """Raises CloudTransientError."""
        try:
            await self._connection.open()
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            raise CloudTransientError(f"{self._where}: {_words(error)}") from error
        self._lost_because = None
        self._watching = asyncio.create_task(self._watch())

    async def send(self, stream: str, event: OutboxEvent) -> asyncio.Future[str]:
        topic = f"{self._topic}/{stream}"
        outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        names = len(event.id) + len(event.type) + len(event.source)
        if is_too_large(self._connection.packet_bytes_max, topic, event.payload, names):
            outcome.set_result(
                f"{len(event.payload)} bytes: the broker takes packets of {self._connection.packet_bytes_max}"
            )
            return outcome
        while self.is_open and len(self._in_flight) >= min(IN_FLIGHT_MAX, self._connection.receive_max):
            self._has_room.clear()
            await self._has_room.wait()
        if self._lost_because is not None:
            raise CloudTransientError(f"{self._where}: {self._lost_because}")
        publish = properties(PacketTypes.PUBLISH)
        publish.ContentType = CONTENT_TYPE
        publish.UserProperty = [("id", event.id), ("type", event.type), ("source", event.source)]
        try:
            mid = self._connection.send_publish(topic, event.payload, publish)
        except ValueError as error:
            outcome.set_result(f"cannot be sent over MQTT: {error}")
        except OSError as error:
            raise CloudTransientError(f"{self._where}: {_words(error)}") from error
        else:
            self._in_flight[mid] = (topic, outcome)
        return outcome

    async def check(self) -> None:
        """Its keep-alive asks for signs of life."""
        if self._lost_because is not None:
            raise CloudTransientError(f"{self._where}: {self._lost_because}")

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        if self.is_open:
            self._lose("the connection was closed")
            await self._connection.disconnect()
        self._connection.close()

    def _acknowledged(self, mid: int, code: int) -> None:
        topic, outcome = self._in_flight.pop(mid, ("", None))
        self._has_room.set()
        if outcome is None or outcome.done():
            return
        if code == NO_SUBSCRIBER:
            self._counters["no_subscriber"] += 1
        if code == NO_SUBSCRIBER and topic.rpartition("/")[2] in NEEDS_READER:
            outcome.set_exception(CloudTransientError(f"{self._where}: {NO_READER_WORDS.format(topic=topic)}"))
        elif code < REFUSED:
            outcome.set_result(DELIVERED)
        elif (words := FINAL.get(code)) is not None:
            outcome.set_result(f"{words} (0x{code:02X})")
        else:
            words = PASSING.get(code, f"the broker refuses events with 0x{code:02X}").format(topic=topic)
            outcome.set_exception(CloudTransientError(f"{self._where}: {words}"))

    async def _watch(self) -> None:
        error = await self._connection.ended()
        words = "the connection was cut" if error is None else _words(error)
        is_some_event_at_fault = error is not None and reason_code(error) == TOO_LARGE
        self._lose(words, CloudPermanentError if is_some_event_at_fault else CloudTransientError)
        self._connection.close()

    def _lose(self, words: str, kind: type[EdgeGatewayError] = CloudTransientError) -> None:
        """No answer will come any more for what is in flight."""
        self._lost_because = words
        self._has_room.set()
        for _, outcome in self._in_flight.values():
            if not outcome.done():
                outcome.set_exception(kind(f"{self._where}: {words}"))
        self._in_flight.clear()


class _Connection(MqttConnection):
    def __init__(self, options: ConnectionOptions, on_acknowledged: Callable[[int, int], None]) -> None:
        super().__init__(options)
        self._on_acknowledged = on_acknowledged

    def _acknowledged(self, mid: int, code: int) -> None:
        self._on_acknowledged(mid, code)


def _words(error: BaseException) -> str:
    return CONNECTION.get(reason_code(error) or 0) or in_words(error)
