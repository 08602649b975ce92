"""A thousand connections, over two event loops, leave nothing behind: no descriptor, no task, no memory."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from edge_gateway.contracts.tap import tapped
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.raw_ring import RawRing
from edge_gateway.settings_transports import TransportSettings
from edge_gateway.transports.factory import TransportFactory
from tests.support.clock import FakeClock
from tests.support.descriptors import descriptor_count
from tests.support.pty import DevicePty
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

CYCLES = 500
"""On each of the two event loops."""
BLOCKS_MAX = CYCLES
"""Less than one object per connection stays: the interpreter's own caches fill once. Blocks are counted and not bytes,
since one table of the interpreter that grows meanwhile (interned strings) is 2 MB."""
SETTINGS: TypeAdapter[Any] = TypeAdapter(TransportSettings)


@pytest.fixture(params=["serial", "shared", "evdev", "tcp"])
async def transport(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Transport]:
    make = TransportFactory()
    if request.param == "tcp":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            port = listener.getsockname()[1]

            async def take() -> None:
                while True:
                    wire, _ = await asyncio.get_running_loop().sock_accept(listener)
                    wire.close()

            taking = asyncio.create_task(take())
            yield make(SETTINGS.validate_python({"kind": "tcp", "host": "127.0.0.1", "port": port}))
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
        return
    pty = DevicePty(tmp_path / "ttyDEVICE")
    kind = "serial" if request.param == "shared" else request.param
    wanted = {"kind": kind, "path": pty.path} | ({"shared": True} if request.param == "shared" else {})
    yield make(SETTINGS.validate_python(wanted))
    pty.unplug()


async def test_connections_leave_nothing_behind(transport: Transport) -> None:
    tap = tapped(transport, RawRing(FakeClock()).add)

    async def cycle(count: int) -> None:
        for _ in range(count):
            await tap.open(RecordingSink())
            await tap.close()

    await cycle(20)
    gc.collect()
    before, tasks, blocks = descriptor_count(), len(asyncio.all_tasks()), sys.getallocatedblocks()
    await cycle(CYCLES)
    gc.collect()
    left = sys.getallocatedblocks() - blocks
    await wait_until(lambda: descriptor_count() <= before, what="every descriptor closed")
    assert len(asyncio.all_tasks()) <= tasks
    print(f"{left} blocks after {CYCLES} connections")
    assert left < BLOCKS_MAX
