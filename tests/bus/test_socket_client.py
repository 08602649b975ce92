"""The socket below a connection: whatever happens to it ends the connection, and nothing else."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from typing import Any

import pytest

from edge_gateway.mqtt.socket_client import SocketClient


class BrokenPoll:
    """An event loop as uvloop is in the moment after a descriptor failed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def add_writer(self, *_: Any) -> None:
        raise RuntimeError("unable to perform operation on <UVPoll closed=True>; the handler is closed")


async def test_link_that_fails_while_it_is_written_to_is_lost_and_raises_nothing() -> None:
    client = SocketClient("127.0.0.1", 1)
    client._loop = BrokenPoll(asyncio.get_running_loop())  # type: ignore[assignment]
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        client._on_socket_register_write(client._client, None, ours)
    with pytest.raises(RuntimeError, match="UVPoll closed"):
        await client._disconnected
    client.close()
