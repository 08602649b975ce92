"""Fixtures of the uplinks' tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest

from simulators.rabbitmq_server import RabbitmqServer

STOP_S_MAX = 30.0


@pytest.fixture(scope="session")
def rabbitmq_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Awaitable[RabbitmqServer]]]:
    """Starts it when it is first asked for. Its process belongs to a loop that outlives those of the tests."""
    server = RabbitmqServer(tmp_path_factory.mktemp("rabbitmq"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def running() -> RabbitmqServer:
        if not server.is_running:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(server.start(), loop))
        return server

    try:
        yield running
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(STOP_S_MAX)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
