"""HID devices in reports, over Linux's hidraw nodes: one read is one input report, held exclusively.

Source: Linux, Documentation/hid/hidraw.rst and include/uapi/linux/hidraw.h. No library: a node is read as it is.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edge_gateway.contracts.attachment import Locator, NodeKind
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.settings_transports import HidrawTransportSettings
from edge_gateway.transports.nodes import NodePlace
from edge_gateway.transports.stream import owning_group

REPORT_BYTES_MAX = 16384
"""HID_MAX_BUFFER_SIZE of Linux: no report is longer."""

DESCRIPTOR_BYTES_MAX = 4096
"""HID_MAX_DESCRIPTOR_SIZE."""

REPORTS_PER_TURN = 64
"""As many as the kernel keeps for a reader (HIDRAW_BUFFER_SIZE); what is left after them waits for the next turn."""

HIDIOCGRDESCSIZE = 0x80044801
HIDIOCGRDESC = 0x90044802
HIDIOCGRAWINFO = 0x80084803
_SEND_FEATURE = 0xC0004806
_GET_FEATURE = 0xC0004807
"""_IOR and _IOWR of 'H'; the last two with their length in bits 16 to 29."""

UDEV_RULE = 'SUBSYSTEM=="hidraw", GROUP="edge-gateway", MODE="0660"'

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class HidrawNode:
    """An opened node. ``bus``: 3 USB, 5 Bluetooth, 6 virtual (include/uapi/linux/input.h)."""

    fd: int
    report_descriptor: bytes
    bus: int = 0
    vendor_id: int = 0
    product_id: int = 0


class HidrawTransport:
    """One node. Implements ``contracts.transport.ReportTransport``.

    ``acquire`` opens and owns the node; it is called in a thread, since opening can wake a sleeping USB device.
    """

    def __init__(
        self,
        settings: HidrawTransportSettings,
        locator: Locator | None = None,
        acquire: Callable[[Path], HidrawNode] | None = None,
    ) -> None:
        self._place = NodePlace(settings, NodeKind.HIDRAW, locator, settings.usage)
        self.description = f"hidraw {self._place}"
        self.report_descriptor = b""
        self.bus = self.vendor_id = self.product_id = 0
        """As the kernel says them, from the first open on."""
        self._acquire = acquire or open_hidraw
        self._fd: int | None = None
        self._sink: ByteSink | None = None
        self._is_opening = False
        self._asking = asyncio.Lock()

    def is_there(self) -> bool:
        return self._place.is_there()

    async def open(self, sink: ByteSink) -> None:
        if self._fd is not None or self._is_opening:
            raise TransportError(f"{self.description}: already open", is_busy=True)
        path = self._place.require_one(self.description)
        loop = asyncio.get_running_loop()
        self._is_opening = True
        opening = loop.run_in_executor(None, self._acquire, path)
        try:
            node = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_release_late)
            raise
        except OSError as error:
            raise self._explain(error, path) from error
        finally:
            self._is_opening = False
        try:
            self._place.check_unchanged((path,), self.description)
        except TransportError:
            os.close(node.fd)
            raise
        self._fd, self._sink = node.fd, sink
        self.report_descriptor = node.report_descriptor
        self.bus, self.vendor_id, self.product_id = node.bus, node.vendor_id, node.product_id
        loop.add_reader(node.fd, self._read)

    async def write(self, data: bytes) -> None:
        """One output report, its id first (0: the descriptor has no ids)."""
        await self._ask("an output report was not sent", lambda fd: os.write(fd, data))

    async def send_feature(self, report: bytes) -> None:
        def send(fd: int) -> None:
            fcntl.ioctl(fd, _SEND_FEATURE | len(report) << 16, bytearray(report))

        await self._ask(f"feature report {report[0] if report else 0} was not taken", send)

    async def get_feature(self, report_id: int, length: int) -> bytes:
        def get(fd: int) -> bytes:
            buffer = bytearray(length)
            buffer[0] = report_id
            return bytes(buffer[: fcntl.ioctl(fd, _GET_FEATURE | length << 16, buffer)])

        if not 0 < length <= REPORT_BYTES_MAX:
            raise TransportError(f"{self.description}: {length} bytes asked; expected 1 to {REPORT_BYTES_MAX}")
        return await self._ask(f"feature report {report_id} was not given", get)

    def drop_input(self) -> None:
        if self._fd is not None:
            with suppress(OSError):  # nothing more, or lost: the loop hears of it by itself
                for _ in range(REPORTS_PER_TURN):
                    os.read(self._fd, REPORT_BYTES_MAX)

    async def close(self) -> None:
        self._sink = None
        fd = self._stop_reading()
        if fd is not None:
            # Shielded: cancelled while it waits for a thread, it would never run.
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, os.close, fd))

    async def _ask(self, failure: str, ask: Callable[[int], Result]) -> Result:
        """In a thread: the kernel waits for the device, up to 5 s. One at a time, as the device takes them.

        On a descriptor of its own, so that closing the transport meanwhile never gives its number to another file.
        """
        async with self._asking:
            if self._fd is None:
                raise TransportError(f"{self.description}: not open; {failure}")
            own = _Own(os.dup(self._fd))
            try:
                # Shielded: cancelled while it waits for a thread, it would never close what is its own.
                return await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, own.ask, ask))
            except OSError as error:
                raise TransportError(f"{self.description}: {failure}: {_reason(error)}") from error
            finally:
                own.is_wanted = False

    def _read(self) -> None:
        for _ in range(REPORTS_PER_TURN):
            if self._fd is None or self._sink is None:
                return
            try:
                report = os.read(self._fd, REPORT_BYTES_MAX)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._lose(error)
                return
            if not report:
                self._lose(None)
                return
            self._sink.data_received(report)

    def _lose(self, error: OSError | None) -> None:
        fd = self._stop_reading()
        if fd is not None:
            os.close(fd)
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.connection_lost(error and OSError(error.errno, _reason(error)))

    def _stop_reading(self) -> int | None:
        fd, self._fd = self._fd, None
        if fd is not None:
            asyncio.get_running_loop().remove_reader(fd)
        return fd

    def _explain(self, error: OSError, path: Path) -> TransportError:
        match error.errno:
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                return TransportError(f"{self.description}: no such node; check that the device is plugged in and on")
            case errno.EBUSY | errno.EAGAIN:
                return TransportError(
                    f"{self.description}: busy: held by another process; end it (fuser -v {path})", is_busy=True
                )
            case errno.EACCES | errno.EPERM:
                return TransportError(
                    f"{self.description}: permission denied; the node is of group "
                    f"{owning_group(path, 'root')!r}: the user of this process must be in it, and hidraw nodes "
                    f"need the rule {UDEV_RULE} below /etc/udev/rules.d (then: udevadm trigger -s hidraw)"
                )
            case errno.ENOTTY | errno.EINVAL | errno.EISDIR:
                return TransportError(f"{self.description}: is no hidraw node; correct transport.path")
        return TransportError(f"{self.description}: cannot be opened: {error}")


def open_hidraw(path: Path) -> HidrawNode:
    """Open and own the node. Raises OSError. Nothing old is in it: the kernel queues for each open file apart."""
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISCHR(os.fstat(fd).st_mode):
            raise OSError(errno.ENOTTY, "no character device")
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (size,) = struct.unpack("i", fcntl.ioctl(fd, HIDIOCGRDESCSIZE, bytes(4)))
        descriptor = bytearray(4 + DESCRIPTOR_BYTES_MAX)
        struct.pack_into("I", descriptor, 0, size)
        fcntl.ioctl(fd, HIDIOCGRDESC, descriptor)
        bus, vendor_id, product_id = struct.unpack("IHH", fcntl.ioctl(fd, HIDIOCGRAWINFO, bytes(8)))
        return HidrawNode(fd, bytes(descriptor[4 : 4 + size]), bus, vendor_id, product_id)
    except BaseException:
        os.close(fd)
        raise


class _Own:
    """A descriptor for one question."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.is_wanted = True

    def ask(self, ask: Callable[[int], Result]) -> Result:
        """In a thread. Raises OSError."""
        try:
            if not self.is_wanted:
                raise OSError(errno.ECANCELED, "given up before its turn came")
            return ask(self._fd)
        finally:
            os.close(self._fd)


def _reason(error: OSError) -> str:
    if error.errno in (errno.EIO, errno.ENODEV):
        return "the device is gone, or refused it" if error.errno == errno.EIO else "the device was unplugged"
    if error.errno == errno.EPIPE:
        return "the device refused it"
    if error.errno == errno.ETIMEDOUT:
        return "the device did not answer in time"
    return error.strerror or str(error)


def _release_late(opening: asyncio.Future[HidrawNode]) -> None:
    """The open that nobody waits for any more has ended: give back what it got."""
    if not opening.cancelled() and opening.exception() is None:
        os.close(opening.result().fd)
