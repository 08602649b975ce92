"""The bus publishes to a real Mosquitto: in order, at once, and nothing refused is taken for sent."""

from __future__ import annotations

import asyncio
import socket
from collections import defaultdict
from pathlib import Path

import pytest

from edge_gateway.bus.mqtt_connection import Connection
from edge_gateway.contracts.bus import BusMessage
from tests.support.broker import MQTT_5, MQTT_311, Broker, wait_until
from tests.support.bus import make_bus, running

STATE = "edge/v1/S001/gateway/state"
COMMANDS = "edge/v1/S001/+/+/+/command/+"
COMMAND = "edge/v1/S001/lane-1/pos/T1/command/submit_transaction"
ACL = """\
user gateway
topic readwrite edge/v1/S001/gateway/#
topic readwrite allowed/#
user reader
topic read #
topic readwrite edge/#
"""


async def test_bus_says_online_and_offline(broker: Broker) -> None:
    bus = make_bus(broker)
    async with broker.client() as client:
        await client.subscribe("edge/#")
        async with running(bus):
            online = client.json(await client.wait_for(lambda message: str(message.topic) == STATE))
            await bus.stop()
        offline = client.json((await client.wait_for_count(2, STATE))[1])
    assert (online["state"], online["version"]) == ("online", "1.2.3")
    assert online["since"].endswith("Z")
    assert offline["state"] == "offline"
    assert offline["since"] is not None


async def test_bus_that_dies_is_declared_offline_by_the_broker(broker: Broker) -> None:
    bus = make_bus(broker)
    async with broker.client() as client:
        async with running(bus):
            pass
        await client.subscribe(STATE)
        message = await client.wait_for(lambda message: b"offline" in bytes(message.payload))
        assert client.json(message) == {"state": "offline", "since": None, "version": "1.2.3"}
    async with broker.client() as latecomer:
        await latecomer.subscribe(STATE)
        assert (await latecomer.wait_for(lambda message: b"offline" in bytes(message.payload))).retain


@pytest.mark.parametrize("version", [MQTT_5, MQTT_311])
async def test_bus_publishes_with_content_type_in_order(broker: Broker, version: object) -> None:
    bus = make_bus(broker)
    async with broker.client(version) as client, running(bus):  # type: ignore[arg-type]
        await client.subscribe("t/#")
        for number in range(500):
            bus.publish(f"t/{number % 3}", str(number).encode(), content_type="application/cloudevents+json")
        messages = await client.wait_for_count(500, "t/")
        by_topic = defaultdict(list)
        for message in messages:
            by_topic[str(message.topic)].append(int(bytes(message.payload)))
        assert [by_topic[f"t/{topic}"] for topic in range(3)] == [list(range(topic, 500, 3)) for topic in range(3)]
        if version is MQTT_5:
            assert messages[0].properties is not None
            assert messages[0].properties.ContentType == "application/cloudevents+json"
        await wait_until(lambda: bus.counters["published"] >= 501)


async def test_bus_sends_within_the_call(broker: Broker) -> None:
    """No turn of our loop lies between ``publish`` and the socket: the bytes are there before we yield."""
    bus = make_bus(broker)
    async with running(bus):
        connection = bus._pipeline.connection
        assert isinstance(connection, Connection)
        sock = connection._client.socket()
        assert isinstance(sock, socket.socket)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        await wait_until(lambda: bus.queued == 0)
        bus.publish("t/1", b"x")
        assert not connection._client.want_write()
        assert bus.queued == 1


async def test_bus_runs_no_busy_loop_when_idle(broker: Broker) -> None:
    """A writer that stays registered would turn the loop thousands of times a second."""
    bus = make_bus(broker)
    async with running(bus):
        for number in range(50):
            bus.publish("t/1", str(number).encode())
        await wait_until(lambda: bus.queued == 0)
        connection = bus._pipeline.connection
        assert connection is not None
        sock = connection._client.socket()
        assert isinstance(sock, socket.socket)
        assert not asyncio.get_running_loop().remove_writer(sock.fileno())


async def test_bus_runs_on_the_loop_of_the_daemon(broker: Broker) -> None:
    assert type(asyncio.get_running_loop()).__module__.startswith("uvloop")


async def test_bus_drops_messages_that_no_broker_would_take(broker: Broker) -> None:
    bus = make_bus(broker)
    async with broker.client() as client, running(bus):
        await client.subscribe("t/#")
        bus.publish("t/+/wild", b"x")
        bus.publish("t/\ud800", b"x")
        bus.publish("t/fine", b"y")
        await client.wait_for_count(1, "t/fine")
        assert bus.counters["refused:unsendable"] == 2


async def test_bus_does_not_send_more_than_the_broker_takes(tmp_path: Path) -> None:
    broker = Broker(tmp_path, extra="max_packet_size 2000")
    await broker.start()
    bus = make_bus(broker)
    try:
        async with broker.client() as client, running(bus):
            await client.subscribe("t/#")
            bus.publish("t/large", b"x" * 3000)
            bus.publish("t/fine", b"y")
            await client.wait_for_count(1, "t/fine")
            assert bus.counters["refused:too_large"] == 1
            assert bus.counters["connected"] == 1
    finally:
        await broker.stop()


async def test_bus_counts_refusals_and_gives_them_up(tmp_path: Path) -> None:
    broker = Broker(tmp_path, passwords={"gateway": "g", "reader": "r"}, acl=ACL)
    await broker.start()
    password = tmp_path / "password"
    password.write_text("g\n")
    bus = make_bus(broker, username="gateway", password_file=password)
    seen: list[BusMessage] = []

    async def handle(message: BusMessage) -> None:
        seen.append(message)

    bus.subscribe(COMMANDS, handle)
    try:
        async with broker.client(username="reader", password="r") as client, running(bus):
            await client.subscribe("allowed/#")
            for number in range(150):
                bus.publish("forbidden/1", b"x")
                bus.publish("allowed/1", str(number).encode())
            await client.wait_for_count(150, "allowed/")
            await wait_until(lambda: bus.queued == 0)
            assert bus.counters["refused:0x87"] == 150
            assert bus.counters["published"] == 151
            # Mosquitto grants subscriptions and holds the messages back (its ACL says so in the SUBACK only for
            # a subscribe rule); either way nothing arrives.
            await client.publish(COMMAND, "{}")
            bus.publish("allowed/2", b"after")
            await client.wait_for_count(1, "allowed/2")
            assert seen == []
    finally:
        await broker.stop()
