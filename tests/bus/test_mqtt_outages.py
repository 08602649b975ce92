"""The bus and a broker that is away, killed, restarted or frozen: nothing is lost, and order is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edge_gateway.bus.dispute import SHORT_COUNT
from edge_gateway.contracts.bus import Urgency
from tests.support.broker import Broker, wait_until
from tests.support.bus import make_bus, running

STATE = "edge/v1/S001/gateway/state"


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


async def test_bus_notices_a_broker_that_is_frozen(tmp_path: Path) -> None:
    """Half open: the kernel still takes our bytes. Keep-alive ends it, and what was in flight is sent again."""
    broker = Broker(tmp_path)
    await broker.start()
    bus = make_bus(broker, keepalive_s=5)
    try:
        async with running(bus):
            await wait_until(lambda: bus.queued == 0)
            await broker.freeze()
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


async def test_buses_with_one_client_id_say_so_and_do_not_fight_on(broker: Broker) -> None:
    one, other = make_bus(broker), make_bus(broker)
    async with running(one), running(other, is_connected=False):
        await wait_until(lambda: "another gateway uses the same client id" in f"{one.reason} {other.reason}")
        assert one.counters["connected"] + other.counters["connected"] < 4 * SHORT_COUNT


async def test_bus_says_why_the_broker_cannot_be_reached(broker: Broker) -> None:
    await broker.stop()
    bus = make_bus(broker)
    async with running(bus, is_connected=False):
        await wait_until(lambda: bus.reason is not None)
        assert "refused" in str(bus.reason)
        await broker.start()
        await wait_until(lambda: bus.is_connected)
        assert bus.reason is None
