"""One open port for several devices: a scanner and its scale on a single cable. Each gets every byte."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableSet
from weakref import WeakSet

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink, BytesKeeper, MovingTransport, Transport, misses_before_gone


class SharedPort:
    """Opened by the first of its members, closed by the last. It is the sink of the transport inside."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self._sinks: dict[SharedTransport, ByteSink] = {}
        self._changing = asyncio.Lock()
        self._writing = asyncio.Lock()
        self.keepers: MutableSet[BytesKeeper] = WeakSet()
        self._is_wiped = False

    async def join(self, member: SharedTransport, sink: ByteSink) -> None:
        """Raises TransportError if it cannot be opened."""
        async with self._changing:
            if self._sinks.get(member, _NOBODY) is not _NOBODY:
                raise TransportError(f"{member.description}: already open", is_busy=True)
            is_first = not self._sinks
            self._sinks[member] = sink  # before the open: the first byte may come within it
            if is_first:
                try:
                    await self.inner.close()  # what is left of a connection that was lost
                    await self.inner.open(self)
                except BaseException:
                    self._sinks.pop(member, None)
                    raise

    async def leave(self, member: SharedTransport) -> None:
        """The last one closes the port."""
        if member not in self._sinks:
            return
        self._sinks[member] = _NOBODY  # at once: who leaves hears nothing any more
        async with self._changing:
            if self._sinks.pop(member, None) is not None and not self._sinks:
                await self.inner.close()

    async def write(self, member: SharedTransport, data: bytes) -> None:
        """One at a time: a question of one device is never in the middle of another's."""
        async with self._writing:
            if member not in self._sinks:
                raise TransportError(f"{member.description}: not open; {len(data)} bytes were not sent")
            await self.inner.write(data)

    def data_received(self, data: bytes) -> None:
        self._is_wiped = False
        self._tell_all(lambda sink: sink.data_received(data))
        if self._is_wiped:
            self.forget()  # of those too who got these bytes after the one who understood them

    def forget(self) -> None:
        """What one device must not keep, the others have heard as well."""
        self._is_wiped = True
        for keeper in tuple(self.keepers):
            keeper.forget()

    def connection_lost(self, error: Exception | None) -> None:
        sinks, self._sinks = self._sinks, {}
        for sink in sinks.values():
            sink.connection_lost(error)

    def _tell_all(self, tell: Callable[[ByteSink], None]) -> None:
        for sink in list(self._sinks.values()):
            tell(sink)


class SharedTransport:
    """One device's part in a shared port. Implements ``contracts.transport.OverheardTransport``."""

    def __init__(self, port: SharedPort) -> None:
        self._port = port
        self.misses_before_gone = misses_before_gone(port.inner)

    @property
    def description(self) -> str:
        """As the port is called now: a network device may have moved."""
        return f"{self._port.inner.description} shared"

    @property
    def address(self) -> str | None:
        """As ``MovingTransport``."""
        inner = self._port.inner
        return inner.address if isinstance(inner, MovingTransport) else None

    @property
    def keepers(self) -> MutableSet[BytesKeeper]:
        return self._port.keepers

    def forget(self) -> None:
        self._port.forget()

    def is_there(self) -> bool:
        return self._port.inner.is_there()

    async def open(self, sink: ByteSink) -> None:
        await self._port.join(self, sink)

    async def write(self, data: bytes) -> None:
        await self._port.write(self, data)

    def drop_input(self) -> None:
        """Nothing is dropped: it could be a code that the other device has just scanned."""

    async def close(self) -> None:
        await self._port.leave(self)


class _Nobody:
    """Who has left, while the port is still being closed."""

    def data_received(self, data: bytes) -> None:
        pass

    def connection_lost(self, error: Exception | None) -> None:
        pass


_NOBODY = _Nobody()
