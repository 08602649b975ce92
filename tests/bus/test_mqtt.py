"""The bus against a real Mosquitto: nothing is lost, nothing is taken for sent that was refused, order is kept."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_gateway.bus.mqtt_connection import Connection
from edge_gateway.contracts import log_events
from edge_gateway.contracts.bus import BusMessage, Urgency
from tests.support.broker import MQTT_5, MQTT_311, Broker, BusClient, wait_until
from tests.support.bus import make_bus, running

STATE = "edge/v1/S001/gateway/state"
COMMANDS = "edge/v1/S001/+/+/+/command/+"
CANCELLATIONS = 200
TURNS_STEP = 3
"""Of the event loop: connecting on the loopback takes a few hundred, so that 200 steps cover it."""
COMMAND = "edge/v1/S001/lane-1/pos/T1/command/submit_transaction"


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
        assert message.retain
        assert client.json(message) == {"state": "offline", "since": None, "version": "1.2.3"}


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


async def test_bus_without_a_broker_keeps_messages_until_it_comes(broker: Broker) -> None:
    await broker.stop()
    bus = make_bus(broker)
    async with running(bus, is_connected=False):
        bus.publish("t/1", b"early", urgency=Urgency.REPLY)
        await wait_until(lambda: bus.counters["connect_failed"] >= 2)
        assert not bus.is_connected
        # Retained, to be found however late the client subscribes.
        bus.retain("t/retained", b"old")
        bus.retain("t/retained", b"new")
        await broker.start()
        await wait_until(lambda: bus.is_connected and bus.queued == 0)
        assert bus.counters["published"] == 3
        async with broker.client() as client:
            await client.subscribe("t/#")
            assert (await client.wait_for(lambda message: True)).payload == b"new"


async def test_bus_loses_nothing_when_the_broker_is_killed_in_mid_traffic(tmp_path: Path) -> None:
    """Three kills under traffic. The broker forgets all, so a subscriber attached before the next message sees each
    message that was published after; here: every message reaches a broker (PUBACK), retained values the last one."""
    broker = Broker(tmp_path)
    await broker.start()
    bus = make_bus(broker)
    try:
        async with running(bus):
            sent = 0
            for _ in range(3):
                for _ in range(400):
                    bus.publish("t/1", str(sent).encode(), urgency=Urgency.REPLY)
                    bus.retain("t/state", str(sent).encode())
                    sent += 1
                    if sent % 100 == 0:
                        await asyncio.sleep(0)
                await broker.kill()
                for _ in range(100):
                    bus.publish("t/1", str(sent).encode(), urgency=Urgency.REPLY)
                    sent += 1
                await wait_until(lambda: not bus.is_connected)
                await broker.start()
            await wait_until(lambda: bus.is_connected and bus.queued == 0, timeout_s=20)
            # Retained values are published at least once each connection, and superseded ones not at all.
            assert bus.counters["published"] >= sent
            assert bus.counters["requeued"] > 0
            async with broker.client() as client:
                await client.subscribe("#")
                state = await client.wait_for(lambda message: str(message.topic) == "t/state")
                assert state.payload == str(sent - 101).encode()
                await client.wait_for(
                    lambda message: str(message.topic) == STATE and b"online" in bytes(message.payload)
                )
    finally:
        await broker.stop()


async def test_bus_keeps_order_over_a_broker_that_restarts(tmp_path: Path) -> None:
    """The subscriber's session survives in the broker, so it sees everything that any of its lives acknowledged."""
    broker = Broker(tmp_path, is_persistent=True)
    await broker.start()
    bus = make_bus(broker)
    numbers: list[int] = []
    try:
        async with running(bus):
            sent = 0
            for _ in range(3):
                subscriber = _PersistentSubscriber(broker)
                async with subscriber:
                    for _ in range(300):
                        bus.publish("t/1", str(sent).encode())
                        sent += 1
                    await wait_until(lambda: bus.counters["published"] > 100)
                numbers += subscriber.numbers
                await broker.restart()
                await wait_until(lambda: bus.is_connected, timeout_s=20)
            await wait_until(lambda: bus.queued == 0, timeout_s=20)
            async with _PersistentSubscriber(broker) as subscriber:
                await wait_until(lambda: bool({sent - 1} & {*numbers, *subscriber.numbers}))
            numbers += subscriber.numbers
    finally:
        await broker.stop()
    assert set(numbers) == set(range(sent))
    first_seen = list(dict.fromkeys(numbers))
    assert first_seen == sorted(first_seen)


