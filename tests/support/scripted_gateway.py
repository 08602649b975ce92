"""The gateway's side of the bus, scripted: it answers requests as a test says, so that clients can be tried alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiomqtt

from tests.support.broker import Broker, BusClient

STORE, LANE, TERMINAL = "S001", "lane-1", "T1"
BASE = f"edge/v1/{STORE}/{LANE}"


@dataclass(frozen=True)
class Asked:
    """One request as it came, repeats included."""

    name: str
    id: str
    params: dict[str, Any]
    body: dict[str, Any]
    response_topic: str | None
    correlation: bytes | None


Answer = Callable[[Asked], dict[str, Any] | None]
"""The reply without its id; None: no answer."""


class ScriptedGateway:
    """Answers with ``answer``; keeps what it was asked; publishes events and states."""

    def __init__(self, bus: BusClient, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self._bus = bus

    def named(self, name: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.name == name]

    async def announce(self, device_class: str, device_id: str) -> None:
        """A retained state: the device is there."""
        await self._bus.publish(f"{BASE}/{device_class}/{device_id}/state", {"power": "online"}, is_retained=True)

    async def event(self, device_class: str, name: str, **data: Any) -> None:
        topic = f"{BASE}/{device_class}/{device_class}-1/event/{name}"
        await self._bus.publish(topic, {"specversion": "1.0", "data": {"lane": LANE, "sequence": 1, **data}})

    async def scan(self, text: str) -> None:
        await self.event("scanner", "barcode_scanned", text=text, gtin=text.rjust(14, "0"))

    async def publish_raw(self, topic: str, payload: bytes) -> None:
        await self._bus.publish(topic, payload)

    async def serve(self) -> None:
        """Until cancelled."""
        with suppress(aiomqtt.MqttError):
            async for message in self._bus.mqtt.messages:
                await self._take(message)

    async def _take(self, message: aiomqtt.Message) -> None:
        assert isinstance(message.payload, bytes)
        body = json.loads(message.payload)
        properties = message.properties
        asked = Asked(
            name=str(message.topic).rpartition("/")[2],
            id=body["id"],
            params=body["params"],
            body=body,
            response_topic=getattr(properties, "ResponseTopic", None),
            correlation=getattr(properties, "CorrelationData", None),
        )
        self.asked.append(asked)
        reply = self.answer(asked)
        if reply is not None:
            topic = asked.response_topic or body.get("reply_to") or f"{BASE}/pos/{TERMINAL}/reply"
            payload = {"id": asked.id, **reply}
            await self._bus.publish(topic, payload, correlation_data=asked.correlation)


@asynccontextmanager
async def scripted_gateway(broker: Broker, answer: Answer) -> AsyncIterator[ScriptedGateway]:
    """Connected and subscribed."""
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as mqtt:
        bus = BusClient(mqtt, aiomqtt.ProtocolVersion.V5)
        await bus.subscribe(f"edge/v1/{STORE}/+/+/+/command/+")
        gateway = ScriptedGateway(bus, answer)
        serving = asyncio.create_task(gateway.serve())
        try:
            yield gateway
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def failed(code: str, *, is_retryable: bool) -> dict[str, Any]:
    """A reply."""
    return {"status": "failed", "error": {"code": code, "message": code, "retryable": is_retryable}}


def accepted(asked: Asked) -> dict[str, Any]:
    """A reply to a submit."""
    transaction_id = asked.params["transaction"]["transaction_id"]
    return {"status": "accepted", "result": {"transaction_id": transaction_id, "event_id": f"event-{transaction_id}"}}
