"""TCP client connections (network printers, terminal servers), watched for peers that went without a word."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.settings_transports import TcpTransportSettings
from edge_gateway.transports.stream import Connection, StreamTransport
from edge_gateway.transports.tcp_by_mac import MacFinder

KEEPALIVE_IDLE_S = 5
KEEPALIVE_INTERVAL_S = 2
KEEPALIVE_PROBES = 3
"""A peer that was switched off while the line was idle is noticed after 5 + 3 * 2 = 11 s."""

DROP_READS_MAX = 16
DROP_READ_BYTES = 65536
"""At most 1 MB of old input is read away at once; a peer that sends faster than that is not waited for."""


MISSES_BEFORE_GONE = 3
"""A switch that restarts a port or a device that takes one connection at a time misses once or twice."""


class TcpTransport(StreamTransport):
    """One TCP connection to ``host:port``, or to the device with a MAC address. ``announced``: addresses of whoever
    announces itself on the network."""

    misses_before_gone = MISSES_BEFORE_GONE

    def __init__(self, settings: TcpTransportSettings, announced: Callable[[], Iterable[str]] = tuple) -> None:
        self._settings = settings
        self._finder: MacFinder | None = None
        if settings.mac is not None:
            self._finder = MacFinder(settings.mac, settings.host, settings.search, announced)
        super().__init__(self._described())

    @property
    def address(self) -> str | None:
        """Where a device that is known by its MAC address was reached last; None: it does not move."""
        return None if self._finder is None else self._finder.address

    def _described(self) -> str:
        if self._finder is None:
            return f"tcp {self._settings.host}:{self._settings.port}"
        return f"tcp {self._settings.mac} at {self._finder.address or self._settings.host or '?'}:{self._settings.port}"

    async def _connect(self, sink: ByteSink) -> Connection:
        if self._finder is None:
            return await self._connect_to(self._settings.host or "", sink)
        connection = await self._finder.connect(lambda address: self._connect_to(address, sink))
        self.description = self._described()
        return connection

    async def _connect_to(self, host: str, sink: ByteSink) -> Connection:
        limit_s, place = self._settings.connect_timeout_s, f"tcp {host}:{self._settings.port}"
        try:
            async with asyncio.timeout(limit_s):
                return await self._connect_first(host, sink)
        except TimeoutError as error:
            raise TransportError(
                f"{place}: no answer in {limit_s} s; check that the device is on, and its address and cable"
            ) from error
        except OSError as error:
            reason = str(error) if isinstance(error, socket.gaierror) or not error.errno else os.strerror(error.errno)
            raise TransportError(f"{place}: {reason}; check host and port") from error

    async def _connect_first(self, host: str, sink: ByteSink) -> Connection:
        """The first of the host's addresses that takes the connection. Raises the last one's OSError."""
        loop = asyncio.get_running_loop()
        refusal = OSError(f"no address for {host!r}")
        for family, kind, protocol, _, address in await loop.getaddrinfo(
            host, self._settings.port, type=socket.SOCK_STREAM
        ):
            wire = socket.socket(family, kind, protocol)
            try:
                wire.setblocking(False)
                _set_options(wire, self._settings.unacknowledged_timeout_s)
                await loop.sock_connect(wire, address)
                return await _adopt(wire, sink)
            except OSError as error:
                wire.close()
                refusal = error
            except asyncio.CancelledError:
                wire.close()
                raise
        raise refusal

    def _drop_kernel_input(self, connection: Connection) -> None:
        with suppress(OSError):  # nothing more to read, or lost: the loop hears of it by itself
            for _ in range(DROP_READS_MAX):
                if not os.read(connection.fileno(), DROP_READ_BYTES):
                    return

    def _drop_kernel_output(self, connection: Connection) -> None:
        assert connection.transport is not None
        if connection.transport.get_write_buffer_size():
            # Closing with a reset: half a job that was given up must not be printed when the peer wakes up.
            with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as wire:
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def _adopt(wire: socket.socket, sink: ByteSink) -> Connection:
    connection = Connection(sink)
    await asyncio.get_running_loop().create_connection(lambda: connection, sock=wire)
    connection.fileno = wire.fileno
    return connection


def _set_options(wire: socket.socket, unacknowledged_s: float) -> None:
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
    # Linux counts a peer that answers but takes nothing (a printer without paper) as one that does not acknowledge.
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(unacknowledged_s * 1000))
