"""An HTTP server made of bytes: answers exactly what a test tells it to, and remembers what it was sent."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Behave = Callable[["Exchange"], Awaitable[None]]


@dataclass(slots=True)
class Exchange:
    """One request, and the connection to answer it on."""

    path: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader

    async def answer(self, status: int, body: bytes = b"", headers: str = "") -> None:
        head = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self.writer.write(head.encode() + body)
        await self.writer.drain()


@dataclass(slots=True)
class HttpFarEnd:
    """``requests``: all that came. ``connections_lost``: how many were closed by the client."""

    port: int = 0
    requests: list[Exchange] = field(default_factory=list)
    connections: int = 0
    connections_lost: int = 0

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def http_far_end(behave: Behave, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpFarEnd]:
    """Calls ``behave`` for each request."""
    far_end = HttpFarEnd()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        far_end.connections += 1
        try:
            while (exchange := await _read_request(reader, writer)) is not None:
                far_end.requests.append(exchange)
                await behave(exchange)
            far_end.connections_lost += 1
        except ConnectionError:
            far_end.connections_lost += 1
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    far_end.port = server.sockets[0].getsockname()[1]
    try:
        yield far_end
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Exchange(first.split(" ")[1], headers, body, writer, reader)
