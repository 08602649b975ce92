"""The bus stops in time whatever the broker does, gets rid of what waits, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import select
import socket
import sys
from pathlib import Path

import pytest

from tests.support.broker import Broker, BusClient
from tests.support.bus import make_bus, running
from tests.support.waiting import wait_until

STATE = "edge/v1/S001/gateway/state"
CANCELLATIONS = 200
TURNS_STEP = 3
"""Of the event loop: connecting on the loopback takes a few hundred, so that 200 steps cover it."""


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


async def test_bus_stops_in_time_without_a_broker(broker: Broker) -> None:
    await broker.stop()
    bus = make_bus(broker)
    async with running(bus, is_connected=False):
        bus.publish("t/1", b"x")
        async with asyncio.timeout(4):
            await bus.stop(deadline_s=0.5)
        assert bus.counters["dropped:stopped"] == 2, "the event, and that the gateway is online"


async def test_bus_stops_in_time_when_the_broker_is_reached_but_silent() -> None:
    """Half open: the kernel accepts the connection, and nobody ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = Broker(Path("unused"))
        broker.port = silent.getsockname()[1]
        bus = make_bus(broker)
        async with running(bus, is_connected=False):
            bus.publish("t/1", b"x")
            await wait_until(lambda: select.select([silent], [], [], 0)[0], what="a connection")
            async with asyncio.timeout(4):
                await bus.stop(deadline_s=0.2)
            assert bus.counters["dropped:stopped"] == 2


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
