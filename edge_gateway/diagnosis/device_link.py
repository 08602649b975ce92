"""A talk with the running gateway about one device, over the store's broker: its states, its events, its answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from uuid import uuid4

import aiomqtt

from edge_gateway.bus.tls import tls_context
from edge_gateway.bus.topics import POS_CLASS, Topics
from edge_gateway.settings import BusSettings

CONNECT_S: Final = 5.0
RETAINED_S: Final = 2.0
"""What is retained comes right after the subscription; a broker across a slow line needs a moment."""
ANSWER_S: Final = 75.0
"""Above the longest deadline that the gateway gives a command (a receipt: 60 s)."""
EVENTS_MAX: Final = 1000
"""Kept; a test asks for the next one, not for the last hour."""


class NoAnswerError(Exception):
    """The gateway did not answer a request."""


class DeviceLink:
    """Use ``open_link``. ``gateway``, ``state`` and ``info``: the newest retained ones, None while there is none. Lane
    and class are learned from the device's topics."""

    def __init__(self, mqtt: aiomqtt.Client, store_id: str, device_id: str, purpose: str) -> None:
        self.gateway: Mapping[str, Any] | None = None
        self.state: Mapping[str, Any] | None = None
        self.info: Mapping[str, Any] | None = None
        self.lane: str | None = None
        self.device_class: str | None = None
        self._mqtt = mqtt
        self._topics = Topics(store_id)
        self._device_id = device_id
        self._purpose = purpose
        self._events: list[tuple[str, Mapping[str, Any]]] = []
        self._replies: dict[str, Mapping[str, Any]] = {}
        self._arrived = asyncio.Event()

    async def listen(self) -> None:
        """Until cancelled, or the broker is gone."""
        async for message in self._mqtt.messages:
            self._take(str(message.topic), message.payload)
            self._arrived.set()

    async def subscribe(self) -> None:
        """Then wait for what is retained, but not for long: there may be nothing."""
        base = f"edge/v1/{self._topics.store_id}/+/+/{self._device_id}"
        filters = [
            self._topics.gateway_state,
            *(f"{base}/{family}" for family in ("state", "info", "reply", "event/#")),
        ]
        await self._mqtt.subscribe([(each, 1) for each in filters])
        await self._until(
            lambda: self.gateway is not None and self.state is not None and self.info is not None, RETAINED_S
        )

    async def clear(self, lane: str, device_class: str) -> None:
        """Nothing of the device stays retained. For a gateway that does not run."""
        for topic in (
            self._topics.device_state(lane, device_class, self._device_id),
            self._topics.device_info(lane, device_class, self._device_id),
        ):
            await self._mqtt.publish(topic, b"", qos=1, retain=True)

    async def ask(self, name: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The whole reply. Raises NoAnswerError."""
        assert self.lane is not None
        assert self.device_class is not None
        place = (self.lane, self.device_class, self._device_id)
        request_id = f"{self._purpose}-{uuid4()}"
        body = {"id": request_id, "params": dict(params or {}), "reply_to": self._topics.reply(*place)}
        await self._mqtt.publish(self._topics.command(*place, name), json.dumps(body), qos=1)
        if not await self._until(lambda: request_id in self._replies, ANSWER_S):
            raise NoAnswerError(f"no answer to {name} in {ANSWER_S:.0f} s")
        return self._replies.pop(request_id)

    async def next_event(
        self, name: str, is_wanted: Callable[[Mapping[str, Any]], bool], wait_s: float
    ) -> Mapping[str, Any] | None:
        """``data`` of the next such event from now on; None: there was none in that time."""
        self._events.clear()
        found: list[Mapping[str, Any]] = []

        def has_come() -> bool:
            found.extend(data for event, data in self._events if event == name and is_wanted(data))
            self._events.clear()
            return bool(found)

        return found[0] if await self._until(has_come, wait_s) else None

    async def next_state(
        self, is_wanted: Callable[[Mapping[str, Any]], bool], wait_s: float
    ) -> Mapping[str, Any] | None:
        """The state as soon as it is so; None: it did not become so in that time."""
        return self.state if await self._until(lambda: is_wanted(self.state or {}), wait_s) else None

    async def _until(self, condition: Callable[[], bool], wait_s: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while not condition():
                    self._arrived.clear()
                    await self._arrived.wait()
                return True
        return False

    def _take(self, topic: str, payload: Any) -> None:
        try:
            body = json.loads(payload)
        except (ValueError, TypeError):
            return
        if not isinstance(body, dict):
            return
        if topic == self._topics.gateway_state:
            self.gateway = body
            return
        levels = topic.split("/")
        if levels[4] == POS_CLASS:
            return  # a terminal of this name
        self.lane, self.device_class, family = levels[3], levels[4], levels[6]
        if family == "state":
            self.state = body
        elif family == "info":
            self.info = body
        elif family == "reply":
            self._replies[str(body.get("id"))] = body
        elif len(self._events) < EVENTS_MAX:
            self._events.append((levels[-1], body.get("data", {})))


@asynccontextmanager
async def open_link(
    bus: BusSettings, store_id: str, device_id: str, *, purpose: str = "device-test"
) -> AsyncIterator[DeviceLink]:
    """As the gateway's own user, under another client id. ``purpose``: in the ids of its requests, which a copy of a
    print job keeps. Raises OSError, aiomqtt.MqttError."""
    password = bus.password_file.read_text("utf-8").strip() if bus.password_file else None
    mqtt = aiomqtt.Client(
        bus.host,
        bus.port,
        identifier=f"edge-gateway-{purpose}-{uuid4().hex[:8]}",
        username=bus.username,
        password=password,
        tls_context=tls_context(bus),
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=CONNECT_S,
    )
    async with mqtt:
        link = DeviceLink(mqtt, store_id, device_id, purpose)
        listening = asyncio.create_task(link.listen())
        try:
            await link.subscribe()
            yield link
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await listening
