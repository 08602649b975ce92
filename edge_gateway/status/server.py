"""Serves the status interface from the daemon's own event loop. Whatever happens here, the daemon goes on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import structlog
import uvicorn

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.settings import StatusSettings
from edge_gateway.status.api import build_api
from edge_gateway.status.source import StatusSource

RETRY_S = 5.0
"""Between attempts to listen: a port that another program held is ours soon after it is free."""
CONNECTIONS_MAX = 50
"""More are answered 503: a runaway monitor must not take the daemon's file descriptors."""
GRACE_S = 1
"""A client that still reads delays the stop by this much at most; the whole stop has 5 s."""
KEEP_ALIVE_S = 5
BACKLOG = 64

log = structlog.get_logger(__name__)


class StatusServer:
    """One HTTP server. ``run`` listens, retries, and returns only by cancellation."""

    def __init__(self, settings: StatusSettings, source: StatusSource, clock: Clock | None = None) -> None:
        self._settings = settings
        self._source = source
        self._clock = clock or SystemClock()
        self._port: int | None = None
        self._listening = asyncio.Event()

    @property
    def port(self) -> int | None:
        """The port it listens at; None while it does not."""
        return self._port

    async def wait_until_listening(self) -> int:
        """The port, as soon as there is one."""
        await self._listening.wait()
        assert self._port is not None
        return self._port

    async def run(self) -> None:
        """Serve until cancelled. A port in use is logged once and tried again."""
        failure_logged = None
        while True:
            try:
                with _listen(self._settings.host, self._settings.port) as listener:
                    failure_logged = None
                    await self._serve(listener)
                failure = "it ended by itself"
            except OSError as error:
                failure = error.strerror or str(error)
            except Exception as error:  # noqa: BLE001 - the onlooker's failure never stops the daemon
                failure = repr(error)
            if failure != failure_logged:
                address = f"{self._settings.host}:{self._settings.port}"
                log.warning(log_events.STATUS_SERVER_FAILED, address=address, error=failure, retry_s=RETRY_S)
            failure_logged = failure
            await self._clock.sleep(RETRY_S)

    async def _serve(self, listener: socket.socket) -> None:
        server = _EmbeddedServer(
            uvicorn.Config(
                build_api(self._source),
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,  # the daemon's logging is set up already
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        host, self._port = listener.getsockname()[:2]
        log.info(log_events.STATUS_SERVER_STARTED, host=host, port=self._port)
        self._listening.set()
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            # Shielded: a cancellation in the middle of uvicorn's loop would leave its connections open.
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True
            await serving
            raise
        finally:
            self._listening.clear()
            self._port = None


class _EmbeddedServer(uvicorn.Server):
    """Signals belong to the daemon, not to its HTTP server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    """Bound by us: uvicorn ends the process when it cannot bind. Raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