class _PersistentSubscriber:
    """MQTT 3.1.1 without a clean session: what is published while it is away waits for it at the broker."""

    def __init__(self, broker: Broker) -> None:
        self.numbers: list[int] = []
        self._broker = broker

    async def __aenter__(self) -> _PersistentSubscriber:
        import aiomqtt

        self._mqtt = aiomqtt.Client(self._broker.host, self._broker.port, identifier="subscriber", clean_session=False)
        await self._mqtt.__aenter__()
        await self._mqtt.subscribe("t/#", qos=1)
        self._task = asyncio.create_task(self._collect())
        return self

    async def _collect(self) -> None:
        async for message in self._mqtt.messages:
            self.numbers.append(int(bytes(message.payload)))

    async def __aexit__(self, *_: object) -> None:
        await self._mqtt.__aexit__(None, None, None)
        await asyncio.gather(self._task, return_exceptions=True)


ACL = """\
user gateway
topic readwrite edge/v1/S001/gateway/#
topic readwrite allowed/#
user reader
topic read #
topic readwrite edge/#
"""


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


async def test_bus_sees_refused_subscriptions(tmp_path: Path) -> None:
    """Mosquitto refuses subscriptions only through a plugin; aiomqtt returns the refusal as if granted."""
    plugins = sorted(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"))
    access = {"publishClientSend": True, "publishClientReceive": True, "subscribe": False, "unsubscribe": True}
    (tmp_path / "security.json").write_text(json.dumps({"defaultACLAccess": access}))
    extra = f"plugin {plugins[0]}\nplugin_opt_config_file {tmp_path}/security.json"
    broker = Broker(tmp_path, extra=extra)
    await broker.start()
    bus = make_bus(broker)

    async def handle(message: BusMessage) -> None:
        raise AssertionError(message)

    bus.subscribe(COMMANDS, handle)
    try:
        async with running(bus):
            assert bus.refused_subscriptions == (COMMANDS,)
            assert bus.counters["subscribe_refused"] == 1
            # It can still publish.
            bus.publish("t/1", b"x")
            await wait_until(lambda: bus.queued == 0)
    finally:
        await broker.stop()


async def test_bus_hands_requests_over_and_acknowledges_after_the_handler(broker: Broker) -> None:
    """A handler that never ended with the connection: the message comes again to the same session."""
    bus, release, seen = make_bus(broker), asyncio.Event(), []

    async def handle(message: BusMessage) -> None:
        seen.append(message)
        await release.wait()

    bus.subscribe(COMMANDS, handle)
    async with broker.client() as client:
        async with running(bus):
            await client.publish(COMMAND, {"id": "1"}, response_topic="r/1", correlation_data=b"\x00\xff")
            await wait_until(lambda: len(seen) == 1)
        assert (seen[0].response_topic, seen[0].correlation_data) == ("r/1", b"\x00\xff")
        assert not seen[0].is_retained
        again = make_bus(broker)
        again.subscribe(COMMANDS, handle)
        release.set()
        async with running(again):
            await wait_until(lambda: len(seen) == 2)
            await again.stop()
        once_more = make_bus(broker)
        once_more.subscribe(COMMANDS, handle)
        async with running(once_more):
            await client.publish(COMMAND, {"id": "2"})
            await wait_until(lambda: len(seen) == 3)
    assert [json.loads(message.payload)["id"] for message in seen] == ["1", "1", "2"]


async def test_bus_takes_requests_that_came_while_it_was_away(broker: Broker) -> None:
    seen: list[BusMessage] = []

    async def handle(message: BusMessage) -> None:
        seen.append(message)

    for expected in ("before", "while away"):
        bus = make_bus(broker)
        bus.subscribe(COMMANDS, handle)
        async with running(bus):
            if expected == "before":
                await bus.stop()
            else:
                await wait_until(lambda: len(seen) == 1)
        async with broker.client(MQTT_311) as client:
            await client.publish(COMMAND, b"while away")
    assert [message.payload for message in seen] == [b"while away"]


async def test_bus_bounds_concurrent_handlers(broker: Broker) -> None:
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
            await client.publish(COMMAND, str(number), qos=number % 2)
        await wait_until(lambda: running_now == 5)
        release.set()
        await wait_until(lambda: done == 40)
    assert most == 5


async def test_bus_survives_a_handler_that_fails(broker: Broker) -> None:
    bus, seen = make_bus(broker), []

    async def handle(message: BusMessage) -> None:
        seen.append(message.payload)
        raise ZeroDivisionError(f"quotes {message.payload!r}")

    bus.subscribe(COMMANDS, handle)
    with capture_logs() as logs:
        async with broker.client() as client, running(bus):
            await client.publish(COMMAND, "card 4111")
            await client.publish(COMMAND, "card 4111")
            await wait_until(lambda: bus.counters["handler_failed"] == 2)
    lines = [line for line in logs if line["event"] == log_events.BUS_HANDLER_FAILED]
    assert [line["error"] for line in lines] == ["ZeroDivisionError"] * 2
    assert "4111" not in str(lines)


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


async def test_bus_stops_in_time_without_a_broker(broker: Broker) -> None:
    await broker.stop()
    bus = make_bus(broker)
    async with running(bus, is_connected=False):
        bus.publish("t/1", b"x")
        async with asyncio.timeout(4):
            await bus.stop(deadline_s=0.5)


async def test_bus_stops_in_time_when_the_broker_is_reached_but_silent() -> None:
    """Half open: the kernel accepts the connection, and nobody ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = Broker(Path("unused"))
        broker.port = silent.getsockname()[1]
        bus = make_bus(broker)
        async with running(bus, is_connected=False):
            bus.publish("t/1", b"x")
            await asyncio.sleep(0)
            async with asyncio.timeout(4):
                await bus.stop(deadline_s=0.2)


async def test_bus_cancelled_while_it_connects_leaves_nothing_behind(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every moment of connecting: before, in and behind the thread that does it, and waiting for the CONNACK."""
    complaints: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: complaints.append(repr(found.exc_value)))
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(repr(context)))
    for turns in range(CANCELLATIONS):
        task = asyncio.create_task(make_bus(broker).run())
        for _ in range(turns * TURNS_STEP):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await loop.shutdown_default_executor()
    gc.collect()
    await asyncio.sleep(0)
    gc.collect()
    assert complaints == []


