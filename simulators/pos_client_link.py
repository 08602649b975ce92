"""A POS client's side of the bus: it stays connected, asks until it is answered, and hands events on.

A request that is not answered in time, because the broker, the gateway or the network was away, is sent again under the
same id: the gateway answers a repeat and does not do it twice. MQTT 5 replies come with correlation data; MQTT 3.1.1
clients name their reply topic in the payload of a device command.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import aiomqtt
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_gateway.contracts.clock import Clock
from simulators.pos_client_statistics import PosStatistics

CONNECT_TIMEOUT_S = 5.0
RECONNECT_S_MIN, RECONNECT_S_MAX = 0.1, 1.0
"""A till looks for its broker often: it stands beside it."""
REPLY_BYTES_MAX = 262_144

EventHandler = Callable[[str, str, str, Mapping[str, Any], float], None]
"""Device class, device id, event name, the event's data, instant of receipt (monotonic)."""


class NoAnswerError(Exception):
    """No reply before the deadline: whether the request was carried out is not known."""


@dataclass(frozen=True, slots=True)
class PosAddress:
    """Where a till stands, and its broker."""

    store_id: str
    lane: str
    terminal_id: str
    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = None
    version: Literal["5", "3.1.1"] = "5"

    @property
    def lane_topic(self) -> str:
        return f"edge/v1/{self.store_id}/{self.lane}"

    @property
    def terminal_topic(self) -> str:
        return f"{self.lane_topic}/pos/{self.terminal_id}"

    @property
    def reply_topic(self) -> str:
        return f"{self.terminal_topic}/reply"


