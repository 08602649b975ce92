"""Bluetooth classic, serial port profile: an RFCOMM socket to a device that BlueZ has paired.

Source: Bluetooth Core 5.4; RFCOMM with TS 07.10, 1.2; Serial Port Profile 1.2. The kernel does the protocol; the
address is Linux's ``sockaddr_rc``.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.settings_transports import RfcommTransportSettings
from edge_gateway.transports.descriptor import Descriptor
from edge_gateway.transports.stream import CLOSE_S_MAX

WRITE_BYTES_MAX = 1024
"""A frame of RFCOMM is smaller; more at once would only wait in the kernel."""

SEND_BUFFER_BYTES = 4096
"""What the kernel keeps of a stalled printer: little, so that little is on its way when a job is given up."""

MISSES_BEFORE_GONE = 3
"""A device that is busy, or sleeps, misses once or twice."""


class RfcommTransport:
    """One device. ``connect`` begins to connect a non-blocking socket and returns it, in place of a real one."""

    misses_before_gone = MISSES_BEFORE_GONE

    def __init__(
        self, settings: RfcommTransportSettings, connect: Callable[[str, int], socket.socket] | None = None
    ) -> None:
        self.description = f"rfcomm {settings.address} channel {settings.channel}"
        self._settings = settings
        self._connect = connect or begin_to_connect
        self._link: Descriptor | None = None
        self._is_opening = False

    def is_there(self) -> bool:
        return True  # only connecting tells

    async def open(self, sink: ByteSink) -> None:
        if self._is_opening or (self._link is not None and not self._link.is_lost):
            raise TransportError(f"{self.description}: already open", is_busy=True)
        self._is_opening = True
        limit_s = self._settings.connect_timeout_s
        try:
            await self.close()  # what is left of a connection that was lost
            async with asyncio.timeout(limit_s):
                wire = await self._connected()
        except TimeoutError as error:
            raise TransportError(f"{self.description}: no answer in {limit_s:g} s; is it on and in range?") from error
        except OSError as error:
            raise self._explain(error) from error
        finally:
            self._is_opening = False
        self._link = Descriptor(wire.detach(), sink, write_bytes_max=WRITE_BYTES_MAX, ends_at_nothing=True)
        self._link.start()

    async def write(self, data: bytes) -> None:
        if self._link is None:
            raise TransportError(f"{self.description}: not open; {len(data)} bytes were not sent")
        try:
            await self._link.write(data)
        except TransportError as error:
            raise TransportError(f"{self.description}: {error}") from error

    def drop_input(self) -> None:
        if self._link is not None:
            self._link.drop_input()

    async def close(self) -> None:
        link, self._link = self._link, None
        fd = None if link is None else link.give_back()
        if fd is not None:
            closing = asyncio.get_running_loop().run_in_executor(None, _hang_up, fd)
            await asyncio.wait({closing}, timeout=CLOSE_S_MAX)

    async def _connected(self) -> socket.socket:
        """Not the loop's own way to connect, which takes the address for one of the internet."""
        loop = asyncio.get_running_loop()
        wire = self._connect(self._settings.address, self._settings.channel)
        try:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_writer(wire.fileno(), _get_ready, ready)
            try:
                await ready
            finally:
                loop.remove_writer(wire.fileno())
            if number := wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(number, os.strerror(number))
            return wire
        except BaseException:
            wire.close()
            raise

    def _explain(self, error: OSError) -> TransportError:
        address = self._settings.address
        match error.errno:
            case errno.EHOSTDOWN | errno.EHOSTUNREACH | errno.ETIMEDOUT:
                reason = "does not answer; is it on and in range, and not connected to another?"
            case errno.ECONNREFUSED:
                reason = f"refused channel {self._settings.channel}; is it paired (bluetoothctl pair {address})?"
            case errno.EACCES | errno.EPERM | errno.EBADE | errno.EINVAL | errno.ECONNRESET:
                reason = f"refused; pair it again (bluetoothctl remove {address}, then pair and trust)"
            case errno.EBUSY:
                return TransportError(f"{self.description}: busy: in use on this box already", is_busy=True)
            case errno.EAFNOSUPPORT | errno.EPROTONOSUPPORT:
                reason = "no Bluetooth here: the kernel, or the sandbox of the unit, has no AF_BLUETOOTH"
            case errno.ENETUNREACH | errno.ENODEV:
                reason = "there is no Bluetooth adapter, or it is off (bluetoothctl power on)"
            case _:
                reason = error.strerror or str(error)
        return TransportError(f"{self.description}: {reason}")


def begin_to_connect(address: str, channel: int) -> socket.socket:
    """Raises OSError; also where Python was built without Bluetooth."""
    if not hasattr(socket, "AF_BLUETOOTH"):
        raise OSError(errno.EAFNOSUPPORT, "this Python was built without Bluetooth sockets")
    wire = socket.socket(socket.AF_BLUETOOTH, socket.SOCK_STREAM, socket.BTPROTO_RFCOMM)
    try:
        wire.setblocking(False)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        with suppress(BlockingIOError):
            wire.connect((address, channel))
        return wire
    except BaseException:
        wire.close()
        raise


def _get_ready(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _hang_up(fd: int) -> None:
    """What was not sent is dropped: half a job that was given up must not be printed when the device wakes up."""
    with socket.socket(fileno=fd) as wire, suppress(OSError):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
