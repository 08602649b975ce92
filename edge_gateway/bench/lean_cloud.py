"""A cloud that does nothing but answer, so that a benchmark meets the gateway's limits and not the cloud's.

It accepts every event (``accept``), answers 500 (``refuse``) or takes requests and never answers (``stall``). Told to
``tell``, it prints a line for each batch it accepts: instant (CLOCK_MONOTONIC, ns), number of events, and the
transaction ids of live sales.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import ssl
import sys
import time
from typing import Final, Literal, cast

import uvloop

Mode = Literal["accept", "refuse", "stall"]
LIVE_PREFIX: Final = "LIVE"
"""Store id of sales whose arrival is of interest one by one."""

_EVENT_ID: Final = re.compile(rb'"specversion":"1\.0","id":"([^"]+)"')
_LIVE: Final = re.compile(rb'"transaction_id":"(' + LIVE_PREFIX.encode() + rb'[^"]+)"')
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_GZIP: Final = re.compile(rb"\r\ncontent-encoding: *gzip", re.IGNORECASE)
_HEAD: Final = b"HTTP/1.1 %d Word\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


class _Connection(asyncio.Protocol):
    """One keep-alive connection: requests with a Content-Length, one after the other."""

    def __init__(self, mode: Mode, *, is_telling: bool) -> None:
        self._mode = mode
        self._is_telling = is_telling
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._received[: end + 2])
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < whole:
                return
            body = bytes(self._received[end + 4 : whole])
            del self._received[:whole]
            self._answer(gzip.decompress(body) if _GZIP.search(head) else body)

    def _answer(self, batch: bytes) -> None:
        if self._mode == "stall":
            return
        if self._mode == "refuse":
            self._transport.write(_HEAD % (500, 2, b"{}"))
            return
        ids = _EVENT_ID.findall(batch)
        live = b" ".join(_LIVE.findall(batch)).decode()
        results = b",".join([b'{"id":"%b","status":"accepted","error":null}' % event_id for event_id in ids])
        body = b'{"results":[%b]}' % results
        self._transport.write(_HEAD % (200, len(body), body))
        if self._is_telling:
            print(time.monotonic_ns(), len(ids), live, flush=True)


async def main(port: int, mode: Mode, *, is_telling: bool, certificate: str | None) -> None:
    """``certificate``: PEM file with key and certificate; given, it speaks TLS 1.3."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(mode, is_telling=is_telling), "127.0.0.1", port, ssl=context)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    words = dict(enumerate(sys.argv))
    uvloop.run(main(int(words[1]), cast(Mode, words[2]), is_telling=words[3] == "tell", certificate=words.get(4)))
