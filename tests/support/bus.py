"""A running bus for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

from edge_gateway.bus.mqtt import MqttBus
from edge_gateway.contracts.clock import SystemClock
from edge_gateway.settings import BusSettings
from tests.support.broker import Broker, wait_until

STORE = "S001"


def make_bus(broker: Broker, **settings: Any) -> MqttBus:
    return MqttBus(
        BusSettings(host=broker.host, port=broker.port, **settings), STORE, SystemClock(), Random(1), "1.2.3"
    )


@asynccontextmanager
async def running(bus: MqttBus, *, is_connected: bool = True) -> AsyncIterator[MqttBus]:
    """``run`` as a task, cancelled at the end unless the test stopped the bus. Failures of ``run`` are raised."""
    task = asyncio.create_task(bus.run())
    try:
        if is_connected:
            await wait_until(lambda: bus.is_connected or task.done())
        yield bus
    finally:
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task