async def test_bus_flushes_what_waits_before_it_stops(broker: Broker) -> None:
    bus = make_bus(broker)
    async with broker.client() as client:
        await client.subscribe("#")
        async with running(bus):
            for number in range(1000):
                bus.publish("t/1", str(number).encode())
            await bus.stop(deadline_s=10)
        messages = await client.wait_for_count(1000, "t/1")
        assert len(messages) == 1000
        assert BusClient.json((await client.wait_for_count(2, STATE))[1])["state"] == "offline"


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


async def test_bus_notices_a_broker_that_is_frozen(tmp_path: Path) -> None:
    """Half open: the kernel still takes our bytes. Keep-alive ends it, and what was in flight is sent again."""
    broker = Broker(tmp_path)
    await broker.start()
    bus = make_bus(broker, keepalive_s=5)
    try:
        async with running(bus):
            await wait_until(lambda: bus.queued == 0)
            broker.freeze()
            bus.publish("t/1", b"x")
            await wait_until(lambda: not bus.is_connected, timeout_s=20)
            assert bus.counters["requeued"] == 1
            await broker.kill()
            await broker.start()
            await wait_until(lambda: bus.queued == 0, timeout_s=20)
            assert bus.is_connected
    finally:
        await broker.stop()


async def test_bus_tries_again_at_once_when_the_broker_goes_before_its_answer() -> None:
    """Something accepts connections and closes them: no time-out is waited for."""
    closed = 0

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal closed
        closed += 1
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        broker = Broker(Path("unused"))
        broker.port = server.sockets[0].getsockname()[1]
        bus = make_bus(broker)
        async with running(bus, is_connected=False):
            await wait_until(lambda: closed >= 4, timeout_s=3)
            assert bus.counters["connect_failed"] >= 3
