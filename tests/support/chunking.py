"""A transport whose bytes arrive in pieces of any size: what a driver gets never depends on where it was cut."""

from __future__ import annotations

import random

from edge_gateway.contracts.transport import ByteSink, Transport

PIECE_BYTES_MAX = 40


class ChunkingTransport:
    """Implements ``Transport`` over another one; cuts what that received, and gives it on at once."""

    def __init__(self, inner: Transport, source: random.Random) -> None:
        self._inner = inner
        self._source = source
        self._sink: ByteSink | None = None

    @property
    def description(self) -> str:
        return self._inner.description

    def is_there(self) -> bool:
        return self._inner.is_there()

    async def open(self, sink: ByteSink) -> None:
        self._sink = sink
        await self._inner.open(self)

    async def write(self, data: bytes) -> None:
        await self._inner.write(data)

    def drop_input(self) -> None:
        self._inner.drop_input()

    async def close(self) -> None:
        await self._inner.close()

    def data_received(self, data: bytes) -> None:
        position = 0
        while position < len(data) and self._sink is not None:
            size = self._source.randint(1, PIECE_BYTES_MAX)
            self._sink.data_received(data[position : position + size])
            position += size

    def connection_lost(self, error: Exception | None) -> None:
        if self._sink is not None:
            self._sink.connection_lost(error)
