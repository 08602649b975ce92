"""The far ends of the uplinks to message engines: the real server, and an independent reader of what it holds."""

from __future__ import annotations

import asyncio
import json
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiomqtt
import aiormq
import nats
from aiormq.abc import DeliveredMessage
from confluent_kafka import Consumer

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.settings_uplinks import (
    KafkaUplinkSettings,
    MqttUplinkSettings,
    NatsUplinkSettings,
    RabbitmqUplinkSettings,
)
from edge_gateway.uplinks.engine import EngineUplink
from edge_gateway.uplinks.kafka import KafkaUplink
from edge_gateway.uplinks.mqtt import MqttUplink
from edge_gateway.uplinks.nats import NatsUplink
from edge_gateway.uplinks.rabbitmq import RabbitmqUplink
from simulators.kafka_mock import KafkaMock
from simulators.nats_server import NatsServer
from simulators.rabbitmq_server import RabbitmqServer
from simulators.relay import Relay
from tests.support.broker import Broker

STORE: Final = "S001"
QUICK: Final = {"connect_timeout_s": 2.0, "response_timeout_s": 3.0}
"""Time-outs for tests that wait for one; RabbitMQ on a machine that is busy answers within."""
READ_TIMEOUT_S: Final = 30.0


class Received(NamedTuple):
    """One event as a consumer got it, beside the body: id, type and source from headers or properties."""

    id: str
    type: str
    source: str
    where: str
    body: bytes


class FarEnd(ABC):
    """``received`` is all of it so far, in the far end's order."""

    kind: str
    server: Any

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @abstractmethod
    def uplink(self, **settings: Any) -> EngineUplink[Any]: ...

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def received(self, count: int) -> list[Received]:
        """When at least so many are there: all of them."""

    async def stop(self) -> None:
        await self.server.stop()

    async def kill(self) -> None:
        await self.server.kill()

    async def resume(self) -> None:
        await self.server.start()

    def freeze(self) -> None:
        self.server.freeze()

    def thaw(self) -> None:
        self.server.thaw()

    async def close(self) -> None:
        await self.server.kill()


class NatsFarEnd(FarEnd):
    kind = "nats"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.server = NatsServer(directory / "nats")

    def uplink(self, **settings: Any) -> NatsUplink:
        values = {"kind": "nats", "name": "cloud", "host": self.server.host, "port": self.server.port}
        return NatsUplink(NatsUplinkSettings(**{**values, **QUICK, **settings}), STORE, SystemClock())

    async def start(self) -> None:
        await self.server.start()
        async with self._client() as client:
            await client.jetstream().add_stream(name="EDGE", subjects=["edge.v1.>"])

    async def received(self, count: int) -> list[Received]:
        async with self._client() as client:
            stream = client.jetstream()
            await _until(lambda: _stream_messages(stream), lambda messages: messages >= count)
            found = []
            for sequence in range(1, await _stream_messages(stream) + 1):
                message = await stream.get_msg("EDGE", seq=sequence)
                names = message.headers or {}
                assert names["Nats-Msg-Id"] == names["ce-id"]
                assert names["content-type"] == "application/cloudevents+json"
                one = Received(
                    names["ce-id"], names["ce-type"], names["ce-source"], message.subject or "", message.data
                )
                found.append(one)
            return found

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Any]:
        client = await nats.connect(f"nats://{self.server.host}:{self.server.port}")
        try:
            yield client
        finally:
            await client.close()


class RabbitmqFarEnd(FarEnd):
    kind = "rabbitmq"
    queue = "cloud"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.server = RabbitmqServer(directory / "rabbitmq")
        self._received: list[Received] = []

    def uplink(self, **settings: Any) -> RabbitmqUplink:
        values = {"kind": "rabbitmq", "name": "cloud", "host": self.server.host, "port": self.server.port}
        return RabbitmqUplink(RabbitmqUplinkSettings(**{**values, **QUICK, **settings}), STORE, SystemClock())

    async def start(self) -> None:
        await self.server.start()
        async with self.channel() as channel:
            await channel.exchange_declare("edge.v1", exchange_type="topic", durable=True)
            await channel.queue_declare(self.queue, durable=True)
            await channel.queue_bind(self.queue, "edge.v1", f"{STORE}.#")

    async def received(self, count: int) -> list[Received]:
        async with self.channel() as channel:
            while len(self._received) < count or await self._waiting(channel):
                before = len(self._received)
                await channel.basic_consume(self.queue, self._take, no_ack=True, consumer_tag="reader")
                async with asyncio.timeout(READ_TIMEOUT_S):
                    while len(self._received) == before:  # noqa: ASYNC110 - filled by a callback of the library
                        await asyncio.sleep(0.01)
                await channel.basic_cancel("reader")
            return list(self._received)

    async def close(self) -> None:
        await self.server.close()

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[Any]:
        connection = await aiormq.connect(f"amqp://{self.server.host}:{self.server.port}/")
        try:
            yield await connection.channel()
        finally:
            await connection.close()

    async def _waiting(self, channel: Any) -> int:
        declared = await channel.queue_declare(self.queue, passive=True)
        return int(declared.message_count)

    async def _take(self, message: DeliveredMessage) -> None:
        properties = message.header.properties
        assert properties.content_type == "application/cloudevents+json"
        assert properties.delivery_mode == 2
        source = str((properties.headers or {})["source"])
        key = str(message.delivery.routing_key)
        body = bytes(message.body)
        self._received.append(Received(properties.message_id or "", properties.message_type or "", source, key, body))


