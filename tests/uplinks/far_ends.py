"""The far ends of the uplinks to message engines: the real server, and an independent reader of what it holds."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiomqtt
import aiormq
import nats
from aiormq.abc import DeliveredMessage
from confluent_kafka import Consumer, TopicPartition

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.store import StreamNames
from edge_gateway.settings_uplinks import (
    KafkaUplinkSettings,
    MqttUplinkSettings,
    NatsUplinkSettings,
    RabbitmqUplinkSettings,
)
from edge_gateway.uplinks.engines.engine import EngineUplink
from edge_gateway.uplinks.factory import make_uplink
from simulators.kafka_mock import KafkaMock
from simulators.nats_server import NatsServer
from simulators.rabbitmq_server import RabbitmqServer
from simulators.relay import Relay
from tests.support.broker import Broker

STORE: Final = "S001"
QUICK: Final = {"connect_timeout_s": 2.0, "response_timeout_s": 3.0}
"""Time-outs for tests that wait for one; RabbitMQ on a machine that is busy answers within."""
READ_TIMEOUT_S: Final = 30.0
PARTITIONS: Final = 4


class Received(NamedTuple):
    """One event as a consumer got it, beside the body: id, type and source from headers or properties."""

    id: str
    type: str
    source: str
    where: str
    body: bytes


class FarEnd(ABC):
    """Implements ``behaviour.FarEnd``. ``stop`` is a kill -9 and an orderly end in turn."""

    kind: str
    server: Any

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._stops = 0

    @abstractmethod
    def settings(self, **values: Any) -> Any: ...

    def uplink(self, **values: Any) -> EngineUplink[Any]:
        uplink = make_uplink(self.settings(**{**QUICK, **values}), STORE, SystemClock())
        assert isinstance(uplink, EngineUplink)
        return uplink

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def received(self, count: int = 0) -> list[Received]:
        """When at least so many are there: all of them, in the far end's order."""

    async def events(self) -> list[str]:
        return list(dict.fromkeys(one.id for one in await self.received()))

    async def stall(self, is_stalled: bool) -> None:
        if is_stalled:
            await self.freeze()
        else:
            self.thaw()

    async def stop(self) -> None:
        self._stops += 1
        if self._stops % 2:
            await self.kill()
        else:
            await self.end()

    async def end(self) -> None:
        """The orderly way."""
        await self.server.stop()

    async def kill(self) -> None:
        await self.server.kill()

    async def freeze(self) -> None:
        await self.server.freeze()

    def thaw(self) -> None:
        self.server.thaw()

    async def close(self) -> None:
        await self.server.kill()


