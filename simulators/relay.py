"""A TCP relay that does what networks do: passes, holds back, or swallows bytes without a word to either end.

Put between two programs it makes the faults that a killed process cannot make: a link that is open on one side only, a
router that forgot the connection, answers that never come back although the requests arrived.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from enum import StrEnum
from types import TracebackType

READ_BYTES = 65536
"""At once; a held direction keeps no more than this beside what the kernel's buffers take."""
CONNECT_TIMEOUT_S = 5.0


class Flow(StrEnum):
    """What happens to the bytes of one direction."""

    PASS = "pass"  # noqa: S105 - what becomes of bytes
    HOLD = "hold"
    """Nothing moves and nothing is lost: bytes wait, and come late."""
    SWALLOW = "swallow"
    """Bytes vanish, and so does the news that an end closed."""


class _Connection:
    """A client and its own connection to the target; ``lost``: directions in which bytes are missing (True: to target).

    Such a direction stays silent for good: what came after a gap would be taken for something that nobody sent.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writers = [writer]
        self.lost: set[bool] = set()

    def abort(self) -> None:
        """Reset both ends."""
        for writer in self.writers:
            writer.transport.abort()


class Relay:
    """Listens on a port and passes each connection on to the target. Used as an async context manager, or by start and
    stop; the port stays.

    A stream that lost bytes can never be right again: that direction stays silent until an end gives up, or ``heal``
    resets the connection.
    """

    def __init__(self, target_host: str, target_port: int, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.target_host = target_host
        self.target_port = target_port
        self.host = host
        self.port = port
        self.to_target = Flow.PASS
        self.to_client = Flow.PASS
        self.counters: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Condition()

    @property
    def connections(self) -> int:
        """Open now, silent ones included."""
        return len(self._connections)

    @property
    def is_listening(self) -> bool:
        return self._server is not None

    async def start(self) -> None:
        """Listen; clients that come while it does not are refused. Idempotent. Raises OSError if the port is taken."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, self.host, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Close the port: new clients are refused, open connections go on. ``start`` opens it again."""
        if self._server is not None:
            server, self._server = self._server, None
            server.close()

    async def stop(self) -> None:
        """Close the port and reset every connection."""
        await self.refuse()
        await self.set()
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)  # their connections are gone; who still connects gives up soon

    async def set(self, *, to_target: Flow = Flow.PASS, to_client: Flow = Flow.PASS) -> None:
        """From now on, for open connections and new ones."""
        self.to_target, self.to_client = to_target, to_client
        async with self._moved:
            self._moved.notify_all()

    def swallow(self) -> None:
        """Swallow from now on, both ways: within a byte if need be. What is held back stays held until ``set``."""
        self.to_target = self.to_client = Flow.SWALLOW

    async def heal(self, *, is_reset: bool = True) -> None:
        """Pass everything. Connections that lost bytes are reset, as by a router that forgot them; else left silent, as
        by one that drops what it does not know: their ends have to find out for themselves."""
        await self.set()
        for connection in [each for each in self._connections if each.lost]:
            if is_reset:
                connection.abort()
            else:
                connection.lost |= {True, False}
        await self.start()

    def cut(self) -> int:
        """Reset every connection; how many there were."""
        for connection in list(self._connections):
            connection.abort()
            self.counters["cut"] += 1
        return len(self._connections)

    async def __aenter__(self) -> Relay:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        connection = _Connection(writer)
        self._connections.add(connection)
        self.counters["connections"] += 1
        try:
            await self._join(connection, reader, writer)
        except (OSError, TimeoutError):
            self.counters["not_reached"] += 1  # the target; what happens to a connection later ends in its pumps
        finally:
            connection.abort()
            self._connections.discard(connection)
            self._tasks.discard(task)

    async def _join(self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect to the target as soon as the client's first packet would get there, then pump both ways."""
        await self._while_held(to_target=True, to_client=True)
        if Flow.SWALLOW in (self.to_target, self.to_client):
            # A handshake needs both directions: this one never gets its answer.
            connection.lost |= {True, False}
            await self._pump(connection, reader, writer, is_to_target=True)
            return
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            target_reader, target_writer = await asyncio.open_connection(self.target_host, self.target_port)
        connection.writers.append(target_writer)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump(connection, reader, target_writer, is_to_target=True))
            group.create_task(self._pump(connection, target_reader, writer, is_to_target=False))

    async def _pump(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_to_target: bool
    ) -> None:
        """One direction until its end closes, or breaks: then both do, if the news gets through."""
        try:
            while data := await reader.read(READ_BYTES):
                if await self._passes(connection, is_to_target=is_to_target):
                    writer.write(data)
                    await writer.drain()
                    self.counters["bytes_passed"] += len(data)
                else:
                    self.counters["bytes_swallowed"] += len(data)
            if await self._passes(connection, is_to_target=is_to_target) and not writer.transport.is_closing():
                writer.write_eof()
        except (OSError, RuntimeError):  # the latter from uvloop, of a handle that was closed under its writer
            if await self._passes(connection, is_to_target=is_to_target):
                connection.abort()

    async def _passes(self, connection: _Connection, *, is_to_target: bool) -> bool:
        """Whether what came gets through, after waiting while its direction is held; if not, it is lost."""
        await self._while_held(to_target=is_to_target, to_client=not is_to_target)
        flow = self.to_target if is_to_target else self.to_client
        if flow is Flow.SWALLOW:
            connection.lost.add(is_to_target)
        return is_to_target not in connection.lost

    async def _while_held(self, *, to_target: bool, to_client: bool) -> None:
        def is_held() -> bool:
            return (to_target and self.to_target is Flow.HOLD) or (to_client and self.to_client is Flow.HOLD)

        async with self._moved:
            await self._moved.wait_for(lambda: not is_held())
