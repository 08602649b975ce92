"""What serial ports and TCP connections share: an asyncio connection with bounded output, handed to a ``ByteSink``."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import cast

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink

CLOSE_S_MAX = 2.0
"""Closing a port whose output is stalled can hold its thread for long; nobody waits longer for it than this."""

STEP_BYTES_MAX = 1024
"""Handed on in one turn of the loop: some 70 codes, some 10 ms. A device that floods its line comes in reads of up to
256 KiB, and decoding one of these at once would hold up every other device for seconds."""


class Connection(asyncio.Protocol):
    """One connection: passes bytes to its sink until it is detached, in steps, and knows when more may be written."""

    def __init__(self, sink: ByteSink) -> None:
        self.transport: asyncio.Transport | None = None
        self.fileno: Callable[[], int] = _no_descriptor
        self.is_lost = False
        self.error: Exception | None = None
        self.writable = asyncio.Event()
        self.writable.set()
        self.ended = asyncio.Event()
        self._sink: ByteSink | None = sink
        self._rest = memoryview(b"")
        """Read, and not handed on yet; nothing more is read meanwhile."""

    def detach(self) -> None:
        """No more callbacks to the sink."""
        self._sink = None

    def drop_input(self) -> None:
        """Forget what was read and not handed on."""
        self._rest = memoryview(b"")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        # Zero: a writer waits until the kernel has all its bytes, and at most one write is ever kept in memory.
        self.transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        if len(data) <= STEP_BYTES_MAX and not self._rest:
            if self._sink is not None:
                self._sink.data_received(data)
            return
        if not self._rest:
            if self.transport is not None:
                self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._step)
            self._rest = memoryview(data)
        else:  # already on its way when reading was paused
            self._rest = memoryview(bytes(self._rest) + data)

    def _step(self) -> None:
        """Others have their turn between two."""
        step, self._rest = bytes(self._rest[:STEP_BYTES_MAX]), self._rest[STEP_BYTES_MAX:]
        if self._sink is None:
            return
        if step:
            self._sink.data_received(step)
        if self._rest:
            asyncio.get_running_loop().call_soon(self._step)
        elif self.is_lost:
            self._tell_lost()
        elif self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        self.error = exc
        self.writable.set()
        self.ended.set()
        if not self._rest:
            self._tell_lost()

    def _tell_lost(self) -> None:
        """After the last byte."""
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.connection_lost(self.error)


class StreamTransport(ABC):
    """Open, write, close over one ``Connection`` at a time. Subclasses connect, and explain errors to people."""

    def __init__(self, description: str) -> None:
        self.description = description
        self._connection: Connection | None = None
        self._is_opening = False

    def is_there(self) -> bool:
        return True  # only connecting tells

    async def open(self, sink: ByteSink) -> None:
        if self._is_opening or (self._connection is not None and not self._connection.is_lost):
            raise TransportError(f"{self.description}: already open", is_busy=True)
        self._is_opening = True
        try:
            self._connection = await self._connect(sink)
        finally:
            self._is_opening = False

    async def write(self, data: bytes) -> None:
        connection = self._connection
        if connection is None or connection.transport is None:
            raise TransportError(f"{self.description}: not open; {len(data)} bytes were not sent")
        await connection.writable.wait()
        if not connection.is_lost:
            try:
                connection.transport.write(data)
            except OSError as error:
                # serialx remembers a broken port and raises before it tells the protocol.
                raise TransportError(f"{self.description}: {error}") from error
        await connection.writable.wait()
        if connection.is_lost:
            raise TransportError(f"{self.description}: connection lost while writing {len(data)} bytes")

    def drop_input(self) -> None:
        if self._connection is not None:
            self._connection.drop_input()
            if not self._connection.is_lost:
                self._drop_kernel_input(self._connection)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        connection.detach()
        if connection.transport is None or connection.is_lost:
            return
        self._drop_kernel_output(connection)
        connection.transport.abort()
        try:
            async with asyncio.timeout(CLOSE_S_MAX):
                await connection.ended.wait()
        except TimeoutError:
            return

    @abstractmethod
    async def _connect(self, sink: ByteSink) -> Connection:
        """Raises TransportError with the remedy."""

    @abstractmethod
    def _drop_kernel_input(self, connection: Connection) -> None:
        """Forget what the kernel received."""

    @abstractmethod
    def _drop_kernel_output(self, connection: Connection) -> None:
        """Forget what the kernel has not sent: without it, closing waits for a stalled device."""


def _no_descriptor() -> int:
    """What the kernel answers with EBADF: for a connection that is not made yet."""
    return -1


def has_node(path: Path) -> bool:
    """A link to nothing is none."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def owning_group(path: Path, default: str) -> str:
    """The group that may open a node, for the remedy of a refused open."""
    try:
        return path.group()
    except (OSError, KeyError):
        return default
