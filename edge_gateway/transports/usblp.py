"""USB printers through the kernel's usblp driver: /dev/usb/lpN, held exclusively, on the event loop.

Source: Linux, drivers/usb/class/usblp.c. What is written goes to the printer as one transfer at a time; there is room
again when the printer has taken it, so a printer that takes nothing holds up the writer alone. Nobody tells that a
transfer failed: only the printer's own confirmation says that a job arrived whole. Closing drops what it has not taken.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.contracts.usb_printer import DEVICE_ID_BYTES_MAX, PortStatus, parse_device_id
from edge_gateway.transports.descriptor import Descriptor
from edge_gateway.transports.stream import CLOSE_S_MAX, owning_group

TRANSFER_BYTES_MAX = 8192
"""USBLP_BUF_SIZE: what the driver takes at once."""

LPGETSTATUS = 0x060B
LPIOC_GET_DEVICE_ID = 2 << 30 | DEVICE_ID_BYTES_MAX << 16 | ord("P") << 8 | 1
LPIOC_GET_PROTOCOLS = 2 << 30 | 8 << 16 | ord("P") << 8 | 2
"""include/uapi/linux/lp.h; the last two are _IOC(_IOC_READ, 'P', number, length)."""


@dataclass(frozen=True, slots=True)
class UsblpNode:
    """An opened node. ``status``: asks an open node for its port's byte; raises OSError."""

    fd: int
    device_id: bytes
    status: Callable[[int], int]


class UsblpPort:
    """One printer. Every method but ``open`` may be called at any time; one ``open`` per object."""

    def __init__(self, description: str, acquire: Callable[[Path], UsblpNode] | None = None) -> None:
        self._description = description
        self._acquire = acquire or open_usblp
        self._link: Descriptor | None = None
        self._node: UsblpNode | None = None
        self._asking = asyncio.Lock()
        self.device_id: Mapping[str, str] = {}

    @property
    def is_lost(self) -> bool:
        return self._link is None or self._link.is_lost

    async def open(self, path: Path, sink: ByteSink) -> None:
        """Raises TransportError."""
        opening = asyncio.get_running_loop().run_in_executor(None, self._acquire, path)
        try:
            self._node = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_release_late)
            raise
        except OSError as error:
            raise self._explain(error, path) from error
        self.device_id = parse_device_id(self._node.device_id)
        self._link = Descriptor(
            self._node.fd, _Explaining(sink), write_bytes_max=TRANSFER_BYTES_MAX, ends_at_nothing=False
        )
        self._link.start()

    async def write(self, data: bytes) -> None:
        if self._link is None:
            raise TransportError(f"{self._description}: not open; {len(data)} bytes were not sent")
        try:
            await self._link.write(data)
        except TransportError as error:
            raise TransportError(f"{self._description}: {error}") from error

    def drop_input(self) -> None:
        if self._link is not None:
            self._link.drop_input()

    async def port_status(self) -> PortStatus:
        """In a thread: the driver waits for the printer, up to 5 s. It holds the lock meanwhile that reading, writing
        and polling take, so the loop looks away."""
        async with self._asking:
            link, node = self._link, self._node
            if link is None or node is None or link.is_lost:
                raise TransportError(f"{self._description}: not open; its port was not asked")
            own = os.dup(link.fd)
            link.watch(is_watched=False)
            asking = asyncio.get_running_loop().run_in_executor(None, _ask, node.status, own)
            asking.add_done_callback(lambda _: link.watch(is_watched=True))
            try:
                return PortStatus.of(await asyncio.shield(asking))
            except OSError as error:
                raise TransportError(f"{self._description}: no answer from its port: {reason_of(error)}") from error

    async def close(self) -> None:
        link, self._link, self._node = self._link, None, None
        fd = None if link is None else link.give_back()
        if fd is not None:
            # Shielded: cancelled while it waits for a thread, it would never run.
            closing = asyncio.get_running_loop().run_in_executor(None, os.close, fd)
            await asyncio.wait({closing}, timeout=CLOSE_S_MAX)

    def _explain(self, error: OSError, path: Path) -> TransportError:
        match error.errno:
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                return TransportError(f"{self._description}: no such node; check that the printer is plugged in and on")
            case errno.EBUSY:
                return TransportError(
                    f"{self._description}: busy: held by another process, such as CUPS; end it (fuser -v {path}) or "
                    "take the printer out of it",
                    is_busy=True,
                )
            case errno.EACCES | errno.EPERM:
                return TransportError(
                    f"{self._description}: permission denied; the user of this process must be in the group "
                    f"{owning_group(path, 'lp')!r} (usermod -aG, then start again)"
                )
            case errno.ENOTTY | errno.EISDIR:
                return TransportError(f"{self._description}: is no printer node of usblp; correct transport.path")
        return TransportError(f"{self._description}: cannot be opened: {error}")


def open_usblp(path: Path) -> UsblpNode:
    """Open and own the node; the driver lets nobody else in. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISCHR(os.fstat(fd).st_mode):
            raise OSError(errno.ENOTTY, "no character device")
        fcntl.ioctl(fd, LPIOC_GET_PROTOCOLS, bytearray(8))  # asks nothing of the printer; ENOTTY: another driver's
        device_id = bytearray(DEVICE_ID_BYTES_MAX)
        with suppress(OSError):  # it has none
            fcntl.ioctl(fd, LPIOC_GET_DEVICE_ID, device_id)
        return UsblpNode(fd, bytes(device_id), _status)
    except BaseException:
        os.close(fd)
        raise


def reason_of(error: OSError) -> str:
    """For people."""
    match error.errno:
        case errno.ENODEV | errno.ENXIO | errno.ESHUTDOWN:
            return "the printer was unplugged or switched off"
        case errno.EIO | errno.EPROTO | errno.EILSEQ | errno.ETIME:
            return "the printer does not answer; check its cable and power"
        case errno.EPIPE:
            return "the printer refused it"
        case errno.ETIMEDOUT:
            return "the printer did not answer in time"
    return error.strerror or str(error)


class _Explaining:
    """Says a loss in words."""

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink

    def data_received(self, data: bytes) -> None:
        self._sink.data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        if isinstance(error, OSError):
            error = OSError(error.errno, reason_of(error))
        self._sink.connection_lost(error)


def _status(fd: int) -> int:
    buffer = bytearray(4)
    fcntl.ioctl(fd, LPGETSTATUS, buffer)
    (status,) = struct.unpack("=i", buffer)
    return int(status)


def _ask(status: Callable[[int], int], fd: int) -> int:
    """On a descriptor of its own, so that closing meanwhile never gives its number to another file."""
    try:
        return status(fd)
    finally:
        os.close(fd)


def _release_late(opening: asyncio.Future[UsblpNode]) -> None:
    """The open that nobody waits for any more has ended: give back what it got."""
    if not opening.cancelled() and opening.exception() is None:
        os.close(opening.result().fd)