class NatsFarEnd(FarEnd):
    kind = "nats"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.server = NatsServer(directory / "nats")

    def settings(self, **values: Any) -> NatsUplinkSettings:
        place = {"kind": "nats", "name": "cloud", "host": self.server.host, "port": self.server.port}
        return NatsUplinkSettings(**{**place, **values})

    async def start(self) -> None:
        await self.server.start()
        async with self._client() as client:
            await client.jetstream().add_stream(name="EDGE", subjects=["edge.v1.>"])

    async def received(self, count: int = 0) -> list[Received]:
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
    """``shared``: a server that runs, and runs on; then ``stop`` cuts the line to it, since it takes seconds to start.

    Each far end has an exchange and a queue of its own.
    """

    kind = "rabbitmq"

    def __init__(self, directory: Path, shared: RabbitmqServer | None = None) -> None:
        super().__init__(directory)
        self.server = shared or RabbitmqServer(directory / "rabbitmq")
        self.queue = self.exchange = "edge.v1" if shared is None else f"edge.{directory.name}"
        self._is_shared = shared is not None
        self._relay = Relay(self.server.host, 0)
        self._received: list[Received] = []

    def settings(self, **values: Any) -> RabbitmqUplinkSettings:
        place = {"host": self._relay.host, "port": self._relay.port, "exchange": self.exchange}
        return RabbitmqUplinkSettings(**{"kind": "rabbitmq", "name": "cloud", **place, **values})

    async def start(self) -> None:
        await self.serve()
        async with self.channel() as channel:
            await channel.exchange_declare(self.exchange, exchange_type="topic", durable=True)
            await channel.queue_declare(self.queue, durable=True)
            await channel.queue_bind(self.queue, self.exchange, f"{STORE}.#")
        await self._relay.start()

    async def serve(self) -> None:
        """Without exchange and queue."""
        if not self.server.is_running:
            await self.server.start()
        self._relay.target_port = self.server.port

    async def stop(self) -> None:
        await self._relay.stop()
        if not self._is_shared:
            await super().stop()

    async def end(self) -> None:
        await self._relay.stop()
        await super().end()

    async def kill(self) -> None:
        await self._relay.stop()
        await super().kill()

    async def received(self, count: int = 0) -> list[Received]:
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
        await self._relay.stop()
        if not self._is_shared:
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
        self._marks: set[str] = set()
        self._reading: asyncio.Task[None] | None = None

    def settings(self, **values: Any) -> MqttUplinkSettings:
        place = {"kind": "mqtt", "name": "cloud", "host": self._relay.host, "port": self._relay.port}
        return MqttUplinkSettings(**{**place, **values})

    async def start(self) -> None:
        await self.server.start()
        self._relay.target_port = self.server.port
        is_subscribed = asyncio.Event()
        self._reading = asyncio.create_task(self._read(is_subscribed))
        await is_subscribed.wait()
        await self._relay.start()

    async def received(self, count: int = 0) -> list[Received]:
        """What was acknowledged before is in front of a mark that is sent now."""
        mark = f"mark-{len(self._received)}"
        async with self.server.client() as client:
            await client.publish("edge/v1/mark", mark)
        async with asyncio.timeout(READ_TIMEOUT_S):
            while mark not in self._marks or len(self._received) < count:  # noqa: ASYNC110 - filled by another task
                await asyncio.sleep(0.01)
        return list(self._received)

    async def end(self) -> None:
        await self.server.stop()
        await self._ended()

    async def kill(self) -> None:
        await self.server.kill()
        await self._ended()

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
                    if str(message.topic) == "edge/v1/mark":
                        self._marks.add(bytes(message.payload).decode())  # type: ignore[arg-type]
                        continue
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
        self._is_started = False

    def settings(self, **values: Any) -> KafkaUplinkSettings:
        servers = self.server.bootstrap_servers.split(",")
        return KafkaUplinkSettings(**{"kind": "kafka", "name": "cloud", "bootstrap_servers": servers, **values})

    async def start(self) -> None:
        if self._is_started:
            await self.server.command("up")
            return
        await self.server.start()
        await self.server.command("topic", f"edge.v1.{StreamNames.TRANSACTIONS}", PARTITIONS)
        for stream in set(StreamNames) - {StreamNames.TRANSACTIONS}:
            await self.server.command("topic", f"edge.v1.{stream}", 1)
        self._is_started = True

    async def received(self, count: int = 0) -> list[Received]:
        found: list[Received] = []
        async with asyncio.timeout(READ_TIMEOUT_S):
            while not found or len(found) < count:
                found = await asyncio.to_thread(self._read)
        return found

    async def end(self) -> None:
        await self.server.command("down")

    async def kill(self) -> None:
        await self.server.command("down")

    async def freeze(self) -> None:
        await self.server.freeze()

    def thaw(self) -> None:
        self.server.thaw()

    async def close(self) -> None:
        await self.server.close()

    def _read(self) -> list[Received]:
        """Every partition from its beginning to what is its end now."""
        settings = {"bootstrap.servers": self.server.bootstrap_servers, "group.id": "reader", "log_level": 0}
        consumer = Consumer(settings)
        try:
            partitions = [
                TopicPartition(f"edge.v1.{stream}", number, 0)
                for stream in StreamNames
                for number in range(PARTITIONS if stream is StreamNames.TRANSACTIONS else 1)
            ]
            stored = sum(consumer.get_watermark_offsets(each, READ_TIMEOUT_S)[1] for each in partitions)
            consumer.assign(partitions)
            found: list[Received] = []
            ends_at = time.monotonic() + READ_TIMEOUT_S
            while len(found) < stored:
                assert time.monotonic() < ends_at, f"{len(found)} of {stored} records read"
                found += [_record(each) for each in consumer.consume(1000, 0.2) if each.error() is None]
            return found
        finally:
            consumer.close()


def _record(record: Any) -> Received:
    names = {name: value.decode() for name, value in record.headers()}
    assert names["content-type"] == "application/cloudevents+json"
    assert record.key().decode() == names["ce_source"]
    return Received(names["ce_id"], names["ce_type"], names["ce_source"], record.topic(), record.value())


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
