"""The store's broker for tests, with clients that collect what they receive."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from simulators.mosquitto import Mosquitto
from simulators.processes import until_still

WAIT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 3.0
"""For CONNACK and SUBACK: aiomqtt notices a link that died before them only now."""
MQTT_5 = aiomqtt.ProtocolVersion.V5
MQTT_311 = aiomqtt.ProtocolVersion.V311


class Broker(Mosquitto):
    """A real Mosquitto that hands out clients."""

    async def freeze(self) -> None:
        """SIGSTOP: connections stay, nothing is answered from when this returns. ``kill`` ends it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        await until_still(self._process.pid)

    @asynccontextmanager
    async def client(
        self,
        version: aiomqtt.ProtocolVersion = MQTT_5,
        *,
        client_id: str | None = None,
        username: str | None = None,
        password: str | None = None,
    ) -> AsyncIterator[BusClient]:
        """A connected client; it is disconnected at the end."""
        mqtt = aiomqtt.Client(
            self.host,
            self.port,
            identifier=client_id,
            protocol=version,
            username=username,
            password=password,
            timeout=ANSWER_TIMEOUT_S,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        # A broker that was killed is what the test wanted: asyncio need not complain that nobody fetched the error.
        mqtt._disconnected.add_done_callback(lambda future: future.cancelled() or future.exception())
        async with mqtt:
            client = BusClient(mqtt, version)
            collector = asyncio.create_task(client.collect())
            try:
                yield client
            finally:
                collector.cancel()
                with suppress(asyncio.CancelledError):
                    await collector


class BusClient:
    """A client of the bus that keeps, in ``messages``, everything it received, in order."""

    def __init__(self, mqtt: aiomqtt.Client, version: aiomqtt.ProtocolVersion) -> None:
        self.mqtt = mqtt
        self.messages: list[aiomqtt.Message] = []
        self._version = version
        self._arrived = asyncio.Event()

    async def collect(self) -> None:
        """Until the connection ends."""
        with suppress(aiomqtt.MqttError):
            async for message in self.mqtt.messages:
                self.messages.append(message)
                self._arrived.set()

    async def subscribe(self, topic_filter: str, qos: int = 1) -> None:
        granted = await self.mqtt.subscribe(topic_filter, qos=qos)
        codes = [code if isinstance(code, int) else code.value for code in granted]
        if any(code >= 0x80 for code in codes):
            raise RuntimeError(f"subscribe to {topic_filter}: refused with {codes}")

    async def publish(
        self,
        topic: str,
        payload: bytes | str | Mapping[str, Any],
        *,
        qos: int = 1,
        is_retained: bool = False,
        response_topic: str | None = None,
        correlation_data: bytes | None = None,
    ) -> None:
        """A mapping is sent as JSON. Response topic and correlation data: MQTT 5 only."""
        properties = None
        if response_topic is not None or correlation_data is not None:
            properties = Properties(PacketTypes.PUBLISH)
            if response_topic is not None:
                properties.ResponseTopic = response_topic
            if correlation_data is not None:
                properties.CorrelationData = correlation_data
        body = json.dumps(payload) if isinstance(payload, Mapping) else payload
        # aiomqtt tells of a link that dies under a publish only at its time-out: race the two.
        publishing = asyncio.ensure_future(
            self.mqtt.publish(topic, body, qos=qos, retain=is_retained, properties=properties)
        )
        await asyncio.wait({publishing, self.mqtt._disconnected}, return_when=asyncio.FIRST_COMPLETED)
        if not publishing.done():
            publishing.cancel()
            raise aiomqtt.MqttError("disconnected while publishing")
        await publishing

    async def wait_for(
        self, condition: Callable[[aiomqtt.Message], bool], *, timeout_s: float = WAIT_TIMEOUT_S
    ) -> aiomqtt.Message:
        """The first message, received already or later, that meets the condition. Raises TimeoutError."""
        seen = 0
        async with asyncio.timeout(timeout_s):
            while True:
                self._arrived.clear()
                for message in self.messages[seen:]:
                    seen += 1
                    if condition(message):
                        return message
                await self._arrived.wait()

    async def wait_for_count(
        self, count: int, topic_part: str = "", *, timeout_s: float = WAIT_TIMEOUT_S
    ) -> list[aiomqtt.Message]:
        """When at least ``count`` messages whose topic contains ``topic_part`` are here: all of those."""
        async with asyncio.timeout(timeout_s):
            while True:
                self._arrived.clear()
                found = self.on(topic_part)
                if len(found) >= count:
                    return found
                await self._arrived.wait()

    def on(self, topic_part: str) -> list[aiomqtt.Message]:
        return [message for message in self.messages if topic_part in str(message.topic)]

    @staticmethod
    def json(message: aiomqtt.Message) -> Any:
        """The payload of a message, read as JSON."""
        assert isinstance(message.payload, bytes)
        return json.loads(message.payload)


async def wait_until(condition: Callable[[], bool], *, timeout_s: float = WAIT_TIMEOUT_S) -> None:
    """Until a condition of the code under test holds; looks every few milliseconds. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the condition is somebody else's plain attribute
            await asyncio.sleep(0.005)