class PosLink:
    """One connection. ``run`` keeps it; ``request`` may be called at any time, connected or not."""

    def __init__(
        self, address: PosAddress, random: Random, statistics: PosStatistics, on_event: EventHandler, clock: Clock
    ) -> None:
        self.address = address
        self._clock = clock
        self.devices: dict[str, dict[str, str]] = {}
        """Device class to device id to power state, from the retained states of the lane."""
        self._random = random
        self._statistics = statistics
        self._on_event = on_event
        self._client: aiomqtt.Client | None = None
        self._is_connected = asyncio.Event()
        self._is_lost = asyncio.Event()
        self._devices_changed = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    @property
    def is_connected(self) -> bool:
        return self._is_connected.is_set()

    async def wait_connected(self) -> None:
        """Until the broker is there and the subscriptions stand."""
        await self._is_connected.wait()

    async def devices_changed(self) -> None:
        """Until the next state of a device of the lane."""
        self._devices_changed.clear()
        await self._devices_changed.wait()

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost, until cancelled."""
        delay_s = RECONNECT_S_MIN
        while True:
            try:
                await self._session()
            except aiomqtt.MqttError as error:
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise asyncio.CancelledError from error  # taking leave of the broker failed, that is all
                self._statistics.errors["broker_lost" if self._is_lost.is_set() else "broker_not_reached"] += 1
            delay_s = RECONNECT_S_MIN if self._is_lost.is_set() else min(delay_s * 2, RECONNECT_S_MAX)
            self._is_lost.clear()
            await asyncio.sleep(delay_s * self._random.uniform(0.5, 1.0))

    async def request(
        self,
        topic: str,
        params: Mapping[str, Any],
        *,
        request_id: str,
        repeat_s: float,
        deadline_s: float | None = None,
        expires_at: str | None = None,
    ) -> dict[str, Any]:
        """The reply to ``{lane topic}/{topic}``, repeating under the same id.

        Raises NoAnswerError after the deadline; without one it asks until it is cancelled.
        """
        body: dict[str, Any] = {"id": request_id, "params": params}
        if expires_at is not None:
            body["expires_at"] = expires_at
        if self.address.version == "3.1.1" and not topic.startswith("pos/"):
            body["reply_to"] = self.address.reply_topic
        payload = json.dumps(body, separators=(",", ":")).encode()
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(deadline_s):
                while not answer.done():
                    await self._ask_once(f"{self.address.lane_topic}/{topic}", payload, request_id, answer, repeat_s)
                    self._statistics.repeats += not answer.done()
        except TimeoutError:
            raise NoAnswerError(f"{topic} {request_id}: no reply in {deadline_s} s") from None
        finally:
            del self._waiting[request_id]
        self._statistics.answered(topic.rpartition("/")[2], self._clock.monotonic() - started)
        return answer.result()

    async def _ask_once(
        self, topic: str, payload: bytes, request_id: str, answer: asyncio.Future[dict[str, Any]], repeat_s: float
    ) -> None:
        await self._is_connected.wait()
        publishing = asyncio.create_task(self._publish(topic, payload, request_id))
        losing = asyncio.create_task(self._is_lost.wait())
        try:
            # A publish in flight when the connection dies hangs until its time-out: the loss ends the wait.
            either: set[asyncio.Future[Any]] = {answer, losing}
            await asyncio.wait(either, timeout=repeat_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            publishing.cancel()
            losing.cancel()
            await asyncio.wait({publishing, losing})

    async def _publish(self, topic: str, payload: bytes, request_id: str) -> None:
        if self._client is None:
            return
        properties = None
        if self.address.version == "5":
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no annotations here
            properties.ResponseTopic = self.address.reply_topic
            properties.CorrelationData = request_id.encode()
            properties.ContentType = "application/json"
        try:
            await self._client.publish(topic, payload, qos=1, properties=properties)
        except aiomqtt.MqttError:
            self._statistics.errors["publish_failed"] += 1

    async def _session(self) -> None:
        is_5 = self.address.version == "5"
        client = aiomqtt.Client(
            self.address.host,
            self.address.port,
            identifier=f"pos-{self.address.store_id}-{self.address.lane}-{self.address.terminal_id}",
            username=self.address.username,
            password=self.address.password,
            protocol=aiomqtt.ProtocolVersion.V5 if is_5 else aiomqtt.ProtocolVersion.V311,
            clean_session=None if is_5 else True,
            clean_start=True if is_5 else MQTT_CLEAN_START_FIRST_ONLY,  # for 3.1.1 paho takes only its default
            timeout=CONNECT_TIMEOUT_S,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        async with client:
            for part in (f"{self.address.lane_topic}/+/+/event/#", f"{self.address.lane_topic}/+/+/state"):
                await client.subscribe(part, qos=1)
            await client.subscribe(self.address.reply_topic, qos=1)
            self._client = client
            self._is_lost.clear()
            self._is_connected.set()
            try:
                async for message in client.messages:
                    correlation = getattr(message.properties, "CorrelationData", None) if message.properties else None
                    payload = message.payload if isinstance(message.payload, bytes) else b"null"
                    self._receive(str(message.topic), payload, correlation)
            finally:
                self._client = None
                self._is_connected.clear()
                self._is_lost.set()

    def _receive(self, topic: str, payload: bytes, correlation: bytes | None) -> None:
        received = self._clock.monotonic()
        if not payload:
            return  # a retained state that was removed
        levels = topic.split("/")
        try:
            body = json.loads(payload)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._statistics.errors["not_json"] += 1
        elif topic == self.address.reply_topic:
            self._answer(body, correlation)
        elif levels[-1] == "state" and len(levels) == 7:
            self.devices.setdefault(levels[4], {})[levels[5]] = str(body.get("power"))
            self._devices_changed.set()
        elif levels[6:7] == ["event"] and isinstance(body.get("data"), dict):
            self._on_event(levels[4], levels[5], "/".join(levels[7:]), body["data"], received)

    def _answer(self, reply: dict[str, Any], correlation: bytes | None) -> None:
        request_id = str(reply.get("id"))
        if self.address.version == "5" and correlation != request_id.encode():
            self._statistics.errors["wrong_correlation"] += 1
            return
        waiting = self._waiting.get(request_id)
        if waiting is None:
            self._statistics.errors["reply_unasked"] += 1
        elif not waiting.done():
            waiting.set_result(reply)
