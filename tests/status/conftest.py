"""A real status server on a free loopback port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from threading import Event, Thread

import httpx2
import pytest

from edge_gateway.settings import StatusSettings
from edge_gateway.status.server import StatusServer
from tests.status.snapshots import ChangingSource

STARTED_WITHIN_S = 20.0


@pytest.fixture
def source() -> ChangingSource:
    return ChangingSource()


@pytest.fixture
async def client(source: ChangingSource) -> AsyncIterator[httpx2.AsyncClient]:
    server = StatusServer(StatusSettings(port=0), source)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        port = await asyncio.wait_for(server.wait_until_listening(), STARTED_WITHIN_S)
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as connected:
            yield connected
        running.cancel()


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A server in a thread of its own, for programs that call it from outside."""
    ports: list[int] = []
    started, stop = Event(), Event()

    async def serve() -> None:
        server = StatusServer(StatusSettings(port=0), ChangingSource())
        running = asyncio.create_task(server.run())
        ports.append(await server.wait_until_listening())
        started.set()
        await asyncio.get_running_loop().run_in_executor(None, stop.wait)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(STARTED_WITHIN_S)
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        stop.set()
        thread.join()
