"""The broker that the other tests stand on."""

from __future__ import annotations

from pathlib import Path

import aiomqtt
import pytest

from tests.support.broker import MQTT_5, MQTT_311, Broker, BusClient


@pytest.mark.parametrize("version", [MQTT_5, MQTT_311])
async def test_broker_carries_messages(broker: Broker, version: aiomqtt.ProtocolVersion) -> None:
    async with broker.client(version) as client:
        await client.subscribe("a/#")
        await client.publish("a/b", {"x": 1})
        message = await client.wait_for(lambda message: str(message.topic) == "a/b")
        assert BusClient.json(message) == {"x": 1}


async def test_broker_keeps_its_port_over_a_kill(broker: Broker) -> None:
    port = broker.port
    await broker.kill()
    assert not broker.is_running
    await broker.start()
    assert broker.port == port
    async with broker.client() as client:
        await client.publish("a", "b")


async def test_broker_asks_for_its_passwords(tmp_path: Path) -> None:
    broker = Broker(tmp_path, passwords={"pos": "right"}, acl="user pos\ntopic readwrite a/#\n")
    await broker.start()
    try:
        async with broker.client(username="pos", password="right") as client:
            await client.subscribe("a/#")
        with pytest.raises(aiomqtt.MqttError):
            async with broker.client(username="pos", password="wrong"):
                pass
    finally:
        await broker.stop()
