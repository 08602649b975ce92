"""uvicorn as a task: no signal handlers, a prompt stop, and a way to drop a connection without an answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Generator, MutableMapping
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT = "edge_gateway.abort"
"""Key of the request's scope: a function that resets the connection."""
GRACEFUL_STOP_S = 1
BACKLOG = 128


class _AbortableProtocol(HttpToolsProtocol):
    """Puts the transport's ``abort`` into the scope: ASGI itself has no way to leave a request unanswered."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: MutableMapping[str, Any] = self.scope  # type: ignore[assignment]  # its TypedDict is closed
        scope[ABORT] = self.transport.abort


class HttpServer(uvicorn.Server):
    """Serves until ``should_exit``. ``is_started`` is set when it answers."""

    def __init__(self, app: FastAPI, tls: ssl.SSLContext | None = None) -> None:
        config = uvicorn.Config(
            app,
            http=_AbortableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
            timeout_graceful_shutdown=GRACEFUL_STOP_S,
        )
        super().__init__(config)
        self.is_started = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_started.set()

    def begin_stop(self) -> None:
        """Refuse new connections at once; ``serve`` ends soon after."""
        self.should_exit = True
        for listener in self.servers:
            listener.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals belong to the program around."""
        yield


def listening_socket(host: str, port: int) -> socket.socket:
    """Bound now, so that a port that is taken is an OSError of the caller's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
