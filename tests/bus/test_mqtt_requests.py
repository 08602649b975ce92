"""Requests from a real Mosquitto: each is handled, and acknowledged only then."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from structlog.testing import capture_logs

from edge_gateway.contracts import log_events
from edge_gateway.contracts.bus import BusMessage
from tests.support.broker import MQTT_311, Broker, wait_until
from tests.support.bus import make_bus, running

COMMANDS = "edge/v1/S001/+/+/+/command/+"
COMMAND = "edge/v1/S001/lane-1/pos/T1/command/submit_transaction"


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
