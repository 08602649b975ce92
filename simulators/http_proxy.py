"""An HTTP proxy as stores have them between the till network and the internet: CONNECT only, faults on demand."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections import Counter
from enum import StrEnum
from types import TracebackType
from typing import Final

HEAD_BYTES_MAX: Final = 16_384
CHUNK_BYTES: Final = 65_536
DEFAULT_PORT: Final = 3128


class ProxyFault(StrEnum):
    """What goes wrong with the next tunnels."""

    NONE = "none"
    FORBIDDEN = "403"
    """Refuses the destination."""
    AUTHENTICATION = "407"
    """Wants credentials."""
    BAD_GATEWAY = "502"
    """Says that the far end cannot be reached."""
    STALL = "stall"
    """Takes the request for a tunnel and never answers."""
    GARBAGE = "garbage"
    """Answers what is no HTTP."""


_REFUSALS: Final = {
    ProxyFault.FORBIDDEN: "403 Forbidden",
    ProxyFault.AUTHENTICATION: "407 Proxy Authentication Required",
    ProxyFault.BAD_GATEWAY: "502 Bad Gateway",
}


class HttpProxy:
    """``targets``: the ``host:port`` of every tunnel asked for. ``cut`` ends all tunnels that are open."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.fault = ProxyFault.NONE
        self.targets: list[str] = []
        self.counters: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port, limit=HEAD_BYTES_MAX)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.cut()

    async def cut(self) -> None:
        """End every connection."""
        connections = list(self._connections)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def __aenter__(self) -> HttpProxy:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._answer(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, *_ = [*head.partition(b"\r\n")[0].decode("latin-1").split(" "), "", ""]
        self.counters["requests"] += 1
        if method != "CONNECT":
            await _refuse(writer, "405 Method Not Allowed")
            return
        self.targets.append(target)
        if self.fault is ProxyFault.STALL:
            await reader.read()
        elif self.fault is ProxyFault.GARBAGE:
            writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
            await writer.drain()
        elif self.fault is not ProxyFault.NONE:
            await _refuse(writer, _REFUSALS[self.fault])
        else:
            await self._tunnel(target, reader, writer)

    async def _tunnel(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = target.rpartition(":")
        try:
            far_reader, far_writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except (OSError, ValueError):
            await _refuse(writer, "502 Bad Gateway")
            return
        self.counters["tunnels"] += 1
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ways = [asyncio.create_task(_pump(reader, far_writer)), asyncio.create_task(_pump(far_reader, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, status: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal, or for --seconds."""
    parser = argparse.ArgumentParser(prog="edge-gateway simulate http-proxy", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen at; 0 takes a free one")
    parser.add_argument("--fault", choices=[fault.value for fault in ProxyFault], default="none")
    parser.add_argument("--seconds", type=float, help="stop after so long")
    options = parser.parse_args(argv)
    try:
        asyncio.run(_run(options))
    except OSError as error:
        print(f"http-proxy: cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(options: argparse.Namespace) -> None:
    proxy = HttpProxy(options.host, options.port)
    proxy.fault = ProxyFault(options.fault)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with proxy:
        print(proxy.url, flush=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), options.seconds)
    print(f"{proxy.counters['tunnels']} tunnels", flush=True)
