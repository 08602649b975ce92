"""Whether an address can be reached at all: a connection is made, through the proxy if there is one, and given up."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult, urlsplit

HEAD_BYTES_MAX: Final = 16_384
"""Of a proxy's answer to CONNECT: a few header lines."""

_PORTS: Final = {"http": 80, "https": 443}


async def reach(url: str, proxy: str | None, make_tls: Callable[[], ssl.SSLContext]) -> None:
    """Raises OSError: refused, unknown host, or what the proxy said. Not bounded: the caller has the deadline.

    ``make_tls``: for a proxy that is itself spoken to over TLS.
    """
    target = urlsplit(url)
    first = target if proxy is None else urlsplit(proxy)
    tls = await asyncio.to_thread(make_tls) if proxy is not None and first.scheme == "https" else None
    reader, writer = await asyncio.open_connection(first.hostname, _port(first), ssl=tls, limit=HEAD_BYTES_MAX)
    try:
        # In clear (within the box) a proxy is asked request by request: there is no tunnel to try.
        if proxy is not None and target.scheme == "https":
            await _connect(reader, writer, target)
    finally:
        writer.close()


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: SplitResult) -> None:
    host = f"[{target.hostname}]" if ":" in str(target.hostname) else target.hostname
    where = f"{host}:{_port(target)}"
    writer.write(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode("ascii"))
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise ConnectionError("the proxy gave no HTTP answer; check proxy") from None
    status_line = head.partition(b"\r\n")[0].decode("latin-1")
    _, _, status = status_line.partition(" ")
    if not status.startswith("2"):
        raise ConnectionError(f"the proxy refuses the way there: {status[:80]}; check proxy")


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]
