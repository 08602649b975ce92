"""Messages that reach the gateway, through a real Mosquitto: each is handled once, and none that came too late."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.bus.mqtt import MqttBus
from edge_gateway.contracts.bus import BusMessage
from tests.support.broker import MQTT_5, MQTT_311, Broker, wait_until
from tests.support.bus import make_bus, running

COMMANDS = "edge/v1/S001/+/+/+/command/+"
POS_COMMANDS = "edge/v1/S001/+/pos/+/command/+"
COMMAND = "edge/v1/S001/lane-1/pos/T1/command/submit_transaction"
PRINT = "edge/v1/S001/lane-1/pos_printer/p1/command/print"


class Heard:
    """Subscribes as the gateway does: what terminals ask is queued, what devices are asked is not."""

    def __init__(self, bus: MqttBus) -> None:
        self.pos: list[BusMessage] = []
        self.devices: list[BusMessage] = []
        bus.subscribe(POS_COMMANDS, self._hear_pos)
        bus.subscribe(COMMANDS, self._hear_devices, is_queued=False)

    async def _hear_pos(self, message: BusMessage) -> None:
        self.pos.append(message)

    async def _hear_devices(self, message: BusMessage) -> None:
        self.devices.append(message)


@pytest.mark.parametrize("extra", ["", "queue_qos0_messages true"])
async def test_bus_hears_no_device_command_that_was_sent_while_it_was_away(tmp_path: Path, extra: str) -> None:
    """The sale waits at the broker, the command does not, also where the broker keeps QoS 0 for absent clients."""
    broker = Broker(tmp_path, extra=extra)
    await broker.start()
    try:
        async with broker.client() as client:
            async with running(make_listening(broker)[0]) as bus:
                await bus.stop()
            for qos in (0, 1, 2):
                await client.publish(PRINT, "old", qos=qos)
            await client.publish(COMMAND, "sale")
            bus, heard = make_listening(broker)
            async with running(bus):
                await client.publish(PRINT, "new")
                await wait_until(lambda: bool(heard.pos and heard.devices))
                assert [message.payload for message in heard.devices] == [b"new"]
                assert [message.payload for message in heard.pos] == [b"sale"]
                # A broker that had not yet seen us go may send what it wrote to the old connection as well.
                assert bus.counters["dropped:waited_at_broker"] >= (1 if extra else 0)
    finally:
        await broker.stop()


@pytest.mark.parametrize("version", [MQTT_5, MQTT_311])
@pytest.mark.parametrize("extra", ["", "allow_duplicate_messages false"])
async def test_bus_handles_a_message_of_two_subscriptions_once(tmp_path: Path, version: Any, extra: str) -> None:
    """Whatever QoS the terminal publishes with. Mosquitto sends a copy for each subscription."""
    broker = Broker(tmp_path, extra=extra)
    await broker.start()
    try:
        bus, heard = make_listening(broker)
        async with broker.client(version) as client, running(bus):
            for qos in (0, 1, 2):
                await client.publish(COMMAND, str(qos), qos=qos)
            await client.publish(PRINT, "last")
            await wait_until(lambda: len(heard.pos) == 3 and bool(heard.devices))
            assert [(message.payload, message.qos) for message in heard.pos] == [(b"0", 0), (b"1", 1), (b"2", 1)]
            assert [message.payload for message in heard.devices] == [b"last"]
            assert bus.counters["received:copies"] == 3
    finally:
        await broker.stop()


async def test_bus_acknowledges_in_the_order_of_receipt(tmp_path: Path) -> None:
    """MQTT 5, MQTT-4.6.0-2; and a slow one holds nobody else up."""
    broker = Broker(tmp_path, extra="log_type all")
    await broker.start()
    bus, handled = make_bus(broker), list[bytes]()
    releases = {str(number).encode(): asyncio.Event() for number in range(6)}

    async def handle(message: BusMessage) -> None:
        await releases[message.payload].wait()
        handled.append(message.payload)

    bus.subscribe(COMMANDS, handle)
    try:
        async with broker.client() as client, running(bus):
            for payload in releases:
                await client.publish(COMMAND, payload)
            await wait_until(lambda: bus.counters["received"] == 6)
            for payload in sorted(releases, reverse=True):
                releases[payload].set()
                await wait_until(lambda payload=payload: payload in handled)  # type: ignore[misc]
            await wait_until(lambda: len(acknowledged(tmp_path)) == 6)
        assert handled == sorted(releases, reverse=True)
        assert acknowledged(tmp_path) == sorted(acknowledged(tmp_path))
    finally:
        await broker.stop()


def acknowledged(directory: Path) -> list[int]:
    """Packet ids of the gateway's PUBACKs, in the order in which the broker saw them."""
    log = (directory / "mosquitto.log").read_text()
    return [int(mid) for mid in re.findall(r"Received PUBACK from edge-gateway-S001 \(Mid: (\d+)", log)]


async def test_bus_is_sent_no_more_than_it_handles_at_once(broker: Broker) -> None:
    """QoS 1: the broker keeps the rest until something is acknowledged."""
    bus, release = make_bus(broker, requests_concurrent_max=5), asyncio.Event()
    running_now = most = done = 0

    async def handle(message: BusMessage) -> None:
        nonlocal running_now, most, done
        running_now += 1
        most = max(most, running_now)
        await release.wait()
        running_now -= 1
        done += 1

    bus.subscribe(COMMANDS, handle)
    async with broker.client() as client, running(bus):
        for number in range(40):
            await client.publish(COMMAND, str(number))
        await wait_until(lambda: running_now == 5)
        release.set()
        await wait_until(lambda: done == 40)
    assert most == 5


def make_listening(broker: Broker) -> tuple[MqttBus, Heard]:
    bus = make_bus(broker)
    return bus, Heard(bus)