class MqttFarEnd(FarEnd):
    """The reader is subscribed whenever the broker runs: it is there before the relay lets the uplink in."""

    kind = "mqtt"

    def __init__(self, directory: Path, *, extra: str = "") -> None:
        super().__init__(directory)
        self.server = Broker(directory / "mqtt", extra=extra)
        self._relay = Relay(self.server.host, 0)
        self._received: list[Received] = []
        self._reading: asyncio.Task[None] | None = None

    def uplink(self, **settings: Any) -> MqttUplink:
        values = {"kind": "mqtt", "name": "cloud", "host": self._relay.host, "port": self._relay.port}
        return MqttUplink(MqttUplinkSettings(**{**values, **QUICK, **settings}), STORE, SystemClock())

    async def start(self) -> None:
        await self.server.start()
        self._relay.target_port = self.server.port
        is_subscribed = asyncio.Event()
        self._reading = asyncio.create_task(self._read(is_subscribed))
        await is_subscribed.wait()
        await self._relay.start()

    async def received(self, count: int) -> list[Received]:
        async def look() -> int:
            return len(self._received)

        await _until(look, lambda found: found >= count)
        return list(self._received)

    async def stop(self) -> None:
        await self.server.stop()
        await self._ended()

    async def kill(self) -> None:
        await self.server.kill()
        await self._ended()

    async def resume(self) -> None:
        await self.start()

    def thaw(self) -> None:
        self.server._process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]  # it is frozen: it is there

    async def close(self) -> None:
        await self.kill()

    async def _ended(self) -> None:
        """Nobody comes in until there is a reader again, and the last one has read all there was."""
        await self._relay.stop()
        if self._reading is not None:
            await asyncio.wait_for(self._reading, READ_TIMEOUT_S)

    async def _read(self, is_subscribed: asyncio.Event) -> None:
        """QoS 0: the broker writes to us before it acknowledges to the uplink, and keeps nothing that it could lose."""
        client = aiomqtt.Client(self.server.host, self.server.port, protocol=aiomqtt.ProtocolVersion.V5)
        client._disconnected.add_done_callback(lambda future: future.cancelled() or future.exception())
        with suppress(aiomqtt.MqttError):  # the broker ended: that is what tests do
            async with client:
                await client.subscribe("edge/v1/#", qos=0)
                is_subscribed.set()
                async for message in client.messages:
                    assert message.properties is not None
                    assert message.properties.ContentType == "application/cloudevents+json"  # type: ignore[attr-defined]
                    names = dict(message.properties.UserProperty)  # type: ignore[attr-defined]
                    assert isinstance(message.payload, bytes)
                    topic = str(message.topic)
                    self._received.append(Received(names["id"], names["type"], names["source"], topic, message.payload))


class KafkaFarEnd(FarEnd):
    """Its records are gone when its process ends: an outage is brokers that hang up, or a process that is frozen."""

    kind = "kafka"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.server = KafkaMock()
        self._received: list[Received] = []
        self._consumer: Consumer | None = None

    def uplink(self, **settings: Any) -> KafkaUplink:
        values = {"kind": "kafka", "name": "cloud", "bootstrap_servers": self.server.bootstrap_servers.split(",")}
        return KafkaUplink(KafkaUplinkSettings(**{**values, **QUICK, **settings}), STORE, SystemClock())

    async def start(self) -> None:
        await self.server.start()
        await self.server.command("topic", "edge.v1.transactions", 4)
        await self.server.command("topic", "edge.v1.telemetry", 1)
        settings = {
            "bootstrap.servers": self.server.bootstrap_servers,
            "group.id": "reader",
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
        self._consumer = Consumer(settings)
        self._consumer.subscribe(["edge.v1.transactions", "edge.v1.telemetry"])

    async def received(self, count: int) -> list[Received]:
        async def look() -> int:
            await asyncio.to_thread(self._poll)
            return len(self._received)

        await _until(look, lambda found: found >= count)
        return list(self._received)

    async def stop(self) -> None:
        await self.server.command("down")

    async def kill(self) -> None:
        await self.server.command("down")

    async def resume(self) -> None:
        await self.server.command("up")

    def freeze(self) -> None:
        self.server.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.server.signal(signal.SIGCONT)

    async def close(self) -> None:
        if self._consumer is not None:
            await asyncio.to_thread(self._consumer.close)
        await self.server.close()

    def _poll(self) -> None:
        assert self._consumer is not None
        for record in self._consumer.consume(1000, 0.2):
            if record.error() is not None:
                continue
            names = {name: value.decode() for name, value in record.headers() or []}
            assert names["content-type"] == "application/cloudevents+json"
            assert record.key().decode() == names["ce_source"]
            one = Received(names["ce_id"], names["ce_type"], names["ce_source"], record.topic(), record.value())
            self._received.append(one)


FAR_ENDS: Final[dict[str, type[FarEnd]]] = {
    end.kind: end for end in (NatsFarEnd, RabbitmqFarEnd, MqttFarEnd, KafkaFarEnd)
}


def event_body(event_id: str, source: str, number: int) -> bytes:
    """Bytes that a far end would change if it read and wrote them as JSON again."""
    value = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": "t",
        "data": {"sequence": number, "ä": "1.0"},
    }
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


async def _stream_messages(stream: Any) -> int:
    return int((await stream.stream_info("EDGE")).state.messages)


async def _until(look: Callable[[], Any], is_enough: Callable[[int], bool]) -> None:
    async with asyncio.timeout(READ_TIMEOUT_S):
        while not is_enough(await look()):  # noqa: ASYNC110 - what is asked for is at the far end
            await asyncio.sleep(0.02)
